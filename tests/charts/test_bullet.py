"""Bullets measure a value by ranges, markers and targets."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty, Plot
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

ONE = pa.table({"flights": [30]})
ROWS = pa.table({"carrier": ["UA", None], "flights": [30, None], "aircraft": [20, 40]})


def test_ranges_lie_under_the_bar_and_markers_over_it():
    found = plot(
        "bullet", ONE, metric="flights", ranges=[{"value": 40, "label": "all"}, {"value": 20}],
        markers=[{"value": 25, "label": "goal"}], lines=[{"value": 35, "label": "most"}],
    )  # fmt: skip
    low, high, bar, marker = found.figure["data"]
    assert (low["base"], low["x"], high["base"], high["x"]) == ([0.0], [20.0], [20.0], [20.0])
    assert numbers(bar["x"]) == [30]
    assert (marker["x"], marker["name"]) == ([25.0], "goal")
    assert found.figure["layout"]["shapes"][0]["x0"] == 35
    assert found.summary == "Flights: 30 (goal 25, most 35)."


def test_without_ranges_there_is_one_a_tenth_above():
    found = plot("bullet", ONE, metric="flights")
    assert numbers(found.figure["data"][0]["x"]) == [pytest.approx(33.0)]
    assert found.clicks == ()


def test_rows_stand_for_members_and_have_targets_of_their_own():
    found = plot(
        "bullet", ROWS, metric="flights", dimension={"column": "carrier"}, target="aircraft"
    )
    bar, ticks = found.figure["data"][-2:]
    assert (bar["customdata"], found.clicks) == ([["UA"], [None]], (ClickTarget("carrier"),))
    assert numbers(ticks["x"]) == [20, 40]
    assert found.summary == "Flights: UA 30; (empty) –."


def test_a_metric_that_is_its_own_target_is_asked_once():
    assert query("bullet", metric="flights", target="flights").metrics == ("flights",)
    spec = query("bullet", metric="flights", dimension={"column": "carrier"}, rows=5)
    assert (spec.limit, spec.order[0].descending) == (5, True)


@pytest.mark.parametrize("table", [ONE.slice(0, 0), pa.table({"flights": pa.nulls(1)})])
def test_no_value_is_a_sentence(table):
    assert isinstance(drawn("bullet", {"main": table}, metric="flights"), Empty)


def test_labels_are_no_markup():
    table = pa.table({"carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    points = [{"value": i, "label": h[:60]} for i, h in enumerate(HOSTILE)]
    harmless(plot("bullet", table, metric="flights", dimension={"column": "carrier"},
                  ranges=points, markers=points, lines=points))  # fmt: skip


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("bullet", source, metric="flights", dimension={"column": "origin"})
    assert isinstance(found, Plot)
    assert len(found.figure["data"][-1]["customdata"]) == 3
