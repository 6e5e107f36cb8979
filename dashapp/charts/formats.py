"""How numbers and times are told: d3 notation, currencies, durations, by locale.

Formats are data, never code: the same format gives the same text here, in Plotly's axes
(`axis`, `hover`) and in AG Grid's cells (`number_data`, `time_data` and `web/assets/grid.js`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Annotated, Any, Final, Literal

from babel.numbers import get_currency_precision
from pydantic import AfterValidator, Field

from dashapp.charts import formats_number as numbers
from dashapp.charts import formats_time as times
from dashapp.charts.formats_time import finest, moment
from dashapp.charts.values import number as as_number
from dashapp.errors import Invalid
from dashapp.specs import Grain

__all__ = [
    "NAMED",
    "AnyFormat",
    "NumberFormat",
    "axis",
    "check_format",
    "duration",
    "finest",
    "hover",
    "moment",
    "number",
    "number_data",
    "separators",
    "time",
    "time_data",
]

# Formats that d3 has no notation for, with what a form says about them.
NAMED: Final[dict[str, str]] = {
    "smart": "Three digits with k, M, B: 1.23M",
    "full": "All digits: 1,234,567.89",
    "duration": "Seconds as a duration: 1h 5m",
    "duration-ms": "Milliseconds as a duration: 1.5s",
    "duration-min": "Minutes as a duration: 1h 5m",
}
_ALIASES = {"": "smart", "SMART_NUMBER": "smart", "DURATION": "duration-ms"}
_UNITS_S: Final[dict[str, float]] = {"duration": 1, "duration-ms": 0.001, "duration-min": 60}


def number(
    value: Any, fmt: str | None = None, currency: str | None = None, locale: str = "en"
) -> str:
    """A value as text; "" where it is empty or no number.

    `fmt` is d3's notation (",.2f", ".1%", "$,.0f", ".3s") or a name of NAMED, "smart" by default.
    With a `currency` (ISO 4217) its symbol stands where the locale puts it.
    """
    size = as_number(value)
    if size is None:
        return ""
    name = _name(fmt)
    if name in _UNITS_S:
        return duration(size * _UNITS_S[name])
    told = numbers.signs(locale, currency)
    if name == "smart":
        notation = replace(_notation(_smart(size), currency), billions=True)
        return numbers.write(size, notation, told)
    if name == "full":
        name = _full(size, currency)
    return numbers.write(size, _notation(name, currency), told)


def time(
    value: Any,
    fmt: str | None = None,
    grain: Grain | None = None,
    locale: str = "en",
    zone: str | None = None,
) -> str:
    """A time as text, in d3's notation or by its grain ("Q1 2013"); "" where it is empty.

    Without format and grain it is told to the day, minute or second, as fine as it is. Aware
    times are told on the clock of `zone`; anything that is no time comes back as text.
    """
    if value is None:
        return ""
    when = moment(value, zone)
    if when is None:
        return str(value)
    return times.write(when, fmt or times.pattern(grain or finest([when]), locale), locale)


def duration(seconds: float) -> str:
    """Seconds as at most two units: "1d 2h", "1h 5m", "12s", "250ms"."""
    sign, left = (numbers.MINUS if seconds < 0 else ""), abs(seconds)
    if left < 1:
        return f"{sign}{round(left * 1000)}ms" if left else "0s"
    if left < 60:
        return f"{sign}{round(left, 1 if left < 10 else 0):g}s" if round(left) < 60 else f"{sign}1m"
    units = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    at = next(i for i, (_, size) in enumerate(units) if left >= size)
    small = units[min(at + 1, 3)][1]
    whole = round(left / small) * small
    at = next(i for i, (_, size) in enumerate(units) if whole >= size)
    parts = [f"{whole // units[at][1]}{units[at][0]}"]
    if at < 3 and (rest := whole % units[at][1] // units[at + 1][1]):
        parts.append(f"{rest}{units[at + 1][0]}")
    return sign + " ".join(parts)


def check_format(fmt: str | None, kind: Literal["number", "time", "any"] = "any") -> None:
    """Refuse, as Invalid, what is neither d3 notation nor a named format."""
    if not fmt:
        return
    if kind != "time" and _name(fmt) in NAMED:
        return
    if kind == "number":
        numbers.parse(fmt)
    elif kind == "time":
        times.check(fmt)
    else:
        try:
            numbers.parse(fmt)
        except Invalid:
            times.check(fmt)


def number_data(
    fmt: str | None = None, currency: str | None = None, locale: str = "en"
) -> dict[str, Any]:
    """A number format as data for `dashappNumber` in AG Grid (see web/assets/grid.js)."""
    name = _name(fmt)
    check_format(name, "number")
    if currency and name not in NAMED:
        parsed = numbers.parse(name)
        if not parsed.symbol and parsed.type not in "%p":
            name = _with_symbol(name)
    places = get_currency_precision(currency) if currency else None
    told = numbers.signs(locale, currency).as_data()
    return {"is": "number", "format": name, "money": places, "signs": told}


def time_data(
    fmt: str | None = None, grain: Grain | None = None, locale: str = "en"
) -> dict[str, Any]:
    """A time format as data for `dashappTime` in AG Grid; rows carry wall clocks as ISO text."""
    if fmt:
        times.check(fmt)
    chosen = fmt or times.pattern(grain or "second", locale)
    return {"is": "time", "format": chosen, "names": times.time_names(locale)}


def _checked(kind: Literal["number", "any"], fmt: str) -> str:
    try:
        check_format(fmt, kind)
    except Invalid as error:
        raise ValueError(error.message) from error
    return fmt


# Types of options: a number format, and one of numbers or times.
NumberFormat = Annotated[str, Field(max_length=50), AfterValidator(partial(_checked, "number"))]
AnyFormat = Annotated[str, Field(max_length=50), AfterValidator(partial(_checked, "any"))]


def axis(fmt: str | None = None, currency: str | None = None, locale: str = "en") -> dict[str, Any]:
    """Settings of a Plotly axis (tickformat, tickprefix, ticksuffix …) for a number format."""
    before, spec, after = _plotly(fmt, currency, locale)
    settings: dict[str, Any] = {"tickformat": spec, "tickprefix": before, "ticksuffix": after}
    if _name(fmt) == "smart":
        settings |= {"tickformat": "", "exponentformat": "B", "separatethousands": True}
    return settings


def hover(
    variable: str, fmt: str | None = None, currency: str | None = None, locale: str = "en"
) -> str:
    """A Plotly template for one value, e.g. hover("y", "$,.0f") = "$%{y:,.0f}"."""
    before, spec, after = _plotly(fmt, currency, locale)
    return f"{before}%{{{variable}:{spec}}}{after}"


def separators(locale: str = "en") -> str:
    """Plotly's `layout.separators`: the locale's decimal and thousands signs."""
    told = numbers.signs(locale)
    return told.decimal + told.thousands


@lru_cache(maxsize=1024)
def _plotly(fmt: str | None, currency: str | None, locale: str) -> tuple[str, str, str]:
    """What stands before a number, its d3 format without a currency, and what follows."""
    name = _name(fmt)
    if name in _UNITS_S:
        return "", ",.1~f", {1: "s", 0.001: "ms", 60: "m"}[_UNITS_S[name]]
    before, after = numbers.signs(locale, currency).currency if currency else ("", "")
    if name in ("smart", "full"):
        return before, ",.2f" if currency else ",.4~f", after
    parsed = numbers.parse(name)
    if parsed.symbol == "$":
        before, after = numbers.signs(locale, currency).currency
        name = name.replace("$", "", 1)
    if parsed.type in "%p":
        before = after = ""
    return before, name, after


def _name(fmt: str | None) -> str:
    return _ALIASES.get(fmt or "", fmt or "")


def _smart(value: float) -> str:
    size = abs(value)
    if size == int(size) and size < 1000:
        return "d"
    if size >= 1e15 or size < 1e-6:
        return ".3~e"
    return ".3~s" if size >= 999.5 else ".3~r"


def _full(value: float, currency: str | None) -> str:
    size = abs(value)
    if currency:
        return f",.{get_currency_precision(currency)}f"
    if size == int(size):
        return ",d"
    if size >= 1:
        return ",.2~f"
    return ".3~r" if size >= 1e-6 else ".3~e"


@lru_cache(maxsize=1024)
def _notation(fmt: str, currency: str | None) -> numbers.Notation:
    parsed = numbers.parse(fmt)
    if currency and not parsed.symbol and parsed.type not in "%p":
        return replace(parsed, symbol="$")
    return parsed


def _with_symbol(fmt: str) -> str:
    """A d3 format with the currency sign at its place: after fill, alignment and sign."""
    at = 2 if len(fmt) > 1 and fmt[1] in "<>=^" else 1 if fmt[:1] in "<>=^" else 0
    if fmt[at : at + 1] and fmt[at] in "+-( ":
        at += 1
    return fmt[:at] + "$" + fmt[at:]
