"""Zooming: exact points of a part of the axis, from the answer that is kept, for whoever may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask

from dashapp.charts.base import Plot
from dashapp.errors import AppError, NotFound
from dashapp.services import dashboards, zooming
from dashapp.services.dashboards import Opened
from dashapp.services.marking import array
from dashapp.settings import Settings, using
from dashapp.specs import FilterState
from dashapp.viewer import Viewer
from tests.services import market, readings
from tests.services.metadata import person, user
from tests.services.readings import COUNT, EMPTY, LOW, PEAK, START

MINUTE = 60_000.0
ORIGIN = (START - datetime(1970, 1, 1)) / timedelta(milliseconds=1)  # noqa: DTZ001
NONE = FilterState()


@pytest.fixture
def ann(app: Flask) -> Iterator[Viewer]:
    readings.open_readings()
    yield person(user("ann").id)
    market.forget()


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    return dashboards.open(ann, "readings")


def part(first: int, last: int) -> tuple[float, float]:
    """The part of the axis from one row to another."""
    return ORIGIN + first * MINUTE, ORIGIN + last * MINUTE


def points(plot: Plot, trace: int = 0) -> dict[int, float | None]:
    """Row → value of what a trace draws."""
    drawn: dict[str, Any] = plot.figure["data"][trace]
    at = np.round((array(drawn["x"]) - ORIGIN) / MINUTE).astype(int).tolist()
    values = [None if np.isnan(v) else v for v in array(drawn["y"]).tolist()]
    return dict(zip(at, values, strict=True))


def shown(viewer: Viewer, opened: Opened, key: str, state: FilterState = NONE) -> Plot:
    answer = market.show(viewer, opened, state, key)[key]
    assert isinstance(answer.drawing, Plot), answer.error
    return answer.drawing


def test_a_part_has_all_of_its_points_and_asks_no_warehouse(ann: Viewer, opened: Opened) -> None:
    whole = shown(ann, opened, "line")
    assert whole.thinned is not None
    assert (whole.thinned.drawn, whole.thinned.of) == (len(_known(points(whole))), COUNT - 500)
    with market.asked_of_warehouses() as seen:
        close = zooming.zoomed(ann, opened, {"line": part(7_900, 8_900)}, NONE)["line"]
        back = zooming.zoomed(ann, opened, {"line": None}, NONE)["line"]
    assert seen == []
    found = points(close)
    assert {row: found[row] for row in range(7_900, 8_000)} == {
        row: readings.value(row) for row in range(7_900, 8_000)
    }
    assert all(found.get(row) is None for row in EMPTY)
    assert any(row in found for row in EMPTY)
    assert back.figure == whole.figure


def _known(found: dict[int, float | None]) -> list[int]:
    return [row for row, value in found.items() if value is not None]


def test_the_rest_stays_as_an_outline_with_its_ends_and_peaks(ann: Viewer, opened: Opened) -> None:
    shown(ann, opened, "line")
    found = points(zooming.zoomed(ann, opened, {"line": part(100, 200)}, NONE)["line"])
    assert {0, PEAK, LOW, COUNT - 1} <= set(found)
    assert len(found) < 101 + 2 * 450


def test_a_part_of_too_many_points_is_thinned_by_itself(ann: Viewer, opened: Opened) -> None:
    shown(ann, opened, "line")
    close = zooming.zoomed(ann, opened, {"line": part(0, 7_000)}, NONE)["line"]
    assert close.thinned is not None
    assert close.thinned.drawn < close.thinned.of == 7_001


def test_stacks_are_exact_too(ann: Viewer, opened: Opened) -> None:
    shown(ann, opened, "stack")
    close = zooming.zoomed(ann, opened, {"stack": part(12_300, 12_400)}, NONE)["stack"]
    one, other = (points(close, trace) for trace in (0, 1))
    assert one.keys() == other.keys()
    for row in range(12_300, 12_401):
        assert (one[row] or 0) + (other[row] or 0) == readings.value(row)


def test_filters_hold_for_what_one_zooms_into(ann: Viewer, opened: Opened) -> None:
    state = market.state(side=["a"])
    shown(ann, opened, "line", state)
    close = zooming.zoomed(ann, opened, {"line": part(100, 110)}, state)["line"]
    inside = [row for row in _known(points(close)) if 100 <= row <= 110]
    assert inside == [100, 102, 104, 106, 108, 110]


def test_what_is_not_kept_is_left_out_and_not_asked_for(ann: Viewer, opened: Opened) -> None:
    with market.asked_of_warehouses() as seen:
        assert zooming.zoomed(ann, opened, {"line": part(0, 10)}, NONE) == {}
    assert seen == []


def test_tiles_that_do_not_exist_and_columns_that_may_not_be_filtered_are_refused(
    ann: Viewer, opened: Opened
) -> None:
    with pytest.raises(NotFound):
        zooming.zoomed(ann, opened, {"nothing": None}, NONE)
    guest = replace(ann, kind="guest")
    clicks = [market.click("line", "side", "a", dataset="x")]
    with pytest.raises((AppError, ValueError)):
        zooming.zoomed(guest, opened, {"line": None}, market.state(clicks))


def test_rows_beyond_the_limit_are_cut_before_points_are_left_out(
    ann: Viewer, opened: Opened, chosen: Settings
) -> None:
    with using(chosen.model_copy(update={"row_limit": 6_000})):
        answer = market.show(ann, opened, NONE, "line")["line"]
    assert answer.results["main"].truncated
    assert isinstance(answer.drawing, Plot)
    assert answer.drawing.thinned is not None
    assert answer.drawing.thinned.of == 6_000
    assert max(points(answer.drawing)) == 5_999  # The earliest are there.
