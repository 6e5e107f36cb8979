"""The words for moments: "3 months ago", "start of month - 13 months".

moment  = term { ("+" | "-") count unit }
term    = "now" | "this second" | "today" | "yesterday" | "tomorrow"
        | count unit ("ago" | "from now")
        | ("start of" | "last day of") unit [ "of" term ]         of today (now) by default
        | ("start of" | "last day of") ("last" | "this" | "next") [ count ] unit
        | "last" weekday                                            the latest before today
        | weekday                                                   the one of the current week
        | a year, quarter (2013-Q2), month, day or ISO time | "(" moment ")"
count   = digits | "(" ("days" | "years") "from" moment "to" moment ")"
"""

from __future__ import annotations

import re
from typing import Final, Literal, cast

from dashapp.query.grains import BELOW_DAY
from dashapp.query.moments import (
    WEEKDAYS,
    Fixed,
    LastDay,
    Moment,
    Named,
    Shift,
    Span,
    Start,
    Weekday,
    Word,
    anchor,
    is_fixed,
    period,
    shifted,
)
from dashapp.specs.query import GRAINS, Grain

LONGEST, DEEPEST = 500, 20  # Characters and levels of parentheses of what is read.
WORDS: Final = ("now", "today", "yesterday", "tomorrow")
_UNIT = re.compile(r"(second|minute|hour|day|week|month|quarter|year)s?")


def read_moment(text: str) -> Moment:
    """The moment a text means; ValueError if nobody understands it."""
    plain = " ".join(text.split()).lower()
    if not plain or len(plain) > LONGEST:
        raise ValueError(f"'{plain[:50]}' is no moment.")
    if is_fixed(plain):
        return Fixed(plain)
    reader = _Reader(re.findall(r"[()]|[^\s()]+", plain))
    found = reader.moment()
    if reader.tokens:
        raise ValueError(f"'{reader.tokens[-1]}' was not expected.")
    return found


def written(moment: Moment) -> str:
    """The words `read_moment` reads as this moment."""
    match moment:
        case Named(word):
            return word
        case Fixed(text):
            return text.upper()
        case Weekday(day, last):
            return f"last {WEEKDAYS[day]}" if last else WEEKDAYS[day]
        case Start(unit, of) | LastDay(unit, of):
            first = "start of" if isinstance(moment, Start) else "last day of"
            return f"{first} {_unit_of(unit, of)}"
        case Shift(of, int() as count, unit, -1) if of == anchor(unit):
            return f"{_many(count, unit)} ago"
        case Shift(of, count, unit, sign):
            base = written(of)
            if isinstance(of, Fixed) and period(of.text.lower()) is None:
                base = f"({base})"
            many = _many(count, unit) if isinstance(count, int) else f"{_span(count)} {unit}s"
            return f"{base} {'+' if sign > 0 else '-'} {many}"


def _many(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _span(span: Span) -> str:
    return f"({span.unit}s from {written(span.low)} to {written(span.high)})"


def _unit_of(unit: Grain, of: Moment) -> str:
    """ "month", "last 2 months" or "month of (…)": the unit that another moment lies in."""
    if of == anchor(unit):
        return unit
    if (
        isinstance(of, Shift)
        and of.of == anchor(unit)
        and of.unit == unit
        and isinstance(of.count, int)
    ):
        way = "next" if of.sign > 0 else "last"
        return f"{way} {unit if of.count == 1 else _many(of.count, unit)}"
    return f"{unit} of ({written(of)})"


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]
        self.depth = 0

    def moment(self) -> Moment:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError("That is nested too deeply.")
        found = self._term()
        while self._next() in ("+", "-"):
            sign: Literal[1, -1] = 1 if self._take() == "+" else -1
            count = self._span() if self._skip("(") else self._digits()
            found = Shift(found, count, self._unit(), sign)
        self.depth -= 1
        return found

    def _term(self) -> Moment:
        word = self._take()
        if word == "(":
            inner = self.moment()
            self._expect(")")
            return inner
        if word in WORDS:
            return Named(cast(Word, word))
        if word == "this":
            self._expect("second")
            return Named("this second")
        if word in ("start", "last"):
            return self._unit_end(word)
        if word in WEEKDAYS:
            return Weekday(WEEKDAYS.index(word))
        if word.isdecimal() and _UNIT.fullmatch(self._next()):
            return self._ago(word)
        return self._fixed(word)

    def _unit_end(self, first: str) -> Moment:
        if first == "last" and self._next() in WEEKDAYS:
            return Weekday(WEEKDAYS.index(self._take()), last=True)
        if first == "last":
            self._expect("day")
        self._expect("of")
        unit, of = self._scope()
        if first == "last" and unit in BELOW_DAY:
            raise ValueError(f"The last day of a {unit} is unknown.")
        return Start(unit, of) if first == "start" else LastDay(unit, of)

    def _scope(self) -> tuple[Grain, Moment]:
        if self._next() not in ("last", "previous", "this", "next"):
            unit = self._unit()
            return unit, self._term() if self._skip("of") else anchor(unit)
        way = self._take()
        count = self._digits() if self._next().isdecimal() and way != "this" else 1
        unit = self._unit()
        return unit, shifted(anchor(unit), {"this": 0, "next": count}.get(way, -count), unit)

    def _ago(self, digits: str) -> Moment:
        count, unit = _whole(digits), self._unit()
        way = self._take()
        if way == "from":
            self._expect("now")
        elif way != "ago":
            raise ValueError(f"'{way}' was not expected.")
        return Shift(anchor(unit), count, unit, -1 if way == "ago" else 1)

    def _fixed(self, token: str) -> Moment:
        text = token
        if re.match(r"\d{1,2}:", self._next()):
            text = f"{token} {self._take()}"
        if not is_fixed(text):
            raise ValueError(f"'{text}' is no time.")
        return Fixed(text)

    def _span(self) -> Span:
        unit = self._unit()
        if unit not in ("day", "year"):
            raise ValueError("Only days and years can be counted.")
        self._expect("from")
        low = self.moment()
        self._expect("to")
        high = self.moment()
        self._expect(")")
        return Span(unit, low, high)

    def _digits(self) -> int:
        return _whole(self._take())

    def _unit(self) -> Grain:
        match = _UNIT.fullmatch(self._take())
        if match is None:
            raise ValueError(f"A unit was expected, one of: {', '.join(GRAINS)}.")
        return cast(Grain, match[1])

    def _next(self) -> str:
        return self.tokens[-1] if self.tokens else ""

    def _take(self) -> str:
        if not self.tokens:
            raise ValueError("The end came too early.")
        return self.tokens.pop()

    def _skip(self, token: str) -> bool:
        found = self._next() == token
        if found:
            self.tokens.pop()
        return found

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise ValueError(f"'{token}' was expected.")


def _whole(digits: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", digits):
        raise ValueError(f"'{digits[:20]}' is no number.")
    return int(digits)
