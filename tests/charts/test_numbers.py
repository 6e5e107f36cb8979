"""Big numbers say what is, how it changed, and whether that is good."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest
from pydantic import ValidationError

from dashapp.charts import kind
from dashapp.charts.base import Empty, Look, Number
from dashapp.charts.colors import PALETTES
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec
from tests.charts.flying import FLIGHTS, FRAME, asked, drawn, flying

TREND = pa.table(
    {"day": [datetime(2013, m, 1) for m in (1, 2, 3, 4)], "flights": [10, 30, 20, None]}
)


def number(slug: str, tables: dict[str, pa.Table], **options: object) -> Number:
    found = drawn(slug, tables, **options)
    assert isinstance(found, Number)
    return found


def big(value: float | None, then: float | None = None, **options: object) -> Number:
    table = pa.table({"flights": [value], "flights (1 year)": pa.array([then], pa.float64())})
    return number("big_number", {"main": table}, metric="flights", **options)


def test_a_value_is_told_in_its_format_with_words_around_it():
    assert big(336_776).value == "337k"
    found = big(12.6, format=",.1f", suffix=" min", prefix="≈ ")
    assert (found.value, found.label, found.change) == ("≈ 12.6 min", "Flights", "")
    assert found.summary == "Flights: ≈ 12.6 min"


def test_a_metric_brings_its_own_format_and_currency():
    table = pa.table({"delay_sum": [1234.5]})
    assert number("big_number", {"main": table}, metric="delay_sum").value == "$1.23k"
    german = Look(palette=PALETTES["dashapp"], locale="de")
    found = drawn("big_number", {"main": table}, german, metric="delay_sum", format=",.2f")
    assert isinstance(found, Number)
    assert found.value == "1.234,50\u00a0$"


@pytest.mark.parametrize(
    ("then", "show", "better", "change", "verdict"),
    [
        (80, "change", "higher", "▲ +25.0%", "good"),
        (125, "change", "higher", "▼ \u221220.0%", "bad"),
        (80, "change", "lower", "▲ +25.0%", "bad"),
        (80, "difference", "neither", "▲ +20", "neutral"),
        (100, "change", "higher", "= +0.0%", "neutral"),
        (0, "change", "higher", "▲ +100", "good"),
        (80, "value", "higher", "vs 80", "good"),
    ],
)
def test_a_change_has_a_direction_and_a_verdict(then, show, better, change, verdict):
    found = big(100, then, compare="1 year", compare_show=show, better=better)
    assert (found.change, found.change_is) == (change, verdict)


def test_without_an_earlier_value_there_is_no_change():
    found = big(100, None, compare="1 year")
    assert (found.change, found.note, found.change_is) == ("", "", "neutral")


def test_the_first_rule_that_holds_colours_the_value():
    rules = [
        {"op": ">", "value": 15, "color": "#ff0000"},
        {"op": ">", "value": 5, "color": "#00ff00"},
    ]
    assert [big(v, rules=rules).tone for v in (20, 10, 1)] == ["#ff0000", "#00ff00", None]


@pytest.mark.parametrize("table", [pa.table({"flights": [None]}), pa.table({"flights": []})])
def test_no_rows_is_a_sentence(table):
    found = drawn("big_number", {"main": table}, metric="flights")
    assert isinstance(found, Empty)
    assert found.reason == "no_rows"


def test_the_total_is_asked_apart_from_its_trend():
    queries = kind("big_number_trend").queries(
        kind("big_number_trend").Options.model_validate({"metric": "mean_delay", "grain": "month"}),
        FLIGHTS,
    )
    assert queries["main"].dimensions[0].grain == "month"
    assert queries["total"].dimensions == ()


def test_a_trend_is_a_small_line_without_axes():
    tables = {"main": TREND, "total": pa.table({"flights": [60]})}
    found = number("big_number_trend", tables, metric="flights")
    assert found.value == "60"
    assert found.trend is not None
    assert found.trend["data"][0]["x"] == ["2013-01-01", "2013-02-01", "2013-03-01", "2013-04-01"]
    assert found.trend["layout"]["xaxis"]["visible"] is False


def test_the_last_value_is_compared_with_the_one_before():
    found = number(
        "big_number_trend", {"main": TREND}, metric="flights", headline="last", grain="month"
    )
    assert (found.value, found.change) == ("20", "▼ \u221233.3%")
    assert found.note == "Mar 2013 · vs 30 (Feb 2013)"


def test_one_point_is_no_trend():
    found = number(
        "big_number_trend", {"main": TREND.slice(0, 1)}, metric="flights", headline="last"
    )
    assert (found.value, found.trend, found.change) == ("10", None, "")


def test_what_is_missing_is_said():
    with pytest.raises(Invalid, match="Choose a metric"):
        kind("big_number").queries(kind("big_number").Options(), FLIGHTS)
    timeless = DatasetSpec(uuid=FLIGHTS.uuid, name="f", database=FLIGHTS.database, table="f")
    options = kind("big_number_trend").Options.model_validate({"metric": "flights"})
    with pytest.raises(Invalid, match="needs a time column"):
        kind("big_number_trend").queries(options, timeless)
    with pytest.raises(ValidationError, match="is not a number format"):
        kind("big_number").Options.model_validate({"metric": "flights", "format": "alert(1)"})


def test_a_number_from_a_warehouse_is_compared_with_the_month_before(tmp_path):
    with flying(tmp_path) as source:
        found = asked(
            "big_number", source, metric="flights", format="d",
            time_range="2013-02-01 : 2013-03-01", compare="previous period",
        )  # fmt: skip
    assert isinstance(found, Number)
    months = FRAME["day"].dt.month.value_counts()
    assert (found.value, found.note) == (str(months[2]), f"vs {months[1]}")


@pytest.mark.parametrize(
    ("headline", "value"),
    [("last", "20"), ("first", "10"), ("sum", "60"), ("mean", "20"), ("min", "10"),
     ("max", "30"), ("median", "20")],
)  # fmt: skip
def test_the_value_may_be_any_figure_of_the_trend(headline, value):
    found = number("big_number_trend", {"main": TREND}, metric="flights", headline=headline)
    assert found.value == value


def test_a_change_over_steps_may_be_told_in_words_whatever_the_value():
    tables = {"main": TREND, "total": pa.table({"flights": [60]})}
    found = number("big_number_trend", tables, metric="flights", lag=2, lag_words="since January")
    assert (found.value, found.change, found.note) == ("60", "▲ +100.0% since January", "")
    assert found.change_is == "good"


@pytest.mark.parametrize("lag", [0, 9])
def test_there_is_no_change_without_a_step_to_compare_with(lag):
    found = number("big_number_trend", {"main": TREND}, metric="flights", headline="last", lag=lag)
    assert found.change == ""


def test_a_trend_is_made_regular_then_smoothed_then_added_up():
    chosen = kind("big_number_trend").Options.model_validate(
        {"metric": "flights", "grain": "day", "fill": "zero", "fill_grain": "week",
         "rolling": "sum", "rolling_window": 4, "rolling_min": 9, "cumulative": True}
    )  # fmt: skip
    regular, window, running = kind("big_number_trend").queries(chosen, FLIGHTS)["main"].post
    assert (regular.step, regular.grain) == ("resample", "week")
    assert (window.how, window.window, window.min_periods) == ("sum", 4, 4)
    assert running.step == "cumulative"


def test_times_as_they_are_need_no_grain():
    table = pa.table({"day": [datetime(2013, 1, 3, 5), datetime(2013, 1, 2)], "flights": [3, 2]})
    found = number(
        "big_number_trend", {"main": table}, metric="flights", headline="last", grain=None,
        time_format="%H:%M",
    )  # fmt: skip
    assert (found.value, found.note) == ("3", "05:00 · vs 2 (00:00)")


def test_the_trend_may_be_hidden_coloured_or_begin_at_zero():
    options = {"metric": "flights", "headline": "last"}
    hidden = number("big_number_trend", {"main": TREND}, trend=False, **options)
    assert hidden.trend is None
    shown = number("big_number_trend", {"main": TREND}, color="#123456", from_zero=True, **options)
    assert shown.trend is not None
    assert shown.trend["data"][0]["line"]["color"] == "#123456"
    assert shown.trend["layout"]["yaxis"]["range"][0] == 0


def test_the_value_has_a_size():
    assert (big(1).size, big(1, size="huge").size) == (1.0, 1.5)


def period(now: float | None, then: float | None, **options: object) -> Number:
    table = pa.table({"flights": [now], "flights (1 year)": pa.array([then], pa.float64())})
    return number(
        "big_number_period", {"main": table}, metric="flights", compare="1 year", **options
    )


def test_two_periods_are_told_with_difference_and_change():
    found = period(100, 80)
    assert (found.value, found.change, found.note) == ("100", "▲ +25.0%", "vs 80 · +20")
    assert (found.change_is, found.summary) == ("good", "Flights: 100; ▲ +25.0% (vs 80, +20)")
    assert period(100, 80, better="lower").change_is == "bad"
    assert period(100, 80, change_format=".0%").change == "▲ 25%"


def test_from_nothing_there_is_a_difference_but_no_percentage():
    assert (period(5, 0).change, period(5, 0).note) == ("▲ +5", "vs 0")
    assert (period(5, None).change, period(5, None).note) == ("", "No earlier value")


def test_no_value_of_two_periods_is_a_sentence():
    empty = pa.table({"flights": pa.nulls(1)})
    assert isinstance(drawn("big_number_period", {"main": empty}, metric="flights"), Empty)


def test_a_running_total_from_a_warehouse_ends_at_the_total(tmp_path):
    with flying(tmp_path) as source:
        running = asked("big_number_trend", source, metric="flights", grain=None,
                        headline="last", lag=0, cumulative=True)  # fmt: skip
        months = asked("big_number_period", source, metric="flights", format="d",
                       time_range="2013-02-01 : 2013-03-01")  # fmt: skip
    assert isinstance(running, Number)
    assert running.value == "400"
    assert isinstance(months, Number)
    counts = FRAME["day"].dt.month.value_counts()
    assert (months.value, months.note.split(" · ")[0]) == (str(counts[2]), f"vs {counts[1]}")
