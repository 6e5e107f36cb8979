"""Parallel coordinates."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from dashapp.charts import KINDS
from dashapp.charts.base import ClickTarget, Empty, Plot
from dashapp.charts.colors import EMPTY_COLOR
from dashapp.charts.parallel import CLASSES, MOST_LINES
from dashapp.errors import Invalid
from dashapp.specs import Order
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

LINES = {"lines": {"column": "carrier"}, "metrics": ["flights", "mean_delay"]}
TABLE = pa.table(
    {
        "carrier": ["UA", "B6", None, "DL"],
        "flights": [30, 20, 10, None],
        "mean_delay": [1.5, None, -2.0, None],
        "delay_sum": [45.0, 5.0, -20.0, None],
    }
)


def polylines(found: Plot) -> list[dict[str, Any]]:
    """The traces that draw lines."""
    return [t for t in found.figure["data"] if t["mode"] == "lines" and "customdata" not in t]


def spokes(found: Plot) -> list[dict[str, Any]]:
    """The traces of what hovers and is clicked, one per axis."""
    return [t for t in found.figure["data"] if "customdata" in t]


def many(count: int) -> pa.Table:
    names = [str(i) for i in range(count)]
    return pa.table(
        {"carrier": names, "flights": range(count), "mean_delay": [1.0, 2.0] * (count // 2)}
    )


def test_lines_ask_for_all_metrics_once():
    spec = query("parallel", **LINES, color="flights")
    assert spec.metrics == ("flights", "mean_delay")
    assert spec.order == (Order(by="flights", descending=True),)
    with pytest.raises(Invalid, match="what the lines are"):
        query("parallel", metrics=["flights"])
    with pytest.raises(Invalid, match="axes"):
        query("parallel", lines={"column": "carrier"})


def test_each_metric_has_an_axis_from_its_least_to_its_greatest_value():
    found = plot("parallel", TABLE, **LINES)
    first, second = spokes(found)
    assert (numbers(first["x"]), numbers(first["y"])) == ([0, 0, 0], [1, 0.5, 0])
    assert (numbers(second["x"]), numbers(second["y"])) == ([1, 1], [1, 0])
    page = found.figure["layout"]
    assert page["xaxis"]["ticktext"] == ["Flights", "Mean delay"]
    ends = [(a["x"], a["y"], a["text"]) for a in page["annotations"]]
    assert ends == [(0, 0, "10"), (0, 1, "30"), (1, 0, "−2.0"), (1, 1, "1.5")]
    assert [(s["x0"], s["y0"], s["y1"]) for s in page["shapes"]] == [(0, 0, 1), (1, 0, 1)]
    assert found.summary == "3 lines by Carrier across Flights, Mean delay."
    assert not KINDS["parallel"].needs_full_plotly


def test_marks_tell_member_and_value_and_stand_for_the_member():
    found = plot("parallel", TABLE, **LINES)
    first, second = spokes(found)
    assert numbers(second["text"]) == [1.5, -2]
    assert second["hovertext"] == ["UA", "(empty)"]
    assert "Mean delay: <b>%{text:,.1f}</b>" in second["hovertemplate"]
    assert found.clicks == (ClickTarget("carrier"),)
    assert first["customdata"] == [["UA"], ["B6"], [None]]


def test_lines_end_where_values_are_empty():
    table = pa.table({"carrier": ["UA"], "flights": [1], "mean_delay": [None], "aircraft": [2]})
    found = plot("parallel", table, lines={"column": "carrier"},
                 metrics=["flights", "mean_delay", "aircraft"])  # fmt: skip
    (line,) = polylines(found)
    assert numbers(line["y"]) == [0.5, None, 0.5, None]
    assert line["connectgaps"] is False
    assert [t["mode"] for t in spokes(found)] == ["markers"] * 3


def test_lines_of_one_colour_are_one_trace():
    found = plot("parallel", many(200), **LINES, color="flights")
    assert len(polylines(found)) == CLASSES
    first = polylines(found)[0]
    assert numbers(first["x"])[:6] == [0, 1, None, 0, 1, None]
    assert len(plot("parallel", many(200), **LINES).figure["data"]) < 20


def test_lines_are_coloured_by_member_or_by_a_metric():
    found = plot("parallel", TABLE, **LINES)
    assert len({t["line"]["color"] for t in polylines(found)}) == 3
    assert not [t for t in found.figure["data"] if t.get("marker", {}).get("showscale")]
    scaled = plot("parallel", TABLE, **LINES, color="delay_sum")
    (bar,) = (t for t in scaled.figure["data"] if t.get("marker", {}).get("showscale"))
    assert (bar["marker"]["cmin"], bar["marker"]["cmax"]) == (-20, 45)
    assert len({t["line"]["color"] for t in polylines(scaled)}) == 3
    unknown = TABLE.set_column(3, "delay_sum", pa.array([1.0, 1.0, None, None]))
    same = plot("parallel", unknown, **LINES, color="delay_sum")
    assert not [t for t in same.figure["data"] if t.get("marker", {}).get("showscale")]
    assert EMPTY_COLOR in {t["line"]["color"] for t in polylines(same)}


def test_the_first_axis_may_name_the_members():
    found = plot("parallel", TABLE, **LINES, member_axis=True)
    axis = found.figure["layout"]["yaxis"]
    assert axis["ticktext"] == ["UA", "B6", "(empty)"]
    assert axis["tickvals"] == [1, 0.5, 0]
    assert numbers(polylines(found)[0]["y"]) == [1, 1, 1, None]
    assert found.figure["layout"]["xaxis"]["ticktext"] == ["Carrier", "Flights", "Mean delay"]
    assert numbers(spokes(found)[0]["x"]) == [1, 1, 1]


def test_lines_draw_harm_nothing_one_and_many():
    hostile = pa.table({"carrier": list(HOSTILE), "flights": [4, 3, 2, 1], "mean_delay": [1.0] * 4})
    for options in ({}, {"member_axis": True}, {"color": "flights"}):
        harmless(plot("parallel", hostile, **LINES, **options))
    assert isinstance(drawn("parallel", {"main": TABLE.slice(0, 0)}, **LINES), Empty)
    assert isinstance(drawn("parallel", {"main": TABLE.slice(3, 1)}, **LINES), Empty)
    one = plot("parallel", TABLE.slice(0, 1), **LINES)
    assert numbers(spokes(one)[0]["y"]) == [0.5]
    assert [(a["y"], a["text"]) for a in one.figure["layout"]["annotations"]] == [
        (0.5, "30"), (0.5, "1.5"),
    ]  # fmt: skip


def test_too_many_lines_are_left_out_and_too_many_dots():
    found = plot("parallel", many(MOST_LINES + 8), **LINES)
    assert found.summary.endswith("8 lines left out.")
    assert len(spokes(found)[0]["customdata"]) == MOST_LINES
    wide = plot("parallel", many(MOST_LINES), lines={"column": "carrier"}, metrics=["flights"] * 20)
    assert [t["mode"] for t in spokes(wide)] == ["lines"] * 20
    assert wide.summary.endswith("1,000 lines left out.")


def test_the_warehouses_lines_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        found = asked("parallel", source, **LINES, color="aircraft")
        assert len(spokes(found)[0]["customdata"]) == 4
