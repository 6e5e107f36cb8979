"""How many questions were asked and who answered them, so that nothing is proved of nothing."""

from __future__ import annotations

from collections import Counter

asked: dict[str, Counter[str]] = {}


def count(engine: str, rung: str) -> None:
    """One question was answered from a rung (or "refused")."""
    asked.setdefault(engine, Counter())[rung] += 1


def share(engine: str, *rungs: str) -> float:
    """The share of an engine's answers that came from these rungs."""
    counts = asked.get(engine, Counter())
    return sum(counts[r] for r in rungs) / max(1, counts.total())


def total(engine: str) -> int:
    """Questions that were asked of an engine."""
    return asked.get(engine, Counter()).total()


def lines() -> list[str]:
    """What is told at the end of a run."""
    found = []
    for engine, counts in asked.items():
        told = ", ".join(f"{n} {rung}" for rung, n in counts.most_common())
        found.append(f"{engine}: {counts.total()} questions: {told}")
    return found
