"""Drawings as thumbnails: what is left out, what stays."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Drawing, Empty, Grid, Number, Plot, Text
from dashapp.charts.thumbnails import CHARACTERS, COLUMNS, ROWS, TICKS, small
from tests.charts.plots import plot
from tests.charts.small import still

MEMBERS = [f"member {i}" for i in range(12)]


def plotted(trace: dict[str, object], **layout: object) -> Plot:
    found = small(
        Plot({"data": [trace], "layout": layout}, (ClickTarget("x"),), "12 members, from 1 to 12")
    )
    assert isinstance(found, Plot)
    return found


def test_a_plot_keeps_its_marks_and_its_summary() -> None:
    trace = {
        "type": "bar",
        "x": MEMBERS,
        "y": list(range(12)),
        "customdata": [[m] for m in MEMBERS],
    }
    found = plotted(trace)
    shown = found.figure["data"][0]
    assert (shown["x"], shown["y"]) == (MEMBERS, list(range(12)))
    assert "customdata" not in shown
    assert found.clicks == ()
    assert found.summary == "12 members, from 1 to 12"


def test_a_cloud_keeps_its_words() -> None:
    table = pa.table({"origin": ["EWR", "JFK"], "flights": [5, 3]})
    cloud = plot("word_cloud", table, dimension={"column": "origin"}, metric="flights")
    found = small(cloud)
    assert isinstance(found, Plot)
    kept = {word for trace in found.figure["data"] for word in trace["text"]}
    assert kept == {"EWR", "JFK"}
    assert {trace["textposition"] for trace in found.figure["data"]} == {"inside"}


def test_a_plot_loses_its_words() -> None:
    found = plotted(
        {"type": "bar", "x": [1], "y": [2], "text": ["2"], "texttemplate": "%{y}"},
        title={"text": "Title"}, annotations=[{"text": "note"}], showlegend=True,
        legend={"orientation": "h"}, meta={"clicks": []}, updatemenus=[{}], sliders=[{}],
        xaxis={"title": {"text": "Time"}, "rangeslider": {"visible": True}},
        yaxis2={"title": {"text": "Value"}, "overlaying": "y"},
    )  # fmt: skip
    layout = found.figure["layout"]
    assert not layout.keys() & {"title", "annotations", "legend", "meta", "updatemenus", "sliders"}
    assert layout["showlegend"] is False
    assert "title" not in layout["xaxis"]
    assert "rangeslider" not in layout["xaxis"]
    assert layout["yaxis2"]["overlaying"] == "y"
    assert found.figure["data"][0]["textposition"] == "none"
    still(found)


def test_ticks_that_are_written_out_are_thinned() -> None:
    axis = {"tickvals": list(range(12)), "ticktext": MEMBERS}
    thin = plotted({"x": [1], "y": [1]}, xaxis=axis).figure["layout"]["xaxis"]
    assert thin["tickvals"] == [0, 4, 8]
    assert thin["ticktext"] == ["member 0", "member 4", "member 8"]
    assert len(axis["tickvals"]) == 12
    few = plotted({"x": [1], "y": [1]}, xaxis={"tickvals": [1, 2, 3]}).figure["layout"]["xaxis"]
    assert few["tickvals"] == [1, 2, 3]
    assert few["nticks"] == TICKS


def test_scales_of_colour_are_left_out() -> None:
    heat = plotted({"type": "heatmap", "z": [[1]], "colorscale": "Blues", "colorbar": {"x": 1}})
    assert heat.figure["data"][0]["showscale"] is False
    marker = {"color": [1], "colorscale": "Blues", "showscale": True, "colorbar": {"title": "x"}}
    dots = plotted({"type": "scatter", "x": [1], "y": [1], "marker": marker})
    assert dots.figure["data"][0]["marker"] == {
        "color": [1], "colorscale": "Blues", "showscale": False,
    }  # fmt: skip
    assert marker["showscale"] is True
    shared = plotted({"type": "scatter", "x": [1], "y": [1]}, coloraxis={"colorscale": "Blues"})
    assert shared.figure["layout"]["coloraxis"]["showscale"] is False


@pytest.mark.parametrize(
    ("mode", "left"), [("lines+markers+text", "lines+markers"), ("text", "text"), ("", "")]
)
def test_labels_of_marks_go_but_words_of_a_cloud_stay(mode: str, left: str) -> None:
    found = plotted({"type": "scatter", "mode": mode, "x": [1], "y": [1], "text": ["word"]})
    assert found.figure["data"][0]["mode"] == left


def test_round_axes_have_no_labels() -> None:
    polar = {"radialaxis": {"title": {"text": "r"}, "range": [0, 1]}, "bgcolor": "rgba(0,0,0,0)"}
    found = plotted({"type": "barpolar", "r": [1]}, polar=polar).figure["layout"]["polar"]
    assert found["radialaxis"] == {"range": [0, 1], "showticklabels": False, "title": None}
    assert found["bgcolor"] == "rgba(0,0,0,0)"


def test_a_table_shows_its_first_rows_and_columns() -> None:
    columns = [
        {"headerName": "2013", "children": [{"field": "a", "width": 90}, {"field": "b"}]},
        {"field": "hidden", "hide": True},
        *({"field": name, "filter": "agTextColumnFilter", "pinned": "left"} for name in "cdef"),
    ]
    rows = [{"a": i} for i in range(9)]
    found = small(Grid(columns, rows, [{"a": 9}], {"a": ClickTarget("a")}, paged=True))
    assert isinstance(found, Grid)
    assert [c.get("field") for c in found.columns] == [None, "c", "d"]
    assert [c["field"] for c in found.columns[0]["children"]] == ["a"]
    assert len(found.columns) == COLUMNS
    assert found.rows == rows[:ROWS]
    assert (found.totals, found.clicks, found.paged) == ([], {}, False)
    assert not {"filter", "pinned", "width"} & {k for c in found.columns for k in c}


def test_labels_that_are_marks_of_their_own_are_left_out() -> None:
    bars, words = {"type": "bar", "y": [1]}, {"type": "scatter", "mode": "text", "text": ["1"]}
    found = small(Plot({"data": [bars, words], "layout": {}}))
    assert isinstance(found, Plot)
    assert [t["type"] for t in found.figure["data"]] == ["bar"]


def test_a_number_shows_its_value_and_its_trend() -> None:
    trend = {"data": [], "layout": {}}
    found = small(Number("12", "People", "+3%", "good", "since May", trend, "#112233", 1.5, "12"))
    assert found == Number("12", trend=trend, tone="#112233", size=1.5, summary="12")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# Short", "# Short"),
        ("# Title\n" + "word " * 60, "# Title"),
        ("x" * 500, "x" * CHARACTERS),
        ("one\n\ntwo", "one\n\ntwo"),
    ],
)
def test_a_text_shows_its_beginning(text: str, shown: str) -> None:
    assert small(Text(text, "words")) == Text(shown, "words")


@pytest.mark.parametrize("drawing", [Empty("no_rows", "There are no rows.")])
def test_nothing_stays_nothing(drawing: Drawing) -> None:
    assert small(drawing) is drawing
