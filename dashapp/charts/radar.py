"""Radars: several metrics of a few members at once, one spoke each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import CLEAR, Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, faded
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, floats, safe, shorten, typed, unique
from dashapp.charts.slices import combined
from dashapp.charts.values import Plain
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, Spec, metric_name
from dashapp.specs.query import Metric

MOST: Final = 30  # Series; more cannot be told apart.


class Spoke(Spec):
    """Ends of one metric's spoke; empty ones follow the data."""

    metric: str = Field(min_length=1, max_length=250, description="The metric's name.")
    low: float | None = Field(None, description="In the middle; the least value if empty.")
    high: float | None = Field(None, description="At the rim; the greatest value if empty.")


class Radar(ChartKind):
    """Members compared by several metrics, each on a spoke of its own."""

    slug, title, family, icon = "radar", "Radar", "parts", "pentagon"
    description = "Strengths and weaknesses: few members by several metrics."
    needs_full_plotly = True

    class Options(PlotOptions):
        """Spokes, members, and how the net looks."""

        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=20,
            title="Metrics",
            description="One spoke each.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        series: tuple[Dimension, ...] = Field(
            (),
            max_length=5,
            title="Series",
            description="One line per member of these dimensions.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        limit: int | None = Field(
            10,
            ge=1,
            le=1_000_000,
            title="Most series",
            description="Those that are largest by the first metric are kept.",
            json_schema_extra=DATA,
        )
        scale: Literal["spoke", "common", "series"] = Field(
            "spoke",
            title="Scale",
            description=(
                "Each spoke from zero to its greatest value; one scale for all spokes; or each "
                "series as shares of its own greatest value."
            ),
            json_schema_extra=LOOK,
        )
        spokes: tuple[Spoke, ...] = Field(
            (),
            max_length=20,
            title="Ends of spokes",
            description="Ends of single metrics' spokes.",
            json_schema_extra=LOOK,
        )
        shape: Literal["polygon", "circle"] = Field(
            "polygon", title="Net", description="Straight or round.", json_schema_extra=LOOK
        )
        fill: bool = Field(True, title="Fill", description="Tint areas.", json_schema_extra=LOOK)
        value_labels: bool = Field(
            False,
            title="Value labels",
            description="Write values at their marks.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per series, the largest by the first metric first."""
        needs(options.metrics, "metrics", "Choose the metrics, one spoke each.")
        largest = Order(by=metric_name(options.metrics[0]), descending=True)
        query = options.base_query(
            dataset, options.series, options.metrics,
            order=(options.order or (largest,)) if options.series else (),
        )  # fmt: skip
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A closed line per series over spokes that start at the top."""
        if not options.metrics:
            return Empty("not_configured", "Choose the metrics, one spoke each.")
        net = _net(options, tables, dataset, look)
        if not net.names or not np.isfinite(net.values).any():
            return Empty("no_rows", NO_ROWS)
        place = options.legend_place(len(net.names)) if options.series else ""
        if options.legend == "auto" and place:
            place = "right"
        page = layout(look, legend=place, polar=_polar(options, net))
        page["margin"] = {"l": 30, "r": 30, "t": 22, "b": 18}
        colors = assign(net.keys, look)
        data = [_line(options, net, i, colors[net.keys[i]]) for i in range(len(net.names))]
        titles = ", ".join(net.titles)
        by = ", ".join(dimension_title(d, dataset) for d in options.series)
        told = f"{titles} by {by} of {len(net.names)} members." if by else f"{titles}."
        return Plot(
            {"data": data, "layout": page}, tuple(click_target(d) for d in options.series), told
        )


@dataclass(frozen=True)
class _Net:
    """Series (rows) by metrics (columns); `places` are distances from the middle, 0 to 1."""

    titles: list[str]
    styles: list[Style]
    names: list[str]
    keys: list[Plain]
    clicks: list[tuple[Plain, ...]]
    values: Floats
    places: Floats
    top: float  # The greatest value, for a common scale.


def _net(options: Radar.Options, tables: Tables, dataset: DatasetSpec, look: Look) -> _Net:
    table = tables["main"].slice(0, MOST)
    members, names = combined(table, options.series, dataset, look)
    values = np.column_stack([floats(table, metric_name(m)) for m in options.metrics])
    styles = [
        style(m, dataset, look, values[:, i], options.format, options.currency)
        for i, m in enumerate(options.metrics)
    ]
    titles = [metric_title(m, dataset) for m in options.metrics]
    keys: list[Plain] = [m[0] if len(m) == 1 else n for m, n in zip(members, names, strict=True)]
    if not options.series:
        names, keys = [""] * len(members), [titles[0]] * len(members)
    top = float(np.nanmax(values, initial=0.0))
    places = _places(options, values, top)
    return _Net(titles, styles, names, keys, members, values, places, top)


def _places(options: Radar.Options, values: Floats, top: float) -> Floats:
    """Distances from the middle: 0 at the low end, 1 at the high one."""
    found: Floats = np.zeros_like(values)
    if options.scale == "series":
        most = np.array([np.nanmax(row, initial=0.0) for row in values])[:, None]
        np.divide(values, most, out=found, where=most > 0)
        return found.clip(0, 1)
    ends = {s.metric: s for s in options.spokes}
    for at, metric in enumerate(options.metrics):
        own = ends.get(metric_name(metric))
        column = values[:, at]
        known = column[np.isfinite(column)]
        least = float(known.min()) if len(known) else 0.0
        low = min(0.0, least) if own is None else least if own.low is None else own.low
        high = top if options.scale == "common" and own is None else float(np.max(known, initial=0))
        if own is not None and own.high is not None:
            high = own.high
        span = high - low
        found[:, at] = (column - low) / span if span > 0 else np.where(column > low, 1.0, 0.0)
    return found.clip(0, 1)


def _polar(options: Radar.Options, net: _Net) -> dict[str, Any]:
    grid = "rgba(138,143,152,0.35)"
    radial: dict[str, Any] = {
        "range": [0, 1], "showline": False, "gridcolor": grid, "nticks": 5, "ticks": "",
        "showticklabels": False, "tickvals": [0.25, 0.5, 0.75, 1], "tickangle": 0,
        "angle": 90 - 180 / len(net.titles),
    }  # fmt: skip
    if options.scale == "common" and net.top > 0:
        radial |= {
            "showticklabels": True,
            "ticktext": [safe(net.styles[0].brief(net.top * s)) for s in (0.25, 0.5, 0.75, 1)],
            "tickfont": {"size": 10},
        }
    angular = {
        "direction": "clockwise", "rotation": 90, "gridcolor": grid, "linecolor": grid,
        "ticks": "", "tickfont": {"size": 11},
    }  # fmt: skip
    shape = "linear" if options.shape == "polygon" else "circular"
    return {
        "bgcolor": CLEAR, "gridshape": shape, "radialaxis": radial, "angularaxis": angular,
    }  # fmt: skip


def _inward(turn: float) -> str:
    """Where a value stands so that it does not lie on its spoke's name (turns from the top)."""
    return "top center" if 0.25 < turn < 0.75 else "bottom center"


def _line(options: Radar.Options, net: _Net, row: int, color: str) -> dict[str, Any]:
    """One series, closed where it began."""
    spokes = [safe(t) for t in unique(shorten(t, 20) for t in net.titles)]
    around = [*range(len(spokes)), 0]
    told = [
        safe(s.text(v if np.isfinite(v) else None))
        for s, v in zip(net.styles, net.values[row].tolist(), strict=True)
    ]
    name = safe(net.names[row])
    trace: dict[str, Any] = {
        "type": "scatterpolar",
        "mode": "lines+markers+text" if options.value_labels else "lines+markers",
        "r": typed(net.places[row][around]),
        "theta": [spokes[i] for i in around],
        "name": safe(shorten(net.names[row], 32)),
        "line": {"color": color, "width": 2},
        "marker": {"color": color, "size": 5},
        "text": [told[i] for i in around],
        "textposition": [_inward(i / len(spokes)) for i in around],
        "textfont": {"size": 10},
        "hovertext": [safe(net.titles[i]) for i in around],
        "hovertemplate": (
            (f"{name}<br>" if name else "") + "%{hovertext}: <b>%{text}</b><extra></extra>"
        ),
        "connectgaps": True,
    }
    if options.fill:
        trace |= {"fill": "toself", "fillcolor": faded(color, 0.14)}
    if options.series:
        trace["customdata"] = [list(net.clicks[row])] * len(around)
    return trace
