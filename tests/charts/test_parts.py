"""Pies and treemaps."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts import KINDS
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


LEVELS = {"levels": [{"column": "origin"}, {"column": "carrier"}], "metric": "flights"}
TREE = pa.table(
    {
        "origin": ["EWR", "EWR", "JFK", None],
        "carrier": ["UA", "B6", "UA", None],
        "flights": [30, 10, 20, 5],
        "mean_delay": [1.0, 5.0, None, 3.0],
    }
)


def test_a_tree_asks_for_its_leaves():
    spec = query("treemap", **LEVELS, color="mean_delay", limit=50)
    assert [d.name for d in spec.dimensions] == ["origin", "carrier"]
    assert spec.metrics == ("flights", "mean_delay")
    assert spec.limit == 50
    assert KINDS["treemap"].needs_full_plotly
    with pytest.raises(Invalid, match="at least one level"):
        query("treemap", metric="flights")


def test_branches_are_as_large_as_what_they_hold():
    found = plot("treemap", TREE, **LEVELS)
    trace = found.figure["data"][0]
    sizes = dict(zip(trace["hovertext"], numbers(trace["values"]), strict=True))
    assert sizes == {
        "EWR": 40, "EWR › UA": 30, "EWR › B6": 10, "JFK": 20, "JFK › UA": 20,
        "(empty)": 5, "(empty) › (empty)": 5,
    }  # fmt: skip
    assert trace["parents"][:3] == ["", "0", "0"]
    assert found.summary.endswith("4 parts, largest EWR (40).")


def test_leaves_mean_the_members_of_all_levels_and_branches_nothing():
    found = plot("treemap", TREE, **LEVELS)
    clicks = found.figure["data"][0]["customdata"]
    assert clicks[:3] == [None, ["EWR", "UA"], ["EWR", "B6"]]
    assert [c.column for c in found.clicks] == ["origin", "carrier"]


def test_leaves_may_be_coloured_by_another_metric():
    trace = plot("treemap", TREE, **LEVELS, color="mean_delay").figure["data"][0]
    colors = dict(zip(trace["hovertext"], trace["marker"]["colors"], strict=True))
    assert "EWR<br>Mean delay: 2.0" in colors  # Weighted by flights.
    assert colors["EWR › UA<br>Mean delay: 1.0"] != colors["EWR › B6<br>Mean delay: 5.0"]
    assert "JFK<br>Mean delay: –" in colors


def test_leaves_on_a_scale_of_another_metric_have_its_legend():
    whole = pa.table(
        {
            "origin": ["EWR", "JFK"],
            "carrier": ["UA", "B6"],
            "flights": [3, 2],
            "mean_delay": [1.0, 5.0],
        }
    )
    trace, legend = plot("treemap", whole, **LEVELS, color="mean_delay").figure["data"]
    assert legend["marker"]["showscale"] is True
    assert (legend["marker"]["cmin"], legend["marker"]["cmax"]) == (1.0, 5.0)
    assert len(trace["textfont"]["color"]) == len(trace["ids"])


def test_trees_draw_harm_nothing_and_many():
    hostile = pa.table({"origin": list(HOSTILE), "carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot("treemap", hostile, **LEVELS))
    assert isinstance(drawn("treemap", {"main": TREE.slice(0, 0)}, **LEVELS), Empty)
    many = pa.table(
        {
            "origin": ["a"] * 2000,
            "carrier": [f"m{i}" for i in range(2000)],
            "flights": np.arange(2000, 0, -1),
        }
    )
    assert len(plot("treemap", many, **LEVELS).figure["data"][0]["ids"]) == 201


def test_the_warehouses_answers_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        pie = asked("pie", source, dimension={"column": "carrier"}, metric="flights", members=2)
        assert sum(numbers(pie.figure["data"][0]["values"])) == len(FRAME)
        assert pie.figure["data"][0]["customdata"][-1] is None
        tree = asked("treemap", source, **LEVELS, color="mean_delay")
        assert len(tree.figure["data"][0]["ids"]) == 3 + 3 * 4
