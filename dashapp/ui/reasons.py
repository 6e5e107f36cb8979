"""Definitions of metrics, and what narrows rows, in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from dashapp.charts import formats
from dashapp.charts.base import Look
from dashapp.charts.explained import Meaning, Reason
from dashapp.specs import MetricFilter, RatioMetric, SimpleMetric, SqlMetric
from dashapp.specs.query import Scalar
from dashapp.ui.texts import t

MOST_VALUES = 20


def definition(meaning: Meaning) -> Component:
    """What a metric is."""
    found = meaning.definition
    if isinstance(found, SimpleMetric):
        text = _simple(found, meaning.column)
        return html.P(t("{what}, approximately", what=text) if found.approximate else text)
    if isinstance(found, SqlMetric):
        return html.P(html.Code(found.expression))
    if isinstance(found, RatioMetric):
        return _ratio(found, meaning)
    return html.P(t("How it is computed is known to those who made it."), className="why-hint")


def _simple(metric: SimpleMetric, column: str) -> str:
    if metric.aggregate == "count" and metric.column is None:
        return t("Number of rows")
    words = {
        "count": t("Number of values of {column}", column=column),
        "count_distinct": t("Number of different values of {column}", column=column),
        "sum": t("Sum of {column}", column=column),
        "avg": t("Average of {column}", column=column),
        "min": t("Smallest value of {column}", column=column),
        "max": t("Largest value of {column}", column=column),
        "median": t("Median of {column}", column=column),
        "stddev": t("Standard deviation of {column}", column=column),
        "least_hash": t("Least hash of {column}", column=column),
    }
    return words[metric.aggregate]


def _ratio(metric: RatioMetric, meaning: Meaning) -> Component:
    titles = [part.title for part in meaning.parts] or [metric.numerator, metric.denominator]
    text = " ÷ ".join(titles)
    if metric.scale != 1:
        text += f" × {metric.scale:g}"
    parts = [html.Li([html.B(part.title), definition(part)]) for part in meaning.parts]
    return html.Div([html.P(text), html.Ul(parts, className="why-parts")])


def reason(found: Reason, zone: str, look: Look) -> Component:
    """One thing that narrows rows, and where it comes from."""
    origins = {
        "chart": t("of the chart"), "filter": t("filter of the dashboard"),
        "click": t("chosen by a click"), "fixed": t("fixed for this access"),
    }  # fmt: skip
    words: list[Component | str] = [html.B(found.title), " "] if found.title else []
    inside = _said(found, zone, look)
    return html.Li([*words, *inside, " ", html.Span(origins[found.origin], className="why-from")])


def _said(found: Reason, zone: str, look: Look) -> list[Component | str]:
    if found.bounds is not None:
        low, high = (_moment(b, zone) for b in found.bounds)
        both = " ".join(
            part
            for part in (t("from {time}", time=low) if low else "", t("before {time}", time=high) if high else "")
            if part
        )  # fmt: skip
        return [both, f" ({found.words})" if found.words else ""]
    if found.having is not None:
        return [_having(found.having)]
    if found.op == "sql":
        return [html.Code(found.sql)] if found.sql else [t("A condition in SQL.")]
    if not found.op:
        return [t("Conditions of the chart.")]
    return [f"{_operator(found.op)} {_values(found, look)}".strip()]


def _moment(at: datetime | None, zone: str) -> str:
    return "" if at is None else f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _having(item: MetricFilter) -> str:
    value = item.value
    if isinstance(value, tuple):
        return f"{_operator(item.op)} {value[0]:g} – {value[1]:g}"
    return f"{_operator(item.op)} {'' if value is None else format(value, 'g')}".strip()


def _operator(op: str) -> str:
    words = {
        "=": t("is"), "in": t("is"), "!=": t("is not"), "not in": t("is not"), "between": "",
        "contains": t("contains"), "not contains": t("does not contain"),
        "starts with": t("begins with"), "ends with": t("ends with"), "like": t("is like"),
        "not like": t("is not like"), "ilike": t("is like"), "not ilike": t("is not like"),
        "is null": t("is empty"), "is not null": t("is not empty"), "is true": t("is true"),
        "is false": t("is false"), "<=": "≤", ">=": "≥",
    }  # fmt: skip
    return words.get(op, op)


def _values(found: Reason, look: Look) -> str:
    if found.op.startswith("is "):
        return ""
    if found.op == "between":
        low, high = found.values
        ends = ("…" if v is None else _value(v, look) for v in (low, high))
        return " – ".join(ends)
    texts = [_value(v, look) for v in found.values[:MOST_VALUES]]
    more = len(found.values) - len(texts)
    return ", ".join(texts) + (f" +{more}" if more > 0 else "")


def _value(value: Scalar, look: Look) -> str:
    if value is None:
        return t("(empty)")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).removesuffix("T00:00:00")
    return formats.number(value, "full", None, look.locale)
