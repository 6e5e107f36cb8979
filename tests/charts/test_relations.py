"""Sankey and chord diagrams, networks: links between members."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.errors import Invalid
from dashapp.specs import Order
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

LINKS = {"source": {"column": "origin"}, "target": {"column": "carrier"}, "metric": "flights"}
KINDS = ("sankey", "chord", "network")
FLOWS = pa.table(
    {
        "origin": ["a", "b", "c", "a", None, "a"],
        "carrier": ["b", "c", "a", "c", "b", "a"],
        "flights": [50.0, 40.0, 10.0, 5.0, 3.0, None],
    }
)


@pytest.mark.parametrize("slug", KINDS)
def test_links_ask_for_both_ends_the_largest_first(slug):
    spec = query(slug, **LINKS, limit=9)
    assert [d.name for d in spec.dimensions] == ["origin", "carrier"]
    assert spec.order == (Order(by="flights", descending=True),)
    assert spec.limit == 9
    with pytest.raises(Invalid, match="where links end"):
        query(slug, source={"column": "origin"}, metric="flights")
    with pytest.raises(Invalid, match="two different"):
        query(slug, source={"column": "origin"}, target={"column": "origin"}, metric="flights")


@pytest.mark.parametrize("slug", KINDS)
def test_links_draw_harm_nothing_one_and_many(slug):
    hostile = pa.table(
        {
            "origin": list(HOSTILE),
            "carrier": list(HOSTILE[1:] + HOSTILE[:1]),
            "flights": [4, 3, 2, 1],
        }
    )
    harmless(plot(slug, hostile, **LINKS))
    assert isinstance(drawn(slug, {"main": FLOWS.slice(0, 0)}, **LINKS), Empty)
    assert isinstance(drawn(slug, {"main": FLOWS.slice(5, 1)}, **LINKS), Empty)
    assert "1 link among 2 nodes" in plot(slug, FLOWS.slice(0, 1), **LINKS).summary
    alone = pa.table({"origin": ["a"], "carrier": ["a"], "flights": [7]})
    assert "1 link among 1 node," in plot(slug, alone, **LINKS).summary
    many = pa.table(
        {
            "origin": [f"o{i % 500}" for i in range(5000)],
            "carrier": [f"o{i * 7 % 500}" for i in range(5000)],
            "flights": list(range(1, 5001)),
        }
    )
    found = plot(slug, many, **LINKS, nodes=30)
    assert "among 30 nodes" in found.summary
    assert "The smallest 470 nodes left out." in found.summary


@pytest.mark.parametrize("slug", KINDS)
def test_the_warehouses_links_are_drawn(slug, tmp_path):
    with flying(tmp_path) as source:
        found = asked(slug, source, **LINKS)
        assert "12 links among 7 nodes" in found.summary
        assert found.clicks == (ClickTarget("origin"), ClickTarget("carrier"))


def test_links_that_cannot_be_told_apart_are_left_out():
    pairs = [(i, j) for i in range(60) for j in range(60)]
    dense = pa.table(
        {"origin": [i for i, _ in pairs], "carrier": [j for _, j in pairs], "flights": range(3600)}
    )
    assert plot("network", dense, **LINKS).summary.endswith("The smallest 1,099 links left out.")
    assert "left out" not in plot("chord", dense, **LINKS, nodes=60).summary


def test_a_flow_that_comes_back_ends_at_a_second_node():
    found = plot("sankey", FLOWS, **LINKS)
    trace = found.figure["data"][0]
    assert trace["node"]["label"] == ["a", "b", "c", "(empty)", "a"]
    assert trace["link"]["target"][trace["link"]["source"].index(2)] == 4
    assert trace["node"]["color"][4] == trace["node"]["color"][0]
    loop = plot("sankey", FLOWS, **LINKS, cycles="loop").figure["data"][0]
    assert loop["node"]["label"] == ["a", "b", "c", "(empty)"]


def test_names_of_many_nodes_are_small_and_those_of_the_smallest_left_out():
    few = plot("sankey", FLOWS, **LINKS).figure["data"][0]
    assert few["textfont"]["size"] == 12
    assert all(few["node"]["label"])
    many = pa.table({"origin": ["a"] * 40, "carrier": [f"to {i:02}" for i in range(40)],
                     "flights": [float(100 - i) for i in range(40)]})  # fmt: skip
    trace = plot("sankey", many, **LINKS).figure["data"][0]
    assert trace["textfont"]["size"] == 9
    named = [label for label in trace["node"]["label"] if label]
    assert len(named) == 25  # Of the stage with 40 the 24 largest, and where they come from.
    assert "to 00" in named
    assert "to 39" not in named


@pytest.mark.parametrize("slug", ["chord", "network"])
def test_names_at_the_edge_have_room_in_narrow_tiles(slug):
    def reach(name: str) -> float:
        table = pa.table({"origin": [name, "b"], "carrier": ["b", "c"], "flights": [9.0, 3.0]})
        low, high = plot(slug, table, **LINKS).figure["layout"]["xaxis"]["range"]
        return float(high - low)

    assert reach("a rather long name") > reach("a")


def test_bands_and_nodes_lead_to_raw_values():
    trace = plot("sankey", FLOWS, **LINKS).figure["data"][0]
    marks = trace["meta"]["marks"]
    words = trace["link"]["customdata"]
    assert "a → b" in words
    assert trace["link"]["hovertemplate"].startswith("%{customdata}<br>")
    pairs = [marks[w] for w in words]
    assert ["a", "b"] in pairs
    assert [None, "b"] in pairs
    assert marks[trace["node"]["customdata"][1]] == ["b"]
    assert marks[trace["node"]["customdata"][4]] is None
    assert numbers(trace["link"]["value"])[pairs.index(["a", "b"])] == 50


def test_bands_may_be_grey_and_run_down():
    trace = plot("sankey", FLOWS, **LINKS, link_color="grey", upright=True, labels=False)
    trace = trace.figure["data"][0]
    assert trace["orientation"] == "v"
    assert len(set(trace["link"]["color"])) == 1
    assert set(trace["node"]["label"]) == {""}


def test_a_circle_has_an_arc_per_member_and_marks_that_tell():
    found = plot("chord", FLOWS, **LINKS)
    data = found.figure["data"]
    arcs = [t for t in data if t.get("fill") and t["name"]]
    assert [t["name"] for t in arcs] == ["b", "a", "c", "(empty)"]
    touch = next(t for t in data if t["mode"] == "markers")
    assert touch["marker"]["opacity"] == 0
    assert "a → b: <b>50</b>" in touch["hovertext"]
    assert ["a", "b"] in touch["customdata"]
    assert "a → c: <b>5</b><br>c → a: <b>10</b>" in touch["hovertext"]
    assert found.figure["layout"]["showlegend"] is False
    legend = plot("chord", FLOWS, **LINKS, legend="right")
    assert legend.figure["layout"]["showlegend"] is True


def test_networks_colour_groups_and_stand_still():
    table = FLOWS.append_column("delay", pa.array(["x", "x", "y", "x", "y", "x"]))
    options = LINKS | {"source_group": {"column": "delay"}}
    assert [d.name for d in query("network", **options).dimensions] == [
        "origin",
        "carrier",
        "delay",
    ]
    found = plot("network", table, **options)
    named = [t["name"] for t in found.figure["data"] if t.get("showlegend")]
    assert set(named) == {"x", "y"}
    assert found.figure == plot("network", table, **options).figure
    nodes = found.figure["data"][-1]
    assert nodes["mode"] == "markers+text"


def test_nodes_are_sized_and_links_point_where_they_lead():
    found = plot("network", FLOWS, **LINKS, node_size=10)
    nodes = found.figure["data"][-1]
    sizes = numbers(nodes["marker"]["size"])
    assert max(sizes) == pytest.approx(4 * min(sizes))
    arrows = next(t for t in found.figure["data"] if t["mode"] == "markers")
    assert arrows["marker"]["symbol"] == "arrow"
    assert arrows["customdata"][0] == arrows["customdata"][1]
    bare = plot("network", FLOWS, **LINKS, arrows=False, place="circle", roam=False)
    assert bare.figure["layout"]["dragmode"] is False
    assert all(t.get("marker", {}).get("symbol") != "arrow" for t in bare.figure["data"])
    few = plot("network", FLOWS, **LINKS, label_from=90).figure["data"][-1]
    assert [t for t in few["text"] if t] == ["b"]
