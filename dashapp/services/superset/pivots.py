"""Superset's pivot tables in ours, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashapp.charts.pivot_options import PivotOptions
from dashapp.charts.pivot_tree import Share, Sort, Summary
from dashapp.services.superset import names, styles
from dashapp.services.superset.params import Params, Translated
from dashapp.services.superset.written import Out
from dashapp.specs import Dimension, SimpleMetric, metric_name
from dashapp.specs.query import Metric

# What Superset does with the cells of a group: our summary and share.
_SUMMARIES: Final[dict[str, tuple[Summary, Share]]] = {
    "Sum": ("metric", "no"),
    "Average": ("average", "no"),
    "Median": ("median", "no"),
    "Sample Variance": ("variance", "no"),
    "Sample Standard Deviation": ("deviation", "no"),
    "Minimum": ("smallest", "no"),
    "Maximum": ("largest", "no"),
    "First": ("first", "no"),
    "Last": ("last", "no"),
    "Count": ("count", "no"),
    "Count Unique Values": ("distinct", "no"),
    "List Unique Values": ("list", "no"),
    "Sum as Fraction of Total": ("sum", "total"),
    "Sum as Fraction of Rows": ("sum", "row"),
    "Sum as Fraction of Columns": ("sum", "column"),
    "Count as Fraction of Total": ("count", "total"),
    "Count as Fraction of Rows": ("count", "row"),
    "Count as Fraction of Columns": ("count", "column"),
}
_OLD_SUMMARIES: Final = {
    "sum": "Sum", "mean": "Average", "median": "Median", "var": "Sample Variance",
    "stdev": "Sample Standard Deviation", "std": "Sample Standard Deviation", "min": "Minimum",
    "max": "Maximum", "count": "Count",
}  # fmt: skip
_ORDERS: Final[dict[str, Sort]] = {
    "key_a_to_z": "name",
    "key_z_to_a": "name descending",
    "value_a_to_z": "smallest",
    "value_z_to_a": "largest",
}
_ADDITIVE: Final = frozenset({"sum", "count"})
_CHROME: Final = (
    "tableRenderer", "allow_render_html", "limit", "series_limit", "isDTTMLookup", "show_empty_columns",
    "temporal_columns_lookup", "groupby_columns_lookup",
)  # fmt: skip


def pivot(p: Params) -> Translated:
    """A pivot table; transposed ones with their sides swapped."""
    for key in _CHROME:
        p.get(key)
    sides = _side(p, "groupbyRows"), _side(p, "groupbyColumns")
    rows, columns = reversed(sides) if p.flag("transposePivot") else sides
    rows_named = {d.name for d in rows}
    metrics = p.metrics("metrics")
    options: dict[str, Any] = {
        "rows": rows,
        "columns": tuple(d for d in columns if d.name not in rows_named),
        "metrics": metrics,
        "order": p.ranked(*metrics),
        "metrics_on": "rows" if p.text("metricsLayout") == "ROWS" else "columns",
        "metrics_first": len(metrics) > 1 and not p.flag("combineMetric"),
        "total_column": p.flag("rowTotals") and bool(columns),
        "total_row": p.flag("colTotals") and bool(rows),
        "row_subtotals": p.flag("rowSubTotals"),
        "column_subtotals": p.flag("colSubTotals"),
        "row_subtotals_first": p.flag("rowSubtotalPosition"),
        "column_subtotals_first": p.flag("colSubtotalPosition"),
        "sort_rows": p.choice("rowOrder", _ORDERS, "name"),
        "sort_columns": p.choice("colOrder", _ORDERS, "name"),
    }
    function = p.text("aggregateFunction") or "Sum"
    return _made(p, options, function, ("valueFormat",), ("date_format",))


def old_pivot(p: Params) -> Translated:
    """A pivot table as it was before version 2."""
    for key in (*_CHROME, "date_format_map", "pandas_aggfunc", "number_format"):
        p.get(key)
    sides = _side(p, "groupby"), _side(p, "columns")
    rows, columns = reversed(sides) if p.flag("transpose_pivot") else sides
    margins, metrics = p.flag("pivot_margins", True), p.metrics("metrics")
    options: dict[str, Any] = {
        "rows": rows,
        "columns": tuple(columns),
        "metrics": metrics,
        "order": p.ranked(*metrics),
        "metrics_first": len(metrics) > 1 and not p.flag("combine_metric"),
        "total_column": margins and bool(columns),
        "total_row": margins and bool(rows),
    }
    function = _OLD_SUMMARIES.get(p.text("pandas_aggfunc") or "sum", "")
    return _made(p, options, function, ("number_format",), ("date_format",))


def _made(
    p: Params,
    options: dict[str, Any],
    function: str,
    numbers: tuple[str, ...],
    times: tuple[str, ...],
) -> Translated:
    """The pivot with what both versions have: totals, formats, conditions."""
    if function not in _SUMMARIES:
        p.note(f"The aggregate function {function[:60] or 'of its cells'} is not known here.")
    summary, share = _SUMMARIES.get(function, ("metric", "no"))
    options |= {"summary": summary, "share": share}
    _tell_totals(p, options)
    options |= p.narrowing() | p.number_format(*numbers)
    options["time_format"] = p.time_format(*times)
    toned, config = styles.rules(p), p.get("column_config")
    looks = []
    for metric in options["metrics"]:
        name = metric_name(metric)
        own = styles.column(p, name, config.get(name)) if isinstance(config, Mapping) else {}
        look = {k: v for k, v in own.items() if k in ("title", "format", "currency")}
        if name in toned:
            look["rules"] = toned[name]
        if look:
            looks.append({"name": name, **look})
    options["looks"] = tuple(looks)
    return Translated("pivot_table", {k: v for k, v in options.items() if v is not None})


def _tell_totals(p: Params, options: Mapping[str, Any]) -> None:
    """Say where totals differ from Superset's, which adds up what it shows."""
    shown = ("total_row", "total_column", "row_subtotals", "column_subtotals")
    if options["summary"] != "metric" or not any(options.get(k) for k in shown):
        return
    odd = [metric_name(m) for m in options["metrics"] if not _is_additive(m, p)]
    if odd:
        p.note(
            f"Totals of {', '.join(odd)[:200]} are calculated over all rows of data; "
            "Superset adds up the cells."
        )


def _is_additive(metric: Metric, p: Params) -> bool:
    if isinstance(metric, str):
        saved = p.dataset.metric(metric)
        return saved is not None and _is_additive(saved.definition, p)
    if isinstance(metric, SimpleMetric):
        return metric.aggregate in _ADDITIVE
    text = getattr(metric, "expression", "").strip().lower()
    simple = text.startswith(("sum(", "count(")) and text.count("(") == 1
    return simple and text.endswith(")") and "distinct" not in text


def _side(p: Params, key: str) -> tuple[Dimension, ...]:
    """Dimensions of one side; times that Superset cuts to the grain are cut."""
    lookup = p.get("temporal_columns_lookup")
    known = lookup if isinstance(lookup, Mapping) else {}
    grain, timed = p.grain(), p.text("granularity_sqla")
    return tuple(
        d.model_copy(update={"grain": grain})
        if grain and p.is_time(d.column) and (known.get(d.column) or d.column == timed)
        else d
        for d in p.dimensions(key)
    )


def write(options: PivotOptions, out: Out) -> tuple[str, dict[str, Any]]:
    """A pivot table in Superset's words."""
    cut = [d for d in options.rows + options.columns if d.grain]
    order = next(iter(options.order), None)
    ranked = order.metric or order.by if order else None
    sorts = {ours: theirs for theirs, ours in _ORDERS.items()}
    found = out.narrowing(options) | {
        "groupbyRows": out.dimensions(options.rows),
        "groupbyColumns": out.dimensions(options.columns),
        "metrics": out.metrics(options.metrics),
        "metricsLayout": "ROWS" if options.metrics_on == "rows" else "COLUMNS",
        "combineMetric": not options.metrics_first,
        "aggregateFunction": _function(options, out),
        "rowTotals": options.total_column,
        "colTotals": options.total_row,
        "rowSubTotals": options.row_subtotals,
        "colSubTotals": options.column_subtotals,
        "rowSubtotalPosition": options.row_subtotals_first,
        "colSubtotalPosition": options.column_subtotals_first,
        "rowOrder": sorts.get(options.sort_rows, "key_a_to_z"),
        "colOrder": sorts.get(options.sort_columns, "key_a_to_z"),
        "series_limit_metric": out.metric(ranked) if ranked else None,
        "order_desc": order.descending if order else True,
        "valueFormat": names.written_number(options.format) or "SMART_NUMBER",
        "date_format": options.time_format or "smart_date",
        "time_grain_sqla": out.grain(cut[0].grain) if cut else None,
        "temporal_columns_lookup": {d.column: True for d in cut} or None,
        "conditional_formatting": [
            entry for x in options.looks for entry in styles.written_rules(x.name, x.rules)
        ],
    }
    if options.currency:
        found["currency_format"] = {"symbol": options.currency, "symbolPosition": "prefix"}
    if options.heat != "none":
        out.note("Superset's pivot tables have no heat; conditional formats come near it.")
    return "pivot_table_v2", found


def _function(options: PivotOptions, out: Out) -> str:
    chosen = (options.summary, options.share)
    plain: tuple[Summary, Share] = ("metric" if options.share == "no" else "sum", options.share)
    words = {ours: theirs for theirs, ours in _SUMMARIES.items()}
    if chosen not in words and options.summary != "metric":
        out.note(f"Superset has no totals that are both {options.summary} and shares.")
    return words.get(chosen) or words[plain]
