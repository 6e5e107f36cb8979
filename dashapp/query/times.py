"""Times in predicates: what a viewer's clock shows, against what the data hold.

Comparisons become half-open ranges of the column itself, so that an index or a sorted file is
used. A bound is aware (a moment), or naive (what the viewer's clock shows).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from dashapp.query import grains
from dashapp.query.dialects import Element
from dashapp.query.reading import Column, Reading
from dashapp.query.zones import LAST, is_ambiguous, moment, wall
from dashapp.specs.query import Grain

Predicate = sa.ColumnElement[bool]
Span = tuple[datetime, datetime]  # half-open
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Axis:
    """A time to compare with bounds; `is_shown` when it is by the viewer's clock already."""

    reading: Reading
    column: Column
    element: Element
    is_shown: bool = False

    def before(self, bound: datetime) -> Predicate:
        """Whether the time is before a bound; all that there are, if that is the last."""
        if bound.replace(tzinfo=None) == LAST:
            return self.element.is_not(None)
        return self.reading.flavour.before(self.element, self._own(bound))

    def not_before(self, bound: datetime) -> Predicate:
        """Whether the time is at or after a bound."""
        return self.reading.flavour.not_before(self.element, self._own(bound))

    def inside(self, spans: Iterable[Span]) -> Predicate:
        """Whether the time is in one of some spans; adjacent ones are made one."""
        parts = [sa.and_(self.not_before(low), self.before(high)) for low, high in merged(spans)]
        return parts[0] if len(parts) == 1 else sa.or_(sa.false(), *parts)

    def _own(self, bound: datetime) -> datetime | date:
        return bound if self.is_shown else data_bound(self.reading, self.column, bound)


def axis(reading: Reading, column: Column, grain: Grain | None, spans: Iterable[Span]) -> Axis:
    """What to compare with spans of a grain.

    The column itself; but hours (and less) that clocks show twice are two ranges of it, so
    there the truncated time is compared.
    """
    converts = column.spec.zoned or reading.zone != reading.source.dataset.zone
    if grain in grains.BELOW_DAY and column.type == "time" and converts:
        edges = (edge for low, high in spans for edge in (low, grains.plus(high, -TICK)))
        if grain and any(is_ambiguous(edge, reading.zone) for edge in edges):
            return Axis(reading, column, truncated(reading, column, grain), is_shown=True)
    return Axis(reading, column, column.element)


def truncated(reading: Reading, column: Column, grain: Grain) -> Element:
    """The start of the grain of a time, by the viewer's clock; days stay days."""
    week = reading.source.dataset.week_start
    if column.type == "date":
        grain = "day" if grain in grains.BELOW_DAY else grain
        return reading.flavour.as_date(reading.flavour.truncate(column.element, grain, week))
    return reading.flavour.truncate(reading.local(column), grain, week)


def shown(reading: Reading, time: datetime) -> datetime:
    """A time as the viewer's clock shows it, naive."""
    return wall(time, reading.zone) if time.tzinfo else time


def span(reading: Reading, column: Column, time: datetime, grain: Grain | None) -> Span:
    """The half-open span that a value stands for: its grain, or the least tick of time."""
    start = shown(reading, time)
    if column.type == "date" and (grain is None or grain in grains.BELOW_DAY):
        grain = "day"
    if grain is None:
        return start, grains.plus(start, TICK)
    start = grains.floor(start, grain, reading.source.dataset.week_start)
    return start, grains.following(start, grain)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch made one."""
    result: list[Span] = []
    for low, high in sorted(set(spans)):
        if result and low <= result[-1][1]:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return result


def data_bound(reading: Reading, column: Column, bound: datetime) -> datetime | date:
    """A bound as the column's data say it: a day, a naive time, or a moment if it is zoned.

    Of days, the first that begins at or after the bound.
    """
    if column.type == "date":
        time = shown(reading, bound)
        is_midnight = time == grains.floor(time, "day")
        return (time if is_midnight else grains.plus(time, timedelta(days=1))).date()
    data_zone = reading.source.dataset.zone
    if bound.tzinfo is None:
        if reading.zone == data_zone and not column.spec.zoned:
            return bound
        bound = moment(bound, reading.zone)
    if not column.spec.zoned:
        return wall(bound, data_zone)
    exact = wall(bound, "UTC").replace(tzinfo=UTC)
    has_zones = reading.flavour.name in ("postgresql", "duckdb")
    return exact if has_zones else exact.replace(tzinfo=None)
