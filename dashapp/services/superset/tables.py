"""Superset's tables in ours, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from dashapp.charts.table_options import TableOptions
from dashapp.services.superset import pivots, styles
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import Dimension, Order, metric_name
from dashapp.specs.query import Metric

_AGO: Final = re.compile(r"(\d{1,6}) (second|minute|hour|day|week|month|quarter|year)s?(?: ago)?")
# How the columns of a comparison are called in `column_config`.
_MARKS: Final = {"Main": "", "#": " ({})", "△": " difference ({})", "%": " change ({})"}
_SHARE_FORMAT: Final = ",.3%"
# What only Superset's page has, or what tables here always do.
_CHROME: Final = (
    "limit", "series_limit", "series_limit_metric", "table_filter", "allow_render_html", "include_time",
    "percent_metric_calculation", "server_page_length", "temporal_columns_lookup", "color_pn", "align_pn",
    "time_grain_sqla", "comparison_type", "show_empty_columns", "column_order",
)  # fmt: skip


def table(p: Params) -> Translated:
    """A table of grouped or raw rows."""
    for key in _CHROME:
        p.get(key)
    is_raw = p.text("query_mode") == "raw" or (
        p.text("query_mode") != "aggregate" and bool(p.get("all_columns"))
    )
    options = _raw(p) if is_raw else _grouped(p)
    _skip(p, is_raw)
    options |= p.narrowing() | _pages(p)
    options["time_format"] = p.time_format("table_timestamp_format")
    shares = {f"%{metric_name(m)}" for m in options.get("shares", ())}
    options["looks"] = _looks(p, _columns(p, options), shares)
    kept = {k: v for k, v in options.items() if v is not None}
    return Translated("table", kept)


def _skip(p: Params, is_raw: bool) -> None:
    """Settings of the other mode lie idle in Superset too."""
    idle = ("groupby", "metrics", "percent_metrics", "timeseries_limit_metric", "show_totals",
            "order_desc", "time_compare", "comparison_color_enabled",
            "comparison_color_scheme", "start_date_offset")  # fmt: skip
    for key in idle if is_raw else ("all_columns", "order_by_cols"):
        p.get(key)


def _raw(p: Params) -> dict[str, Any]:
    columns = tuple(d.column for d in p.dimensions("all_columns"))
    if not columns:
        p.note("It names no columns; here it shows all of its dataset.")
    order: list[Order] = []
    for by, descending in _sorts(p):
        if by in columns:
            order.append(Order(by=by, descending=descending))
        else:
            p.note(
                f"It is sorted by {by[:60]}, which it does not show; here it is not sorted by it."
            )
    return {"mode": "raw", "columns": columns, "order": tuple(order)}


def _sorts(p: Params) -> list[tuple[str, bool]]:
    """Columns of `order_by_cols` (JSON texts or pairs) and whether they run downwards."""
    value = p.get("order_by_cols", [])
    found: list[tuple[str, bool]] = []
    for item in value if isinstance(value, list) else [value]:
        try:
            pair = json.loads(item) if isinstance(item, str) else item
        except ValueError:
            pair = None
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            p.note(f"The order {str(item)[:60]} is not known here.")
            continue
        found.append((p.column_name(pair[0]), not pair[1]))
    return found


def _grouped(p: Params) -> dict[str, Any]:
    dimensions = _dimensions(p)
    metrics, shares = p.metrics("metrics"), p.metrics("percent_metrics")
    found: dict[str, Any] = {"dimensions": dimensions, "metrics": metrics, "shares": shares}
    by, falling = p.metric("timeseries_limit_metric"), p.flag("order_desc", True)
    if by is not None:
        found["order"] = (p.order(by, descending=falling),)
    elif metrics:
        found["order"] = (p.order(metrics[0]),)
    else:
        shown = {d.name for d in dimensions}
        found["order"] = tuple(Order(by=b, descending=d) for b, d in _sorts(p) if b in shown)
    found["totals"] = p.flag("show_totals")
    everything = p.text("percent_metric_calculation") == "all_records"
    if shares and everything and p.whole("row_limit"):
        p.note("Its shares are of the rows that it shows, not of all records.")
    compare = offsets(p)
    if compare:
        found["compare"] = compare
        if p.flag("comparison_color_enabled"):
            is_red = p.text("comparison_color_scheme") == "Red"
            found["compare_colors"] = "less is good" if is_red else "more is good"
    return found


def _dimensions(p: Params) -> tuple[Dimension, ...]:
    """Groups; the first time column that Superset cuts to the grain comes first."""
    lookup = p.get("temporal_columns_lookup")
    grain, known = p.grain(), lookup if isinstance(lookup, Mapping) else {}
    plain: list[Dimension] = list(p.dimensions("groupby"))
    cut: list[Dimension] = []
    for dimension in plain:
        if grain and known.get(dimension.column) and p.is_time(dimension.column) and not cut:
            cut.append(dimension.model_copy(update={"grain": grain}))
    rest = [d for d in plain if d.name not in {c.name for c in cut}]
    return (*cut, *rest)


def offsets(p: Params, key: str = "time_compare") -> tuple[str, ...]:
    """Earlier periods that a chart compares with."""
    found: list[str] = []
    for text in p.strings(key):
        match = _AGO.fullmatch(text.strip())
        if match:
            count = int(match[1])
            found.append(f"{count} {match[2]}{'' if count == 1 else 's'}")
        elif text == "inherit":
            found.append("previous period")
        else:
            start = p.text("start_date_offset") or text
            p.note(f"It compares with a period that starts on a fixed day ({start[:60]}).")
    return tuple(dict.fromkeys(found))[:4]


def _pages(p: Params) -> dict[str, Any]:
    found: dict[str, Any] = {"search": p.flag("include_search")}
    server = p.flag("server_pagination")
    length = p.whole("server_page_length") if server else p.whole("page_length")
    if length and length > 0:
        found["rows_per_page"] = min(length, 5000)
    if p.get("allow_rearrange_columns") is not None:
        found["movable"] = p.flag("allow_rearrange_columns")
    return found


def _columns(p: Params, options: Mapping[str, Any]) -> dict[str, bool]:
    """Names of the answer's columns, and whether they hold numbers."""
    if options.get("mode") == "raw":
        found = {c: p.column(c) for c in options["columns"]}
        return {c: s is not None and s.type in ("integer", "number") for c, s in found.items()}
    made = {d.name: False for d in options["dimensions"]}
    made |= {metric_name(m): True for m in options["metrics"]}
    for metric in options["metrics"]:
        for offset in options.get("compare", ()):
            marks = [m for m in _MARKS.values() if m]
            made |= {metric_name(metric) + m.format(offset): True for m in marks}
    return made | {f"%{metric_name(m)}": True for m in options["shares"]}


def _looks(
    p: Params, columns: Mapping[str, bool], shares: Collection[str]
) -> tuple[dict[str, Any], ...]:
    """Settings of all columns that have some."""
    config = p.get("column_config")
    own = config if isinstance(config, Mapping) else {}
    toned, bars = styles.rules(p), p.flag("show_cell_bars", True)
    signed, aligned = p.flag("color_pn", True), p.flag("align_pn")
    found: list[dict[str, Any]] = []
    for name, is_number in columns.items():
        look: dict[str, Any] = {}
        if is_number and bars:
            look |= {"bar": True, "by_sign": signed}
            if aligned:
                look["bar_from"] = "left"
        if name in shares:
            look["format"] = _SHARE_FORMAT
        for key in _keys(name):
            look |= styles.column(p, name, own.get(key))
            if key in toned:
                look["rules"] = toned[key]
        if not look.get("bar", False):
            look = {k: v for k, v in look.items() if k not in ("bar", "by_sign", "bar_from")}
        if look:
            found.append({"name": name, **look})
    return tuple(found)


def _keys(name: str) -> tuple[str, ...]:
    """What Superset may call a column in its settings."""
    found = [name]
    for mark, suffix in _MARKS.items():
        pattern = re.escape(suffix).replace(r"\{\}", ".+")
        match = re.fullmatch(f"(.+){pattern}" if suffix else "(.+)", name)
        if match:
            found.append(f"{mark} {match[1]}")
    return tuple(found)


def write(options: TableOptions, out: Out) -> tuple[str, dict[str, Any]]:
    """A table in Superset's words."""
    found = out.narrowing(options)
    times = {c.name for c in out.dataset.columns if c.type in ("time", "date")}
    if options.mode == "raw":
        found |= {
            "query_mode": "raw",
            "all_columns": list(options.raw_columns(out.dataset)),
            "order_by_cols": [json.dumps([o.by, not o.descending]) for o in options.order],
        }
    else:
        found |= _written_groups(options, out)
    found |= {
        "table_timestamp_format": options.time_format or "smart_date",
        "include_search": options.search,
        "page_length": options.rows_per_page or 0,
        "allow_rearrange_columns": options.movable,
        "show_cell_bars": any(look.bar for look in options.looks),
        "column_config": {x.name: styles.written_column(x, x.name in times) for x in options.looks},
        "conditional_formatting": [
            entry for x in options.looks for entry in styles.written_rules(x.name, x.rules)
        ],
    }
    if any(look.heat != "none" for look in options.looks):
        out.note("Superset's tables have no heat; conditional formats come near it.")
    return "table", found


def _written_groups(options: TableOptions, out: Out) -> dict[str, Any]:
    cut = [d for d in options.dimensions if d.grain]
    found: dict[str, Any] = {
        "query_mode": "aggregate",
        "groupby": out.dimensions(options.dimensions),
        "metrics": out.metrics(options.metrics),
        "percent_metrics": out.metrics(options.shares),
        "show_totals": options.totals,
        "time_grain_sqla": out.grain(cut[0].grain) if cut else None,
        "temporal_columns_lookup": {d.column: True for d in cut} or None,
    }
    if len({d.grain for d in cut}) > 1:
        out.note("Superset's tables have one grain of time.")
    order = next(iter(options.order), None)
    metric = _ordering(order, options) if order else None
    if order and metric is not None:
        found |= {
            "timeseries_limit_metric": out.metric(metric),
            "order_desc": order.descending,
        }
    elif order:
        found["order_by_cols"] = [json.dumps([order.by, not order.descending])]
    if options.compare:
        found |= {
            "time_compare": [_ago(offset) for offset in options.compare],
            "comparison_type": "values",
            "comparison_color_enabled": options.compare_colors != "none",
            "comparison_color_scheme": "Red"
            if options.compare_colors == "less is good"
            else "Green",
        }
    return found


def _ordering(order: Order, options: TableOptions) -> Metric | None:
    if order.metric is not None:
        return order.metric
    return next((m for m in options.asked if metric_name(m) == order.by), None)


def _ago(offset: str) -> str:
    return "inherit" if offset == "previous period" else f"{offset} ago"


TRANSLATORS: Final[dict[str, Translator]] = {
    "table": table,
    "ag-grid-table": table,
    "pivot_table_v2": pivots.pivot,
    "pivot_table": pivots.old_pivot,
}
WRITERS: Final[dict[str, Writer]] = {"table": write, "pivot_table": pivots.write}
