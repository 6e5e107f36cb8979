"""Members as points or bubbles between two metrics."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa

from dashapp.charts.asks import click_target, metric_title
from dashapp.charts.axes import (
    GREY,
    Style,
    caption,
    layout,
    references,
    style,
    value_axis,
)
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import OTHER, OTHER_COLOR, assign, faded
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats, clicks_of, encode, floats, safe, shorten, typed
from dashapp.charts.said import said
from dashapp.charts.scatter_options import MOST_POINTS, ScatterOptions
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_LABELS: Final = 40
_EDGE: Final = 0.12  # Share of the axis in which a name in the middle would be cut off.
# Labels, and the plot of a tile of half the page's width: what stands clear there.
_LABEL, _LETTER_PX, _LINE_PX, _PLOT_PX = 22, 5.6, 14, (420, 180)
MOST_GROUPS: Final = 24


class Scatter(ChartKind):
    """One point per member between two metrics, as a bubble where a third one sizes it."""

    slug, title, family, icon = "scatter", "Scatter and bubble", "categories", "circle"
    description = "How two metrics go together, one point per member; a third may size it."

    class Options(ScatterOptions):
        """What the points are, and where they lie."""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per point, largest first."""
        needs(options.points, "points", "Choose what the points are.")
        needs(options.x, "x", "Choose the metric across.")
        needs(options.y, "y", "Choose the metric upwards.")
        largest = metric_name(options.size or options.y or "")
        order = options.order or (Order(by=largest, descending=True),)
        query = options.base_query(dataset, options.dimensions, options.metrics, order=order)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Points by colour, large bubbles under small ones."""
        if options.x is None or options.y is None:
            return Empty("not_configured", "Choose a metric for each axis.")
        table = tables["main"]
        x, y = floats(table, metric_name(options.x)), floats(table, metric_name(options.y))
        known = np.isfinite(x) & np.isfinite(y)
        if options.x_log:
            known &= x > 0
        if options.y_log:
            known &= y > 0
        left_out = table.num_rows
        table = table.filter(pa.array(known)).slice(0, options.limit or MOST_POINTS)
        left_out -= table.num_rows
        if not table.num_rows:
            return Empty("no_rows", NO_ROWS)
        points = _Points(options, table, dataset, look)
        traces = points.traces()
        if options.trend:
            traces += _trend(points.x, points.y, options)
        place = options.legend_place(points.groups)
        page = layout(
            look,
            legend=place,
            hovermode="closest",
            entries=points.entries,
            xaxis=points.axis("x", options.x, options.x_log, options.x_low, options.x_high),
            yaxis=points.axis("y", options.y, options.y_log, options.y_low, options.y_high),
        )
        if options.axis_titles:
            page["annotations"].append(
                caption(
                    f"↑ {options.y_title or metric_title(options.y, dataset)}", inside=bool(place)
                )
            )
            page["margin"]["t"] = 8 if place else 24
        if place:
            page["legend"]["itemsizing"] = "constant"
        for lines in (
            references(options.x_references, "x"),
            references(options.y_references, "y"),
        ):
            page["shapes"] = page.get("shapes", []) + lines["shapes"]
            page["annotations"] = page["annotations"] + lines["annotations"]
        clicks = tuple(click_target(d) for d in options.dimensions)
        return Plot({"data": traces, "layout": page}, clicks, points.summary(left_out))


class _Points:
    """The rows of an answer as points."""

    def __init__(
        self, options: Scatter.Options, table: pa.Table, dataset: DatasetSpec, look: Look
    ) -> None:
        self.options, self.dataset, self.look = options, dataset, look
        self.x = floats(table, metric_name(options.x or ""))
        self.y = floats(table, metric_name(options.y or ""))
        self.size = floats(table, metric_name(options.size)) if options.size else None
        columns = {d.name: encode(table, d.name) for d in options.dimensions}
        self.members = list[list[Plain]]()
        for column in columns.values():
            raw = column.members()
            self.members.append([raw[i] for i in column.codes.tolist()])
        spoken = [
            words(m, d, dataset, look)
            for m, d in zip(self.members, options.dimensions, strict=True)
        ][: len(options.points)]
        self.names = [" · ".join(parts) for parts in zip(*spoken, strict=True)]
        self.color = columns[options.color.name] if options.color else None
        self.entries: list[str] = []
        self.groups = len(self.color) if self.color else 1

    def traces(self) -> list[dict[str, Any]]:
        """One trace per colour, at most MOST_GROUPS of them."""
        if self.color is None or self.options.color is None:
            color = self.look.palette[0]
            return [self._trace(np.arange(len(self.x)), "", color)]
        members = self.color.members()
        spoken = words(members, self.options.color, self.dataset, self.look)
        colors = assign(members, self.look)
        counts = np.bincount(self.color.codes, minlength=len(members))
        order = sorted(range(len(members)), key=lambda i: (-counts[i], spoken[i]))
        found = [
            self._trace(np.flatnonzero(self.color.codes == i), spoken[i], colors[members[i]])
            for i in order[:MOST_GROUPS]
        ]
        rest = np.flatnonzero(np.isin(self.color.codes, order[MOST_GROUPS:]))
        if len(rest):
            found.append(self._trace(rest, said(OTHER, self.look.locale), OTHER_COLOR))
        self.entries = [spoken[i] for i in order[:MOST_GROUPS]]
        return found

    def _trace(self, at: Any, name: str, color: str) -> dict[str, Any]:
        sizes: Any = 9
        marker: dict[str, Any] = {
            "color": faded(color, self.options.opacity),
            "line": {"color": color, "width": 1},
        }
        if self.size is not None:
            top = float(np.nanmax(np.abs(self.size), initial=0)) or 1.0
            sizes = np.nan_to_num(np.abs(self.size[at]))
            marker |= {
                "sizemode": "area",
                "sizeref": 2 * top / self.options.biggest**2,
                "sizemin": 3,
            }
            at = at[np.argsort(-sizes, kind="stable")]
            sizes = typed(np.nan_to_num(np.abs(self.size[at])))
        places = at.tolist()
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers",
            "name": safe(name),
            "x": typed(self.x[at]),
            "y": typed(self.y[at]),
            "marker": marker | {"size": sizes},
            "hovertext": [safe(self.names[i]) for i in places],
            "customdata": clicks_of(*([m[i] for i in places] for m in self.members)),
            "hovertemplate": self._hover(name),
        }
        if self.options.point_labels and len(self.x) <= MOST_LABELS:
            trace |= {
                "mode": "markers+text",
                "text": [
                    safe(shorten(self.names[i], _LABEL)) if i in self.labelled else ""
                    for i in places
                ],
                "textposition": [self.side(i) for i in places],
                "cliponaxis": False,
                "textfont": {"size": 10},
            }
        return trace

    def side(self, at: int) -> str:
        """Where a point's name stands: inwards of points at the left and right ends."""
        share = _shares(np.log10(self.x) if self.options.x_log else self.x)[at]
        return "top right" if share < _EDGE else "top left" if share > 1 - _EDGE else "top center"

    @cached_property
    def labelled(self) -> frozenset[int]:
        """Points whose names stand clear of each other; larger points go first."""
        options = self.options
        across = _shares(np.log10(self.x) if options.x_log else self.x) * _PLOT_PX[0]
        up = _shares(np.log10(self.y) if options.y_log else self.y) * _PLOT_PX[1]
        size = np.zeros(len(self.x)) if self.size is None else np.nan_to_num(np.abs(self.size))
        kept = list[int]()
        for i in np.argsort(-size, kind="stable").tolist():
            room = [(len(shorten(self.names[j], _LABEL)) * _LETTER_PX, j) for j in kept]
            own = len(shorten(self.names[i], _LABEL)) * _LETTER_PX
            if all(
                abs(across[i] - across[j]) > (own + other) / 2 or abs(up[i] - up[j]) > _LINE_PX
                for other, j in room
            ):
                kept.append(i)
        return frozenset(kept)

    def _style(self, metric: Metric, values: Floats, which: str = "y") -> Style:
        own = {"x": self.options.x_format, "marker.size": self.options.size_format}.get(which)
        return style(
            metric,
            self.dataset,
            self.look,
            values,
            own or self.options.format,
            self.options.currency,
        )

    def _hover(self, name: str) -> str:
        options = self.options
        lines = ["<b>%{hovertext}</b>" + (f" · {safe(name)}" if name else "")]
        drawn = [("x", options.x, self.x), ("y", options.y, self.y)]
        if options.size is not None and self.size is not None:
            drawn.append(("marker.size", options.size, self.size))
        for variable, metric, values in drawn:
            title = safe(metric_title(metric or "", self.dataset))
            written = self._style(metric or "", values, variable)
            lines.append(f"{title}: {written.hover(variable)}")
        return "<br>".join(lines) + "<extra></extra>"

    def axis(
        self, which: str, metric: Metric, log: bool, low: float | None, high: float | None
    ) -> dict[str, Any]:
        """An axis of values with its metric's title."""
        titled = self.options.axis_titles and which == "x"
        own = self.options.x_title or metric_title(metric, self.dataset)
        title = own if titled else ""
        written = self._style(metric, self.x if which == "x" else self.y, which)
        axis = value_axis(written, log=log, low=low, high=high, title=title)
        return axis | {"zeroline": False}

    def summary(self, left_out: int) -> str:
        """How many points, and which lie at the ends."""
        x, y = self.options.x or "", self.options.y or ""
        top, right = int(np.argmax(self.y)), int(np.argmax(self.x))
        told = (
            f"{len(self.x)} points by {metric_title(x, self.dataset)} and "
            f"{metric_title(y, self.dataset)}: highest {self.names[top]} "
            f"({self._style(y, self.y).text(float(self.y[top]))}), furthest right "
            f"{self.names[right]} ({self._style(x, self.x, 'x').text(float(self.x[right]))})."
        )
        return told + (f" {left_out:,} without a place left out." if left_out else "")


def _shares(values: Floats) -> Floats:
    """Values as shares of their span."""
    return np.asarray((values - values.min()) / (np.ptp(values) or 1.0))


def _trend(x: Floats, y: Floats, options: Scatter.Options) -> list[dict[str, Any]]:
    """The line of least squares, on the axes as they are drawn."""
    across = np.log10(x) if options.x_log else x
    up = np.log10(y) if options.y_log else y
    if len(x) < 3 or np.ptp(across) == 0:
        return []
    slope, start = np.polyfit(across, up, 1)
    ends = np.linspace(across.min(), across.max(), 2)
    fitted = start + slope * ends
    share = float(np.corrcoef(across, up)[0, 1] ** 2) if np.ptp(up) else 0.0
    return [{
        "type": "scatter", "mode": "lines", "name": "Trend", "showlegend": False,
        "x": typed(10**ends if options.x_log else ends),
        "y": typed(10**fitted if options.y_log else fitted),
        "line": {"color": GREY, "width": 1.5, "dash": "5px,4px"},
        "hovertemplate": f"Trend, R² {share:.2f}<extra></extra>",
    }]  # fmt: skip
