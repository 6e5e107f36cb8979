"""Regular steps, comparison with earlier periods, forecasts."""

# ruff: noqa: DTZ001 - dimensions of time are wall clocks

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.errors import Invalid
from dashapp.query.post import apply
from dashapp.query.timerange import Range
from dashapp.specs import Dimension, Grain, QuerySpec
from dashapp.specs.post import (
    Change,
    Compare,
    Complete,
    Contribution,
    Cumulative,
    Forecast,
    PostStep,
    Resample,
    Rolling,
)


def days(first: str, count: int, step: int = 1) -> list[datetime]:
    return [datetime.fromisoformat(first) + timedelta(days=step * i) for i in range(count)]


def answer(
    table: pa.Table,
    *steps: PostStep,
    before: pa.Table | None = None,
    grain: Grain | None = "day",
    bounds: Range = (None, None),
) -> pa.Table:
    names = [c for c in table.column_names if c not in ("n", "share")]
    spec = QuerySpec(
        dataset=UUID(int=1),
        dimensions=tuple(Dimension(column=c, grain=grain if c == "t" else None) for c in names),
        metrics=("n",),
        post=steps,
    )

    def earlier(step: Compare) -> pa.Table:
        assert before is not None
        return before

    return apply(table, spec, earlier, bounds)


GAPPY = pa.table(
    {
        "t": [*days("2024-02-27", 2), datetime(2024, 3, 2, 7)],
        "who": ["a", "b", "a"],
        "n": pa.array([1, 2, 5], pa.int64()),
    }
)


@pytest.mark.parametrize(
    ("fill", "a", "b"),
    [
        ("null", [1, None, None, None, 5], [None, 2, None, None, None]),
        ("zero", [1, 0, 0, 0, 5], [0, 2, 0, 0, 0]),
        ("forward", [1, 1, 1, 1, 5], [None, 2, 2, 2, 2]),
        ("backward", [1, 5, 5, 5, 5], [2, 2, None, None, None]),
        ("linear", [1.0, 2.0, 3.0, 4.0, 5.0], [None, 2.0, None, None, None]),
    ],
)
def test_gaps_are_filled_as_asked_within_each_series(fill, a, b):
    table = answer(GAPPY, Resample(time="t", metrics=("n",), grain="day", fill=fill))
    assert table.column_names == ["t", "who", "n"]
    assert table["t"].to_pylist() == days("2024-02-27", 5) * 2
    assert table["who"].to_pylist() == ["a"] * 5 + ["b"] * 5
    assert table["n"].to_pylist() == a + b


@pytest.mark.parametrize(
    ("how", "expected"),
    [("sum", [3, 5]), ("mean", [1.5, 5]), ("max", [2, 5]), ("last", [2, 5]), ("first", [1, 5])],
)
def test_finer_times_are_gathered(how, expected):
    table = GAPPY.drop_columns(["who"])
    found = answer(table, Resample(time="t", metrics=("n",), grain="month", how=how))
    assert found.to_pydict() == {"t": [datetime(2024, 2, 1), datetime(2024, 3, 1)], "n": expected}


def test_dates_stay_dates_and_weeks_start_as_in_the_data():
    sundays = [date(2024, 3, 3), date(2024, 3, 17)]
    table = pa.table({"t": sundays, "n": [1, 2]})
    found = answer(table, Resample(time="t", metrics=("n",), grain="week", fill="zero"))
    assert found.to_pydict() == {"t": [sundays[0], date(2024, 3, 10), sundays[1]], "n": [1, 0, 2]}


def test_times_with_a_zone_keep_it():
    kind = pa.timestamp("us", tz="UTC")
    table = pa.table({"t": pa.array(days("2024-01-01", 2, 2), pa.timestamp("us")), "n": [1, 2]})
    table = table.set_column(0, "t", table["t"].cast(kind))
    found = answer(table, Resample(time="t", metrics=("n",), grain="day"))
    assert found.schema.field("t").type == kind
    assert found["n"].to_pylist() == [1, None, 2]


def test_rows_without_time_are_left_out_and_too_many_steps_refused():
    table = pa.table({"t": [None, datetime(1900, 1, 1), datetime(2024, 1, 1)], "n": [1, 2, 3]})
    assert answer(table, Resample(time="t", metrics=("n",), grain="year")).num_rows == 125
    with pytest.raises(Invalid, match="choose a coarser grain"):
        answer(table, Resample(time="t", metrics=("n",), grain="second"))


def test_text_is_no_time():
    table = pa.table({"t": ["a"], "n": [1]})
    with pytest.raises(Invalid, match="“t” holds no times"):
        answer(table, Resample(time="t", metrics=("n",), grain="day"))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.sampled_from(["null", "zero"]))
def test_resampling_loses_nothing(offsets, fill):
    start = datetime(2024, 1, 1)
    times = [start + timedelta(days=o) for o in offsets]
    table = pa.table({"t": times, "n": pa.array(offsets, pa.int64())})
    found = answer(table, Resample(time="t", metrics=("n",), grain="week", fill=fill))
    assert sum(v or 0 for v in found["n"].to_pylist()) == sum(offsets)


NOW = pa.table({"t": days("2024-03-01", 3), "n": [10, 20, None]})
THEN = pa.table({"t": days("2023-03-01", 3), "n": [5, 0, 3]})


@pytest.mark.parametrize(
    ("show", "name", "expected"),
    [
        ("values", "n (1 year)", [5, 0, 3]),
        ("difference", "n difference (1 year)", [5, 20, None]),
        ("change", "n change (1 year)", [1.0, None, None]),
        ("ratio", "n ratio (1 year)", [2.0, None, None]),
    ],
)
def test_earlier_values_stand_beside_the_present_ones(show, name, expected):
    found = answer(NOW, Compare(time="t", metrics=("n",), show=show), before=THEN)
    assert found.column_names == ["t", "n", name]
    assert found[name].to_pylist() == expected


def test_rows_join_on_all_dimensions_and_lack_of_one_is_empty():
    now = pa.table(
        {"t": days("2024-03-01", 2) * 2, "who": ["a", "a", None, None], "n": [1, 2, 3, 4]}
    )
    then = pa.table({"t": days("2024-02-29", 2), "who": [None, "a"], "n": [7, 8]})
    found = answer(now, Compare(time="t", metrics=("n",), offset="1 day"), before=then)
    assert found["n (1 day)"].to_pylist() == [None, 8, 7, None]


def test_the_leap_day_does_not_double_a_row():
    now = pa.table({"t": days("2025-02-27", 3), "n": [1, 2, 3]})
    then = pa.table({"t": days("2024-02-27", 4), "n": [10, 20, 29, 30]})
    found = answer(now, Compare(time="t", metrics=("n",), offset="1 year"), before=then)
    assert found["n (1 year)"].to_pylist() == [10, 20, 30]


def test_the_leap_day_finds_no_earlier_day():
    now = pa.table({"t": days("2024-02-28", 3), "n": [1, 2, 3]})
    then = pa.table({"t": days("2023-02-28", 2), "n": [10, 20]})
    found = answer(now, Compare(time="t", metrics=("n",), offset="1 year"), before=then)
    assert found["n (1 year)"].to_pylist() == [10, None, 20]


def test_months_end_where_they_end():
    now = pa.table({"t": days("2023-02-26", 3), "n": [1, 2, 3]})
    then = pa.table({"t": days("2023-01-26", 6), "n": [26, 27, 28, 29, 30, 31]})
    found = answer(now, Compare(time="t", metrics=("n",), offset="1 month"), before=then)
    assert found["n (1 month)"].to_pylist() == [26, 27, 28]


def test_weeks_of_two_years_meet():
    now = pa.table({"t": days("2013-03-04", 3, 7), "n": [1, 2, 3]})
    then = pa.table({"t": days("2012-03-05", 3, 7), "n": [10, 20, 30]})
    found = answer(now, Compare(metrics=("n",)), before=then, grain="week")
    assert found["n (1 year)"].to_pylist() == [10, 20, 30]


@pytest.mark.parametrize("bounds", [(None, None), (datetime(2024, 3, 1), datetime(2024, 4, 1))])
def test_previous_period_is_as_long_as_the_range(bounds):
    months = [datetime(2024, 3, d) for d in (1, 31)]
    now = pa.table({"t": months, "n": [1, 2]})
    then = pa.table({"t": [datetime(2024, 2, 1), datetime(2024, 2, 29)], "n": [10, 20]})
    step = Compare(time="t", metrics=("n",), offset="previous period")
    found = answer(now, step, before=then, bounds=bounds)
    assert found["n (previous period)"].to_pylist() == [10, None]


def test_one_number_is_compared_without_time():
    found = answer(pa.table({"n": [3]}), Compare(metrics=("n",)), before=pa.table({"n": [2]}))
    assert found.to_pydict() == {"n": [3], "n (1 year)": [2]}


def test_earlier_rows_go_through_the_steps_before():
    steps = (Cumulative(time="t", metrics=("n",)), Compare(time="t", metrics=("n",)))
    assert answer(NOW, *steps, before=THEN)["n (1 year)"].to_pylist() == [5, 5, 8]


def test_comparing_nothing_keeps_the_columns():
    found = answer(NOW.slice(0, 0), Compare(time="t", metrics=("n",)), before=THEN.slice(0, 0))
    assert (found.column_names, found.num_rows) == (["t", "n", "n (1 year)"], 0)


def test_a_wrong_offset_is_refused():
    with pytest.raises(Invalid, match="not an offset"):
        answer(NOW, Compare(time="t", metrics=("n",), offset="soon"), before=THEN)


def foretold(values: list[Any], **more: Any) -> pa.Table:
    table = pa.table({"t": days("2024-01-01", len(values)), "n": pa.array(values)})
    return answer(table, Forecast(time="t", metrics=("n",), **more))


def test_forecast_adds_coming_days_with_a_band():
    found = foretold([10.0 + 2 * i + (i % 7 == 0) * 5 for i in range(42)], periods=7)
    assert found.column_names == ["t", "n", "n forecast", "n low", "n high"]
    assert found["t"].to_pylist() == days("2024-01-01", 49)
    assert found["n"].to_pylist()[42:] == [None] * 7
    assert found["n forecast"].to_pylist()[:42] == [None] * 42
    rows = found.slice(42).to_pylist()
    assert all(r["n low"] <= r["n forecast"] <= r["n high"] for r in rows)
    assert rows[0]["n forecast"] == pytest.approx(99, abs=4)


def test_forecast_is_the_same_every_time():
    values = [float((i * 37) % 11) for i in range(30)]
    assert foretold(values).equals(foretold(values))


def test_forecast_of_a_constant_is_that_constant_and_never_below_zero():
    assert foretold([4, 4, 4, 4], periods=2)["n high"].to_pylist()[4:] == [4.0, 4.0]
    falling = foretold([9, 7, 5, 4, 3, 2, 1, 0], periods=5)
    assert min(falling["n low"].to_pylist()[8:]) >= 0


def test_forecast_goes_series_by_series_along_the_calendar():
    months = [datetime(2024, m, 1) for m in range(1, 9)]
    table = pa.table(
        {"t": months * 2, "who": ["a"] * 8 + ["b"] * 8, "n": [*range(8), *[5, None] * 4]}
    )
    found = answer(table, Forecast(time="t", metrics=("n",), periods=2), grain="month").slice(16)
    assert found["t"].to_pylist() == [datetime(2024, 9, 1), datetime(2024, 10, 1)] * 2
    assert found["who"].to_pylist() == ["a", "a", "b", "b"]
    assert found["n forecast"].to_pylist()[2:] == [5.0, 5.0]


def test_forecast_without_a_grain_sees_it_in_the_times():
    table = pa.table({"t": days("2024-01-01", 9, 7), "n": range(9)})
    found = answer(table, Forecast(time="t", metrics=("n",), periods=1), grain=None)
    assert found["t"].to_pylist()[-1] == datetime(2024, 3, 4)


def test_forecast_needs_three_values():
    with pytest.raises(Invalid, match="at least 3 values"):
        foretold([1, 2])
    empty = answer(GAPPY.slice(0, 0), Forecast(time="t", metrics=("n",)))
    assert empty.column_names == ["t", "who", "n", "n forecast", "n low", "n high"]


HOLED = pa.table(
    {
        "t": [*days("2024-01-03", 1), *days("2024-01-01", 1), *days("2024-01-02", 2)],
        "who": ["a", "a", "b", "b"],
        "n": pa.array([3, 1, 20, None], pa.int64()),
    }
)


def test_every_series_gets_a_row_at_every_time_of_any():
    table = answer(HOLED, Complete(time="t", metrics=("n",)))
    assert table.column_names == ["t", "who", "n"]
    assert table["t"].to_pylist() == days("2024-01-01", 3) * 2
    assert table["who"].to_pylist() == ["a"] * 3 + ["b"] * 3
    assert table["n"].to_pylist() == [1, None, 3, None, 20, None]
    assert answer(HOLED.slice(0, 0), Complete(time="t", metrics=("n",))).num_rows == 0


def test_windows_run_over_the_times_of_all_series():
    steps = (
        Complete(time="t", metrics=("n",)),
        Rolling(time="t", metrics=("n",), how="mean", window=2, min_periods=0),
    )
    assert answer(HOLED, *steps)["n"].to_pylist() == [1, 1, 3, None, 20, 20]


def test_first_times_may_be_left_out_after_a_window():
    steps = (
        Complete(time="t", metrics=("n",)),
        Rolling(time="t", metrics=("n",), how="sum", window=2, min_periods=1, skip=1),
    )
    found = answer(HOLED, *steps)
    assert found["t"].to_pylist() == days("2024-01-02", 2) * 2
    assert found["n"].to_pylist() == [1, 3, 20, 20]


def test_rolled_values_of_two_periods_are_compared_after_rolling():
    now = pa.table({"t": days("2024-01-01", 3), "n": [2.0, 4.0, 9.0]})
    before = pa.table({"t": days("2023-01-01", 3), "n": [1.0, 2.0, 3.0]})
    both = ("n", "n (1 year)")
    steps = (
        Compare(time="t", metrics=("n",), offset="1 year"),
        Rolling(time="t", metrics=both, how="sum", window=2, min_periods=1),
        Change(metrics=("n",), offset="1 year", show="ratio"),
    )
    found = answer(now, *steps, before=before)
    assert found.column_names == ["t", "n", "n ratio (1 year)"]
    assert found["n ratio (1 year)"].to_pylist() == [2.0, 2.0, 13 / 5]


def test_shares_of_several_metrics_together_count_empty_ones_as_nothing():
    table = pa.table({"t": days("2024-01-01", 2), "n": [1, None], "share": [3, None]})
    step = Contribution(metrics=("n", "share"), within=("t",), together=True, zero=True)
    found = answer(table, step)
    assert found["n"].to_pylist() == [0.25, None]
    assert found["share"].to_pylist() == [0.75, None]
