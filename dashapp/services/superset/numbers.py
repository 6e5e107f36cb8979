"""Superset's big numbers, gauges and bullets in ours, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dashapp.charts.bullet import Bullet, Point
from dashapp.charts.colors import palette
from dashapp.charts.gauge import Gauge
from dashapp.charts.numbers import BigNumber, BigNumberPeriod, NumberOptions, Size
from dashapp.charts.trends import TrendOptions
from dashapp.errors import Invalid
from dashapp.services.superset import names, series, styles
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.values import number
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import metric_name
from dashapp.specs.query import Metric

# Superset's sizes of the value, as shares of the chart's height.
SIZES: Final[dict[Size, float]] = {
    "tiny": 0.2, "small": 0.3, "normal": 0.4, "large": 0.5, "huge": 0.6,
}  # fmt: skip
HEADLINES: Final[dict[str, str]] = {
    "LAST_VALUE": "last", "raw": "total", "sum": "sum", "mean": "mean", "min": "min", "max": "max",
    "median": "median", "first": "first", "last": "last",
}  # fmt: skip
_TEAL: Final = "#007a87"  # What Superset draws trends with unless told otherwise.
_RINGS, _MOST_RINGS = 10, 20


def trend(p: Params) -> Translated:
    """A number over its trend; without any time it is a number alone."""
    axis = p.axis()
    if axis is None:
        return total(p)
    found = _common(p) | {"time": axis.column, "grain": axis.grain}
    found["headline"] = p.choice("aggregation", HEADLINES, "last")
    found["lag"] = min(max(p.whole("compare_lag") or 0, 0), 1000)
    found["lag_words"] = (p.text("compare_suffix") or "")[:60]
    found |= _steps(p)
    found["from_zero"] = p.flag("start_y_axis_at_zero", True)
    found["trend"] = p.flag("show_trend_line", True)
    found["time_format"] = p.time_format("time_format")
    color = rgb(p.get("color_picker"))
    found["color"] = None if color == _TEAL else color
    for key in ("groupby", "limit", "series_limit", "order_desc", "show_timestamp"):
        p.get(key)  # They change nothing in Superset either.
    return Translated("big_number_trend", found)


def total(p: Params) -> Translated:
    """A number over all rows."""
    found = _common(p) | {"limit": None}
    if p.flag("force_timestamp_formatting"):
        p.note("Its value is told as a time in Superset; here it is told as a number.")
    for key in ("time_format", "time_grain_sqla", "aggregation", "show_trend_line"):
        p.get(key)
    return Translated("big_number", found)


def period(p: Params) -> Translated:
    """A number beside an earlier period's."""
    found = _common(p) | {"limit": None}
    found["compare"] = _earlier(p, found.get("time_range"))
    found["change_format"] = names.number(p.text("percentDifferenceFormat"))
    is_colored = p.flag("comparison_color_enabled", True)
    is_red = (p.text("comparison_color_scheme") or "Green").lower() == "red"
    found["better"] = ("lower" if is_red else "higher") if is_colored else "neither"
    for key in ("column_config", "percentDifferenceFont", "show_metric_name"):
        p.get(key)
    return Translated("big_number_period", found)


def gauge(p: Params) -> Translated:
    """Values on a round scale."""
    rows = p.dimensions("groupby")
    found = p.narrowing() | _format(p, "number_format")
    found |= {"metric": _needed(p, "metric"), "dimensions": rows}
    found["rings"] = min(found.get("limit") or _RINGS, _MOST_RINGS)
    if found.get("limit") and found["limit"] > _MOST_RINGS:
        p.note(f"It draws up to {_MOST_RINGS} values.")
    found["limit"] = found["rings"] if rows else None
    if p.flag("sort_by_metric"):
        found["order"] = (p.order(found["metric"]),)
    low, high = p.number("min_val"), p.number("max_val")
    found |= {"low": low, "high": high if low is None or high is None or low < high else None}
    start, end = p.number("start_angle"), p.number("end_angle")
    start, end = 225.0 if start is None else start, -45.0 if end is None else end
    if 0 < abs(start - end) <= 360 and abs(start) <= 360 and abs(end) <= 360:
        found |= {"start_angle": start, "end_angle": end}
    found["splits"] = min(max(p.whole("split_number") or 10, 1), 20)
    found["pointer"] = p.flag("show_pointer", True)
    found["palette"] = p.palette()
    found["bands"] = _bands(p, found["palette"])
    text = p.text("value_formatter") or "{value}"
    found["template"] = text[:60] if "{value}" in text else "{value}"
    for key in ("show_axis_tick", "show_split_line", "show_progress", "overlap", "round_cap",
                "font_size", "animation"):  # fmt: skip
        p.get(key)
    return Translated("gauge", _kept(found))


def bullet(p: Params) -> Translated:
    """A value over ranges, with markers."""
    found = p.narrowing() | _format(p, "y_axis_format") | {"limit": None}
    found["metric"] = _needed(p, "metric")
    for ours, theirs, words in (
        ("ranges", "ranges", "range_labels"),
        ("markers", "markers", "marker_labels"),
        ("lines", "marker_lines", "marker_line_labels"),
    ):
        found[ours] = _points(p, theirs, words)
    return Translated("bullet", _kept(found))


def rgb(told: Any) -> str | None:
    """A colour that Superset's picker wrote ({"r": 0, "g": 122, "b": 135}) as #rrggbb."""
    if isinstance(told, str):
        return styles.color(told) if told.strip().startswith(("#", "rgb")) else None
    if not isinstance(told, Mapping):
        return None
    parts = [number(told.get(key)) for key in ("r", "g", "b")]
    if any(part is None or not 0 <= part <= 255 for part in parts):
        return None
    return "#" + "".join(f"{round(part or 0):02x}" for part in parts)


def written_rgb(color: str) -> dict[str, Any]:
    """#rrggbb as Superset's picker writes it."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return dict(zip(("r", "g", "b"), parts, strict=True)) | {"a": 1}


def _needed(p: Params, key: str) -> Metric:
    found = p.metric(key) or p.metric("metrics")
    if found is None:
        raise Invalid("It names no metric.")
    return found


def _format(p: Params, *keys: str) -> dict[str, Any]:
    return dict(p.number_format(*keys))


def _kept(found: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in found.items() if v is not None}


def _common(p: Params) -> dict[str, Any]:
    """What all big numbers have: metric, rows, format, words and size."""
    metric = _needed(p, "metric")
    found = p.narrowing() | _format(p, "y_axis_format") | {"metric": metric}
    found["subtitle"] = (p.text("subtitle") or p.text("subheader") or "")[:500]
    share = p.number("header_font_size") or 0.4
    found["size"] = min(SIZES, key=lambda name: abs(SIZES[name] - share))
    toned = styles.rules(p)
    found["rules"] = toned.get(metric_name(metric), next(iter(toned.values()), ()))[:10]
    return found


def _steps(p: Params) -> dict[str, Any]:
    """Regular steps, windows and running sums of a trend."""
    found: dict[str, Any] = {}
    rule, method = p.text("resample_rule"), p.text("resample_method")
    if rule and method:
        grain = series.RULES.get(rule.lower())
        if grain is None:
            p.note(f"Steps of “{rule[:20]}” are not known here.")
        else:
            fill, how = series.METHODS.get(method, ("null", "first"))
            found |= {"fill": fill, "fill_how": how, "fill_grain": grain}
    kind = (p.text("rolling_type") or "none").lower()
    window, least = p.whole("rolling_periods") or 1, p.whole("min_periods") or 0
    if kind == "cumsum":
        found["cumulative"] = True
    elif kind in ("mean", "sum", "std"):
        least = min(max(least, 0), 1000)
        found |= {"rolling": kind, "rolling_window": min(max(window, 1), 1000)}
        found |= {"rolling_min": least, "rolling_skip": max(least - 1, 0)}
    return found


def _earlier(p: Params, time_range: str | None) -> str:
    """The offset that a number is compared with."""
    given = p.get("time_compare") or p.get("time_comparison") or "inherit"
    text = str(given[0] if isinstance(given, list) and given else given)
    start = p.text("start_date_offset")
    if text.lower() == "custom":
        days = _days_between(start, time_range)
        if days is None:
            p.note("The start of its earlier period cannot be told; the previous period is taken.")
        return f"{days} day{'' if days == 1 else 's'}" if days else "previous period"
    return series.offset(p, text) or "previous period"


def _days_between(start: str | None, time_range: str | None) -> int | None:
    """Days from the start of the earlier period to that of the present one."""
    try:
        low = datetime.fromisoformat((time_range or "").split(" : ")[0].strip())
        days = (low.replace(tzinfo=None) - datetime.fromisoformat(start or "")).days
    except (ValueError, TypeError):
        return None
    return days if days > 0 else None


def _bands(p: Params, name: str | None) -> tuple[dict[str, Any], ...]:
    """Stretches of a gauge's scale, in colours of its scheme."""
    ends = _numbers(p.text("intervals"))
    indices = [int(n) for n in _numbers(p.text("interval_color_indices"))]
    colors = palette(name or "")
    found = []
    for place, end in enumerate(ends[:12]):
        index = indices[place] if place < len(indices) else place + 1
        found.append({"to": end, "color": colors[(index - 1) % len(colors)]})
    return tuple(found)


def _points(p: Params, key: str, words: str) -> tuple[dict[str, Any], ...]:
    """Numbers of a comma-separated text, with their words."""
    labels = [w.strip() for w in (p.text(words) or "").split(",")]
    return tuple(
        {"value": value, "label": (labels[i] if i < len(labels) else "")[:60]}
        for i, value in enumerate(_numbers(p.text(key))[:8])
    )


def _numbers(text: str | None) -> list[float]:
    """Numbers of a comma-separated text; what is none is left out."""
    found = (number(part.strip()) for part in (text or "").split(","))
    return [n for n in found if n is not None]


# Back


def _written(options: NumberOptions, out: Out) -> dict[str, Any]:
    if options.prefix or options.suffix:
        out.note("Superset has no words before and after a number.")
    metric = options.chosen()
    return (
        out.narrowing(options)
        | out.number_format(options)
        | {
            "metric": out.metric(metric),
            "subheader": options.subtitle or None,
            "header_font_size": SIZES[options.size],
            "conditional_formatting": styles.written_rules(metric_name(metric), options.rules)
            or None,
        }
    )


def write_total(options: BigNumber.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A number in Superset's words."""
    if options.compare:
        out.note("Superset compares numbers with an earlier period in a type of its own.")
    return "big_number_total", _written(options, out)


def write_trend(options: TrendOptions, out: Out) -> tuple[str, dict[str, Any]]:
    """A number over its trend in Superset's words."""
    found = _written(options, out) | _written_steps(options, out)
    if options.compare:
        out.note("Superset compares a trend with its own steps only.")
    headlines = {ours: theirs for theirs, ours in reversed(HEADLINES.items())}
    axis = options.time_dimension(out.dataset)
    return "big_number", found | {
        "x_axis": axis.column,
        "time_grain_sqla": out.grain(axis.grain),
        "aggregation": headlines[options.headline],
        "compare_lag": options.lag_steps,
        "compare_suffix": options.lag_words or None,
        "start_y_axis_at_zero": options.from_zero,
        "show_trend_line": options.trend,
        "time_format": options.time_format or "smart_date",
        "color_picker": written_rgb(options.color) if options.color else None,
    }


def _written_steps(options: TrendOptions, out: Out) -> dict[str, Any]:
    found: dict[str, Any] = {"rolling_type": "None"}
    grain = options.fill_grain or options.grain
    if options.fill != "none" and grain:
        rule = next((r for r, g in series.RULES.items() if g == grain), None)
        how = (options.fill, options.fill_how)
        method = next((m for m, both in series.METHODS.items() if both == how), None)
        method = method or next(m for m, both in series.METHODS.items() if both[0] == options.fill)
        found |= {"resample_rule": rule.upper() if rule else None, "resample_method": method}
    if options.cumulative:
        found["rolling_type"] = "cumsum"
        if options.rolling_window > 1:
            out.note("Superset has either windows or running sums.")
    elif options.rolling_window > 1:
        if options.rolling not in ("mean", "sum", "std"):
            out.note(f"Superset has no windows with {options.rolling}.")
            return found
        found |= {"rolling_type": options.rolling, "rolling_periods": options.rolling_window}
        found["min_periods"] = options.rolling_min
    return found


def write_period(options: BigNumberPeriod.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A number beside an earlier one in Superset's words."""
    is_period = "period" in options.compare
    return "pop_kpi", _written(options, out) | {
        "time_compare": "inherit" if is_period else f"{options.compare} ago",
        "percentDifferenceFormat": names.written_number(options.change_format),
        "comparison_color_enabled": options.better != "neither",
        "comparison_color_scheme": "Red" if options.better == "lower" else "Green",
    }


def write_gauge(options: Gauge.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A gauge in Superset's words."""
    colors = list(palette(options.palette or ""))
    ends = [f"{b.to:g}" for b in options.bands]
    indices = [
        str(colors.index(b.color) + 1 if b.color in colors else i + 1)
        for i, b in enumerate(options.bands)
    ]
    found = out.narrowing(options) | out.number_format(options, "number_format")
    return "gauge_chart", found | out.palette(options) | {
        "metric": out.metric(options.metric),
        "groupby": out.dimensions(options.dimensions),
        "row_limit": options.rings,
        "sort_by_metric": bool(options.order),
        "min_val": options.low,
        "max_val": options.high,
        "start_angle": options.start_angle,
        "end_angle": options.end_angle,
        "split_number": options.splits,
        "show_pointer": options.pointer,
        "value_formatter": options.template,
        "intervals": ",".join(ends) or None,
        "interval_color_indices": ",".join(indices) or None,
    }


def write_bullet(options: Bullet.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A bullet in Superset's words."""
    if options.dimension or options.target:
        out.note("Superset's bullets have one row and no metric as a target.")
    found = out.narrowing(options) | out.number_format(options)
    found["metric"] = out.metric(options.metric)
    for points, key, words in (
        (options.ranges, "ranges", "range_labels"),
        (options.markers, "markers", "marker_labels"),
        (options.lines, "marker_lines", "marker_line_labels"),
    ):
        found |= _written_points(points, key, words)
    return "bullet", found


def _written_points(points: tuple[Point, ...], key: str, words: str) -> dict[str, Any]:
    if not points:
        return {}
    labels = [p.label.replace(",", " ") for p in points]
    found: dict[str, Any] = {key: ",".join(f"{p.value:g}" for p in points)}
    return found | ({words: ",".join(labels)} if any(labels) else {})


TRANSLATORS: Final[dict[str, Translator]] = {
    "big_number": trend,
    "big_number_total": total,
    "pop_kpi": period,
    "gauge_chart": gauge,
    "bullet": bullet,
}
WRITERS: Final[dict[str, Writer]] = {
    "big_number": write_total,
    "big_number_trend": write_trend,
    "big_number_period": write_period,
    "gauge": write_gauge,
    "bullet": write_bullet,
}
