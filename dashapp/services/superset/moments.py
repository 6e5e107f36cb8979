"""One end of Superset's time ranges: its functions, its phrases and its plain language."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final, Literal, cast

from dateutil.parser import parse

from dashapp.errors import Invalid
from dashapp.query.moments import (
    NOW,
    TODAY,
    WEEKDAYS,
    Fixed,
    LastDay,
    Moment,
    Named,
    Shift,
    Span,
    Start,
    Weekday,
    anchor,
    shifted,
)
from dashapp.query.words import LONGEST
from dashapp.specs.query import Grain

_UNITS = "second|minute|hour|day|week|month|quarter|year"
_SCOPED = re.compile(
    rf"(?:(?P<end>start of|beginning of|end of)\s+)?(?P<scope>this|last|next|prior)\s+"
    rf"(?:(?P<count>[0-9]{{1,6}})\s*)?(?P<unit>{_UNITS})s?"
)
_FIRST = re.compile(
    r"(?:first|1st)\s+(?:day\s+)?of\s+(?:the\s+)?(?:(?P<scope>this|last|next|prior)\s+)?"
    r"(?P<unit>day|week|month|quarter|year)s?"
)
_NUMBERS: Final = {
    word: number
    for number, words in enumerate(
        ("a an one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1
    )
    for word in words.split()
}
_AWAY = re.compile(
    rf"(?P<count>[0-9]{{1,6}}|{'|'.join(_NUMBERS)})\s+(?P<unit>{_UNITS})s?\s+"
    r"(?P<way>ago|later|hence|from|after|before)(?:\s+(?P<base>.+))?"
)
_AHEAD = re.compile(rf"(?P<sign>in\s|-\s?|\+\s?)\s*(?P<count>[0-9]{{1,6}})\s*(?P<unit>{_UNITS})s?")
_WEEKDAY = re.compile(rf"(?P<scope>last|this|next)\s+(?P<day>{'|'.join(WEEKDAYS)})")
_BARE = re.compile(rf"[0-9]+\s+(?:{_UNITS})s?")
# What parsedatetime makes of a bare scope: the start of the month, not the same day.
_PHRASES: Final[dict[str, Moment]] = {
    "now": NOW,
    "today": TODAY,
    "yesterday": Named("yesterday"),
    "tomorrow": Named("tomorrow"),
    "midnight": TODAY,
    "noon": Shift(TODAY, 12, "hour"),
    "last day": Named("yesterday"),
    "next day": Named("tomorrow"),
    "eom": LastDay("month", TODAY),
    "end of month": LastDay("month", TODAY),
    "this month": LastDay("month", TODAY),
    "eoy": LastDay("year", TODAY),
    "end of year": LastDay("year", TODAY),
    "this year": LastDay("year", TODAY),
    **{
        f"{way} {unit}": shifted(TODAY if unit == "week" else Start(unit, TODAY), count, unit)
        for way, count in (("last", -1), ("previous", -1), ("next", 1))
        for unit in cast(tuple[Grain, ...], ("week", "month", "year"))
    },
}
# Two years whose days fall on different weekdays: what differs but in the year is a weekday.
_PROBES: Final = (datetime(2000, 1, 1), datetime(2001, 1, 1))  # noqa: DTZ001
_TOKEN = re.compile(r"""\s*('[^']*'|"[^"]*"|[A-Za-z]+|[+-]?[0-9]+|[(),])""")


def moment_of(text: str) -> Moment:
    """The moment that one side of Superset's "A : B" means; Invalid if Superset or we know none."""
    plain = " ".join(text.split())
    lower = plain.lower()
    scope = _SCOPED.fullmatch(lower)
    if scope and not (scope["end"] and scope["unit"] in ("second", "minute", "hour")):
        unit = cast(Grain, scope["unit"])
        of = scoped(scope["scope"], int(scope["count"] or 1), unit)
        if not scope["end"]:
            return of
        return LastDay(unit, of) if scope["end"] == "end of" else start_of(unit, of)
    first = _FIRST.fullmatch(lower)
    if first:
        unit = cast(Grain, first["unit"])
        return start_of(unit, scoped(first["scope"] or "this", 1, unit))
    if re.match(r"(datetime|dateadd|datetrunc|lastday|holiday)", lower):
        return _Functions(plain).read()
    return _spoken(plain)


def scoped(scope: str, count: int, unit: Grain) -> Moment:
    """Today or now, moved by "last", "prior" or "next" so many units; "this" moves nothing."""
    return shifted(anchor(unit), {"this": 0, "next": count}.get(scope.lower(), -count), unit)


def start_of(unit: Grain, of: Moment) -> Moment:
    """The start of a unit; of one some units away it is written as so many units from this one."""
    if isinstance(of, Shift) and of.unit == unit:
        return Shift(start_of(unit, of.of), of.count, unit, of.sign)
    return Start(unit, of)


def unknown(text: str) -> Invalid:
    """The error of a text that is no time range of Superset."""
    return Invalid(
        f"'{text[:100]}' is not a time range Superset would understand.", {"time_range": "unknown"}
    )


def _spoken(text: str) -> Moment:
    """A date in any spelling, or a phrase in plain English."""
    lower = text.lower()
    if _BARE.fullmatch(lower):
        raise Invalid(
            f"'{text[:100]}' says neither 'ago' nor 'from now'.", {"time_range": "ambiguous"}
        )
    found = _date(text) or _phrase(lower)
    if found is None:
        raise unknown(text)
    return found


def _date(text: str) -> Moment | None:
    """A date as dateutil reads it: what is left out is 1 January of this year, at midnight."""
    try:
        first, second = (parse(text, default=default, tzinfos=_zone) for default in _PROBES)
    except (ValueError, OverflowError):
        return None
    if first == second:
        midnight = first.time() == datetime.min.time() and first.tzinfo is None
        return Fixed(first.date().isoformat() if midnight else first.isoformat().lower())
    if first.replace(year=second.year) != second:
        raise Invalid(
            f"'{text[:100]}' means the first such day of a year to Superset; say which one.",
            {"time_range": "weekday"},
        )
    found = shifted(Start("year", TODAY), first.month - 1, "month")
    found = shifted(found, first.day - 1, "day")
    found = shifted(shifted(found, first.hour, "hour"), first.minute, "minute")
    return shifted(found, first.second, "second")


def _zone(_name: str | None, offset_s: int | None) -> tzinfo | None:
    """The zone of an offset that is written out; names of zones Superset passes over."""
    return None if offset_s is None else timezone(timedelta(seconds=offset_s))


def _phrase(text: str) -> Moment | None:
    if text in _PHRASES:
        return _PHRASES[text]
    weekday = _WEEKDAY.fullmatch(text)
    if weekday:
        day = WEEKDAYS.index(weekday["day"])
        if weekday["scope"] == "last":
            return Weekday(day, last=True)
        return shifted(Weekday(day), 1 if weekday["scope"] == "next" else 0, "week")
    ahead = _AHEAD.fullmatch(text)
    if ahead:
        unit = cast(Grain, ahead["unit"])
        count = int(ahead["count"]) * (-1 if ahead["sign"].strip() == "-" else 1)
        return shifted(anchor(unit), count, unit)
    away = _AWAY.fullmatch(text)
    return _away(away) if away else None


def _away(match: re.Match[str]) -> Moment | None:
    """ "3 days ago", "two weeks from now", "2 days before 2013-01-05"."""
    count = _NUMBERS.get(match["count"]) or int(match["count"])
    unit, way = cast(Grain, match["unit"]), match["way"]
    standing = way in ("ago", "later", "hence")
    if standing == bool(match["base"]):
        return None
    of = anchor(unit) if standing else _spoken(match["base"])
    return shifted(of, -count if way in ("ago", "before") else count, unit)


class _Functions:
    """Reads DATETIME('…'), DATEADD(…, -13, MONTH), DATEDIFF, DATETRUNC and LASTDAY, nested."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        rest = text if len(text) <= LONGEST else ""
        while rest.strip():
            match = _TOKEN.match(rest)
            if match is None:
                raise unknown(text)
            self.tokens.append(match[1])
            rest = rest[match.end() :]
        self.tokens.reverse()

    def read(self) -> Moment:
        found = self._moment()
        if self.tokens:
            raise unknown(self.text)
        return found

    def _moment(self) -> Moment:
        name = self._take().lower()
        self._expect("(")
        if name == "datetime":
            found = _spoken(self._quoted())
        elif name == "dateadd":
            found = self._added()
        elif name in ("datetrunc", "lastday"):
            of = self._moment()
            unit = self._unit()
            if name == "lastday" and unit in ("hour", "minute", "second"):
                raise unknown(self.text)
            found = LastDay(unit, of) if name == "lastday" else start_of(unit, of)
        elif name == "holiday":
            raise Invalid("Dates of public holidays cannot be translated.", {"time_range": name})
        else:
            raise unknown(self.text)
        self._skip_comma()
        self._expect(")")
        return found

    def _added(self) -> Moment:
        of = self._moment()
        self._expect(",")
        if self._next().lower() == "datediff":
            span = self._span()
            return Shift(of, span, self._unit())
        count = self._take()
        if not re.fullmatch(r"[+-]?[0-9]{1,6}", count):
            raise unknown(self.text)
        return shifted(of, int(count), self._unit())

    def _span(self) -> Span:
        self._take()
        self._expect("(")
        low = self._moment()
        self._expect(",")
        high = self._moment()
        unit: Literal["day", "year"] = "day"
        if self._next() == ",":
            named = self._unit()
            if named not in ("day", "year"):
                raise unknown(self.text)
            unit = named
        self._skip_comma()
        self._expect(")")
        return Span(unit, low, high)

    def _unit(self) -> Grain:
        self._expect(",")
        unit = self._take().lower()
        if not re.fullmatch(_UNITS, unit):
            raise unknown(self.text)
        return cast(Grain, unit)

    def _quoted(self) -> str:
        token = self._take()
        if token[0] not in "'\"":
            raise unknown(self.text)
        return token[1:-1].strip()

    def _next(self) -> str:
        return self.tokens[-1] if self.tokens else ""

    def _take(self) -> str:
        if not self.tokens:
            raise unknown(self.text)
        return self.tokens.pop()

    def _skip_comma(self) -> None:
        if self._next() == ",":
            self.tokens.pop()

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise unknown(self.text)
