"""Our pies, treemaps, sunbursts, icicles, funnels and radars in Superset's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashapp.charts.funnel import Funnel
from dashapp.charts.icicle import Icicle
from dashapp.charts.parts import Pie
from dashapp.charts.plot_options import PlotOptions
from dashapp.charts.radar import Radar
from dashapp.charts.sunburst import Sunburst
from dashapp.charts.trees import Treemap
from dashapp.services.superset import names
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import Order, metric_name
from dashapp.specs.query import Metric

Written = tuple[str, dict[str, Any]]

LABELS: Final = {
    "key": "name", "value": "value", "percent": "share", "key_value": "name and value",
    "key_percent": "name and share", "key_value_percent": "name, value and share",
    "value_percent": "value and share", "template": "template",
}  # fmt: skip
# Funnels call the same labels by number.
NUMBERED: Final = dict(enumerate(list(LABELS)[:7]))
TREE_LABELS: Final = {
    "key": "name", "Key": "name", "value": "value", "key_value": "name and value",
}  # fmt: skip
PERCENT_OF: Final = {"first_step": "first", "prev_step": "previous", "total": "total"}
OVER_TIME: Final = {
    "not_time": "none", "agg_sum": "sum", "agg_mean": "mean", "point_diff": "difference",
    "point_percent": "change", "point_factor": "factor",
}  # fmt: skip


def is_by_metric(order: tuple[Order, ...], metric: Metric | None) -> bool:
    """Whether rows come in the order of the metric."""
    return not order or (metric is not None and order[0].by == metric_name(metric))


def looks(options: PlotOptions, out: Out) -> dict[str, Any]:
    """Rows, formats and colours in Superset's parameters."""
    return {
        **out.narrowing(options),
        **out.number_format(options, "number_format"),
        **out.palette(options),
    }


def legend(options: PlotOptions) -> dict[str, Any]:
    """Where the legend stands."""
    place = options.legend if options.legend in ("bottom", "left", "right") else "top"
    return {"show_legend": options.legend != "hidden", "legendOrientation": place}


def _spoken(known: Mapping[str, str], ours: str, out: Out) -> str:
    """Superset's word for a label; the name alone where it has none."""
    found = next((theirs for theirs, name in known.items() if name == ours), None)
    if found is None and ours != "none":
        out.note(f"Superset has no labels of {ours}.")
    return found or "key"


def write_pie(options: Pie.Options, out: Out) -> Written:
    """A pie; what lies beyond its limit is left out there."""
    found = (
        looks(options, out)
        | legend(options)
        | {
            "groupby": out.dimensions(options.dimensions),
            "metric": out.metric(options.metric),
            "sort_by_metric": is_by_metric(options.order, options.metric),
            "donut": options.donut,
            "innerRadius": options.inner_radius,
            "outerRadius": options.outer_radius,
            "roseType": options.rose if options.rose != "none" else None,
            "show_total": options.total,
            "show_labels": options.labels != "none",
            "label_type": _spoken(LABELS, options.labels, out),
            "label_template": options.label_template.replace("{share}", "{percent}"),
            "show_labels_threshold": options.label_threshold,
            "labels_outside": options.labels_outside,
            "threshold_for_other": options.other_below or None,
        }
    )
    if options.members is not None:
        found["row_limit"] = options.members
        if options.other:
            out.note("What lies beyond the limit of slices is left out instead of summed up.")
    return "pie", found


def write_treemap(options: Treemap.Options, out: Out) -> Written:
    """Nested rectangles, without colours of a metric."""
    if options.color is not None:
        out.note("Superset's treemaps have no metric for colour.")
    return "treemap_v2", looks(options, out) | {
        "groupby": out.dimensions(options.levels),
        "metric": out.metric(options.metric),
        "sort_by_metric": is_by_metric(options.order, options.metric),
        "show_labels": options.labels != "none",
        "label_type": _spoken(TREE_LABELS, options.labels, out),
    }


def write_sunburst(options: Sunburst.Options, out: Out) -> Written:
    """Rings; colours are ratios there."""
    if options.color is not None and options.color_as == "mean":
        out.note("Colours are the ratio of both metrics there, not the second one's mean.")
    if options.depth is not None:
        out.note("Superset shows all rings.")
    return "sunburst_v2", looks(options, out) | {
        "columns": out.dimensions(options.levels),
        "metric": out.metric(options.metric),
        "secondary_metric": out.metric(options.color),
        "sort_by_metric": is_by_metric(options.order, options.metric),
        "show_labels": options.labels != "none",
        "label_type": _spoken(TREE_LABELS, options.labels, out),
        "show_labels_threshold": options.label_threshold,
        "show_total": options.total,
        "linear_color_scheme": names.written_scale(options.color_scale)
        if options.color is not None
        else None,
    }


def write_icicle(options: Icicle.Options, out: Out) -> Written:
    """A partition."""
    if options.color is not None:
        out.note("Superset's partitions have no metric for colour.")
    return "partition", looks(options, out) | {
        "groupby": out.dimensions(options.levels),
        "metrics": out.metrics(options.sizes()),
        "time_series_option": next(t for t, o in OVER_TIME.items() if o == options.over_time),
        "time_grain_sqla": out.grain(options.grain),
        "partition_limit": options.most_inside or 1000,
        "partition_threshold": options.least_inside / 100,
    }


def write_funnel(options: Funnel.Options, out: Out) -> Written:
    """Stages of a dimension."""
    if not options.dimensions:
        out.note("Superset's funnels have stages of a dimension, not of metrics.")
    metric = next(iter(options.metrics), None)
    numbers = {LABELS[key]: n for n, key in NUMBERED.items()}
    if {options.labels, options.tooltip} & {"template"}:
        out.note("Superset's funnels have no templates of labels.")
    return "funnel", looks(options, out) | legend(options) | {
        "groupby": out.dimensions(options.dimensions),
        "metric": out.metric(metric),
        "sort_by_metric": is_by_metric(options.order, metric),
        "percent_calculation_type": next(
            t for t, o in PERCENT_OF.items() if o == options.percent_of
        ),
        "show_labels": options.labels != "none",
        "label_type": numbers.get(options.labels, 0),
        "show_tooltip_labels": options.tooltip != "none",
        "tooltip_label_type": numbers.get(options.tooltip, 5),
        "sort": {"smallest": "ascending", "query": "none"}.get(options.sort, "descending"),
        "orient": "vertical" if options.orientation == "horizontal" else "horizontal",
    }


def write_radar(options: Radar.Options, out: Out) -> Written:
    """Lines around a middle."""
    if options.scale == "common":
        out.note("Superset's spokes each have a scale of their own.")
    by = options.order[0] if options.order else None
    return "radar", looks(options, out) | legend(options) | {
        "timeseries_limit_metric": out.metric(by.metric) if by is not None else None,
        "order_desc": by is None or by.descending,
        "groupby": out.dimensions(options.series),
        "metrics": out.metrics(options.metrics),
        "is_normalized": options.scale == "series",
        "is_circle": options.shape == "circle",
        "show_labels": options.value_labels,
        "column_config": {
            s.metric: {"radarMetricMinValue": s.low, "radarMetricMaxValue": s.high}
            for s in options.spokes
        },
    }


WRITERS: Final[dict[str, Writer]] = {
    "pie": write_pie,
    "treemap": write_treemap,
    "sunburst": write_sunburst,
    "icicle": write_icicle,
    "funnel": write_funnel,
    "radar": write_radar,
}
