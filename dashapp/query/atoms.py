"""Filters in a form that can be compared, and applied to the groups of a rollup.

An `Atom` says which values of one column pass. One implies another when every value that passes
it passes the other; it fits a cut when it never divides a group. What cannot be said so (searches
by pattern, SQL) is opaque: equal or not, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from dashapp.query import grains
from dashapp.query.filters import bin_number
from dashapp.query.timerange import Range, resolve
from dashapp.query.values import coerce
from dashapp.query.zones import LAST, is_ambiguous, moment, wall
from dashapp.specs import ColumnSpec, DatasetSpec, Filter
from dashapp.specs.query import Grain

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # What a clock shows.
LARGEST = 2**53  # From it on, floats and whole numbers are not compared alike everywhere.
Kind = Literal["values", "numbers", "times", "bins"]
Span = tuple[float | None, bool, float | None, bool]  # from, including it, to, including it


class Unsure(Exception):
    """Only the warehouse can tell; never leaves the query engine."""


@dataclass(frozen=True)
class Atom:
    """Which values of a column pass.

    `values`: those (all others when `negated`); `numbers`, `bins` (their numbers, of `width`)
    and `times` (microseconds since 1970 by the shown clock): those inside one of `spans`. Empty
    cells pass only with `null`.
    """

    column: str
    kind: Kind
    values: frozenset[Any] = frozenset()
    negated: bool = False
    spans: tuple[Span, ...] = ()
    null: bool = False
    width: float | None = None


def micros(time: datetime) -> int:
    """A naive time as microseconds since 1970."""
    delta = time - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


@dataclass(frozen=True)
class Clock:
    """How times of a dataset are shown: by the clock of `zone`."""

    dataset: DatasetSpec
    zone: str
    now: datetime

    def edge(self, column: ColumnSpec, bound: datetime) -> int:
        """A bound as the shown clock has it. Raises Unsure where clocks change."""
        shown = wall(bound, self.zone) if bound.tzinfo else bound
        if column.type == "date":
            midnight = grains.floor(shown, "day")
            return micros(shown if shown == midnight else grains.following(midnight, "day"))
        if column.zoned or self.zone != self.dataset.zone:
            exact = bound if bound.tzinfo else moment(shown, self.zone)
            if is_ambiguous(shown, self.zone) or wall(moment(shown, self.zone), self.zone) != shown:
                raise Unsure
            if not column.zoned:
                kept = wall(exact, self.dataset.zone)
                if is_ambiguous(kept, self.dataset.zone):
                    raise Unsure
        return micros(shown)

    def span(self, column: ColumnSpec, bounds: Range) -> Span:
        """A half-open range of moments."""
        low, high = bounds
        end = None if high is None or high.replace(tzinfo=None) == LAST else high
        return (
            None if low is None else self.edge(column, low), True,
            None if end is None else self.edge(column, end), False,
        )  # fmt: skip


def within(clock: Clock, column: ColumnSpec, bounds: Range) -> Atom:
    """A time range as an atom. Raises Unsure."""
    return Atom(column.name, "times", spans=(clock.span(column, bounds),))


def atom(clock: Clock, item: Filter) -> Atom:
    """A filter as an atom. Raises Unsure for what is opaque, Invalid for wrong values."""
    column = clock.dataset.column(item.column)
    if column is None:
        raise Unsure
    if item.op in ("is null", "is not null"):
        is_null = item.op == "is null"
        return Atom(column.name, "values", negated=not is_null, null=is_null)
    if column.type == "other":
        raise Unsure
    if item.op == "time range":
        bounds = resolve(str(item.value), clock.zone, clock.now, clock.dataset.week_start)
        if column.type not in ("time", "date") or bounds == (None, None):
            raise Unsure
        return within(clock, column, bounds)
    if column.type in ("time", "date"):
        return _timed(clock, column, item)
    if item.bin is not None:
        return _binned(column, item, item.bin)
    return _plain(column, item)


def _plain(column: ColumnSpec, item: Filter) -> Atom:
    if item.op in ("is true", "is false"):
        return _truth(column, item.op == "is true")
    raw = item.value if isinstance(item.value, tuple) else (item.value,)
    if item.op in ("=", "in", "!=", "not in"):
        values = [_exact(coerce(column, v)) for v in raw]
        return _listed(column.name, values, item.op in ("!=", "not in"))
    if column.type not in ("integer", "number"):
        raise Unsure
    ends = [_exact(coerce(column, v)) for v in raw]
    return Atom(column.name, "numbers", spans=(_span(item.op, ends),))


def _listed(name: str, values: list[Any], negated: bool) -> Atom:
    known = frozenset(v for v in values if v is not None)
    if negated and not values:  # Nothing is left out: everything passes, empty cells too.
        return Atom(name, "values", negated=True, null=True)
    return Atom(name, "values", known, negated, null=not negated and None in values)


def _truth(column: ColumnSpec, wanted: bool) -> Atom:
    if column.type == "boolean":
        return Atom(column.name, "values", frozenset({wanted}))
    if column.type in ("integer", "number"):
        return Atom(column.name, "values", frozenset({0}), negated=wanted)
    raise Unsure


def _span(op: str, ends: list[Any]) -> Span:
    if op == "between":
        return (ends[0], True, ends[1], True)
    value = ends[0]
    if op in ("<", "<="):
        return (None, True, value, op == "<=")
    if op in (">", ">="):
        return (value, op == ">=", None, True)
    raise Unsure  # A search by pattern.


def _exact(value: Any) -> Any:
    """A number that is compared alike everywhere. Raises Unsure for others."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= LARGEST:
        raise Unsure
    return value


def _binned(column: ColumnSpec, item: Filter, width: float) -> Atom:
    raw = item.value if isinstance(item.value, tuple) else (item.value,)
    if item.op.startswith("is ") or column.type not in ("integer", "number"):
        raise Unsure
    known = [coerce(column, v) for v in raw]
    try:
        found = [None if v is None else bin_number(v, width) for v in known]
    except (ValueError, OverflowError, TypeError) as error:
        raise Unsure from error
    if item.op in ("=", "in", "!=", "not in"):
        made = _listed(column.name, found, item.op in ("!=", "not in"))
        return replace(made, kind="bins", width=width)
    return Atom(column.name, "bins", spans=(_span(item.op, found),), width=width)


def _timed(clock: Clock, column: ColumnSpec, item: Filter) -> Atom:
    """A comparison of times, every value being a half-open span."""
    if item.op not in ("=", "in", "!=", "not in", "<", "<=", ">", ">=", "between"):
        raise Unsure
    raw = item.value if isinstance(item.value, tuple) else (item.value,)
    spans = [_lasting(clock, column, coerce(column, v), item.grain) for v in raw]
    known = [s for s in spans if s is not None]
    name = column.name
    if item.op in ("=", "in", "!=", "not in"):
        merged = _merged((s[0], True, s[1], False) for s in known)
        if item.op in ("=", "in"):
            return Atom(name, "times", spans=merged, null=None in spans)
        if not raw:
            return Atom(name, "values", negated=True, null=True)
        return Atom(name, "times", spans=_others(merged))
    if item.op == "between":
        low, high = spans
        return Atom(
            name, "times",
            spans=((low[0] if low else None, True, high[1] if high else None, False),),
        )  # fmt: skip
    if not known:
        raise Unsure
    start, end = known[0]
    ends: dict[str, Span] = {
        "<": (None, True, start, False), ">=": (start, True, None, False),
        "<=": (None, True, end, False), ">": (end, True, None, False),
    }  # fmt: skip
    return Atom(name, "times", spans=(ends[item.op],))


def _lasting(
    clock: Clock, column: ColumnSpec, value: Any, grain: Grain | None
) -> tuple[int, int] | None:
    """The span that a value stands for: its grain, or the least tick of time."""
    if not isinstance(value, datetime):
        return None
    start = wall(value, clock.zone) if value.tzinfo else value
    if column.type == "date" and (grain is None or grain in grains.BELOW_DAY):
        grain = "day"
    if grain is None:
        first = clock.edge(column, start)
        return first, first + 1
    start = grains.floor(start, grain, clock.dataset.week_start)
    return clock.edge(column, start), clock.edge(column, grains.following(start, grain))


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Half-open spans in order, those that touch made one."""
    found: list[Span] = []
    for low, _, high, _ in sorted(spans, key=lambda s: (s[0] or 0, s[2] or 0)):
        last = found[-1] if found else None
        if last and low is not None and last[2] is not None and low <= last[2]:
            found[-1] = (last[0], True, max(last[2], high or 0), False)
        else:
            found.append((low, True, high, False))
    return tuple(found)


def _others(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """What half-open spans leave out."""
    found: list[Span] = []
    at: float | None = None
    for low, _, high, _ in spans:
        found.append((at, True, low, False))
        at = high
    return (*found, (at, True, None, False))


def implies(one: Atom, other: Atom) -> bool:
    """Whether every value that passes `one` passes `other` (false where it is not certain)."""
    if one == other:
        return True
    if one.column != other.column or (one.null and not other.null):
        return False
    if other.kind == "values" and other.negated and not other.values:
        return True  # It only asks for something to be there.
    if other.kind == "values":
        if one.kind != "values":
            return False
        return _listed_implies(one, other)
    if (one.kind, one.width) != (other.kind, other.width):
        if one.kind == "values" and not one.negated and other.kind == "numbers":
            return all(_is_inside(v, other.spans) for v in one.values)
        return False
    if one.values or other.values or one.negated or other.negated:  # Bins that are listed.
        return _listed_implies(one, other) if not (one.spans or other.spans) else False
    return all(any(_contains(b, a) for b in other.spans) for a in one.spans)


def _listed_implies(one: Atom, other: Atom) -> bool:
    """Texts have to be the same for it, so no rule of comparing matters."""
    if not one.negated and not other.negated:
        return one.values <= other.values
    if one.negated and other.negated:
        return one.values >= other.values
    if other.negated and not any(isinstance(v, str) for v in one.values | other.values):
        return not one.values & other.values
    return False


def _contains(outer: Span, inner: Span) -> bool:
    low, low_in, high, high_in = outer
    at, at_in, to, to_in = inner
    starts = low is None or (at is not None and (at > low or (at == low and (low_in or not at_in))))
    ends = high is None or (
        to is not None and (to < high or (to == high and (high_in or not to_in)))
    )
    return starts and ends


def _is_inside(value: Any, spans: tuple[Span, ...]) -> bool:
    if isinstance(value, str | bool):
        return False
    return any(_contains(span, (value, True, value, True)) for span in spans)


def hull(found: Iterable[Atom]) -> Atom | None:
    """One span that holds all those of atoms of times or numbers; None where there is none."""
    spans = [s for a in found for s in a.spans]
    first = next(iter(found), None)
    if first is None or any(a.kind != "times" or a.null for a in found) or not spans:
        return None
    lows, highs = [s[0] for s in spans], [s[2] for s in spans]
    low = None if None in lows else min(v for v in lows if v is not None)
    high = None if None in highs else max(v for v in highs if v is not None)
    return replace(first, spans=((low, True, high, False),))


def bounds_of(found: Atom, zone: str) -> Range:
    """The moments between which the first span of an atom of times lies."""
    low, _, high, _ = found.spans[0]
    return _moment(low, zone), _moment(high, zone)


def _moment(at: float | None, zone: str) -> datetime | None:
    if at is None:
        return None
    shown = EPOCH + np.timedelta64(int(at), "us").item()
    return moment(shown, zone).astimezone(UTC)
