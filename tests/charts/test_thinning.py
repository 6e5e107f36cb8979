"""Long lines lose points, but no peak, no end and no visible gap; what one looks at closely is whole."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashapp.charts.base import Look, Plot, Thinned
from dashapp.charts.thinning import (
    BESIDE,
    LEAST_POINTS,
    MOST_DRAWN,
    MOST_POINTS,
    Thinning,
    thinned,
    thinned_along,
)
from tests.charts.plots import LOOK, numbers, plot

START = datetime(2013, 1, 1)  # noqa: DTZ001  # As databases keep it.
NAMES = [f"m{i}" for i in range(6_000)]


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(1.2, 20, count)


def test_ends_and_extremes_stay():
    y = np.sin(np.arange(100_000) / 500)
    y[[777, 88_888]] = -9, 9
    y[5_000:6_000] = np.nan
    at = thinned(y)
    assert len(at) <= MOST_POINTS + 5
    assert {0, 777, 88_888, 99_999} <= set(at.tolist())
    assert (np.diff(at) > 0).all()
    assert np.isnan(y[at]).sum() == 1


def test_each_stretch_keeps_its_low_and_its_high():
    x, y = np.sort(noise(336_776, 1)), noise(336_776)
    at = thinned_along(x, y)
    edges = np.linspace(x[0], x[-1], MOST_POINTS // 2)  # As many stretches as there are pairs.
    stretch = np.searchsorted(edges[1:-1], x)
    for pick in (np.maximum, np.minimum):
        whole, kept = np.full(len(edges), 0.0), np.full(len(edges), 0.0)
        pick.at(whole, stretch, y)
        pick.at(kept, stretch[at], y[at])
        assert (whole == kept).all()


@given(
    values=some.lists(some.one_of(some.none(), some.floats(-1e6, 1e6)), min_size=1, max_size=400),
    most=some.integers(8, 60),
)
def test_whatever_the_line_its_extremes_ends_and_wide_gaps_stay(values, most):
    y = np.array([np.nan if v is None else v for v in values])
    at = thinned(y, most)
    known = np.isfinite(y)
    assert (np.diff(at) > 0).all()
    assert {0, len(y) - 1} <= set(at.tolist())
    if known.any():
        assert np.nanmin(y) == np.nanmin(y[at])
        assert np.nanmax(y) == np.nanmax(y[at])
        first, last = np.flatnonzero(known)[[0, -1]]
        assert {int(first), int(last)} <= set(at.tolist())
    # No two values that are drawn are joined over a gap of a stretch or more.
    shown = at[np.isfinite(y[at])]
    breaks = set(at[~np.isfinite(y[at])].tolist())
    for one, two in zip(shown, shown[1:], strict=False):
        wide = _widest_gap(known[one : two + 1]) >= (len(y) - 1) / max(2, most // 2)
        assert not wide or breaks & set(range(one, two))


def _widest_gap(known: np.ndarray) -> int:
    at = np.flatnonzero(known)
    steps = np.diff(at)
    return int(steps[steps > 1].max(initial=0))


def test_few_gaps_stay_however_narrow_they_are():
    y = noise(100_000)
    y[[10, 50_000, 99_000]] = np.nan
    at = thinned(y)
    assert {10, 50_000, 99_000} <= set(at.tolist())


def test_many_points_at_few_places_and_one_far_away_are_drawn():
    x = np.r_[np.arange(5_000.0), 1e12]
    y = noise(5_001)
    at = thinned_along(x, y)
    assert {0, 5_000, int(y.argmin()), int(y.argmax())} <= set(at.tolist())


def test_a_figure_of_many_lines_has_fewer_points_of_each():
    thinning = Thinning(LOOK, 50)
    at = thinning.kept(None, noise(10_000))
    assert len(at) <= MOST_DRAWN // 50 + 2
    crowded = Thinning(LOOK, 1_000)
    assert len(crowded.kept(None, noise(10_000))) <= LEAST_POINTS + 2


def close(low: float, high: float) -> Look:
    return Look(palette=LOOK.palette, zone=LOOK.zone, window=(low, high))


def test_a_window_is_whole_and_the_rest_an_outline():
    y = noise(100_000)
    y[70_000] = 1e6
    thinning = Thinning(close(1_000, 1_500), 1)
    at = thinning.kept(None, y, told=[y])
    assert set(range(1_000, 1_501)) <= set(at.tolist())
    assert {0, 70_000, 99_999} <= set(at.tolist())
    assert len(at) <= 501 + 2 * BESIDE + 4
    assert thinning.told == Thinned(501, 501, (1_000, 1_500))


@pytest.mark.parametrize("window", [(-5, -1), (1e9, 2e9), (3.2, 3.4), (-1e300, 1e300)])
def test_a_window_beside_all_points_or_around_them_is_no_harm(window):
    y = noise(10_000)
    at = Thinning(close(*window), 1).kept(None, y)
    assert {0, 9_999, int(y.argmax())} <= set(at.tolist())
    assert (np.diff(at) > 0).all()


def minutes(count: int, **columns: np.ndarray) -> pa.Table:
    times = pa.array([START + timedelta(minutes=i) for i in range(count)])
    return pa.table({"day": times, **columns})


def test_a_short_line_is_exact_and_says_nothing():
    y = noise(MOST_POINTS)
    found = plot("line", minutes(MOST_POINTS, flights=y), metrics=["flights"], grain="minute")
    assert numbers(found.figure["data"][0]["y"]) == y.tolist()
    assert found.thinned is None


@pytest.mark.parametrize(
    ("slug", "options"),
    [
        ("line", {}),
        ("line", {"area": True}),
        ("area", {}),
        ("area", {"stack": "none"}),
        ("mixed", {}),
    ],
)
def test_marks_of_long_lines_tell_their_own_values(slug, options):
    count, y = 30_000, noise(30_000)
    chosen = {"bars": {"metrics": ["flights"], "draw": "straight"}, "lines": {"metrics": ["delay"]}}
    chosen = chosen if slug == "mixed" else {"metrics": ["flights"]}
    table = minutes(count, flights=y, delay=y)
    tables = {"main": table, "lines": table}
    found = plot(slug, tables, grain="minute", **chosen, **options)
    assert isinstance(found, Plot)
    for trace in found.figure["data"]:
        assert len(trace["customdata"]) < 2_100
        at = [
            int((datetime.fromisoformat(row[0]) - START) / timedelta(minutes=1))
            for row in trace["customdata"]
        ]
        assert numbers(trace["y"]) == y[at].tolist()
        assert (np.diff(numbers(trace["x"])) > 0).all()
    assert found.thinned is not None
    assert found.thinned.of == count * len(found.figure["data"])


@pytest.mark.parametrize("stack", ["stacked", "percent", "stream"])
def test_what_is_stacked_has_common_places(stack):
    count = 8_000
    table = pa.concat_tables(
        [
            minutes(count, flights=noise(count, i)).append_column("origin", pa.array([o] * count))
            for i, o in enumerate(("EWR", "JFK", "LGA"))
        ]
    )
    found = plot(
        "area", table, metrics=["flights"], grain="minute", stack=stack,
        series=[{"column": "origin"}],
    )  # fmt: skip
    places = [numbers(t["x"]) for t in found.figure["data"]]
    assert all(p == places[0] for p in places)
    assert len(places[0]) < MOST_POINTS + 20


def test_members_along_the_axis_keep_their_labels():
    y = noise(6_000)
    table = pa.table({"origin": NAMES, "flights": y})
    found = plot(
        "line", table, metrics=["flights"], x={"column": "origin"}, members=None, sort="query",
        look=close(10, 40),
    )  # fmt: skip
    trace = found.figure["data"][0]
    told = dict(zip(trace["x"], numbers(trace["y"]), strict=True))
    assert all(told[name] == value for name, value in zip(NAMES, y, strict=True) if name in told)
    assert set(NAMES[10:41]) <= set(told)
