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
from dashapp.charts import formats_units as units
from dashapp.charts.formats_time import finest, moment
from dashapp.charts.formats_units import duration
from dashapp.charts.values import number as as_number
from dashapp.errors import Invalid
from dashapp.specs import Grain

__all__ = [
    "NAMED",
    "AnyFormat",
    "NumberFormat",
    "TimeFormat",
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
    "smart-signed": "Three digits with a sign: +1.23M",
    "full": "All digits: 1,234,567.89",
    "duration": "Seconds as a duration: 1h 5m",
    "duration-ms": "Milliseconds as a duration: 1.5s",
    "duration-min": "Minutes as a duration: 1h 5m",
    "duration-fine": "Milliseconds down to nanoseconds: 1ms 250µs",
    "duration-clock": "Milliseconds as on a clock: 1:06:40",
    "bytes": "Bytes in thousands: 1.5MB",
    "bytes-binary": "Bytes in steps of 1,024: 1.5MiB",
    "bytes-rate": "Bytes per second: 1.5MB/s",
    "bytes-binary-rate": "Bytes per second in steps of 1,024: 1.5MiB/s",
}
_ALIASES = {"": "smart", "SMART_NUMBER": "smart", "DURATION": "duration-ms"}
_SMART: Final = frozenset({"smart", "smart-signed"})


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
    told = numbers.signs(locale, currency)
    if name in units.SECONDS or name in units.BYTES:
        return units.write(size, name, told)
    if name in _SMART:
        sign = "+" if name == "smart-signed" and size > 0 else "-"
        notation = replace(_notation(_smart(size), currency), billions=True, sign=sign)
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


def _checked(kind: Literal["number", "time", "any"], fmt: str) -> str:
    try:
        check_format(fmt, kind)
    except Invalid as error:
        raise ValueError(error.message) from error
    return fmt


# Types of options: a format of numbers, of times, and of either.
NumberFormat = Annotated[str, Field(max_length=50), AfterValidator(partial(_checked, "number"))]
TimeFormat = Annotated[str, Field(max_length=50), AfterValidator(partial(_checked, "time"))]
AnyFormat = Annotated[str, Field(max_length=50), AfterValidator(partial(_checked, "any"))]


def axis(fmt: str | None = None, currency: str | None = None, locale: str = "en") -> dict[str, Any]:
    """Settings of a Plotly axis (tickformat, tickprefix, ticksuffix …) for a number format."""
    before, spec, after = _plotly(fmt, currency, locale)
    settings: dict[str, Any] = {"tickformat": spec, "tickprefix": before, "ticksuffix": after}
    if _name(fmt) in _SMART:
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
    if name in units.SECONDS:
        return "", ",.1~f", {1: "s", 0.001: "ms", 60: "m"}[units.SECONDS[name]]
    if name in units.BYTES:  # Plotly has steps of 1,000 only.
        return "", ".3~s", "B" + units.BYTES[name][1]
    before, after = numbers.signs(locale, currency).currency if currency else ("", "")
    if name in ("smart", "smart-signed", "full"):
        sign = "+" if name == "smart-signed" else ""
        return before, sign + (",.2f" if currency else ",.4~f"), after
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
