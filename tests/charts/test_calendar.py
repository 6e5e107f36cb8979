"""Calendars lay days into weeks, hours below days, months beside years."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty, Plot
from dashapp.charts.calendar_grid import Calendar, lay
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import numbers, plot

DAYS = [datetime(2013, 1, 31) + timedelta(days=i) for i in range(3)]
TABLE = pa.table({"day": DAYS, "flights": [5.0, None, 7.0], "delay_sum": [1.0, 2.0, 3.0]})


def laid(times: list[str], grain, domain="year", week_start="monday") -> Calendar:
    ms = np.array(times, dtype="datetime64[ms]").astype(np.int64).astype(float)
    return lay(ms, grain, domain, week_start, "en")


def places(found: Calendar) -> list[tuple[int, int]]:
    return list(zip(found.rows.tolist(), found.columns.tolist(), strict=True))


def test_days_lie_below_each_other_in_their_week():
    found = laid(["2013-01-01", "2013-01-06", "2013-01-07"], "day")
    assert places(found) == [(1, 0), (6, 0), (0, 1)]
    sundays = laid(["2013-01-05", "2013-01-06"], "day", week_start="sunday")
    assert places(sundays) == [(6, 0), (0, 1)]


def test_months_stand_apart_by_one_column():
    found = laid(["2013-01-31", "2013-02-01", "2013-09-30", "2013-10-01"], "day", "month")
    thursday, friday, monday, tuesday = places(found)
    assert (thursday, friday) == ((3, 0), (4, 2))
    assert tuesday[1] - monday[1] == 2
    assert list(found.across.values()) == ["Jan", "Feb", "Sep", "Oct"]


def test_years_are_blocks_below_each_other():
    found = laid(["2012-12-31", "2013-01-01"], "day")
    assert places(found) == [(0, 53), (9, 0)]
    assert found.shape == (15, 54)
    assert [t for t in found.down.values() if t] == ["2012", "2013"]


@pytest.mark.parametrize(
    ("times", "grain", "found"),
    [
        (["2013-01-01T05:00", "2013-01-03T23:00"], "hour", [(5, 0), (23, 2)]),
        (["2013-01-01T05:07", "2013-01-01T06:59"], "minute", [(7, 0), (59, 1)]),
        (["2012-02-01", "2013-12-01"], "month", [(0, 1), (1, 11)]),
        (["2013-04-01", "2013-10-01"], "quarter", [(0, 1), (0, 3)]),
        (["2013-01-07", "2013-12-30"], "week", [(0, 0), (0, 51)]),
        (["1999-01-01", "2013-01-01"], "year", [(0, 9), (2, 3)]),
    ],
)
def test_other_grains_have_calendars_of_their_own(times, grain, found):
    assert places(laid(times, grain)) == found


def test_a_cell_tells_its_value_and_stands_for_its_day():
    found = plot("calendar_heatmap", TABLE, metrics=["flights"], domain="year")
    trace = found.figure["data"][0]
    assert trace["hovertext"][3][0] == "31 Jan 2013"
    assert trace["customdata"][3][0] == ["2013-01-31"]
    assert trace["customdata"][0][0] is None
    assert [v for v in numbers(trace["z"]) if v is not None] == [5.0, 7.0]
    assert found.clicks == (ClickTarget("day", "day"),)
    assert "highest 7 (2 Feb 2013), lowest 5 (31 Jan 2013)" in found.summary


def test_each_metric_has_a_calendar():
    found = plot("calendar_heatmap", TABLE, metrics=["flights", "delay_sum"], steps=2,
                 cell_labels=True, color_bar=False)  # fmt: skip
    assert [t["yaxis"] for t in found.figure["data"]] == ["y", "y2"]
    scale = found.figure["data"][0]["colorscale"]
    assert [stop for stop, _ in scale] == [0.0, 0.5, 0.5, 1.0]
    assert found.figure["data"][0]["showscale"] is False


def test_no_value_is_a_sentence():
    empty = pa.table({"day": DAYS, "flights": pa.nulls(3)})
    for table in (TABLE.slice(0, 0), empty):
        assert isinstance(drawn("calendar_heatmap", {"main": table}, metrics=["flights"]), Empty)


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("calendar_heatmap", source, metrics=["flights"])
    assert isinstance(found, Plot)
    assert sum(v or 0 for v in numbers(found.figure["data"][0]["z"])) == 400
