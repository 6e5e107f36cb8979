"""Wide form: members of dimensions become columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dashapp.errors import Invalid
from dashapp.query import post_table as tables
from dashapp.specs.post import Pivot

EMPTY = "(empty)"
MOST_COLUMNS = 10_000


def pivot(table: pa.Table, step: Pivot, dimensions: Sequence[str]) -> pa.Table:
    """One row per `index`, one column per member of `columns` and metric.

    Rows, members and so columns keep the order of their first appearance; combinations that
    the answer lacks are empty.
    """
    tables.check(table, [*step.index, *step.columns, *step.metrics])
    if sorted([*step.index, *step.columns]) != sorted(dimensions):
        raise Invalid(
            "Rows and columns of a pivot together must be all dimensions: "
            f"{', '.join(dimensions) or 'none'}.",
            {"post": "Rows and columns must be all dimensions."},
        )
    rows, row_codes = _members(table, step.index)
    members, column_codes = _members(table, step.columns)
    if len(members) * len(step.metrics) > MOST_COLUMNS:
        raise Invalid(f"The pivot would have more than {MOST_COLUMNS:,} columns.")
    names = [_name(table, step.columns, row) for row in members]
    placed = {name: tables.rows_of(table, name, rows) for name in step.index}
    for metric in step.metrics:
        for number, member in enumerate(names):
            name = _titled(metric, member, len(step.metrics))
            cells: list[int | None] = [None] * len(rows)
            for row in np.flatnonzero(column_codes == number):
                cells[row_codes[row]] = int(row)
            placed[_unused(name, placed)] = tables.rows_of(table, metric, cells)
    return pa.table(placed) if placed else table.select([])


def _members(table: pa.Table, names: Sequence[str]) -> tuple[list[int], tables.Rows]:
    """The first row of each combination, and each row's combination."""
    numbers = tables.codes(table, names)
    _, first = np.unique(numbers, return_index=True)
    if not names and not table.num_rows:
        return [], numbers
    return [int(f) for f in first], numbers


def _name(table: pa.Table, names: Sequence[str], row: int) -> str:
    return ", ".join(_text(table.column(n)[row].as_py()) for n in names)


def _text(member: Any) -> str:
    """A member as part of a name: dates without midnight, whole numbers without point."""
    if member is None:
        return EMPTY
    if hasattr(member, "isoformat"):
        return str(member.isoformat()).removesuffix("T00:00:00")
    if isinstance(member, float) and member.is_integer():
        return str(int(member))
    return str(member)


def _titled(metric: str, member: str, metrics: int) -> str:
    if not member:
        return metric
    return f"{metric}, {member}" if metrics > 1 else member


def _unused(name: str, taken: dict[str, Any]) -> str:
    """The name, with a number behind it if another column has it already."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found
