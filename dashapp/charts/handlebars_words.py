"""Words that templates know: comparisons, sums, formats."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dashapp.charts import formats
from dashapp.charts.values import number

BLOCKS: Final = frozenset({"each", "if", "unless", "with"})
# Words that look at a list without going through it.
INSTANT: Final = frozenset({"length", "count", "lookup", "and", "or", "not"})
_LOCALE: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?")
# Letters of moment.js in d3's notation, longest first.
_MOMENT: Final[tuple[tuple[str, str], ...]] = (
    ("YYYY", "%Y"), ("YY", "%y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("M", "%-m"),
    ("DDDD", "%j"), ("DD", "%d"), ("D", "%-d"), ("dddd", "%A"), ("ddd", "%a"), ("HH", "%H"),
    ("H", "%-H"), ("hh", "%I"), ("h", "%-I"), ("mm", "%M"), ("m", "%-M"), ("ss", "%S"),
    ("s", "%-S"), ("SSS", "%L"), ("A", "%p"), ("a", "%p"), ("Q", "%q"),
    ("LT", "%-I:%M %p"), ("LL", "%B %-d, %Y"), ("L", "%m/%d/%Y"),
)  # fmt: skip
_LETTERS: Final = re.compile(
    r"\[([^\]]*)\]|" + "|".join(sorted((m for m, _ in _MOMENT), key=len, reverse=True)) + "|%"
)
_D3: Final = dict(_MOMENT)


@dataclass(frozen=True)
class Telling:
    """For whom values are written."""

    locale: str = "en"
    zone: str = "UTC"


Word = Callable[[Telling, Sequence[Any], Mapping[str, Any]], Any]


def is_true(value: Any) -> bool:
    """What templates take for true: anything but nothing, zero, empty text and empty lists."""
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def plain_text(value: Any) -> str:
    """A value as text: nothing for nothing, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)[:2_000]
    return str(value)


def _at(told: Sequence[Any], place: int) -> Any:
    return told[place] if place < len(told) else None


def _numbers(told: Sequence[Any]) -> list[float]:
    flat = [v for t in told for v in (t if isinstance(t, list | tuple) else [t])]
    return [n for n in map(number, flat) if n is not None]


def _compared(test: Callable[[Any, Any], bool]) -> Word:
    def word(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> bool:
        a, b = _at(told, 0), _at(told, 1)
        first, second = number(a), number(b)
        if first is not None and second is not None:
            return test(first, second)
        return test(plain_text(a), plain_text(b))

    return word


def _of_two(work: Callable[[float, float], float]) -> Word:
    def word(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> float | None:
        a, b = number(_at(told, 0)), number(_at(told, 1))
        if a is None or b is None:
            return None
        try:
            found = work(a, b)
        except (ZeroDivisionError, OverflowError):
            return None
        return found if math.isfinite(found) else None

    return word


def _of_one(work: Callable[[float], float]) -> Word:
    def word(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> float | None:
        a = number(_at(told, 0))
        return None if a is None else work(a)

    return word


def _of_text(work: Callable[[str], str]) -> Word:
    return lambda telling, told, named: work(plain_text(_at(told, 0)))


def _sum(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> float:
    return sum(_numbers(told))


def _length(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> int:
    value = _at(told, 0)
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def _lookup(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> Any:
    value, key = _at(told, 0), _at(told, 1)
    if isinstance(value, Mapping):
        return value.get(plain_text(key))
    at = number(key)
    if isinstance(value, list | tuple) and at is not None and 0 <= at < len(value):
        return value[int(at)]
    return None


def _date(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> str:
    """A time, by letters of moment.js; numbers are milliseconds since 1970."""
    value = _at(told, 0)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            value = datetime.fromtimestamp(value / 1000, UTC).isoformat()
        except (OverflowError, ValueError, OSError):
            return plain_text(value)
    asked = plain_text(named.get("format") or _at(told, 1)) or "YYYY-MM-DD"
    return formats.time(value, moment_format(asked), None, telling.locale, telling.zone)


def moment_format(letters: str) -> str:
    """A format of moment.js in d3's notation."""

    def told(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1].replace("%", "%%")
        return "%%" if found[0] == "%" else _D3[found[0]]

    return _LETTERS.sub(told, letters[:100])


def _number(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> str:
    """A number by a d3 format, or as a locale writes it."""
    value, asked = _at(told, 0), plain_text(_at(told, 1) or named.get("format"))
    if number(value) is None:
        return plain_text(value)
    if asked and not _LOCALE.fullmatch(asked):
        formats.check_format(asked, "number")
        return formats.number(value, asked, None, telling.locale)
    locale = asked.replace("-", "_").split("_")[0] or telling.locale
    return formats.number(value, ",.3~f", None, locale)


def _json(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> str:
    return json.dumps(_at(told, 0), ensure_ascii=False, default=str)[:10_000]


def _joined(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> str:
    value, between = _at(told, 0), _at(told, 1)
    parts = value if isinstance(value, list | tuple) else [value]
    return plain_text(", " if between is None else between).join(map(plain_text, parts))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _rounded(value: float) -> float:
    return float(math.floor(value + 0.5))


def _fixed(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> str:
    value, places = number(_at(told, 0)), number(_at(told, 1)) or 0
    return "" if value is None else f"{value:.{int(min(max(places, 0), 20))}f}"


def _any(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> bool:
    return any(map(is_true, told))


def _all(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> bool:
    return all(map(is_true, told))


def _none(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> bool:
    return not is_true(_at(told, 0))


def _concat(telling: Telling, told: Sequence[Any], named: Mapping[str, Any]) -> str:
    return "".join(map(plain_text, told))


_EQUAL: Final = _compared(lambda a, b: a == b)
_UNEQUAL: Final = _compared(lambda a, b: a != b)
WORDS: Final[dict[str, Word]] = {
    "dateFormat": _date, "formatDate": _date, "formatNumber": _number, "stringify": _json,
    "lookup": _lookup, "length": _length, "count": _length, "join": _joined, "concat": _concat,
    "eq": _EQUAL, "eqw": _EQUAL, "neq": _UNEQUAL, "ne": _UNEQUAL, "neqw": _UNEQUAL,
    "gt": _compared(lambda a, b: a > b), "gte": _compared(lambda a, b: a >= b),
    "lt": _compared(lambda a, b: a < b), "lte": _compared(lambda a, b: a <= b),
    "and": _all, "or": _any, "not": _none,
    "sum": _sum, "add": _sum,
    "difference": _of_two(lambda a, b: a - b), "subtract": _of_two(lambda a, b: a - b),
    "multiplication": _of_two(lambda a, b: a * b), "multiply": _of_two(lambda a, b: a * b),
    "division": _of_two(lambda a, b: a / b), "divide": _of_two(lambda a, b: a / b),
    "ceil": _of_one(math.ceil), "floor": _of_one(math.floor), "round": _of_one(_rounded),
    "abs": _of_one(abs), "toFixed": _fixed,
    "uppercase": _of_text(str.upper), "lowercase": _of_text(str.lower),
    "capitalizeFirst": _of_text(_capital), "capitalize": _of_text(_capital),
}  # fmt: skip
