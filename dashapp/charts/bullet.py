"""Bullets: a value as a bar over ranges, with markers for what it is measured by."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, metric_title
from dashapp.charts.axes import (
    GREY,
    Reference,
    Style,
    category_axis,
    layout,
    references,
    style,
    value_axis,
)
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import BAD, faded
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, clicks_of, encode, floats, safe, typed
from dashapp.charts.traces import labels_of
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, Spec, metric_name
from dashapp.specs.query import Metric


class Point(Spec):
    """A value that others are measured by, in words."""

    value: float = Field(title="Value", description="Where it lies on the scale.")
    label: str = Field("", max_length=60, title="Label", description="What it means.")


class Bullet(ChartKind):
    """A value over ranges such as poor, fair and good, and markers such as a target."""

    slug, title, family, icon = "bullet", "Bullet", "numbers", "align-start"
    description = "A value as a bar over ranges, with markers for targets."

    class Options(PlotOptions):
        """One metric and what it is measured by."""

        metric: Metric | None = Field(
            None,
            title="Metric",
            description="The length of the bar.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        dimension: Dimension | None = Field(
            None,
            title="Rows",
            description="One bar per member of this dimension; a single one without.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        rows: int = Field(
            10,
            ge=1,
            le=50,
            title="Most rows",
            description="The largest are kept.",
            json_schema_extra=DATA,
        )
        target: Metric | None = Field(
            None,
            title="Target",
            description="Metric of a marker in each row.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        ranges: tuple[Point, ...] = Field(
            (),
            max_length=8,
            title="Ranges",
            description="Ends of the ranges under the bar; up to a tenth above it by default.",
            json_schema_extra=LOOK,
        )
        markers: tuple[Point, ...] = Field(
            (),
            max_length=8,
            title="Markers",
            description="Triangles at values, in every row.",
            json_schema_extra=LOOK,
        )
        lines: tuple[Point, ...] = Field(
            (),
            max_length=8,
            title="Marker lines",
            description="Lines across all rows at values.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row, or one per member, the largest first."""
        if options.metric is None:
            needs(options.metric, "metric", "Choose a metric.")
            raise AssertionError
        rows = (options.dimension,) if options.dimension else ()
        metrics = (options.metric, *((options.target,) if options.target else ()))
        largest = Order(by=metric_name(options.metric), descending=True)
        query = options.base_query(
            dataset,
            rows,
            tuple({metric_name(m): m for m in metrics}.values()),
            order=options.order or ((largest,) if rows else ()),
            limit=options.limit or (options.rows if rows else 1),
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Ranges, the bars over them, and the markers over both."""
        if options.metric is None:
            return Empty("not_configured", "Choose a metric.")
        table = tables["main"].slice(0, options.rows if options.dimension else 1)
        values = floats(table, metric_name(options.metric))
        if not np.isfinite(values).any():
            return Empty("no_rows", NO_ROWS)
        written = style(options.metric, dataset, look, values, options.format, options.currency)
        title = metric_title(options.metric, dataset)
        members: list[Plain] = []
        names = [title]
        if options.dimension:
            found = encode(table, options.dimension.name)
            known = found.members()
            members = [known[i] for i in found.codes.tolist()]
            names = words(members, options.dimension, dataset, look)
        texts = labels_of(names, 24)
        targets = floats(table, metric_name(options.target)) if options.target else values
        reach = np.concatenate([values, targets])
        traces = [
            *_ranges(options, reach, texts, written),
            _bars(values, texts, members, written, look, title),
            *_markers(options, texts, written),
        ]
        if options.target:
            told = metric_title(options.target, dataset)
            traces.append(_ticks(texts, targets, told, written))
        lines = [Reference(value=p.value, label=p.label) for p in options.lines]
        down = category_axis(texts, reverse=True) | {"ticksuffix": " "}
        page = layout(
            look,
            heading=title if options.axis_titles and members else "",
            legend=options.legend_place(sum(t.get("showlegend", False) for t in traces)),
            entries=[t["name"] for t in traces if t.get("showlegend")],
            barmode="overlay",
            hovermode="closest",
            xaxis=value_axis(written, from_zero=True),
            yaxis=down if members else down | {"showticklabels": False},
            **references(lines, "x"),
        )
        clicks = (click_target(options.dimension),) if options.dimension else ()
        told = _summary(title, names, values, options, written)
        return Plot({"data": traces, "layout": page}, clicks, told)


def _ranges(
    options: Bullet.Options, values: Floats, texts: list[str], written: Style
) -> list[dict[str, Any]]:
    """Wide pale bars, the longest first, so that shorter ones lie over it."""
    ends = sorted(options.ranges, key=lambda p: p.value)
    if not ends:
        ends = [Point(value=float(np.nanmax(np.abs(values))) * 1.1 or 1.0)]
    found, low = [], min(0.0, float(np.nanmin(values)))
    for place, end in enumerate(ends):
        label = safe(end.label) if end.label else ""
        told = f"{label}: " if label else ""
        found.append({
            "type": "bar", "orientation": "h", "y": texts, "width": 0.72 if len(texts) > 1 else 0.45,
            "base": [low] * len(texts), "x": [end.value - low] * len(texts), "name": label,
            "marker": {"color": faded(GREY, round(0.42 - 0.3 * place / max(1, len(ends) - 1), 3) if len(ends) > 1 else 0.18), "line": {"width": 0}},
            "hovertemplate": f"{told}{safe(written.text(low))} – {safe(written.text(end.value))}<extra></extra>",
            "showlegend": False,
        })  # fmt: skip
        low = end.value
    return found


def _bars(
    values: Floats,
    texts: list[str],
    members: list[Plain],
    written: Style,
    look: Look,
    title: str,
) -> dict[str, Any]:
    found = {
        "type": "bar", "orientation": "h", "y": texts, "x": typed(values), "width": 0.3 if len(texts) > 1 else 0.18,
        "marker": {"color": look.palette[0], "line": {"width": 0}}, "name": safe(title),
        "hovertemplate": f"%{{y}}<br><b>{written.hover('x')}</b><extra></extra>",
        "showlegend": False,
    }  # fmt: skip
    return found | ({"customdata": clicks_of(members)} if members else {})


def _markers(options: Bullet.Options, texts: list[str], written: Style) -> list[dict[str, Any]]:
    """A triangle per marker in every row."""
    found = []
    for point in options.markers:
        label = safe(point.label)
        found.append({
            "type": "scatter", "mode": "markers", "y": texts, "x": [point.value] * len(texts),
            "marker": {"symbol": "diamond", "size": 13, "color": BAD,
                       "line": {"width": 1.5, "color": "#ffffff"}},
            "name": label or safe(written.text(point.value)), "cliponaxis": False,
            "hovertemplate": f"{label} <b>{written.hover('x')}</b><extra></extra>",
            "showlegend": bool(label),
        })  # fmt: skip
    return found


def _ticks(texts: list[str], targets: Floats, told: str, written: Style) -> dict[str, Any]:
    """An upright tick per row at its target."""
    return {
        "type": "scatter", "mode": "markers", "y": texts, "x": typed(targets), "name": safe(told),
        "marker": {
            "symbol": "line-ns-open", "size": 18, "color": BAD, "line": {"width": 3},
        },
        "hovertemplate": f"{safe(told)} <b>{written.hover('x')}</b><extra></extra>",
        "showlegend": True, "cliponaxis": False,
    }  # fmt: skip


def _summary(
    title: str, names: list[str], values: Floats, options: Bullet.Options, written: Style
) -> str:
    told = [
        f"{name} {written.text(value)}" if options.dimension else written.text(value)
        for name, value in zip(
            names, (v if np.isfinite(v) else None for v in values.tolist()), strict=True
        )
    ]
    marks = [
        f"{p.label or 'marker'} {written.text(p.value)}" for p in (*options.markers, *options.lines)
    ]
    return f"{title}: {'; '.join(told)}" + (f" ({', '.join(marks)})." if marks else ".")
