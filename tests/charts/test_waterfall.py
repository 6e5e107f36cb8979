"""Waterfalls lead step by step to a total."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty, Plot
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

STEPS = pa.table({"carrier": ["UA", "DL", None], "delay_sum": [30.0, -10.0, None]})
PARTS = pa.table(
    {
        "origin": ["EWR", "EWR", "JFK", "JFK"], "carrier": ["UA", "DL", "UA", "DL"],
        "delay_sum": [5.0, -2.0, 4.0, 1.0],
    }
)  # fmt: skip
X = {"x": {"column": "carrier"}, "metric": "delay_sum"}


def bars(found: Plot, name: str) -> tuple[list, list]:
    trace = next(t for t in found.figure["data"] if t.get("name") == name)
    return numbers(trace["base"]), numbers(trace["y"])


def test_each_step_begins_where_the_last_one_ended():
    found = plot("waterfall", STEPS, **X)
    assert bars(found, "Increase") == ([0, 20], [30, 0])
    assert bars(found, "Decrease") == ([30], [-10])
    assert bars(found, "Total") == ([0], [20])
    assert found.clicks == (ClickTarget("carrier"),)
    assert "in 3 steps to $20.00" in found.summary


def test_the_total_may_be_left_out():
    found = plot("waterfall", STEPS, total=False, **X)
    assert [t.get("name") for t in found.figure["data"]] == [None, "Increase", "Decrease"]


def test_a_breakdown_has_a_total_after_each_group():
    found = plot("waterfall", PARTS, x={"column": "origin"}, breakdown={"column": "carrier"},
                 metric="delay_sum")  # fmt: skip
    assert bars(found, "Total") == ([0, 0], [3, 8])
    increase = next(t for t in found.figure["data"] if t.get("name") == "Increase")
    assert increase["customdata"] == [["EWR", "UA"], ["JFK", "UA"], ["JFK", "DL"]]
    total = next(t for t in found.figure["data"] if t.get("name") == "Total")
    assert total["customdata"] == [None, None]


def test_steps_of_time_come_in_its_order_and_grain():
    spec = query("waterfall", metric="delay_sum", grain="month", breakdown={"column": "carrier"})
    assert [(d.name, d.grain) for d in spec.dimensions] == [("day", "month"), ("carrier", None)]
    assert [o.by for o in spec.order] == ["day", "carrier"]
    with pytest.raises(Invalid, match="Choose a metric"):
        query("waterfall", x={"column": "carrier"})


@pytest.mark.parametrize("table", [STEPS.slice(0, 0), STEPS.slice(2, 1)])
def test_no_value_is_a_sentence(table):
    assert isinstance(drawn("waterfall", {"main": table}, **X), Empty)


def test_labels_of_the_data_are_no_markup():
    table = pa.table({"carrier": list(HOSTILE), "delay_sum": [4.0, 3.0, -2.0, 1.0]})
    harmless(plot("waterfall", table, value_labels=True, **X))


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("waterfall", source, metric="flights", grain="month")
    assert isinstance(found, Plot)
    assert bars(found, "Total") == ([0], [400])
