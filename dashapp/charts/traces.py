"""Marks of series: which metric of which member, in which colour, as Plotly traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from dashapp.charts.analysis import Analysis
from dashapp.charts.asks import click_target, metric_title
from dashapp.charts.axes import SHARE, Style, style, time_text
from dashapp.charts.base import ClickTarget, Look
from dashapp.charts.colors import assign
from dashapp.charts.plot_options import SeriesOptions
from dashapp.charts.plotting import clicks_of, safe, shorten, typed, unique
from dashapp.charts.values import Plain
from dashapp.charts.wide import Ints, Wide
from dashapp.specs import DatasetSpec, Dimension, metric_name
from dashapp.specs.query import Metric

_FEW: Final = 4  # Up to so many names of a legend are told at length.


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
    shade: int = 0  # Of several comparisons of the same series: the first, second …
    of: int = 1  # How many there are in the legend.

    @property
    def legend(self) -> str:
        """The name, safe for Plotly and short enough for a phone, shorter among many.

        Among many the first part (a metric's title, that others share) leaves room for the rest.
        """
        if self.of <= _FEW:
            return safe(shorten(self.name, 32))
        first, dot, rest = self.name.partition(" · ")
        first = shorten(first, 10 if dot else 20)
        return safe(first + dot + shorten(rest, 21 - len(first)))

    @property
    def told(self) -> str:
        """The name as tooltips tell it: safe for Plotly, whole if it is no sentence."""
        return safe(shorten(self.name, 48))

    def styled(self, written: Style) -> Mark:
        """The same, its values written otherwise."""
        return replace(self, style=written)


def marks(
    wide: Wide,
    options: SeriesOptions,
    dataset: DatasetSpec,
    look: Look,
    computed: Analysis | None = None,
) -> list[Mark]:
    """What is to be drawn, metric by metric, series by series, with its colour and format.

    `computed` says what the answer shows instead of the metrics; the options themselves do if
    they can.
    """
    found: list[Mark] = []
    colors = _colors(wide, options.metrics, look)
    for metric in options.metrics:
        name, title = metric_name(metric), metric_title(metric, dataset)
        told = computed.told(name) if computed else ((name, None),)
        for place, (column, offset) in enumerate(told):
            written = _written(metric, column, wide, options, computed, dataset, look)
            for row, series in enumerate(wide.series):
                own = title
                if series.name:
                    own = series.name if len(options.metrics) == 1 else f"{title} · {series.name}"
                if offset and len(told) > 1:
                    own = f"{own} ({period_name(offset)})"
                color = colors[name, row]
                found.append(Mark(name, column, row, own, color, written, shade=place))
    return [replace(mark, of=len(found)) for mark in found]


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
    computed: Analysis | None,
    dataset: DatasetSpec,
    look: Look,
) -> Style:
    if computed is not None:
        if computed.compare and computed.compare_show == "change":
            return Style("+.1%", None, look.locale)
        is_ratio = computed.compare and computed.compare_show == "ratio"
        if computed.share != "none" or is_ratio:
            return Style(SHARE, None, look.locale)
    cells = wide.cells(column)
    return style(metric, dataset, look, cells, options.format, options.currency)


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


def along(wide: Wide, at: Ints, *, lying: bool = False) -> Any:
    """Coordinates of these places on the axis: times or numbers as typed array, or labels."""
    if wide.ms is not None:
        return typed(wide.ms[at])
    if wide.numbers is not None:
        return typed(wide.numbers[at])
    texts = wide.labels or axis_labels(wide, lying=lying)
    return [texts[i] for i in at.tolist()]


def labelled(wide: Wide, most: int | None = None, *, lying: bool = False) -> Wide:
    """The same with the labels of its axis of members worked out once, cut at `most`."""
    if wide.ms is not None or wide.numbers is not None:
        return wide
    return replace(wide, labels=axis_labels(wide, most, lying=lying))


def axis_labels(wide: Wide, most: int | None = None, *, lying: bool = False) -> list[str]:
    """Labels of an axis of members: short, different from each other, safe.

    Beside lying bars there is room for whole names.
    """
    from_many = 24 if lying else 14 if len(wide.texts) > 8 else 20
    return labels_of(wide.texts, most or from_many)


def labels_of(texts: Sequence[str], most: int) -> list[str]:
    """Labels of members that are already in words."""
    return [safe(t) for t in unique(shorten(t, most) for t in texts)]


def period_name(offset: str) -> str:
    """An offset in words: "1 year" is "1 year earlier"."""
    return offset if "period" in offset else f"{offset} earlier"


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
