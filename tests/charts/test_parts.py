"""Pies and donuts."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.errors import Invalid
from dashapp.specs import Order, SeriesLimit
from dashapp.specs.post import Contribution
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
    [("name and value", "%{label}<br>%{text}"), ("share", "%{percent:.0%}"), ("none", "")],
)
def test_slices_are_labelled_as_asked(labels, template):
    trace = plot("pie", PLAIN, **SLICES, labels=labels).figure["data"][0]
    assert set(trace["texttemplate"]) == {template}


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


PAIRS = pa.table(
    {
        "origin": ["EWR", "EWR", "JFK", "Other"],
        "carrier": ["UA", None, "UA", "Other"],
        "flights": [30, 5, 64, 1],
    }
)
PAIR = SLICES | {"more_dimensions": [{"column": "carrier"}]}


def test_slices_may_be_combinations_of_members():
    spec = query("pie", **PAIR)
    assert [d.name for d in spec.dimensions] == ["origin", "carrier"]
    assert spec.series.dimensions == ("origin", "carrier")
    assert query("pie", **PAIR, members=None).series is None
    found = plot("pie", PAIRS, **PAIR)
    trace = found.figure["data"][0]
    assert trace["labels"] == ["JFK, UA", "EWR, UA", "EWR, (empty)", "Other"]
    assert trace["customdata"] == [["JFK", "UA"], ["EWR", "UA"], ["EWR", None], None]
    assert [c.column for c in found.clicks] == ["origin", "carrier"]
    harmless(plot("pie", PAIRS.set_column(1, "carrier", pa.array(list(HOSTILE))), **PAIR))


def test_answers_have_each_slices_share():
    spec = query("pie", **SLICES)
    assert spec.post == (Contribution(metrics=("flights",), suffix=" share"),)


def test_small_slices_may_be_drawn_as_other_or_stay_without_label():
    trace = plot("pie", PAIRS, **PAIR, other_below=10).figure["data"][0]
    assert trace["labels"] == ["JFK, UA", "EWR, UA", "Other"]
    assert numbers(trace["values"]) == [64, 30, 6]
    trace = plot("pie", PAIRS, **PAIR, label_threshold=10, labels="name").figure["data"][0]
    assert trace["texttemplate"] == ["%{label}", "%{label}", "", ""]


def test_many_slices_without_limit_end_in_other():
    many = pa.table({"origin": [f"m{i}" for i in range(500)], "flights": list(range(1, 501))})
    trace = plot("pie", many, **SLICES, members=None).figure["data"][0]
    assert len(trace["labels"]) == 201
    assert trace["labels"][-1] == "Other"
    assert sum(numbers(trace["values"])) == 500 * 501 / 2


def test_labels_follow_a_template_and_may_stand_outside():
    options = SLICES | {"labels": "template", "label_template": "<b>{name}</b>\\n{share} of all"}
    trace = plot("pie", PLAIN, **options, labels_outside=True).figure["data"][0]
    assert trace["texttemplate"][0] == "&lt;b&gt;%{label}&lt;/b&gt;<br>%{percent:.0%} of all"
    assert trace["textposition"] == "outside"
    assert trace["outsidetextfont"]["color"] == "#8a8f98"  # Readable on light and dark.
    assert "insidetextfont" not in trace


def test_radii_are_of_the_room():
    trace = plot("pie", PLAIN, **SLICES, inner_radius=40, outer_radius=80).figure["data"][0]
    assert trace["hole"] == 0.5
    assert trace["domain"]["x"] == pytest.approx([0.1, 0.9])
    full = plot("pie", PLAIN, **SLICES, inner_radius=0)
    assert full.figure["layout"]["annotations"] == []


@pytest.mark.parametrize(("rose", "widths"), [("area", [120] * 3), ("radius", [180, 108, 72])])
def test_petals_are_as_long_as_they_are_large(rose, widths):
    table = pa.table({"origin": ["a", "b", "c"], "flights": [50, 30, 20]})
    found = plot("pie", table, **SLICES, rose=rose, inner_radius=0)
    bars = found.figure["data"][:3]
    assert [t["width"][0] for t in bars] == pytest.approx(widths)
    assert [t["r"][0] for t in bars] == pytest.approx([1, 0.6, 0.4])
    assert [t["customdata"] for t in bars] == [[["a"]], [["b"]], [["c"]]]
    hostile = pa.table({"origin": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot("pie", hostile, **SLICES, rose=rose, labels="name and value"))
    assert isinstance(drawn("pie", {"main": PLAIN.slice(0, 0)}, **SLICES, rose=rose), Empty)


def test_the_warehouses_answers_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        pie = asked("pie", source, dimension={"column": "carrier"}, metric="flights", members=2)
        assert sum(numbers(pie.figure["data"][0]["values"])) == len(FRAME)
        assert pie.figure["data"][0]["customdata"][-1] is None
        pairs = asked("pie", source, **PAIR, members=None)
        assert sum(numbers(pairs.figure["data"][0]["values"])) == len(FRAME)
