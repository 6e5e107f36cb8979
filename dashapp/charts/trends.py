"""Big numbers over their trend: what is now, and how it came about."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import ANALYSIS, DATA, LOOK
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Tables
from dashapp.charts.colors import faded
from dashapp.charts.numbers import ComparedOptions, compared, first_row, judged, shown
from dashapp.charts.plotting import NO_ROWS, Floats, floats, iso, typed
from dashapp.charts.thinning import thinned
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Grain, Order, QuerySpec, metric_name
from dashapp.specs.post import Cumulative, PostStep, Resample, Rolling

Headline = Literal["total", "last", "first", "sum", "mean", "min", "max", "median"]
_OF_TREND: Final[dict[str, Any]] = {
    "sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max, "median": np.median,
}  # fmt: skip


class TrendOptions(ComparedOptions):
    """One metric over time."""

    time: str | None = Field(
        None,
        min_length=1,
        max_length=250,
        title="Time",
        description="Column of the trend; the dataset's time column by default.",
        json_schema_extra=DATA | {"widget": "time_column"},
    )
    grain: Grain | None = Field(
        "day",
        title="Time grain",
        description="Width of the trend's steps; none takes times as they are.",
        json_schema_extra=DATA | {"widget": "grain"},
    )
    headline: Headline = Field(
        "total",
        title="Value",
        description="The metric over the whole range (total), or the trend's last or first "
        "value, sum, mean, smallest, largest or middle one.",
        json_schema_extra=DATA,
    )
    lag: int | None = Field(
        None,
        ge=0,
        le=1000,
        title="Steps back",
        description="Compare the last step with so many steps before; 0 for not. By default 1 "
        "where the last value is shown.",
        json_schema_extra=ANALYSIS,
    )
    lag_words: str = Field(
        "",
        max_length=60,
        title="Words behind the change",
        description='Instead of the earlier value, such as "week over week".',
        json_schema_extra=ANALYSIS,
    )
    rolling: Literal["mean", "sum", "std", "min", "max", "median"] = Field(
        "mean",
        title="Rolling figure",
        description="What is told of each window of steps.",
        json_schema_extra=ANALYSIS,
    )
    rolling_window: int = Field(
        1,
        ge=1,
        le=1000,
        title="Rolling window",
        description="Each step as the mean (or another figure) of so many; 1 for as it is.",
        json_schema_extra=ANALYSIS,
    )
    rolling_min: int = Field(
        1,
        ge=0,
        le=1000,
        title="Least steps",
        description="Windows with fewer values are left empty.",
        json_schema_extra=ANALYSIS,
    )
    rolling_skip: int = Field(
        0,
        ge=0,
        le=1000,
        title="Skip steps",
        description="First steps to leave out, where windows are not full yet.",
        json_schema_extra=ANALYSIS,
    )
    cumulative: bool = Field(
        False, title="Cumulative", description="Add values up.", json_schema_extra=ANALYSIS
    )
    fill: Literal["none", "zero", "null", "forward", "backward", "linear"] = Field(
        "none",
        title="Missing steps",
        description="Steps without rows: joined over (none), gaps (null), or filled.",
        json_schema_extra=ANALYSIS,
    )
    fill_grain: Grain | None = Field(
        None,
        title="Regular steps",
        description="Width of the steps that are filled; the trend's own by default.",
        json_schema_extra=ANALYSIS | {"widget": "grain"},
    )
    fill_how: Literal["sum", "mean", "median", "min", "max", "first", "last"] = Field(
        "sum",
        title="Several in a step",
        description="What becomes of several values that fall into one regular step.",
        json_schema_extra=ANALYSIS,
    )
    from_zero: bool = Field(
        False,
        title="From zero",
        description="Begin the trend's axis at zero.",
        json_schema_extra=LOOK,
    )
    trend: bool = Field(
        True, title="Trend", description="Draw the line of the trend.", json_schema_extra=LOOK
    )
    color: str | None = Field(
        None,
        pattern=r"^#[0-9a-fA-F]{6}$",
        title="Colour",
        description="Of the trend, as #rrggbb; the palette's first by default.",
        json_schema_extra=LOOK | {"widget": "color"},
    )
    time_format: str | None = Field(
        None,
        max_length=50,
        title="Time format",
        description='d3 format such as "%b %Y"; by the grain if empty.',
        json_schema_extra=LOOK | {"widget": "time_format"},
    )

    def time_dimension(self, dataset: DatasetSpec) -> Dimension:
        """The trend's axis; Invalid if neither chart nor dataset names its column."""
        column = self.time or self.time_column or dataset.time_column
        if column is None:
            raise Invalid(
                "This chart needs a time column; choose one here or on the dataset.",
                {"time": "Choose a time column."},
            )
        return Dimension(column=column, grain=self.grain)

    def steps(self, axis: Dimension) -> tuple[PostStep, ...]:
        """What happens to the trend: regular steps, then windows, then running totals."""
        names, found = (metric_name(self.chosen()),), list[PostStep]()
        grain = self.fill_grain or self.grain
        if self.fill != "none" and grain:
            found.append(
                Resample(
                    time=axis.name, metrics=names, grain=grain, fill=self.fill, how=self.fill_how
                )
            )
        if self.rolling_window > 1:
            found.append(
                Rolling(
                    time=axis.name, metrics=names, how=self.rolling,
                    window=self.rolling_window,
                    min_periods=min(self.rolling_min, self.rolling_window), skip=self.rolling_skip,
                )
            )  # fmt: skip
        if self.cumulative:
            found.append(Cumulative(time=axis.name, metrics=names, carry=True))
        return tuple(found)

    @property
    def lag_steps(self) -> int:
        """How many steps back the last one is compared with; 0 for none."""
        return int(self.headline == "last") if self.lag is None else self.lag


class BigNumberTrend(ChartKind):
    """One value over the course of its past."""

    slug, title, family = "big_number_trend", "Big number with trend", "numbers"
    icon = "graph-up-arrow"
    description = "One value in large type over a small line of how it came about."

    class Options(TrendOptions):
        """One metric over time."""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """The trend, and for the total a row of its own (so that ratios and averages are right)."""
        metric, axis = options.chosen(), options.time_dimension(dataset)
        trend = options.base_query(
            dataset, (axis,), (metric,), order=(Order(by=axis.name),), post=options.steps(axis)
        )
        if options.headline != "total":
            return {"main": trend}
        total = options.base_query(dataset, (), (metric,), limit=1, post=options.comparison())
        return {"main": trend, "total": total}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The value over its trend."""
        axis = options.time_dimension(dataset)
        trend = _ordered(tables["main"], axis)
        y = floats(trend, metric_name(options.chosen()))
        if options.headline == "total":
            now, then = first_row(tables["total"], options.chosen(), options.compare)
        else:
            now, then = _of_trend(y, options.headline), None
        if now is None:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        change, against = compared(options, dataset, look, now, then)
        verdict = judged(options.better, now, then)
        notes = [against]
        back = _back(y, options.lag_steps)
        if options.headline in ("last", "first") and len(y):
            at = np.flatnonzero(np.isfinite(y))[-1 if options.headline == "last" else 0]
            notes = [_when(trend, int(at), axis, options, look)]
        if back is not None:
            last, before = float(y[back[0]]), float(y[back[1]])
            change, against = compared(options, dataset, look, last, before)
            past = _when(trend, back[1], axis, options, look)
            change = f"{change} {options.lag_words}".strip()
            notes += [f"{against} ({past})"] if against and not options.lag_words else []
            verdict = judged(options.better, last, before)
        line = _sparkline(trend, y, axis, options, look) if options.trend else None
        return shown(
            options, dataset, look,
            now=now, then=then, change=change, notes=notes, trend=line, verdict=verdict,
        )  # fmt: skip


def _ordered(table: pa.Table, axis: Dimension) -> pa.Table:
    """Rows that have a time, in the order of time."""
    if axis.name not in table.column_names:
        return table.slice(0, 0)
    known = table.filter(table.column(axis.name).is_valid())
    return known.sort_by(axis.name)


def _of_trend(y: Floats, headline: Headline) -> float | None:
    known = y[np.isfinite(y)]
    if not len(known):
        return None
    if headline in ("last", "first"):
        return float(known[-1 if headline == "last" else 0])
    return float(_OF_TREND[headline](known))


def _back(y: Floats, lag: int) -> tuple[int, int] | None:
    """Places of the last value and of the one `lag` steps before it, if both have one."""
    known = np.flatnonzero(np.isfinite(y))
    if not lag or not len(known):
        return None
    last = int(known[-1])
    before = last - lag
    return (last, before) if before >= 0 and np.isfinite(y[before]) else None


def _when(table: pa.Table, at: int, axis: Dimension, options: TrendOptions, look: Look) -> str:
    moment: datetime = table.column(axis.name)[at].as_py()
    return formats.time(moment, options.time_format, options.grain, look.locale, look.zone)


def _sparkline(
    table: pa.Table, y: Floats, axis: Dimension, options: TrendOptions, look: Look
) -> dict[str, Any] | None:
    """A small line without axes; none where there are fewer than two values."""
    known = y[np.isfinite(y)]
    if len(known) < 2:
        return None
    color = options.color or look.palette[0]
    hidden = {"visible": False, "fixedrange": True}
    at = thinned(y)
    times, y = iso(table.column(axis.name).combine_chunks()), y[at]
    x = [times[i] for i in at.tolist()]
    low, high = float(known.min()), float(known.max())
    if options.from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.1 or 1.0
    is_last = np.arange(len(y)) == np.flatnonzero(np.isfinite(y))[-1]
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "marker": {"color": color, "size": typed(np.where(is_last, 6.0, 0.0))},
        "cliponaxis": False,
        "x": x,
        "y": typed(y),
        "line": {"color": color, "width": 2},
        "fill": "tozeroy" if low >= 0 or high <= 0 else "none",
        "fillcolor": faded(color, 0.1),
        "hoverinfo": "skip",
        "connectgaps": options.fill == "none",
    }
    bottom = low if options.from_zero and low == 0 else low - room
    layout = {
        "margin": {"l": 0, "r": 8, "t": 4, "b": 0},
        "showlegend": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": hidden | {"range": [x[0], x[-1]], "autorange": False},
        "yaxis": hidden | {"range": [bottom, high + room], "autorange": False},
    }
    return {"data": [trace], "layout": layout}
