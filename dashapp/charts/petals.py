"""Slices of a pie whose length tells their size: a rose."""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from dashapp.charts import part_labels
from dashapp.charts.axes import CLEAR, SHARE, Style
from dashapp.charts.formats import number
from dashapp.charts.plotting import safe, shorten
from dashapp.charts.slices import Slices


class Shape(Protocol):
    """Options of a pie that its rose looks at."""

    @property
    def rose(self) -> str: ...
    @property
    def donut(self) -> bool: ...
    @property
    def inner_radius(self) -> int: ...
    @property
    def outer_radius(self) -> int: ...
    @property
    def labels(self) -> part_labels.Labels: ...
    @property
    def label_template(self) -> str: ...
    @property
    def label_threshold(self) -> float: ...


_LEAST: Final = 4.0  # Percent; thinner petals lie too close for labels.


def _beside(angle: float) -> str:
    """Where a label stands at the tip of a petal (degrees clockwise from the top)."""
    if angle % 180 < 20 or angle % 180 > 160:
        return "bottom center" if 90 < angle < 270 else "top center"
    return "middle right" if angle < 180 else "middle left"


def petals(
    shape: Shape, slices: Slices, written: Style
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Traces and layout: lengths by size; angles equal, or by share."""
    shares = slices.sizes / slices.whole
    count = len(slices.names)
    widths = 360 * shares if shape.rose == "radius" else np.full(count, 360 / count)
    middles = np.cumsum(widths) - widths / 2
    inner = shape.inner_radius / shape.outer_radius if shape.donut else 0.0
    lengths = (1 - inner) * slices.sizes / float(slices.sizes.max())
    least = max(shape.label_threshold, _LEAST if shape.rose == "radius" else 0)
    traces: list[dict[str, Any]] = []
    texts = []
    for place, name in enumerate(slices.names):
        size = float(slices.sizes[place])
        value = safe(written.text(size))
        share = number(float(shares[place]), SHARE, None, written.locale)
        brief = safe(written.brief(size))
        words = {"name": safe(shorten(name, 24)), "value": brief, "share": share}
        text = part_labels.written(shape.labels, shape.label_template, words)
        texts.append(text if shares[place] * 100 >= least else "")
        traces.append({
            "type": "barpolar",
            "name": safe(shorten(name, 24)),
            "r": [float(lengths[place])],
            "base": [inner],
            "theta": [float(middles[place])],
            "width": [float(widths[place])],
            "marker": {"color": slices.colors[place], "line": {"color": CLEAR, "width": 1}},
            "customdata": [slices.clicks[place]],
            "hovertemplate": f"{safe(name)}<br><b>{value}</b> · {share}<extra></extra>",
        })  # fmt: skip
    if any(texts):
        traces.append({
            "type": "scatterpolar",
            "mode": "text",
            "r": [inner + float(length) + 0.03 for length in lengths],
            "theta": middles.tolist(),
            "text": texts,
            "textposition": [_beside(m) for m in middles.tolist()],
            "hoverinfo": "skip",
            "showlegend": False,
        })  # fmt: skip
    polar = {
        "bgcolor": CLEAR,
        "radialaxis": {"visible": False, "range": [0, 1.16 if any(texts) else 1.02]},
        "angularaxis": {"visible": False, "rotation": 90, "direction": "clockwise"},
    }
    return traces, {"polar": polar, "dragmode": False}
