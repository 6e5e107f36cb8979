"""Superset's charts of periods, calendars and schedules in ours, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from dashapp.charts.calendar import CalendarHeatmap
from dashapp.charts.gantt import Gantt
from dashapp.charts.horizon import Horizon
from dashapp.charts.periods import WEEKDAYS, Period, TimePivot
from dashapp.charts.plot_options import SeriesOptions
from dashapp.charts.rose import Rose
from dashapp.charts.waterfall import Waterfall
from dashapp.errors import Invalid
from dashapp.services.superset import names, timetables
from dashapp.services.superset.numbers import rgb, written_rgb
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import Dimension, Order
from dashapp.specs.query import Grain

PERIODS: Final[dict[str, Period]] = {
    "D": "day", "M": "month", "MS": "month", "ME": "month", "Q": "quarter", "QS": "quarter",
    "QE": "quarter", "A": "year", "AS": "year", "Y": "year", "YS": "year", "YE": "year",
}  # fmt: skip
_WEEKS: Final[dict[str, Period]] = {"": "week", "1": "week", "4": "4 weeks", "52": "52 weeks"}
SCALES: Final = {"series": "series", "overall": "overall", "change": "change"}
DOMAINS: Final = {g: g for g in ("hour", "day", "week", "month", "year")}
GRAINS: Final[dict[str, Grain]] = {
    "min": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month",
}  # fmt: skip
# What only Superset's page has, or what charts here always do.
_CHROME: Final = (
    "show_legend", "legendOrientation", "show_controls", "order_desc", "series_height",
    "cell_size", "cell_padding", "cell_radius", "show_metric_name", "x_axis_label",
    "x_ticks_layout", "markerEnabled", "zoomable", "rich_tooltip", "lineInterpolation",
    "showTooltipTotal", "x_axis_time_format", "limit", "series_limit",
)  # fmt: skip


def waterfall(p: Params) -> Translated:
    """Steps up and down."""
    axis = _axis(p)
    parts = p.dimensions("groupby")
    if len(parts) > 1:
        p.note(f"Its steps are broken down by {parts[0].name} alone.")
    found = p.narrowing() | p.number_format("y_axis_format") | {"metric": _metric(p)}
    found |= {"x": axis, "grain": axis.grain, "breakdown": parts[0] if parts else None}
    found["total"] = p.flag("show_total", True)
    found["value_labels"] = p.flag("show_value")
    found["legend"] = "auto" if p.flag("show_legend", True) else "hidden"
    for ours, theirs in (
        ("increase_color", "increase_color"),
        ("decrease_color", "decrease_color"),
        ("total_color", "total_color"),
    ):
        color = rgb(p.get(theirs))
        if color:
            found[ours] = color
    return _told(p, "waterfall", found)


def time_pivot(p: Params) -> Translated:
    """Periods laid over each other."""
    found = _timed(p) | p.number_format("y_axis_format") | {"metric": _metric(p), "most": 200}
    period, weekday = _period(p)
    found |= {"period": period, "week_start": weekday, "color": rgb(p.get("color_picker"))}
    found["from_zero"] = p.flag("y_axis_zero")
    return _told(p, "time_pivot", found)


def _period(p: Params) -> tuple[Period, str]:
    """What pandas' frequency means: "AS" is a year, "4W-SUN" four weeks from a Sunday on."""
    text = (p.text("freq") or "W-MON").upper()
    stem, _, day = text.partition("-")
    weekday = next((w for w in WEEKDAYS if w[:3].upper() == day), "monday")
    if stem.endswith("W") and stem[:-1] in _WEEKS:
        return _WEEKS[stem[:-1]], weekday
    known = PERIODS.get(stem.removeprefix("1"))
    if known is None:
        p.note(f"Periods of “{text[:20]}” are not known here; years are taken.")
    return known or "year", "monday"


def horizon(p: Params) -> Translated:
    """Series folded into bands."""
    found = _timed(p) | p.series() | p.number_format("y_axis_format", "number_format")
    found["metrics"] = _metrics(p)
    found["order"] = p.ranked(*found["metrics"])
    found["scale"] = p.choice("horizon_color_scale", SCALES, "series")
    p.palette()  # Bands have the two colours of above and below zero.
    return _told(p, "horizon", found)


def calendar(p: Params) -> Translated:
    """A metric on a calendar."""
    found = _timed(p) | p.number_format("y_axis_format") | {"metrics": _metrics(p)}
    found["domain"] = p.choice("domain_granularity", DOMAINS, "month")
    found["grain"] = p.choice("subdomain_granularity", GRAINS, "day")
    found["time_format"] = p.time_format("x_axis_time_format")
    found["color_scale"] = p.scale()
    found["steps"] = min(max(p.whole("steps") or 0, 0), 20)
    found["cell_labels"] = p.flag("show_values")
    found["color_bar"] = p.flag("show_legend", True)
    return _told(p, "calendar_heatmap", found)


def rose(p: Params) -> Translated:
    """Periods around a circle."""
    found = _timed(p) | p.series() | p.number_format("number_format", "y_axis_format")
    found["metrics"] = _metrics(p)
    found["order"] = p.ranked(*found["metrics"])
    found["area"] = p.flag("rose_area_proportion")
    found["time_format"] = p.time_format("date_time_format")
    found["palette"] = p.palette()
    return _told(p, "rose", found)


def gantt(p: Params) -> Translated:
    """Tasks along time."""
    found = p.narrowing() | p.number_format(
        "tooltipValuesFormat", "tooltip_values_format", "y_axis_format"
    )
    for ours, theirs in (("start", "start_time"), ("end", "end_time"), ("rows", "y_axis")):
        found[ours] = next(iter(p.dimensions(theirs)), None)
        if found[ours] is None:
            raise Invalid(f"It names no column for {theirs}.")
    colors = p.dimensions("series")
    found["color"] = colors[0] if colors else None
    order = _order(p)
    told = (*p.dimensions("tooltip_columns"), *(Dimension(column=o.by) for o in order))
    found["tooltips"] = tuple({d.name: d for d in told}.values())[:10]
    found["metrics"] = p.metrics("tooltip_metrics")[:10]
    found["order"] = order
    found["lanes"] = "color" if p.flag("subcategories") else "overlap"
    found["time_format"] = p.time_format("tooltipTimeFormat")
    found["palette"] = p.palette()
    found["legend"] = "auto" if p.flag("show_legend", True) else "hidden"
    found["rows_limit"] = 500
    bounds = p.get("x_axis_time_bounds")
    if isinstance(bounds, list) and len(bounds) == 2:
        found |= {"day_from": _clock(bounds[0]), "day_to": _clock(bounds[1])}
    return _told(p, "gantt", found)


def _clock(told: Any) -> str | None:
    """A time of day as HH:MM:SS."""
    text = str(told or "").strip()[:8]
    return text if len(text) in (5, 8) and text[2] == ":" else None


def _order(p: Params) -> tuple[Order, ...]:
    """Columns that rows are sorted by: JSON texts such as `["day", true]` (ascending)."""
    found = []
    for item in p.strings("order_by_cols"):
        try:
            told = json.loads(item)
        except ValueError:
            continue
        if isinstance(told, list) and len(told) == 2 and isinstance(told[0], str):
            found.append(Order(by=p.column_name(told[0]), descending=not told[1]))
    return tuple(found)


def _metric(p: Params) -> Any:
    found = p.metric("metric") or p.metric("metrics")
    if found is None:
        raise Invalid("It names no metric.")
    return found


def _metrics(p: Params) -> tuple[Any, ...]:
    found = p.metrics("metrics", "metric")
    if not found:
        raise Invalid("It names no metric.")
    return found


def _axis(p: Params) -> Dimension:
    found = p.axis()
    if found is None and p.dataset.time_column:
        found = p.dimension(p.dataset.time_column, p.grain())
    if found is None:
        raise Invalid("It names no column along its axis.")
    return found


def _timed(p: Params) -> dict[str, Any]:
    """Rows, column of time and grain."""
    axis = _axis(p)
    return p.narrowing() | {"time": axis.column, "grain": axis.grain}


def _told(p: Params, kind: str, found: Mapping[str, Any]) -> Translated:
    for key in _CHROME:
        p.get(key)
    keep = {"grain", "series_limit"}
    return Translated(kind, {k: v for k, v in found.items() if v is not None or k in keep})


# Back


def _written(options: Any, out: Out, key: str = "y_axis_format") -> dict[str, Any]:
    """Rows, time and format."""
    found = out.narrowing(options) | out.number_format(options, key)
    axis = options.time_dimension(out.dataset)
    return found | {
        "granularity_sqla": axis.column,
        "time_grain_sqla": out.grain(axis.grain),
    }


def _written_series(options: SeriesOptions, out: Out) -> dict[str, Any]:
    """Metrics, series and their limit."""
    by = options.series_by
    return {
        "metrics": out.metrics(options.metrics),
        "groupby": out.dimensions(options.series),
        "limit": options.series_limit,
        "timeseries_limit_metric": out.metric(by) if by is not None else None,
        "order_desc": options.order[0].descending if options.order else True,
        "group_others_when_limit_reached": options.other,
    }


def write_waterfall(options: Waterfall.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A waterfall in Superset's words."""
    axis = options.axis(out.dataset)
    return "waterfall", out.narrowing(options) | out.number_format(options) | {
        "x_axis": out.dimension(axis),
        "time_grain_sqla": out.grain(axis.grain),
        "groupby": out.dimensions((options.breakdown,)) if options.breakdown else [],
        "metric": out.metric(options.metric),
        "show_total": options.total,
        "show_value": options.value_labels,
        "show_legend": options.legend != "hidden",
        "increase_color": written_rgb(options.increase_color),
        "decrease_color": written_rgb(options.decrease_color),
        "total_color": written_rgb(options.total_color),
    }


def write_time_pivot(options: TimePivot.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A time pivot in Superset's words."""
    weeks = next((n for n, name in reversed(_WEEKS.items()) if name == options.period), None)
    freq = {"day": "D", "month": "MS", "quarter": "QS", "year": "AS"}.get(options.period, "")
    if weeks is not None:
        freq = f"{weeks}W-{options.week_start[:3].upper()}"
    return "time_pivot", _written(options, out) | {
        "metric": out.metric(options.metric),
        "freq": freq,
        "color_picker": written_rgb(options.color) if options.color else None,
        "y_axis_zero": options.from_zero,
    }


def write_horizon(options: Horizon.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A horizon chart in Superset's words."""
    found = _written(options, out) | _written_series(options, out)
    return "horizon", found | {"horizon_color_scale": options.scale, "series_height": "25"}


def write_calendar(options: CalendarHeatmap.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A calendar in Superset's words."""
    grains = {ours: theirs for theirs, ours in GRAINS.items()}
    if options.grain not in grains:
        out.note(f"Superset's calendars have no cells of {options.grain or 'any time'}.")
    found = _written(options, out) | {"time_grain_sqla": None}
    return "cal_heatmap", found | {
        "metrics": out.metrics(options.metrics),
        "domain_granularity": options.domain,
        "subdomain_granularity": grains.get(options.grain or "day", "day"),
        "linear_color_scheme": names.written_scale(options.color_scale),
        "steps": options.steps or None,
        "show_values": options.cell_labels,
        "show_legend": options.color_bar,
        "x_axis_time_format": options.time_format or "smart_date",
    }


def write_rose(options: Rose.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A rose in Superset's words."""
    found = _written(options, out, "number_format") | _written_series(options, out)
    return "rose", found | out.palette(options) | {
        "rose_area_proportion": options.area,
        "date_time_format": options.time_format or "smart_date",
    }


def write_gantt(options: Gantt.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A Gantt chart in Superset's words."""
    bounds = [options.day_from, options.day_to]
    found = out.narrowing(options) | out.number_format(options, "tooltip_values_format")
    return "gantt_chart", found | out.palette(options) | {
        "start_time": out.dimension(options.start),
        "end_time": out.dimension(options.end),
        "y_axis": out.dimension(options.rows),
        "series": out.dimension(options.color),
        "tooltip_columns": out.dimensions(options.tooltips),
        "tooltip_metrics": out.metrics(options.metrics),
        "order_by_cols": [json.dumps([o.by, not o.descending]) for o in options.order],
        "subcategories": options.lanes == "color",
        "show_legend": options.legend != "hidden",
        "tooltipTimeFormat": options.time_format or "smart_date",
        "x_axis_time_bounds": bounds if any(bounds) else None,
    }


TRANSLATORS: Final[dict[str, Translator]] = {
    "waterfall": waterfall,
    "time_pivot": time_pivot,
    "horizon": horizon,
    "cal_heatmap": calendar,
    "rose": rose,
    "gantt_chart": gantt,
    **timetables.TRANSLATORS,
}
WRITERS: Final[dict[str, Writer]] = {
    "waterfall": write_waterfall,
    "time_pivot": write_time_pivot,
    "horizon": write_horizon,
    "calendar_heatmap": write_calendar,
    "rose": write_rose,
    "gantt": write_gantt,
    **timetables.WRITERS,
}
