"""Any drawing as a thumbnail of about 160 x 100 pixels: the shape of it, little text, no reactions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from dashapp.charts.axes import CLEAR
from dashapp.charts.base import Drawing, Grid, Number, Plot, Text

MARGIN: Final = {"l": 3, "r": 3, "t": 3, "b": 3, "pad": 0}
TICKS: Final = 3
TICK_PX: Final = 8
COLUMNS, ROWS = 3, 4  # Of a table.
CHARACTERS: Final = 160  # Of a text.
_CARTESIAN = re.compile(r"[xy]axis\d*")
_SUBPLOT = re.compile(r"(polar|ternary|smith|scene|geo|map|mapbox)\d*")
# What a figure's layout may say that a thumbnail has no room or use for.
_DROPPED: Final = frozenset(
    {"title", "annotations", "legend", "updatemenus", "sliders", "modebar", "hoverlabel", "meta"}
)
# Shapes of text beside the marks; what is inside tiles, nodes and words belongs to the picture.
_LABELLED: Final = frozenset({"bar", "pie", "funnel", "funnelarea", "waterfall", "heatmap"})
# Of a table's column.
_UNMOVED: Final = frozenset(
    {"filter", "filterParams", "floatingFilter", "pinned", "width", "minWidth", "maxWidth", "flex"}
)


def small(drawing: Drawing) -> Drawing:
    """The drawing as a thumbnail: what is there of it fits, nothing reacts.

    Plots lose legends, titles, annotations and most ticks, tables all but their first rows and
    columns, numbers all but the value and its trend. An empty one stays as it is.
    """
    if isinstance(drawing, Plot):
        return replace(drawing, figure=_figure(drawing.figure), clicks=())
    if isinstance(drawing, Grid):
        return _grid(drawing)
    if isinstance(drawing, Number):
        return Number(
            drawing.value, trend=drawing.trend, tone=drawing.tone, size=drawing.size,
            summary=drawing.summary,
        )  # fmt: skip
    if isinstance(drawing, Text):
        return replace(drawing, markdown=_beginning(drawing.markdown))
    return drawing


def _figure(figure: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in figure.items() if name in ("data", "layout")}
    traces = list(figure.get("data", ()))
    marks = [t for t in traces if t.get("mode") != "text"]  # Words alone are labels of others.
    found["data"] = [_trace(trace) for trace in marks or traces]
    layout = {k: v for k, v in figure.get("layout", {}).items() if k not in _DROPPED}
    for name, part in layout.items():
        if _CARTESIAN.fullmatch(name):
            layout[name] = _axis(part)
        elif _SUBPLOT.fullmatch(name):
            layout[name] = _subplot(part)
        elif re.fullmatch(r"coloraxis\d*", name):
            layout[name] = {**part, "showscale": False}
    found["layout"] = {
        **layout,
        "showlegend": False,
        "hovermode": False,
        "dragmode": False,
        "margin": MARGIN,
        "font": {**layout.get("font", {}), "size": TICK_PX},
    }
    return found


def _trace(trace: Mapping[str, Any]) -> dict[str, Any]:
    found = _silent(trace)
    kind = found.get("type", "scatter")
    found["showlegend"] = False
    if kind not in ("indicator", "table"):
        found["hoverinfo"] = "none" if kind in ("sankey", "parcats") else "skip"
    if kind in _LABELLED and not _is_word(found):
        found = {k: v for k, v in found.items() if k not in ("text", "texttemplate")}
        if kind != "heatmap":
            found["textposition" if kind == "bar" else "textinfo"] = "none"
    if kind.startswith("scatter") and found.get("mode", "text") not in ("text", ""):
        modes = [m for m in str(found["mode"]).split("+") if m != "text"]
        found["mode"] = "+".join(modes)
    return found


def _is_word(trace: Mapping[str, Any]) -> bool:
    """Whether bars are not seen themselves: they hold the words of a cloud."""
    return trace.get("type") == "bar" and trace.get("marker", {}).get("color") == CLEAR


def _silent(part: Mapping[str, Any]) -> dict[str, Any]:
    """A trace, or a part of one, without what hovering, clicking and colour scales show."""
    found = {
        name: _silent(value) if isinstance(value, Mapping) else value
        for name, value in part.items()
        if name not in ("customdata", "hovertemplate", "hovertext", "colorbar", "title")
    }
    if "colorscale" in found or "showscale" in found:
        found["showscale"] = False
    return found


def _axis(axis: Mapping[str, Any]) -> dict[str, Any]:
    found = {k: v for k, v in axis.items() if k not in ("title", "rangeslider", "rangeselector")}
    found |= {"tickfont": {**found.get("tickfont", {}), "size": TICK_PX}, "nticks": TICKS}
    found |= {"automargin": True, "tickangle": 0, "fixedrange": True}
    return _thinned(found)


def _thinned(axis: dict[str, Any]) -> dict[str, Any]:
    """Of ticks that are written out, the first and some others, evenly."""
    values = axis.get("tickvals")
    if not isinstance(values, list | tuple) or len(values) <= TICKS:
        return axis
    every = -(-len(values) // TICKS)
    found = {**axis, "tickvals": list(values)[::every]}
    if isinstance(axis.get("ticktext"), list | tuple):
        found["ticktext"] = list(axis["ticktext"])[::every]
    return found


def _subplot(part: Mapping[str, Any]) -> dict[str, Any]:
    """A subplot of its own coordinates, without labels on its axes."""
    return {
        name: {**value, "showticklabels": False, "title": None}
        if name.endswith("axis") and isinstance(value, Mapping)
        else value
        for name, value in part.items()
    }


def _grid(drawing: Grid) -> Grid:
    columns = [c for c in drawing.columns if not c.get("hide")][:COLUMNS]
    return Grid(
        columns=[_column(c) for c in columns], rows=drawing.rows[:ROWS], summary=drawing.summary
    )


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    """A column, or the first column of a group, that cannot be sorted, filtered or moved."""
    found = {name: value for name, value in column.items() if name not in _UNMOVED}
    if "children" in found:
        found["children"] = [_column(c) for c in found["children"][:1]]
        return found
    still = {"sortable": False, "suppressMovable": True, "resizable": False}
    return found | still | {"flex": 1, "minWidth": 20}


def _beginning(markdown: str) -> str:
    """The first lines of a text, whole."""
    kept: list[str] = []
    for line in markdown.splitlines():
        if sum(map(len, kept)) + len(line) > CHARACTERS:
            break
        kept.append(line)
    return "\n".join(kept) or markdown[:CHARACTERS]
