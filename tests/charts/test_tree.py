"""Trees of nodes under their parents."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.charts.branches import grown, placed
from dashapp.errors import Invalid
from dashapp.specs import Order
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

NODE = {"node": {"column": "tail"}, "parent": {"column": "carrier"}}
FAMILY = pa.table(
    {
        "tail": ["root", "a", "b", "a1", "a2", "lost", "loop"],
        "carrier": [None, "root", "root", "a", "a", "lost2", "loop2"],
        "origin": ["Root", "A", "B", "A one", "A two", "Lost", "Loop"],
        "flights": [6, 3, 2, 1, None, 9, 9],
    }
)


def test_trees_ask_for_nodes_parents_names_and_values():
    spec = query("tree", **NODE, name={"column": "origin"}, metric="flights")
    assert [d.name for d in spec.dimensions] == ["tail", "carrier", "origin"]
    assert spec.order[0] == Order(by="tail")
    assert query("tree", **NODE).metrics == ()
    with pytest.raises(Invalid, match="nodes above"):
        query("tree", node={"column": "tail"})


def test_nodes_come_after_their_parents_and_rings_are_left_out():
    tree = grown(["r", "x", "y", "p", "q"], [None, "r", "x", "q", "p"], None, 100)
    assert tree.nodes == [0, 1, 2]
    assert tree.parents == [-1, 0, 1]
    assert tree.depths == [0, 1, 2]
    assert tree.left_out == 2
    assert grown(["r", "x", "y"], [None, "r", "r"], "r", 2).left_out == 1


def test_parents_stand_in_the_middle_of_their_children():
    tree = grown(["r", "a", "b", "c"], [None, "r", "r", "r"], None, 100)
    along, deep = placed(tree)
    assert along.tolist() == [0.5, 0, 0.5, 1]
    assert deep.tolist() == [0, 1, 1, 1]


def test_a_tree_tells_the_way_to_each_node_and_its_value():
    found = plot("tree", FAMILY.slice(0, 5), **NODE, name={"column": "origin"}, metric="flights")
    lines, nodes = found.figure["data"]
    assert nodes["text"] == ["Root", "A", "B", "A one", "A two"]
    assert nodes["hovertext"][3] == "Root › A › A one<br>Flights: <b>1</b>"
    assert nodes["customdata"][3] == ["a1"]
    assert nodes["textposition"][:2] == ["top center", "top center"]
    assert nodes["textposition"][3] == "middle right"
    assert numbers(lines["x"])[-1] is None
    assert found.clicks == (ClickTarget("tail"),)
    assert found.summary.startswith("Aircraft: 5 nodes under Root, 3 levels, 3 without children.")


@pytest.mark.parametrize("direction", ["right", "left", "down", "up"])
def test_trees_grow_where_they_are_told(direction):
    nodes = plot("tree", FAMILY, **NODE, root="root", direction=direction).figure["data"][1]
    along = {"right": "x", "left": "x", "down": "y", "up": "y"}[direction]
    places = numbers(nodes[along])
    grows = places[0] < places[3]
    assert grows == (direction in ("right", "up"))


def test_trees_may_grow_around_their_top_and_start_anywhere():
    found = plot("tree", FAMILY, **NODE, radial=True, root="root", symbol="none")
    nodes = found.figure["data"][1]
    assert (numbers(nodes["x"])[0], numbers(nodes["y"])[0]) == (0, 0)
    assert nodes["marker"]["opacity"] == 0
    part = plot("tree", FAMILY, **NODE, root="a")
    assert part.figure["data"][1]["customdata"] == [["a"], ["a1"], ["a2"]]
    assert "4 others left out." in part.summary
    several = plot("tree", FAMILY, **NODE)
    assert "in 3 trees" in several.summary


def test_trees_draw_harm_nothing_one_and_many():
    hostile = pa.table({"tail": list(HOSTILE), "carrier": [None, *HOSTILE[:3]]})
    harmless(plot("tree", hostile, **NODE))
    harmless(plot("tree", hostile, **NODE, name={"column": "tail"}))
    assert isinstance(drawn("tree", {"main": FAMILY.slice(0, 0)}, **NODE), Empty)
    assert isinstance(drawn("tree", {"main": FAMILY}, **NODE, root="nobody"), Empty)
    ring = pa.table({"tail": ["p", "q"], "carrier": ["q", "p"]})
    assert isinstance(drawn("tree", {"main": ring}, **NODE), Empty)
    assert "1 node " in plot("tree", FAMILY.slice(0, 1), **NODE).summary
    many = pa.table(
        {
            "tail": [str(i) for i in range(5000)],
            "carrier": [None, *(str(i // 3) for i in range(4999))],
        }
    )
    assert "4,700 others left out." in plot("tree", many, **NODE).summary
    deep = pa.table(
        {"tail": [str(i) for i in range(900)], "carrier": [None, *(str(i) for i in range(899))]}
    )
    assert "900 levels" in plot("tree", deep, **NODE, nodes=1000).summary


def test_the_warehouses_nodes_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        found = asked("tree", source, node={"column": "origin"}, parent={"column": "carrier"})
        assert "3 nodes in 3 trees" in found.summary
