"""Durations and sizes of data: amounts that d3 has no notation for."""

from __future__ import annotations

import math
from typing import Final

from dashapp.charts import formats_number as numbers
from dashapp.charts.formats_number import MINUS, Notation, Signs

# What one unit of a value is, in seconds.
SECONDS: Final[dict[str, float]] = {
    "duration": 1,
    "duration-ms": 0.001,
    "duration-min": 60,
    "duration-fine": 0.001,
    "duration-clock": 0.001,
}
# Base and what follows the unit.
BYTES: Final[dict[str, tuple[int, str]]] = {
    "bytes": (1000, ""),
    "bytes-binary": (1024, ""),
    "bytes-rate": (1000, "/s"),
    "bytes-binary-rate": (1024, "/s"),
}
_LETTERS: Final = {
    1000: ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"),
    1024: ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"),
}
_NANOSECONDS: Final = (
    ("d", 86_400 * 10**9),
    ("h", 3600 * 10**9),
    ("m", 60 * 10**9),
    ("s", 10**9),
    ("ms", 10**6),
    ("µs", 10**3),
    ("ns", 1),
)
_TWO_PLACES: Final = Notation(precision=2, trim=True, type="f", comma=True)


def write(value: float, name: str, told: Signs) -> str:
    """A value in one of the named formats of SECONDS or BYTES."""
    if name == "duration-fine":
        return _fine(value)
    if name == "duration-clock":
        return _clock(value, told)
    if name in SECONDS:
        return duration(value * SECONDS[name])
    base, per = BYTES[name]
    return _bytes(value, base, told) + per


def duration(seconds: float) -> str:
    """Seconds as at most two units: "1d 2h", "1h 5m", "12s", "250ms"."""
    sign, left = (MINUS if seconds < 0 else ""), abs(seconds)
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


def _fine(milliseconds: float) -> str:
    """Milliseconds as at most two units down to nanoseconds: "100ms 40µs"."""
    sign, left = (MINUS if milliseconds < 0 else ""), abs(milliseconds) * 1e6
    at = next((i for i, (_, size) in enumerate(_NANOSECONDS) if left >= size), 6)
    small = _NANOSECONDS[min(at + 1, 6)][1]
    whole = _nearest(left / small) * small
    if not whole:
        return "0ms"
    at = next(i for i, (_, size) in enumerate(_NANOSECONDS) if whole >= size)
    unit, size = _NANOSECONDS[at]
    parts = [f"{whole // size}{unit}"]
    if at < 6 and (rest := whole % size // _NANOSECONDS[at + 1][1]):
        parts.append(f"{rest}{_NANOSECONDS[at + 1][0]}")
    return sign + " ".join(parts)


def _clock(milliseconds: float, told: Signs) -> str:
    """Milliseconds as a clock counts them, to the tenth of a second: "1:06:40", "0:01.5"."""
    tenths = _nearest(abs(milliseconds) / 100)
    sign = MINUS if milliseconds < 0 and tenths else ""
    seconds, part = divmod(tenths, 10)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = [days, hour, minute] if days else [hour, minute] if hour else [minute]
    text = ":".join(f"{p:02d}" if i else str(p) for i, p in enumerate([*parts, second]))
    return sign + text + (f"{told.decimal}{part}" if part else "")


def _bytes(value: float, base: int, told: Signs) -> str:
    """A size with the largest unit that leaves at least one, to two places."""
    letters, size, at = _LETTERS[base], abs(value), 0
    while at < len(letters) - 1 and math.floor(size * 100 + 0.5) / 100 >= base:
        size, at = size / base, at + 1
    return numbers.write(math.copysign(size, value), _TWO_PLACES, told) + letters[at]


def _nearest(value: float) -> int:
    """The nearest whole number, halves upwards, as the browser rounds."""
    return math.floor(value + 0.5)
