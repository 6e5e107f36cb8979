"""Superset's charts of distributions in ours, and back."""

from __future__ import annotations

import re
from typing import Any, Final

from dashapp.charts.boxes import BoxPlot
from dashapp.charts.distribution import Histogram
from dashapp.charts.parallel import Parallel
from dashapp.charts.scatter_options import ScatterOptions
from dashapp.charts.ttest import PairedTest
from dashapp.services.superset import heatmaps, names, series
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import Dimension, SimpleMetric

_PERCENTILES: Final = re.compile(r"^\s*([\d.]+)\s*/\s*([\d.]+)")
_BINS: Final = 5  # How many bins Superset takes where a chart names none.


def histogram(p: Params) -> Translated:
    """Equal bins over the rows that the limit lets through."""
    values = p.get("column")
    column = p.dimension(values[0] if isinstance(values, list) and values else values)
    bins = p.whole("bins") or _BINS
    return _histogram(p, column, bins, "normalize", ("x_axis_title", "y_axis_title"))


def old_histogram(p: Params) -> Translated:
    """A histogram as it was before version 2."""
    columns = p.dimensions("all_columns_x")
    if len(columns) > 1:
        p.note("Only its first column is drawn.")
    bins = p.whole("link_length") or _BINS
    p.get("global_opacity")
    column = next(iter(columns), None)
    return _histogram(p, column, bins, "normalized", ("x_axis_label", "y_axis_label"))


def _histogram(
    p: Params, column: Dimension | None, bins: int, normalized: str, titles: tuple[str, str]
) -> Translated:
    options: dict[str, Any] = {
        "column": column.column if column else None,
        "edges": "equal",
        "bins": max(1, min(bins, 500)),
        "series": p.dimensions("groupby"),
        "normalize": p.flag(normalized),
        "share_of": "all",
        "cumulative": p.flag("cumulative"),
        "empty": False,
        "value_labels": p.flag("show_value"),
        "x_title": (p.text(titles[0]) or "")[:200],
        "y_title": (p.text(titles[1]) or "")[:200],
        "x_format": p.number_format("x_axis_format").get("format"),
        "legend": series.legend(p),
        "palette": p.palette(),
        **p.number_format("y_axis_format"),
        **p.narrowing(),
    }
    return _made("histogram", options)


def box_plot(p: Params) -> Translated:
    """Boxes of metrics per member of `groupby`, spread over `columns` or the time column."""
    grain = p.grain()
    over = p.dimensions("columns", grain=grain)
    p.get("datetime_columns_lookup")
    if not over:
        timed = p.dimension(p.text("granularity_sqla"))
        over, grain = ((timed,) if timed else ()), None
    parts = p.series("groupby")
    options: dict[str, Any] = {
        "by": parts["series"],
        "metrics": p.metrics("metrics", "metric"),
        "over": over,
        "ranked_by": parts.get("series_by"),
        "whiskers": _whiskers(p),
        "quartiles": "midpoint",
        "empty": False,
        "sort": "query",
        "legend": series.legend(p),
        "palette": p.palette(),
        **p.number_format("number_format", "y_axis_format"),
        **p.narrowing(),
    }
    for key in ("x_axis_title", "y_axis_title"):
        if p.text(key):
            p.note(f"Its own {key.replace('_', ' ')} is not kept; axes are named by their columns.")
    if p.time_format("date_format"):
        p.note("Its date format is not kept; times are told by their grain.")
    found = _made("box_plot", options)
    limit = parts["series_limit"]
    found.options.update(grain=grain, members=min(limit, 500) if limit else None)
    return found


def _whiskers(p: Params) -> str:
    """Reach of the whiskers. The old spelling of the key means nothing to Superset either."""
    p.get("whisker_options")
    text = p.text("whiskerOptions") or "Tukey"
    if text.startswith("Min/max"):
        return "min/max"
    match = _PERCENTILES.match(text)
    if match and 0 <= float(match[1]) < float(match[2]) <= 100:
        return f"{float(match[1]):g}/{float(match[2]):g}"
    if text != "Tukey":
        p.note(f"Whiskers “{text[:60]}” are not known here.")
    return "tukey"


def bubble(p: Params) -> Translated:
    """Bubbles per entity, coloured by series."""
    formats = ("xAxisFormat", "y_axis_format", "tooltipSizeFormat")
    return _bubble(p, formats, ("logXAxis", "logYAxis"))


def old_bubble(p: Params) -> Translated:
    """A bubble chart as it was before version 2."""
    for key in ("x_axis_showminmax", "y_axis_showminmax", "show_legend_toggle"):
        p.get(key)
    found = _bubble(
        p, ("x_axis_format", "y_axis_format", "size_format"), ("x_log_scale", "y_log_scale")
    )
    if limit := p.whole("limit"):
        found.options["limit"] = limit
    return found


def _bubble(p: Params, formats: tuple[str, str, str], logs: tuple[str, str]) -> Translated:
    entity, group = p.dimension(p.get("entity")), p.dimension(p.get("series"))
    points = {d.name: d for d in (entity, group) if d is not None}
    order = p.metric("orderby")
    x_format, y_format, size_format = (p.number_format(k).get("format") for k in formats)
    biggest = p.number("max_bubble_size")
    bounds = series.bounds(p) if p.flag("truncateYAxis") else {}
    p.get("y_axis_bounds")
    across = series.bounds(p, "xAxisBounds") if p.flag("truncateXAxis") else {}
    options: dict[str, Any] = {
        "points": tuple(points.values())[:1],
        "color": group,
        "x": p.metric("x"),
        "y": p.metric("y"),
        "size": p.metric("size"),
        "order": (p.order(order, descending=p.flag("order_desc", True)),) if order else (),
        "biggest": min(max(biggest, 2.0), 200.0) if biggest else 25.0,
        "x_log": p.flag(logs[0]),
        "y_log": p.flag(logs[1]),
        "x_title": (p.text("x_axis_label") or p.text("x_axis_title") or "")[:200],
        "y_title": (p.text("y_axis_label") or p.text("y_axis_title") or "")[:200],
        "x_format": x_format,
        "format": y_format,
        "size_format": size_format,
        "legend": series.legend(p),
        "palette": p.palette(),
        **{f"y_{k}": v for k, v in bounds.items()},
        **{f"x_{k}": v for k, v in across.items()},
        **series.opacity(p),
    }
    found = _made("scatter", options)
    p.get("order_desc")
    return Translated("scatter", found.options | {"limit": None} | p.narrowing())


def parallel(p: Params) -> Translated:
    """A line per member of `series`."""
    ranked = p.metric("timeseries_limit_metric")
    descending = p.flag("order_desc", True)
    for key in ("limit", "show_datatable"):
        p.get(key)
    options: dict[str, Any] = {
        "lines": p.dimension(p.get("series")),
        "metrics": p.metrics("metrics"),
        "color": p.metric("secondary_metric"),
        "color_scale": p.scale(),
        "member_axis": p.flag("include_series"),
        "order": (p.order(ranked, descending=True),) if ranked and descending else (),
        **p.number_format("y_axis_format"),
        **p.narrowing(),
    }
    return _made("parallel", options)


def paired_test(p: Params) -> Translated:
    """Groups of `groupby` over time."""
    axis = p.axis()
    level = p.number("significance_level")
    digits = p.whole("pvalue_precision"), p.whole("liftvalue_precision")
    for key in ("limit", "timeseries_limit_metric", "order_desc", "contribution"):
        p.get(key)
    options: dict[str, Any] = {
        "metrics": p.metrics("metrics"),
        "by": p.dimensions("groupby"),
        "time": axis.column if axis else None,
        "significance": level if level and 0 < level < 1 else 0.05,
        "p_digits": min(max(digits[0], 0), 32) if digits[0] is not None else 6,
        "lift_digits": min(max(digits[1], 0), 32) if digits[1] is not None else 4,
        **p.narrowing(),
    }
    found = _made("paired_ttest", options)
    found.options["grain"] = axis.grain if axis else None
    return found


def _made(kind: str, options: dict[str, Any]) -> Translated:
    return Translated(kind, {k: v for k, v in options.items() if v is not None})


def _d3(fmt: str | None) -> str | None:
    return names.written_number(fmt) if fmt else None


def written_histogram(options: Histogram.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """Version 2, which knows equal bins only."""
    counts = SimpleMetric(aggregate="count", label="count")
    if options.edges != "equal":
        out.note("Superset cuts equal bins from the lowest to the highest value.")
    if options.metric not in (None, counts):
        out.note("Superset's histograms count rows only.")
    return "histogram_v2", {
        "column": options.column,
        "groupby": out.dimensions(options.series),
        "bins": options.bins,
        "normalize": options.normalize,
        "cumulative": options.cumulative,
        "show_value": options.value_labels,
        "show_legend": options.legend != "hidden",
        "x_axis_title": options.x_title,
        "y_axis_title": options.y_title,
        "x_axis_format": _d3(options.x_format),
        **out.number_format(options),
        **out.palette(options),
        **out.narrowing(options),
    }


def written_box_plot(options: BoxPlot.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """Boxes of metrics; Superset has none of raw values."""
    if options.column is not None:
        out.note("Superset's boxes are made of metrics; raw values have none.")
    over = options.spread(out.dataset)
    grain = next((d.grain for d in over if d.grain), None)
    whiskers = {"tukey": "Tukey", "min/max": "Min/max (no outliers)"}
    return "box_plot", {
        "columns": out.dimensions(over),
        "groupby": out.dimensions(options.by),
        "metrics": out.metrics(options.metrics),
        "time_grain_sqla": out.grain(grain),
        "series_limit": options.members,
        "series_limit_metric": out.metric(options.ranked_by),
        "whiskerOptions": whiskers.get(options.whiskers, f"{options.whiskers} percentiles"),
        **out.number_format(options, "number_format"),
        **out.palette(options),
        **out.narrowing(options),
    }


def written_bubble(options: ScatterOptions, out: Out) -> tuple[str, dict[str, Any]]:
    """Version 2; a chart without sizes gets those of its upward metric."""
    if options.size is None:
        out.note("Superset's bubbles need a size; the metric upwards is taken.")
    if len(options.points) > 1:
        out.note("Superset's bubbles have one dimension; the first is taken.")
    bounds = [options.y_low, options.y_high]
    order = next((o for o in options.order if o.metric is not None), None)
    return "bubble_v2", {
        "entity": out.dimension(next(iter(options.points), None)),
        "series": out.dimension(options.color),
        "x": out.metric(options.x),
        "y": out.metric(options.y),
        "size": out.metric(options.size or options.y),
        "orderby": out.metric(order.metric) if order else None,
        "order_desc": order.descending if order else True,
        "max_bubble_size": f"{options.biggest:g}",
        "opacity": options.opacity,
        "logXAxis": options.x_log,
        "logYAxis": options.y_log,
        "x_axis_label": options.x_title,
        "y_axis_label": options.y_title,
        "xAxisFormat": _d3(options.x_format),
        "tooltipSizeFormat": _d3(options.size_format),
        "truncateYAxis": bounds != [None, None],
        "y_axis_bounds": bounds,
        "show_legend": options.legend != "hidden",
        **out.number_format(options),
        **out.palette(options),
        **out.narrowing(options),
    }


def written_parallel(options: Parallel.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """Parallel coordinates."""
    order = next((o for o in options.order if o.metric is not None and o.descending), None)
    return "para", {
        "series": out.dimension(options.lines),
        "metrics": out.metrics(options.metrics),
        "secondary_metric": out.metric(options.color),
        "include_series": options.member_axis,
        "timeseries_limit_metric": out.metric(order.metric) if order else None,
        "order_desc": True,
        "linear_color_scheme": names.written_scale(options.color_scale),
        **out.number_format(options),
        **out.narrowing(options),
    }


def written_test(options: PairedTest.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """The paired t-test table; people choose the control by a click there."""
    if options.control:
        out.note("The control of a test is chosen by a click in Superset.")
    return "paired_ttest", {
        "metrics": [m if isinstance(m, str) else out.metric(m) for m in options.metrics],
        "groupby": out.dimensions(options.by),
        "granularity_sqla": options.time or out.dataset.time_column,
        "time_grain_sqla": out.grain(options.grain),
        "significance_level": options.significance,
        "pvalue_precision": options.p_digits,
        "liftvalue_precision": options.lift_digits,
        **out.narrowing(options),
    }


TRANSLATORS: Final[dict[str, Translator]] = {
    "histogram_v2": histogram,
    "histogram": old_histogram,
    "box_plot": box_plot,
    "heatmap_v2": heatmaps.heatmap,
    "heatmap": heatmaps.old_heatmap,
    "bubble_v2": bubble,
    "bubble": old_bubble,
    "para": parallel,
    "paired_ttest": paired_test,
}
WRITERS: Final[dict[str, Writer]] = {
    "histogram": written_histogram,
    "box_plot": written_box_plot,
    "heatmap": heatmaps.written_heatmap,
    "scatter": written_bubble,
    "parallel": written_parallel,
    "paired_ttest": written_test,
}
