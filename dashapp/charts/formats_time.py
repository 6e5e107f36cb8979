"""Times in d3's notation and by grain, told in a locale."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale

from dashapp.charts.formats_number import locale_of
from dashapp.errors import Invalid
from dashapp.specs import Grain

_DIRECTIVE = re.compile(r"%([-_0]?)(.)", re.DOTALL)
_CLDR = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+")
# CLDR fields as d3 directives; quarters are made from the locale's own short name.
_FIELDS = {
    "y": "%Y", "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m",
    "LLLL": "%B", "LLL": "%b", "LL": "%m", "L": "%-m", "dd": "%d", "d": "%-d", "EEEE": "%A",
    "EEE": "%a", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "ss": "%S", "a": "%p",
}  # fmt: skip
# Directives that stand for a whole format of the locale; fillers by their flags.
_WHOLE = {"c": "dateTime", "x": "date", "X": "time"}
_FILLERS = {"-": "", "_": " ", "0": "0"}
_Writer = Callable[[datetime, dict[str, Any]], tuple[str, int, str]]
_WEEK = {
    "en": "week of {}", "de": "Woche vom {}", "fr": "semaine du {}", "es": "semana del {}",
    "it": "settimana del {}", "nl": "week van {}", "pt": "semana de {}",
}  # fmt: skip


def moment(value: Any, zone: str | None = None) -> datetime | None:
    """A date, time or ISO text as a datetime; aware ones on the clock of `zone`."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        if value.tzinfo is not None and zone:
            value = value.astimezone(ZoneInfo(zone))
        wall: datetime = value.replace(tzinfo=None)
        return wall
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a wall clock
    return None


def finest(values: Iterable[Any]) -> Grain:
    """The coarsest of day, minute and second that tells all these times apart from their grain."""
    found: Grain = "day"
    for value in values:
        when = moment(value)
        if when is None:
            continue
        if when.second or when.microsecond:
            return "second"
        if when.hour or when.minute:
            found = "minute"
    return found


@lru_cache(maxsize=512)
def pattern(grain: Grain, locale: str) -> str:
    """The d3 pattern that tells a time of this grain as people of the locale write it."""
    told = _dates(locale)
    day = _skeleton(told, "yMMMd", "%-d %b %Y")
    if grain == "year":
        return "%Y"
    if grain == "quarter":
        return _skeleton(told, "yQQQ", "Q%q %Y")
    if grain == "month":
        return _skeleton(told, "yMMM", "%b %Y")
    if grain == "week":
        return _WEEK.get(told.language, "{} (W%V)").format(day)
    if grain == "day":
        return day
    clock = told.time_formats["medium" if "second" in grain else "short"].pattern
    joined = str(told.datetime_formats["medium"])
    return _joined(joined, day, _d3(clock, told) or "%H:%M")


def check(fmt: str) -> None:
    """Refuse, as Invalid, what is not a d3 time format."""
    letters = [m[2] for m in _DIRECTIVE.finditer(fmt) if m[2] != "%"]
    rest = _DIRECTIVE.sub("", fmt)
    if not letters or not _WRITERS.keys() >= set(letters) or "%" in rest or len(fmt) > 100:
        raise Invalid(
            f"“{fmt}” is not a time format; write for instance “%Y-%m-%d” or “%b %Y”.",
            {"format": "Not a time format."},
        )


def write(when: datetime, fmt: str, locale: str) -> str:
    """`when` (a wall clock) in a d3 time format, with the locale's names."""
    names = time_names(locale)
    told = []
    for part, filler in _parts(fmt, locale):
        if isinstance(part, str):
            told.append(part)
            continue
        text, width, usual = part(when, names)
        fill = usual if filler is None else filler
        told.append(text.rjust(width, fill) if fill else text)
    return "".join(told)


@lru_cache(maxsize=512)
def _parts(fmt: str, locale: str) -> tuple[tuple[str | _Writer, str | None], ...]:
    """A format taken apart, once: words, and what writes a directive with its own filler."""
    found: list[tuple[str | _Writer, str | None]] = []
    at = 0
    for match in _DIRECTIVE.finditer(fmt):
        found.append((fmt[at : match.start()], None))
        flag, letter = match[1], match[2]
        if letter == "%":
            found.append(("%", None))
        elif letter in _WHOLE:
            found += _parts(str(time_names(locale)[_WHOLE[letter]]), locale)
        else:
            found.append((_WRITERS[letter], _FILLERS.get(flag)))
        at = match.end()
    found.append((fmt[at:], None))
    return tuple(part for part in found if part[0] != "")


@lru_cache(maxsize=64)
def time_names(locale: str) -> dict[str, Any]:
    """Names of months and days in the shape that d3.timeFormatLocale takes."""
    named, told = locale_of(locale), _dates(locale)
    days, months = named.days["format"], named.months["format"]
    periods = named.day_periods["format"].get("abbreviated", {})
    sunday_first = (6, 0, 1, 2, 3, 4, 5)
    return {
        "dateTime": "%x, %X",
        "date": _d3(told.date_formats["short"].pattern, told) or "%Y-%m-%d",
        "time": _d3(told.time_formats["medium"].pattern, told) or "%H:%M:%S",
        "periods": [periods.get("am", "AM"), periods.get("pm", "PM")],
        "days": [days["wide"][d] for d in sunday_first],
        "shortDays": [days["abbreviated"][d] for d in sunday_first],
        "months": [months["wide"][m] for m in range(1, 13)],
        "shortMonths": [months["abbreviated"][m] for m in range(1, 13)],
    }


def _dates(locale: str) -> Locale:
    """The locale whose patterns apply; English of no country writes 4 Mar 2013, 15:04."""
    found = locale_of(locale)
    return found if found.language != "en" or found.territory else Locale.parse("en_150")


def _skeleton(told: Locale, name: str, otherwise: str) -> str:
    skeleton = told.datetime_skeletons.get(name)
    return (_d3(skeleton.pattern, told) if skeleton else None) or otherwise


def _d3(cldr: str, told: Locale) -> str | None:
    """A CLDR pattern in d3's notation; None if it has a field that d3 lacks."""
    parts: list[str] = []
    for match in _CLDR.finditer(cldr):
        text = match[0]
        if match[1] is not None:
            parts.append((match[1].replace("''", "'") or "'").replace("%", "%%"))
        elif match[2] is None:
            parts.append(text.replace("%", "%%"))
        elif text in ("QQQ", "QQQQ"):
            short = str(told.quarters["format"]["abbreviated"][1])
            parts.append(short.replace("1", "%q") if "1" in short else "Q%q")
        elif text in _FIELDS:
            parts.append(_FIELDS[text])
        else:
            return None
    return "".join(parts)


def _joined(cldr: str, day: str, clock: str) -> str:
    text = re.sub(r"'((?:[^']|'')*)'", lambda m: m[1].replace("''", "'") or "'", cldr)
    return text.replace("%", "%%").replace("{1}", day).replace("{0}", clock)


def _week_from(when: datetime, first: int) -> int:
    """Week of the year, counted from the first day `first` (Monday 0, Sunday 6)."""
    ordinal = when.timetuple().tm_yday
    return (ordinal + 6 - (when.weekday() - first) % 7) // 7


def _epoch_ms(when: datetime) -> int:
    return int(
        (when.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)
    )


def _digits(of: Callable[[datetime], int], width: int, fill: str = "0") -> _Writer:
    return lambda when, _: (str(of(when)), width, fill)


# Letter → (text, width, filler) of one directive.
_WRITERS: dict[str, _Writer] = {
    "a": lambda t, n: (n["shortDays"][t.isoweekday() % 7], 0, ""),
    "A": lambda t, n: (n["days"][t.isoweekday() % 7], 0, ""),
    "b": lambda t, n: (n["shortMonths"][t.month - 1], 0, ""),
    "B": lambda t, n: (n["months"][t.month - 1], 0, ""),
    "c": lambda t, n: ("", 0, ""),
    "d": _digits(lambda t: t.day, 2),
    "e": _digits(lambda t: t.day, 2, " "),
    "f": _digits(lambda t: t.microsecond, 6),
    "g": _digits(lambda t: t.isocalendar().year % 100, 2),
    "G": _digits(lambda t: t.isocalendar().year, 4),
    "H": _digits(lambda t: t.hour, 2),
    "I": _digits(lambda t: t.hour % 12 or 12, 2),
    "j": _digits(lambda t: t.timetuple().tm_yday, 3),
    "L": _digits(lambda t: t.microsecond // 1000, 3),
    "m": _digits(lambda t: t.month, 2),
    "M": _digits(lambda t: t.minute, 2),
    "p": lambda t, n: (n["periods"][t.hour >= 12], 0, ""),
    "q": _digits(lambda t: (t.month - 1) // 3 + 1, 0),
    "Q": _digits(_epoch_ms, 0),
    "s": _digits(lambda t: _epoch_ms(t) // 1000, 0),
    "S": _digits(lambda t: t.second, 2),
    "u": _digits(lambda t: t.isoweekday(), 0),
    "U": _digits(lambda t: _week_from(t, 6), 2),
    "V": _digits(lambda t: t.isocalendar().week, 2),
    "w": _digits(lambda t: t.isoweekday() % 7, 0),
    "W": _digits(lambda t: _week_from(t, 0), 2),
    "x": lambda t, n: ("", 0, ""),
    "X": lambda t, n: ("", 0, ""),
    "y": _digits(lambda t: t.year % 100, 2),
    "Y": _digits(lambda t: t.year, 4),
    "Z": lambda t, n: ("+0000", 0, ""),
}
