"""Parts of parts: colours, labels and legends of treemaps, sunbursts and icicles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np

from dashapp.charts.asks import click_target, dimension_title, metric_title
from dashapp.charts.axes import CLEAR, SHARE, Style, layout, style
from dashapp.charts.base import Look, Plot
from dashapp.charts.colors import OTHER_COLOR, assign, ink, mix, scale, shade
from dashapp.charts.formats import hover, number
from dashapp.charts.nested import NestedOptions, Nodes
from dashapp.charts.plotting import safe, shorten, typed
from dashapp.specs import DatasetSpec

_MANY: Final = 25  # From so many parts on, extreme ones do not stretch the scale.
_NO_AXIS: Final = {"visible": False, "fixedrange": True}
_TEXTS: Final[dict[str, str]] = {
    "name": "%{label}",
    "name and value": "%{label}<br>%{text}",
    "name and share": "%{label}<br>" + hover("percentRoot", SHARE),
    "value": "%{text}",
    "none": "",
}


def colors(
    nodes: Nodes,
    scale_name: str,
    look: Look,
    branches: Literal["darker", "stronger"],
    diverging: bool = False,
) -> list[str]:
    """Each part's colour: on the scale of the colour metric, or a tint of its outermost member's.

    Leaves have the member's own colour and branches are darker, so that leaves stand out on
    them; or the outermost branch has it and what is further in is paler.
    """
    if colored(nodes):
        low, high = ends(nodes.shades, diverging)
        span = (high - low) or 1.0
        return [
            OTHER_COLOR if np.isnan(v) else shade((v - low) / span, scale_name)
            for v in nodes.shades
        ]
    inside = [t for t, depth in zip(nodes.tops, nodes.depths, strict=True) if depth]
    given = assign(dict.fromkeys(inside), look)
    tint = _darker if branches == "darker" else _paler
    return [
        tint(given[top], depth, nodes.deepest) if depth else OTHER_COLOR
        for top, depth in zip(nodes.tops, nodes.depths, strict=True)
    ]


def _darker(color: str, depth: int, deepest: int) -> str:
    return color if depth == deepest else mix(color, "#000000", 0.4 - 0.08 * (depth - 1))


def _paler(color: str, depth: int, deepest: int) -> str:
    return mix(color, "#ffffff", min(0.5, 0.16 * (depth - 1)))


def colored(nodes: Nodes) -> bool:
    """Whether a metric colours the parts."""
    return any(np.isfinite(nodes.shades))


def ends(values: Sequence[float], diverging: bool = False) -> tuple[float, float]:
    """Ends of the scale; of many parts the outermost do not stretch it.

    With `diverging` they are as far below zero as above it.
    """
    known = np.array([v for v in values if np.isfinite(v)])
    if not len(known):
        return 0.0, 1.0
    cut = 4 if len(known) >= _MANY else 0
    low, high = float(np.percentile(known, cut)), float(np.percentile(known, 100 - cut))
    far = max(abs(low), abs(high))
    return (-far, far) if diverging else (low, high)


def trace(
    kind: str, nodes: Nodes, options: NestedOptions, written: Style, tint: list[str]
) -> dict[str, Any]:
    """What every nested trace has; `kind` is Plotly's name of it."""
    text = _TEXTS[options.labels]
    least = options.label_threshold / 100 * nodes.whole
    value = written.hover("value")
    share = "" if len(nodes.names) == 1 else f" · {hover('percentRoot', SHARE)}"
    return {
        "type": kind,
        "ids": nodes.ids,
        "labels": [safe(shorten(n, 24)) for n in nodes.names],
        "parents": ["" if p < 0 else str(p) for p in nodes.parents],
        "values": typed(nodes.sizes),
        "branchvalues": "total",
        "text": [safe(written.brief(v)) for v in nodes.sizes],
        "root": {"color": CLEAR},
        "marker": {"colors": tint, "line": {"width": 1, "color": CLEAR}},
        "textinfo": "none" if options.labels == "none" else "text",
        "texttemplate": [text if s >= least else "" for s in nodes.sizes],
        "textfont": {"color": [ink(c) for c in tint]},
        "hovertext": [safe(n) for n in nodes.paths],
        "hovertemplate": f"%{{hovertext}}<br><b>{value}</b>{share}<extra></extra>",
        "customdata": nodes.clicks,
        "sort": True,
        "mode": "",  # Means nothing here, but Dash reads it when the pointer is on the root.
    }


def told_shades(found: dict[str, Any], nodes: Nodes, title: str, written: Style) -> None:
    """Add the colour's value to what each part says under the pointer."""
    found["hovertext"] = [
        f"{text}<br>{safe(title)}: {safe(written.text(s))}"
        for text, s in zip(found["hovertext"], nodes.shades, strict=True)
    ]


def legend(nodes: Nodes, name: str, written: Style, diverging: bool = False) -> dict[str, Any]:
    """The colours' legend: it hangs on a point that is not drawn, nested traces have none."""
    low, high = ends(nodes.shades, diverging)
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


def shade_style(options: NestedOptions, nodes: Nodes, dataset: DatasetSpec, look: Look) -> Style:
    """How the colour metric is written; a ratio of two metrics as a share or a plain number."""
    values = np.array(nodes.shades)
    if options.color is None:
        return Style(",.2f", None, look.locale)
    if options.color_as == "ratio":
        known = values[np.isfinite(values)]
        share = bool(len(known)) and bool(((known >= 0) & (known <= 1)).all())
        return Style(SHARE if share else ",.3~g", None, look.locale)
    return style(options.color, dataset, look, values)


def shade_title(options: NestedOptions, dataset: DatasetSpec) -> str:
    """What the colour means."""
    if options.color is None or options.metric is None:
        return ""
    told = metric_title(options.color, dataset)
    if options.color_as == "mean":
        return told
    return f"{told} / {metric_title(options.metric, dataset)}"


def page(look: Look, **more: Any) -> dict[str, Any]:
    """A page without axes or margins."""
    found = layout(look, **more)
    found["margin"] = {"l": 0, "r": 0, "t": 0, "b": 0}
    found["uniformtext"] = {"mode": "hide", "minsize": 9}
    return found


def told(options: NestedOptions, nodes: Nodes, dataset: DatasetSpec, written: Style) -> str:
    """The parts in a sentence."""
    assert options.metric is not None
    largest = max(range(len(nodes.names)), key=lambda i: (nodes.depths[i] == 1, nodes.sizes[i]))
    return (
        f"{metric_title(options.metric, dataset)} by "
        f"{', '.join(dimension_title(d, dataset) for d in options.levels)}: "
        f"{nodes.leaves} parts, largest {nodes.names[largest]} "
        f"({written.text(nodes.sizes[largest])})."
    )


def plot(
    options: NestedOptions, data: list[dict[str, Any]], page_of: dict[str, Any], summary: str
) -> Plot:
    """The figure; a legend of colours has axes, which are not shown."""
    if data[-1]["type"] == "scatter":
        page_of |= {"xaxis": _NO_AXIS, "yaxis": _NO_AXIS}
    clicks = tuple(click_target(d) for d in options.levels)
    return Plot({"data": data, "layout": page_of}, clicks, summary)


def middle(whole: float, written: Style, title: str) -> dict[str, Any]:
    """The sum in the middle of a ring, short enough for a small one."""
    text = number(whole, "smart", written.currency, written.locale)
    return {
        "text": f"<b>{safe(text)}</b>", "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper",
        "xanchor": "center", "yanchor": "middle", "showarrow": False, "font": {"size": 16},
        "hovertext": safe(title),
    }  # fmt: skip
