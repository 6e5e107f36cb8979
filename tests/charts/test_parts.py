"""Pies and donuts."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.errors import Invalid
from dashapp.specs import Order, SeriesLimit
from tests.charts.flying import FRAME, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

SLICES = {"dimension": {"column": "origin"}, "metric": "flights"}
PLAIN = pa.table({"origin": ["EWR", None, "JFK", "Other", "LGA"], "flights": [30, 5, 40, 20, -7]})


def test_slices_are_the_largest_and_the_rest_is_other():
    spec = query("pie", **SLICES, members=5)
    assert spec.series == SeriesLimit(dimensions=("origin",), limit=5, other=True)
    assert spec.order == (Order(by="flights", descending=True),)
    with pytest.raises(Invalid, match="what the slices are"):
        query("pie", metric="flights")


def test_slices_go_by_size_and_only_parts_above_zero_are_drawn():
    found = plot("pie", PLAIN, **SLICES)
    trace = found.figure["data"][0]
    assert trace["labels"] == ["JFK", "EWR", "(empty)", "Other"]
    assert numbers(trace["values"]) == [40, 30, 5, 20]
    assert trace["customdata"] == [["JFK"], ["EWR"], [None], None]
    assert trace["hole"] == 0.6
    assert found.clicks == (ClickTarget("origin"),)
    assert found.summary == "Flights by Origin, 4 parts: largest JFK with 42% (40)."


def test_a_ring_of_sums_tells_the_whole_and_one_of_averages_does_not():
    assert "<b>95</b>" in plot("pie", PLAIN, **SLICES).figure["layout"]["annotations"][0]["text"]
    averages = PLAIN.rename_columns(["origin", "mean_delay"])
    ring = {"dimension": {"column": "origin"}, "metric": "mean_delay"}
    assert plot("pie", averages, **ring).figure["layout"]["annotations"] == []
    assert plot("pie", PLAIN, **SLICES, donut=False).figure["layout"]["annotations"] == []


@pytest.mark.parametrize(
    ("labels", "template"),
    [("name and value", "%{label}<br>%{value:,.0f}"), ("share", "%{percent:.0%}"), ("none", "")],
)
def test_slices_are_labelled_as_asked(labels, template):
    trace = plot("pie", PLAIN, **SLICES, labels=labels).figure["data"][0]
    assert trace["texttemplate"] == template


def test_pies_draw_harm_nothing_one_and_many():
    hostile = pa.table({"origin": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot("pie", hostile, **SLICES))
    assert isinstance(drawn("pie", {"main": PLAIN.slice(0, 0)}, **SLICES), Empty)
    assert isinstance(drawn("pie", {"main": PLAIN.slice(4, 1)}, **SLICES), Empty)
    assert len(plot("pie", PLAIN.slice(0, 1), **SLICES).figure["data"][0]["labels"]) == 1
    many = pa.table({"origin": [f"m{i}" for i in range(2000)], "flights": list(range(2000))})
    trace = plot("pie", many, **SLICES).figure["data"][0]
    assert trace["labels"][0] == "m1999"
    assert len(trace["labels"]) == 8


def test_the_warehouses_answers_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        pie = asked("pie", source, dimension={"column": "carrier"}, metric="flights", members=2)
        assert sum(numbers(pie.figure["data"][0]["values"])) == len(FRAME)
        assert pie.figure["data"][0]["customdata"][-1] is None
