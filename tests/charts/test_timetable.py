"""Tables of series compare each row's latest value with earlier ones."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

import base64
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty, Grid
from dashapp.charts.sparks import PREFIX, spark
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, query

DAYS = [datetime(2013, 1, d) for d in (1, 2, 3)]
TABLE = pa.table({"day": DAYS, "flights": [10.0, 20.0, 30.0], "mean_delay": [4.0, None, 2.0]})
MEMBERS = pa.table(
    {
        "day": DAYS * 2, "carrier": ["UA"] * 3 + [None] * 3,
        "flights": [1.0, 2.0, 3.0, 10.0, None, 9.0],
    }
)  # fmt: skip


def grid(table: pa.Table, **options: object) -> Grid:
    found = drawn("time_table", {"main": table}, **options)
    assert isinstance(found, Grid)
    return found


def column(table: pa.Table, told: dict, **options: object) -> list:
    found = grid(table, columns=[told], **({"metrics": ["flights", "mean_delay"]} | options))
    return [row["c0"] for row in found.rows]


@pytest.mark.parametrize(
    ("told", "values"),
    [
        ({"show": "value"}, [30, 2]),
        ({"show": "compare", "how": "difference", "back": 2}, [20, -2]),
        ({"show": "compare", "how": "change", "back": 1}, [0.5, None]),
        ({"show": "compare", "how": "ratio", "back": -1}, [3, 0.5]),
        ({"show": "compare", "how": "value", "back": 1}, [20, None]),
        ({"show": "compare", "back": 9}, [None, None]),
        ({"show": "average", "back": 2}, [25, 1]),
        ({"show": "share"}, [30 / 32, 2 / 32]),
    ],
)
def test_columns_are_computed_along_time(told, values):
    assert column(TABLE, told) == values


def test_each_row_is_told_in_its_metrics_own_format():
    found = grid(TABLE, metrics=["flights", "mean_delay"], columns=[{"show": "value"}])
    lines = found.columns[1]["context"]["lines"]
    assert (lines["mean_delay"]["format"], lines["flights"]["format"]) == (",.1f", "smart")
    assert [r["metric"] for r in found.rows] == ["Flights", "Mean delay"]
    assert found.clicks == {}


def test_members_are_rows_the_largest_first_and_can_be_clicked():
    found = grid(MEMBERS, metrics=["flights"], rows={"column": "carrier"}, rows_limit=5)
    assert [r["carrier"] for r in found.rows] == [None, "UA"]
    assert found.clicks == {"carrier": ClickTarget("carrier")}
    assert found.summary.startswith("Flights by carrier: 2 rows over 3 steps of time, latest 3 Jan")


def test_members_have_only_the_first_metric():
    spec = query("time_table", metrics=["flights", "mean_delay"], rows={"column": "carrier"})
    assert spec.metrics == ("flights",)
    assert [d.name for d in spec.dimensions] == ["day", "carrier"]
    with pytest.raises(Invalid, match="at least one metric"):
        query("time_table")


def test_sparklines_are_pictures_with_words():
    found = grid(TABLE, metrics=["mean_delay"], columns=[{"show": "spark", "title": "Trend"}])
    assert found.columns[1]["cellRenderer"] == "DashappPicture"
    assert found.rows[0]["c0"].startswith(PREFIX)
    assert found.rows[0]["c0_told"] == "2 values from 2 to 4, last 2"


def test_sparklines_may_tell_ratios():
    found = grid(TABLE, metrics=["flights"], columns=[{"show": "spark", "ratio_to": 1}])
    assert found.rows[0]["c0_told"] == "2 values from 1.5 to 2, last 1.5"


@pytest.mark.parametrize("how", ["line", "area", "bar"])
@pytest.mark.parametrize(
    "values", [[1, 2, 3], [5], [2, 2], [np.nan, 1, np.nan, -4], list(range(5000))]
)
def test_a_sparkline_is_a_whole_picture_without_markup_of_others(how, values):
    found = spark(np.array(values, dtype=float), "#2b7ad6", how)
    assert found is not None
    root = ElementTree.fromstring(base64.b64decode(found.removeprefix(PREFIX)))
    tags = {child.tag.rsplit("}", 1)[-1] for child in root}
    assert tags <= {"polyline", "polygon", "rect"}
    assert len(root) >= 1


def test_nothing_has_no_picture_and_a_colour_must_be_one():
    assert spark(np.array([np.nan]), "#2b7ad6") is None
    with pytest.raises(Invalid):
        spark(np.array([1.0]), '"/><script>')


def test_no_rows_is_a_sentence():
    assert isinstance(drawn("time_table", {"main": TABLE.slice(0, 0)}, metrics=["flights"]), Empty)


def test_members_travel_as_data_not_as_markup():
    table = pa.table({"day": [DAYS[0]] * 4, "carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    found = grid(table, metrics=["flights"], rows={"column": "carrier"})
    assert [r["carrier"] for r in found.rows] == list(HOSTILE)
    assert "script" not in str(found.columns)


def test_a_warehouse_is_asked(tmp_path):
    with flying(tmp_path) as source:
        found = asked("time_table", source, metrics=["flights", "mean_delay"], grain="month")
    assert isinstance(found, Grid)
    assert len(found.rows) == 2
