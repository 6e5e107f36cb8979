"""Answers as large as one likes, made from small ones: the same columns, other members."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.specs import Dimension, QuerySpec

YEARS: Final = 100  # Times of a grown answer lie in so many years.
_DAYS: Final = 364  # Of a year that keeps weekdays.
_FIXED: Final = ("hour", "minute", "second", "day", "week")  # Grains that years have no whole of.


def grown(table: pa.Table, spec: QuerySpec, count: int, *, rename: bool = True) -> pa.Table:
    """The answer with `count` rows.

    Its rows are repeated: later times (up to a century), then other members of each text
    ("JFK 1", "JFK 2"; the same number for all texts of a row, so that trees and networks keep
    together), or larger numbers where those are all that is grouped by. Metrics vary by a
    quarter, and the later members are the smaller ones. Without `rename` texts stay, as those that name places and shapes must.
    """
    rows = table.num_rows
    if not rows:
        return table
    copies = -(-count // rows)
    copy = np.repeat(np.arange(copies), rows)[:count]
    again = table.take(np.tile(np.arange(rows), copies)[:count])
    asked = {d.name: d for d in spec.dimensions}
    timed = [n for n in table.column_names if n in asked and _is_time(table.schema.field(n).type)]
    span = _span(table, timed)
    shifts = max(1, min(copies, YEARS // span)) if timed else 1
    has_texts = any(_is_text(f.type) and f.name in asked for f in table.schema)
    random = np.random.default_rng(7)
    for at, field in enumerate(table.schema):
        column: Any = again.column(at).combine_chunks()
        if field.name in timed:
            column = _later(column, asked[field.name], copy % shifts * span)
        elif _is_text(field.type) and rename:
            column = _renamed(column, copy // shifts)
        elif _is_number(field.type) and field.name not in asked:
            factor = random.uniform(0.75, 1.25, len(column)) / (1 + copy // shifts)
            column = pc.multiply(pc.cast(column, pa.float64(), safe=False), pa.array(factor))
        elif _is_number(field.type) and rename and not timed and not has_texts:
            column = _larger(column, copy)
        again = again.set_column(at, field.name, column)
    return again


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _span(table: pa.Table, timed: list[str]) -> int:
    """Years after which all times of the answer may come again."""
    days = 0.0
    for name in timed:
        stamps = _stamps(table.column(name).combine_chunks())
        stamps = stamps[~np.isnat(stamps)]
        if len(stamps):
            days = max(days, (stamps.max() - stamps.min()) / np.timedelta64(1, "D"))
    return int(days // _DAYS) + 1


def _stamps(column: Any) -> Any:
    stamps = pc.cast(column, pa.timestamp("us")).to_numpy(zero_copy_only=False)
    return stamps.astype("datetime64[us]")


def _later(column: Any, dimension: Dimension, years: Any) -> Any:
    """Times so many years later; of 364 days each where a grain needs whole weeks."""
    stamps = _stamps(column)
    if dimension.grain is None or dimension.grain in _FIXED:
        moved = stamps + (years * _DAYS).astype("timedelta64[D]")
    else:
        months = stamps.astype("datetime64[M]")
        moved = (months + years * 12).astype("datetime64[us]") + (stamps - months)
    return pc.cast(pa.array(moved, pa.timestamp("us")), column.type, safe=False)


def _renamed(column: Any, copy: Any) -> Any:
    """Texts with the number of their copy; the first copy as it is."""
    number = pc.binary_join_element_wise("", pc.cast(pa.array(copy), pa.string()), " ")
    number = pc.if_else(pa.array(copy == 0), "", number)
    return pc.binary_join_element_wise(column, pc.cast(number, column.type), "")


def _larger(column: Any, copy: Any) -> Any:
    """Numbers beyond those of the copy before."""
    values = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    distinct = np.unique(values[np.isfinite(values)])
    if not len(distinct):
        return column
    step = float(np.diff(distinct).min()) if len(distinct) > 1 else 1.0
    moved = values + copy * (float(np.ptp(distinct)) + step)
    return pc.cast(pa.array(moved, pa.float64(), from_pandas=True), column.type, safe=False)
