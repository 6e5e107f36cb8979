"""A page of twelve tiles when nothing is known: every question by itself, and all as one plan."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.board import questions
from benchmarks.measure import ms, ratio, table
from benchmarks.worlds import World, alone, at_once, floor, forget, interleaved, planned
from dashapp import query
from dashapp.specs import FilterState

HEAD = (
    "page", "one look, ms", "one by one, ms", "four at once, ms", "plan, ms", "p95",
    "one by one to plan", "four at once to plan", "plan to one look", "statements",
)  # fmt: skip


def run(found: Sequence[World], rounds: int = 7) -> str:
    """A row per warehouse and choice."""
    rows = []
    for world in found:
        count = (
            rounds if world.rows <= 1_000_000 or world.engine == "duckdb" else max(3, rounds // 2)
        )
        rows += [row(world, name, state, count) for name, state in world.board.states().items()]
    return table(HEAD, rows)


def row(world: World, name: str, state: FilterState, rounds: int) -> list[str]:
    """One page."""
    asked = questions(world.board.opened(), state)
    look = floor(asked)
    taken = interleaved(
        {
            "look": lambda: query.run(*look), "alone": lambda: alone(asked),
            "at once": lambda: at_once(asked), "plan": lambda: planned(asked),
        },
        rounds,
    )  # fmt: skip
    one, apart, beside, plan = (taken[n] for n in ("look", "alone", "at once", "plan"))
    return [
        f"{world.title}: {name}", ms(one.median), ms(apart.median), ms(beside.median),
        ms(plan.median), ms(plan.p95), ratio(apart.median, plan.median),
        ratio(beside.median, plan.median), ratio(plan.median, one.median),
        f"{len(asked)} → {statements(asked)}",
    ]  # fmt: skip


def statements(asked: Sequence[query.Question]) -> int:
    """Statements that the plan of a page needs."""
    forget()
    return query.run_planned(asked)[1].queries
