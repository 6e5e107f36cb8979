"""Numbers in d3's notation, told in a locale: the same text that d3 writes in the browser."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol

from dashapp.errors import Invalid

MINUS = "\u2212"
_NBSP = "\u00a0"
_SPEC = re.compile(
    r"^(?:(?P<fill>.)?(?P<align>[<>=^]))?(?P<sign>[+\-( ])?(?P<symbol>[$#])?(?P<zero>0)?"
    r"(?P<width>\d{1,3})?(?P<comma>,)?(?:\.(?P<precision>\d{1,2}))?(?P<trim>~)?"
    r"(?P<type>[a-zA-Z%])?$",
    re.DOTALL,
)
_TYPES = frozenset("%bcdefgnoprsxX")
_WIDE = Context(prec=800)  # Doubles are exact decimals of up to 767 digits.
_PREFIXES = ("y", "z", "a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y")


@dataclass(frozen=True)
class Notation:
    """One parsed d3 number format."""

    fill: str = " "
    align: str = ">"
    sign: str = "-"
    symbol: str = ""
    zero: bool = False
    width: int | None = None
    comma: bool = False
    precision: int | None = None
    trim: bool = False
    type: str = ""
    billions: bool = False  # "B" instead of the SI prefix "G"


@dataclass(frozen=True)
class Signs:
    """A locale's separators, in the shape that d3.formatLocale takes.

    `currency` is what stands before and after an amount, `grouping` the sizes of groups from
    the right (the last one repeats), `percent` what follows a percentage.
    """

    decimal: str
    thousands: str
    grouping: tuple[int, ...]
    currency: tuple[str, str]
    percent: str

    def as_data(self) -> dict[str, Any]:
        """These signs as JSON for the browser."""
        return {
            "decimal": self.decimal,
            "thousands": self.thousands,
            "grouping": [*self.grouping, *self.grouping[-1:] * 9],  # d3 starts over at its end.
            "currency": list(self.currency),
            "percent": self.percent,
            "minus": MINUS,
        }


@lru_cache(maxsize=256)
def locale_of(name: str) -> Locale:
    """The locale of that name ("de", "pt-BR"); English where it is unknown."""
    try:
        return Locale.parse(name.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en")


@lru_cache(maxsize=1024)
def signs(locale: str, currency: str | None = None) -> Signs:
    """Separators of a locale and the symbol of a currency (ISO 4217; "$" without one)."""
    found = locale_of(locale)
    system = found.number_symbols.get("latn") or found.number_symbols
    grouping = found.decimal_formats[None].grouping
    percent = found.percent_formats[None]
    symbol = get_currency_symbol(currency, found) if currency else "$"
    before, after = (p.strip("-") for p in _affixes(found))
    return Signs(
        decimal=str(system.get("decimal", ".")),
        thousands=str(system.get("group", ",")),
        grouping=tuple(dict.fromkeys(grouping)) or (3,),
        currency=(_spaced(before, symbol, -1), _spaced(after, symbol, 0)),
        percent=(percent.suffix[0] or percent.prefix[0] or "%").strip("\u200e\u200f"),
    )


def _affixes(locale: Locale) -> tuple[str, str]:
    pattern = locale.currency_formats["standard"]
    return pattern.prefix[0], pattern.suffix[0]


def _spaced(affix: str, symbol: str, inner: int) -> str:
    """An affix with its symbol; letters keep a space between themselves and the digits."""
    affix = re.sub("[\u200e\u200f]", "", affix)
    if "¤" not in affix:
        return affix
    told = affix.replace("¤", symbol)
    if symbol[inner].isalpha() and told[inner] == symbol[inner]:
        return told + _NBSP if inner == -1 else _NBSP + told
    return told


@lru_cache(maxsize=1024)
def parse(fmt: str) -> Notation:
    """A number format taken apart; Invalid if it is none."""
    match = _SPEC.match(fmt)
    kind = (match["type"] or "") if match else ""
    if not match or (kind and kind not in _TYPES):
        raise Invalid(
            f"“{fmt}” is not a number format; write for instance “,.2f”, “.1%”, “.3s” or “smart”.",
            {"format": "Not a number format."},
        )
    comma, zero, trim = bool(match["comma"]), bool(match["zero"]), bool(match["trim"])
    precision = int(match["precision"]) if match["precision"] else None
    fill, align = match["fill"] or " ", match["align"] or ">"
    if kind == "n":
        comma, kind = True, "g"
    elif not kind:
        precision = 12 if precision is None else precision
        trim, kind = True, "g"
    if zero or (fill == "0" and align == "="):
        zero, fill, align = True, "0", "="
    if precision is None:
        precision = 6
    low = 1 if kind in "gprs" else 0
    precision = max(low, min(21 if low else 20, precision))
    width = int(match["width"]) if match["width"] else None
    sign, symbol = match["sign"] or "-", match["symbol"] or ""
    return Notation(fill, align, sign, symbol, zero, width, comma, precision, trim, kind)


def write(value: float, notation: Notation, told: Signs) -> str:
    """`value` as d3 writes it; not-a-number as "NaN", infinities as "∞"."""
    if notation.type == "c":
        return _pad("", "", ("-" if value < 0 else "") + _text(abs(value)), notation, told)
    negative = value < 0 or (value == 0 and math.copysign(1.0, value) < 0)
    digits, unit = _digits(abs(value), notation)
    if notation.billions and unit == "G":
        unit = "B"
    if notation.trim:
        digits = _trimmed(digits)
    if negative and notation.sign != "+" and _is_zero(digits, notation.type):
        negative = False
    before, after = _affix(notation, told)
    if negative:
        before = ("(" if notation.sign == "(" else MINUS) + before
        after = unit + after + (")" if notation.sign == "(" else "")
    else:
        before = (notation.sign if notation.sign in "+ " else "") + before
        after = unit + after
    whole, rest = digits, ""
    if notation.type in "defgprs%":
        cut = next((i for i, c in enumerate(digits) if not c.isdigit()), len(digits))
        whole, rest = digits[:cut], digits[cut:].replace(".", told.decimal, 1)
    return _pad(before, whole, rest + after, notation, told)


def _affix(notation: Notation, told: Signs) -> tuple[str, str]:
    if notation.symbol == "$":
        return told.currency
    prefix = f"0{notation.type.lower()}" if notation.symbol and notation.type in "boxX" else ""
    return prefix, told.percent if notation.type in "%p" else ""


def _digits(size: float, notation: Notation) -> tuple[str, str]:
    """Digits of a size (no sign) with "." as the point, and its SI prefix."""
    precision = notation.precision or 0
    if not math.isfinite(size):
        return ("NaN" if math.isnan(size) else "∞"), ""
    kind = notation.type
    if kind in "boxX":
        return format(int(size) if size >= 2**53 else int(_whole(size)), kind), ""
    if kind == "s":
        return _si(size, precision)
    if kind == "d":
        return _whole(size), ""
    if kind in "f%":
        return _fixed(size * 100 if kind == "%" else size, precision), ""
    if kind == "e":
        return _exponential(size, precision), ""
    if kind == "g":
        return _significant(size, precision), ""
    return _rounded(size * 100 if kind == "p" else size, precision), ""


def _whole(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if abs(value) < 2**53:
        return str(int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP)))
    return f"{Decimal(repr(float(value))):f}".removesuffix(".0")


def _text(size: float) -> str:
    """A size as JavaScript writes it: the fewest digits, with an exponent from 1e21 and below 1e-6."""
    if not math.isfinite(size):
        return "NaN" if math.isnan(size) else "Infinity"
    exact = Decimal(repr(size))
    exponent = exact.adjusted() if size else 0
    if -7 < exponent < 21:
        return _trimmed(f"{exact:f}")
    digits = "".join(map(str, exact.as_tuple().digits)).rstrip("0")
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{point}e{'-' if exponent < 0 else '+'}{abs(exponent)}"


def _fixed(size: float, places: int) -> str:
    if size >= 1e21:
        return _text(size)
    return f"{Decimal(size).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE):f}"


def _parts(size: float, precision: int) -> tuple[str, int]:
    """`precision` significant digits of a size, and the exponent of the first one."""
    if size == 0:
        return "0" * precision, 0
    exact = Decimal(size)
    exponent = exact.adjusted()
    kept = exact.quantize(Decimal(1).scaleb(exponent - precision + 1), ROUND_HALF_UP, _WIDE)
    exponent = kept.adjusted()
    return "".join(map(str, kept.as_tuple().digits))[:precision].ljust(precision, "0"), exponent


def _exponential(size: float, places: int) -> str:
    digits, exponent = _parts(size, places + 1)
    point = f".{digits[1:]}" if places else ""
    return f"{digits[0]}{point}e{'-' if exponent < 0 else '+'}{abs(exponent)}"


def _significant(size: float, precision: int) -> str:
    digits, exponent = _parts(size, precision)
    if exponent < -6 or exponent >= precision:
        return _exponential(size, precision - 1)
    return _placed(digits, exponent)


def _rounded(size: float, precision: int) -> str:
    return _placed(*_parts(size, precision)) if size else "0"


def _placed(digits: str, exponent: int) -> str:
    """Digits with the point where the exponent puts it."""
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    if len(digits) > exponent + 1:
        return f"{digits[: exponent + 1]}.{digits[exponent + 1 :]}"
    return digits.ljust(exponent + 1, "0")


def _si(size: float, precision: int) -> tuple[str, str]:
    digits, exponent = _parts(size, precision)
    step = max(-8, min(8, exponent // 3))
    cut = exponent - step * 3 + 1
    if cut <= 0:
        digits, _ = _parts(size, max(1, precision + cut - 1)) if precision + cut > 1 else ("", 0)
        return "0." + "0" * (-cut) + digits, _PREFIXES[8 + step]
    text = digits.ljust(cut, "0") if len(digits) <= cut else f"{digits[:cut]}.{digits[cut:]}"
    return text, _PREFIXES[8 + step]


def _trimmed(digits: str) -> str:
    number, mark, exponent = digits.partition("e")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return number + mark + exponent


def _is_zero(digits: str, kind: str) -> bool:
    mantissa = digits if kind in "xX" else digits.partition("e")[0]
    return not any(c in "123456789abcdefABCDEF∞N" for c in mantissa)


def grouped(whole: str, told: Signs, width: float = math.inf) -> str:
    """Digits with the locale's separators, cut off at `width` characters from the right."""
    sizes = told.grouping
    parts: list[str] = []
    at, turn, length = len(whole), 0, 0
    while at > 0:
        size = sizes[min(turn, len(sizes) - 1)]
        if length + size + 1 > width:
            size = int(max(1, width - length))
        parts.append(whole[max(0, at - size) : at])
        at, turn, length = at - size, turn + 1, length + size + 1
        if length > width:
            break
    return told.thousands.join(reversed(parts))


def _pad(before: str, whole: str, after: str, notation: Notation, told: Signs) -> str:
    if notation.comma and not notation.zero:
        whole = grouped(whole, told)
    length = len(before) + len(whole) + len(after)
    padding = notation.fill * max(0, (notation.width or 0) - length)
    if notation.comma and notation.zero:
        room = (notation.width or 0) - len(after) if padding else math.inf
        whole, padding = grouped(padding + whole, told, room), ""
    if notation.align == "<":
        return before + whole + after + padding
    if notation.align == "=":
        return before + padding + whole + after
    if notation.align == "^":
        half = len(padding) // 2
        return padding[:half] + before + whole + after + padding[half:]
    return padding + before + whole + after
