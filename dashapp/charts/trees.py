"""Parts of parts as nested rectangles: the treemap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import CLEAR, SHARE, Style, caption, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import OTHER_COLOR, assign, ink, mix, scale, shade
from dashapp.charts.formats import hover
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import (
    NO_ROWS,
    Floats,
    encode,
    floats,
    safe,
    shorten,
    typed,
)
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import (
    DatasetSpec,
    Dimension,
    Order,
    QuerySpec,
    metric_name,
)
from dashapp.specs.query import Metric

_NO_AXIS: Final = {"visible": False, "fixedrange": True}
_MANY: Final = 25  # From so many rectangles on, extreme ones do not stretch the scale.


class Treemap(ChartKind):
    """A metric's parts in a hierarchy of dimensions, as nested rectangles."""

    slug, title, family, icon = "treemap", "Treemap", "parts", "grid-1x2"
    description = "Parts of parts: many members in levels, sized by a metric."
    needs_full_plotly = True

    class Options(PlotOptions):
        """Levels, size and colour."""

        levels: tuple[Dimension, ...] = Field(
            (),
            max_length=5,
            title="Levels",
            description="Dimensions from the outermost to the innermost.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        metric: Metric | None = Field(
            None,
            title="Size",
            description="Metric drawn as area.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        color: Metric | None = Field(
            None,
            title="Colour",
            description="Metric that colours the rectangles; the outermost member by default.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        color_scale: str = Field(
            "blues",
            max_length=50,
            title="Colours",
            description="Scale of the colour metric.",
            json_schema_extra=LOOK | {"widget": "color_scale"},
        )
        limit: int | None = Field(
            200,
            ge=1,
            le=2000,
            title="Most rectangles",
            description="Innermost members; the largest are kept.",
            json_schema_extra=DATA,
        )
        labels: Literal["name", "name and value", "name and share"] = Field(
            "name and value",
            title="Labels",
            description="Text in the rectangles.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per innermost member, largest first."""
        if options.metric is None or not options.levels:
            needs(options.levels, "levels", "Choose at least one level.")
            needs(options.metric, "metric", "Choose the metric that sizes the rectangles.")
            raise AssertionError
        metrics = [options.metric]
        if options.color is not None and metric_name(options.color) != metric_name(options.metric):
            metrics.append(options.color)
        query = options.base_query(
            dataset,
            options.levels,
            tuple(metrics),
            order=options.order or (Order(by=metric_name(options.metric), descending=True),),
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Nested rectangles; outer ones are as large as what they hold."""
        if options.metric is None or not options.levels:
            return Empty("not_configured", "Choose levels and a metric.")
        nodes = _nodes(options, options.metric, tables, dataset, look)
        if not nodes.ids:
            return Empty("no_rows", NO_ROWS)
        written = style(options.metric, dataset, look, nodes.sizes, options.format)
        title = metric_title(options.metric, dataset)
        trace = cls._trace(options, nodes, written, look, dataset)
        page = layout(look)
        page["margin"] = {"l": 0, "r": 0, "t": 0, "b": 0}
        if len(options.levels) > 1 and options.axis_titles:
            page["annotations"].append(caption(title, inside=True))  # In the root's empty head.
        page |= {"uniformtext": {"mode": "hide", "minsize": 9}}
        largest = max(nodes.tops, key=lambda i: nodes.sizes[i])
        told = (
            f"{title} by {', '.join(dimension_title(d, dataset) for d in options.levels)}: "
            f"{nodes.leaves} parts, largest {nodes.names[largest]} "
            f"({written.text(float(nodes.sizes[largest]))})."
        )
        clicks = tuple(click_target(d) for d in options.levels)
        data = [trace]
        if options.color is not None and nodes.shades is not None:
            shades = style(options.color, dataset, look, nodes.shades)
            data.append(_legend(nodes.shades, options.color_scale, shades))
            page |= {"xaxis": _NO_AXIS, "yaxis": _NO_AXIS}
        return Plot({"data": data, "layout": page}, clicks, told)

    @classmethod
    def _trace(
        cls, options: Options, nodes: _Nodes, written: Style, look: Look, dataset: DatasetSpec
    ) -> dict[str, Any]:
        value = written.hover("value")
        extra = {"name": "", "name and value": "<br>%{text}"}
        share = f"<br>{hover('percentRoot', SHARE)}"
        hovers = [safe(n) for n in nodes.paths]
        lines = f"%{{hovertext}}<br><b>{value}</b> · {hover('percentRoot', SHARE)}"
        marker: dict[str, Any] = {
            "cornerradius": 3,
            "pad": {"t": 18 if len(options.levels) > 1 else 2, "l": 2, "r": 2, "b": 2},
        }
        if options.color is not None and nodes.shades is not None:
            written_shade = style(options.color, dataset, look, nodes.shades)
            colors = _shades(nodes, options)
            marker["colors"] = colors
            told = safe(metric_title(options.color, dataset))
            hovers = [
                f"{h}<br>{told}: {safe(written_shade.text(s))}"
                for h, s in zip(hovers, nodes.shades.tolist(), strict=True)
            ]
        else:
            marker["colors"] = colors = nodes.colors
        return {
            "type": "treemap",
            "ids": nodes.ids,
            "labels": [safe(shorten(n, 24)) for n in nodes.names],
            "parents": nodes.parents,
            "values": typed(nodes.sizes),
            "branchvalues": "total",
            "text": [safe(written.brief(v)) for v in nodes.sizes.tolist()],
            "root": {"color": CLEAR},
            "marker": marker | {"line": {"width": 1, "color": CLEAR}},
            "tiling": {"packing": "squarify", "pad": 2},
            "pathbar": {"visible": False},
            "texttemplate": "%{label}" + extra.get(options.labels, share),
            "textfont": {"color": [ink(c) for c in colors]},
            "textposition": "middle center" if len(options.levels) == 1 else "top left",
            "hovertext": hovers,
            "hovertemplate": lines + "<extra></extra>",
            "customdata": nodes.clicks,
            "sort": True,
            "mode": "",  # Means nothing here, but Dash reads it when the pointer is on the root.
        }


@dataclass(frozen=True)
class _Nodes:
    """Rectangles from the outermost to the innermost; ids are numbers, never data."""

    ids: list[str]
    parents: list[str]
    names: list[str]
    paths: list[str]
    sizes: Floats
    shades: Floats | None
    colors: list[str]
    clicks: list[list[Plain] | None]
    tops: list[int]
    leaves: int


def _nodes(
    options: Treemap.Options, metric: Metric, tables: Tables, dataset: DatasetSpec, look: Look
) -> _Nodes:
    """Leaves from the rows, and above them the sums of what they hold."""
    table = tables["main"].slice(0, options.limit or 2000)
    sizes = np.nan_to_num(floats(table, metric_name(metric)))
    color = floats(table, metric_name(options.color)) if options.color else None
    members, spoken = [], []
    for level in options.levels:
        found = encode(table, level.name)
        raw = found.members()
        names = words(raw, level, dataset, look)
        members.append([raw[i] for i in found.codes.tolist()])
        spoken.append([names[i] for i in found.codes.tolist()])
    places: dict[tuple[Plain, ...], int] = {}
    rows: list[tuple[tuple[Plain, ...], str, str, int]] = []
    total: list[float] = []
    mixed: list[list[float]] = []
    for row in np.flatnonzero(sizes > 0).tolist():
        path: tuple[Plain, ...] = ()
        for depth in range(len(options.levels)):
            above, path = path, (*path, members[depth][row])
            if path not in places:
                places[path] = len(rows)
                name = spoken[depth][row]
                whole = " › ".join(s[row] for s in spoken[: depth + 1])
                rows.append((path, name, whole, places[above] if above else -1))
                total.append(0.0)
                mixed.append([0.0, 0.0])
            at = places[path]
            total[at] += float(sizes[row])
            if color is not None and not np.isnan(color[row]):
                mixed[at][0] += float(color[row] * sizes[row])
                mixed[at][1] += float(sizes[row])
    tops = [i for i, r in enumerate(rows) if r[3] < 0]
    given = assign([rows[i][0][0] for i in tops], look)
    shades = np.array([a / b if b else np.nan for a, b in mixed]) if color is not None else None
    return _Nodes(
        [str(i) for i in range(len(rows))],
        ["" if r[3] < 0 else str(r[3]) for r in rows],
        [r[1] for r in rows],
        [r[2] for r in rows],
        np.array(total),
        shades,
        [_depth(given[r[0][0]], len(r[0]), len(options.levels)) for r in rows],
        [list(r[0]) if len(r[0]) == len(options.levels) else None for r in rows],
        tops,
        sum(len(r[0]) == len(options.levels) for r in rows),
    )


def _shades(nodes: _Nodes, options: Treemap.Options) -> list[str]:
    """Each rectangle's colour on the scale of the colour metric, from lowest to highest leaf."""
    values = np.zeros(0) if nodes.shades is None else nodes.shades
    low, high = _ends(values)
    span = (high - low) or 1.0
    return [
        OTHER_COLOR if np.isnan(v) else shade((v - low) / span, options.color_scale)
        for v in values.tolist()
    ]


def _ends(values: Floats) -> tuple[float, float]:
    """Ends of the scale; of many rectangles the outermost do not stretch it."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    cut = 4 if len(known) >= _MANY else 0
    return float(np.percentile(known, cut)), float(np.percentile(known, 100 - cut))


def _legend(values: Floats, name: str, written: Style) -> dict[str, Any]:
    """The colours' legend: it hangs on a point that is not drawn, treemaps have none."""
    low, high = _ends(values)
    bar = {
        "thickness": 10, "outlinewidth": 0, "len": 1, "lenmode": "fraction", "nticks": 5,
        "xpad": 6, "ypad": 0, "tickfont": {"size": 11}, "ticks": "", **written.ticks(),
    }  # fmt: skip
    marker = {
        "color": [low], "cmin": low, "cmax": high, "colorscale": scale(name), "showscale": True,
        "colorbar": bar,
    }  # fmt: skip
    return {
        "type": "scatter", "mode": "markers", "x": [None], "y": [None], "marker": marker,
        "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip


def _depth(color: str, depth: int, deepest: int) -> str:
    """A branch is darker than its leaves, so that they stand out on it on light and dark."""
    return color if depth == deepest else mix(color, "#000000", 0.4 - 0.08 * (depth - 1))
