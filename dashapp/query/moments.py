"""Moments, the ends of time ranges: now, today, 3 months ago, the start of a quarter.

"Now" is the start of this minute, so that equal questions of one minute are equal. Days and what
is longer are steps of the calendar on the viewer's clock; hours and less are lengths of time.
The words for them are in `words.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from dashapp.query.grains import (
    BELOW_DAY,
    MONTHS,
    STEPS,
    WEEK_LEAD,
    WeekStart,
    add_months,
    floor,
    following,
)
from dashapp.query.zones import LAST, wall
from dashapp.query.zones import moment as moment_of
from dashapp.specs.query import Grain

Word = Literal["now", "this second", "today", "yesterday", "tomorrow"]
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS: Final[dict[str, int]] = {"yesterday": -1, "today": 0, "tomorrow": 1}
_PERIOD = re.compile(r"(?P<year>\d{4})(?:-(?:(?P<month>\d{2})(?:-(?P<day>\d{2}))?|q(?P<q>[1-4])))?")


@dataclass(frozen=True)
class Clock:
    """When and where a range is resolved; `now` is aware, `wall` what a clock there shows."""

    now: datetime
    zone: str
    week_start: WeekStart

    @property
    def wall(self) -> datetime:
        """The naive time in the zone."""
        return wall(self.now, self.zone)


@dataclass(frozen=True)
class Named:
    """Now (this minute), this second, or the start of a day next to today."""

    word: Word


@dataclass(frozen=True)
class Fixed:
    """The start of a year, quarter, month or day, or an ISO time; naive in the viewer's zone."""

    text: str


@dataclass(frozen=True)
class Weekday:
    """A day (Monday is 0) of the current week, or the latest such day before today."""

    day: int
    last: bool = False


@dataclass(frozen=True)
class Start:
    """The start of the unit that another moment lies in."""

    unit: Grain
    of: Moment


@dataclass(frozen=True)
class LastDay:
    """The start of the last day of the unit that another moment lies in."""

    unit: Grain
    of: Moment


@dataclass(frozen=True)
class Span:
    """The number of whole days from one moment to another, or of turns of the year."""

    unit: Literal["day", "year"]
    low: Moment
    high: Moment


@dataclass(frozen=True)
class Shift:
    """A moment so many units later; a negative count is earlier."""

    of: Moment
    count: int | Span
    unit: Grain
    sign: Literal[1, -1] = 1


Moment = Named | Fixed | Weekday | Start | LastDay | Shift
TODAY, NOW = Named("today"), Named("now")


def anchor(unit: Grain) -> Named:
    """Where a rolling range of `unit` begins or ends: today, this minute or this second."""
    if unit in BELOW_DAY:
        return Named("this second") if unit == "second" else NOW
    return TODAY


def shifted(of: Moment, count: int, unit: Grain) -> Moment:
    """The moment `count` units later; itself for none."""
    if not count:
        return of
    return Shift(of, abs(count), unit, 1 if count > 0 else -1)


def at(moment: Moment, clock: Clock) -> datetime:
    """When the moment is: naive on the zone's clock, or aware.

    Beyond the calendar: OverflowError or ValueError.
    """
    match moment:
        case Named("now" | "this second" as word):
            return floor(clock.now.astimezone(UTC), "minute" if word == "now" else "second")
        case Named(word):
            return floor(clock.wall, "day") + timedelta(days=DAYS[word])
        case Fixed(text):
            return _fixed(text.lower())
        case Weekday(day, last):
            return _weekday(day, last, clock)
        case Start(unit, of):
            return floor(_naive(at(of, clock), clock), unit, clock.week_start)
        case LastDay(unit, of):
            start = floor(_naive(at(of, clock), clock), unit, clock.week_start)
            return following(start, unit) - timedelta(days=1)
        case Shift(of, count, unit, sign):
            number = count if isinstance(count, int) else _count(count, clock)
            return _shifted(at(of, clock), number * sign, unit, clock)


def step(time: datetime, unit: Grain, count: int) -> datetime:
    """The time `count` units later by its own clock; OverflowError or ValueError beyond it."""
    if unit in MONTHS:
        return add_months(time, MONTHS[unit] * count)
    return time + STEPS[unit] * count


def period(text: str) -> tuple[datetime, datetime] | None:
    """Start and end (naive) of a year, quarter, month or day such as 2013-q2; None if it is none.

    ValueError for 2013-13, OverflowError if the period ends after the calendar does.
    """
    match = _PERIOD.fullmatch(text)
    if match is None:
        return None
    unit: Grain = "year"
    month, day = 1, 1
    if match["q"]:
        month, unit = int(match["q"]) * 3 - 2, "quarter"
    if match["month"]:
        month, unit = int(match["month"]), "month"
    if match["day"]:
        day, unit = int(match["day"]), "day"
    start = datetime(int(match["year"]), month, day)  # noqa: DTZ001
    end = following(start, unit)
    if end == LAST:
        raise OverflowError("The period ends after the calendar does.")
    return start, end


def is_fixed(text: str) -> bool:
    """Whether a text (lower case) is a year, quarter, month, day or ISO time."""
    try:
        _fixed(text)
    except (ValueError, OverflowError):
        return False
    return True


def _fixed(text: str) -> datetime:
    whole = period(text)
    return whole[0] if whole else datetime.fromisoformat(text.upper())


def _naive(time: datetime, clock: Clock) -> datetime:
    return wall(time, clock.zone) if time.tzinfo else time


def _weekday(day: int, last: bool, clock: Clock) -> datetime:
    today = floor(clock.wall, "day")
    if last:
        return today - timedelta(days=(today.weekday() - day - 1) % 7 + 1)
    start = floor(today, "week", clock.week_start)
    return start + timedelta(days=(day + WEEK_LEAD[clock.week_start]) % 7)


def _shifted(time: datetime, count: int, unit: Grain, clock: Clock) -> datetime:
    if unit not in BELOW_DAY:
        return step(_naive(time, clock), unit, count)
    exact = time if time.tzinfo else moment_of(time, clock.zone)
    return step(exact.astimezone(UTC), unit, count)


def _count(span: Span, clock: Clock) -> int:
    low, high = (_naive(at(end, clock), clock) for end in (span.low, span.high))
    return high.year - low.year if span.unit == "year" else (high - low).days
