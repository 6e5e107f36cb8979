"""The lattice of grains and bins: every pair against what a clock and a ruler say."""

# ruff: noqa: DTZ001 - clocks without zones
from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import get_args

import numpy as np
import pytest

from dashapp.query.atoms import Atom
from dashapp.query.grains import WEEK_LEAD, WeekStart
from dashapp.query.lattice import Cut, Numbers, coarsened, refines
from dashapp.query.passing import passing
from dashapp.specs.query import Grain

EPOCH = datetime(1970, 1, 1)
GRAINS: tuple[Grain | None, ...] = (None, *get_args(Grain))
STARTS: tuple[WeekStart, ...] = ("monday", "sunday", "saturday")
SECONDS = {"second": 1, "minute": 60, "hour": 3600}
WIDTHS = (1, 2, 3, 5, 10, 15, 20, 100, 0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 1.5, 2.5, 1e-3, 1e6)


def truncated(time: datetime, grain: Grain | None, week_start: WeekStart) -> datetime:
    """The start of a grain, by the calendar and not by our own code."""
    if grain is None:
        return time
    midnight = datetime(time.year, time.month, time.day)
    count, _, unit = grain.rpartition(" ")
    unit = unit.rstrip("s")
    if unit in SECONDS:
        step = int(count or 1) * SECONDS[unit]
        passed = time.hour * 3600 + time.minute * 60 + time.second
        return midnight + timedelta(seconds=passed // step * step)
    if grain == "week":
        first = {"monday": 0, "sunday": 6, "saturday": 5}[week_start]
        while midnight.weekday() != first:
            midnight -= timedelta(days=1)
        return midnight
    if grain == "day":
        return midnight
    month = {"month": time.month, "quarter": (time.month - 1) // 3 * 3 + 1, "year": 1}[grain]
    return datetime(time.year, month, 1)


def moments() -> list[datetime]:
    """Times all over three centuries, and both sides of every kind of boundary."""
    dice = random.Random(7)
    found = [datetime(1890, 1, 1) + timedelta(seconds=dice.randrange(10**10)) for _ in range(4000)]
    found += [
        datetime(2012, 1, 1) + timedelta(seconds=dice.randrange(5 * 10**7)) for _ in range(4000)
    ]
    found += [time.replace(microsecond=dice.randrange(10**6)) for time in found[:2000]]
    edges = [datetime(y, m, d) for y in (1899, 1900, 1969, 1970, 1972, 2000, 2012, 2013) for m in range(1, 13) for d in (1, 2, 15, 28)]  # fmt: skip
    edges += [datetime(2012, 2, 29), datetime(2000, 2, 29), datetime(2012, 12, 31)]
    edges += [datetime(2013, 3, 29) + timedelta(minutes=5 * n) for n in range(4 * 288)]
    edges += [datetime(2013, 3, 31, 23, 59) + timedelta(seconds=n) for n in range(120)]
    near = [timedelta(microseconds=-1), timedelta(0), timedelta(seconds=1), timedelta(hours=-1)]
    found += [edge + step for edge in edges for step in near]
    # The same times of day on days that weeks, months and years tell apart, and the other way round.
    found += [
        time.replace(year=2013, month=4, day=7 + n) for time in found[:3000] for n in range(3)
    ]
    return found


MOMENTS = moments()


@cache
def numbers(grain: Grain | None, week_start: WeekStart) -> Numbers:
    """All moments at a grain, as microseconds since 1970."""
    times = (truncated(time, grain, week_start) for time in MOMENTS)
    return np.array([(t - EPOCH) // timedelta(microseconds=1) for t in times], np.int64)


def is_function(fine: Numbers, coarse: Numbers) -> bool:
    """Whether equal values of the first always come with equal values of the second."""
    order = np.lexsort((coarse, fine))
    same = fine[order][1:] == fine[order][:-1]
    return bool((coarse[order][1:] == coarse[order][:-1])[same].all())


def test_there_are_enough_moments_and_all_grains() -> None:
    assert len(MOMENTS) >= 25_000
    assert len(GRAINS) ** 2 * len(STARTS) == 17**2 * 3
    assert set(WEEK_LEAD) == set(STARTS)


@pytest.mark.parametrize("week_start", STARTS)
@pytest.mark.parametrize("fine", GRAINS)
def test_a_grain_refines_exactly_the_grains_that_follow_from_it(
    fine: Grain | None, week_start: WeekStart
) -> None:
    values = numbers(fine, week_start)
    for coarse in GRAINS:
        wanted = numbers(coarse, week_start)
        ours = refines(Cut("ts", fine), Cut("ts", coarse))
        assert ours == is_function(values, wanted), f"{fine} and {coarse}"
        if ours:
            made = coarsened(values, Cut("ts", fine), Cut("ts", coarse), week_start)
            assert np.array_equal(made, wanted), f"{coarse} of {fine}"


def test_weeks_of_one_start_say_nothing_of_weeks_of_another() -> None:
    weeks = [numbers("week", start) for start in STARTS]
    assert not any(is_function(a, b) for a in weeks for b in weeks if a is not b)


def test_other_columns_never_refine() -> None:
    for cut in (Cut("ts"), Cut("ts", "day"), Cut("ts", bin=1.0)):
        other = Cut("day", cut.grain, cut.bin)
        assert not refines(cut, other)
        assert not refines(other, cut)


def floats() -> Numbers:
    """Numbers at, just below and just above the edges of all bins, and in between."""
    dice = random.Random(11)
    found = [dice.uniform(-1e3, 1e3) for _ in range(2000)] + [0.0, -0.0, 2.0**40, -(2.0**40)]
    for width in WIDTHS:
        for n in range(-60, 60):
            edge = n * width or 1e-9  # Next to zero itself, halves would be zero.
            found += [edge, math.nextafter(edge, -math.inf), math.nextafter(edge, math.inf)]
    return np.array(found, np.float64)


def binned(values: Numbers, width: float) -> Numbers:
    """The lower edges of bins, as the statement has them: floor(x / width) * width."""
    return np.array([math.floor(v / width) * width for v in values.tolist()], np.float64)


def _widths(values: Sequence[float]) -> list[tuple[float, float]]:
    return [(fine, coarse) for fine in values for coarse in values]


@pytest.mark.parametrize(("fine", "coarse"), _widths(WIDTHS))
def test_a_bin_refines_only_bins_that_are_made_of_it(fine: float, coarse: float) -> None:
    values = floats()
    narrow, wide = binned(values, fine), binned(values, coarse)
    ours = refines(Cut("x", bin=float(fine)), Cut("x", bin=float(coarse)))
    is_whole = float(fine).is_integer() and float(coarse).is_integer()
    if ours:
        assert is_function(narrow, wide)
        made = coarsened(narrow, Cut("x", bin=float(fine)), Cut("x", bin=float(coarse)), "monday")
        assert np.array_equal(made, wide)
    elif is_whole:
        assert not is_function(narrow, wide)
    made = coarsened(values, Cut("x"), Cut("x", bin=float(coarse)), "monday")
    assert np.array_equal(made, wide)


@pytest.mark.parametrize("width", [*WIDTHS, 0.7, 1 / 3, 2.2])
def test_a_bin_is_found_by_its_number_among_values_and_among_edges(width: float) -> None:
    wanted = np.arange(-200.0, 200.0)
    edges = wanted * width
    for cut in (Cut("x", bin=float(width)), Cut("x")):
        members = edges if cut.bin else edges + width / 2
        for number in (-150.0, -1.0, 0.0, 7.0, 14.0, 49.0):
            bins = Atom("x", "bins", frozenset({number}), width=float(width))
            inside = passing(bins, cut, members, False)
            assert wanted[inside].tolist() == [number], cut


def test_grains_and_bins_never_follow_from_each_other() -> None:
    for grain in GRAINS[1:]:
        assert not refines(Cut("x", grain), Cut("x", bin=1.0))
        assert not refines(Cut("x", bin=1.0), Cut("x", grain))
        assert not refines(Cut("x", grain), Cut("x"))
    assert not refines(Cut("x", bin=1.0), Cut("x"))
