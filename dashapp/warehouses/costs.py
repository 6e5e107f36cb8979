"""What a database expects a query to cost: read from its EXPLAIN, which runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Literal

from dashapp.errors import QueryTooCostly

Unit = Literal["rows", "planner cost"]


def check(cost: float | None, most: float | None, unit: Unit) -> None:
    """Raise QueryTooCostly above `most`; what the database cannot estimate may pass."""
    if cost is not None and most is not None and cost > most:
        raise QueryTooCostly(
            "This would read more than the database allows at once. Choose a shorter time range "
            "or narrower filters.",
            cost=cost, most=most, unit=unit,
        )  # fmt: skip


def postgresql(plan: Any) -> float | None:
    """The planner's total cost, of EXPLAIN (FORMAT JSON)."""
    try:
        return float(plan[0]["Plan"]["Total Cost"])
    except (LookupError, TypeError, ValueError):
        return None


def duckdb(text: str) -> float | None:
    """Rows that are read, or made on the way if those are more, of EXPLAIN (FORMAT json)."""
    nodes = list(_nodes(json.loads(text)))
    read = sum(_rows(node) for node in nodes if not node.get("children"))
    return max([read, *(_rows(node) for node in nodes)], default=None)


def mysql(steps: Sequence[tuple[Any, int | None]]) -> float | None:
    """Rows that are read in all nested loops, of EXPLAIN's (id, rows) in order."""
    total = 0.0
    for _, tables in groupby(steps, key=lambda step: step[0]):
        loops = 1.0
        for _, rows in tables:
            loops *= max(1, int(rows or 1))
            total += loops
    return total


def _nodes(plan: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in plan:
        yield node
        yield from _nodes(node.get("children") or ())


def _rows(node: dict[str, Any]) -> float:
    text = str((node.get("extra_info") or {}).get("Estimated Cardinality", "")).strip("~ ")
    return float(text) if text.isdigit() else 0.0
