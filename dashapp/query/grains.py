"""Grains of time: the start of a second, minute … year, in Python and in each warehouse's SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

from dashapp.query.zones import FIRST, LAST
from dashapp.specs.query import GRAINS, Grain

WeekStart = Literal["monday", "sunday", "saturday"]
# Days by which a week starts before the Monday that ISO begins it with.
WEEK_LEAD: dict[WeekStart, int] = {"monday": 0, "sunday": 1, "saturday": 2}
# Parts of the next larger unit: how many of which.
MULTIPLES: dict[Grain, tuple[int, Literal["second", "minute", "hour"]]] = {
    "5 seconds": (5, "second"),
    "30 seconds": (30, "second"),
    "5 minutes": (5, "minute"),
    "10 minutes": (10, "minute"),
    "15 minutes": (15, "minute"),
    "30 minutes": (30, "minute"),
    "6 hours": (6, "hour"),
    "12 hours": (12, "hour"),
}
EVERY: tuple[Grain, ...] = get_args(Grain)  # From the finest to the coarsest.
STEPS: dict[Grain, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    **{grain: timedelta(**{f"{unit}s": count}) for grain, (count, unit) in MULTIPLES.items()},
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
MONTHS: dict[Grain, int] = {"month": 1, "quarter": 3, "year": 12}
BELOW_DAY: frozenset[Grain] = frozenset({"second", "minute", "hour", *MULTIPLES})


def floor(time: datetime, grain: Grain, week_start: WeekStart = "monday") -> datetime:
    """The start of the grain that `time` falls in, by the same clock."""
    if grain in MULTIPLES:
        count, unit = MULTIPLES[grain]
        start, told = floor(time, unit), getattr(time, unit)
        return start.replace(**{unit: told // count * count})
    if grain == "second":
        return time.replace(microsecond=0)
    if grain == "minute":
        return time.replace(second=0, microsecond=0)
    if grain == "hour":
        return time.replace(minute=0, second=0, microsecond=0)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if grain == "day":
        return day
    if grain == "week":
        return plus(day, -timedelta(days=(day.weekday() + WEEK_LEAD[week_start]) % 7))
    months = MONTHS[grain]
    return day.replace(day=1, month=(day.month - 1) // months * months + 1)


def following(start: datetime, grain: Grain) -> datetime:
    """The start of the next grain after the one that begins at `start`; LAST after the last."""
    if grain in STEPS:
        return plus(start, STEPS[grain])
    try:
        return add_months(start, MONTHS[grain])
    except ValueError:
        return LAST.replace(tzinfo=start.tzinfo)


def plus(time: datetime, step: timedelta) -> datetime:
    """The time a step later (earlier if negative), at most at the ends of the calendar."""
    try:
        return time + step
    except OverflowError:
        return (FIRST if step < timedelta(0) else LAST).replace(tzinfo=time.tzinfo)


def add_months(time: datetime, months: int) -> datetime:
    """The same day and time `months` later (earlier if negative), or the month's last day."""
    index = time.year * 12 + time.month - 1 + months
    year, month = divmod(index, 12)
    last = 31 if month == 11 else (datetime(year, month + 2, 1) - timedelta(days=1)).day  # noqa: DTZ001
    return time.replace(year=year, month=month + 1, day=min(time.day, last))


def _by_date_trunc(stamp: str) -> dict[str, str]:
    """Templates for databases with date_trunc; {0} is the time."""
    time = f"CAST({{0}} AS {stamp})"
    table: dict[str, str] = {g: f"date_trunc('{g}', {time})" for g in GRAINS}
    for start, lead in WEEK_LEAD.items():
        days = f"INTERVAL '{lead}' DAY"
        table[f"week {start}"] = (
            f"date_trunc('week', {time} + {days}) - {days}" if lead else table["week"]
        )
    for grain, (count, unit) in MULTIPLES.items():
        whole, parts = _UP[unit], f"EXTRACT({unit} FROM {time})"
        table[grain] = (
            f"date_trunc('{whole}', {time}) + INTERVAL '{count}' {unit} "
            f"* CAST(FLOOR({parts} / {count}) AS INTEGER)"
        )
    return table


def _by_strftime() -> dict[str, str]:
    """SQLite's templates of the multiples: the part that counts is cut to whole steps."""
    shapes = {
        "second": ("%Y-%m-%d %H:%M:", "%S", "%02d"),
        "minute": ("%Y-%m-%d %H:", "%M", "%02d:00"),
        "hour": ("%Y-%m-%d ", "%H", "%02d:00:00"),
    }
    table: dict[str, str] = {}
    for grain, (count, unit) in MULTIPLES.items():
        head, part, tail = shapes[unit]
        cut = f"CAST(strftime('{part}', {{0}}) AS INTEGER) / {count} * {count}"
        table[grain] = f"strftime('{head}', {{0}}) || printf('{tail}', {cut})"
    return table


def _by_interval() -> dict[str, str]:
    """MySQL's templates of the multiples."""
    return {
        grain: f"{_MYSQL[_UP[unit]]} + INTERVAL ({unit.upper()}({{0}}) DIV {count}) * {count} "
        f"{unit.upper()}"
        for grain, (count, unit) in MULTIPLES.items()
    }


_UP: dict[str, Grain] = {"second": "minute", "minute": "hour", "hour": "day"}
_SQLITE = {
    "second": "strftime('%Y-%m-%d %H:%M:%S', {0})",
    "minute": "strftime('%Y-%m-%d %H:%M:00', {0})",
    "hour": "strftime('%Y-%m-%d %H:00:00', {0})",
    "day": "strftime('%Y-%m-%d 00:00:00', {0})",
    "week monday": "strftime('%Y-%m-%d 00:00:00', {0}, '-6 days', 'weekday 1')",
    "week sunday": "strftime('%Y-%m-%d 00:00:00', {0}, '-6 days', 'weekday 0')",
    "week saturday": "strftime('%Y-%m-%d 00:00:00', {0}, '-6 days', 'weekday 6')",
    "month": "strftime('%Y-%m-01 00:00:00', {0})",
    "quarter": "strftime('%Y-%m-%d 00:00:00', {0}, 'start of month', "
    "'-' || ((strftime('%m', {0}) - 1) % 3) || ' months')",
    "year": "strftime('%Y-01-01 00:00:00', {0})",
}
_MYSQL = {
    "second": "CAST(DATE_FORMAT({0}, '%Y-%m-%d %H:%i:%s') AS DATETIME)",
    "minute": "CAST(DATE_FORMAT({0}, '%Y-%m-%d %H:%i:00') AS DATETIME)",
    "hour": "CAST(DATE_FORMAT({0}, '%Y-%m-%d %H:00:00') AS DATETIME)",
    "day": "CAST(DATE({0}) AS DATETIME)",
    "week monday": "CAST(DATE_SUB(DATE({0}), INTERVAL WEEKDAY({0}) DAY) AS DATETIME)",
    "week sunday": "CAST(DATE_SUB(DATE({0}), INTERVAL DAYOFWEEK({0}) - 1 DAY) AS DATETIME)",
    "week saturday": "CAST(DATE_SUB(DATE({0}), INTERVAL DAYOFWEEK({0}) % 7 DAY) AS DATETIME)",
    "month": "CAST(DATE_FORMAT({0}, '%Y-%m-01') AS DATETIME)",
    "quarter": "CAST(MAKEDATE(YEAR({0}), 1) + INTERVAL (QUARTER({0}) - 1) * 3 MONTH AS DATETIME)",
    "year": "CAST(MAKEDATE(YEAR({0}), 1) AS DATETIME)",
}
_TEMPLATES: dict[str, dict[str, str]] = {
    "sqlite": _SQLITE | _by_strftime(),
    "mysql": _MYSQL | _by_interval(),
    "mariadb": _MYSQL | _by_interval(),
    "postgresql": _by_date_trunc("TIMESTAMP"),
    "duckdb": _by_date_trunc("TIMESTAMP"),
}


def template(dialect: str, grain: Grain, week_start: WeekStart) -> str | None:
    """SQL of the start of a grain, {0} being the time; None for a dialect we do not know."""
    key = f"week {week_start}" if grain == "week" else grain
    return _TEMPLATES.get(dialect, {}).get(key)
