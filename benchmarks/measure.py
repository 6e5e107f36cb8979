"""Taking times and telling them as tables."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds that something took, again and again."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """What 95 of 100 stay under; the longest where there are few."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def repeat(work: Callable[[], object], times: int, warm_up: int = 2) -> Times:
    """How long `work` takes, after it ran a few times unmeasured."""
    for _ in range(warm_up):
        work()
    return Times(tuple(timed(work) for _ in range(times)))


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ms(seconds: float) -> str:
    """A time in milliseconds, as exact as it is worth."""
    value = seconds * 1000
    return f"{value:.2f}" if value < 10 else f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def ratio(one: float, other: float) -> str:
    """How many times `other` goes into `one`."""
    value = one / other
    return f"{value:.0f}×" if value >= 10 else f"{value:.1f}×"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
