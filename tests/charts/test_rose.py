"""Roses stack the series of each period outwards."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty, Plot
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot

MONTHS = [datetime(2013, m, 1) for m in (1, 2)]
TABLE = pa.table(
    {"day": MONTHS * 2, "carrier": ["UA", "UA", None, None], "flights": [9.0, 16.0, 7.0, None]}
)
OPTIONS = {"metrics": ["flights"], "series": [{"column": "carrier"}], "grain": "month"}


def test_areas_are_in_proportion_to_values():
    found = plot("rose", TABLE, **OPTIONS)
    inner, outer = found.figure["data"]
    assert (numbers(inner["base"]), numbers(inner["r"])) == ([0, 0], [3, 4])
    assert numbers(outer["base"]) == [3, 4]
    assert numbers(outer["r"]) == [1, 0]
    assert inner["width"] == [180.0, 180.0]


def test_or_lengths_are():
    found = plot("rose", TABLE, area=False, **OPTIONS)
    assert numbers(found.figure["data"][1]["base"]) == [9, 16]
    assert found.figure["layout"]["polar"]["radialaxis"]["range"] == [0, 16]


def test_a_sector_stands_for_its_period_and_series():
    found = plot("rose", TABLE, time_format="%B", **OPTIONS)
    assert found.clicks == (ClickTarget("day", "month"), ClickTarget("carrier"))
    assert found.figure["data"][0]["customdata"] == [["2013-01-01", "UA"], ["2013-02-01", "UA"]]
    assert found.figure["layout"]["polar"]["angularaxis"]["ticktext"] == ["January", "February"]
    assert found.summary.startswith("Flights, 2 series from Jan 2013 to Feb 2013")


def test_negative_values_have_no_sector():
    table = pa.table({"day": MONTHS, "flights": [-4.0, 4.0]})
    found = plot("rose", table, metrics=["flights"], grain="month")
    assert numbers(found.figure["data"][0]["r"]) == [0, 2]


@pytest.mark.parametrize("values", [[None, None], [-1.0, 0.0]])
def test_nothing_to_draw_is_a_sentence(values):
    table = pa.table({"day": MONTHS, "flights": pa.array(values, pa.float64())})
    assert isinstance(drawn("rose", {"main": table}, metrics=["flights"]), Empty)
    assert isinstance(drawn("rose", {"main": table.slice(0, 0)}, metrics=["flights"]), Empty)


def test_labels_of_the_data_are_no_markup():
    table = pa.table({"day": [MONTHS[0]] * 4, "carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot("rose", table, **OPTIONS))


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("rose", source, **OPTIONS)
    assert isinstance(found, Plot)
    assert len(numbers(found.figure["data"][0]["theta"])) == 3
