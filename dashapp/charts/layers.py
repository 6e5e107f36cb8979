"""A layer of a mixed chart: its own question, what is computed from it, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.analysis import Analysis
from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.bars import Pose, Stack, bar, earlier_bar
from dashapp.charts.colors import faded
from dashapp.charts.lines import DOT, SHAPES, Stroke, earlier, forecast, line, periods_named
from dashapp.charts.plot_options import SeriesOptions
from dashapp.charts.plotting import typed
from dashapp.charts.thinning import Thinning
from dashapp.charts.traces import Mark, along, moments
from dashapp.charts.wide import Ints, Wide
from dashapp.specs import Dimension, Filter, MetricFilter, Order, SqlFilter, metric_name
from dashapp.specs.query import Metric

Draw = Literal["auto", "bars", "straight", "smooth", "step", "step before", "step middle", "points"]
_AREA: Final = 0.25  # Opacity of areas that say none.


class Layer(Analysis):
    """The bars, or the lines: own metrics, series, filters, computations and looks."""

    metrics: tuple[Metric, ...] = Field(
        (),
        max_length=20,
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
    series_limit: int | None = Field(
        10,
        ge=1,
        le=1000,
        title="Series limit",
        description="The largest are kept. Empty for all.",
    )
    series_smallest: bool = Field(
        False, title="Smallest series", description="Keep the smallest instead of the largest."
    )
    series_by: Metric | None = Field(
        None, title="Rank series by", description="Metric that says which series are the largest."
    )
    other: bool = Field(True, title="Other", description="Sum up the rest instead of dropping it.")
    filters: tuple[Filter, ...] = Field(
        (), max_length=200, title="Filters", description="Conditions for these metrics alone."
    )
    where: tuple[SqlFilter, ...] = Field(
        (), max_length=20, title="SQL conditions", description="For these metrics alone."
    )
    having: tuple[MetricFilter, ...] = Field(
        (), max_length=50, title="Conditions on metrics", description="Groups that meet them."
    )
    time_range: str | None = Field(
        None, max_length=200, title="Time range", description="Instead of the chart's."
    )
    order: tuple[Order, ...] = Field(
        (), max_length=20, title="Order", description="Which rows count if there is a limit."
    )
    limit: int | None = Field(
        None, ge=1, le=1_000_000, title="Row limit", description="Most rows of these metrics."
    )
    format: str | None = Field(
        None, max_length=50, title="Number format", description="d3 format of these metrics."
    )
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", title="Currency", description="ISO code such as EUR."
    )
    log: bool = Field(False, title="Logarithmic", description="Values on a logarithmic axis.")
    low: float | None = Field(None, title="Axis from", description="By the data if empty.")
    high: float | None = Field(None, title="Axis to", description="By the data if empty.")
    axis_title: str = Field(
        "", max_length=100, title="Title of the axis", description="Names the axis of values."
    )
    draw: Draw = Field(
        "auto",
        title="Drawn as",
        description="Bars, lines by the way points are joined, or points alone; the first layer "
        "is bars, the second lines by default.",
        json_schema_extra=LOOK,
    )
    axis: Literal["auto", "left", "right"] = Field(
        "auto",
        title="Axis",
        description="The axis of values; the second layer is on the right by default.",
        json_schema_extra=LOOK,
    )
    stack: bool | None = Field(
        None, title="Stack", description="On top of each other; the chart's own by default."
    )
    area: bool = Field(False, title="Filled", description="Fill the area under lines.")
    opacity: float | None = Field(None, ge=0, le=1, title="Opacity of areas", description="0 to 1.")
    markers: Literal["auto", "always", "never"] | None = Field(
        None, title="Markers", description="Dots on the points; the chart's own by default."
    )
    marker_size: float = Field(DOT, ge=1, le=40, title="Marker size", description="In px.")
    value_labels: bool = Field(
        False, title="Value labels", description="Write values at the marks."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics' names in the answer."""
        return tuple(metric_name(m) for m in self.metrics)

    def as_series(self, fmt: str | None) -> SeriesOptions:
        """The layer as options of a kind with series; `fmt` where it has no format itself."""
        return SeriesOptions(
            metrics=self.metrics,
            series=self.series,
            series_limit=self.series_limit,
            series_smallest=self.series_smallest,
            series_by=self.series_by,
            other=self.other,
            format=self.format or fmt,
            currency=self.currency,
        )


@dataclass(frozen=True)
class Drawn:
    """How a layer is drawn after all defaults: "bars" or a way to join points, and its axis."""

    layer: Layer
    name: str
    shape: str
    yaxis: str
    stack: bool
    markers: Literal["auto", "always", "never"]
    labels: bool

    @property
    def is_bars(self) -> bool:
        """Whether it is bars."""
        return self.shape == "bars"


def traces_of(
    drawn: Drawn, wide: Wide, marks: list[Mark], thinning: Thinning
) -> list[dict[str, Any]]:
    """The layer's traces, those of earlier periods first."""
    found = _bars(drawn, wide, marks) if drawn.is_bars else _lines(drawn, wide, marks, thinning)
    for trace in found:
        if drawn.yaxis != "y":
            trace["yaxis"] = drawn.yaxis
            trace["name"] += " →"  # The second axis is on the right.
    return found


def _bars(drawn: Drawn, wide: Wide, marks: list[Mark]) -> list[dict[str, Any]]:
    stack: Stack = "stacked" if drawn.stack else "grouped"
    pose = Pose(stack, labels=drawn.labels, unified=True)
    found = []
    for number, mark in enumerate(marks):
        group = drawn.name if drawn.stack else f"{drawn.name} {number}"
        for place, told in enumerate(drawn.layer.earlier(mark.metric)):
            if wide.has(told[0]):
                past = earlier_bar(wide, mark, told, pose, place)
                found.append(past | {"offsetgroup": f"{group} {place}"})
        cells = wide.cells(mark.column)[mark.row]
        found.append(bar(wide, mark, cells, pose) | {"offsetgroup": group})
    return found


def _lines(drawn: Drawn, wide: Wide, marks: list[Mark], thinning: Thinning) -> list[dict[str, Any]]:
    layer = drawn.layer
    stroke = Stroke(
        thinning, SHAPES[drawn.shape], drawn.markers, drawn.labels, gaps=layer.fill == "null",
        yaxis=drawn.yaxis, points=drawn.shape == "points", size=layer.marker_size,
    )  # fmt: skip
    past, present = [], []
    opacity = _AREA if layer.opacity is None else layer.opacity
    common = _common(wide, marks, thinning) if drawn.stack else None
    for mark in marks:
        trace = line(wide, mark, stroke)
        past += earlier(trace, wide, mark, layer.earlier(mark.metric), thinning)
        if layer.forecast:
            present += forecast(wide, mark, drawn.yaxis)
        if common is not None:
            trace |= _stacked(wide, mark, drawn.name, common)
        if layer.area:
            trace |= {"fillcolor": faded(mark.color, opacity)}
            trace |= {} if drawn.stack else {"fill": "tozeroy"}
        elif drawn.stack:
            trace["fill"] = "none"
        present.append(trace)
    offsets = [o for _, o in layer.earlier(marks[0].metric)] if past else []
    return past + present + (periods_named(offsets) if len(marks) > 1 else [])


def _common(wide: Wide, marks: list[Mark], thinning: Thinning) -> Ints:
    """Places that keep the extremes of all lines: what is stacked needs the same ones."""
    shapes = [np.nan_to_num(wide.cells(m.column)[m.row]) for m in marks]
    return thinning.kept(wide.across, *shapes)  # Each line counted its own already.


def _stacked(wide: Wide, mark: Mark, group: str, at: Ints) -> dict[str, Any]:
    """A line on top of those before it; missing buckets count as nothing."""
    y = np.nan_to_num(wide.cells(mark.column)[mark.row])[at]
    return {
        "stackgroup": group, "x": along(wide, at), "y": typed(y), "customdata": moments(wide, at),
        "mode": "lines",
    }  # fmt: skip
