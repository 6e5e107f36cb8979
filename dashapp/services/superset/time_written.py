"""Lines, areas, bars and mixed charts of ours in Superset's parameters."""

from __future__ import annotations

from typing import Any, Final

from dashapp.charts.along import TimeOptions, XOptions
from dashapp.charts.area import Area
from dashapp.charts.categories import Bar
from dashapp.charts.layers import Layer
from dashapp.charts.mixed import Mixed
from dashapp.charts.time import Line
from dashapp.services.superset import overlays, series
from dashapp.services.superset.mixed import DRAWN
from dashapp.services.superset.written import Out
from dashapp.specs import Order, metric_name
from dashapp.specs.query import Metric

Written = tuple[str, dict[str, Any]]
_JOINED: Final[dict[str, str]] = {
    "straight": "line", "smooth": "smooth", "step before": "start", "step middle": "middle",
    "step": "end", "points": "scatter",
}  # fmt: skip
_STACKS: Final[dict[str, str | None]] = {
    "none": None, "grouped": None, "stacked": "Stack", "percent": "Expand", "stream": "Stream",
}  # fmt: skip
_SORTED: Final[dict[str, str]] = {"mean": "avg"}


def write_line(options: Line.Options, out: Out) -> Written:
    """Lines."""
    if options.index:
        out.note("Superset draws no change since the first value; its lines show the values.")
    kinds = {"smooth": "smooth", "points": "scatter", "straight": "line"}
    kind = f"echarts_timeseries_{kinds.get(options.shape, 'step')}"
    found = _along(options, out) | {
        "seriesType": _JOINED[options.shape], "truncateYAxis": not options.from_zero,
        "area": options.area, "show_value": options.value_labels, "only_total": False,
        **_dots(options.markers, options.marker_size), "opacity": options.opacity,
    }  # fmt: skip
    return kind, found


def write_area(options: Area.Options, out: Out) -> Written:
    """Areas."""
    found = _along(options, out) | {
        "seriesType": _JOINED[options.shape], "stack": _STACKS[options.stack],
        "opacity": options.opacity, **_dots(options.markers, options.marker_size),
        **_labels(options.value_labels, options.totals, options.label_least),
    }  # fmt: skip
    return "echarts_area", found


def write_bar(options: Bar.Options, out: Out) -> Written:
    """Bars."""
    if options.members_other:
        out.note("Superset does not sum up the members beyond a limit.")
    found = _along(options, out) | {
        "stack": _STACKS[options.stack],
        "orientation": "horizontal" if options.horizontal else "vertical",
        **_labels(options.value_labels, options.totals, options.label_least),
    }  # fmt: skip
    return "echarts_timeseries_bar", found


def _dots(markers: str, size: float) -> dict[str, Any]:
    return {"markerEnabled": markers == "always", "markerSize": size}


def _labels(values: bool, totals: bool, least: float) -> dict[str, Any]:
    found: dict[str, Any] = {"show_value": values or totals, "only_total": totals}
    return found | {"percentage_threshold": least * 100} if least else found


def _along(options: TimeOptions, out: Out) -> dict[str, Any]:
    """Axis, metrics, series, order, computations and looks."""
    found = out.narrowing(options) | _axis(options, out) | _looks(options, out)
    found |= _series(options, options.order, out) | _sorted(options)
    found |= series.computed(options) | series.refilled(options, options.grain)
    found |= overlays.written(options.annotations, out)
    if options.series_sort != "auto":
        found["sort_series_type"] = _SORTED.get(options.series_sort, options.series_sort)
        found["sort_series_ascending"] = options.series_rising
    if options.references:
        out.note("Superset has no reference lines but formulas.")
    low, high = options.low, options.high
    return found | {"y_axis_bounds": [low, high], "logAxis": options.log}


def _axis(options: XOptions, out: Out) -> dict[str, Any]:
    if options.x is not None:
        grain = options.grain if "grain" in options.model_fields_set else options.x.grain
        found = {"x_axis": out.dimension(options.x), "time_grain_sqla": out.grain(grain)}
        if options.x_scale == "members":
            found["xAxisForceCategorical"] = True
        if options.members is not None:
            out.note("Superset shows all members along the axis.")
        return found
    column = options.time or options.time_column or out.dataset.time_column
    return {"x_axis": column, "time_grain_sqla": out.grain(options.grain)}


def _series(options: TimeOptions | Layer, order: tuple[Order, ...], out: Out) -> dict[str, Any]:
    first = order[0] if order else None
    by = options.series_by
    if by is None and first is not None:
        by = _ordered(first, options.metrics)
    return {
        "metrics": out.metrics(options.metrics),
        "groupby": out.dimensions(options.series),
        "series_limit": options.series_limit if options.series_limit else 0,
        "group_others_when_limit_reached": options.other,
        "series_limit_metric": out.metric(by),
        "order_desc": not options.series_smallest,
    }


def _ordered(order: Order, metrics: tuple[Metric, ...]) -> Metric | None:
    """The metric that rows are ordered by, if it is not the first one anyway."""
    if metrics and order.by == metric_name(metrics[0]):
        return None
    return order.metric


def _sorted(options: XOptions) -> dict[str, Any]:
    """The order along an axis of members; Superset has other words with and without series."""
    if options.x is None:
        return {}
    rising = options.sort in ("name", "smallest", "auto", "query")
    by_size = options.sort in ("largest", "smallest")
    split = isinstance(options, TimeOptions) and (options.series or len(options.metrics) > 1)
    figure = _SORTED.get(options.sort_by, options.sort_by)
    if split or not isinstance(options, TimeOptions):
        by = figure if by_size else "name"
        return {"x_axis_sort_series": by, "x_axis_sort_series_ascending": rising}
    by = metric_name(options.metrics[0]) if by_size and options.metrics else options.x.name
    return {"x_axis_sort": by, "x_axis_sort_asc": rising}


def _looks(options: XOptions, out: Out) -> dict[str, Any]:
    angle = options.label_angle
    place = options.legend if options.legend not in ("auto", "hidden") else "top"
    return {
        **out.number_format(options), **out.palette(options),
        "show_legend": options.legend != "hidden", "legendOrientation": place,
        "x_axis_title": options.x_title or None, "y_axis_title": options.y_title or None,
        "x_axis_time_format": options.time_format, "tooltipTimeFormat": options.tooltip_format,
        "zoomable": options.zoom, "showTooltipTotal": options.tooltip_total,
        "xAxisLabelRotation": -angle if angle else None,
        "rich_tooltip": options.tooltip != "one",
    }  # fmt: skip


def write_mixed(options: Mixed.Options, out: Out) -> Written:
    """Two layers."""
    found = out.narrowing(options) | _axis(options, out) | _looks(options, out)
    found |= _sorted(options) | overlays.written(options.annotations, out)
    first, second = _layer(options, "bars", out), _layer(options, "lines", out)
    found |= {k: v for k, v in first.items() if k != "adhoc_filters"}
    conditions = found["adhoc_filters"]
    found["adhoc_filters"] = conditions + first["adhoc_filters"]
    if options.lines.time_range:
        conditions = [c for c in conditions if c.get("operator") != "TEMPORAL_RANGE"]
    second["adhoc_filters"] = conditions + second["adhoc_filters"]
    for key, value in second.items():
        found[_B.get(key, f"{key}_b")] = value
    return "mixed_timeseries", found


_FIRST = (
    "seriesType", "yAxisIndex", "stack", "area", "opacity", "markerEnabled", "markerSize",
    "show_value",
)  # fmt: skip
# The second layer's names that do not end in `_b`.
_B: Final[dict[str, str]] = {name: f"{name}B" for name in _FIRST} | {
    "y_axis_format": "y_axis_format_secondary",
    "currency_format": "currency_format_secondary",
    "y_axis_bounds": "y_axis_bounds_secondary",
    "logAxis": "logAxisSecondary", "y_axis_title": "yAxisTitleSecondary",
}  # fmt: skip


def _layer(options: Mixed.Options, name: Any, out: Out) -> dict[str, Any]:
    drawn = options.drawn(name)
    layer = drawn.layer
    kinds = {ours: theirs for theirs, ours in DRAWN.items()}
    narrowed = options.model_copy(
        update={
            "filters": layer.filters, "where": layer.where, "having": layer.having,
            "limit": layer.limit or options.limit, "time_range": layer.time_range,
            "time_column": options.time_column if layer.time_range else None,
        }
    )  # fmt: skip
    found = out.narrowing(narrowed)
    found |= _series(layer, layer.order, out) | series.computed(layer)
    found |= series.refilled(layer, options.grain)
    return found | {
        "seriesType": kinds[drawn.shape], "yAxisIndex": int(drawn.yaxis == "y2"),
        "stack": "Stack" if drawn.stack else None, "area": layer.area, "opacity": layer.opacity,
        **_dots(drawn.markers, layer.marker_size), "show_value": drawn.labels,
        **out.number_format(layer.as_series(options.format)), "y_axis_bounds": [layer.low, layer.high],
        "logAxis": layer.log, "y_axis_title": layer.axis_title or None,
    }  # fmt: skip
