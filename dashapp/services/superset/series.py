"""What Superset's charts along an axis share: axis, order, computations, looks, annotations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dashapp.charts.analysis import Analysis
from dashapp.errors import Invalid
from dashapp.services.superset.params import Params
from dashapp.services.superset.values import number
from dashapp.specs import Dimension, metric_name
from dashapp.specs.query import Grain, Metric

OFFSET: Final = re.compile(
    r"(?P<count>\d{1,5})?\s*(?P<unit>second|minute|hour|day|week|month|quarter|year)s?(\s+ago)?",
    re.IGNORECASE,
)
SHOWN: Final[dict[str, str]] = {
    "values": "values", "absolute": "difference", "difference": "difference",
    "percentage": "change", "ratio": "ratio",
}  # fmt: skip
# Rules of pandas by which Superset makes steps regular.
RULES: Final[dict[str, Grain]] = {
    "1s": "second", "1t": "minute", "1min": "minute", "t": "minute", "1h": "hour", "h": "hour",
    "1d": "day", "d": "day", "7d": "week", "1w": "week", "w": "week", "1m": "month", "m": "month",
    "1ms": "month", "ms": "month", "1me": "month", "1q": "quarter", "1qs": "quarter",
    "1y": "year", "y": "year", "1a": "year", "a": "year", "1as": "year", "1ys": "year",
    "1ye": "year", "as": "year",
}  # fmt: skip
# How gaps are filled, and what becomes of several buckets in one step.
METHODS: Final[dict[str, tuple[str, str]]] = {
    "asfreq": ("null", "first"), "zerofill": ("zero", "first"), "ffill": ("forward", "first"),
    "bfill": ("backward", "first"), "linear": ("linear", "first"), "sum": ("zero", "sum"),
    "mean": ("null", "mean"), "median": ("null", "median"),
}  # fmt: skip
SORTED_BY: Final[dict[str, str]] = {"sum": "sum", "min": "min", "max": "max", "avg": "mean"}
# Read without a word: what they change nobody would miss here.
QUIET: Final = (
    "minorTicks", "minorSplitLine", "show_extra_controls", "truncate_metric", "xAxisLabelInterval",
    "forceMaxInterval", "tooltipSortByMetric", "showTooltipPercentage", "show_empty_columns",
    "order_desc", "reduce_x_ticks", "rich_tooltip", "forecastSeasonalityYearly",
    "forecastSeasonalityWeekly", "forecastSeasonalityDaily", "forecastInterval",
    "forecastPeriods", "comparison_type", "only_total", "rolling_periods", "min_periods",
    "markerSize", "opacity", "seriesType", "percentage_threshold", "series_limit_metric",
    "timeseries_limit_metric", "x_axis_sort_asc", "x_axis_sort_series",
    "x_axis_sort_series_ascending", "resample_method", "resample_fill_value",
    "zoomable_time_range", "contributionMode", "show_minor_grid", "stacked_style",
)  # fmt: skip


def axis(p: Params) -> tuple[dict[str, Any], bool]:
    """Options of the axis, and whether it is one of members."""
    found = p.axis()
    return placed(p, found)


def placed(p: Params, found: Dimension | None) -> tuple[dict[str, Any], bool]:
    """Options that put a dimension along the axis, and whether it is one of members."""
    if found is None:
        if p.dataset.time_column is None:
            raise Invalid("It names no column along its axis.")
        return {"grain": p.grain()}, False
    if p.is_time(found.column):
        if found.label and found.label != found.column:
            return {"x": found, "grain": found.grain}, False
        return {"time": found.column, "grain": found.grain}, False
    scale = "members" if p.flag("xAxisForceCategorical") else "auto"
    return {"x": found, "members": None, "x_scale": scale, "grain": None}, True


def order(p: Params, metrics: tuple[Metric, ...]) -> dict[str, Any]:
    """Which rows and series come first."""
    found: dict[str, Any] = {"order": p.ranked(*metrics)}
    if not p.flag("order_desc", True):
        found["series_smallest"] = True
    return found


def sorting(p: Params, x: Dimension | None, metrics: tuple[Metric, ...], split: bool) -> Any:
    """The order of members along the axis, as Superset sorts its table or its series."""
    if split or len(metrics) > 1:
        rising = p.flag("x_axis_sort_series_ascending", True)
        by = p.text("x_axis_sort_series") or "name"
        if by not in SORTED_BY:
            return {"sort": "name" if rising else "name descending"}
        return {"sort": "smallest" if rising else "largest", "sort_by": SORTED_BY[by]}
    by, rising = p.text("x_axis_sort") or "", p.flag("x_axis_sort_asc", True)
    if by and metrics and by == metric_name(metrics[0]):
        return {"sort": "smallest" if rising else "largest"}
    if by and (x is None or by != x.name):
        p.note(f"Its axis is sorted by {by[:60]}, which is not shown; here it is sorted by name.")
        return {"sort": "name"}
    return {"sort": "name descending" if by and not rising else "name"}


def series_order(p: Params) -> dict[str, Any]:
    """The order of series, where it is another than the largest first."""
    by, rising = p.text("sort_series_type"), p.flag("sort_series_ascending")
    if by in (None, "sum") and not rising:
        return {}
    chosen = "name" if by == "name" else SORTED_BY.get(by or "sum", "sum")
    return {"series_sort": chosen, "series_rising": rising}


def analysis(p: Params, is_time: bool) -> dict[str, Any]:
    """What is computed along the axis, step by step as Superset does it."""
    found: dict[str, Any] = {}
    offsets = tuple(dict.fromkeys(o for t in p.strings("time_compare") if (o := offset(p, t))))
    if offsets:
        found["compare"] = offsets
        found["compare_show"] = p.choice("comparison_type", SHOWN, "values")
    rule = p.text("resample_rule")
    if rule and p.text("resample_method"):
        grain = RULES.get(rule.lower())
        fill, how = METHODS.get(p.text("resample_method") or "", ("null", "first"))
        if grain is None:
            p.note(f"Steps of “{rule[:20]}” are not known here.")
        else:
            found |= {"fill": fill, "fill_how": how, "fill_grain": grain}
    found |= _running(p)
    mode = p.text("contributionMode")
    if mode in ("row", "column"):
        found["share"] = "bucket" if mode == "row" else "series"
    if p.flag("forecastEnabled") and is_time:
        interval = p.number("forecastInterval") or 0.8
        found["forecast"] = min(max(p.whole("forecastPeriods") or 10, 1), 1000)
        found["forecast_interval"] = interval if 0 < interval < 1 else 0.8
        p.note("Its forecast is computed by exponential smoothing here, so its numbers differ.")
    return found


def _running(p: Params) -> dict[str, Any]:
    """Moving windows and running sums."""
    kind = (p.text("rolling_type") or "none").lower()
    if kind == "cumsum":
        return {"cumulative": True}
    if kind not in ("mean", "sum", "std"):
        return {}
    least = min(max(p.whole("min_periods") or 0, 0), 10_000)
    return {
        "rolling": kind,
        "rolling_window": min(max(p.whole("rolling_periods") or 1, 1), 10_000),
        "rolling_min": least,
        "rolling_skip": max(least - 1, 0),  # Superset leaves out rows whose window is not full.
    }


def offset(p: Params, text: str) -> str | None:
    """An offset of ours: "1 year" for "1 year ago"; None, with a note, for what has no like."""
    plain = " ".join(text.split()).lower()
    if plain == "inherit":
        return "previous period"
    match = OFFSET.fullmatch(plain)
    if match is None:
        p.note(f"There is no comparison with “{text[:40]}” here.")
        return None
    count = int(match["count"] or 1)
    return f"{count} {match['unit']}{'s' if count != 1 else ''}"


def bounds(p: Params, key: str = "y_axis_bounds") -> dict[str, Any]:
    """Ends of the values' axis."""
    pair = p.get(key, ())
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return {}
    ends = zip(("low", "high"), (number(v) for v in pair), strict=True)
    return {name: value for name, value in ends if value is not None}


def looks(p: Params) -> dict[str, Any]:
    """Legend, titles, formats, colours, zoom and tooltips."""
    found: dict[str, Any] = {**p.number_format("y_axis_format"), **bounds(p)}
    found |= {"palette": p.palette(), "legend": legend(p), "log": log(p)}
    found["x_title"] = (p.text("x_axis_title") or p.text("x_axis_label") or "")[:100]
    found["y_title"] = (p.text("y_axis_title") or p.text("y_axis_label") or "")[:100]
    found["time_format"] = p.time_format("x_axis_time_format", "x_axis_format")
    found["tooltip_format"] = p.time_format("tooltipTimeFormat")
    found["zoom"] = p.flag("zoomable") or p.text("show_brush") == "yes"
    found["tooltip_total"] = p.flag("showTooltipTotal")
    turned = p.number("xAxisLabelRotation") or (45 if p.text("x_ticks_layout") == "45°" else 0)
    if turned:
        found["label_angle"] = -max(-90, min(90, int(turned)))
    for key in QUIET:
        p.get(key)
    return {k: v for k, v in found.items() if v is not None and v is not False and v != ""}


def log(p: Params) -> bool:
    """Whether values stand on a logarithmic axis."""
    return p.flag("logAxis") or p.flag("y_log_scale")


def legend(p: Params) -> str:
    """Where the legend stands; at the top it is hidden for a single series."""
    place = p.text("legendOrientation")
    if not p.flag("show_legend", True):
        return "hidden"
    return place if place in ("bottom", "left", "right") else "auto"


def opacity(p: Params, key: str = "opacity") -> dict[str, Any]:
    """How solid areas are, if it is said."""
    share = p.number(key)
    return {"opacity": min(max(share, 0.0), 1.0)} if share is not None else {}


def marker_size(p: Params, key: str = "markerSize") -> dict[str, Any]:
    """Width of dots, if it is said."""
    size = p.number(key)
    return {"marker_size": min(max(size, 1.0), 40.0)} if size is not None else {}


def computed(options: Analysis) -> dict[str, Any]:
    """What is computed along the axis, in Superset's parameters."""
    found: dict[str, Any] = {}
    if options.compare:
        found["time_compare"] = [
            "inherit" if "period" in o else o if o.endswith("ago") else f"{o} ago"
            for o in options.compare
        ]
        words = {ours: theirs for theirs, ours in SHOWN.items() if theirs != "absolute"}
        found["comparison_type"] = words[options.compare_show]
    if options.rolling in ("mean", "sum", "std"):
        found |= {
            "rolling_type": options.rolling,
            "rolling_periods": options.rolling_window,
            "min_periods": options.rolling_min,
        }
    elif options.cumulative:
        found["rolling_type"] = "cumsum"
    if options.share in ("bucket", "series"):
        found["contributionMode"] = "row" if options.share == "bucket" else "column"
    if options.forecast:
        found |= {
            "forecastEnabled": True,
            "forecastPeriods": options.forecast,
            "forecastInterval": options.forecast_interval,
        }
    return found


def refilled(options: Analysis, grain: Grain | None) -> dict[str, Any]:
    """Regular steps, in Superset's parameters."""
    rules = {ours: theirs for theirs, ours in reversed(RULES.items())}
    step = options.fill_grain or grain
    if options.fill == "none" or step not in rules:
        return {}
    pairs = {pair: name for name, pair in reversed(METHODS.items())}
    fills = {pair[0]: name for name, pair in reversed(METHODS.items())}
    method = pairs.get((options.fill, options.fill_how)) or fills[options.fill]
    upper = {"month": "1MS", "quarter": "1QS", "year": "1YS"}
    return {"resample_rule": upper.get(step, rules[step].upper()), "resample_method": method}


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object, or an empty one."""
    return value if isinstance(value, Mapping) else {}
