"""Which cut of a column determines which: grains of time and bins, as the planner compares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dashapp.query.atoms import Unsure
from dashapp.query.grains import MONTHS, STEPS, WEEK_LEAD, WeekStart
from dashapp.specs.query import Grain, Sketch

Numbers = np.ndarray[Any, np.dtype[Any]]
DAY_US = 86_400_000_000
MOST_WHOLE = 2.0**53  # From here on floats do not tell whole numbers apart.
THURSDAY = 3  # The weekday of day 0, 1970-01-01.
_SKETCHES: dict[Sketch, str] = {"register": "register of its hash", "bin": "growing bins"}
_ABOVE: dict[Grain, frozenset[Grain]] = {
    "day": frozenset({"week", "month", "quarter", "year"}),
    "month": frozenset({"quarter", "year"}),
    "quarter": frozenset({"year"}),
}


@dataclass(frozen=True)
class Cut:
    """How a column is grouped: by its values, the start of a grain, bins of a width, or a sketch."""

    column: str
    grain: Grain | None = None
    bin: float | None = None
    sketch: Sketch | None = None

    @property
    def is_raw(self) -> bool:
        """Whether the values themselves are the groups."""
        return self.grain is None and self.bin is None and self.sketch is None

    @property
    def name(self) -> str:
        """What a rollup calls it."""
        if self.grain:
            return f"{self.column} by {self.grain}"
        if self.sketch:
            return f"{self.column} by {_SKETCHES[self.sketch]}"
        return f"{self.column} by {self.bin:g}" if self.bin else self.column


def refines(fine: Cut, coarse: Cut) -> bool:
    """Whether the group of `coarse` follows from the group of `fine`."""
    if fine.column != coarse.column:
        return False
    if fine == coarse:
        return True
    if fine.sketch or coarse.sketch:  # Hashes are the database's own.
        return False
    if fine.is_raw:
        return True
    if fine.grain and coarse.grain:
        return _is_finer(fine.grain, coarse.grain)
    if fine.bin and coarse.bin:
        return _nests(fine.bin, coarse.bin)
    return False


def _is_finer(fine: Grain, coarse: Grain) -> bool:
    if fine == coarse:
        return True
    if fine in STEPS and fine not in ("day", "week"):
        if coarse in STEPS and coarse not in ("day", "week"):
            return not STEPS[coarse] % STEPS[fine]
        return True
    return coarse in _ABOVE.get(fine, ())


def _nests(fine: float, coarse: float) -> bool:
    """Whether bins of one width make up those of another: whole widths, where floats are exact."""
    return fine.is_integer() and coarse.is_integer() and coarse % fine == 0


def floored(micros: Numbers, grain: Grain, week_start: WeekStart) -> Numbers:
    """The starts of the grains of times, all in microseconds since 1970 by one clock (int64)."""
    if grain == "week":
        days = micros // DAY_US
        weeks: Numbers = (days - (days + THURSDAY + WEEK_LEAD[week_start]) % 7) * DAY_US
        return weeks
    if grain in STEPS:
        step = round(STEPS[grain].total_seconds() * 1_000_000)
        return micros // step * step
    months = micros.view("M8[us]").astype("M8[M]").astype(np.int64)
    count = MONTHS[grain]
    starts = (months // count * count).view("M8[M]").astype("M8[us]")
    return starts.astype(np.int64)


def coarsened(values: Numbers, fine: Cut, coarse: Cut, week_start: WeekStart) -> Numbers:
    """The groups of `coarse` that groups of `fine` lie in; `fine` refines `coarse`.

    Times are int64 microseconds, days (of date columns) too; bins are their lower edges. Raises
    Unsure for numbers that are too large for the bins.
    """
    if fine == coarse:
        return values
    if coarse.grain:
        return floored(values, coarse.grain, week_start)
    width = coarse.bin or 1.0
    return np.floor(in_widths(values, width)) * width


def in_widths(values: Numbers, width: float) -> Numbers:
    """Numbers counted in widths of a bin. Raises Unsure where databases round them differently."""
    with np.errstate(over="ignore"):
        found = values.astype(np.float64) / width
    if (np.abs(found) >= MOST_WHOLE).any():
        raise Unsure
    return found
