"""Areas along time, numbers or members: stacked, as shares, as a stream, or each by itself."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import LOOK
from dashapp.charts.axes import SHARE, Style
from dashapp.charts.bars import shares
from dashapp.charts.base import Look
from dashapp.charts.colors import faded
from dashapp.charts.formats import hover
from dashapp.charts.lines import DOT, FEW_POINTS, SHAPES, Stroke, earlier_total
from dashapp.charts.plotting import Floats, safe, typed
from dashapp.charts.thinning import Thinning
from dashapp.charts.time import LineShape, OverTime
from dashapp.charts.traces import Mark, along, moments
from dashapp.charts.wide import Ints, Wide


class Area(OverTime):
    """Metrics along time or a dimension as areas, stacked or not."""

    slug, title, icon = "area", "Area chart", "graph-up-arrow"
    description = "How a whole and its parts move over time."

    class Options(OverTime.Options):
        """Areas, and how they are stacked."""

        stack: Literal["none", "stacked", "percent", "stream"] = Field(
            "stacked",
            title="Stack",
            description="On top of each other, as shares of the whole, around a middle line, "
            "or each from zero.",
            json_schema_extra=LOOK,
        )
        shape: LineShape = Field(
            "straight",
            title="Line",
            description="How points are joined.",
            json_schema_extra=LOOK,
        )
        markers: Literal["always", "never"] = Field(
            "never", title="Markers", description="Dots on the points.", json_schema_extra=LOOK
        )
        totals: bool = Field(
            False,
            title="Totals",
            description="Write the sum over the stack.",
            json_schema_extra=LOOK,
        )
        label_least: float = Field(
            0,
            ge=0,
            le=1,
            title="Least share of labels",
            description="Value labels only on parts that are at least this share of their stack.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def ticks(cls, options: Any, drawn: list[Mark], look: Look) -> Style:
        """As the values are written; shares as percent."""
        return Style(SHARE, None, look.locale) if options.stack == "percent" else drawn[0].style

    @classmethod
    def values(cls, options: Any, ticks: Style) -> dict[str, Any]:
        """The axis of values, from zero; up to the whole for shares; none under a stream."""
        axis = super().values(options, ticks)
        if options.stack == "percent":
            return axis | {"range": [0, 1], "autorange": False}
        if options.stack == "stream":  # Heights count, not places.
            return axis | {"showticklabels": False, "showgrid": False, "zeroline": False}
        return axis if options.log else axis | {"rangemode": "tozero"}

    @classmethod
    def traces(
        cls, options: Options, wide: Wide, drawn: list[Mark], look: Look, thinning: Thinning
    ) -> list[dict[str, Any]]:
        """Each area; missing buckets count as nothing in a stack."""
        stack = options.stack
        if stack == "none" or (stack == "stacked" and len(drawn) == 1):
            stroke = Stroke(
                thinning, SHAPES[options.shape], options.markers, options.value_labels,
                options.fill == "null", size=options.marker_size,
            )  # fmt: skip
            return cls.apart(options, wide, drawn, stroke, _given(options.opacity, 0.15))
        values = [wide.cells(m.column)[m.row] for m in drawn]
        whole = np.nansum(np.vstack(values), axis=0)
        parts = shares(values)
        lengths = parts if stack == "percent" else values
        at = _common(
            wide, whole, lengths, values, thinning
        )  # What is stacked needs the same places.
        clicks = moments(wide, at)
        found = [_under(wide, whole, at)] if stack == "stream" else []
        for mark, value, length, part in zip(drawn, values, lengths, parts, strict=True):
            trace = _stacked(options, wide, mark, at, value[at], length[at], part[at])
            found.append(trace | {"customdata": clicks})
        if options.totals and stack != "percent":
            found.append(_totals(wide, whole, drawn[0], stack == "stream"))
        return found + (cls._past(options, wide, drawn, thinning) if stack == "stacked" else [])

    @classmethod
    def _past(
        cls, options: Options, wide: Wide, drawn: list[Mark], thinning: Thinning
    ) -> list[dict[str, Any]]:
        """What the whole was in earlier periods, as dashed lines."""
        found = []
        for place, offset in enumerate(options.compare if options.compare_values else ()):
            columns = [f"{m.metric} ({offset})" for m in drawn]
            if all(wide.has(c) for c in columns):
                found.append(earlier_total(wide, drawn, columns, offset, place, thinning))
        return found


def _given(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _common(
    wide: Wide, whole: Floats, lengths: list[Floats], values: list[Floats], thinning: Thinning
) -> Ints:
    """Places that keep the extremes of a stack and of all its parts."""
    shapes = [np.nan_to_num(shape) for shape in (whole, *lengths)]
    return thinning.kept(wide.across, *shapes, told=values)


def _stacked(
    options: Area.Options,
    wide: Wide,
    mark: Mark,
    at: Ints,
    y: Floats,
    length: Floats,
    part: Floats,
) -> dict[str, Any]:
    template = mark.style.hover("y")
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines" if options.markers == "never" else "lines+markers",
        "name": mark.legend,
        "stackgroup": "all",
        "x": along(wide, at),
        "y": typed(np.nan_to_num(length)),
        "line": {"color": mark.color, "width": 1, "shape": SHAPES[options.shape]},
        "fillcolor": faded(mark.color, _given(options.opacity, 0.7)),
    }
    if options.markers == "always":
        trace["marker"] = {"size": options.marker_size or DOT, "color": mark.color}
    if options.stack == "percent":
        template = f"{hover('y', SHARE)} ({mark.style.hover('text')})"
        trace["text"] = np.nan_to_num(y).tolist()
    if options.value_labels and not options.totals:
        _label(trace, options, mark, y, part)
    trace["hovertemplate"] = f"{template}<extra>{mark.told}</extra>"
    return trace


def _label(
    trace: dict[str, Any], options: Area.Options, mark: Mark, y: Floats, part: Floats
) -> None:
    """Values at the upper edge of an area, where it is large enough, of a short stack."""
    if len(y) > FEW_POINTS:
        return
    large = np.nan_to_num(part) >= max(options.label_least, 1e-12)
    if len(large) > 2:
        large[[0, -1]] = False  # They would be cut off at the edges of the plot.
    if options.stack == "percent":
        share = Style(SHARE, None, mark.style.locale)
        texts = [share.text(v) for v in part.tolist()]
        trace["texttemplate"] = [safe(t) if k else "" for t, k in zip(texts, large, strict=True)]
    else:
        shown = zip(y.tolist(), large.tolist(), strict=True)
        trace["text"] = [safe(mark.style.brief(v)) if k else "" for v, k in shown]
    trace["mode"] += "+text"
    trace |= {"textposition": "bottom center", "textfont": {"size": 10}, "cliponaxis": False}


def _under(wide: Wide, whole: Floats, at: Ints) -> dict[str, Any]:
    """What a stream floats on, unseen: half of the whole, below the middle line."""
    return {
        "type": "scatter", "mode": "lines", "name": "", "stackgroup": "all",
        "x": along(wide, at), "y": typed(-whole[at] / 2),
        "line": {"width": 0}, "fillcolor": "rgba(0,0,0,0)", "hoverinfo": "skip",
        "showlegend": False,
    }  # fmt: skip


def _totals(wide: Wide, whole: Floats, mark: Mark, is_stream: bool) -> dict[str, Any]:
    """The sum over each stack, as text; of a long one at its highest place alone."""
    at = np.arange(len(whole))
    if len(at) > FEW_POINTS:
        at = at[[int(np.argmax(whole))]]
    return {
        "type": "scatter", "mode": "text", "name": "Total", "showlegend": False,
        "x": along(wide, at), "y": typed(whole[at] / 2 if is_stream else whole[at]),
        "text": [safe(mark.style.brief(v)) for v in whole[at].tolist()],
        "textposition": "top center", "textfont": {"size": 11}, "hoverinfo": "skip",
        "cliponaxis": False,
    }  # fmt: skip
