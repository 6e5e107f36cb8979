"""Tables of series: a row per metric or member, with comparisons and sparklines as columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import cells
from dashapp.charts.asks import (
    DATA,
    LOOK,
    click_target,
    dimension_title,
    metric_format,
    metric_title,
)
from dashapp.charts.axes import time_text
from dashapp.charts.base import ChartKind, ClickTarget, Drawing, Empty, Grid, Look, Tables
from dashapp.charts.cells import Cell, Heat
from dashapp.charts.formats import NumberFormat
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats
from dashapp.charts.sparks import spark
from dashapp.charts.timed import TimedOptions
from dashapp.charts.tones import ToneRule
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, Spec, metric_name
from dashapp.specs.query import Metric

_PICTURE: Final = "DashappPicture"
_SHARES: Final = ("ratio", "change")
_SPARK_PX: Final = 150


class TrendColumn(Spec):
    """One column of a time-series table."""

    title: str = Field("", max_length=100, title="Title", description="Its own name if empty.")
    show: Literal["value", "compare", "share", "average", "spark"] = Field(
        "value",
        title="Show",
        description="The latest value, a comparison with an earlier one, its share of all rows, "
        "the average of the latest values, or all of them as a sparkline.",
    )
    back: int = Field(
        1,
        ge=-10_000,
        le=10_000,
        title="Steps back",
        description="What is compared with, or how many are averaged; -1 is the first of all.",
    )
    how: Literal["value", "difference", "ratio", "change"] = Field(
        "change",
        title="Compared as",
        description="The earlier value, the difference, the ratio, or the change in percent.",
    )
    line: Literal["line", "area", "bar"] = Field(
        "line", title="Sparkline as", description="How a sparkline is drawn."
    )
    ratio_to: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Sparkline of ratios",
        description="Each value divided by the one so many steps before; 0 for the values.",
    )
    low: float | None = Field(None, title="From", description="Lower end of a sparkline's scale.")
    high: float | None = Field(None, title="To", description="Upper end of a sparkline's scale.")
    format: NumberFormat | None = Field(
        None, title="Format", description="d3 format; the metric's own, or percent, by default."
    )
    heat: Heat = Field(
        "none", title="Heat", description="Colour cells by size, from low to high or around zero."
    )
    rules: tuple[ToneRule, ...] = Field(
        (),
        max_length=20,
        title="Conditional colours",
        description="The first rule that a value meets colours its cell.",
    )

    @property
    def name(self) -> str:
        """What stands over the column."""
        if self.title:
            return self.title
        steps = f"{abs(self.back)} step{'' if abs(self.back) == 1 else 's'}"
        since = "since the first" if self.back < 0 else f"over {steps}"
        return {
            "value": "Latest",
            "compare": {
                "value": f"{steps} before", "difference": f"Difference {since}",
                "ratio": f"Ratio {since}", "change": f"Change {since}",
            }[self.how],
            "share": "Share",
            "average": f"Average of {steps}",
            "spark": "Trend",
        }[self.show]  # fmt: skip


DEFAULT: Final = (
    TrendColumn(show="value"),
    TrendColumn(show="compare", heat="diverging"),
    TrendColumn(show="spark", line="area"),
)


class TimeTable(ChartKind):
    """Series as rows of a table."""

    slug, title, family, icon = "time_table", "Time-series table", "time", "table"
    description = "A row per metric or member, with comparisons, averages and sparklines."

    class Options(TimedOptions):
        """What the rows are, and which columns are computed along time."""

        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=50,
            title="Metrics",
            description="A row for each; with members, only the first.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        rows: Dimension | None = Field(
            None,
            title="Rows",
            description="A row per member of this dimension instead of one per metric.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        rows_limit: int = Field(
            50,
            ge=1,
            le=100,
            title="Most rows",
            description="The members with the largest latest values are kept.",
            json_schema_extra=DATA,
        )
        columns: tuple[TrendColumn, ...] = Field(
            (),
            max_length=20,
            title="Columns",
            description="The latest value, its change and a sparkline by default.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per bucket of time and member."""
        needs(options.metrics, "metrics", "Choose at least one metric.")
        time = options.time_dimension(dataset)
        dimensions = (time, options.rows) if options.rows else (time,)
        metrics = options.metrics[:1] if options.rows else options.metrics
        order = options.order or (Order(by=time.name),)
        return {"main": options.base_query(dataset, dimensions, metrics, order=order)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A grid; comparisons are between steps that the answer has."""
        if not options.metrics:
            return Empty("not_configured", "Choose at least one metric.")
        time = options.time_dimension(dataset)
        series = (options.rows,) if options.rows else ()
        metrics = options.metrics[:1] if options.rows else options.metrics
        names = tuple(metric_name(m) for m in metrics)
        wide = widen(tables["main"], time, series, names, dataset, look)
        if not tables["main"].num_rows or wide.ms is None or not wide.shape[1]:
            return Empty("no_rows", NO_ROWS)
        values = np.vstack([wide.cells(n) for n in names])
        order = _largest(values)[: options.rows_limit] if options.rows else range(len(values))
        values = values[list(order)]
        columns = options.columns or DEFAULT
        shown = [_computed(values, c) for c in columns]
        rows: list[dict[str, Any]] = []
        first = options.rows.name if options.rows else "metric"
        for place, at in enumerate(order):
            row: dict[str, Any] = {"_line": names[0] if options.rows else names[at]}
            row[first] = (
                wide.series[at].members[0]
                if options.rows
                else metric_title(options.metrics[at], dataset)
            )
            for number, column in enumerate(columns):
                row |= _cell(f"c{number}", column, values[place], shown[number][place], look)
            rows.append(row)
        heads = [_first(first, options, tables, dataset, look)]
        heads += [
            _column(f"c{i}", c, metrics, dataset, look, shown[i]) for i, c in enumerate(columns)
        ]
        clicks: dict[str, ClickTarget] = {first: click_target(options.rows)} if options.rows else {}
        told = _summary(options, dataset, wide, len(rows), look)
        return Grid(columns=heads, rows=rows, clicks=clicks, row_total=len(rows), summary=told)


def _largest(values: Floats) -> list[int]:
    """Rows by their latest value, the largest first, empty ones last."""
    latest = np.nan_to_num(values[:, -1], nan=-np.inf)
    return [int(i) for i in np.argsort(-latest, kind="stable")]


def _computed(values: Floats, column: TrendColumn) -> Floats:
    """A column's number in each row, from values by row and time (in order of time)."""
    latest, count = values[:, -1], values.shape[1]
    if column.show in ("value", "spark"):
        return latest
    with np.errstate(divide="ignore", invalid="ignore"):
        if column.show == "share":
            found = latest / np.nansum(latest)
        elif column.show == "average":
            steps = max(1, abs(column.back))
            found = np.nansum(values[:, -steps:], axis=1) / steps
        else:
            place = count - 1 - column.back if column.back >= 0 else -column.back - 1
            if not 0 <= place < count:
                return np.full(len(values), np.nan)
            found = _told(latest, values[:, place], column)
    return np.where(np.isfinite(found), found, np.nan)


def _told(now: Floats, then: Floats, column: TrendColumn) -> Floats:
    if column.how == "value":
        return then
    if column.how == "difference":
        return now - then
    return now / then - (1 if column.how == "change" else 0)


def _cell(
    field: str, column: TrendColumn, series: Floats, value: float, look: Look
) -> dict[str, Any]:
    if column.show != "spark":
        return {field: float(value) if np.isfinite(value) else None}
    drawn = series
    if column.ratio_to:
        drawn = np.full(len(series), np.nan)
        before = series[: -column.ratio_to]
        drawn[column.ratio_to :] = series[column.ratio_to :] / np.where(before == 0, np.nan, before)
    picture = spark(drawn, look.palette[0], column.line, column.low, column.high)
    known = drawn[np.isfinite(drawn)]
    told = ""
    if len(known):
        told = f"{len(known)} values from {known.min():,.4g} to {known.max():,.4g}, last {known[-1]:,.4g}"
    return {field: picture, f"{field}_told": told}


def _first(
    field: str, options: TimeTable.Options, tables: Tables, dataset: DatasetSpec, look: Look
) -> dict[str, Any]:
    """The column that names the rows."""
    if options.rows is None:
        cell, title, texts = Cell(), "Metric", [metric_title(m, dataset) for m in options.metrics]
    else:
        cell = cells.of_dimension(options.rows, tables["main"], dataset)
        title = dimension_title(options.rows, dataset)
        texts = cells.texts(tables["main"], field, cell, look)
    found = cells.column(field, title, cell, look)
    return cells.sized(found, cell, texts) | {"pinned": "left", "filter": False}


def _column(
    field: str,
    column: TrendColumn,
    metrics: tuple[Metric, ...],
    dataset: DatasetSpec,
    look: Look,
    values: Floats,
) -> dict[str, Any]:
    """A column's definition; each row is told in its own metric's format."""
    if column.show == "spark":
        return {
            "field": field, "colId": field, "headerName": column.name, "cellDataType": False,
            "headerTooltip": column.name, "cellRenderer": _PICTURE, "sortable": False,
            "filter": False, "context": {"is": "picture", "alt": f"{field}_told"},
            "minWidth": _SPARK_PX, "flex": _SPARK_PX,
        }  # fmt: skip
    is_share = column.show == "share" or (column.show == "compare" and column.how in _SHARES)
    known = [float(v) if np.isfinite(v) else None for v in values.tolist()]
    base = Cell(holds="number", heat=column.heat, rules=column.rules, values=known)
    lines, texts = {}, ["+100.00%"]  # So wide is every column at least.
    for metric in metrics:
        fmt, currency = metric_format(metric, dataset)
        if is_share:
            fmt, currency = (
                "+,.1%" if column.how == "change" and column.show == "compare" else ".1%",
                None,
            )
        own = replace(base, format=column.format or fmt or "smart", currency=currency)
        lines[metric_name(metric)] = cells.context(own, look)
        texts += [cells.told(v, own, look) for v in known]
    found = cells.column(field, column.name, base, look)
    found["context"] = {"by": "_line", "lines": lines}
    return cells.sized(found, base, texts) | {"filter": False}


def _summary(
    options: TimeTable.Options, dataset: DatasetSpec, wide: Wide, rows: int, look: Look
) -> str:
    if options.rows:
        what = f"{metric_title(options.metrics[0], dataset)} by {dimension_title(options.rows, dataset).lower()}"
    else:
        what = ", ".join(metric_title(m, dataset) for m in options.metrics)
    last = ""
    if wide.ms is not None and len(wide.ms):
        last = f", latest {time_text(float(wide.ms[-1]), options.grain, look.locale)}"
    return f"{what}: {rows} row{'' if rows == 1 else 's'} over {wide.shape[1]} steps of time{last}."
