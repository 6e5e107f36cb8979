"""Comparison with an earlier period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from dashapp.errors import Invalid
from dashapp.query import post_table as tables
from dashapp.query.grains import WeekStart, floor, following
from dashapp.query.post_table import Floats
from dashapp.query.timerange import Range, later
from dashapp.specs import Grain
from dashapp.specs.post import Change, Compare

# What a column of a comparison is called between the metric and the offset.
_WORDS = {"values": "", "difference": " difference", "change": " change", "ratio": " ratio"}


@dataclass(frozen=True)
class Axis:
    """The time dimension on which two periods are laid over each other."""

    name: str
    grain: Grain | None = None
    bounds: Range = (None, None)


def column_name(metric: str, step: Compare | Change) -> str:
    """What the added column of a metric is called: "flights change (1 year)"."""
    return f"{metric}{_WORDS[step.show]} ({step.offset})"


def compare(
    table: pa.Table, before: pa.Table, step: Compare, dimensions: Sequence[str], axis: Axis | None
) -> pa.Table:
    """Adds each metric's earlier value (or difference, change, ratio) to its row.

    `before` is the earlier period's answer. Its times are moved forward by the offset, its rows
    joined on all dimensions; where two of them fall on one row (29 February, a 53rd week) the
    one that fits better counts. Rows without an earlier one get an empty cell.
    """
    tables.check(table, [*dimensions, *step.metrics])
    tables.check(before, [*dimensions, *step.metrics])
    found = _partners(table, before, step, dimensions, axis)
    for metric in step.metrics:
        name = column_name(metric, step)
        if step.show == "values":
            table = tables.put(table, name, tables.rows_of(before, metric, found))
            continue
        now, then = tables.floats(table, metric), _picked(tables.floats(before, metric), found)
        kind = table.schema.field(metric).type if step.show == "difference" else None
        table = tables.put(table, name, tables.column_of(_told(now, then, step), kind))
    return table


def change(table: pa.Table, step: Change) -> pa.Table:
    """The earlier values of metrics replaced by their difference, change or ratio."""
    for metric in step.metrics:
        before = f"{metric} ({step.offset})"
        told = _told(tables.floats(table, metric), tables.floats(table, before), step)
        kind = table.schema.field(metric).type if step.show == "difference" else None
        place = table.column_names.index(before)
        column = tables.column_of(told, kind)
        table = table.set_column(place, column_name(metric, step), column)
    return table


def _told(now: Floats, then: Floats, step: Compare | Change) -> Floats:
    if step.show == "difference":
        return now - then
    divisor = np.where(then == 0, np.nan, then)
    if step.show == "ratio":
        return now / divisor
    return (now - then) / np.abs(divisor)


def _picked(values: Floats, rows: Sequence[int | None]) -> Floats:
    return np.array([np.nan if r is None else values[r] for r in rows], dtype=np.float64)


def _partners(
    table: pa.Table, before: pa.Table, step: Compare, dimensions: Sequence[str], axis: Axis | None
) -> list[int | None]:
    """For each row the number of the earlier row that belongs to it."""
    others = [d for d in dimensions if axis is None or d != axis.name]
    keys = _keys(table, others)
    old = _keys(before, others)
    if axis is None:
        at = {key: row for row, key in reversed(list(enumerate(old)))}
        return [at.get(key) for key in keys]
    best: dict[Any, tuple[float, int]] = {}
    for row, (moved, off) in enumerate(_moved(table, before, step, axis)):
        key = (moved, old[row])
        if key not in best or off < best[key][0]:
            best[key] = (off, row)
    times = tables.moments(table, axis.name)
    return [best.get((t, key), (0.0, None))[1] for t, key in zip(times, keys, strict=True)]


def _keys(table: pa.Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    if not names:
        return [()] * table.num_rows
    columns = [table.column(n).to_pylist() for n in names]
    return list(zip(*columns, strict=True))


def _moved(
    table: pa.Table, before: pa.Table, step: Compare, axis: Axis
) -> list[tuple[datetime | None, float]]:
    """Each earlier row's time as of the present period, and by how many seconds it was bent."""
    start = tables.week_start(tables.moments(table, axis.name))
    times = tables.moments(before, axis.name)
    bounds = axis.bounds
    if step.offset.strip().lower() == "previous period" and None in bounds:
        bounds = _spanned(table, axis)
    known = {t: _laid(t, step, axis.grain, bounds, start) for t in set(times) if t is not None}
    return [(None, 0.0) if t is None else known[t] for t in times]


def _laid(
    time: datetime, step: Compare, grain: Grain | None, bounds: Range, start: WeekStart
) -> tuple[datetime, float]:
    moved = later(time, step.offset, bounds)
    # A day that the later month lacks (31 January + 1 month) was bent to the month's last one.
    bent = float((time.day - moved.day) * 86_400) if _is_clipped(time, moved, step) else 0.0
    if grain is None:
        return moved, bent
    low = floor(moved, grain, start)
    high = following(low, grain)
    nearest = low if moved - low <= high - moved else high
    return nearest, bent + abs((moved - nearest).total_seconds())


def _is_clipped(time: datetime, moved: datetime, step: Compare) -> bool:
    by_month = any(unit in step.offset.lower() for unit in ("month", "quarter", "year", "period"))
    return by_month and moved.day < time.day and following(floor(moved, "day"), "day").day == 1


def _spanned(table: pa.Table, axis: Axis) -> Range:
    """The range that the present rows cover, where the question named none."""
    times = [t for t in tables.moments(table, axis.name) if t is not None]
    if not times:
        return (None, None)
    last = max(times)
    if axis.grain is None:
        raise Invalid("“previous period” needs a time range with a start and an end.")
    return min(times), following(floor(last, axis.grain), axis.grain)
