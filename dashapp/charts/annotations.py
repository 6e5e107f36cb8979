"""Layers over a plot along an axis: formulas, events, intervals, other metrics of the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from dashapp.charts.asks import LOOK
from dashapp.charts.axes import GREY, Style, smart
from dashapp.charts.base import Look
from dashapp.charts.colors import faded
from dashapp.charts.formula import LONGEST, evaluate, parse
from dashapp.charts.plotting import (
    Floats,
    encode,
    floats,
    is_time,
    member_text,
    milliseconds,
    safe,
    shorten,
    typed,
)
from dashapp.charts.thinning import Thinning
from dashapp.charts.wide import Wide, widen
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Filter, Order, QuerySpec, metric_name
from dashapp.specs.base import Tagged
from dashapp.specs.query import Metric

MOST_EVENTS: Final = 200
_ABOVE: Final = "yaxis9"  # An unseen axis from 0 to 1, so that marks stand at the plot's edge.
Dash = Literal["solid", "dash", "dot"]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class _Layer(Tagged):
    """What all layers have."""

    name: str = Field("", max_length=100, description="What the legend says.")
    color: Color | None = Field(None, description="Written #rrggbb; grey if empty.")
    shown: bool = Field(True, description="Off keeps the layer without drawing it.")


class FormulaLayer(_Layer):
    """A line computed from x: times in milliseconds since 1970, numbers, or places from 0."""

    layer: Literal["formula"] = "formula"
    formula: str = Field(min_length=1, max_length=LONGEST)
    dash: Dash = "solid"
    width: float = Field(2, gt=0, le=20)

    @field_validator("formula")
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            parse(value)
        except Invalid as error:
            raise ValueError(error.message) from error
        return value


class EventLayer(_Layer):
    """Lines across the plot at moments that rows of the dataset name."""

    layer: Literal["event"] = "event"
    time: str = Field(min_length=1, max_length=250, description="Column with the moment.")
    title: str | None = Field(None, max_length=250, description="Column with what happened.")
    filters: tuple[Filter, ...] = Field((), max_length=50)
    dash: Dash = "dash"
    width: float = Field(1.5, gt=0, le=20)


class IntervalLayer(_Layer):
    """Bands over the plot from one moment to another, as rows of the dataset name them."""

    layer: Literal["interval"] = "interval"
    start: str = Field(min_length=1, max_length=250, description="Column with the start.")
    end: str = Field(min_length=1, max_length=250, description="Column with the end.")
    title: str | None = Field(None, max_length=250, description="Column with what it was.")
    filters: tuple[Filter, ...] = Field((), max_length=50)
    opacity: float = Field(0.15, gt=0, le=1)


class SeriesLayer(_Layer):
    """Another metric of the dataset along the same axis, as a line."""

    layer: Literal["series"] = "series"
    metric: Metric
    filters: tuple[Filter, ...] = Field((), max_length=50)
    dash: Dash = "dash"
    width: float = Field(1.5, gt=0, le=20)


Layer = Annotated[
    FormulaLayer | EventLayer | IntervalLayer | SeriesLayer, Field(discriminator="layer")
]
Layers = tuple[Layer, ...]


def layers_field() -> Any:
    """The field of a kind's options that holds its layers."""
    return Field(
        (),
        max_length=20,
        title="Annotations",
        description="Formulas, events, intervals and other metrics, drawn over the plot.",
        json_schema_extra=LOOK | {"widget": "annotations"},
    )


@dataclass
class Over:
    """What layers add to a figure."""

    traces: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    axes: dict[str, Any] = field(default_factory=dict)


def questions(
    layers: Layers, axis: Dimension, time: tuple[str | None, str | None], dataset: DatasetSpec
) -> dict[str, QuerySpec]:
    """The questions of layers by name; `time` is the chart's time column and range.

    A layer has its own filters, not the chart's: holidays are no sales.
    """
    found = {}
    common: dict[str, Any] = {
        "dataset": dataset.uuid, "time_column": time[0], "time_range": time[1],
    }  # fmt: skip
    for number, layer in enumerate(layers):
        if isinstance(layer, FormulaLayer) or not layer.shown:
            continue
        common["filters"] = layer.filters
        if isinstance(layer, SeriesLayer):
            order = (Order(by=axis.name),)
            spec = QuerySpec(dimensions=(axis,), metrics=(layer.metric,), order=order, **common)
        else:
            first = layer.time if isinstance(layer, EventLayer) else layer.start
            names = [first] if isinstance(layer, EventLayer) else [first, layer.end]
            names += [layer.title] if layer.title else []
            columns = tuple(dict.fromkeys(names))
            order = (Order(by=first),)
            spec = QuerySpec(columns=columns, order=order, limit=MOST_EVENTS, **common)
        found[f"annotation {number + 1}"] = spec
    return found


def over(
    layers: Layers,
    wide: Wide,
    axis: Dimension,
    tables: Mapping[str, pa.Table],
    dataset: DatasetSpec,
    look: Look,
    thinning: Thinning | None = None,
) -> Over:
    """Traces and shapes of all layers, for a plot whose axis is that of `wide`.

    Lines are whole without `thinning`.
    """
    found = Over()
    for number, layer in enumerate(layers):
        table = tables.get(f"annotation {number + 1}")
        if not layer.shown:
            continue
        if isinstance(layer, FormulaLayer):
            found.traces.append(_formula(layer, wide, look, thinning))
        elif table is None or not table.num_rows:
            continue
        elif isinstance(layer, SeriesLayer):
            found.traces.append(_series(layer, table, wide, axis, dataset, look, thinning))
        elif isinstance(layer, EventLayer):
            _events(found, layer, table, wide, look)
        else:
            _intervals(found, layer, table, wide, look)
    if any(t.get("yaxis") == "y9" for t in found.traces):
        found.axes[_ABOVE] = {
            "overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True,
        }  # fmt: skip
    return found


def _places(wide: Wide) -> Floats:
    """Each place of the axis as a number."""
    if wide.ms is not None:
        return wide.ms
    return wide.numbers if wide.numbers is not None else np.arange(len(wide.values), dtype=float)


def _line(layer: FormulaLayer | SeriesLayer, x: Any, y: Floats, text: str, look: Look) -> Any:
    name = safe(shorten(layer.name or text, 32))
    style = Style(smart(y), None, look.locale)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "legendrank": 1200,
        "x": x,
        "y": typed(y),
        "line": {"color": layer.color or GREY, "width": layer.width, "dash": layer.dash},
        "hovertemplate": f"{style.hover('y')}<extra>{name}</extra>",
    }


def _kept(wide: Wide, y: Floats, thinning: Thinning | None) -> tuple[Any, Floats]:
    """Coordinates and values of the points that are drawn."""
    if wide.across is None:
        return wide.labels, y
    at = thinning.kept(wide.across, y) if thinning else slice(None)
    return typed(wide.across[at]), y[at]


def _formula(
    layer: FormulaLayer, wide: Wide, look: Look, thinning: Thinning | None
) -> dict[str, Any]:
    x, y = _kept(wide, evaluate(layer.formula, _places(wide)), thinning)
    trace: dict[str, Any] = _line(layer, x, y, layer.formula, look)
    return trace


def _series(
    layer: SeriesLayer, table: pa.Table, wide: Wide, axis: Dimension, dataset: DatasetSpec,
    look: Look, thinning: Thinning | None,
) -> dict[str, Any]:  # fmt: skip
    name = metric_name(layer.metric)
    own = widen(table, axis, (), (name,), dataset, look)
    if wide.ms is None:
        own = own.on_numbers() if wide.numbers is not None else _like(own, wide)
    x, y = _kept(own, own.cells(name)[0], thinning)
    trace: dict[str, Any] = _line(
        layer, x if own.across is not None else wide.labels, y, name, look
    )
    return trace


def _like(wide: Wide, other: Wide) -> Wide:
    """Members of another answer, in its order; those that are missing are left out."""
    places = {v: i for i, v in enumerate(wide.values)}
    return wide.keep([places[v] for v in other.values if v in places])


def _moments(table: pa.Table, column: str, wide: Wide, look: Look) -> Floats:
    """Places on the axis of a column's values; not-a-number where there is none."""
    if wide.ms is None:
        return floats(table, column) if wide.numbers is not None else np.empty(0)
    coded = encode(table, column)
    if not is_time(coded.values):
        return np.full(table.num_rows, np.nan)
    return milliseconds(coded.values, look.zone)[coded.codes]


def _events(found: Over, layer: EventLayer, table: pa.Table, wide: Wide, look: Look) -> None:
    at = _moments(table, layer.time, wide, look)
    color = layer.color or GREY
    for place in np.unique(at[np.isfinite(at)]).tolist():
        found.shapes.append({
            "type": "line", "xref": "x", "yref": "paper", "x0": place, "x1": place, "y0": 0,
            "y1": 1, "line": {"color": color, "width": layer.width, "dash": layer.dash},
        })  # fmt: skip
    _told(found, layer, table, at, color)


def _intervals(found: Over, layer: IntervalLayer, table: pa.Table, wide: Wide, look: Look) -> None:
    starts, ends = (_moments(table, c, wide, look) for c in (layer.start, layer.end))
    color = layer.color or GREY
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if np.isfinite(start) and np.isfinite(end):
            found.shapes.append({
                "type": "rect", "xref": "x", "yref": "paper", "x0": start, "x1": end, "y0": 0,
                "y1": 1, "fillcolor": faded(color, layer.opacity), "line": {"width": 0},
                "layer": "below",
            })  # fmt: skip
    _told(found, layer, table, (starts + ends) / 2, color)


def _told(
    found: Over, layer: EventLayer | IntervalLayer, table: pa.Table, at: Floats, color: str
) -> None:
    """Small marks at the upper edge that say on hover what happened."""
    rows = np.flatnonzero(np.isfinite(at))
    if not len(rows):
        return
    title = table.column(layer.title).to_pylist() if layer.title else [layer.name] * len(at)
    name = safe(shorten(layer.name or layer.layer.title(), 32))
    found.traces.append({
        "type": "scatter", "mode": "markers", "name": name, "legendrank": 1300, "yaxis": "y9",
        "x": typed(at[rows]), "y": typed(np.full(len(rows), 0.98)),
        "text": [safe(shorten(member_text(title[i]), 80)) for i in rows.tolist()],
        "marker": {"symbol": "triangle-down", "size": 9, "color": color},
        "hovertemplate": f"%{{text}}<extra>{name}</extra>",
    })  # fmt: skip
