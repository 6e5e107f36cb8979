"""Arrow tables as post-processing steps read and write them: checked columns, exact empties."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.errors import Invalid, Misdefined
from dashapp.query.grains import WeekStart

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
_EXACT = 2.0**53  # Doubles hold whole numbers exactly up to here.
_WEEKDAYS: dict[int, WeekStart] = {0: "monday", 6: "sunday", 5: "saturday"}


def check(table: pa.Table, names: Iterable[str]) -> None:
    """Refuse, as Invalid, names that are no columns of the table."""
    lost = [n for n in names if n not in table.column_names]
    if lost:
        known = ", ".join(table.column_names) or "none"
        raise Misdefined(
            f"The answer has no column “{lost[0]}”; its columns are: {known}.",
            {"post": f"No column {lost[0]}."},
        )


def floats(table: pa.Table, name: str) -> Floats:
    """A numeric column as floats; empty is NaN."""
    check(table, [name])
    column = table.column(name)
    if pa.types.is_null(column.type):
        return np.full(table.num_rows, np.nan)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise Invalid(
            f"“{name}” holds no numbers, so it cannot be calculated with.",
            {"post": f"{name} is not numeric."},
        )
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.array(values, dtype=np.float64)


def column_of(values: Floats, like: pa.DataType | None = None) -> pa.Array[Any]:
    """Floats as a column; NaN and infinities are empty.

    With `like` an integer type, whole numbers that doubles hold exactly are integers again.
    """
    empty = ~np.isfinite(values)
    if like is not None and pa.types.is_integer(like):
        filled = np.where(empty, 0.0, values)
        if bool(np.all((filled == np.rint(filled)) & (np.abs(filled) <= _EXACT))):
            return pa.array(filled.astype(np.int64), pa.int64(), mask=empty)
    return pa.array(np.where(empty, 0.0, values), pa.float64(), mask=empty)


def put(table: pa.Table, name: str, column: pa.Array[Any]) -> pa.Table:
    """The table with a column replaced at its place, or added at the end."""
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)


def codes(table: pa.Table, names: Sequence[str]) -> Rows:
    """For each row the number of its combination of `names`, in order of first appearance.

    Empty is a member like any other.
    """
    check(table, names)
    found: Rows = np.zeros(table.num_rows, dtype=np.intp)
    for name in names:
        column = table.column(name).combine_chunks()
        coded: Any = pc.dictionary_encode(column, null_encoding="encode")
        members = np.asarray(coded.indices, dtype=np.intp)
        found = _in_order(found * (int(members.max(initial=0)) + 1) + members)
    return found


def groups(table: pa.Table, names: Sequence[str]) -> list[Rows]:
    """Row numbers per combination of `names`, in order of first appearance."""
    if not table.num_rows:
        check(table, names)
        return []
    numbers = codes(table, names)
    order = np.argsort(numbers, kind="stable")
    return list(np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1))


def series(table: pa.Table, names: Sequence[str], time: str) -> list[Rows]:
    """Row numbers per combination of `names`, each in order of time; rows without time last."""
    check(table, [*names, time])
    ranks = np.asarray(pc.rank(table.column(time).combine_chunks(), tiebreaker="first"))
    return [rows[np.argsort(ranks[rows], kind="stable")] for rows in groups(table, names)]


def moments(table: pa.Table, name: str) -> list[datetime | None]:
    """A time column as naive datetimes (of UTC where it has a zone); Invalid if it is none."""
    check(table, [name])
    column = table.column(name)
    if pa.types.is_null(column.type):
        return [None] * table.num_rows
    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        raise Invalid(
            f"“{name}” holds no times, so it cannot be the time of a series.",
            {"post": f"{name} is not a time."},
        )
    naive: Any = column.cast(pa.timestamp("us"), safe=False)
    found: list[datetime | None] = naive.to_pylist()
    return found


def times_of(values: Sequence[datetime | None], like: pa.DataType) -> pa.Array[Any]:
    """Naive datetimes as a column of the time type that `moments` read them from."""
    column: Any = pa.array(values, pa.timestamp("us"))
    if pa.types.is_timestamp(like) and like.tz is not None:
        column = pc.assume_timezone(column, "UTC")
    told: Any = pa.nulls(len(values)) if pa.types.is_null(like) else column.cast(like, safe=False)
    found: pa.Array[Any] = told
    return found


def week_start(times: Iterable[datetime | None]) -> WeekStart:
    """On which day the weeks of these times start, seen from the times themselves."""
    days = {t.weekday() for t in times if t is not None}
    return _WEEKDAYS.get(days.pop(), "monday") if len(days) == 1 else "monday"


def rows_of(table: pa.Table, name: str, rows: Sequence[int | None]) -> pa.Array[Any]:
    """A column's cells at these row numbers; None gives an empty cell."""
    picked: pa.Array[Any] = table.column(name).combine_chunks().take(pa.array(rows, pa.int64()))
    return picked


def _in_order(numbers: Rows) -> Rows:
    """Numbers renamed 0, 1, 2 … in order of first appearance."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.intp)
    renamed: Rows = rank[inverse.reshape(-1)]
    return renamed
