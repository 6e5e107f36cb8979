"""Forecasts by exponential smoothing (Holt-Winters), with intervals; offline and repeatable."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dashapp.errors import Invalid
from dashapp.query import post_table as tables
from dashapp.query.grains import WeekStart, floor, following
from dashapp.query.post_table import Floats, Rows
from dashapp.specs.post import Forecast
from dashapp.specs.query import GRAINS, Grain

LEAST = 3  # Values that a series needs.
_TRENDED = 6  # From here on there is enough to tell a trend from chance.
_MOST_SERIES = 200
_HISTORY = 1000  # Older steps tell nothing new and cost time.
# Steps per season that people expect of a grain.
_SEASONS: dict[Grain, int] = {
    "minute": 60, "hour": 24, "day": 7, "week": 52, "month": 12, "quarter": 4,
}  # fmt: skip


@dataclass(frozen=True)
class _Future:
    """What is foretold of one series: its last row, the coming times, and bands by metric."""

    row: int
    times: list[datetime]
    bands: dict[str, Floats]  # rows: forecast, low, high


def forecast(
    table: pa.Table, step: Forecast, dimensions: Sequence[str], grain: Grain | None
) -> pa.Table:
    """Adds rows for the coming steps of each series, and their forecast, low and high.

    Known rows come first and keep their order; their three columns are empty, as the metrics
    of coming rows are. Gaps inside a series are bridged by straight lines. A series with fewer
    than three values has no future; if none has more, that is Invalid. What was never negative
    is not foretold to be.
    """
    others = [d for d in dimensions if d != step.time]
    tables.check(table, [*others, step.time, *step.metrics])
    times = tables.moments(table, step.time)
    values = {m: tables.floats(table, m) for m in step.metrics}
    futures = []
    parts = tables.series(table, others, step.time)
    if len(parts) > _MOST_SERIES:
        raise Invalid(f"A forecast takes at most {_MOST_SERIES} series; this has {len(parts):,}.")
    for rows in parts:
        future = _future(rows, times, values, step, grain)
        if future is not None:
            futures.append(future)
    if table.num_rows and not futures:
        raise Invalid(f"A forecast needs at least {LEAST} values along time.")
    return _joined(table, step, others, futures)


def _future(
    rows: Rows,
    times: Sequence[datetime | None],
    values: dict[str, Floats],
    step: Forecast,
    grain: Grain | None,
) -> _Future | None:
    timed = {t: int(r) for r in rows if (t := times[r]) is not None}
    if len(timed) < LEAST:
        return None
    grain = grain or _grain_of(list(timed))
    start = tables.week_start(timed)
    steps = _steps(min(timed), max(timed), grain, start)[-_HISTORY:]
    place = {t: i for i, t in enumerate(steps)}
    bands = {}
    for metric, cells in values.items():
        line = np.full(len(steps), np.nan)
        for time, row in timed.items():
            at = place.get(floor(time, grain, start))
            if at is not None:
                line[at] = cells[row]
        band = _band(line, step, step.season or _SEASONS.get(grain))
        if band is not None:
            bands[metric] = band
    if not bands:
        return None
    coming = [steps[-1]]
    for _ in range(step.periods):
        coming.append(following(coming[-1], grain))
    return _Future(timed[max(timed)], coming[1:], bands)


def _band(line: Floats, step: Forecast, season: int | None) -> Floats | None:
    """Forecast, low and high of the coming steps of one line."""
    known = np.flatnonzero(np.isfinite(line))
    if len(known) < LEAST:
        return None
    places = np.arange(known[0], known[-1] + 1)
    history = np.interp(places, known, line[known])
    late = len(line) - 1 - int(known[-1])
    ahead = step.periods + late
    if history.min() == history.max():
        band = np.tile(history[:1], (3, ahead))
    else:
        band = _smoothed(history, ahead, step.interval, season)
    if history.min() >= 0:
        band = np.maximum(band, 0.0)
    return band[:, late:]


def _smoothed(history: Floats, ahead: int, interval: float, season: int | None) -> Floats:
    count = len(history)
    trend = "add" if count >= _TRENDED else None
    seasonal = season if season and count >= 2 * season else None
    # Flat or perfectly straight lines leave no residue, of which the model takes the logarithm.
    with np.errstate(all="ignore"):
        fitted = _model()(
            pd.Series(history),
            error="add",
            trend=trend,
            damped_trend=trend is not None,
            seasonal="add" if seasonal else None,
            seasonal_periods=seasonal,
        ).fit(disp=False, warn_convergence=False)
        told = fitted.get_prediction(start=count, end=count + ahead - 1)
        frame = told.summary_frame(alpha=1 - interval)
    found: Floats = np.asarray(frame, dtype=np.float64).T
    return found


@lru_cache(maxsize=1)
def _model() -> Callable[..., Any]:
    """The model's class; half of the server's start would be its import, so it comes late."""
    module = importlib.import_module("statsmodels.tsa.exponential_smoothing.ets")
    model: Callable[..., Any] = module.ETSModel
    return model


def _grain_of(times: Sequence[datetime]) -> Grain:
    """The coarsest grain whose starts all these times are."""
    start = tables.week_start(times)
    fitting = [g for g in reversed(GRAINS) if all(floor(t, g, start) == t for t in times)]
    return fitting[0] if fitting else "second"


def _steps(first: datetime, last: datetime, grain: Grain, start: WeekStart) -> list[datetime]:
    steps, end = [floor(first, grain, start)], floor(last, grain, start)
    while steps[-1] < end:
        steps.append(following(steps[-1], grain))
        if len(steps) > 1_000_000:
            raise Invalid("The series is too long for a forecast; choose a coarser grain.")
    return steps


def _joined(
    table: pa.Table, step: Forecast, others: Sequence[str], futures: Sequence[_Future]
) -> pa.Table:
    """Known rows, then the coming ones of each series."""
    size = sum(len(f.times) for f in futures)
    columns: dict[str, Any] = {}
    for name in table.column_names:
        like = table.schema.field(name).type
        if name == step.time:
            new = tables.times_of([t for f in futures for t in f.times], like)
        elif name in others:
            new = tables.rows_of(table, name, [f.row for f in futures for _ in f.times])
        else:
            new = pa.nulls(size, like)
        columns[name] = pa.chunked_array([*table.column(name).chunks, new], like)
    blank = np.full((3, step.periods), np.nan)
    for metric in step.metrics:
        told = [f.bands.get(metric, blank) for f in futures]
        for row, word in enumerate(("forecast", "low", "high")):
            cells = [np.full(table.num_rows, np.nan), *(band[row] for band in told)]
            column = tables.column_of(np.concatenate(cells))
            columns[f"{metric} {word}"] = pa.chunked_array([column])
    return pa.table(columns)
