"""The language of time ranges: "last 7 days", "previous month", "2013-01-01 : 2013-02-01".

Every range is half-open: the start belongs to it, the end does not. "Last N days" (and weeks,
months, quarters, years) ends at today's midnight, so that equal questions of one day are equal;
"last N hours" (minutes, seconds) ends at the minute (second) that just began. Each end of "A : B"
is a moment as `words.py` reads it, such as "start of month - 13 months" or "3 days ago", or empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime

from dashapp.errors import Invalid
from dashapp.query.grains import WeekStart, add_months, floor
from dashapp.query.moments import (
    DAYS,
    TODAY,
    Clock,
    Fixed,
    Moment,
    Named,
    Start,
    Word,
    anchor,
    at,
    period,
    shifted,
    step,
)
from dashapp.query.words import read_moment
from dashapp.query.zones import zone_of
from dashapp.specs.query import Grain

Range = tuple[datetime | None, datetime | None]
Ends = tuple[Moment | None, Moment | None]
NO_FILTER = "no filter"
EXAMPLES = (
    "last 7 days, last quarter, previous month, current year, year to date, today, 2013, 2013-05, "
    "2013-05-01, 2013-01-01 : 2013-02-01, start of month - 3 months : today"
)

_UNIT = r"(?P<unit>second|minute|hour|day|week|month|quarter|year)s?"
_ROLLING = re.compile(rf"(?P<way>last|past|next) (?:(?P<count>\d{{1,6}}) )?{_UNIT}")
_CALENDAR = re.compile(
    rf"(?P<way>previous|next) (?:(?P<count>\d{{1,6}}) )?(?P<calendar>calendar )?{_UNIT}"
)
_CURRENT = re.compile(rf"(?:current|this) (?:calendar )?{_UNIT}")
_TO_DATE = re.compile(r"(?P<unit>week|month|quarter|year) to date|(?P<short>[wmqy])td")
_OFFSET = re.compile(rf"(?P<count>\d{{1,6}}) {_UNIT}(?: ago)?")
_BETWEEN = re.compile(r"\s+:\s+|^\s*:\s+|\s+:\s*$")
_SHORT: dict[str, Grain] = {"w": "week", "m": "month", "q": "quarter", "y": "year"}


def resolve(expression: str, zone: str, now: datetime, week_start: WeekStart = "monday") -> Range:
    """Start and end (aware, in `zone`) of a time range; None where it is open.

    `now` is aware. An expression that nobody understands is Invalid, with examples.
    """
    tz = zone_of(zone)
    clock = Clock(now, zone, week_start)
    ends = read(expression)
    try:
        times = (None if end is None else at(end, clock) for end in ends)
        start, end = (
            None if t is None else (t if t.tzinfo else t.replace(tzinfo=tz)).astimezone(tz)
            for t in times
        )
        for bound in (start, end):
            if bound is not None:
                bound.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise _unknown(expression) from error
    if start is not None and end is not None and start > end:
        raise Invalid(
            f"The time range '{expression[:100]}' ends before it starts.", {"time_range": "order"}
        )
    return start, end


def read(expression: str) -> Ends:
    """The two ends of a time range as moments, None where it is open; Invalid if it is none."""
    text = _plain(expression)
    if text in ("", NO_FILTER, ":"):
        return None, None
    try:
        parts = _split(text)
        if parts is not None:
            low, high = (read_moment(part) if part else None for part in parts)
            return low, high
        for pattern, form in _FORMS:
            match = pattern.fullmatch(text)
            if match:
                return form(match)
        whole = period(text)
    except (OverflowError, ValueError) as error:
        raise _unknown(expression) from error
    if whole is None:
        raise _unknown(expression)
    return Fixed(text), Fixed(whole[1].date().isoformat())


def absolute(bounds: Range) -> str:
    """The expression that resolves to exactly these bounds, whatever the zone and the day."""
    if bounds == (None, None):
        return NO_FILTER
    return " : ".join("" if b is None else b.isoformat() for b in bounds)


def check(expression: str) -> None:
    """Raise Invalid if nobody understands the expression."""
    resolve(expression, "UTC", datetime.now(UTC))


def previous_period(bounds: Range, offset: str) -> Range:
    """The range as long ago as `offset` says: "1 year", "28 days" or "previous period".

    Moves by the calendar of the bounds' zone (a month back from 31 March is 28 February). The
    previous period of whole months is as many months before, else as many hours before.
    An open end stays open.
    """
    low, high = bounds
    return (
        None if low is None else earlier(low, offset, bounds),
        None if high is None else earlier(high, offset, bounds),
    )


def earlier(time: datetime, offset: str, bounds: Range = (None, None)) -> datetime:
    """The time that lies `offset` before `time`; `bounds` are needed for "previous period"."""
    return _moved(time, offset, bounds, -1)


def later(time: datetime, offset: str, bounds: Range = (None, None)) -> datetime:
    """The time that lies `offset` after `time`, to lay an earlier period over the present one."""
    return _moved(time, offset, bounds, 1)


def describe(expression: str | None, locale: str = "en") -> str:
    """A short text for people: "Last 7 days", "May 1, 2013 – May 31, 2013"."""
    text = _plain(expression or NO_FILTER)
    if text in ("", NO_FILTER, ":"):
        return "All time"
    parts = _split(text)
    if parts is None:
        return text[0].upper() + text[1:]
    low, high = _shown(parts[0], locale), _shown(parts[1], locale, is_end=True)
    if low and high:
        return low if low == high else f"{low} – {high}"
    return f"From {low}" if low else f"Until {high}"


def _plain(expression: str) -> str:
    return " ".join(expression.split()).lower()


def _split(text: str) -> tuple[str, str] | None:
    parts = _BETWEEN.split(f" {text} ")
    return (parts[0].strip(), parts[1].strip()) if len(parts) == 2 else None


def _unknown(expression: str) -> Invalid:
    return Invalid(
        f"'{expression[:100]}' is not a time range. Try one of: {EXAMPLES}.",
        {"time_range": "unknown"},
    )


def _named_day(match: re.Match[str]) -> Ends:
    return Named(cast(Word, match.group())), shifted(TODAY, DAYS[match.group()] + 1, "day")


def _rolling(match: re.Match[str]) -> Ends:
    unit = cast(Grain, match["unit"])
    count = int(match["count"] or 1)
    here = anchor(unit)
    if match["way"] == "next":
        return here, shifted(here, count, unit)
    return shifted(here, -count, unit), here


def _calendar(match: re.Match[str]) -> Ends:
    unit = cast(Grain, match["unit"])
    count = int(match["count"] or 1)
    start = Start(unit, anchor(unit))
    if match["way"] == "previous":
        return shifted(start, -count, unit), start
    if not match["calendar"]:
        return _rolling(match)
    return shifted(start, 1, unit), shifted(start, 1 + count, unit)


def _current(match: re.Match[str]) -> Ends:
    unit = cast(Grain, match["unit"])
    start = Start(unit, anchor(unit))
    return start, shifted(start, 1, unit)


def _to_date(match: re.Match[str]) -> Ends:
    unit = _SHORT[match["short"]] if match["short"] else cast(Grain, match["unit"])
    return Start(unit, TODAY), shifted(TODAY, 1, "day")


def _moved(time: datetime, offset: str, bounds: Range, sign: int) -> datetime:
    text = _plain(offset)
    match = _OFFSET.fullmatch(text)
    try:
        if match:
            return step(time, cast(Grain, match["unit"]), int(match["count"]) * sign)
        if text != "previous period":
            raise Invalid(
                f"'{offset}' is not an offset. Try '1 year', '28 days' or 'previous period'.",
                {"offset": "unknown"},
            )
        low, high = bounds
        if low is None or high is None:
            raise Invalid("'previous period' needs a time range with a start and an end.")
        months = _whole_months(low, high)
        if months:
            return add_months(time, months * sign)
        length = high.replace(tzinfo=None) - low.replace(tzinfo=None)
        return time + length * sign
    except (OverflowError, ValueError) as error:
        raise Invalid(f"'{offset}' reaches beyond the calendar.", {"offset": "size"}) from error


def _whole_months(low: datetime, high: datetime) -> int:
    if floor(low, "month") != low or floor(high, "month") != high:
        return 0
    return (high.year - low.year) * 12 + high.month - low.month


def _shown(text: str, locale: str, is_end: bool = False) -> str:
    """One side for people; an end at midnight is the day before, the last that belongs."""
    try:
        time = datetime.fromisoformat(text.upper())
    except ValueError:
        return text[:1].upper() + text[1:]
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        known = Locale.parse("en")
    if floor(time, "day") == time:
        time -= timedelta(days=1) if is_end else timedelta(0)
        return str(format_date(time, "medium", locale=known))
    return str(format_datetime(time.replace(tzinfo=None), "short", locale=known))


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Ends]], ...] = (
    (re.compile("yesterday|today|tomorrow"), _named_day),
    (_ROLLING, _rolling),
    (_CALENDAR, _calendar),
    (_CURRENT, _current),
    (_TO_DATE, _to_date),
)
