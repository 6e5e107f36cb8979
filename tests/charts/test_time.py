"""Lines, areas, and bars with lines along time."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty, Look
from dashapp.charts.colors import PALETTES
from dashapp.errors import Invalid
from dashapp.specs import Order, SeriesLimit
from dashapp.specs.post import Compare, Contribution, Cumulative, Forecast, Resample, Rolling
from tests.charts.flying import FRAME, LOOK, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

MONTHS = [datetime(2013, m, 1) for m in (1, 2, 3, 4)]
SINGLE = pa.table({"day": MONTHS, "flights": [10, None, 30, 20]})
SPLIT = pa.table(
    {
        "day": [MONTHS[0], MONTHS[1], MONTHS[1], MONTHS[2]],
        "origin": ["EWR", "EWR", "Other", "Other"],
        "flights": [10, 20, 5, 7],
    }
)
BY = [{"column": "origin"}]


def test_a_line_asks_for_buckets_in_order_of_time():
    spec = query("line", metrics=["flights"], grain="month", time_range="last year")
    assert (spec.dimensions[0].column, spec.dimensions[0].grain) == ("day", "month")
    assert spec.order == (Order(by="day"),)
    assert spec.series is None
    assert spec.time_range == "last year"


def test_series_are_limited_and_the_rest_is_other():
    spec = query("area", metrics=["flights"], series=BY, series_limit=4)
    assert spec.series == SeriesLimit(dimensions=("origin",), limit=4, other=True)


def test_what_is_computed_along_time_is_asked_in_an_order_that_makes_sense():
    spec = query(
        "line", metrics=["flights"], grain="month", compare="1 year", fill="zero",
        rolling="mean", cumulative=True, share="bucket", forecast=3,
    )  # fmt: skip
    kinds = [type(s) for s in spec.post]
    shares = [Contribution, Contribution]  # Of the present and of the earlier period.
    assert kinds == [Compare, Resample, Rolling, Cumulative, *shares, Forecast]
    assert spec.post[1].metrics == ("flights", "flights (1 year)")
    assert spec.post[4].within == ("day",)


def test_a_line_without_metric_or_time_says_what_is_missing():
    with pytest.raises(Invalid, match="at least one metric"):
        query("line")


def test_empty_values_are_gaps_and_a_click_means_the_bucket():
    found = plot("line", SINGLE, metrics=["flights"], grain="month")
    trace = found.figure["data"][0]
    assert numbers(trace["y"]) == [10, None, 30, 20]
    assert trace["customdata"][0] == ["2013-01-01"]
    assert found.clicks == (ClickTarget("day", "month"),)
    assert found.summary == (
        "Flights from Jan 2013 to Apr 2013: highest 30 (Mar 2013), lowest 10 (Jan 2013), "
        "last 20 (Apr 2013)."
    )


def test_a_single_series_has_no_legend_and_its_axis_is_named():
    page = plot("line", SINGLE, metrics=["flights"], grain="month").figure["layout"]
    assert page["showlegend"] is False
    assert page["annotations"][0]["text"] == "Flights"
    assert page["hovermode"] == "x unified"
    bare = plot("line", SINGLE, metrics=["flights"], axis_titles=False).figure["layout"]
    assert bare["annotations"] == []


def test_series_join_over_buckets_they_lack_and_keep_their_colours():
    look = Look(PALETTES["dashapp"], {"EWR": "#123456"})
    found = plot("line", SPLIT, look, metrics=["flights"], series=BY, grain="month")
    first, other = found.figure["data"]
    assert (first["name"], first["line"]["color"]) == ("EWR", "#123456")
    assert numbers(first["y"]) == [10, 20]
    assert other["name"] == "Other"
    gaps = plot("line", SPLIT, metrics=["flights"], series=BY, grain="month", fill="null")
    assert numbers(gaps.figure["data"][1]["y"]) == [None, 5, 7]


def test_an_earlier_period_is_dashed_paler_and_behind():
    table = SINGLE.append_column("flights (1 year)", pa.array([8, 9, None, 7]))
    found = plot("line", table, metrics=["flights"], grain="month", compare="1 year")
    past, present = found.figure["data"]
    assert past["line"]["dash"]
    assert past["line"]["color"].startswith("rgba(")
    assert past["name"] == "Flights (1 year earlier)"
    assert numbers(past["y"]) == [8, 9, 7]
    assert "dash" not in present["line"]
    assert found.figure["layout"]["showlegend"] is True


def test_the_legend_of_several_series_names_an_earlier_period_once():
    table = SPLIT.append_column("flights (1 year)", pa.array([1.0] * SPLIT.num_rows))
    found = plot("line", table, metrics=["flights"], series=BY, grain="month", compare="1 year")
    shown = [t["name"] for t in found.figure["data"] if t.get("showlegend", True)]
    assert shown == ["EWR", "Other", "1 year earlier"]
    groups = {t.get("legendgroup") for t in found.figure["data"] if t.get("y") != [None]}
    assert groups == {"EWR", "Other"}


def test_names_of_many_series_are_short_in_the_legend_and_whole_in_tooltips():
    long = [f"A rather long name of an airport {i}" for i in range(6)]
    table = pa.table({"day": [MONTHS[0]] * 6, "origin": long, "flights": range(6)})
    first = plot("line", table, metrics=["flights"], series=BY, grain="month").figure["data"][0]
    assert len(first["name"]) <= 20
    assert long[5] in first["hovertemplate"]
    both = table.append_column("mean_delay", pa.array([1.0] * 6))
    metrics = ["mean_delay", "flights"]
    found = plot("line", both, metrics=metrics, series=BY, grain="month").figure["data"]
    assert found[0]["name"] == "Mean delay · A rather l…"


def test_a_legend_takes_two_lines_at_most():
    legend = plot("line", SPLIT, metrics=["flights"], series=BY).figure["layout"]["legend"]
    assert (legend["yref"], legend["maxheight"]) == ("container", 48)


def test_lines_over_bars_have_colours_of_their_own():
    lines = pa.table({"day": [MONTHS[0]], "mean_delay": [1.0]})
    found = plot("mixed", {"main": SPLIT, "lines": lines}, grain="month", bars={
        "metrics": ["flights"], "series": BY}, lines={"metrics": ["mean_delay"]})  # fmt: skip
    *bars, line = found.figure["data"]
    assert line["line"]["color"] not in {b["marker"]["color"] for b in bars}


def test_a_relative_change_is_drawn_instead_as_percent():
    table = SINGLE.append_column("flights change (1 year)", pa.array([0.1, -0.2, None, 0.3]))
    options = {"compare": "1 year", "compare_show": "change"}
    found = plot("line", table, metrics=["flights"], grain="month", **options)
    trace = found.figure["data"][0]
    assert numbers(trace["y"]) == [0.1, -0.2, None, 0.3]
    assert trace["hovertemplate"].startswith("%{y:+.1%}")


def test_a_forecast_is_a_band_and_a_dashed_line_from_the_last_value():
    table = pa.table(
        {
            "day": MONTHS, "flights": [10, 20, None, None],
            "flights forecast": [None, None, 25.0, 30.0],
            "flights low": [None, None, 20.0, 22.0], "flights high": [None, None, 30.0, 38.0],
        }
    )  # fmt: skip
    found = plot("line", table, metrics=["flights"], grain="month", forecast=2)
    low, high, middle, line = found.figure["data"]
    assert numbers(low["y"]) == [20, 20, 22]
    assert high["fill"] == "tonexty"
    assert numbers(middle["y"]) == [20, 25, 30]
    assert numbers(line["y"]) == [10, 20]
    assert found.figure["layout"]["showlegend"] is False


def test_areas_stack_and_missing_buckets_count_as_nothing():
    found = plot("area", SPLIT, metrics=["flights"], series=BY, grain="month")
    assert {t["stackgroup"] for t in found.figure["data"]} == {"all"}
    assert numbers(found.figure["data"][1]["y"]) == [0, 5, 7]


def test_percent_areas_fill_the_height_and_tell_both_share_and_value():
    found = plot("area", SPLIT, metrics=["flights"], series=BY, grain="month", stack="percent")
    first, other = found.figure["data"]
    assert numbers(first["y"]) == [1.0, 0.8, 0.0]
    assert first["text"] == [10, 20, 0]
    assert other["hovertemplate"].startswith("%{y:.1%} (%{text:")
    assert found.figure["layout"]["yaxis"]["range"] == [0, 1]


def test_apart_areas_are_clear_and_from_zero():
    found = plot("area", SINGLE, metrics=["flights"], stack="none", grain="month")
    assert found.figure["data"][0]["fill"] == "tozeroy"
    assert found.figure["layout"]["yaxis"]["rangemode"] == "tozero"


def test_lines_take_shape_markers_labels_bounds_and_references():
    found = plot(
        "line", SINGLE, metrics=["flights"], grain="month", shape="smooth", markers="always",
        value_labels=True, low=5, references=[{"value": 25, "label": "<b>Goal</b>"}],
    )  # fmt: skip
    trace, page = found.figure["data"][0], found.figure["layout"]
    assert trace["line"]["shape"] == "spline"
    assert trace["mode"] == "lines+markers+text"
    assert trace["text"] == ["10", "", "30", "20"]
    assert page["yaxis"]["range"] == [5, None]
    assert page["shapes"][0]["y0"] == 25
    assert page["annotations"][-1]["text"] == "&lt;b&gt;Goal&lt;/b&gt;"


def test_short_words_of_a_line_stand_beside_the_plot():
    short, long = (
        plot("line", SINGLE, metrics=["flights"], references=[{"value": 25, "label": label}])
        for label in ("Late", "Later than anybody would wait")
    )
    assert short.figure["layout"]["annotations"][-1]["xanchor"] == "left"
    assert long.figure["layout"]["annotations"][-1]["xanchor"] == "right"
    assert short.figure["layout"]["margin"]["r"] > long.figure["layout"]["margin"]["r"]


def test_a_long_line_is_thinned_and_its_labels_are_the_last():
    days = [datetime(2000, 1, 1) + timedelta(hours=i) for i in range(9_000)]
    table = pa.table({"day": days, "flights": list(range(9_000))})
    trace = plot("line", table, metrics=["flights"], value_labels=True, grain="hour").figure[
        "data"
    ][0]
    assert len(trace["customdata"]) <= 4_003
    assert [t for t in trace["text"] if t] == ["8,999"]


@pytest.mark.parametrize("slug", ["line", "area"])
def test_names_that_mean_harm_are_drawn_as_they_are(slug):
    table = pa.table({"day": [MONTHS[0]] * 4, "origin": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot(slug, table, metrics=["flights"], series=BY, grain="month"))


@pytest.mark.parametrize("slug", ["line", "area"])
@pytest.mark.parametrize("rows", [SINGLE.slice(0, 0), SINGLE.slice(1, 1)])
def test_no_rows_or_no_values_are_told(slug, rows):
    found = drawn(slug, {"main": rows}, metrics=["flights"])
    assert isinstance(found, Empty)
    assert found.reason == "no_rows"
    split = SPLIT.slice(0, 0)
    assert isinstance(drawn(slug, {"main": split}, metrics=["flights"], series=BY), Empty)


def test_one_bucket_is_a_dot_and_rows_without_time_are_left_out():
    table = pa.table({"day": [None, MONTHS[0]], "flights": [9, 10]})
    found = plot("line", table, metrics=["flights"], grain="month")
    assert numbers(found.figure["data"][0]["y"]) == [10]
    assert "markers" in found.figure["data"][0]["mode"]


def test_two_thousand_series_are_cut_to_what_can_be_told_apart():
    table = pa.table(
        {
            "day": [MONTHS[0]] * 2000,
            "origin": [f"m{i}" for i in range(2000)],
            "flights": range(2000),
        }
    )
    found = plot("line", table, metrics=["flights"], series=BY, grain="month")
    assert len(found.figure["data"]) == 100
    assert found.figure["data"][0]["name"] == "m1999"


MIXED = {"bars": {"metrics": ["flights"]}, "lines": {"metrics": ["mean_delay"]}}


def test_bars_and_lines_have_a_question_and_an_axis_each():
    tables = {
        "main": SINGLE,
        "lines": pa.table({"day": MONTHS, "mean_delay": [1.5, 2.5, 3.5, 4.5]}),
    }
    found = plot("mixed", tables, grain="month", **MIXED)
    bars, line = found.figure["data"]
    assert (bars["type"], line["yaxis"], line["name"]) == ("bar", "y2", "Mean delay →")
    assert found.figure["layout"]["yaxis2"]["side"] == "right"
    assert bars["marker"]["color"] != line["line"]["color"]
    assert found.clicks == (ClickTarget("day", "month"),)
    one = plot("mixed", tables, grain="month", second_axis=False, **MIXED)
    assert "yaxis2" not in one.figure["layout"]


def test_bars_and_lines_over_members_share_their_order():
    tables = {
        "main": pa.table({"origin": ["a", "b", "c"], "flights": [1, 3, 2]}),
        "lines": pa.table({"origin": ["a", "b", "z"], "mean_delay": [1.0, 2.0, 9.0]}),
    }
    found = plot("mixed", tables, x={"column": "origin"}, **MIXED)
    assert found.figure["data"][0]["x"] == ["b", "c", "a"]
    assert found.figure["data"][1]["x"] == ["b", "a"]
    hostile = pa.table({"origin": list(HOSTILE), "flights": [1, 2, 3, 4]})
    lines = hostile.rename_columns(["origin", "mean_delay"])
    harmless(plot("mixed", {"main": hostile, "lines": lines}, x={"column": "origin"}, **MIXED))
    nothing = {"main": hostile.slice(0, 0), "lines": lines.slice(0, 0)}
    assert isinstance(drawn("mixed", nothing, x={"column": "origin"}, **MIXED), Empty)


def test_the_warehouses_answers_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        whole = asked("line", source, metrics=["flights"], grain="month")
        assert sum(numbers(whole.figure["data"][0]["y"])) == len(FRAME)
        for options in (
            {"series": BY, "rolling": "mean", "rolling_window": 3},
            {"compare": "1 month", "fill": "zero", "cumulative": True},
            {"share": "bucket", "series": BY},
            {"forecast": 4, "grain": "week"},
        ):
            assert asked("line", source, metrics=["flights"], **options).figure["data"]
        assert asked("mixed", source, grain="week", **MIXED).summary
        assert LOOK.palette


def test_a_stack_is_compared_by_its_total_and_a_single_area_by_itself():
    table = SPLIT.append_column("flights (1 year)", pa.array([1, 2, 3, 4]))
    options = {"metrics": ["flights"], "compare": "1 year", "grain": "month"}
    total = plot("area", table, series=BY, **options).figure["data"][-1]
    assert total["name"] == "Total (1 year earlier)"
    assert numbers(total["y"]) == [1, 5, 4]
    alone = SINGLE.append_column("flights (1 year)", pa.array([1, 2, 3, 4]))
    assert len(plot("area", alone, **options).figure["data"]) == 2
