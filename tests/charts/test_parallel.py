"""Parallel coordinates."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import Empty
from dashapp.charts.parallel import MOST_LINES
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


def test_lines_ask_for_all_metrics_once():
    spec = query("parallel", **LINES, color="flights")
    assert spec.metrics == ("flights", "mean_delay")
    assert spec.order == (Order(by="flights", descending=True),)
    with pytest.raises(Invalid, match="what the lines are"):
        query("parallel", metrics=["flights"])
    with pytest.raises(Invalid, match="axes"):
        query("parallel", lines={"column": "carrier"})


def test_each_metric_is_an_axis_and_empty_values_lie_at_its_foot():
    found = plot("parallel", TABLE, **LINES)
    first, second = found.figure["data"][0]["dimensions"]
    assert first["label"] == "Flights"
    assert numbers(first["values"]) == [30, 20, 10]
    assert numbers(second["values"]) == [1.5, -2, -2]
    assert second["range"] == [-2, 1.5]
    assert found.clicks == ()
    assert found.summary == "3 lines by Carrier across Flights, Mean delay."


def test_lines_are_coloured_by_member_or_by_a_metric():
    line = plot("parallel", TABLE, **LINES).figure["data"][0]["line"]
    assert line["showscale"] is False
    assert len(line["colorscale"]) == 2 * len(set(numbers(line["color"])))
    scaled = plot("parallel", TABLE, **LINES, color="delay_sum").figure["data"][0]["line"]
    assert numbers(scaled["color"]) == [45, 5, -20]
    assert scaled["showscale"] is True


def test_the_first_axis_may_name_the_members():
    axis = plot("parallel", TABLE, **LINES, member_axis=True).figure["data"][0]["dimensions"][0]
    assert axis["ticktext"] == ["UA", "B6", "(empty)"]
    assert axis["tickvals"] == [2, 1, 0]


def test_lines_draw_harm_nothing_one_and_many():
    hostile = pa.table({"carrier": list(HOSTILE), "flights": [4, 3, 2, 1], "mean_delay": [1.0] * 4})
    harmless(plot("parallel", hostile, **LINES, member_axis=True))
    assert isinstance(drawn("parallel", {"main": TABLE.slice(0, 0)}, **LINES), Empty)
    assert isinstance(drawn("parallel", {"main": TABLE.slice(3, 1)}, **LINES), Empty)
    one = plot("parallel", TABLE.slice(0, 1), **LINES).figure["data"][0]["dimensions"][0]
    assert one["range"] == [29.5, 30.5]
    count = MOST_LINES + 7
    many = pa.table({"carrier": [str(i) for i in range(count)], "flights": range(count)})
    found = plot("parallel", many, lines={"column": "carrier"}, metrics=["flights"])
    assert found.summary.endswith("7 lines left out.")


def test_the_warehouses_lines_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        found = asked("parallel", source, **LINES, color="aircraft")
        assert len(numbers(found.figure["data"][0]["dimensions"][0]["values"])) == 4
