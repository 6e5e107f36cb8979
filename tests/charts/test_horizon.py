"""Horizon charts fold the values of many series into bands."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from dashapp.charts.base import ClickTarget, Empty, Plot
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot

DAYS = [datetime(2013, 1, d) for d in (1, 2, 3)]
TABLE = pa.table(
    {
        "day": DAYS * 2, "carrier": ["UA"] * 3 + [None] * 3,
        "flights": [3.0, 6.0, None, -1.0, 2.0, 1.0],
    }
)  # fmt: skip
OPTIONS = {"metrics": ["flights"], "series": [{"column": "carrier"}], "bands": 3}


def bands(found: Plot, axis: str) -> list[list]:
    drawn = [t for t in found.figure["data"] if t["yaxis"] == axis and t["mode"] == "lines"]
    return [numbers(t["y"]) for t in drawn]


def test_what_is_above_a_band_goes_on_in_the_next_one():
    found = plot("horizon", TABLE, **OPTIONS)
    assert bands(found, "y") == [[2, 2, 0], [1, 2, 0], [0, 2, 0]]
    assert found.figure["layout"]["yaxis"]["range"] == [0, 2.0]


def test_what_is_below_zero_has_another_colour():
    found = plot("horizon", TABLE, **OPTIONS)
    below = [t for t in found.figure["data"] if t["yaxis"] == "y2" and "217,72,43" in str(t)]
    assert len(below) == 2


def test_series_have_their_own_scale_or_a_common_one():
    common = plot("horizon", TABLE, scale="overall", **OPTIONS)
    assert common.figure["layout"]["yaxis2"]["range"] == [0, 2.0]
    changed = plot("horizon", TABLE, scale="change", gaps="join", **OPTIONS)
    assert bands(changed, "y")[0] == [0, 1, 1]


def test_a_strip_tells_its_values_and_takes_clicks():
    found = plot("horizon", TABLE, **OPTIONS)
    told = next(t for t in found.figure["data"] if t["mode"] == "markers")
    assert told["text"] == [3.0, 6.0]
    assert told["customdata"] == [["2013-01-01", "UA"], ["2013-01-02", "UA"]]
    assert found.clicks == (ClickTarget("day", "day"), ClickTarget("carrier"))


def test_no_value_is_a_sentence():
    empty = TABLE.set_column(2, "flights", pa.nulls(6, pa.float64()))
    for table in (TABLE.slice(0, 0), empty):
        assert isinstance(drawn("horizon", {"main": table}, **OPTIONS), Empty)


def test_labels_of_the_data_are_no_markup():
    table = pa.table({"day": [DAYS[0]] * 4, "carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot("horizon", table, **OPTIONS))


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("horizon", source, grain="week", **OPTIONS)
    assert isinstance(found, Plot)
    assert len([k for k in found.figure["layout"] if k.startswith("yaxis")]) == 4
