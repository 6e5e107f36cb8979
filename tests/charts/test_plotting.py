"""Text, arrays and axes of figures."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts import axes
from dashapp.charts.plotting import (
    clicks_of,
    encode,
    floats,
    iso,
    labels,
    milliseconds,
    safe,
    typed,
)
from dashapp.charts.wide import ordered, widen
from dashapp.errors import Invalid
from dashapp.specs import Dimension
from tests.charts.flying import FLIGHTS, LOOK
from tests.charts.plots import numbers


def test_text_of_the_data_is_neither_markup_nor_template():
    assert safe("<b>&") == "&lt;b&gt;&amp;"
    assert "%{" not in safe("%{y}")
    assert safe(7) == "7"


def test_members_have_different_labels_even_if_they_read_alike():
    found = labels([None, "(empty)", "", "x" * 60, "x" * 61, True])
    assert len(set(found)) == 6
    assert found[0] == "(empty)"
    assert found[1].rstrip("\u200b") == "(empty)"
    assert found[2] == "(blank)"
    assert found[3] == "x" * 27 + "…"
    assert found[5] == "Yes"


def test_arrays_are_typed_and_keep_gaps_and_shape():
    assert numbers(typed([1, np.nan])) == [1.0, None]
    assert typed(np.zeros((2, 3)))["shape"] == "2, 3"


def test_columns_become_floats_whatever_they_hold():
    table = pa.table({"a": pa.array([1, None, 3]), "b": ["x", "y", "z"], "c": [1.0, np.inf, 2.0]})
    assert np.isnan(floats(table, "a")[1])
    assert np.isnan(floats(table, "c")[1])
    assert np.isnan(floats(table, "missing")).all()
    with pytest.raises(Invalid, match="no numbers"):
        floats(table, "b")


def test_times_are_told_on_the_viewers_clock_and_clicked_in_utc():
    aware = pa.array([datetime(2013, 1, 1, tzinfo=UTC), None], pa.timestamp("us", tz="UTC"))
    assert iso(aware) == ["2013-01-01T00:00:00+00:00", None]
    plain = milliseconds(pa.array([datetime(2013, 1, 1, 1)]), "UTC")
    assert milliseconds(aware, "Europe/Berlin")[0] == plain[0]
    assert np.isnan(milliseconds(aware, "UTC")[1])
    assert milliseconds(pa.array([date(1970, 1, 2)]), "UTC")[0] == 86_400_000
    assert iso(pa.array([datetime(2013, 1, 1), datetime(2013, 1, 1, 5)])) == [
        "2013-01-01T00:00:00",
        "2013-01-01T05:00:00",
    ]


def test_other_stands_for_many_and_is_not_clickable():
    assert clicks_of(["a", "Other"], [1, 2], has_other=True) == [["a", 1], None]
    assert clicks_of(["a", "Other"]) == [["a"], ["Other"]]


def test_empty_cells_are_members_of_their_own():
    found = encode(pa.table({"a": ["x", None, "x"]}), "a")
    assert found.members() == ["x", None]
    assert found.codes.tolist() == [0, 1, 0]
    assert encode(pa.table({"a": pa.nulls(2)}), "a").members() == [None]
    assert encode(pa.table({"a": pa.nulls(2)}), "missing").codes.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("values", "how", "expected"),
    [
        (["b", "a", None, "Other"], "auto", ["a", "b", None, "Other"]),
        ([3, 1, 2], "auto", [1, 2, 3]),
        (["Fri", "Mon", "Sun"], "auto", ["Mon", "Fri", "Sun"]),
        (["March", "January"], "auto", ["January", "March"]),
        (["b", "a"], "name descending", ["b", "a"]),
        (["b", "a", "c"], "smallest", ["b", "a", "c"]),
        (["b", "a"], "query", ["b", "a"]),
    ],
)
def test_members_come_in_the_order_that_reads_best(values, how, expected):
    size = np.arange(len(values), dtype=float)
    found = ordered(values, [str(v) for v in values], how, size)
    assert [values[i] for i in found] == expected


def test_series_come_by_size_and_other_last():
    table = pa.table(
        {"x": ["a", "a", "b", "b"], "s": ["small", "Other", "small", "big"], "m": [1, 99, 1, 5]}
    )
    wide = widen(table, Dimension(column="x"), (Dimension(column="s"),), ("m",), FLIGHTS, LOOK)
    assert [s.name for s in wide.series] == ["big", "small", "Other"]
    assert wide.shape == (3, 2)
    assert np.isnan(wide.cells("m")[0, 0])
    assert wide.keep([1]).cells("m")[:, 0].tolist()[0] == 5


def test_bounds_of_a_logarithmic_axis_are_values():
    axis = axes.value_axis(axes.Style(), log=True, low=10, high=1000)
    assert axis["range"] == [1, 3]
    assert axes.value_axis(axes.Style(), low=5)["autorange"] == "max"
    assert axes.value_axis(axes.Style(), high=5)["autorange"] == "min"
    assert axes.value_axis(axes.Style(), log=True, low=-1, high=10)["range"] == [None, 1]


def test_numbers_are_written_as_the_metric_says():
    values = np.array([1.25, 1000.0])
    euros = axes.style("delay_sum", FLIGHTS, LOOK, values)
    assert euros.hover("y") == "$%{y:,.0f}"
    assert euros.ticks()["tickprefix"] == "$"
    assert axes.style("mean_delay", FLIGHTS, LOOK, values).hover("y") == "%{y:,.1f}"
    assert axes.style("flights", FLIGHTS, LOOK, values, ".1%").ticks() == {"tickformat": ",~%"}
    assert axes.Style(",.0f").brief(28_834.0) == "28.8k"
    assert axes.Style(",.0f").text(None) == "–"
    with pytest.raises(Invalid, match="not a number format"):
        axes.style("flights", FLIGHTS, LOOK, values, "<a href>")


def test_figures_have_no_colours_for_page_text_and_grid():
    page = axes.layout(LOOK, heading="A < b")
    assert page["paper_bgcolor"] == page["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert page["annotations"][0]["text"] == "A &lt; b"
    assert "color" not in page["font"]
    assert page["separators"] == ".,"
    axis = axes.time_axis(np.array([0.0, 86_400_000.0]), "day", "en")
    assert axis["tickvals"] == [0.0, 86_400_000.0]
    assert not {"gridcolor", "linecolor", "zerolinecolor", "tickcolor"} & set(axis)
