"""Radars."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import Empty
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

NET = {"metrics": ["flights", "mean_delay", "aircraft"], "series": [{"column": "origin"}]}
TABLE = pa.table(
    {
        "origin": ["EWR", "JFK", None],
        "flights": [100, 50, 25],
        "mean_delay": [4.0, 8.0, None],
        "aircraft": [10, 20, 5],
    }
)


def test_series_are_asked_largest_first_and_a_radar_needs_metrics():
    spec = query("radar", **NET)
    assert spec.limit == 10
    assert [(o.by, o.descending) for o in spec.order] == [("flights", True)]
    assert query("radar", metrics=["flights"]).order == ()
    with pytest.raises(Invalid, match="one spoke each"):
        query("radar")
    assert drawn("radar", {"main": TABLE}).reason == "not_configured"


def test_each_series_is_a_closed_line_over_spokes_of_their_own():
    found = plot("radar", TABLE, **NET)
    first, second, third = found.figure["data"]
    assert first["theta"] == ["Flights", "Mean delay", "Aircraft", "Flights"]
    assert numbers(first["r"]) == [1, 0.5, 0.5, 1]
    assert numbers(second["r"]) == [0.5, 1, 1, 0.5]
    assert numbers(third["r"]) == [0.25, None, 0.25, 0.25]
    assert third["text"][1] == "–"
    assert first["text"][1] == "4.0"
    assert first["customdata"] == [["EWR"]] * 4
    assert third["customdata"][0] == [None]
    assert found.summary == "Flights, Mean delay, Aircraft by Origin of 3 members."
    assert found.figure["layout"]["legend"]


def test_scales_may_be_common_or_of_each_series():
    figure = plot("radar", TABLE, **NET, scale="common").figure
    assert numbers(figure["data"][0]["r"])[:3] == [1, 0.04, 0.1]
    assert figure["layout"]["polar"]["radialaxis"]["ticktext"][-1] == "100"
    series = plot("radar", TABLE, **NET, scale="series").figure["data"][2]
    assert numbers(series["r"])[:3] == [1, None, 0.2]


def test_spokes_may_have_ends():
    spokes = [{"metric": "flights", "low": 50, "high": 150}, {"metric": "aircraft"}]
    data = plot("radar", TABLE, **NET, spokes=spokes).figure["data"]
    assert numbers(data[0]["r"])[:3] == [0.5, 0.5, pytest.approx(1 / 3)]
    assert numbers(data[2]["r"])[0] == 0


def test_nets_are_straight_or_round_and_areas_filled_or_not():
    figure = plot("radar", TABLE, **NET).figure
    assert figure["layout"]["polar"]["gridshape"] == "linear"
    assert figure["data"][0]["fill"] == "toself"
    options = NET | {"shape": "circle", "fill": False, "value_labels": True}
    figure = plot("radar", TABLE, **options).figure
    assert figure["layout"]["polar"]["gridshape"] == "circular"
    assert "fill" not in figure["data"][0]
    assert figure["data"][0]["mode"].endswith("text")


def test_a_radar_without_series_is_one_line():
    found = plot("radar", TABLE.slice(0, 1), metrics=NET["metrics"])
    assert len(found.figure["data"]) == 1
    assert found.clicks == ()
    assert found.figure["layout"]["showlegend"] is False


def test_radars_draw_harm_nothing_and_negative_values():
    hostile = TABLE.slice(0, 1)
    hostile = pa.concat_tables([hostile] * 4).set_column(0, "origin", pa.array(list(HOSTILE)))
    harmless(plot("radar", hostile, **NET))
    assert isinstance(drawn("radar", {"main": TABLE.slice(0, 0)}, **NET), Empty)
    empty = pa.table({"origin": ["a"], "flights": pa.nulls(1, pa.int64())})
    assert isinstance(drawn("radar", {"main": empty}, **NET), Empty)
    below = pa.table({"origin": ["a", "b"], "flights": [-10, 10]})
    lines = plot("radar", below, metrics=["flights"], series=NET["series"]).figure["data"]
    assert [numbers(t["r"])[0] for t in lines] == [0, 1]


def test_the_warehouses_members_are_compared(tmp_path):
    with flying(tmp_path) as source:
        found = asked("radar", source, **NET)
        assert {t["name"] for t in found.figure["data"]} == {"EWR", "JFK", "LGA"}
