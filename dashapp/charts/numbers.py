"""Big numbers: one value in large type, compared with an earlier one, with a small trend."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import ANALYSIS, DATA, LOOK, Asks, metric_format, metric_title
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Number, Tables
from dashapp.charts.colors import faded
from dashapp.charts.formats import NumberFormat
from dashapp.charts.plotting import NO_ROWS, floats, iso, typed
from dashapp.charts.tones import ToneRule, tone
from dashapp.charts.values import number
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Grain, Order, QuerySpec, metric_name
from dashapp.specs.post import Compare, PostStep, Resample, Rolling
from dashapp.specs.query import Metric

Better = Literal["higher", "lower", "neither"]
_CHANGE = "+,.1%"


class NumberOptions(Asks, ChartKind.Options):
    """What every big number lets one set."""

    metric: Metric | None = Field(
        None,
        title="Metric",
        description="The value shown.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    format: NumberFormat | None = Field(
        None,
        title="Number format",
        description='d3 format such as ",.1f", or "smart"; the metric\'s own by default.',
        json_schema_extra=LOOK | {"widget": "number_format"},
    )
    currency: str | None = Field(
        None,
        pattern=r"^[A-Z]{3}$",
        title="Currency",
        description="ISO code such as EUR; the metric's own by default.",
        json_schema_extra=LOOK | {"widget": "currency"},
    )
    prefix: str = Field(
        "", max_length=20, title="Before", description="Text before it.", json_schema_extra=LOOK
    )
    suffix: str = Field(
        "",
        max_length=20,
        title="After",
        description='Text after it, such as " min".',
        json_schema_extra=LOOK,
    )
    rules: tuple[ToneRule, ...] = Field(
        (),
        max_length=10,
        title="Conditional colours",
        description="The first rule that the value meets colours it.",
        json_schema_extra=LOOK,
    )
    compare: str | None = Field(
        None,
        min_length=1,
        max_length=50,
        title="Compare with",
        description='An earlier period: "previous period", "1 year", "28 days".',
        json_schema_extra=ANALYSIS | {"widget": "offset"},
    )
    compare_show: Literal["change", "difference", "value"] = Field(
        "change",
        title="Show comparison as",
        description="Change in percent, difference, or the earlier value.",
        json_schema_extra=ANALYSIS,
    )
    better: Better = Field(
        "higher",
        title="Better is",
        description="Whether a rise is drawn as good, as bad, or as neither.",
        json_schema_extra=ANALYSIS,
    )

    def chosen(self) -> Metric:
        """The metric; Invalid if none is chosen yet."""
        if self.metric is None:
            raise Invalid("Choose a metric.", {"metric": "Choose a metric."})
        return self.metric

    def comparison(self, time: str | None = None) -> tuple[PostStep, ...]:
        """The step that brings the earlier value, if one is asked for."""
        if self.compare is None:
            return ()
        return (Compare(time=time, metrics=(metric_name(self.chosen()),), offset=self.compare),)

    def written(self, value: float | None, dataset: DatasetSpec, look: Look) -> str:
        """A value as it is shown, with text before and after it."""
        if value is None:
            return "–"
        own, currency = metric_format(self.chosen(), dataset)
        fmt = self.format or own or "smart"
        text = formats.number(value, fmt, self.currency or currency, look.locale)
        return f"{self.prefix}{text}{self.suffix}"


class BigNumber(ChartKind):
    """One value, and how it changed."""

    slug, title, family, icon = "big_number", "Big number", "numbers", "123"
    description = "One value in large type, compared with an earlier period if asked."

    class Options(NumberOptions):
        """One metric over all rows."""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row, without any dimension."""
        metric = options.chosen()
        query = options.base_query(dataset, (), (metric,), limit=1, post=options.comparison())
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The value; empty where no row has one."""
        now, then = _first(tables["main"], options)
        if now is None:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        return _drawn(options, dataset, look, now=now, then=then)


class BigNumberTrend(ChartKind):
    """One value over the course of its past."""

    slug, title, family = "big_number_trend", "Big number with trend", "numbers"
    icon = "graph-up-arrow"
    description = "One value in large type over a small line of how it came about."

    class Options(NumberOptions):
        """One metric over time."""

        time: str | None = Field(
            None,
            min_length=1,
            max_length=250,
            title="Time",
            description="Column of the trend; the dataset's time column by default.",
            json_schema_extra=DATA | {"widget": "time_column"},
        )
        grain: Grain = Field(
            "day",
            title="Time grain",
            description="Width of the trend's steps.",
            json_schema_extra=DATA | {"widget": "grain"},
        )
        headline: Literal["total", "last"] = Field(
            "total",
            title="Value",
            description="The metric over the whole range, or of the last step with a value.",
            json_schema_extra=DATA,
        )
        lag: int = Field(
            1,
            ge=0,
            le=1000,
            title="Steps back",
            description="For the last value: compared with so many steps before; 0 for not.",
            json_schema_extra=ANALYSIS,
        )
        rolling_window: int = Field(
            1,
            ge=1,
            le=1000,
            title="Smoothing",
            description="The trend as the mean of so many steps; 1 for as it is.",
            json_schema_extra=ANALYSIS,
        )
        fill: Literal["none", "zero", "null"] = Field(
            "none",
            title="Missing steps",
            description="Steps without rows: joined over (none), zero, or gaps (null).",
            json_schema_extra=ANALYSIS,
        )
        from_zero: bool = Field(
            False,
            title="From zero",
            description="Begin the trend's axis at zero.",
            json_schema_extra=LOOK,
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

        def smoothing(self, axis: Dimension) -> tuple[PostStep, ...]:
            """What happens to the trend: gaps, then smoothing."""
            names, found = (metric_name(self.chosen()),), list[PostStep]()
            if self.fill != "none":
                found.append(
                    Resample(time=axis.name, metrics=names, grain=self.grain, fill=self.fill)
                )
            if self.rolling_window > 1 and self.headline == "total":
                found.append(Rolling(time=axis.name, metrics=names, window=self.rolling_window))
            return tuple(found)

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """The trend, and for the total a row of its own (so that ratios and averages are right)."""
        metric, axis = options.chosen(), options.time_dimension(dataset)
        trend = options.base_query(
            dataset, (axis,), (metric,), order=(Order(by=axis.name),), post=options.smoothing(axis)
        )
        if options.headline == "last":
            return {"main": trend}
        total = options.base_query(dataset, (), (metric,), limit=1, post=options.comparison())
        return {"main": trend, "total": total}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The value over its trend."""
        trend = tables["main"]
        if options.headline == "total":
            now, then = _first(tables["total"], options)
            note = ""
        else:
            now, then, note = _last(trend, options, dataset, look)
        if now is None:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        line = _sparkline(trend, options, dataset, look)
        return _drawn(options, dataset, look, now=now, then=then, note=note, trend=line)


def _first(table: pa.Table, options: NumberOptions) -> tuple[float | None, float | None]:
    """The value of the only row, and the earlier one."""
    name = metric_name(options.chosen())
    if not table.num_rows or name not in table.column_names:
        return None, None
    row = table.slice(0, 1).to_pylist()[0]
    return number(row[name]), number(row.get(f"{name} ({options.compare})"))


def _last(
    table: pa.Table, options: BigNumberTrend.Options, dataset: DatasetSpec, look: Look
) -> tuple[float | None, float | None, str]:
    """The last value of a trend, the one `lag` steps before it, and when the last one was."""
    name, axis = metric_name(options.chosen()), options.time_dimension(dataset)
    rows = [(r[axis.name], number(r[name])) for r in table.to_pylist()]
    known = [i for i, (_, value) in enumerate(rows) if value is not None]
    if not known:
        return None, None, ""
    at = known[-1]
    before = at - options.lag
    then = rows[before][1] if options.lag and before >= 0 else None
    when = formats.time(rows[at][0], None, options.grain, look.locale, look.zone)
    if then is not None:
        past = formats.time(rows[before][0], None, options.grain, look.locale, look.zone)
        when += f" · vs {options.written(then, dataset, look)} ({past})"
    return rows[at][1], then, when


def _drawn(
    options: NumberOptions,
    dataset: DatasetSpec,
    look: Look,
    *,
    now: float,
    then: float | None,
    note: str = "",
    trend: dict[str, Any] | None = None,
) -> Number:
    label = metric_title(options.chosen(), dataset)
    value = options.written(now, dataset, look)
    change = _change(options, dataset, look, now, then)
    against = f"vs {options.written(then, dataset, look)}" if then is not None and not note else ""
    if options.compare_show == "value":
        change, against = against, ""
    notes = [n for n in (against, note) if n]
    told = f"{label}: {value}" + (f"; {change}" if change else "") + (f" ({note})" if note else "")
    return Number(
        value=value,
        label=label,
        change=change,
        change_is=_verdict(options.better, now, then),
        note=" · ".join(notes),
        trend=trend,
        tone=tone(now, options.rules),
        summary=told,
    )


def _change(
    options: NumberOptions, dataset: DatasetSpec, look: Look, now: float, then: float | None
) -> str:
    """The change in words of numbers; a rise from zero has no percentage."""
    if then is None:
        return ""
    arrow = "▲" if now > then else "▼" if now < then else "="
    if options.compare_show == "difference" or then == 0:
        sign = "+" if now > then else ""
        return f"{arrow} {sign}{options.written(now - then, dataset, look)}"
    return f"{arrow} {formats.number((now - then) / abs(then), _CHANGE, None, look.locale)}"


def _verdict(better: Better, now: float, then: float | None) -> Literal["good", "bad", "neutral"]:
    if then is None or now == then or better == "neither":
        return "neutral"
    return "good" if (now > then) == (better == "higher") else "bad"


def _sparkline(
    table: pa.Table, options: BigNumberTrend.Options, dataset: DatasetSpec, look: Look
) -> dict[str, Any] | None:
    """A small line without axes; none where there are fewer than two values."""
    axis = options.time_dimension(dataset)
    y = floats(table, metric_name(options.chosen()))
    if (y == y).sum() < 2:  # NaN is not itself
        return None
    color = look.palette[0]
    hidden = {"visible": False, "fixedrange": True}
    x = iso(table.column(axis.name).combine_chunks())
    known = y[y == y]
    low, high = float(known.min()), float(known.max())
    if options.from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.1 or 1.0
    is_last = np.arange(len(y)) == np.flatnonzero(y == y)[-1]
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
    layout = {
        "margin": {"l": 0, "r": 8, "t": 4, "b": 0},
        "showlegend": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": hidden | {"range": [x[0], x[-1]], "autorange": False},
        "yaxis": hidden | {"range": [low - room, high + room], "autorange": False},
    }
    return {"data": [trace], "layout": layout}
