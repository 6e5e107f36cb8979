"""Steps along time: running totals, moving windows, regular steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.errors import Invalid
from dashapp.query import post_table as tables
from dashapp.query.grains import WeekStart, floor, following
from dashapp.query.post_table import Floats, Rows
from dashapp.specs.post import Complete, Cumulative, Resample, Rolling
from dashapp.specs.query import Grain

MOST_STEPS = 200_000
MOST_CELLS = 5_000_000
_CELLS = 2_000_000  # Cells of windows looked at in one go; bounds the memory of a step.

_RUNNING: dict[str, tuple[Callable[[Floats], Floats], float]] = {
    "sum": (np.cumsum, 0.0),
    "prod": (np.cumprod, 1.0),
    "min": (np.minimum.accumulate, np.inf),
    "max": (np.maximum.accumulate, -np.inf),
}


def _sample_deviation(windows: Floats, axis: int) -> Any:
    return np.nanstd(windows, axis=axis, ddof=1)


_WINDOWED: dict[str, Callable[..., Any]] = {
    "mean": np.nanmean,
    "sum": np.nansum,
    "std": _sample_deviation,
    "min": np.nanmin,
    "max": np.nanmax,
    "median": np.nanmedian,
}


def _first(values: Floats) -> float:
    return float(values[0])


def _last(values: Floats) -> float:
    return float(values[-1])


_REDUCED: dict[str, Callable[[Floats], Any]] = {
    "sum": np.sum,
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
    "first": _first,
    "last": _last,
}


def cumulative(table: pa.Table, step: Cumulative, dimensions: Sequence[str]) -> pa.Table:
    """Metrics replaced by their running value in each series.

    Empty cells stay empty, or carry the value so far: of a sum 0 before the first value.
    """
    run, neutral = _RUNNING[step.how]
    whole = step.how in ("sum", "min", "max", "prod")
    parts = tables.series(table, _others(dimensions, step.time), step.time)
    for metric in step.metrics:
        values = tables.floats(table, metric)
        found = values.copy()
        for rows in parts:
            cells = values[rows]
            with np.errstate(over="ignore"):
                told = run(np.where(np.isnan(cells), neutral, cells))
            gaps = np.isinf(told) if step.carry else np.isnan(cells)
            found[rows] = np.where(gaps, np.nan, told)
        kind = table.schema.field(metric).type if whole else None
        table = tables.put(table, metric, tables.column_of(found, kind))
    return table


def rolling(table: pa.Table, step: Rolling, dimensions: Sequence[str]) -> pa.Table:
    """Metrics replaced by the window's value; empty where too few cells have one.

    Of all series the rows of the `skip` earliest times are left out.
    """
    parts = tables.series(table, _others(dimensions, step.time), step.time)
    for metric in step.metrics:
        values = tables.floats(table, metric)
        found = np.full(table.num_rows, np.nan)
        for rows in parts:
            found[rows] = _windows(values[rows], step)
        kind = table.schema.field(metric).type if step.how in ("sum", "min", "max") else None
        table = tables.put(table, metric, tables.column_of(found, kind))
    return _without_first(table, step) if step.skip else table


def _without_first(table: pa.Table, step: Rolling) -> pa.Table:
    """The table without the rows of its earliest times."""
    ranks = np.asarray(pc.rank(table.column(step.time).combine_chunks(), tiebreaker="dense"))
    return table.filter(pa.array(ranks > step.skip))


def complete(table: pa.Table, step: Complete, dimensions: Sequence[str]) -> pa.Table:
    """Every series at every time of any series, series by series; rows without time left out."""
    others = _others(dimensions, step.time)
    tables.check(table, [*others, step.time, *step.metrics])
    table = table.filter(pc.is_valid(table.column(step.time)))
    times = tables.codes(table, [step.time])
    series = tables.codes(table, others)
    _, first_of_time = np.unique(times, return_index=True)
    _, first_of_series = np.unique(series, return_index=True)
    ranks = np.asarray(pc.rank(table.column(step.time).combine_chunks(), tiebreaker="first"))
    order = np.argsort(ranks[first_of_time], kind="stable")
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order), dtype=np.intp)
    count, across = len(first_of_series), len(order)
    if count * across > MOST_CELLS:
        raise Invalid("There are too many series and times to work along; choose fewer series.")
    cell = np.full(count * across, -1, dtype=np.int64)
    cell[series * across + place[times]] = np.arange(table.num_rows)
    columns: dict[str, Any] = {}
    for name in table.column_names:
        if name == step.time:
            rows = pa.array(np.tile(first_of_time[order], count), pa.int64())
        elif name in others:
            rows = pa.array(np.repeat(first_of_series, across), pa.int64())
        else:
            rows = pa.array(cell, pa.int64(), mask=cell < 0)
        columns[name] = table.column(name).combine_chunks().take(rows)
    return pa.table(columns)


def _windows(values: Floats, step: Rolling) -> Floats:
    size = min(step.window, len(values))
    padded = np.concatenate([np.full(size - 1, np.nan), values])
    view = np.lib.stride_tricks.sliding_window_view(padded, size)
    counts = np.concatenate([[0], np.cumsum(~np.isnan(padded))])
    present = counts[size:] - counts[:-size]
    least = max(step.min_periods, 2 if step.how == "std" else 1)
    found = np.full(len(values), np.nan)
    if step.how == "sum" and step.min_periods == 0:
        found[present == 0] = 0.0
    enough = np.flatnonzero(present >= least)
    at_once = max(1, _CELLS // size)
    for start in range(0, len(enough), at_once):
        chosen = enough[start : start + at_once]
        found[chosen] = _WINDOWED[step.how](view[chosen], axis=1)
    return found


def resample(table: pa.Table, step: Resample, dimensions: Sequence[str]) -> pa.Table:
    """One row per series and step of time, from the first to the last time of all series.

    Rows come series by series, in order of time; rows without a time are left out, and columns
    that are neither dimension nor metric too.
    """
    others = _others(dimensions, step.time)
    tables.check(table, [*others, step.time, *step.metrics])
    times = tables.moments(table, step.time)
    start = tables.week_start(times) if step.grain == "week" else "monday"
    steps = _steps([t for t in times if t is not None], step.grain, start)
    place = {t: i for i, t in enumerate(steps)}
    at = [None if t is None else place[floor(t, step.grain, start)] for t in times]
    timed = [rows for rows in _timed(table, others, step.time, at) if len(rows)]
    columns: dict[str, pa.Array[Any]] = {}
    for name in table.column_names:
        like = table.schema.field(name).type
        if name == step.time:
            columns[name] = tables.times_of(steps * len(timed), like)
        elif name in others:
            first = [int(rows[0]) for rows in timed for _ in steps]
            columns[name] = tables.rows_of(table, name, first)
        elif name in step.metrics:
            values = tables.floats(table, name)
            told = [_filled(_cells(values, rows, at, len(steps), step), step) for rows in timed]
            joined = np.concatenate(told) if told else np.empty(0)
            columns[name] = tables.column_of(joined, _resampled_type(like, step))
    return pa.table(columns)


def _timed(
    table: pa.Table, others: Sequence[str], time: str, at: Sequence[int | None]
) -> list[Rows]:
    has_time = np.array([p is not None for p in at], dtype=bool)
    return [rows[has_time[rows]] for rows in tables.series(table, others, time)]


def _resampled_type(like: pa.DataType, step: Resample) -> pa.DataType | None:
    return None if step.how in ("mean", "median") or step.fill == "linear" else like


def _steps(times: Sequence[datetime], grain: Grain, start: WeekStart) -> list[datetime]:
    if not times:
        return []
    at, last = floor(min(times), grain, start), floor(max(times), grain, start)
    steps = [at]
    while steps[-1] < last:
        steps.append(following(steps[-1], grain))
        if len(steps) > MOST_STEPS:
            raise Invalid(
                f"The range has more than {MOST_STEPS:,} steps of {grain}; choose a coarser grain.",
                {"grain": "Too fine for this range."},
            )
    return steps


def _cells(
    values: Floats, rows: Rows, at: Sequence[int | None], count: int, step: Resample
) -> Floats:
    """One series' value per step; empty where it has none."""
    cells = np.full(count, np.nan)
    for place, group in groupby(rows, key=lambda r: at[r]):
        found = values[list(group)]
        found = found[~np.isnan(found)]
        if place is not None and len(found):
            cells[place] = _REDUCED[step.how](found)
    return cells


def _filled(cells: Floats, step: Resample) -> Floats:
    known = np.flatnonzero(~np.isnan(cells))
    if step.fill == "zero":
        return np.nan_to_num(cells, nan=0.0)
    if step.fill == "null" or not len(known):
        return cells
    places = np.arange(len(cells))
    if step.fill == "linear":
        told = np.interp(places, known, cells[known])
        return np.where((places < known[0]) | (places > known[-1]), np.nan, told)
    if step.fill == "forward":
        last = np.searchsorted(known, places, side="right") - 1
        return np.where(last < 0, np.nan, cells[known[np.maximum(last, 0)]])
    nearest = np.searchsorted(known, places)
    inside = np.minimum(nearest, len(known) - 1)
    return np.where(nearest >= len(known), np.nan, cells[known[inside]])


def _others(dimensions: Sequence[str], time: str) -> list[str]:
    """The dimensions that make a series: all but the time."""
    return [d for d in dimensions if d != time]
