"""Kinds along time, numbers or members that are drawn as lines."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import brushes
from dashapp.charts.along import TimeOptions
from dashapp.charts.annotations import over, questions
from dashapp.charts.asks import ANALYSIS, LOOK, metric_title
from dashapp.charts.axes import SHARE, Style, layout, references, value_axis
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import faded
from dashapp.charts.lines import (
    SHAPES,
    Stroke,
    earlier,
    forecast,
    line,
    periods_named,
    unseen_total,
)
from dashapp.charts.places import place_axis
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats
from dashapp.charts.thinning import Thinning
from dashapp.charts.traces import Mark, labelled, marks, summary, targets
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, Order, QuerySpec, SeriesLimit

LineShape = Literal["straight", "smooth", "step", "step before", "step middle"]


def ask(options: TimeOptions, dataset: DatasetSpec, other: bool = False) -> dict[str, QuerySpec]:
    """One row per place on the axis and series, and what annotations ask.

    Members beyond the limit go, or are summed up with `other`.
    """
    needs(options.metrics, "metrics", "Choose at least one metric.")
    axis, kind = options.axis(dataset)
    limit = options.series_part()
    if limit is None and not options.series and kind == "members" and options.members:
        limit = SeriesLimit(
            dimensions=(axis.name,),
            limit=min(options.members, 1000),
            by=options.series_by,
            descending=options.sort != "smallest",
            other=other,
        )
    ordered = Order(by=options.names[0], descending=True)
    query = options.base_query(
        dataset,
        (axis, *options.series),
        options.metrics,
        series=limit,
        order=options.order or (ordered if kind == "members" else Order(by=axis.name),),
        post=options.steps(
            axis, options.names, options.series, kind == "time", options.runs_along(dataset)
        ),
    )
    time = (options.time_column, options.time_range)
    return {"main": query, **questions(options.annotations, axis, time, dataset)}


class OverTime(ChartKind):
    """What lines and areas share: one question along an axis."""

    family = "time"

    class Options(TimeOptions):
        """Metrics along time or a dimension."""

        marker_size: float = Field(
            6,
            ge=1,
            le=40,
            title="Marker size",
            description="Width of dots, in px.",
            json_schema_extra=LOOK,
        )
        opacity: float | None = Field(
            None,
            ge=0,
            le=1,
            title="Opacity of areas",
            description="From 0 (clear) to 1 (solid); what suits by default.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per bucket (or member) and series, in order of time."""
        return ask(options, dataset)

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Lines or areas, with what was computed along the axis."""
        axis, kind = options.axis(dataset)
        wide = widen(tables["main"], axis, options.series, options.names, dataset, look)
        wide = labelled(options.shaped(wide, kind), options.label_length)
        drawn = marks(wide, options, dataset, look, options)
        if not any(np.isfinite(wide.cells(m.column)[m.row]).any() for m in drawn):
            return Empty("no_rows", NO_ROWS)
        thinning = Thinning(look, len(drawn))
        traces = cls.traces(options, wide, drawn, look, thinning)
        if options.tooltip_total and len(drawn) > 1:
            at_zero = cls.slug == "area" and not options.log
            traces.append(unseen_total(wide, drawn, at_zero, thinning))
        added = over(options.annotations, wide, axis, tables, dataset, look, thinning)
        traces += added.traces
        title = metric_title(options.metrics[0], dataset) if len(options.metrics) == 1 else ""
        lines = references(options.references)
        lines["shapes"] = [*added.shapes, *lines["shapes"]]
        page = layout(
            look,
            heading=options.y_title or (title if options.axis_titles else ""),
            legend=options.legend_place(sum(t.get("showlegend", True) for t in traces)),
            entries=[m.name for m in drawn],
            hovermode="closest" if options.tooltip == "one" else "x unified",
            # Wherever the pointer is, the nearest bucket is meant.
            hoverdistance=20 if options.tooltip == "one" else -1,
            xaxis=place_axis(options, wide, (axis, kind), dataset, look),
            yaxis=cls.values(options, cls.ticks(options, drawn, look)),
            **lines,
            **added.axes,
        )
        told = summary(wide, drawn, axis, title or cls.title, look)
        # Unified hover means a click on a bucket, whatever the series.
        brush = None if options.zoom else brushes.along(wide, axis)
        figure = {"data": traces, "layout": page}
        return Plot(figure, targets(axis, ()), told, brush, thinning.told)

    @classmethod
    def ticks(cls, options: Any, drawn: list[Mark], look: Look) -> Style:
        """How the values' axis is written."""
        return drawn[0].style

    @classmethod
    def values(cls, options: Options, ticks: Style) -> dict[str, Any]:
        """The axis of values; only places are zoomed."""
        axis = value_axis(ticks, log=options.log, low=options.low, high=options.high)
        return axis | {"fixedrange": True}

    @classmethod
    @abstractmethod
    def traces(
        cls, options: Any, wide: Wide, drawn: list[Mark], look: Look, thinning: Thinning
    ) -> list[dict[str, Any]]:
        """Plotly traces of all marks, back to front."""

    @classmethod
    def apart(
        cls, options: Options, wide: Wide, drawn: list[Mark], stroke: Stroke, filled: float = 0
    ) -> list[dict[str, Any]]:
        """Each mark by itself, its forecast, and under all the earlier periods; areas if filled."""
        past, present = [], []
        for mark in drawn:
            trace = line(wide, mark, stroke)
            if filled:
                trace |= {"fill": "tozeroy", "fillcolor": faded(mark.color, filled)}
            past += earlier(trace, wide, mark, options.earlier(mark.metric), stroke.thinning)
            if options.forecast:
                present += forecast(wide, mark)
            present.append(trace)
        offsets = [o for _, o in options.earlier(drawn[0].metric)] if past else []
        return past + present + (periods_named(offsets) if len(drawn) > 1 else [])


class Line(OverTime):
    """Metrics along time or a dimension as lines."""

    slug, title, icon = "line", "Line chart", "graph-up"
    description = "How metrics move over time, one line per series."

    class Options(OverTime.Options):
        """Lines, and how they are drawn."""

        shape: LineShape | Literal["points"] = Field(
            "straight",
            title="Line",
            description="How points are joined; points alone are not joined.",
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
        area: bool = Field(
            False,
            title="Filled",
            description="Fill the area under each line.",
            json_schema_extra=LOOK,
        )
        index: bool = Field(
            False,
            title="Change since the first",
            description="Each line as its relative change since its first value.",
            json_schema_extra=ANALYSIS,
        )

    @classmethod
    def ticks(cls, options: Any, drawn: list[Mark], look: Look) -> Style:
        """As the values are written; changes as percent."""
        return _change(look) if options.index else drawn[0].style

    @classmethod
    def values(cls, options: Any, ticks: Style) -> dict[str, Any]:
        """The axis of values, from zero if asked for."""
        axis = super().values(options, ticks)
        return axis | {"rangemode": "tozero"} if options.from_zero and not options.log else axis

    @classmethod
    def traces(
        cls, options: Options, wide: Wide, drawn: list[Mark], look: Look, thinning: Thinning
    ) -> list[dict[str, Any]]:
        """Each line, its forecast, and under all the earlier period's lines."""
        stroke = Stroke(
            thinning,
            SHAPES[options.shape],
            options.markers,
            options.value_labels,
            options.fill == "null",
            points=options.shape == "points",
            size=options.marker_size,
        )
        filled = 0.0
        if options.area:
            filled = 0.2 if options.opacity is None else options.opacity
        if options.index:
            columns = {m.column for m in drawn}
            columns |= {c for m in drawn for c, _ in options.earlier(m.metric) if wide.has(c)}
            wide = wide.with_cells({c: since_first(wide.cells(c)) for c in columns})
            drawn = [m.styled(_change(look)) for m in drawn]
        return cls.apart(options, wide, drawn, stroke, filled)


def _change(look: Look) -> Style:
    return Style("+" + SHARE, None, look.locale)


def since_first(cells: Floats) -> Floats:
    """Each row's numbers as their relative change since its first one that is not zero."""
    known = np.isfinite(cells) & (cells != 0)
    first = cells[np.arange(len(cells)), known.argmax(axis=1)]
    base = np.where(known.any(axis=1), first, np.nan)[:, None]
    found: Floats = (cells - base) / np.abs(base)
    return found
