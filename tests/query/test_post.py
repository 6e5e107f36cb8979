"""Steps after the warehouse give exactly what one would work out by hand."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.errors import Invalid
from dashapp.query.post import apply
from dashapp.specs import Dimension, QuerySpec
from dashapp.specs.post import (
    BoxPlot,
    Contribution,
    Cumulative,
    Histogram,
    Pivot,
    PostStep,
    Rank,
    Rename,
    Rolling,
    Select,
    Sort,
)

TABLE = pa.table(
    {
        "day": pa.array([1, 2, 3, 1, 2, 3], pa.int64()),
        "origin": ["EWR", "EWR", "EWR", "JFK", "JFK", "JFK"],
        "flights": pa.array([5, None, 3, 10, 20, 30], pa.int64()),
        "delay": pa.array([1.5, 2.5, None, 4.0, 4.0, 8.0], pa.float64()),
    }
)
NUMBERS = st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=1, max_size=40)


def never(step: object) -> pa.Table:
    raise AssertionError("Nothing is compared here.")


def answer(table: pa.Table, *steps: PostStep, by: tuple[str, ...] = ("day", "origin")) -> pa.Table:
    spec = QuerySpec(
        dataset=UUID(int=1),
        dimensions=tuple(Dimension(column=c) for c in by),
        metrics=("flights",),
        post=steps,
    )
    return apply(table, spec, never)


def cells(table: pa.Table, *steps: PostStep, name: str = "flights", **more: Any) -> list[Any]:
    column: list[Any] = answer(table, *steps, **more).column(name).to_pylist()
    assert not any(isinstance(v, float) and math.isnan(v) for v in column)
    return column


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("sum", [5, None, 8, 10, 30, 60]),
        ("prod", [5, None, 15, 10, 200, 6000]),
        ("min", [5, None, 3, 10, 10, 10]),
        ("max", [5, None, 5, 10, 20, 30]),
    ],
)
def test_running_values_are_per_series_and_skip_empty_cells(how, expected):
    step = Cumulative(time="day", metrics=("flights",), how=how)
    assert cells(TABLE, step) == expected
    assert answer(TABLE, step).schema == TABLE.schema


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("sum", [5, 5, 8, 10, 30, 60]),
        ("min", [5, 5, 3, 10, 10, 10]),
        ("max", [5, 5, 5, 10, 20, 30]),
    ],
)
def test_running_values_are_carried_through_empty_cells_if_asked_for(how, expected):
    assert (
        cells(TABLE, Cumulative(time="day", metrics=("flights",), how=how, carry=True)) == expected
    )


def test_running_sum_follows_time_not_the_order_of_rows():
    table = TABLE.take([2, 5, 0, 3, 1, 4])
    assert cells(table, Cumulative(time="day", metrics=("flights",))) == [8, 60, 5, 10, None, 30]


@pytest.mark.parametrize(
    ("how", "window", "least", "expected"),
    [
        ("mean", 2, 1, [5, 5, 3, 10, 15, 25]),
        ("sum", 2, 1, [5, 5, 3, 10, 30, 50]),
        ("sum", 2, 2, [None, None, None, None, 30, 50]),
        ("max", 9, 1, [5, 5, 5, 10, 20, 30]),
        ("median", 3, 1, [5, 5, 4, 10, 15, 20]),
        ("min", 2, 1, [5, 5, 3, 10, 10, 20]),
    ],
)
def test_windows_move_within_each_series(how, window, least, expected):
    step = Rolling(time="day", metrics=("flights",), how=how, window=window, min_periods=least)
    assert cells(TABLE, step) == expected


def test_deviation_of_one_value_is_empty():
    found = cells(TABLE, Rolling(time="day", metrics=("flights",), how="std", window=2))
    assert found[:4] == [None, None, None, None]
    assert found[4] == pytest.approx(math.sqrt(50))


def test_sum_of_an_empty_window_is_zero_where_no_value_is_needed():
    table = pa.table({"day": [1, 2], "flights": pa.array([None, None], pa.int64())})
    step = Rolling(time="day", metrics=("flights",), how="sum", window=2, min_periods=0)
    assert cells(table, step, by=("day",)) == [0, 0]


@given(NUMBERS, st.integers(1, 10))
def test_window_of_sums_is_the_difference_of_running_sums(values, window):
    table = pa.table({"day": range(len(values)), "flights": pa.array(values, pa.int64())})
    step = Rolling(time="day", metrics=("flights",), how="sum", window=window, min_periods=0)
    filled = [v or 0 for v in values]
    sums = [sum(filled[max(0, i + 1 - window) : i + 1]) for i in range(len(values))]
    assert cells(table, step, by=("day",)) == sums


def test_shares_of_the_column_s_total():
    found = cells(TABLE, Contribution(metrics=("flights",)))
    assert found == [5 / 68, None, 3 / 68, 10 / 68, 20 / 68, 30 / 68]


def test_shares_within_a_dimension_beside_the_metric():
    step = Contribution(metrics=("flights",), within=("origin",), suffix=" share")
    table = answer(TABLE, step)
    assert table.column_names == ["day", "origin", "flights", "delay", "flights share"]
    assert table["flights share"].to_pylist() == [5 / 8, None, 3 / 8, 1 / 6, 2 / 6, 3 / 6]


def test_shares_of_the_row():
    table = pa.table({"day": [1, 2], "flights": [1.0, 0.0], "delay": [3.0, 0.0]})
    step = Contribution(metrics=("flights", "delay"), over="row")
    assert cells(table, step, by=("day",)) == [0.25, None]


@given(NUMBERS)
def test_shares_add_up_to_one_or_are_all_empty(values):
    table = pa.table({"day": range(len(values)), "flights": pa.array(values, pa.int64())})
    found = [
        v for v in cells(table, Contribution(metrics=("flights",)), by=("day",)) if v is not None
    ]
    assert not found or sum(found) == pytest.approx(1)


def test_ranks_share_the_better_place():
    assert cells(TABLE, Rank(metric="delay"), name="rank") == [5, 4, None, 2, 2, 1]
    up = Rank(metric="delay", within=("origin",), descending=False, name="place")
    assert cells(TABLE, up, name="place") == [1, 2, None, 1, 1, 3]


def test_rank_as_a_share():
    step = Rank(metric="flights", within=("origin",), percent=True)
    assert cells(TABLE, step, name="rank") == [1 / 2, None, 1.0, 1.0, 2 / 3, 1 / 3]


def test_pivot_has_a_column_per_member():
    table = answer(TABLE, Pivot(index=("day",), columns=("origin",), metrics=("flights",)))
    assert table.to_pydict() == {"day": [1, 2, 3], "EWR": [5, None, 3], "JFK": [10, 20, 30]}


def test_pivot_of_several_metrics_names_the_metric_first():
    step = Pivot(index=(), columns=("origin", "day"), metrics=("flights", "delay"))
    table = answer(TABLE, step)
    assert table.num_rows == 1
    assert table.column_names[:2] == ["flights, EWR, 1", "flights, EWR, 2"]
    assert table["delay, JFK, 3"].to_pylist() == [8.0]


def test_pivot_names_empty_members_and_keeps_types():
    table = pa.table(
        {"day": [1, 1], "origin": [None, "(empty)"], "flights": pa.array([1, 2], pa.int32())}
    )
    found = answer(table, Pivot(index=("day",), columns=("origin",), metrics=("flights",)))
    assert found.to_pydict() == {"day": [1], "(empty)": [1], "(empty) (2)": [2]}
    assert found.schema.field("(empty)").type == pa.int32()


def test_pivot_needs_every_dimension():
    with pytest.raises(Invalid, match="together must be all dimensions: day, origin"):
        answer(TABLE, Pivot(index=("day",), columns=(), metrics=("flights",)))


def test_pivoted_columns_can_be_accumulated():
    found = answer(
        TABLE,
        Pivot(index=("day",), columns=("origin",), metrics=("flights",)),
        Cumulative(time="day", metrics=("EWR", "JFK")),
    )
    assert found.to_pydict() == {"day": [1, 2, 3], "EWR": [5, None, 8], "JFK": [10, 30, 60]}


def test_histogram_counts_in_equal_bins_and_closes_the_last():
    table = answer(TABLE, Histogram(column="flights", bins=3))
    assert table.column_names == ["bin_from", "bin_to", "count"]
    assert table.to_pydict() == {
        "bin_from": [3.0, 12.0, 21.0], "bin_to": [12.0, 21.0, 30.0], "count": [3, 1, 1],
    }  # fmt: skip


def test_histogram_per_member_as_running_shares():
    step = Histogram(column="flights", bins=2, by=("origin",), normalize=True, cumulative=True)
    table = answer(TABLE, step)
    assert table["origin"].to_pylist() == ["EWR", "EWR", "JFK", "JFK"]
    assert table["count"].to_pylist() == [1.0, 1.0, 1 / 3, 1.0]


def test_histogram_of_equal_values_reaches_half_a_unit_to_both_sides():
    table = pa.table({"flights": [4, 4, None]})
    found = answer(table, Histogram(column="flights", bins=2), by=())
    assert found.to_pydict() == {"bin_from": [3.5, 4.0], "bin_to": [4.0, 4.5], "count": [0, 2]}


def test_histogram_shares_may_be_of_everything_and_leave_out_the_empty_member():
    table = pa.table({"origin": ["EWR", "EWR", None, "JFK"], "flights": [0, 4, 9, 10]})
    step = Histogram(
        column="flights", bins=2, by=("origin",), normalize=True, share_of="all", empty=False
    )
    found = answer(table, step, by=("origin",))
    assert found["origin"].to_pylist() == ["EWR", "EWR", "JFK", "JFK"]
    assert found["bin_to"].to_pylist() == [5.0, 10.0, 5.0, 10.0]
    assert found["count"].to_pylist() == pytest.approx([2 / 3, 0, 0, 1 / 3])


def test_equal_ranks_may_share_the_mean_of_their_places():
    table = pa.table({"flights": [10, 30, 10, None, 5]})
    step = Rank(metric="flights", descending=False, percent=True, ties="mean")
    found = answer(table, step, by=())["rank"].to_pylist()
    assert found == [2.5 / 4, 1.0, 2.5 / 4, None, 1 / 4]


def test_quartiles_may_lie_halfway_and_whiskers_at_any_percentiles():
    table = pa.table({"origin": [None, "EWR", "EWR", "EWR", "EWR"], "flights": [9, 1, 2, 3, 10]})
    step = BoxPlot(
        by=("origin",), metrics=("flights",), whiskers="0.5/60", quartiles="midpoint", empty=False
    )
    (box,) = answer(table, step, by=("origin",)).to_pylist()
    assert (box["q1"], box["q3"], box["outliers"]) == (1.5, 6.5, [1.0, 3.0, 10.0])
    with pytest.raises(ValueError, match="Percentiles"):
        BoxPlot(by=(), metrics=("flights",), whiskers="98/2")


@given(NUMBERS, st.integers(1, 30))
def test_histogram_counts_every_value_once(values, bins):
    table = pa.table({"flights": pa.array(values, pa.int64())})
    counts = cells(table, Histogram(column="flights", bins=bins), name="count", by=())
    assert sum(counts) == len([v for v in values if v is not None])


def test_box_has_quartiles_whiskers_and_outliers():
    table = pa.table({"origin": ["EWR"] * 7, "flights": [1, 2, 3, 4, 5, 100, None]})
    found = answer(table, BoxPlot(by=("origin",), metrics=("flights",)), by=("origin",))
    assert found.to_pylist() == [
        {"origin": "EWR", "metric": "flights", "min": 1.0, "q1": 2.25, "median": 3.5, "q3": 4.75,
         "max": 5.0, "mean": pytest.approx(115 / 6), "count": 6, "outliers": [100.0]},
    ]  # fmt: skip


def test_box_of_two_values_whose_quartiles_coincide_has_both_as_outliers():
    table = pa.table({"origin": ["EWR"] * 2, "flights": [1, 5]})
    step = BoxPlot(by=("origin",), metrics=("flights",), quartiles="midpoint")
    row = answer(table, step, by=("origin",)).to_pylist()[0]
    assert (row["q1"], row["q3"], row["min"], row["max"]) == (3.0, 3.0, 5.0, 1.0)
    assert row["outliers"] == [1.0, 5.0]


def test_box_of_nothing_is_empty():
    table = pa.table({"origin": ["EWR"], "flights": pa.array([None], pa.float64())})
    row = answer(table, BoxPlot(by=("origin",), metrics=("flights",)), by=("origin",)).to_pylist()[
        0
    ]
    assert (row["median"], row["count"], row["outliers"]) == (None, 0, [])


@pytest.mark.parametrize(
    ("whiskers", "ends"), [("min/max", (0, 100)), ("2/98", (2, 98)), ("9/91", (9, 91))]
)
def test_whiskers_end_at_percentiles(whiskers, ends):
    table = pa.table({"flights": range(101)})
    step = BoxPlot(by=(), metrics=("flights",), whiskers=whiskers)
    row = answer(table, step, by=()).to_pylist()[0]
    assert (row["min"], row["max"]) == ends
    assert row["outliers"] == [v for v in range(101) if v < ends[0] or v > ends[1]]


def test_sort_is_stable_and_puts_empty_last():
    down = cells(TABLE, Sort(by=(("flights", True),)))
    assert down == [30, 20, 10, 5, 3, None]
    up = answer(TABLE, Sort(by=(("origin", True), ("delay", False))))
    assert up["delay"].to_pylist() == [4.0, 4.0, 8.0, 1.5, 2.5, None]
    assert up["day"].to_pylist()[:2] == [1, 2]


def test_renamed_dimensions_stay_dimensions():
    found = cells(
        TABLE,
        Rename(names=(("origin", "airport"), ("day", "d"))),
        Cumulative(time="d", metrics=("flights",)),
    )
    assert found == [5, None, 8, 10, 30, 60]


def test_select_keeps_these_columns_in_this_order():
    assert answer(TABLE, Select(columns=("delay", "day"))).column_names == ["delay", "day"]


@pytest.mark.parametrize(
    "step",
    [
        Cumulative(time="day", metrics=("lost",)),
        Rolling(time="lost", metrics=("flights",)),
        Contribution(metrics=("flights",), within=("lost",)),
        Rank(metric="lost"),
        Pivot(index=("day",), columns=("origin",), metrics=("lost",)),
        Histogram(column="lost"),
        Sort(by=(("lost", True),)),
        Rename(names=(("lost", "found"),)),
        Select(columns=("lost",)),
        BoxPlot(by=("lost",), metrics=("flights",)),
    ],
)
def test_a_wrong_name_is_refused_with_a_sentence(step):
    with pytest.raises(Invalid, match="The answer has no column “lost”; its columns are: day"):
        answer(TABLE, step)


def test_text_cannot_be_calculated_with_and_names_stay_unique():
    with pytest.raises(Invalid, match="“origin” holds no numbers"):
        answer(TABLE, Cumulative(time="day", metrics=("origin",)))
    with pytest.raises(Invalid, match="Two columns would be named “delay”"):
        answer(TABLE, Rename(names=(("flights", "delay"),)))


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (Cumulative(time="day", metrics=("flights",)), TABLE.column_names),
        (Rolling(time="day", metrics=("flights",)), TABLE.column_names),
        (Contribution(metrics=("flights",)), TABLE.column_names),
        (Rank(metric="flights"), [*TABLE.column_names, "rank"]),
        (Pivot(index=("day",), columns=("origin",), metrics=("flights",)), ["day"]),
        (Histogram(column="flights", by=("origin",)), ["origin", "bin_from", "bin_to", "count"]),
        (Sort(by=(("day", True),)), TABLE.column_names),
    ],
)
def test_empty_tables_keep_their_columns(step, names):
    found = answer(TABLE.slice(0, 0), step)
    assert (found.column_names, found.num_rows) == (names, 0)
