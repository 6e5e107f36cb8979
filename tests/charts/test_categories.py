"""Bars and bubbles."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.charts.colors import OTHER_COLOR
from dashapp.errors import Invalid
from dashapp.specs import Order, SeriesLimit
from dashapp.specs.post import Compare, Contribution
from tests.charts.flying import FRAME, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

X = {"column": "origin"}
BY = [{"column": "carrier"}]
PLAIN = pa.table({"origin": ["EWR", None, "JFK", "Other"], "flights": [10, 20, 30, 40]})
SPLIT = pa.table(
    {
        "origin": ["EWR", "EWR", "JFK", "JFK"],
        "carrier": ["UA", "Other", "UA", "Other"],
        "flights": [30, 10, 5, 15],
    }
)
TIMES = pa.table({"day": [datetime(2013, 1, 1), datetime(2013, 2, 1)], "flights": [10, 20]})


def test_bars_ask_for_the_largest_members():
    spec = query("bar", metrics=["flights"], x=X, members=7, members_other=True)
    assert spec.series == SeriesLimit(dimensions=("origin",), limit=7, by=None, other=True)
    assert spec.order == (Order(by="flights", descending=True),)
    smallest = query("bar", metrics=["flights"], x=X, sort="smallest")
    assert smallest.series is not None
    assert smallest.series.descending is False


def test_bars_with_series_limit_the_series_and_bars_over_time_nothing():
    assert query("bar", metrics=["flights"], x=X, series=BY).series.dimensions == ("carrier",)
    spec = query("bar", metrics=["flights"], grain="week")
    assert spec.series is None
    assert spec.dimensions[0].grain == "week"


def test_a_dashboards_grain_replaces_that_of_a_dimension_of_time():
    day = {"column": "day", "grain": "month"}
    assert query("bar", metrics=["flights"], x=day).dimensions[0].grain == "month"
    assert query("bar", metrics=["flights"], x=day, grain="year").dimensions[0].grain == "year"


def test_along_members_only_comparison_and_share_are_computed():
    spec = query(
        "bar", metrics=["flights"], x=X, compare="1 year", share="total", rolling="mean",
        cumulative=True, forecast=3,
    )  # fmt: skip
    assert [type(s) for s in spec.post] == [Compare, Contribution, Contribution]
    assert spec.post[0].time is None


def test_bars_are_sorted_labelled_and_clickable_but_for_the_rest():
    found = plot("bar", PLAIN, metrics=["flights"], x=X)
    trace = found.figure["data"][0]
    assert trace["x"] == ["JFK", "EWR", "(empty)", "Other"]
    assert numbers(trace["y"]) == [30, 10, 20, 40]
    assert trace["customdata"] == [["JFK"], ["EWR"], [None], None]
    assert found.clicks == (ClickTarget("origin"),)
    assert found.summary == "Flights for 4 members: highest 40 (Other), lowest 10 (EWR)."


def test_grouped_bars_mean_member_and_series():
    found = plot("bar", SPLIT, metrics=["flights"], x=X, series=BY)
    united, other = found.figure["data"]
    assert united["customdata"] == [["EWR", "UA"], ["JFK", "UA"]]
    assert other["customdata"] == [None, None]
    assert other["marker"]["color"] == OTHER_COLOR
    assert found.figure["layout"]["barmode"] == "group"
    assert found.figure["layout"]["showlegend"] is True
    assert len(found.clicks) == 2


def test_stacks_have_totals_and_shares_have_values():
    found = plot("bar", SPLIT, metrics=["flights"], x=X, series=BY, stack="stacked", totals=True)
    assert found.figure["layout"]["barmode"] == "relative"
    assert found.figure["data"][-1]["text"] == ["40", "20"]
    share = plot("bar", SPLIT, metrics=["flights"], x=X, series=BY, stack="percent")
    assert numbers(share.figure["data"][0]["y"]) == [0.75, 0.25]
    assert share.figure["data"][0]["text"] == [30, 5]
    assert share.figure["layout"]["yaxis"]["range"] == [0, 1]


def test_lying_bars_read_from_the_top_down():
    found = plot("bar", PLAIN, metrics=["flights"], x=X, horizontal=True, value_labels=True)
    trace, page = found.figure["data"][0], found.figure["layout"]
    assert trace["orientation"] == "h"
    assert trace["y"][0] == "JFK"
    assert page["yaxis"]["autorange"] == "reversed"
    assert trace["text"][0] == "30"
    assert page["shapes"] == []


def test_bars_over_time_mean_buckets():
    found = plot("bar", TIMES, metrics=["flights"], grain="month")
    assert found.figure["data"][0]["customdata"] == [["2013-01-01"], ["2013-02-01"]]
    assert found.clicks == (ClickTarget("day", "month"),)
    assert found.figure["layout"]["xaxis"]["type"] == "date"
    assert found.figure["layout"]["xaxis"]["hoverformat"] == "%b %Y"


def test_an_earlier_periods_bars_are_paler_and_not_clickable():
    table = PLAIN.append_column("flights (1 year)", pa.array([1, 2, 3, None]))
    found = plot("bar", table, metrics=["flights"], x=X, compare="1 year")
    past, present = found.figure["data"]
    assert "customdata" not in past
    assert past["marker"]["color"].startswith("rgba(")
    assert numbers(past["y"]) == [3, 1, 2]
    assert present["customdata"][0] == ["JFK"]


def test_several_metrics_take_the_palette_in_order():
    table = PLAIN.append_column("mean_delay", pa.array([1.5, 2.5, None, 3.5]))
    found = plot("bar", table, metrics=["flights", "mean_delay"], x=X)
    assert [t["name"] for t in found.figure["data"]] == ["Flights", "Mean delay"]
    assert len({t["marker"]["color"] for t in found.figure["data"]}) == 2


def test_numbers_along_the_axis_keep_their_order_and_long_names_are_short():
    table = pa.table({"origin": [10, 2, 1], "flights": [1, 2, 3]})
    assert plot("bar", table, metrics=["flights"], x=X).figure["data"][0]["x"] == ["1", "2", "10"]
    long = pa.table({"origin": ["a" * 99, "a" * 98], "flights": [2, 1]})
    trace = plot("bar", long, metrics=["flights"], x=X).figure["data"][0]
    assert len(set(trace["x"])) == 2
    assert max(map(len, trace["x"])) <= 21
    assert trace["hovertext"][0] == "a" * 99


def test_names_that_mean_harm_are_drawn_as_they_are():
    table = pa.table({"origin": list(HOSTILE), "carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    for options in ({}, {"horizontal": True}, {"series": BY, "stack": "percent"}):
        harmless(plot("bar", table, metrics=["flights"], x=X, **options))
    scatter = table.append_column("mean_delay", pa.array([1.0, 2.0, 3.0, 4.0]))
    harmless(plot("scatter", scatter, **POINTS, color=BY[0], point_labels=True))


def test_no_rows_one_member_and_two_thousand():
    assert isinstance(drawn("bar", {"main": PLAIN.slice(0, 0)}, metrics=["flights"], x=X), Empty)
    assert plot("bar", PLAIN.slice(0, 1), metrics=["flights"], x=X).figure["data"][0]["x"] == [
        "EWR"
    ]
    many = pa.table({"origin": [f"m{i}" for i in range(2000)], "flights": list(range(2000))})
    trace = plot("bar", many, metrics=["flights"], x=X).figure["data"][0]
    assert len(trace["x"]) == 50
    assert trace["x"][0] == "m1999"


POINTS = {"points": [X], "x": "flights", "y": "mean_delay"}
CLOUD = pa.table(
    {
        "origin": ["EWR", "JFK", "LGA", None],
        "carrier": ["UA", "UA", "B6", None],
        "flights": [10, 20, 30, 40],
        "mean_delay": [1.5, -2.0, None, 4.0],
        "delay_sum": [5.0, 100.0, 7.0, None],
    }
)


def test_points_ask_for_the_largest():
    spec = query("scatter", **POINTS, size="delay_sum", color=BY[0], limit=5)
    assert [d.name for d in spec.dimensions] == ["origin", "carrier"]
    assert spec.metrics == ("flights", "mean_delay", "delay_sum")
    assert spec.order == (Order(by="delay_sum", descending=True),)
    assert spec.limit == 5
    with pytest.raises(Invalid, match="metric across"):
        query("scatter", points=[X], y="flights")


def test_points_without_a_place_are_left_out():
    found = plot("scatter", CLOUD, **POINTS)
    trace = found.figure["data"][0]
    assert numbers(trace["x"]) == [10, 20, 40]
    assert trace["customdata"] == [["EWR"], ["JFK"], [None]]
    assert "highest (empty) (4.0)" in found.summary
    logs = plot("scatter", CLOUD, **POINTS, y_log=True)
    assert numbers(logs.figure["data"][0]["y"]) == [1.5, 4.0]


def test_bubbles_are_sized_by_area_and_coloured_by_member():
    found = plot("scatter", CLOUD, **POINTS, size="delay_sum", color=BY[0])
    united = found.figure["data"][0]
    assert united["name"] == "UA"
    assert united["marker"]["sizemode"] == "area"
    assert united["customdata"] == [["JFK", "UA"], ["EWR", "UA"]]  # Large ones lie below.
    assert [c.column for c in found.clicks] == ["origin", "carrier"]
    assert found.figure["layout"]["legend"]["itemsizing"] == "constant"


def test_lying_bars_are_named_whole():
    name = "ExpressJet Airlines Inc."
    many = pa.table(
        {"carrier": [name, *(f"c{i}" for i in range(9))], "flights": list(range(10, 0, -1))}
    )
    options = {"metrics": ["flights"], "x": {"column": "carrier"}}
    lying = plot("bar", many, **options, horizontal=True).figure["data"][0]
    upright = plot("bar", many, **options).figure["data"][0]
    assert lying["y"][0] == name
    assert upright["x"][0] != name


def test_axes_take_bounds_lines_titles_and_a_trend():
    found = plot(
        "scatter",
        CLOUD,
        **POINTS,
        trend=True,
        x_low=0,
        y_references=[{"value": 1, "label": "Goal"}],
    )
    page = found.figure["layout"]
    assert found.figure["data"][-1]["name"] == "Trend"
    assert page["xaxis"]["title"]["text"] == "Flights"
    assert page["annotations"][0]["text"] == "↑ Mean delay"
    assert page["shapes"][0]["y0"] == 1


def test_colours_beyond_the_palette_are_other():
    many = pa.table(
        {
            "origin": [f"o{i}" for i in range(2000)],
            "carrier": [f"c{i % 40}" for i in range(2000)],
            "flights": list(range(2000)),
            "mean_delay": [float(i) for i in range(2000)],
        }
    )
    found = plot("scatter", many, **POINTS, color=BY[0], limit=500)
    assert len(found.figure["data"]) == 25
    assert found.figure["data"][-1]["name"] == "Other"
    assert sum(len(t["customdata"]) for t in found.figure["data"]) == 500
    assert isinstance(drawn("scatter", {"main": many.slice(0, 0)}, **POINTS), Empty)


def test_the_warehouses_answers_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        bars = asked("bar", source, metrics=["flights"], x=X, series=BY, stack="stacked")
        assert sum(sum(numbers(t["y"])) for t in bars.figure["data"]) == len(FRAME)
        top = asked("bar", source, metrics=["flights"], x=X, members=1, members_other=True)
        assert len(top.figure["data"][0]["x"]) == 2
        assert top.figure["data"][0]["customdata"][-1] is None
        compared = asked("bar", source, metrics=["flights"], grain="month", compare="1 month")
        assert len(compared.figure["data"]) == 2
        assert asked("scatter", source, **POINTS, color=BY[0]).summary


def test_bars_to_come_are_paler_with_their_interval():
    table = pa.table(
        {
            "day": [datetime(2013, m, 1) for m in (1, 2, 3)], "flights": [10, 20, None],
            "flights forecast": [None, None, 25.0], "flights low": [None, None, 20.0],
            "flights high": [None, None, 32.0],
        }
    )  # fmt: skip
    ahead = plot("bar", table, metrics=["flights"], grain="month", forecast=1).figure["data"][1]
    assert numbers(ahead["y"]) == [25]
    assert numbers(ahead["error_y"]["array"]) == [7]
    assert ahead["showlegend"] is False


def test_a_stack_is_compared_by_its_total():
    table = SPLIT.append_column("flights (1 year)", pa.array([1, 2, 3, 4]))
    options = {"metrics": ["flights"], "x": X, "series": BY, "compare": "1 year"}
    total = plot("bar", table, stack="stacked", **options).figure["data"][-1]
    assert total["name"] == "Total (1 year earlier)"
    assert numbers(total["y"]) == [3, 7]


def test_names_of_points_stand_clear_of_each_other_and_large_ones_go_first():
    cloud = pa.table(
        {
            "origin": ["JFK", "JFK", "JFK"],
            "carrier": ["Small beside", "Large", "Far away"],
            "flights": [1.0, 1.01, 9.0],
            "mean_delay": [1.0, 1.0, 9.0],
            "aircraft": [1, 50, 1],
        }
    )
    options = {"points": [{"column": "carrier"}], "x": "flights", "y": "mean_delay"}
    found = plot("scatter", cloud, **options, size="aircraft", point_labels=True, x_log=True)
    assert sorted(found.figure["data"][0]["text"]) == ["", "Far away", "Large"]
    assert "1k" in found.figure["layout"]["xaxis"]["ticktext"]
