"""Time pivots lay periods over each other."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty, Plot
from dashapp.charts.periods import fold
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import numbers, plot

DAYS = [datetime(2013, 1, 1) + timedelta(days=i) for i in range(60)]
TABLE = pa.table({"day": DAYS, "flights": [float(i) for i in range(60)]})


def starts(days: list[str], period: str, weekday: int = 0) -> list[str]:
    ms = np.array(days, dtype="datetime64[ms]").astype(np.int64).astype(float)
    return [str(s)[:10] for s in fold(ms, period, weekday).starts]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("period", "weekday", "found"),
    [
        ("day", 0, ["2013-02-05", "2013-05-12"]),
        ("week", 0, ["2013-02-04", "2013-05-06"]),
        ("week", 6, ["2013-02-03", "2013-05-12"]),
        ("4 weeks", 0, ["2013-01-21", "2013-04-15"]),
        ("month", 0, ["2013-02-01", "2013-05-01"]),
        ("quarter", 0, ["2013-01-01", "2013-04-01"]),
        ("year", 0, ["2013-01-01", "2013-01-01"]),
        ("52 weeks", 0, ["2012-05-14", "2012-05-14"]),
    ],
)
def test_times_belong_to_the_period_that_they_are_in(period, weekday, found):
    assert starts(["2013-02-05", "2013-05-12"], period, weekday) == found


def test_periods_share_the_axis_of_the_latest_one():
    found = plot("time_pivot", TABLE, metric="flights", period="month")
    old, new = found.figure["data"][0], found.figure["data"][-2:][1]
    assert numbers(old["x"])[0] == numbers(new["x"])[0]
    assert (new["name"], len(numbers(new["x"]))) == ("Mar 2013", 1)
    assert new["line"]["width"] > old["line"]["width"]
    assert found.clicks == (ClickTarget("day", "day"),)
    assert old["customdata"][0] == ["2013-01-01"]


def test_only_the_latest_periods_are_drawn():
    found = plot("time_pivot", TABLE, metric="flights", period="week", most=3)
    assert len(found.figure["data"]) == 3
    assert "3 periods (week)" in found.summary


def test_one_value_and_empty_values_are_drawn():
    table = pa.table({"day": [DAYS[0], None, DAYS[1]], "flights": [1.0, 2.0, None]})
    assert len(plot("time_pivot", table, metric="flights").figure["data"]) == 1


@pytest.mark.parametrize(
    "table", [TABLE.slice(0, 0), pa.table({"day": DAYS, "flights": pa.nulls(60)})]
)
def test_no_value_is_a_sentence(table):
    assert isinstance(drawn("time_pivot", {"main": table}, metric="flights"), Empty)


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("time_pivot", source, metric="flights", period="month")
    assert isinstance(found, Plot)
    assert [t["name"] for t in found.figure["data"]] == ["Jan 2013", "Feb 2013", "Mar 2013"]
