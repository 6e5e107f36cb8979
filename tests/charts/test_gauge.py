"""Gauges lay values on round scales, one ring per member."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pydantic import ValidationError

from dashapp.charts.base import ClickTarget, Empty, Plot
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

ONE = pa.table({"mean_delay": [30.0]})
MANY = pa.table({"carrier": ["UA", None, "DL"], "flights": [30, 20, None]})
BANDS = [{"to": 15, "color": "#00ff00", "label": "Fine"}, {"to": 60, "color": "#ff0000"}]


def rings(found: Plot) -> list[dict]:
    return [
        t for t in found.figure["data"] if t["type"] == "barpolar" and "<b>" in t.get("name", "")
    ]


def test_a_value_lies_between_the_ends_of_its_scale():
    found = plot("gauge", ONE, metric="mean_delay", low=0, high=60, start_angle=180, end_angle=0)
    ring = rings(found)[0]
    assert (ring["theta"], ring["width"]) == ([135.0], [90.0])
    assert found.figure["layout"]["polar"]["sector"] == [0.0, 180.0]
    assert found.summary == "Mean delay: 30.0; scale from 0.0 to 60.0."


def test_a_value_beyond_its_scale_stays_on_it():
    found = plot("gauge", ONE, metric="mean_delay", low=0, high=10, start_angle=180, end_angle=0)
    assert rings(found)[0]["width"] == [180.0]


def test_a_scale_ends_at_a_round_number_or_at_the_last_band():
    assert plot("gauge", ONE, metric="mean_delay").summary.endswith("to 30.0.")
    assert plot("gauge", ONE, metric="mean_delay", bands=BANDS).summary.endswith("to 60.0.")
    below = pa.table({"mean_delay": [-7.0]})
    assert "scale from −8.0" in plot("gauge", below, metric="mean_delay").summary


def test_a_value_takes_the_colour_of_its_band():
    assert (
        rings(plot("gauge", ONE, metric="mean_delay", bands=BANDS))[0]["marker"]["color"]
        == "#ff0000"
    )
    own = plot("gauge", ONE, metric="mean_delay", bands=BANDS, bands_color_value=False)
    assert rings(own)[0]["marker"]["color"] not in ("#ff0000", "#00ff00")


def test_rings_stand_for_members():
    found = plot("gauge", MANY, metric="flights", dimensions=[{"column": "carrier"}])
    assert found.clicks == (ClickTarget("carrier"),)
    assert [r["customdata"] for r in rings(found)] == [[["UA"]], [[None]], [["DL"]]]
    assert rings(found)[2]["width"] == [0.0]
    assert "UA 30; (empty) 20; DL –" in found.summary


def test_the_largest_members_are_asked_for():
    spec = query("gauge", metric="flights", dimensions=[{"column": "carrier"}], rings=3)
    assert (spec.limit, spec.order[0].by, spec.order[0].descending) == (3, "flights", True)
    assert query("gauge", metric="flights").limit == 1


def test_words_stand_around_the_value():
    found = plot("gauge", ONE, metric="mean_delay", template="{value} <b>min</b>", pointer=True)
    middle = found.figure["data"][-1]
    assert middle["number"]["suffix"] == " &lt;b&gt;min&lt;/b&gt;"
    assert numbers(found.figure["data"][-2]["r"]) == [0.5, 1.0]


def test_a_scale_that_makes_no_sense_is_refused():
    for wrong in ({"low": 5, "high": 5}, {"start_angle": 10, "end_angle": 10},
                  {"start_angle": 300, "end_angle": -90}):  # fmt: skip
        with pytest.raises(ValidationError):
            plot("gauge", ONE, metric="mean_delay", **wrong)


@pytest.mark.parametrize("table", [ONE.slice(0, 0), pa.table({"mean_delay": pa.nulls(1)})])
def test_no_value_is_a_sentence(table):
    assert isinstance(drawn("gauge", {"main": table}, metric="mean_delay"), Empty)


def test_labels_of_the_data_are_no_markup():
    table = pa.table({"carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    found = plot("gauge", table, metric="flights", dimensions=[{"column": "carrier"}],
                 bands=[{"to": 9, "label": HOSTILE[0][:60]}])  # fmt: skip
    harmless(found)


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("gauge", source, metric="flights", dimensions=[{"column": "carrier"}])
    assert isinstance(found, Plot)
    assert len(rings(found)) == 4
