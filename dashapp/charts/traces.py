"""Marks of series: which metric of which member, in which colour, as Plotly traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from dashapp.charts.asks import click_target, metric_title
from dashapp.charts.axes import GREY, SHARE, Style, style, time_text
from dashapp.charts.base import ClickTarget, Look
from dashapp.charts.colors import OTHER, assign, faded
from dashapp.charts.plot_options import MemberOptions, SeriesOptions, TimeOptions
from dashapp.charts.plotting import Floats, clicks_of, safe, shorten, thinned, typed, unique
from dashapp.charts.values import Plain
from dashapp.charts.wide import Ints, Wide
from dashapp.specs import DatasetSpec, Dimension, metric_name
from dashapp.specs.query import Metric

Shape = Literal["linear", "spline", "hv", "vh", "hvh"]

EARLIER_DASH: Final = "4px,3px"
FEW_POINTS: Final = 31  # A line of so few points shows them as dots too.


@dataclass(frozen=True)
class Mark:
    """One series of one metric: `name` in words (not safe), `column` of the answer drawn."""

    metric: str
    column: str
    row: int
    name: str
    color: str
    style: Style
    has_title: bool = False

    @property
    def legend(self) -> str:
        """The name, safe for Plotly and short enough for a phone."""
        return safe(shorten(self.name, 32))


def marks(wide: Wide, options: SeriesOptions, dataset: DatasetSpec, look: Look) -> list[Mark]:
    """What is to be drawn, metric by metric, series by series, with its colour and format."""
    found: list[Mark] = []
    colors = _colors(wide, options.metrics, look)
    for metric in options.metrics:
        name, title = metric_name(metric), metric_title(metric, dataset)
        column = options.drawn(name) if isinstance(options, TimeOptions) else name
        written = _written(metric, column, wide, options, dataset, look)
        for row, series in enumerate(wide.series):
            own = title
            if series.name:
                own = series.name if len(options.metrics) == 1 else f"{title} · {series.name}"
            color = colors[name, row]
            found.append(Mark(name, column, row, own, color, written))
    return found


def _colors(wide: Wide, metrics: Sequence[Metric], look: Look) -> dict[tuple[str, int], str]:
    """Members keep their colours; metrics without series take the palette in order."""
    names = [metric_name(m) for m in metrics]
    if len(wide.series) == 1 and not wide.series[0].name:
        return {(n, 0): look.colors.get(n, look.palette[i % len(look.palette)])
                for i, n in enumerate(names)}  # fmt: skip
    keys: dict[tuple[str, int], Plain] = {}
    for name in names:
        for row, series in enumerate(wide.series):
            own = series.members[0] if len(series.members) == 1 else series.name
            keys[name, row] = own if len(names) == 1 else f"{name} · {series.name}"
    given = assign(keys.values(), look)
    return {at: given[key] for at, key in keys.items()}


def _written(
    metric: Metric,
    column: str,
    wide: Wide,
    options: SeriesOptions,
    dataset: DatasetSpec,
    look: Look,
) -> Style:
    if isinstance(options, TimeOptions):
        if options.compare and options.compare_show == "change":
            return Style("+.1%", None, look.locale)
        if options.share != "none" or (options.compare and options.compare_show == "ratio"):
            return Style(SHARE, None, look.locale)
    return style(metric, dataset, look, wide.cells(column), options.format)


def arranged(wide: Wide, options: MemberOptions, columns: list[str]) -> Wide:
    """Members of an axis in the order asked for, at most as many as asked for."""
    size = np.zeros(wide.shape[1])
    for column in columns:
        size += np.nansum(wide.cells(column), axis=0)
    if wide.ms is None and len(size) > options.members:
        sign = 1 if options.sort == "smallest" else -1
        rank = np.argsort(sign * size, kind="stable").tolist()
        rank.sort(key=lambda i: wide.values[i] != OTHER)  # The rest is always told.
        spare = OTHER in wide.values
        kept = np.sort(np.array(rank[: options.members + spare]))
        wide, size = wide.keep(kept), size[kept]
    return wide.sorted(options.sort, size)


def targets(axis: Dimension, series: Sequence[Dimension]) -> tuple[ClickTarget, ...]:
    """What a mark's customdata stands for: the axis' member, then the series' members."""
    return (click_target(axis), *(click_target(d) for d in series))


def customdata(wide: Wide, row: int, at: Ints) -> list[list[Plain] | None]:
    """Raw members of a series' marks at these places, in the order of `targets`."""
    series = wide.series[row]
    if series.is_other:
        return [None] * len(at)
    values = [wide.values[i] for i in at.tolist()]
    return clicks_of(values, *([m] * len(values) for m in series.members), has_other=True)


def moments(wide: Wide, at: Ints) -> list[list[Plain] | None]:
    """Raw members of the axis alone at these places: unified hover picks all series at once."""
    return clicks_of([wide.values[i] for i in at.tolist()], has_other=wide.ms is None)


@dataclass(frozen=True)
class Stroke:
    """How lines are drawn."""

    shape: Shape = "linear"
    markers: Literal["auto", "always", "never"] = "auto"
    labels: bool = False
    gaps: bool = True  # Whether buckets without a row break the line.
    yaxis: str = "y"


def line(wide: Wide, mark: Mark, stroke: Stroke) -> dict[str, Any]:
    """A line along time or members."""
    y = wide.cells(mark.column)[mark.row]
    shown = np.ones(len(y), dtype=bool) if stroke.gaps else wide.present()[mark.row]
    at = _trimmed(np.flatnonzero(shown), y)
    at = at[thinned(y[at])]
    trace: dict[str, Any] = {
        "type": "scatter",
        "name": mark.legend,
        "x": along(wide, at),
        "y": typed(y[at]),
        "mode": "lines",
        "line": {"color": mark.color, "width": 2, "shape": stroke.shape},
        "hovertemplate": f"{mark.style.hover('y')}<extra>{mark.legend}</extra>",
        "customdata": moments(wide, at),
        **_dots(y[at], stroke, mark.color),
    }
    if stroke.yaxis != "y":
        trace["yaxis"] = stroke.yaxis
    if stroke.labels:
        _label(trace, y[at], mark.style)
    return trace


def _trimmed(at: Ints, y: Floats) -> Ints:
    """Places without the empty ones at the end (a forecast's buckets have no value yet)."""
    known = np.flatnonzero(np.isfinite(y[at]))
    return at[: known[-1] + 1] if len(known) else at[:0]


def along(wide: Wide, at: Ints, *, lying: bool = False) -> Any:
    """Coordinates of these places on the axis: times as typed array, or category labels."""
    if wide.ms is not None:
        return typed(wide.ms[at])
    texts = axis_labels(wide, lying=lying)
    return [texts[i] for i in at.tolist()]


def axis_labels(wide: Wide, *, lying: bool = False) -> list[str]:
    """Labels of an axis of members: short, different from each other, safe.

    Beside lying bars there is room for whole names.
    """
    from_many = 24 if lying else 14 if len(wide.texts) > 8 else 20
    return labels_of(wide.texts, from_many)


def labels_of(texts: Sequence[str], most: int) -> list[str]:
    """Labels of members that are already in words."""
    return [safe(t) for t in unique(shorten(t, most) for t in texts)]


def _dots(y: Floats, stroke: Stroke, color: str) -> dict[str, Any]:
    """Markers, where asked for, where a line has few points, and on points without neighbours."""
    wanted = stroke.markers == "always" or (stroke.markers == "auto" and len(y) <= FEW_POINTS)
    if wanted:
        return {"mode": "lines+markers", "marker": {"size": 6, "color": color}}
    known = np.isfinite(y)
    before, after = np.r_[False, known[:-1]], np.r_[known[1:], False]
    alone = known & ~before & ~after
    if not alone.any():
        return {}
    sizes = np.where(alone, 5.0, 0.0)
    return {"mode": "lines+markers", "marker": {"size": typed(sizes), "color": color}}


def _label(trace: dict[str, Any], y: Floats, written: Style) -> None:
    """Write values at the points of a short line, at the last one of a long line."""
    trace["mode"] += "+text"
    trace["textposition"] = "top center"
    trace["textfont"] = {"size": 11}
    trace["cliponaxis"] = False
    told = len(y) if len(y) <= FEW_POINTS else 1
    texts = [safe(written.brief(v)) if np.isfinite(v) else "" for v in y[len(y) - told :].tolist()]
    trace["text"] = [""] * (len(y) - told) + texts


def earlier(
    trace: dict[str, Any], wide: Wide, mark: Mark, column: str, offset: str
) -> dict[str, Any]:
    """The same line in an earlier period: dashed and paler, under the present one."""
    y = wide.cells(column)[mark.row]
    at = np.flatnonzero(np.isfinite(y))
    name = f"{mark.legend} ({safe(period_name(offset))})"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "legendrank": 1100,
        "x": along(wide, at),
        "y": typed(y[at]),
        "line": trace["line"] | {
            "color": faded(mark.color, 0.7), "dash": EARLIER_DASH, "width": 1.5,
        },
        "hovertemplate": f"{mark.style.hover('y')}<extra>{name}</extra>",
    }  # fmt: skip


def earlier_total(
    wide: Wide, drawn: Sequence[Mark], columns: Sequence[str], offset: str, look: Look
) -> dict[str, Any]:
    """The earlier period's sum over a stack, as a dashed line."""
    parts = np.vstack([wide.cells(c)[m.row] for m, c in zip(drawn, columns, strict=True)])
    at = np.flatnonzero(np.isfinite(parts).any(axis=0))
    total = np.nansum(parts, axis=0)[at]
    name = f"Total ({safe(period_name(offset))})"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": along(wide, at),
        "y": typed(total),
        "line": {"color": GREY, "width": 2, "dash": EARLIER_DASH},
        "hovertemplate": f"{drawn[0].style.hover('y')}<extra>{name}</extra>",
    }


def period_name(offset: str) -> str:
    """An offset in words: "1 year" is "1 year earlier"."""
    return offset if "period" in offset else f"{offset} earlier"


def forecast(wide: Wide, mark: Mark, yaxis: str = "y") -> list[dict[str, Any]]:
    """The band and the dashed line of a forecast, joined to the last known value."""
    parts = [wide.cells(f"{mark.metric} {p}")[mark.row] for p in ("low", "high", "forecast")]
    known = wide.cells(mark.column)[mark.row]
    ahead = np.flatnonzero(np.isfinite(parts[2]) & ~np.isfinite(known))
    past = np.flatnonzero(np.isfinite(known))
    if not len(ahead):
        return []
    low, high, middle = (p[ahead] for p in parts)
    if len(past):
        ahead = np.r_[past[-1], ahead]
        low, high, middle = (np.r_[known[past[-1]], p] for p in (low, high, middle))
    x, name = along(wide, ahead), f"{mark.legend} (forecast)"
    common = {"type": "scatter", "mode": "lines", "x": x, "showlegend": False, "yaxis": yaxis}
    clear = {"width": 0, "color": mark.color}
    return [
        common | {"y": typed(low), "line": clear, "hoverinfo": "skip", "name": name},
        common | {
            "y": typed(high), "line": clear, "hoverinfo": "skip", "name": name,
            "fill": "tonexty", "fillcolor": faded(mark.color, 0.18),
        },
        common | {
            "y": typed(middle), "name": name,
            "line": {"color": mark.color, "width": 2, "dash": "3px,3px"},
            "hovertemplate": f"{mark.style.hover('y')}<extra>{name}</extra>",
        },
    ]  # fmt: skip


def place_text(wide: Wide, at: int, axis: Dimension, look: Look) -> str:
    """A place on the axis in words."""
    if wide.ms is not None:
        return time_text(float(wide.ms[at]), axis.grain, look.locale)
    return wide.texts[at]


def summary(wide: Wide, drawn: Sequence[Mark], axis: Dimension, title: str, look: Look) -> str:
    """One sentence for people who hear the chart: what, where from and to, and its extremes."""
    values = [wide.cells(m.column)[m.row] for m in drawn]
    if not drawn or not any(np.isfinite(v).any() for v in values):
        return ""
    first, last = place_text(wide, 0, axis, look), place_text(wide, wide.shape[1] - 1, axis, look)
    several = len(drawn) > 1
    where = f" from {first} to {last}" if wide.ms is not None else f" for {wide.shape[1]} members"
    head = f"{title}{f', {len(drawn)} series' if several else ''}{where}"
    most = max(range(len(drawn)), key=lambda i: np.nanmax(values[i], initial=-np.inf))
    least = min(range(len(drawn)), key=lambda i: np.nanmin(values[i], initial=np.inf))

    def told(which: int, place: int) -> str:
        own = f"{drawn[which].name}, " if several else ""
        value = drawn[which].style.text(float(values[which][place]))
        return f"{value} ({own}{place_text(wide, place, axis, look)})"

    text = f"{head}: highest {told(most, int(np.nanargmax(values[most])))}, "
    text += f"lowest {told(least, int(np.nanargmin(values[least])))}"
    if wide.ms is not None and not several:
        at = int(np.flatnonzero(np.isfinite(values[0]))[-1])
        text += f", last {told(0, at)}"
    return text + "."
