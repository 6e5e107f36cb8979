"""Where times lie on a calendar: blocks, columns and rows, and what is written beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from dashapp.charts import formats
from dashapp.charts.plotting import Floats
from dashapp.specs.query import Grain

Domain = Literal["hour", "day", "week", "month", "year"]
Ints = npt.NDArray[np.int64]
_FIRST: Final = {"monday": 0, "sunday": 6, "saturday": 5}
_EPOCH_WEEKDAY = 3  # 1970 began on a Thursday.
_HOURS = (0, 6, 12, 18)


@dataclass(frozen=True)
class Calendar:
    """Column and row of each time, and the names along both axes by their place."""

    columns: Ints
    rows: Ints
    across: dict[int, str]
    down: dict[int, str]
    shape: tuple[int, int]  # rows, columns
    in_weeks: bool = True


def lay(ms: Floats, grain: Grain | None, domain: Domain, week_start: str, locale: str) -> Calendar:
    """Times (ms on a wall clock) on the calendar that suits their grain.

    Days lie in weeks, one block of rows per year; hours below their day, minutes below their
    hour; weeks and months beside their year. With a `domain` of months, months stand apart.
    """
    times = ms.astype("datetime64[ms]")
    if grain == "day" or grain is None:
        return _days(times, domain, _FIRST.get(week_start, 0), locale)
    if grain == "hour":
        return _within(times, "D", "h", domain, locale)
    if grain in ("week", "month", "quarter", "year"):
        return _years(times, grain, locale)
    return _within(times, "h", "m", domain, locale)


def _days(times: npt.NDArray[np.datetime64], domain: Domain, first: int, locale: str) -> Calendar:
    days = times.astype("datetime64[D]")
    years = days.astype("datetime64[Y]")
    starts = years.astype("datetime64[D]").astype(np.int64)
    numbers = days.astype(np.int64)
    lead = (starts + _EPOCH_WEEKDAY - first) % 7
    weekday = (numbers + _EPOCH_WEEKDAY - first) % 7
    week = (numbers - starts + lead) // 7
    months = (days.astype("datetime64[M]") - years.astype("datetime64[M]")).astype(np.int64)
    known = np.unique(years)
    gaps = _month_columns(known, first) if domain == "month" else np.zeros((len(known), 12), int)
    block = np.searchsorted(known, years)
    columns = week + gaps[block, months]
    low = int(columns.min()) if len(known) == 1 else 0
    columns = columns - low
    across: dict[int, str] = {}
    for at in np.argsort(days, kind="stable").tolist():
        month = datetime(2000, int(months[at]) + 1, 1)  # noqa: DTZ001
        name = formats.time(month, "%b", None, locale)
        if name not in across.values():
            across[int(columns[at])] = name
    down: dict[int, str] = {}
    for place, year in enumerate(known.tolist()):
        for row in range(7):
            day = datetime(2001, 1, 1 + (row + first) % 7)  # noqa: DTZ001 - a Monday
            down[place * 8 + row] = formats.time(day, "%a", None, locale) if row % 2 == 0 else ""
        if len(known) > 1:
            down[place * 8 + 3] = str(year.year)
            down |= {place * 8 + row: "" for row in (0, 1, 2, 4, 5, 6)}
    shape = (len(known) * 8 - 1, int(columns.max()) + 1)
    return Calendar(columns, block * 8 + weekday, across, down, shape)


def _month_columns(years: npt.NDArray[np.datetime64], first: int) -> Ints:
    """By how many columns each month of each year moves right, so that one is empty between."""
    found = np.zeros((len(years), 12), dtype=np.int64)
    for place, year in enumerate(years):
        months = year.astype("datetime64[M]") + np.arange(13)
        starts = months.astype("datetime64[D]").astype(np.int64)
        lead = int((starts[0] + _EPOCH_WEEKDAY - first) % 7)
        begin = (starts[:12] - starts[0] + lead) // 7
        end = (starts[1:] - 1 - starts[0] + lead) // 7
        shift = 0
        for month in range(1, 12):
            shift += 2 if begin[month] == end[month - 1] else 1
            found[place, month] = shift
    return found


def _within(
    times: npt.NDArray[np.datetime64], outer: str, inner: str, domain: Domain, locale: str
) -> Calendar:
    """Hours below their day, or minutes below their hour."""
    whole = times.astype(f"datetime64[{outer}]")
    rows = (times.astype(f"datetime64[{inner}]") - whole.astype(f"datetime64[{inner}]")).astype(
        np.int64
    )
    places = whole.astype(np.int64)
    places = places - places.min()
    parts = whole.astype("datetime64[M]" if domain == "month" else f"datetime64[{outer}]")
    shift = np.searchsorted(np.unique(parts), parts) if domain == "month" else 0
    columns = np.asarray(places + shift, dtype=np.int64)
    across: dict[int, str] = {}
    grain: Grain = "day" if outer == "D" else "hour"
    step = max(1, -(-(int(columns.max()) + 1) // 5))
    for at in np.argsort(columns, kind="stable").tolist():
        if all(abs(int(columns[at]) - known) >= step for known in across):
            moment = whole[at].astype("datetime64[us]").item()
            moment = moment if isinstance(moment, datetime) else datetime.combine(moment, _ZERO)
            across[int(columns[at])] = formats.time(
                moment, "%b %-d" if grain == "day" else "%H:%M", None, locale
            )
    tall = 24 if inner == "h" else 60
    marks = _HOURS if inner == "h" else (0, 15, 30, 45)
    down = {row: f"{row:02d}:00" if inner == "h" else f":{row:02d}" for row in marks}
    return Calendar(columns, rows, across, down, (tall, int(columns.max()) + 1), False)


def _years(times: npt.NDArray[np.datetime64], grain: Grain, locale: str) -> Calendar:
    """Weeks, months or quarters from left to right, years from top to bottom."""
    years = times.astype("datetime64[Y]")
    known = np.unique(years)
    rows = np.asarray(np.searchsorted(known, years), dtype=np.int64)
    months = (times.astype("datetime64[M]") - years.astype("datetime64[M]")).astype(np.int64)
    across: dict[int, str] = {}
    if grain == "week":
        days = times.astype("datetime64[D]")
        columns = (days - years.astype("datetime64[D]")).astype(np.int64) // 7
        count, step = 53, 4
        across = {i: str(i + 1) for i in range(0, count, step)}
    elif grain == "month":
        columns, count = months, 12
        for i in range(12):
            across[i] = formats.time(datetime(2000, i + 1, 1), "%b", None, locale)  # noqa: DTZ001
    elif grain == "quarter":
        columns, count = months // 3, 4
        across = {i: f"Q{i + 1}" for i in range(4)}
    else:
        numbers = years.astype(np.int64) + 1970
        columns, rows, count = numbers % 10, numbers // 10 - numbers.min() // 10, 10
        across = {i: f"…{i}" for i in range(10)}
        decades = range(int(numbers.min()) // 10, int(numbers.max()) // 10 + 1)
        down = {i: f"{d * 10}s" for i, d in enumerate(decades)}
        return Calendar(columns, rows, across, down, (len(down), count), False)
    down = {i: str(year.year) for i, year in enumerate(known.tolist())}
    return Calendar(columns, rows, across, down, (len(known), count), False)


_ZERO: Final = datetime.min.time()
