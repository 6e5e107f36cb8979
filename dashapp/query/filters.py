"""Filters as SQL predicates.

Empty values: a comparison never matches an empty cell, and neither does its opposite: `!=`,
`not in`, `not contains` and `not like` leave empty cells out, as SQL and Superset do. Only
`is null`, and an `in` list that holds a null, keep them. `in` of nothing keeps nothing,
`not in` of nothing keeps all. Texts are searched (contains, starts, ends, ilike) whatever
their case; `like` looks at case, and a backslash takes `%` and `_` literally.

With a grain, a value stands for the whole grain it falls in; with a bin, for its bin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dashapp.errors import Invalid
from dashapp.query.dialects import Element
from dashapp.query.reading import Column, Reading
from dashapp.query.timerange import Range, resolve
from dashapp.query.times import Axis, Predicate, Span, axis, span
from dashapp.query.values import Value, coerce
from dashapp.specs import Filter, MetricFilter
from dashapp.specs.query import Scalar

POSITIVE = {
    "!=": "=",
    "not in": "in",
    "not contains": "contains",
    "not like": "like",
    "not ilike": "ilike",
}
_ESCAPED = str.maketrans({"/": "//", "%": "/%", "_": "/_"})


def predicate(reading: Reading, item: Filter, now: datetime) -> Predicate:
    """The SQL of one filter; Invalid, naming the column, if its value does not fit."""
    column = reading.column(item.column)
    if item.op in ("is null", "is not null"):
        is_null = column.element.is_(None)
        return is_null if item.op == "is null" else column.element.is_not(None)
    if item.op in ("is true", "is false"):
        return _truth(column, item.op == "is true")
    if item.op == "time range":
        week = reading.source.dataset.week_start
        return within(reading, column, resolve(str(item.value), reading.zone, now, week))
    op = POSITIVE.get(item.op, item.op)
    found = _matched(reading, column, item, op)
    if op == item.op:
        return found
    if op == "in":
        return _excluded(column, item, found)
    return sa.not_(found)


def within(reading: Reading, column: Column, bounds: Range) -> Predicate:
    """Whether a time lies in a half-open range of moments."""
    if column.type not in ("time", "date"):
        raise Invalid(
            f"'{column.spec.title}' holds no times, so it takes no time range.",
            {column.spec.name: "not a time"},
        )
    low, high = bounds
    time = Axis(reading, column, column.element)
    parts: list[Predicate] = [sa.true()] if low is None else [time.not_before(low)]
    if high is not None:
        parts.append(time.before(high))
    return sa.and_(*parts)


def having(metric: Element, item: MetricFilter) -> Predicate:
    """The SQL of a predicate on a metric."""
    if item.op == "is null":
        return metric.is_(None)
    if item.op == "is not null":
        return metric.is_not(None)
    if isinstance(item.value, tuple) != (item.op == "between") or item.value is None:
        raise Invalid(
            f"'{item.op}' on a metric needs {'two values' if item.op == 'between' else 'a value'}."
        )
    if isinstance(item.value, tuple):
        return sa.and_(
            *(_signed(metric, o, v) for o, v in zip((">=", "<="), item.value, strict=True))
        )
    if item.op == "!=":
        return sa.not_(_signed(metric, "=", item.value))
    return _signed(metric, item.op, item.value)


def _matched(reading: Reading, column: Column, item: Filter, op: str) -> Predicate:
    if op in ("contains", "starts with", "ends with", "like", "ilike"):
        return _searched(reading, column, str(_one(item)), op)
    if column.type in ("time", "date"):
        return _timed(reading, column, item, op)
    if item.grain:
        raise Invalid(
            f"'{column.spec.title}' holds no times, so it has no grain.",
            {column.spec.name: "not a time"},
        )
    if item.bin is not None:
        return _binned(reading, column, item, op, item.bin)
    values = _values(column, item)
    element = column.element
    if column.type == "other":
        element, values = (
            reading.flavour.text(element),
            [v if v is None else str(v) for v in values],
        )
    return _compared(reading, element, op, values)


def _excluded(column: Column, item: Filter, found: Predicate) -> Predicate:
    """`not in`: nothing listed keeps all, a listed null is left out like any other empty cell."""
    values = _many(item)
    if not values:
        return sa.true()
    if all(v is None for v in values):
        return column.element.is_not(None)
    return sa.and_(sa.not_(found), column.element.is_not(None))


def _compared(
    reading: Reading, element: Element, op: str, values: Sequence[Value | None]
) -> Predicate:
    """A comparison of plain values: `in` a list, `between` two, else with one."""
    if op == "in":
        kept = list(dict.fromkeys(v for v in values if v is not None))
        parts: list[Predicate] = []
        if len(kept) == 1:
            parts.append(_signed(element, "=", kept[0]))
        elif kept:
            parts.append(reading.flavour.one_of(element.in_(_literals(kept))))
        if None in values:
            parts.append(element.is_(None))
        return sa.or_(sa.false(), *parts)
    if op == "between":
        low, high = values
        bounds = [_signed(element, ">=", low)] if low is not None else []
        bounds += [_signed(element, "<=", high)] if high is not None else []
        return sa.and_(sa.true(), *bounds) if bounds else element.is_not(None)
    value = values[0]
    if value is None:
        raise Invalid(f"'{op}' needs a value.")
    return _signed(element, op, value)


def _signed(element: Element, op: str, value: Value | None) -> Predicate:
    other = _literal(value)
    if op == "=":
        return element == other
    if op == "<":
        return element < other
    if op == "<=":
        return element <= other
    return element > other if op == ">" else element >= other


def _literal(value: Any) -> Element:
    """A bound value, typed by what it is and not by what it is compared with."""
    if isinstance(value, int) and not isinstance(value, bool):
        return sa.literal(value, sa.BigInteger())
    return sa.literal(value)


def _literals(values: Sequence[Value]) -> Any:
    """Bound values, as one list where all are of one type: thousands compile in no time."""
    if len({type(v) for v in values}) > 1:
        return [_literal(v) for v in values]
    kind = _literal(values[0]).type
    return sa.bindparam(None, list(values), type_=kind, unique=True, expanding=True)


def _truth(column: Column, wanted: bool) -> Predicate:
    if column.type == "boolean":
        return column.element.is_(sa.true() if wanted else sa.false())
    if column.type in ("integer", "number"):
        return column.element != 0 if wanted else column.element == 0
    raise Invalid(
        f"'{column.spec.title}' is neither true nor false.", {column.spec.name: "not a boolean"}
    )


def _searched(reading: Reading, column: Column, value: str, op: str) -> Predicate:
    element = column.element if column.type == "text" else reading.flavour.text(column.element)
    if "\0" in value:
        raise Invalid(f"'{column.spec.title}' holds no control characters.")
    if op in ("like", "ilike"):
        pattern = _slashed(value)
        return reading.flavour.like(element, pattern) if op == "like" else _ilike(element, pattern)
    text = value.translate(_ESCAPED)
    start, end = "" if op == "starts with" else "%", "" if op == "ends with" else "%"
    return _ilike(element, f"{start}{text}{end}")


def _ilike(element: Element, pattern: str) -> Predicate:
    return element.ilike(pattern, escape="/")


def _slashed(pattern: str) -> str:
    """A pattern whose escape is a backslash, with "/" as the escape instead."""
    parts, escaped = [], False
    for char in pattern:
        if char == "\\" and not escaped:
            escaped = True
            continue
        is_special = char == "/" or (escaped and char in "%_")
        parts.append(f"/{char}" if is_special else char)
        escaped = False
    return "".join(parts) + ("\\" if escaped else "")


def _timed(reading: Reading, column: Column, item: Filter, op: str) -> Predicate:
    """A comparison of times, every value being a half-open span."""
    spans = [
        span(reading, column, t, item.grain) if isinstance(t, datetime) else None
        for t in _values(column, item)
    ]
    known = [s for s in spans if s]
    time = axis(reading, column, item.grain, known)
    if op in ("=", "in"):
        inside = time.inside(known) if known else sa.false()
        return sa.or_(inside, column.element.is_(None)) if None in spans else inside
    if op == "between":
        return _between(time, spans[0], spans[1])
    low, high = known[0]
    if op in ("<", ">="):
        return time.before(low) if op == "<" else time.not_before(low)
    return time.before(high) if op == "<=" else time.not_before(high)


def _between(time: Axis, low: Span | None, high: Span | None) -> Predicate:
    parts = [time.not_before(low[0])] if low else []
    parts += [time.before(high[1])] if high else []
    return sa.and_(sa.true(), *parts) if parts else time.column.element.is_not(None)


def _binned(reading: Reading, column: Column, item: Filter, op: str, width: float) -> Predicate:
    """A comparison of bins by their number, counted from zero."""
    index = bin_index(reading, column, width)
    try:
        numbers = [None if v is None else bin_number(v, width) for v in _values(column, item)]
    except (ValueError, OverflowError, TypeError) as error:
        raise Invalid(
            f"'{column.spec.title}' has no such bin.", {column.spec.name: "no such bin"}
        ) from error
    return _compared(reading, index, op, numbers)


def bin_index(reading: Reading, column: Column, width: float) -> Element:
    """The number of the bin that a value falls in; bins are multiples of the width."""
    if column.type not in ("integer", "number", "other"):
        raise Invalid(
            f"'{column.spec.title}' holds no numbers, so it has no bins.",
            {column.spec.name: "not a number"},
        )
    quotient = reading.flavour.double(column.element) / sa.literal(width, sa.Float())
    return reading.flavour.floor(quotient)


def bin_number(value: Any, width: float) -> float:
    """The number of the bin that begins at a value, or that holds it.

    Raises ValueError, OverflowError or TypeError for what is no number or has no finite bin.
    """
    quotient = float(value) / width
    nearest = round(quotient)
    if math.isclose(quotient, nearest, rel_tol=1e-9, abs_tol=1e-9):
        return float(nearest)
    return float(math.floor(quotient))


def _one(item: Filter) -> Scalar:
    return item.value[0] if isinstance(item.value, tuple) else item.value


def _many(item: Filter) -> tuple[Scalar, ...]:
    return item.value if isinstance(item.value, tuple) else (item.value,)


def _values(column: Column, item: Filter) -> list[Value | None]:
    return [coerce(column.spec, v) for v in _many(item)]
