"""Word clouds: members as words, as large as their metric."""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import CLEAR, Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.cloud import Box, lay
from dashapp.charts.colors import OTHER_COLOR, shade
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import NO_ROWS, safe, shorten, typed
from dashapp.charts.slices import Slices, sliced
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

Rotation = Literal["flat", "square", "random"]
_ANGLES: Final[dict[str, tuple[int, ...]]] = {
    "flat": (0,),
    "square": (0, 0, -90),
    "random": (0, 0, -60, -30, 30, 60),
}
_LETTERS_PX: Final = 400  # Far larger than any tile: Plotly makes words fit their boxes.

_PAD: Final = 0.9  # Cells; Plotly keeps text three pixels away from the edges of its bar.


class WordCloud(ChartKind):
    """Members of a dimension as words, as large as their metric."""

    slug, title, family, icon = "word_cloud", "Word cloud", "text", "cloud"
    description = "Many names at a glance, the larger the more they count."

    class Options(PlotOptions):
        """Which words, how large, and how they lie."""

        dimension: Dimension | None = Field(
            None,
            title="Words",
            description="One word per member.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="How large a word is.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        limit: int | None = Field(
            100,
            ge=1,
            le=1_000_000,
            title="Most rows",
            description="Rows to ask for; the largest are kept.",
            json_schema_extra=DATA,
        )
        words: int = Field(
            150,
            ge=1,
            le=400,
            title="Most words",
            description="Words to draw; the largest are kept.",
            json_schema_extra=LOOK,
        )
        size_from: int = Field(
            10,
            ge=1,
            le=500,
            title="Size from",
            description="Size of letters at zero, in relation to the largest.",
            json_schema_extra=LOOK,
        )
        size_to: int = Field(
            70,
            ge=1,
            le=500,
            title="Size to",
            description="Size of letters of the largest word.",
            json_schema_extra=LOOK,
        )
        rotation: Rotation = Field(
            "flat",
            title="Rotation",
            description="All flat, some upright, or at several angles.",
            json_schema_extra=LOOK,
        )
        color_scale: str | None = Field(
            None,
            max_length=50,
            title="Colours",
            description="Scale of the metric; each word has its own colour by default.",
            json_schema_extra=LOOK | {"widget": "color_scale"},
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per word, largest first."""
        if options.dimension is None or options.metric is None:
            needs(options.dimension, "dimension", "Choose what the words are.")
            needs(options.metric, "metric", "Choose the metric that says how large words are.")
            raise AssertionError
        largest = Order(by=metric_name(options.metric), descending=True)
        query = options.base_query(
            dataset, (options.dimension,), (options.metric,), order=options.order or (largest,)
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Words in clear boxes, which scale with the tile; the largest is in the middle."""
        if options.dimension is None or options.metric is None:
            return Empty("not_configured", "Choose a dimension and a metric.")
        found = sliced(
            tables["main"], (options.dimension,), options.metric, dataset, look,
            sort="largest", most=options.words,
        )  # fmt: skip
        if not found.names:
            return Empty("no_rows", NO_ROWS)
        texts = [shorten(n, 28) for n in found.names]
        order = np.argsort(-found.sizes, kind="stable").tolist()
        angles = [_angle(n, options.rotation) for n in found.names]
        sizes = _letters(options, found)
        boxes = lay(
            [texts[i] for i in order], [sizes[i] for i in order], [angles[i] for i in order]
        )
        placed = [(order[b.word], b) for b in boxes]
        written = style(
            options.metric, dataset, look, found.sizes, options.format, options.currency
        )
        colors = _colors(options, found, look)
        data = [
            _words(
                [p for p in placed if angles[p[0]] == angle], angle, texts, found, colors, written
            )
            for angle in sorted({angles[i] for i, _ in placed})
        ]
        largest = order[0]
        told = (
            f"{metric_title(options.metric, dataset)} by "
            f"{dimension_title(options.dimension, dataset)}, {len(placed)} words: largest "
            f"{found.names[largest]} ({written.text(float(found.sizes[largest]))})."
        )
        figure = {"data": data, "layout": _page(boxes, look)}
        return Plot(figure, (click_target(options.dimension),), told)


def _letters(options: WordCloud.Options, found: Slices) -> list[float]:
    """Sizes of letters, on a line from zero to the largest value."""
    share = found.sizes / float(found.sizes.max())
    return list((options.size_from + share * (options.size_to - options.size_from)).tolist())


def _angle(name: str, rotation: Rotation) -> int:
    """A word's angle in degrees; it follows from the word itself."""
    choices = _ANGLES[rotation]
    at = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")
    return choices[at % len(choices)]


def _colors(options: WordCloud.Options, found: Slices, look: Look) -> list[str]:
    if options.color_scale is None:
        return found.colors
    low, high = float(found.sizes.min()), float(found.sizes.max())
    span = (high - low) or 1.0
    # The palest third of a scale cannot be read as text.
    return [shade(0.35 + 0.65 * (s - low) / span, options.color_scale) for s in found.sizes]


def _words(
    placed: list[tuple[int, Box]],
    angle: int,
    texts: list[str],
    found: Slices,
    colors: list[str],
    written: Style,
) -> dict[str, Any]:
    """Words of one angle: clear bars, with text as large as fits into them."""
    return {
        "type": "bar",
        "orientation": "h",
        "base": typed([b.x - b.width / 2 - _PAD for _, b in placed]),
        "x": typed([b.width + 2 * _PAD for _, b in placed]),
        "y": typed([b.y for _, b in placed]),
        "width": typed([b.height + 2 * _PAD for _, b in placed]),
        "text": [safe(texts[i]) for i, _ in placed],
        "textangle": angle,
        "textposition": "inside",
        "insidetextanchor": "middle",
        "constraintext": "inside",
        "insidetextfont": {"size": _LETTERS_PX, "color": [colors[i] for i, _ in placed]},
        "marker": {"color": CLEAR, "line": {"width": 0}},
        "cliponaxis": False,
        "customdata": [found.clicks[i] for i, _ in placed],
        "hovertext": [
            f"{safe(found.names[i])}<br><b>{safe(written.text(float(found.sizes[i])))}</b>"
            for i, _ in placed
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "hoverlabel": {"bgcolor": [colors[i] for i, _ in placed]},
        "unselected": {"textfont": {"color": OTHER_COLOR}},
        "showlegend": False,
    }


def _page(boxes: list[Box], look: Look) -> dict[str, Any]:
    """Hidden axes that end where the words do."""
    left, right = min(b.x - b.width / 2 for b in boxes), max(b.x + b.width / 2 for b in boxes)
    top, bottom = min(b.y - b.height / 2 for b in boxes), max(b.y + b.height / 2 for b in boxes)
    axis = {"visible": False, "fixedrange": True}
    page = layout(
        look,
        xaxis=axis | {"range": [left - _PAD, right + _PAD]},
        yaxis=axis | {"range": [bottom + _PAD, top - _PAD]},
        barmode="overlay",
        hovermode="closest",
    )
    page["margin"] = {"l": 2, "r": 2, "t": 2, "b": 2}
    return page
