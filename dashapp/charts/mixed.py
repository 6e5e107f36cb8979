"""Bars and lines together, on one axis of values or two."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, dimension_column, dimension_title
from dashapp.charts.axes import Style, category_axis, layout, time_axis, value_axis
from dashapp.charts.bars import Pose, bar, bar_layout
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.plot_options import GrainOptions, MemberOptions, SeriesOptions, needs
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.time import SHAPES
from dashapp.charts.traces import Mark, Stroke, arranged, axis_labels, line, marks, summary, targets
from dashapp.charts.wide import Wide, widen
from dashapp.errors import Invalid
from dashapp.specs import (
    DatasetSpec,
    Dimension,
    Filter,
    Order,
    QuerySpec,
    SeriesLimit,
    Spec,
    metric_name,
)
from dashapp.specs.query import Metric


class Layer(Spec):
    """The bars, or the lines: own metrics, series and filters."""

    metrics: tuple[Metric, ...] = Field(
        (),
        max_length=10,
        title="Metrics",
        description="What is drawn.",
        json_schema_extra=DATA | {"widget": "metrics"},
    )
    series: tuple[Dimension, ...] = Field(
        (),
        max_length=3,
        title="Series",
        description="One series per member of these dimensions.",
        json_schema_extra=DATA | {"widget": "dimensions"},
    )
    series_limit: int = Field(
        10, ge=1, le=100, title="Series limit", description="The largest are kept."
    )
    other: bool = Field(True, title="Other", description="Sum up the rest instead of dropping it.")
    filters: tuple[Filter, ...] = Field(
        (), max_length=50, title="Filters", description="Conditions for these metrics alone."
    )
    format: str | None = Field(
        None, max_length=50, title="Number format", description="d3 format of these metrics."
    )
    log: bool = Field(False, title="Logarithmic", description="Values on a logarithmic axis.")
    low: float | None = Field(None, title="Axis from", description="By the data if empty.")
    high: float | None = Field(None, title="Axis to", description="By the data if empty.")

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics' names in the answer."""
        return tuple(metric_name(m) for m in self.metrics)


class Mixed(ChartKind):
    """Bars and lines over the same time or members; two questions."""

    slug, title, family, icon = "mixed", "Bars and lines", "time", "bar-chart-steps"
    description = "Two kinds of metrics over one axis, such as amounts as bars and a rate as line."

    class Options(GrainOptions, MemberOptions):
        """What lies along the axis, and the two layers over it."""

        time: str | None = Field(
            None,
            min_length=1,
            max_length=250,
            title="Time",
            description="Column along the axis; the dataset's time column by default.",
            json_schema_extra=DATA | {"widget": "time_column"},
        )
        x: Dimension | None = Field(
            None,
            title="Along the axis",
            description="Dimension instead of time.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        bars: Layer = Field(Layer(), title="Bars", json_schema_extra=DATA)
        lines: Layer = Field(Layer(), title="Lines", json_schema_extra=DATA)
        stack: Literal["grouped", "stacked"] = Field(
            "stacked",
            title="Stack",
            description="Bars of several series beside or on top of each other.",
            json_schema_extra=LOOK,
        )
        second_axis: bool = Field(
            True,
            title="Second axis",
            description="Lines have an axis of their own, on the right.",
            json_schema_extra=LOOK,
        )
        shape: Literal["straight", "smooth", "step", "step before", "step middle"] = Field(
            "straight",
            title="Line",
            description="How points are joined.",
            json_schema_extra=LOOK,
        )
        markers: Literal["auto", "always", "never"] = Field(
            "auto", title="Markers", description="Dots on the points.", json_schema_extra=LOOK
        )
        value_labels: bool = Field(
            False,
            title="Value labels",
            description="Write values at the bars.",
            json_schema_extra=LOOK,
        )

        def axis(self, dataset: DatasetSpec) -> tuple[Dimension, bool]:
            """The dimension along the axis, and whether it is time."""
            if self.x is not None:
                kind = dimension_column(self.x, dataset).type
                if not (kind in ("time", "date") or self.x.grain):
                    return self.x, False
                own = "grain" in self.model_fields_set
                grain = self.grain if own else self.x.grain or self.grain
                return self.x.model_copy(update={"grain": grain}), True
            column = self.time or self.time_column or dataset.time_column
            if column is None:
                raise Invalid("Choose what lies along the axis.", {"x": "Choose a dimension."})
            return Dimension(column=column, grain=self.grain), True

        def layer(self, name: Literal["bars", "lines"]) -> SeriesOptions:
            """A layer as options of a kind with series."""
            own: Layer = getattr(self, name)
            return SeriesOptions(
                metrics=own.metrics,
                series=own.series,
                series_limit=own.series_limit,
                other=own.other,
                format=own.format or self.format,
            )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """ "main" asks for the bars, "lines" for the lines."""
        needs(options.bars.metrics, "bars", "Choose at least one metric for the bars.")
        needs(options.lines.metrics, "lines", "Choose at least one metric for the lines.")
        return {
            "main": cls._query(options, options.bars, "bars", dataset),
            "lines": cls._query(options, options.lines, "lines", dataset),
        }

    @classmethod
    def _query(
        cls,
        options: Options,
        layer: Layer,
        name: Literal["bars", "lines"],
        dataset: DatasetSpec,
    ) -> QuerySpec:
        axis, is_time = options.axis(dataset)
        limit = options.layer(name).series_part()
        if limit is None and not is_time:
            limit = SeriesLimit(
                dimensions=(axis.name,),
                limit=options.members,
                by=options.bars.metrics[0],
                other=False,
            )
        return options.base_query(
            dataset,
            (axis, *layer.series),
            layer.metrics,
            filters=layer.filters,
            series=limit,
            order=options.order or (Order(by=axis.name),),
        )

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Bars behind, lines in front."""
        axis, _ = options.axis(dataset)
        under = widen(tables["main"], axis, options.bars.series, options.bars.names, dataset, look)
        over = widen(
            tables["lines"], axis, options.lines.series, options.lines.names, dataset, look
        )
        under = arranged(under, options, list(options.bars.names))
        over = _like(over, under)
        bars = marks(under, options.layer("bars"), dataset, look)
        taken = len(bars) if len(under.series) == 1 else 0
        shifted = Look(
            look.palette[taken:] + look.palette[:taken], look.colors, look.locale, look.zone
        )
        lines = marks(over, options.layer("lines"), dataset, shifted)
        traces = cls._traces(options, under, over, bars, lines)
        if not any(_has_values(t) for t in (*_values(under, bars), *_values(over, lines))):
            return Empty("no_rows", NO_ROWS)
        page = cls._page(options, under, bars, lines, axis, dataset, look, len(traces))
        told = " ".join(
            s
            for s in (
                summary(under, bars, axis, _title(bars, "Bars"), look),
                summary(over, lines, axis, _title(lines, "Lines"), look),
            )
            if s
        )
        clicks = targets(axis, ())
        return Plot({"data": traces, "layout": page}, clicks, told)

    @classmethod
    def _traces(
        cls, options: Options, under: Wide, over: Wide, bars: list[Mark], lines: list[Mark]
    ) -> list[dict[str, Any]]:
        pose = Pose(options.stack, labels=options.value_labels, unified=True)
        axis = "y2" if options.second_axis else "y"
        stroke = Stroke(SHAPES[options.shape], options.markers, gaps=False, yaxis=axis)
        found = [bar(under, m, under.cells(m.column)[m.row], pose) for m in bars]
        found += [line(over, m, stroke) for m in lines]
        for mark, trace in zip((*bars, *lines), found, strict=True):
            title = mark.legend
            if options.second_axis and trace.get("yaxis") == "y2":
                title += " →"  # The second axis is on the right.
            trace["name"] = title
        return found

    @classmethod
    def _page(
        cls,
        options: Options,
        wide: Wide,
        bars: list[Mark],
        lines: list[Mark],
        axis: Dimension,
        dataset: DatasetSpec,
        look: Look,
        traces: int,
    ) -> dict[str, Any]:
        left, right = options.bars, options.lines
        values = value_axis(_ticks(bars), log=left.log, low=left.low, high=left.high)
        name = dimension_title(axis, dataset) if options.axis_titles else ""
        page: dict[str, Any] = {
            "yaxis": values | {"fixedrange": True},
            "xaxis": time_axis(wide.ms, axis.grain, look.locale)
            if wide.ms is not None
            else category_axis(axis_labels(wide), title=name),
            **bar_layout(Pose(options.stack), len(bars), wide.shape[1]),
        }
        if options.second_axis:
            second = value_axis(_ticks(lines), log=right.log, low=right.low, high=right.high)
            page["yaxis2"] = second | {
                "overlaying": "y", "side": "right", "showgrid": False, "zeroline": False,
                "fixedrange": True, "tickmode": "auto", "rangemode": "normal" if right.log else "tozero",
            }  # fmt: skip
        return layout(
            look,
            legend=options.legend_place(traces),
            hovermode="x unified",
            hoverdistance=-1,
            **page,
        )


def _values(wide: Wide, drawn: list[Mark]) -> list[Any]:
    return [wide.cells(m.column)[m.row] for m in drawn]


def _has_values(values: Any) -> bool:
    return bool(np.isfinite(values).any())


def _ticks(drawn: list[Mark]) -> Style:
    return drawn[0].style


def _title(drawn: list[Mark], otherwise: str) -> str:
    return drawn[0].name if len(drawn) == 1 else otherwise


def _like(wide: Wide, other: Wide) -> Wide:
    """The members of the other layer in its order; of times all."""
    if wide.ms is not None:
        return wide
    places = {v: i for i, v in enumerate(wide.values)}
    return wide.keep([places[v] for v in other.values if v in places])
