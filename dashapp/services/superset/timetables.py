"""Superset's time-series tables in ours, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashapp.charts.colors import BAD, GOOD
from dashapp.charts.timetable import TimeTable, TrendColumn
from dashapp.errors import Invalid
from dashapp.services.superset import names
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.values import number
from dashapp.services.superset.written import Out, Writer

SHOWN: Final = {"time": "compare", "contrib": "share", "avg": "average", "spark": "spark"}
COMPARED: Final = {
    "value": "value", "diff": "difference", "perc": "ratio", "perc_change": "change",
}  # fmt: skip
LINES: Final = {"line": "line", "bar": "bar", "area": "area"}
_MOST_COLUMNS, _MOST_STEPS = 20, 10_000


def table(p: Params) -> Translated:
    """A row per metric or member."""
    axis, rows = p.axis(), p.dimensions("groupby")
    metrics = p.metrics("metrics", "metric")
    if not metrics:
        raise Invalid("It names no metric.")
    column = axis.column if axis else p.dataset.time_column
    if column is None:
        raise Invalid("It names no column of time.")
    if len(rows) > 1:
        p.note(f"Its rows are the members of {rows[0].name} alone.")
    found: dict[str, Any] = p.narrowing() | {
        "time": column,
        "grain": axis.grain if axis else p.grain(),
        "metrics": metrics,
        "rows": rows[0] if rows else None,
        "rows_limit": 100,
        "order": p.ranked(*metrics) if rows else (),
        "columns": tuple(_column(p, told) for told in _columns(p)),
    }
    for key in ("order_desc", "limit", "series_limit", "timeseries_limit_metric"):
        p.get(key)
    kept = {k: v for k, v in found.items() if v is not None or k == "grain"}
    return Translated("time_table", kept)


def _columns(p: Params) -> list[Mapping[str, Any]]:
    told = p.get("column_collection", [])
    found = [c for c in told if isinstance(c, Mapping)] if isinstance(told, list) else []
    if len(found) > _MOST_COLUMNS:
        p.note(f"It has {len(found)} columns; {_MOST_COLUMNS} were kept.")
    return found[:_MOST_COLUMNS]


def _column(p: Params, told: Mapping[str, Any]) -> dict[str, Any]:
    """One column of the collection."""
    found: dict[str, Any] = {"title": str(told.get("label") or "")[:100]}
    kind = str(told.get("colType") or "")
    if kind not in SHOWN:
        p.note(f"A column of type “{kind[:30]}” shows the latest value here.")
    found["show"] = SHOWN.get(kind, "value")
    lag = number(told.get("timeLag"))
    found["back"] = int(min(max(lag or 0, -_MOST_STEPS), _MOST_STEPS))
    if kind == "time":
        found["how"] = COMPARED.get(str(told.get("comparisonType") or "value"), "value")
        if found["how"] == "value" and found["back"] == 0:
            found["show"] = "value"
            found.pop("how")
    if kind == "spark":
        found["line"] = LINES.get(str(told.get("sparkType") or "line"), "line")
        found["ratio_to"] = int(min(max(number(told.get("timeRatio")) or 0, 0), _MOST_STEPS))
        found |= _ends(told.get("yAxisBounds"), "low", "high")
    fmt = names.number(str(told.get("d3format") or ""))
    if fmt:
        found["format"] = fmt
    return found | _colors(told.get("bounds"))


def _ends(told: Any, low: str, high: str) -> dict[str, float]:
    """Two numbers of a list, either of which may be empty."""
    if not isinstance(told, list) or len(told) != 2:
        return {}
    pairs = ((low, number(told[0])), (high, number(told[1])))
    return {name: value for name, value in pairs if value is not None}


def _colors(told: Any) -> dict[str, Any]:
    """Colours between two bounds, or on either side of one."""
    ends = _ends(told, "low", "high")
    if len(ends) == 2:
        return {"heat": "diverging"}
    rules: tuple[dict[str, Any], ...] = ()
    if "low" in ends:
        rules = ({"op": ">=", "value": ends["low"], "color": GOOD},
                 {"op": "<", "value": ends["low"], "color": BAD})  # fmt: skip
    if "high" in ends:
        rules = ({"op": "<", "value": ends["high"], "color": GOOD},
                 {"op": ">=", "value": ends["high"], "color": BAD})  # fmt: skip
    return {"rules": rules} if rules else {}


def write(options: TimeTable.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """A time-series table in Superset's words."""
    axis = options.time_dimension(out.dataset)
    return "time_table", out.narrowing(options) | {
        "granularity_sqla": axis.column,
        "time_grain_sqla": out.grain(axis.grain),
        "metrics": out.metrics(options.metrics[:1] if options.rows else options.metrics),
        "groupby": out.dimensions((options.rows,)) if options.rows else [],
        "column_collection": [_written(c, i, out) for i, c in enumerate(options.columns)],
    }


def _written(column: TrendColumn, place: int, out: Out) -> dict[str, Any]:
    kinds = {ours: theirs for theirs, ours in SHOWN.items()}
    how = {ours: theirs for theirs, ours in COMPARED.items()}
    found: dict[str, Any] = {
        "key": f"column-{place}",
        "label": column.title or column.name,
        "colType": kinds.get(column.show, "time"),
        "timeLag": 0 if column.show == "value" else column.back,
        "d3format": names.written_number(column.format) or "",
    }
    if column.show in ("compare", "value"):
        found["comparisonType"] = "value" if column.show == "value" else how[column.how]
    if column.show == "spark":
        found |= {
            "sparkType": column.line,
            "timeRatio": column.ratio_to or None,
            "yAxisBounds": [column.low, column.high],
        }
    if column.rules:
        rule = column.rules[0]
        is_low = rule.op in (">", ">=")
        found["bounds"] = [rule.value, None] if is_low else [None, rule.value]
    elif column.heat != "none":
        out.note("Superset colours columns of time-series tables between two bounds only.")
    return found


TRANSLATORS: Final[dict[str, Translator]] = {"time_table": table}
WRITERS: Final[dict[str, Writer]] = {"time_table": write}
