"""Axes of any column, order of members and series, several periods, looks of axes."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from dashapp.charts.base import Empty, Look
from dashapp.charts.colors import PALETTES
from dashapp.specs import Order, SeriesLimit
from dashapp.specs.post import Change, Compare, Complete, Contribution, Cumulative, Rolling
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

MONTHS = [datetime(2013, m, 1) for m in (1, 2, 3)]
SINGLE = pa.table({"day": MONTHS, "flights": [10, None, 30]})
SPLIT = pa.table(
    {
        "day": [MONTHS[0], MONTHS[0], MONTHS[1], MONTHS[1]],
        "origin": ["a", "b", "a", "b"],
        "flights": [1, 5, 9, 6],
    }
)
BY = [{"column": "origin"}]
X = {"column": "origin"}
DELAY = {"column": "delay"}


@pytest.mark.parametrize("slug", ["line", "area"])
def test_numbers_along_the_axis_stand_at_their_place(slug):
    table = pa.table({"delay": [30.0, None, -5.0], "flights": [1, 7, 2]})
    found = plot(slug, table, metrics=["flights"], x=DELAY)
    trace = found.figure["data"][0]
    assert numbers(trace["x"]) == [-5, 30]
    assert numbers(trace["y"]) == [2, 1]
    assert trace["customdata"] == [[-5], [30]]
    assert found.figure["layout"]["xaxis"]["type"] == "linear"
    assert found.figure["layout"]["xaxis"]["title"]["text"] == "Delay"


@pytest.mark.parametrize("slug", ["line", "area", "bar"])
def test_text_along_the_axis_is_members_in_the_order_asked_for(slug):
    table = pa.table({"origin": ["b", None, "a"], "flights": [3, 1, 2]})
    found = plot(slug, table, metrics=["flights"], x=X, sort="name")
    assert found.figure["data"][0]["x"] == ["a", "b", "(empty)"]
    assert found.figure["layout"]["xaxis"]["type"] == "category"
    largest = plot(slug, table, metrics=["flights"], x=X)
    assert largest.figure["data"][0]["x"][0] == "b"
    hostile = pa.table({"origin": list(HOSTILE), "flights": [1, 2, 3, 4]})
    harmless(plot(slug, hostile, metrics=["flights"], x=X))
    assert isinstance(drawn(slug, {"main": hostile[:0]}, metrics=["flights"], x=X), Empty)


def test_numbers_may_be_members_too_and_bars_on_a_scale():
    table = pa.table({"delay": [30.0, 5.0], "flights": [1, 2]})
    apart = plot("line", table, metrics=["flights"], x=DELAY, x_scale="members", sort="name")
    assert apart.figure["data"][0]["x"] == ["5.0", "30.0"]
    scaled = plot("bar", table, metrics=["flights"], x=DELAY, x_scale="numbers")
    assert numbers(scaled.figure["data"][0]["x"]) == [5, 30]


def test_members_may_be_asked_for_without_limit():
    spec = query("line", metrics=["flights"], x=X, members=None)
    assert spec.series is None
    assert spec.order == (Order(by="flights", descending=True),)
    limited = query("line", metrics=["flights"], x=X, members=5)
    assert limited.series == SeriesLimit(dimensions=("origin",), limit=5, other=False)


def test_series_may_be_without_limit_or_the_smallest():
    assert query("line", metrics=["flights"], series=BY, series_limit=None).series is None
    spec = query("line", metrics=["flights"], series=BY, series_smallest=True)
    assert spec.series is not None
    assert not spec.series.descending


@pytest.mark.parametrize(
    ("by", "rising", "names"),
    [
        ("name", True, ["a", "b"]),
        ("name", False, ["b", "a"]),
        ("max", False, ["a", "b"]),
        ("min", False, ["b", "a"]),
        ("sum", True, ["a", "b"]),
        ("mean", False, ["b", "a"]),
    ],
)
def test_series_are_in_the_order_asked_for(by, rising, names):
    options = {"series_sort": by, "series_rising": rising, "grain": "month"}
    found = plot("line", SPLIT, metrics=["flights"], series=BY, **options)
    assert [t["name"] for t in found.figure["data"]] == names


def test_members_are_sorted_by_a_figure_of_all_series():
    table = pa.table({"origin": ["x", "x", "y"], "carrier": ["1", "2", "1"], "flights": [4, 4, 6]})
    common = {"metrics": ["flights"], "x": X, "series": [{"column": "carrier"}], "sort": "largest"}
    by_sum = plot("bar", table, **common).figure["layout"]["xaxis"]["categoryarray"]
    by_max = plot("bar", table, sort_by="max", **common).figure["layout"]["xaxis"]["categoryarray"]
    assert (by_sum, by_max) == (["x", "y"], ["y", "x"])


def test_several_earlier_periods_have_a_dash_each():
    table = SINGLE.append_column("flights (1 year)", pa.array([8, 9, 7]))
    table = table.append_column("flights (1 month)", pa.array([1, 2, 3]))
    options = {"metrics": ["flights"], "grain": "month", "compare": ["1 year", "1 month"]}
    first, second, _ = plot("line", table, **options).figure["data"]
    assert first["name"] == "Flights (1 year earlier)"
    assert first["line"]["dash"] != second["line"]["dash"]
    bars = plot("bar", table, **options).figure["data"]
    assert [b["name"] for b in bars] == [
        "Flights (1 month earlier)", "Flights (1 year earlier)", "Flights",
    ]  # fmt: skip


def test_several_differences_are_a_line_each():
    table = SINGLE.append_column("flights difference (1 year)", pa.array([1, 2, 3]))
    table = table.append_column("flights difference (1 month)", pa.array([4, 5, 6]))
    found = plot(
        "line", table, metrics=["flights"], grain="month", compare=["1 year", "1 month"],
        compare_show="difference",
    )  # fmt: skip
    assert [numbers(t["y"]) for t in found.figure["data"]] == [[1, 2, 3], [4, 5, 6]]
    assert found.figure["data"][1]["name"] == "Flights (1 month earlier)"


def test_windows_see_every_series_at_every_time_and_changes_come_after_them():
    spec = query(
        "line", metrics=["flights"], series=BY, compare="1 year", compare_show="change",
        rolling="mean", cumulative=True, share="series",
    )  # fmt: skip
    kinds = [type(s) for s in spec.post]
    assert kinds == [Compare, Complete, Rolling, Cumulative, Change, Contribution, Contribution]
    assert spec.post[0].show == "values"
    assert spec.post[2].metrics == ("flights", "flights (1 year)")
    assert (spec.post[5].within, spec.post[5].zero) == (("origin",), True)
    assert spec.post[6].metrics == ("flights change (1 year)",)


def test_sums_run_along_members_only_if_they_have_an_order():
    running = {"metrics": ["flights"], "cumulative": True}
    assert query("bar", x=X, **running).post == ()
    assert [type(s) for s in query("bar", x=X, sort="name", **running).post] == [Cumulative]
    assert [type(s) for s in query("bar", x=DELAY, **running).post] == [Cumulative]


def test_lines_tell_the_change_since_their_first_value():
    table = pa.table({"day": MONTHS, "flights": [None, 20, 25]})
    found = plot("line", table, metrics=["flights"], grain="month", index=True)
    trace = found.figure["data"][0]
    assert numbers(trace["y"]) == [None, 0, 0.25]
    assert trace["hovertemplate"].startswith("%{y:+.1%}")


def test_points_have_no_lines_and_lines_may_be_filled():
    points = plot("line", SINGLE, metrics=["flights"], shape="points", marker_size=9)
    assert points.figure["data"][0]["mode"] == "markers"
    assert points.figure["data"][0]["marker"]["size"] == 9
    filled = plot("line", SINGLE, metrics=["flights"], area=True, opacity=0.5)
    assert filled.figure["data"][0]["fillcolor"].endswith("0.5)")


def test_a_stream_floats_around_its_middle():
    found = plot("area", SPLIT, metrics=["flights"], series=BY, grain="month", stack="stream")
    under, first, _ = found.figure["data"]
    assert numbers(under["y"]) == [-3, -7.5]
    assert (under["showlegend"], under["hoverinfo"]) == (False, "skip")
    assert numbers(first["y"]) == [5, 6] or numbers(first["y"]) == [1, 9]


def test_areas_tell_totals_and_labels_of_large_parts():
    common = {"metrics": ["flights"], "series": BY, "grain": "month"}
    totals = plot("area", SPLIT, totals=True, **common).figure["data"][-1]
    assert totals["text"] == ["6", "15"]
    labelled = plot("area", SPLIT, value_labels=True, label_least=0.5, **common).figure["data"]
    texts = {t["name"]: t["text"] for t in labelled}
    assert texts == {"b": ["5", ""], "a": ["", "9"]}


def test_bars_label_only_parts_that_are_large_enough():
    found = plot(
        "bar", SPLIT, metrics=["flights"], series=BY, grain="month", stack="stacked",
        value_labels=True, label_least=0.5,
    )  # fmt: skip
    told = {t["name"]: t["texttemplate"] for t in found.figure["data"]}
    assert told == {"b": ["%{text}", ""], "a": ["", "%{text}"]}


def test_tooltips_tell_all_series_and_their_sum():
    common = {"metrics": ["flights"], "series": BY, "grain": "month", "tooltip_total": True}
    line = plot("line", SPLIT, **common)
    assert line.figure["data"][-1]["text"] == ["6", "15"]
    assert line.figure["data"][-1]["showlegend"] is False
    bars = plot("bar", SPLIT, tooltip="all", **common)
    assert bars.figure["layout"]["hovermode"] == "x unified"
    assert [c.column for c in bars.clicks] == ["day"]
    one = plot("line", SPLIT, tooltip="one", **common)
    assert one.figure["layout"]["hovermode"] == "closest"


def test_axes_have_the_looks_that_are_asked_for():
    found = plot(
        "line", SINGLE, metrics=["flights"], grain="month", zoom=True, label_angle=-45,
        x_title="<b>Month", y_title="Departures", time_format="%m/%Y", tooltip_format="%Y",
    )  # fmt: skip
    page = found.figure["layout"]
    assert page["xaxis"]["rangeslider"]["visible"]
    assert (page["xaxis"]["tickangle"], page["xaxis"]["tickformat"]) == (-45, "%m/%Y")
    assert page["xaxis"]["hoverformat"] == "%Y"
    assert page["annotations"][0]["text"] == "Departures"
    assert "<b>" not in page["xaxis"]["title"]["text"]
    cut = pa.table({"origin": ["a long name"], "flights": [1]})
    short = plot("bar", cut, metrics=["flights"], x=X, label_length=5).figure["data"][0]["x"]
    assert len(short[0]) <= 5


@pytest.mark.parametrize("place", ["top", "bottom", "left", "right"])
def test_legends_stand_where_they_are_wanted(place):
    found = plot("line", SPLIT, metrics=["flights"], series=BY, grain="month", legend=place)
    assert found.figure["layout"]["showlegend"] is True
    hidden = plot("line", SPLIT, metrics=["flights"], series=BY, grain="month", legend="hidden")
    assert hidden.figure["layout"]["showlegend"] is False


def test_a_chart_may_have_a_palette_and_a_currency_of_its_own():
    found = plot("line", SINGLE, metrics=["flights"], palette="okabe-ito", currency="EUR")
    trace = found.figure["data"][0]
    assert trace["line"]["color"] == PALETTES["okabe-ito"][0]
    assert "€" in trace["hovertemplate"]
    unknown = plot("line", SINGLE, Look(PALETTES["ten"]), metrics=["flights"], palette="no such")
    assert unknown.figure["data"][0]["line"]["color"] == PALETTES["ten"][0]


def test_layers_of_mixed_charts_are_drawn_and_computed_as_asked():
    lines = SPLIT.rename_columns(["day", "origin", "mean_delay"])
    main = SINGLE.append_column("flights (1 year)", pa.array([1, 2, 3]))
    found = plot(
        "mixed", {"main": main, "lines": lines}, grain="month",
        bars={"metrics": ["flights"], "draw": "smooth", "compare": "1 year", "axis": "right"},
        lines={
            "metrics": ["mean_delay"], "series": BY, "draw": "bars", "stack": False,
            "axis": "left", "axis_title": "Delay",
        },
    )  # fmt: skip
    kinds = [(t["type"], t.get("yaxis", "y")) for t in found.figure["data"]]
    assert kinds == [("bar", "y"), ("bar", "y"), ("scatter", "y2"), ("scatter", "y2")]
    groups = [t["offsetgroup"] for t in found.figure["data"][:2]]
    assert len(set(groups)) == 2
    assert found.figure["data"][3]["line"]["shape"] == "spline"
    assert found.figure["layout"]["barmode"] == "group"


def test_lines_of_a_layer_may_be_stacked_areas():
    lines = SPLIT.rename_columns(["day", "origin", "mean_delay"])
    layer = {"metrics": ["mean_delay"], "series": BY, "stack": True, "area": True}
    found = plot(
        "mixed", {"main": SINGLE, "lines": lines}, grain="month", bars={"metrics": ["flights"]},
        lines=layer,
    )  # fmt: skip
    assert {t.get("stackgroup") for t in found.figure["data"][1:]} == {"lines"}


def test_layers_ask_each_their_own_question():
    specs = query(
        "mixed", grain="month", time_range="2013", limit=50,
        bars={"metrics": ["flights"], "rolling": "sum", "limit": 9},
        lines={"metrics": ["mean_delay"], "series": BY, "time_range": "2012"},
    )  # fmt: skip
    assert (specs.limit, specs.time_range) == (9, "2013")
    assert [type(s) for s in specs.post] == [Rolling]


def test_the_warehouse_answers_along_any_column(tmp_path):
    with flying(tmp_path) as source:
        scale = asked("line", source, metrics=["flights"], x=DELAY, cumulative=True)
        assert numbers(scale.figure["data"][0]["y"])[-1] == 356
        named = asked("area", source, metrics=["flights"], x=X, series=[{"column": "carrier"}])
        assert len(named.figure["data"]) == 4
        options = {"compare": ["1 month", "7 days"], "compare_show": "ratio", "rolling": "mean"}
        for slug in ("line", "area", "bar"):
            found = asked(slug, source, metrics=["flights"], grain="week", series=BY, **options)
            assert len(found.figure["data"]) == 6
            whole = {"share": "bucket", "series_limit": None}
            shares = asked(slug, source, metrics=["flights"], series=BY, grain="month", **whole)
            parts = [numbers(t["y"]) for t in shares.figure["data"]]
            assert [sum(p) for p in zip(*parts, strict=True)] == pytest.approx([1, 1, 1])
