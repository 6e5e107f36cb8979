"""Members as lines across several metrics: parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import EMPTY_COLOR, assign, shade
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import (
    NO_ROWS,
    Floats,
    encode,
    floats,
    labels,
    safe,
    shorten,
    typed,
)
from dashapp.charts.thinning import MOST_POINTS
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_LINES: Final = 2_000
CLASSES: Final = 12  # Colours of the lines on a scale.
_MOST_CORNERS: Final = 20_000  # Places where lines cross axes.
_NAMED: Final = 30  # Members whose names fit along an axis.
_OUTER: Final = 14  # Letters of an axis' name, which stands half beyond the outer ones.
_HALF_PX: Final = 3.4  # Half a letter.
_AXIS: Final = "rgba(138,143,152,0.7)"


class Parallel(ChartKind):
    """One line per member across axes of metrics, each from its least to its greatest value."""

    slug, title, family, icon = (
        "parallel", "Parallel coordinates", "distribution", "distribute-horizontal",
    )  # fmt: skip
    description = "How members compare in many metrics at once, a line each."

    class Options(PlotOptions):
        """What the lines are, and which axes they cross."""

        lines: Dimension | None = Field(
            None,
            title="Lines",
            description="One line per member of this dimension.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=20,
            title="Axes",
            description="Metrics, an axis each.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        color: Metric | None = Field(
            None,
            title="Colour",
            description="Metric that colours the lines; by default each member has its own.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        color_scale: str = Field(
            "blues",
            max_length=50,
            title="Colours",
            description="Scale of the colour metric.",
            json_schema_extra=LOOK | {"widget": "color_scale"},
        )
        member_axis: bool = Field(
            False,
            title="Axis of members",
            description="The first axis names the members, if they are few.",
            json_schema_extra=LOOK,
        )

        @property
        def asked(self) -> tuple[Metric, ...]:
            """The metrics asked for, each once."""
            given = (*self.metrics, *((self.color,) if self.color is not None else ()))
            return tuple({metric_name(m): m for m in given}.values())

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per member, the largest by the first metric first."""
        if options.lines is None:
            needs(options.lines, "lines", "Choose what the lines are.")
            raise AssertionError
        needs(options.metrics, "metrics", "Choose the axes.")
        first = Order(by=metric_name(options.metrics[0]), descending=True)
        order = options.order or (first,)
        query = options.base_query(dataset, (options.lines,), options.asked, order=order)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Lines across the axes, broken at empty values; those without any value are left out."""
        if options.lines is None or not options.metrics:
            return Empty("not_configured", "Choose lines and at least one metric.")
        table = _known(tables["main"], options.metrics)
        whole = table.num_rows
        table = table.slice(0, min(MOST_LINES, _MOST_CORNERS // len(options.metrics)))
        if not table.num_rows:
            return Empty("no_rows", NO_ROWS)
        found = encode(table, options.lines.name)
        members = found.members()
        spoken = words(members, options.lines, dataset, look)
        spokes = [_spoke(options, m, table, dataset, look) for m in options.metrics]
        heights = np.column_stack([s.heights for s in spokes])
        if options.member_axis:
            last = max(1, len(members) - 1)
            heights = np.column_stack([1 - found.codes / last, heights])
        colors, bar = _colors(options, table, dataset, look)
        data = [*_lines(heights, colors), *bar]
        own = [(members[c], spoken[c]) for c in found.codes]
        dots = colors if len(own) * len(spokes) <= MOST_POINTS else []
        for at, spoke in enumerate(spokes, start=int(options.member_axis)):
            data.append(_marks(spoke, at, own, dots))
        page = _page(options, spokes, spoken, dataset, look)
        told = cls._told(options, table, dataset, whole - table.num_rows)
        figure = {"data": data, "layout": page}
        return Plot(figure, (click_target(options.lines),), told)

    @classmethod
    def _told(cls, options: Options, table: pa.Table, dataset: DatasetSpec, left_out: int) -> str:
        axes = ", ".join(metric_title(m, dataset) for m in options.metrics)
        title = dimension_title(options.lines or Dimension(column="?"), dataset)
        rest = f" {left_out:,} lines left out." if left_out else ""
        return f"{table.num_rows:,} lines by {title} across {axes}.{rest}"


@dataclass(frozen=True)
class _Spoke:
    """One metric's axis: each line's value and height (0 to 1; not-a-number where empty)."""

    title: str
    written: Style
    values: Floats
    heights: Floats
    ends: tuple[tuple[float, float], ...]  # Heights and values that are written beside it.


def _known(table: pa.Table, metrics: Sequence[Metric]) -> pa.Table:
    """The rows that have a value in any of the metrics."""
    known = np.zeros(table.num_rows, dtype=bool)
    for metric in metrics:
        known |= np.isfinite(floats(table, metric_name(metric)))
    return table.filter(pa.array(known))


def _spoke(
    options: Parallel.Options, metric: Metric, table: pa.Table, dataset: DatasetSpec, look: Look
) -> _Spoke:
    values = floats(table, metric_name(metric))
    known = values[np.isfinite(values)]
    written = style(metric, dataset, look, values, options.format, options.currency)
    title = metric_title(metric, dataset)
    if not len(known):
        return _Spoke(title, written, values, values, ())
    low, high = float(known.min()), float(known.max())
    if low == high:
        return _Spoke(title, written, values, values - low + 0.5, ((0.5, low),))
    heights = (values - low) / (high - low)
    return _Spoke(title, written, values, heights, ((0.0, low), (1.0, high)))


def _colors(
    options: Parallel.Options, table: pa.Table, dataset: DatasetSpec, look: Look
) -> tuple[list[str], list[dict[str, Any]]]:
    """Each line's colour, and what draws the bar of the scale: by a metric, or a member's own."""
    if options.color is None:
        found = encode(table, (options.lines or Dimension(column="")).name)
        members = found.members()
        given = assign(members, look)
        return [given[members[c]] for c in found.codes], []
    values = floats(table, metric_name(options.color))
    known = values[np.isfinite(values)]
    if not len(known):
        return [EMPTY_COLOR] * len(values), []
    low, high = float(known.min()), float(known.max())
    shares = (values - low) / (high - low) if high > low else values - low
    of = np.minimum(np.nan_to_num(shares) * CLASSES, CLASSES - 1).astype(np.int64)
    steps = [shade((i + 0.5) / CLASSES, options.color_scale) for i in range(CLASSES)]
    colors = [steps[c] if k else EMPTY_COLOR for c, k in zip(of, np.isfinite(values), strict=True)]
    written = style(options.color, dataset, look, values, options.format, options.currency)
    title = metric_title(options.color, dataset)
    return colors, [_bar(steps, low, high, title, written)] if high > low else []


def _bar(steps: list[str], low: float, high: float, title: str, written: Style) -> dict[str, Any]:
    """The bar of the scale, carried by a trace without points."""
    count = len(steps)
    return {
        "type": "scatter", "mode": "markers", "x": [None], "y": [None], "hoverinfo": "skip",
        "showlegend": False,
        "marker": {
            "color": [low], "cmin": low, "cmax": high, "showscale": True,
            "colorscale": [[(i + at) / count, c] for i, c in enumerate(steps) for at in (0, 1)],
            "colorbar": {
                "thickness": 10, "outlinewidth": 0, "len": 1, "nticks": 5, "xpad": 6, "ypad": 0,
                "ticks": "", "tickfont": {"size": 11}, **written.ticks(),
                "title": {"text": safe(shorten(title, 40)), "side": "right", "font": {"size": 11}},
            },
        },
    }  # fmt: skip


def _lines(heights: Floats, colors: Sequence[str]) -> list[dict[str, Any]]:
    """One trace per colour; its lines (rows of heights) are parted by gaps."""
    count, across = heights.shape
    opacity, width = (0.85, 1.8) if count <= 30 else (0.6, 1.2) if count <= 300 else (0.35, 1.0)
    along = np.arange(across + 1, dtype=np.float64)
    along[across] = np.nan
    cut = np.column_stack([heights, np.full(count, np.nan)])
    of: npt.NDArray[np.str_] = np.array(colors)
    found = []
    for color in dict.fromkeys(colors):
        own = cut[of == color]
        found.append({
            "type": "scatter", "mode": "lines", "x": typed(np.tile(along, len(own))),
            "y": typed(own.ravel()), "line": {"color": color, "width": width},
            "opacity": opacity, "connectgaps": False, "hoverinfo": "skip", "showlegend": False,
        })  # fmt: skip
    return found


def _marks(
    spoke: _Spoke, at: int, members: Sequence[tuple[Plain, str]], colors: Sequence[str]
) -> dict[str, Any]:
    """Where lines cross an axis: what hovers and is clicked. Dots where there are colours."""
    has = np.flatnonzero(np.isfinite(spoke.heights)).tolist()
    drawn: dict[str, Any] = {"mode": "lines", "line": {"width": 0}}
    if colors:
        drawn = {
            "mode": "markers", "marker": {"color": [colors[i] for i in has], "size": 5},
            "selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 0.08}},
        }  # fmt: skip
    return {
        "type": "scatter", **drawn,
        "x": typed(np.full(len(has), float(at))), "y": typed(spoke.heights[has]),
        "text": typed(spoke.values[has]), "hovertext": [safe(members[i][1]) for i in has],
        "customdata": [[members[i][0]] for i in has], "cliponaxis": False, "showlegend": False,
        "hovertemplate": f"%{{hovertext}}<br>{safe(spoke.title)}: "
        f"<b>{spoke.written.hover('text')}</b><extra></extra>",
    }  # fmt: skip


def _page(
    options: Parallel.Options,
    spokes: Sequence[_Spoke],
    spoken: Sequence[str],
    dataset: DatasetSpec,
    look: Look,
) -> dict[str, Any]:
    """Upright axes with their names above and the ends of their values beside them."""
    titles = [s.title for s in spokes]
    if options.member_axis and options.lines is not None:
        titles.insert(0, dimension_title(options.lines, dataset))
    last = len(titles) - 1
    first = int(options.member_axis)
    names = labels(titles, min(_OUTER, max(6, 60 // len(titles))))
    size = 11 if last < 6 else 9
    xaxis = {
        "type": "linear", "side": "top", "range": [-0.02, last + 0.02] if last else [-0.5, 0.5],
        "tickvals": list(range(last + 1)), "ticktext": names,
        "ticklabelstandoff": 14, "showgrid": False, "zeroline": False, "fixedrange": True,
        "automargin": True, "ticks": "",
    }  # fmt: skip
    yaxis = {
        "type": "linear", "range": [0, 1], "showgrid": False, "zeroline": False,
        "fixedrange": True, "automargin": True, "ticks": "", "showticklabels": False,
    }  # fmt: skip
    if options.member_axis:
        places = list(range(0, len(spoken), max(1, -(-len(spoken) // _NAMED))))
        yaxis |= {
            "showticklabels": True,
            "tickvals": [1 - p / max(1, len(spoken) - 1) for p in places],
            "ticktext": labels([spoken[p] for p in places], 14),
        }
    ends = [
        {"x": at, "y": height, "text": safe(s.written.brief(value)), "showarrow": False,
         "yanchor": "top" if height == 0 else "bottom",
         "xanchor": "center", "yshift": 3 if height == 0.5 else 0,
         "font": {"size": size}}
        for at, s in enumerate(spokes, start=first) for height, value in s.ends
    ]  # fmt: skip
    upright = [
        {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "layer": "below",
         "line": {"color": _AXIS, "width": 1}}
        for at in range(last + 1)
    ]  # fmt: skip
    page = layout(look, xaxis=xaxis, yaxis=yaxis, shapes=upright, annotations=ends)
    left, right = (max(24, 4 + _HALF_PX * len(names[at])) for at in (0, -1))
    page["margin"] = {"l": left, "r": right, "t": 30, "b": 20}
    return page
