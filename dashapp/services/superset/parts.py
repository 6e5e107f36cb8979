"""Superset's pies, treemaps, sunbursts, partitions, funnels and radars in ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashapp.services.superset import series
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.parts_written import (
    LABELS,
    NUMBERED,
    OVER_TIME,
    PERCENT_OF,
    TREE_LABELS,
    WRITERS,
)
from dashapp.services.superset.values import number
from dashapp.specs import Dimension, Order, metric_name
from dashapp.specs.query import Metric

__all__ = ["TRANSLATORS", "WRITERS"]

# ECharts' own names in templates of labels.
_VARIABLES: Final = {"{a}": "", "{b}": "{name}", "{c}": "{value}", "{d}": "{share}",
                     "{percent}": "{share}"}  # fmt: skip
# Read without a word: what they change nobody would miss here, or nothing in Superset either.
_QUIET: Final = (
    "label_line", "limit", "series_limit", "order_desc", "time_grain_sqla", "label_position",
    "show_upper_labels", "treemap_ratio", "showNulls", "series_limit_metric",
    "timeseries_limit_metric", "group_others_when_limit_reached", "equal_date_size", "gap",
)  # fmt: skip


def _shared(p: Params) -> dict[str, Any]:
    """Rows, formats and colours."""
    for key in _QUIET:
        p.get(key)
    if p.time_format("date_format", "date_time_format"):
        p.note("Its date format is not kept; times are told by their grain.")
    return {
        "limit": None,
        "palette": p.palette(),
        **p.number_format("number_format", "y_axis_format"),
        **p.narrowing(),
    }


def _made(kind: str, options: Mapping[str, Any]) -> Translated:
    """A chart without what is not said; no limit on rows is said."""
    return Translated(kind, {k: v for k, v in options.items() if v is not None or k in _EMPTIES})


_EMPTIES: Final = frozenset({"limit", "members"})


def by_members(
    p: Params, dimensions: tuple[Dimension, ...], metric: Metric | None
) -> tuple[Order, ...]:
    """Superset's order that repeats: by metric if asked for, then by members; none without limit.

    As `getDeterministicOrderby` of Superset: without a row limit nothing is ordered.
    """
    if not p.whole("row_limit"):
        p.get("sort_by_metric")
        return ()
    order = [Order(by=d.name) for d in dimensions]
    if p.flag("sort_by_metric") and metric is not None:
        order.insert(0, Order(by=metric_name(metric), descending=True))
    return tuple(order)


def _by_metric(p: Params, dimensions: tuple[Dimension, ...], default: bool) -> tuple[Order, ...]:
    """The kind's own order, largest first; by members where Superset has none."""
    if p.flag("sort_by_metric", default):
        return ()
    return tuple(Order(by=d.name) for d in dimensions)


def _labels(p: Params, known: Mapping[str, str], default: str, shown: bool = True) -> str:
    found: str = p.choice("label_type", known, default)
    return found if p.flag("show_labels", shown) else "none"


def _percent(p: Params, key: str, default: float) -> float:
    found = p.number(key)
    return min(max(default if found is None else found, 0.0), 100.0)


def _radius(p: Params, key: str, default: int, low: int) -> int:
    found = p.whole(key)
    return min(max(default if found is None else found, low), 100)


def pie(p: Params) -> Translated:
    """Slices in the order of the answer; with a label from five percent on, as in Superset."""
    dimensions, metric = p.dimensions("groupby"), p.metric("metric")
    options = _shared(p) | {
        "dimension": next(iter(dimensions), None),
        "more_dimensions": dimensions[1:],
        "metric": metric,
        "members": None,
        "other": False,
        "other_below": _percent(p, "threshold_for_other", 0),
        "order": _by_metric(p, dimensions, True),
        "sort": "query",
        "donut": p.flag("donut"),
        "inner_radius": _radius(p, "innerRadius", 30, 0),
        "outer_radius": _radius(p, "outerRadius", 70, 10),
        "rose": p.choice("roseType", {"area": "area", "radius": "radius"}, "none"),
        "total": p.flag("show_total"),
        "labels": _labels(p, LABELS, "name"),
        "label_threshold": _percent(p, "show_labels_threshold", 5),
        "labels_outside": p.flag("labels_outside", True),
        "legend": series.legend(p),
    }
    template = p.text("label_template")
    if template:
        for theirs, ours in _VARIABLES.items():
            template = template.replace(theirs, ours)
        options["label_template"] = template[:500]
    return _made("pie", options)


def treemap(p: Params) -> Translated:
    """Nested rectangles."""
    levels, metric = p.dimensions("groupby"), p.metric("metric")
    return _made("treemap", _treemap(p, levels, metric) | {"order": by_members(p, levels, metric)})


def _treemap(p: Params, levels: tuple[Dimension, ...], metric: Metric | None) -> dict[str, Any]:
    return _shared(p) | {
        "levels": levels,
        "metric": metric,
        "labels": _labels(p, TREE_LABELS, "name and value"),
        "axis_titles": False,
    }


def old_treemap(p: Params) -> Translated:
    """The treemap before 1.4: its first metric counts, `order_desc` became `sort_by_metric`."""
    levels, metric = p.dimensions("groupby"), p.metric("metrics") or p.metric("metric")
    if len(p.metrics("metrics")) > 1:
        p.note("Only its first metric is drawn, as in later versions of Superset.")
    return _made("treemap", _treemap(p, levels, metric))


def sunburst(p: Params) -> Translated:
    """Rings; a second metric colours them by its ratio to the first."""
    return _sunburst(p, "columns")


def old_sunburst(p: Params) -> Translated:
    """The sunburst before 2.1, whose levels had another name."""
    return _sunburst(p, "groupby")


def _sunburst(p: Params, key: str) -> Translated:
    levels = p.dimensions(key) or p.dimensions("columns", "groupby")
    metric, second = p.metric("metric"), p.metric("secondary_metric")
    for unused in ("groupby", "sort_by_metric", "donut", "innerRadius", "outerRadius"):
        p.get(unused)
    is_colored = second is not None and (
        metric is None or metric_name(second) != metric_name(metric)
    )
    options = _shared(p) | {
        "levels": levels,
        "metric": metric,
        "color": second if is_colored else None,
        "color_as": "ratio" if is_colored else None,
        "color_scale": p.scale() if is_colored else None,
        "labels": _labels(p, TREE_LABELS, "name", shown=False),
        "label_threshold": _percent(p, "show_labels_threshold", 5),
        "total": p.flag("show_total"),
    }
    p.get("linear_color_scheme")
    return _made("sunburst", options)


def partition(p: Params) -> Translated:
    """Steps beside each other: the largest five parts of a part, from a twentieth on."""
    metrics = p.metrics("metrics", "metric")
    option = p.text("time_series_option") or "not_time"
    if option not in OVER_TIME:
        p.note("Its curves over time are not drawn; its parts are those of the whole time.")
    over_time = OVER_TIME.get(option, "none")
    if p.flag("contribution"):
        p.note("Its values are not shown as contributions; shares are under the pointer.")
    if p.flag("log_scale"):
        p.note("Its logarithmic scale is not kept: parts would not add up to the whole.")
    if over_time != "none" and p.whole("limit"):
        p.note("Its limit on series is not kept; all are asked for.")
    inside = p.whole("partition_limit")
    least = p.number("partition_threshold")
    grain = p.grain()
    options = _shared(p) | {
        "levels": p.dimensions("groupby"),
        "metric": next(iter(metrics), None),
        "more_metrics": metrics[1:],
        "most_inside": min(max(5 if inside is None else inside, 1), 1000),
        "least_inside": 100 * min(max(0.05 if least is None else least, 0.0), 1.0),
        "over_time": over_time,
        "grain": grain if over_time != "none" else None,
    }
    for key in ("rolling_type", "rolling_periods", "min_periods", "time_compare",
                "comparison_type", "resample_rule", "resample_method", "rich_tooltip"):  # fmt: skip
        p.get(key)
    return _made("icicle", options)


def funnel(p: Params) -> Translated:
    """Stages, the widest first."""
    dimensions, metric = p.dimensions("groupby"), p.metric("metric")
    orders = {"descending": "largest", "ascending": "smallest", "none": "query"}
    legend = series.legend(p)
    options = _shared(p) | {
        "dimensions": dimensions,
        "metrics": (metric,) if metric is not None else (),
        "order": _by_metric(p, dimensions, True),
        "sort": p.choice("sort", orders, "largest"),
        "percent_of": p.choice("percent_calculation_type", PERCENT_OF, "first"),
        "orientation": p.choice(
            "orient", {"vertical": "horizontal", "horizontal": "vertical"}, "horizontal"
        ),
        "labels": _labels(p, _numbered(), "name"),
        "tooltip": p.choice("tooltip_label_type", _numbered(), "name, value and share")
        if p.flag("show_tooltip_labels", True)
        else "none",
        "legend": "top" if legend == "auto" else legend,
    }
    p.get("tooltip_label_type")
    return _made("funnel", options)


def _numbered() -> dict[str, str]:
    return LABELS | {str(n): LABELS[key] for n, key in NUMBERED.items()}


def radar(p: Params) -> Translated:
    """Lines around a middle, each metric on a spoke of its own scale."""
    metrics = p.metrics("metrics", "metric")
    names = {metric_name(m) for m in metrics}
    told = p.get("column_config", {})
    spokes = [
        _spoke(name, ends)
        for name, ends in (told.items() if isinstance(told, Mapping) else ())
        if name in names and isinstance(ends, Mapping)
    ]
    p.get("label_type")
    options = (
        {"order": p.ranked(*metrics)}
        | _shared(p)
        | {
            "metrics": metrics,
            "series": p.dimensions("groupby"),
            "scale": "series" if p.flag("is_normalized") else "spoke",
            "spokes": tuple(spokes),
            "shape": "circle" if p.flag("is_circle") else "polygon",
            "fill": False,
            "value_labels": p.flag("show_labels", True),
            "legend": series.legend(p),
        }
    )
    return _made("radar", options)


def _spoke(name: str, ends: Mapping[str, Any]) -> dict[str, Any]:
    """Ends of a spoke: from zero unless it says something, even that it follows the data."""
    low = number(ends.get("radarMetricMinValue"))
    if "radarMetricMinValue" not in ends:
        low = 0.0
    return {"metric": name, "low": low, "high": number(ends.get("radarMetricMaxValue"))}


TRANSLATORS: Final[dict[str, Translator]] = {
    "pie": pie,
    "treemap_v2": treemap,
    "treemap": old_treemap,
    "sunburst_v2": sunburst,
    "sunburst": old_sunburst,
    "partition": partition,
    "funnel": funnel,
    "radar": radar,
}
