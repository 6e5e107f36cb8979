"""Superset's filters as conditions of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from dashapp.errors import Invalid
from dashapp.services.superset.ranges import range_text
from dashapp.specs import ColumnSpec, Dimension, Filter, MetricFilter, SqlFilter, SqlMetric
from dashapp.specs.query import Operator, Scalar

OPERATORS: Final[dict[str, Operator]] = {
    "==": "=", "=": "=", "!=": "!=", "<>": "!=", ">": ">", "<": "<", ">=": ">=", "<=": "<=",
    "IN": "in", "NOT IN": "not in", "LIKE": "like", "NOT LIKE": "not like", "ILIKE": "ilike",
    "NOT ILIKE": "not ilike", "IS NULL": "is null", "IS NOT NULL": "is not null", "IS TRUE": "is true",
    "IS FALSE": "is false",
}  # fmt: skip
NULL, EMPTY_TEXT = "<NULL>", "<empty string>"
_TEMPLATE = re.compile(r"\{\{|\{%")


class Chart(Protocol):
    """What conditions want to know of the chart that they narrow."""

    def dimension(self, value: Any) -> Dimension | None:
        """The column that a filter is about."""

    def column(self, name: str) -> ColumnSpec | None:
        """What is known of a column."""

    def sql(self, text: str) -> str:
        """SQL as the chart's database reads it."""

    def note(self, sentence: str) -> None:
        """Tell people what was not carried over."""


@dataclass
class Conditions:
    """What narrows a question, collected filter by filter."""

    filters: list[Filter] = field(default_factory=list)
    where: list[SqlFilter] = field(default_factory=list)
    having: list[MetricFilter] = field(default_factory=list)
    ranges: list[tuple[str, str | None]] = field(default_factory=list)

    def parts(self) -> dict[str, list[Any]]:
        """The options of a chart, by name."""
        return {"filters": self.filters, "where": self.where, "having": self.having}


def add(params: Chart, found: Conditions, item: Mapping[str, Any]) -> None:
    """Add one of Superset's filters. Raises Invalid if leaving it out would change numbers."""
    clause = str(item.get("clause") or "WHERE").upper()
    if item.get("expressionType") == "SQL":
        sql = str(item.get("sqlExpression") or "").strip()
        if not sql:
            return
        if clause == "HAVING":
            found.having.append(on_groups(params.sql(sql), len(found.having)))
        else:
            found.where.append(SqlFilter(expression=params.sql(sql)))
        return
    if clause == "HAVING":
        params.note("A simple condition on groups is left out, as Superset leaves it out.")
        return
    _simple(params, found, item)


def _simple(params: Chart, found: Conditions, item: Mapping[str, Any]) -> None:
    operator = " ".join(str(item.get("operator") or item.get("op") or "").split()).upper()
    subject, value = item.get("subject"), item.get("comparator")
    dimension = params.dimension(subject)
    if dimension is None:
        if subject or operator:
            raise Invalid("A filter names no column.")
        return
    name = dimension.column
    if operator == "TEMPORAL_RANGE":
        text = value if isinstance(value, str) else "No filter"
        found.ranges.append((name, range_text(text)))
        return
    if operator not in OPERATORS:
        raise Invalid(f"A filter on {name} uses “{operator[:50]}”, which is not known here.")
    made = condition(params.column(name), name, OPERATORS[operator], value)
    if made is not None:
        found.filters.append(made)


def condition(
    column: ColumnSpec | None, name: str, operator: Operator, value: Any
) -> Filter | None:
    """One condition on a column, its values of the column's type; None if it says nothing."""
    if operator.startswith("is "):
        return Filter(column=name, op=operator)
    many = value if isinstance(value, list | tuple) else [value]
    values = [typed(column, v) for v in many]
    if operator in ("in", "not in"):
        return Filter(column=name, op=operator, value=tuple(values)) if values else None
    first = values[0] if values else None
    if first is None:
        # Superset leaves out a comparison with nothing, but "= null" means empty.
        if operator in ("=", "!=") and value not in (None, [], ""):
            return Filter(column=name, op="is null" if operator == "=" else "is not null")
        return None
    return Filter(column=name, op=operator, value=first)


def typed(column: ColumnSpec | None, value: Any) -> Scalar:
    """A filter's value as the column holds it; "<NULL>" and "<empty string>" as they are meant."""
    if value is None or value == NULL:
        return None
    if value == EMPTY_TEXT:
        return ""
    kind = column.type if column else "other"
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            found = float(value)
        except ValueError:
            return value
        return int(found) if found.is_integer() else found
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str | int | float | bool):
        return value
    raise Invalid(f"A filter on {column.name if column else 'a column'} has no plain value.")


def within(column: str, text: str) -> Filter:
    """A time range on a column of its own."""
    return Filter(column=column, op="time range", value=text)


def on_groups(sql: str, place: int) -> MetricFilter:
    """A condition on groups in SQL, as one on a metric that is 1 where it holds."""
    metric = SqlMetric(
        expression=f"CASE WHEN ({sql}) THEN 1 ELSE 0 END", label=f"condition {place + 1}"
    )
    return MetricFilter(metric=metric, op="=", value=1.0)


def plain_sql(sql: str) -> str:
    """SQL without templates. Raises Invalid where Jinja decides what it says."""
    if _TEMPLATE.search(sql):
        raise Invalid("It uses Jinja templates, which are not run here.")
    return sql.strip()
