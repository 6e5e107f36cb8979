"""Superset's charts along an axis (lines, areas, bars, mixed) as kinds of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from dashapp.errors import Invalid
from dashapp.services.superset import overlays, series
from dashapp.services.superset.mixed import mixed
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.time_written import write_area, write_bar, write_line, write_mixed
from dashapp.services.superset.written import Writer
from dashapp.specs import Dimension
from dashapp.specs.query import Metric

# How lines join points, by the kinds of series of Superset and by the words of its old charts.
JOINED: Final[dict[str, str]] = {
    "line": "straight", "scatter": "points", "smooth": "smooth", "start": "step before",
    "middle": "step middle", "end": "step", "linear": "straight", "basis": "smooth",
    "cardinal": "smooth", "monotone": "smooth", "step-before": "step before",
    "step-after": "step",
}  # fmt: skip
STACKS: Final[dict[str, str]] = {"Stack": "stacked", "Expand": "percent", "Stream": "stream"}


def _metrics(p: Params) -> tuple[Metric, ...]:
    found = p.metrics("metrics", "metric")
    if not found:
        raise Invalid("It has no metric.")
    return found


def common(p: Params) -> tuple[dict[str, Any], bool]:
    """Options that all of these kinds share, and whether the axis is one of members."""
    metrics = _metrics(p)
    placed, of_members = series.axis(p)
    found = p.narrowing() | p.series() | placed | {"metrics": metrics}
    found |= series.order(p, metrics) | series.series_order(p)
    if of_members:
        found |= series.sorting(p, placed["x"], metrics, bool(found["series"]))
    found |= series.analysis(p, not of_members) | series.looks(p) | overlays.layers(p)
    return found, of_members


def line(shape: str | None) -> Translator:
    """A translator of lines; `shape` overrules what the chart says."""

    def translate(p: Params) -> Translated:
        said = p.text("seriesType")
        old = JOINED.get(p.text("line_interpolation") or "linear", "straight")
        joined = shape or (JOINED.get(said, "straight") if said else old)
        stack = p.text("stack")
        if stack in STACKS and joined != "points":
            return _stacked(p, joined, STACKS[stack], line_of=True)
        return _line(p, joined)

    return translate


def _line(p: Params, shape: str) -> Translated:
    found, _ = common(p)
    found |= {"shape": shape, "from_zero": not _truncated(p)}
    found["markers"] = "always" if p.flag("markerEnabled") or p.flag("show_markers") else "never"
    if found["markers"] == "always" or shape == "points":
        found |= series.marker_size(p)
    if p.flag("area"):
        found |= {"area": True} | series.opacity(p)
    found["value_labels"] = p.flag("show_value")
    p.get("stack")
    return Translated("line", found)


def _truncated(p: Params) -> bool:
    """Whether the values' axis may begin elsewhere than at zero."""
    return p.flag("truncateYAxis") or p.flag("y_axis_showminmax") or series.log(p)


def step(p: Params) -> Translated:
    """Steps; they rise at the start of a bucket unless it is said otherwise."""
    said = p.text("seriesType") or "start"
    return line(JOINED[said] if said in ("start", "middle", "end") else "step before")(p)


def scatter(p: Params) -> Translated:
    """Points along an axis."""
    p.get("markerEnabled")
    return _line(p, "points")


def area(p: Params) -> Translated:
    """Areas, each from zero unless they are stacked."""
    said = p.text("seriesType")
    old = JOINED.get(p.text("line_interpolation") or "linear", "straight")
    joined = JOINED.get(said, "straight") if said else old
    stack = STACKS.get(p.text("stack") or "") or STACKS.get(_style(p), "none")
    return _stacked(p, "straight" if joined == "points" else joined, stack, line_of=False)


def _style(p: Params) -> str:
    """The stack of areas that were old ones once."""
    return (p.text("stacked_style") or "").title()


def _stacked(p: Params, shape: str, stack: str, line_of: bool) -> Translated:
    found, _ = common(p)
    found |= {"shape": shape, "stack": stack} | series.opacity(p)
    if line_of and not p.flag("area"):
        found["opacity"] = 0.0
    if p.flag("markerEnabled"):
        found |= {"markers": "always"} | series.marker_size(p)
    found |= _labels(p, stack != "none")
    return Translated("area", found)


def _labels(p: Params, is_stacked: bool) -> dict[str, Any]:
    """Values at marks: of parts, or of stacks alone."""
    if not (p.flag("show_value") or p.flag("show_bar_value")):
        return {}
    if is_stacked and p.flag("only_total", True):
        return {"totals": True}
    least = p.number("percentage_threshold") or 0
    return {"value_labels": True, "label_least": min(max(least, 0), 100) / 100}


def bar(p: Params) -> Translated:
    """Bars; stacked ones say so."""
    found, _ = common(p)
    return _bars(p, found)


def _bars(p: Params, found: dict[str, Any]) -> Translated:
    stack = p.text("stack")
    stacked = stack in STACKS or p.flag("bar_stacked")
    found["stack"] = "stacked" if stacked else "grouped"
    if stack == "Expand" or (stacked and p.flag("contribution") and "share" not in found):
        found["stack"] = "percent"
    if p.get("stackDimension"):
        p.note("Its bars are stacked by one dimension and grouped by another; here all stack.")
    found["horizontal"] = p.text("orientation") == "horizontal"
    found |= _labels(p, stacked)
    p.get("truncateYAxis")
    return Translated("bar", found)


def dist_bar(p: Params) -> Translated:
    """The old bar chart of members: the first dimension along the axis, the rest as series."""
    dimensions = p.dimensions("groupby") + tuple(
        d for d in p.dimensions("columns") if d not in p.dimensions("groupby")
    )
    if not dimensions:
        raise Invalid("It names no column along its axis.")
    grain = p.grain()
    first = _cut(p, dimensions[0], grain)
    metrics = _metrics(p)
    placed, of_members = series.placed(p, first)
    found = p.narrowing() | p.series() | placed | {"metrics": metrics}
    found |= {"series": dimensions[1:4]} | series.order(p, metrics)
    if of_members:
        rising = p.flag("order_bars")
        found |= {"sort": "name" if rising else "largest"}
    found |= series.looks(p) | {"zoom": False}
    if p.flag("contribution"):
        found["share"] = "bucket"
    return _bars(p, found)


def _cut(p: Params, dimension: Dimension, grain: Any) -> Dimension:
    timely = p.is_time(dimension.column)
    return dimension.model_copy(update={"grain": grain}) if timely else dimension


def old(translate: Callable[[Params], Translated]) -> Translator:
    """Charts under the names that Superset gave up, as its own migration reads them."""

    def migrated(p: Params) -> Translated:
        values = dict(p.values)
        values.setdefault("contributionMode", "row" if p.flag("contribution") else None)
        values.setdefault("truncateYAxis", True)
        return translate(replace(p, values=values))

    return migrated


def old_area(p: Params) -> Translated:
    """The old area chart: stacked unless it says otherwise."""
    values = dict(p.values) | {"stack": _style(p) or "Stack"}
    values.setdefault("opacity", 0.7)
    return area(replace(p, values=values))


def compare(p: Params) -> Translated:
    """Lines as their change since the first value."""
    found = _line(p, "straight").options
    return Translated("line", found | {"index": True, "from_zero": False})


def dual_line(p: Params) -> Translated:
    """Two metrics as lines, each on an axis of its own."""
    values = dict(p.values) | {
        "metrics": [p.get("metric")], "metrics_b": [p.get("metric_2")],
        "yAxisIndex": 0, "yAxisIndexB": 1,
        "y_axis_format_secondary": p.get("y_axis_2_format"),
        "y_axis_bounds_secondary": p.get("y_axis_2_bounds"),
        "adhoc_filters_b": p.get("adhoc_filters"),
    }  # fmt: skip
    p.used.update(("metric", "metric_2"))
    return mixed(replace(p, values=values))


def bars_or_lines(p: Params) -> Translated:
    """Superset's chart of any kind of series."""
    return bar(p) if p.text("seriesType") == "bar" else line(None)(p)


TRANSLATORS: Final[dict[str, Translator]] = {
    "echarts_timeseries": bars_or_lines,
    "echarts_timeseries_line": line(None),
    "echarts_timeseries_smooth": line("smooth"),
    "echarts_timeseries_step": step,
    "echarts_timeseries_bar": bar,
    "echarts_timeseries_scatter": scatter,
    "echarts_area": area,
    "mixed_timeseries": mixed,
    "compare": old(compare),
    "line": old(line(None)),
    "area": old(old_area),
    "bar": old(bar),
    "dist_bar": dist_bar,
    "dual_line": dual_line,
}
WRITERS: Final[dict[str, Writer]] = {
    "line": write_line,
    "area": write_area,
    "bar": write_bar,
    "mixed": write_mixed,
}
