"""Kinds along time: lines, areas, and bars with lines."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import LOOK, metric_title
from dashapp.charts.axes import SHARE, Style, layout, references, time_axis, value_axis
from dashapp.charts.bars import shares
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import faded
from dashapp.charts.formats import hover
from dashapp.charts.plot_options import TimeOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, typed
from dashapp.charts.traces import (
    Mark,
    Shape,
    Stroke,
    along,
    earlier,
    earlier_total,
    forecast,
    line,
    marks,
    moments,
    summary,
    targets,
)
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, Order, QuerySpec

SHAPES: dict[str, Shape] = {
    "straight": "linear",
    "smooth": "spline",
    "step": "hv",
    "step before": "vh",
    "step middle": "hvh",
}


class OverTime(ChartKind):
    """What lines and areas share: one question over time, one axis of time."""

    family = "time"

    class Options(TimeOptions):
        """Metrics over time."""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per bucket and series, in order of time."""
        needs(options.metrics, "metrics", "Choose at least one metric.")
        time = options.time_dimension(dataset)
        order = options.order or (Order(by=time.name),)
        query = options.base_query(
            dataset,
            (time, *options.series),
            options.metrics,
            series=options.series_part(),
            order=order,
            post=options.steps(time),
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Lines or areas, with what was computed along time."""
        time = options.time_dimension(dataset)
        wide = widen(tables["main"], time, options.series, options.names, dataset, look)
        drawn = marks(wide, options, dataset, look)
        if not any(np.isfinite(wide.cells(m.column)[m.row]).any() for m in drawn):
            return Empty("no_rows", NO_ROWS)
        traces = cls.traces(options, wide, drawn, look)
        title = metric_title(options.metrics[0], dataset) if len(options.metrics) == 1 else ""
        place = options.legend_place(sum(t.get("showlegend", True) for t in traces))
        ticks = drawn[0].style if cls.percent(options) is False else Style(SHARE, None, look.locale)
        page = layout(
            look,
            heading=title if options.axis_titles else "",
            legend=place,
            entries=[m.name for m in drawn],
            hovermode="x unified",
            hoverdistance=-1,  # Wherever the pointer is, the nearest bucket is meant.
            xaxis=time_axis(
                wide.ms if wide.ms is not None else np.array([]), time.grain, look.locale
            ),
            yaxis=cls.values(options, ticks),
            **references(options.references),
        )
        told = summary(wide, drawn, time, title or cls.title, look)
        # Unified hover means a click on a bucket, whatever the series.
        return Plot({"data": traces, "layout": page}, targets(time, ()), told)

    @classmethod
    def values(cls, options: Options, ticks: Style) -> dict[str, Any]:
        """The axis of values; only time is zoomed."""
        axis = value_axis(ticks, log=options.log, low=options.low, high=options.high)
        return axis | {"fixedrange": True}

    @classmethod
    def percent(cls, options: Any) -> bool:
        """Whether values are drawn as shares of their stack."""
        return False

    @classmethod
    @abstractmethod
    def traces(
        cls, options: Any, wide: Wide, drawn: list[Mark], look: Look
    ) -> list[dict[str, Any]]:
        """Plotly traces of all marks, back to front."""


class Line(OverTime):
    """Metrics over time as lines."""

    slug, title, icon = "line", "Line chart", "graph-up"
    description = "How metrics move over time, one line per series."

    class Options(OverTime.Options):
        """Lines, and how they are drawn."""

        shape: Literal["straight", "smooth", "step", "step before", "step middle"] = Field(
            "straight",
            title="Line",
            description="How points are joined.",
            json_schema_extra=LOOK,
        )
        markers: Literal["auto", "always", "never"] = Field(
            "auto",
            title="Markers",
            description="Dots on the points; by default where there are few.",
            json_schema_extra=LOOK,
        )
        from_zero: bool = Field(
            False,
            title="From zero",
            description="Let the values' axis begin at zero.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def values(cls, options: Any, ticks: Style) -> dict[str, Any]:
        """The axis of values, from zero if asked for."""
        axis = super().values(options, ticks)
        return axis | {"rangemode": "tozero"} if options.from_zero and not options.log else axis

    @classmethod
    def traces(
        cls, options: Options, wide: Wide, drawn: list[Mark], look: Look
    ) -> list[dict[str, Any]]:
        """Each line, its forecast, and under all the earlier period's lines."""
        stroke = Stroke(
            SHAPES[options.shape], options.markers, options.value_labels, options.fill == "null"
        )
        past, present = [], []
        for mark in drawn:
            trace = line(wide, mark, stroke)
            column = options.earlier(mark.metric)
            if column and options.compare and wide.has(column):
                past.append(earlier(trace, wide, mark, column, options.compare))
            if options.forecast:
                present += forecast(wide, mark)
            present.append(trace)
        return past + present


class Area(OverTime):
    """Metrics over time as areas, stacked or not."""

    slug, title, icon = "area", "Area chart", "graph-up-arrow"
    description = "How a whole and its parts move over time."

    class Options(OverTime.Options):
        """Areas, and how they are stacked."""

        stack: Literal["none", "stacked", "percent"] = Field(
            "stacked",
            title="Stack",
            description="On top of each other, as shares of the whole, or each from zero.",
            json_schema_extra=LOOK,
        )
        shape: Literal["straight", "smooth", "step", "step before", "step middle"] = Field(
            "straight",
            title="Line",
            description="How points are joined.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def percent(cls, options: Options) -> bool:
        """Whether areas fill the whole height."""
        return options.stack == "percent"

    @classmethod
    def values(cls, options: Any, ticks: Style) -> dict[str, Any]:
        """The axis of values, from zero; up to the whole for shares."""
        axis = super().values(options, ticks)
        if cls.percent(options):
            return axis | {"range": [0, 1], "autorange": False}
        return axis if options.log else axis | {"rangemode": "tozero"}

    @classmethod
    def traces(
        cls, options: Options, wide: Wide, drawn: list[Mark], look: Look
    ) -> list[dict[str, Any]]:
        """Each area; missing buckets count as nothing in a stack."""
        values = [wide.cells(m.column)[m.row] for m in drawn]
        if options.stack == "none" or (options.stack == "stacked" and len(drawn) == 1):
            return cls._apart(options, wide, drawn)
        lengths = shares(values) if options.stack == "percent" else values
        found = [
            cls._stacked(options, wide, m, v, s)
            for m, v, s in zip(drawn, values, lengths, strict=True)
        ]
        past = [c for c in map(options.earlier, (m.metric for m in drawn)) if c and wide.has(c)]
        if options.stack == "stacked" and options.compare and len(past) == len(drawn):
            found.append(earlier_total(wide, drawn, past, options.compare, look))
        return found

    @classmethod
    def _apart(cls, options: Options, wide: Wide, drawn: list[Mark]) -> list[dict[str, Any]]:
        stroke = Stroke(
            SHAPES[options.shape], "never", options.value_labels, options.fill == "null"
        )
        found = []
        for mark in drawn:
            trace = line(wide, mark, stroke)
            trace |= {"fill": "tozeroy", "fillcolor": faded(mark.color, 0.15)}
            column = options.earlier(mark.metric)
            if column and options.compare and wide.has(column):
                found.append(earlier(trace, wide, mark, column, options.compare))
            if options.forecast:
                found += forecast(wide, mark)
            found.append(trace)
        return found

    @classmethod
    def _stacked(
        cls, options: Options, wide: Wide, mark: Mark, y: Floats, length: Floats
    ) -> dict[str, Any]:
        at = np.arange(len(y))
        template = mark.style.hover("y")
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines",
            "name": mark.legend,
            "stackgroup": "all",
            "x": along(wide, at),
            "y": typed(np.nan_to_num(length)),
            "line": {"color": mark.color, "width": 1, "shape": SHAPES[options.shape]},
            "fillcolor": faded(mark.color, 0.7),
            "customdata": moments(wide, at),
        }
        if options.stack == "percent":
            template = f"{hover('y', SHARE)} ({mark.style.hover('text')})"
            trace["text"] = np.nan_to_num(y).tolist()
        trace["hovertemplate"] = f"{template}<extra>{mark.legend}</extra>"
        return trace
