"""Superset's time range language and ours: the same half-open ranges, in either direction.

Superset reads a text without " : " only where it begins with Last, Next, Current, previous calendar
or "first week of"; of any other its query keeps no more than an end, today's midnight. Its clock
counts weeks from Monday; ours counts them as the dataset says.
"""

from __future__ import annotations

import re
from typing import Final, cast

from dashapp.query.moments import (
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
    period,
    shifted,
)
from dashapp.query.timerange import NO_FILTER, read
from dashapp.query.words import written
from dashapp.services.superset.moments import moment_of, scoped, start_of, unknown
from dashapp.specs.query import Grain

SEPARATOR: Final = " : "
_UNIT = r"(second|minute|hour|day|week|month|quarter|year)s?"
_SHORT = re.compile(rf"(Last|Next)\s{{1,5}}(?:([0-9]{{1,6}})\s{{0,5}})?(?i:{_UNIT})")
_NAMED = re.compile(
    r"(previous calendar (?:week|month|quarter|year))s?|(Current (?:day|week|month|quarter|year))s?"
)
_FIRST = re.compile(
    r"(?:first|1st)\s+(week|month|quarter)\s+of\s+(?:(this|last|next|prior)\s+)?(?:the\s+)?(week|month|quarter|year)",
    re.IGNORECASE,
)


def range_text(text: str) -> str | None:
    """Our time range that has the bounds of Superset's; None for no filter, Invalid if unknown."""
    padded = f" {text} ".replace("\n", " ")
    plain = text.strip()
    if not plain or plain.lower() == NO_FILTER:
        return None
    if SEPARATOR in padded:
        low, high = (part.strip() for part in padded.split(SEPARATOR, 1))
        return _ends(moment_of(low) if low else None, moment_of(high) if high else None)
    short = _SHORT.fullmatch(plain)
    if short:
        count, unit = int(short[2] or 1), short[3].lower()
        return f"{short[1].lower()} {unit if count == 1 else f'{count} {unit}s'}"
    if plain.startswith(("Last", "Next")):
        raise unknown(plain)
    named = _NAMED.fullmatch(plain)
    if named:
        return (named[1] or named[2]).lower()
    first = _FIRST.fullmatch(plain)
    if first:
        unit = cast(Grain, first[3].lower())
        start = start_of(unit, scoped(first[2] or "this", 1, unit))
        return _ends(start, shifted(start, 1, cast(Grain, first[1].lower())))
    moment_of(plain)
    return _ends(None, TODAY)


def superset_text(ours: str | None) -> str:
    """Superset's time range that has the bounds of ours; Invalid if ours is no time range."""
    plain = " ".join((ours or NO_FILTER).split()).lower()
    short = re.fullmatch(rf"(last|past|next) (?:([0-9]{{1,6}}) )?{_UNIT}", plain)
    if short:
        way = "Next" if short[1] == "next" else "Last"
        count = int(short[2] or 1)
        return f"{way} {short[3]}" if count == 1 else f"{way} {count} {short[3]}s"
    named = re.fullmatch(r"previous (?:calendar )?(week|month|quarter|year)", plain)
    if named:
        return f"previous calendar {named[1]}"
    current = re.fullmatch(r"(?:current|this) (?:calendar )?(day|week|month|quarter|year)", plain)
    if current:
        return f"Current {current[1]}"
    low, high = read(plain)
    if low is None and high is None:
        return "No filter"
    return SEPARATOR.join("" if end is None else _side(end) for end in (low, high))


def _ends(low: Moment | None, high: Moment | None) -> str:
    text = SEPARATOR.join("" if end is None else written(end) for end in (low, high))
    read(text)
    return text.strip()


def _side(moment: Moment) -> str:
    """One end as Superset's own picker would write it."""
    match moment:
        case Named("now" | "this second"):
            return "now"
        case Named(word):
            return word
        case Fixed(text):
            return _iso(text)
    return _function(moment)


def _function(moment: Moment) -> str:
    """A moment in Superset's functions."""
    match moment:
        case Named() | Fixed():
            return f"DATETIME('{_side(moment)}')"
        case Weekday(day, last):
            if last:
                return f"DATETIME('last {WEEKDAYS[day]}')"
            return _function(shifted(Start("week", TODAY), day, "day"))
        case Start(unit, of):
            return f"DATETRUNC({_function(of)}, {unit.upper()})"
        case LastDay(unit, of):
            return f"LASTDAY({_function(of)}, {unit.upper()})"
        case Shift(of, count, unit, sign):
            number = _difference(count, sign) if isinstance(count, Span) else str(count * sign)
            return f"DATEADD({_function(of)}, {number}, {unit.upper()})"


def _difference(span: Span, sign: int) -> str:
    low, high = (span.low, span.high) if sign > 0 else (span.high, span.low)
    return f"DATEDIFF({_function(low)}, {_function(high)}, {span.unit.upper()})"


def _iso(text: str) -> str:
    whole = period(text.lower())
    return whole[0].date().isoformat() if whole else text.upper()
