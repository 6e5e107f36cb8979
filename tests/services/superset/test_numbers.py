"""Superset's numbers, gauges and bullets become ours with the same values, and come back."""

from __future__ import annotations

from typing import Any

import pytest

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset import numbers
from dashapp.services.superset.params import Params
from dashapp.services.superset.written import Out
from dashapp.specs.post import Cumulative, Resample, Rolling
from tests.services.superset.test_params import SALES, SUM, params, where

TREND = {
    "adhoc_filters": [where("day", "TEMPORAL_RANGE", "No filter")], "annotation_layers": [],
    "color_picker": {"a": 1, "b": 135, "g": 122, "r": 0}, "header_font_size": 0.4,
    "metric": SUM, "rolling_type": "cumsum", "show_trend_line": True,
    "start_y_axis_at_zero": True, "subheader_font_size": 0.15, "time_format": "smart_date",
    "x_axis": "day", "y_axis_format": "SMART_NUMBER",
}  # fmt: skip
OLD = {
    "compare_lag": "5", "compare_suffix": "over 5Y", "granularity_sqla": "day", "groupby": [],
    "limit": "25", "markup_type": "markdown", "metric": "revenue", "row_limit": 50000,
    "time_range": "100 years ago : now", "annotation_layers": [],
}  # fmt: skip


def translated(viz_type: str, **values: Any) -> tuple[Any, Params]:
    """The options of a chart of these parameters."""
    read = params(**values)
    found = numbers.TRANSLATORS[viz_type](read)
    return KINDS[found.kind].Options.model_validate(found.options), read


def returned(kind: str, options: Any) -> Any:
    """The options after they were written for Superset and read again."""
    viz_type, written = numbers.WRITERS[kind](options, Out(SALES))
    kept = {k: v for k, v in written.items() if v is not None}
    return translated(viz_type, **kept)[0]


def test_a_running_sum_is_headed_by_its_last_value():
    found, read = translated("big_number", **TREND)
    queries = KINDS["big_number_trend"].queries(found, SALES)
    assert set(queries) == {"main"}
    assert queries["main"].dimensions[0].grain is None
    assert [type(s) for s in queries["main"].post] == [Cumulative]
    assert (found.headline, found.from_zero, found.color, found.lag_steps) == (
        "last", True, None, 0,
    )  # fmt: skip
    assert (read.notes, read.unread()) == ([], [])


def test_an_old_trend_is_compared_with_so_many_steps_before():
    found, read = translated("big_number", **OLD)
    assert (found.lag, found.lag_words, found.time, found.limit) == (5, "over 5Y", "day", 50_000)
    assert (read.notes, read.unread()) == ([], [])


def test_the_value_over_everything_is_asked_apart():
    found, _ = translated("big_number", **TREND | {"aggregation": "raw", "time_grain_sqla": "P1M"})
    queries = KINDS["big_number_trend"].queries(found, SALES)
    assert queries["total"].dimensions == ()
    assert queries["main"].dimensions[0].grain == "month"


def test_steps_are_made_regular_before_windows_are_laid():
    found, _ = translated(
        "big_number",
        **TREND | {
            "resample_rule": "1D", "resample_method": "zerofill", "rolling_type": "mean",
            "rolling_periods": "7", "min_periods": 3,
        },
    )  # fmt: skip
    regular, window = KINDS["big_number_trend"].queries(found, SALES)["main"].post
    assert isinstance(regular, Resample)
    assert (regular.grain, regular.fill, regular.how) == ("day", "zero", "first")
    assert isinstance(window, Rolling)
    assert (window.window, window.min_periods, window.skip) == (7, 3, 2)


def test_without_any_time_a_trend_is_a_number():
    read = params(metric="revenue", viz_type="big_number")
    assert numbers.TRANSLATORS["big_number"](read).kind == "big_number"


def test_a_number_keeps_words_size_colours_and_currency():
    found, read = translated(
        "big_number_total", metric="count", subheader="Members", header_font_size=0.6,
        y_axis_format=",.1f", currency_format={"symbol": "EUR", "symbolPosition": "suffix"},
        conditional_formatting=[{"operator": ">", "targetValue": 5, "column": "count",
                                 "colorScheme": "#ACE1C4"}],
    )  # fmt: skip
    assert (found.subtitle, found.size, found.format, found.currency) == (
        "Members", "huge", ",.1f", "EUR",
    )  # fmt: skip
    assert [(r.op, r.value, r.color) for r in found.rules] == [(">", 5, "#ace1c4")]
    assert read.unread() == []


@pytest.mark.parametrize(
    ("told", "compare"),
    [
        ({"time_compare": "1 week ago"}, "1 week"),
        ({"time_compare": ["inherit"]}, "previous period"),
        ({"time_comparison": "1 year ago"}, "1 year"),
        ({}, "previous period"),
        ({"time_compare": "custom", "start_date_offset": "2023-12-25"}, "7 days"),
        ({"time_compare": "custom", "start_date_offset": "never"}, "previous period"),
        ({"time_compare": "custom"}, "previous period"),
    ],
)
def test_periods_are_compared_with_earlier_ones(told: dict[str, Any], compare: str):
    ranged = where("day", "TEMPORAL_RANGE", "2024-01-01 : 2024-02-01")
    found, _ = translated("pop_kpi", metric="revenue", adhoc_filters=[ranged], **told)
    assert found.compare == compare


@pytest.mark.parametrize(
    ("told", "better"),
    [
        ({}, "higher"),
        ({"comparison_color_scheme": "Red"}, "lower"),
        ({"comparison_color_enabled": False}, "neither"),
    ],
)
def test_a_rise_is_good_bad_or_neither(told: dict[str, Any], better: str):
    found, _ = translated("pop_kpi", metric="revenue", time_compare="1 week ago", **told)
    assert found.better == better


def test_a_gauge_keeps_its_scale_and_the_colours_of_its_bands():
    found, read = translated(
        "gauge_chart", metric="revenue", groupby=["country"], row_limit=3, sort_by_metric=True,
        min_val=0, max_val="100", start_angle=180, end_angle=0, split_number=4,
        intervals="30,60,x,100", interval_color_indices="2,1", value_formatter="{value} km",
        show_pointer=False, number_format=".1f", color_scheme="supersetColors",
    )  # fmt: skip
    assert (found.low, found.high, found.splits, found.rings) == (0, 100, 4, 3)
    assert [b.to for b in found.bands] == [30, 60, 100]
    assert found.bands[0].color != found.bands[1].color
    assert (found.template, found.pointer, found.start_angle) == ("{value} km", False, 180)
    query = KINDS["gauge"].queries(found, SALES)["main"]
    assert (query.limit, query.order[0].descending) == (3, True)
    assert read.unread() == []


def test_a_bullet_keeps_ranges_markers_and_their_words():
    found, read = translated(
        "bullet", metric="revenue", ranges="10,20,30", range_labels="low, fair ,high",
        markers="15", marker_labels="goal", marker_lines="25,nonsense", y_axis_format=",d",
    )  # fmt: skip
    assert [(p.value, p.label) for p in found.ranges] == [(10, "low"), (20, "fair"), (30, "high")]
    assert [(p.value, p.label) for p in found.markers] == [(15, "goal")]
    assert [p.value for p in found.lines] == [25]
    assert read.unread() == []


@pytest.mark.parametrize("viz_type", sorted(numbers.TRANSLATORS))
def test_without_a_metric_there_is_no_chart(viz_type: str):
    for nothing in ({}, {"metric": None}, {"metric": []}, {"metric": 7}):
        with pytest.raises(Invalid):
            translated(viz_type, **nothing)


@pytest.mark.parametrize("viz_type", sorted(numbers.TRANSLATORS))
def test_settings_of_any_type_are_taken_or_left(viz_type: str):
    odd: list[Any] = [None, "", [], {}, "nonsense", -5, 1e400, True, [1, 2], {"a": 1}]
    keys = (
        "compare_lag", "compare_suffix", "aggregation", "rolling_type", "rolling_periods",
        "min_periods", "resample_rule", "resample_method", "header_font_size", "color_picker",
        "conditional_formatting", "time_compare", "start_date_offset", "min_val", "max_val",
        "intervals", "interval_color_indices", "start_angle", "end_angle", "value_formatter",
        "split_number", "ranges", "range_labels", "markers", "marker_lines", "subheader",
        "currency_format", "y_axis_format", "time_format",
    )  # fmt: skip
    for value in odd:
        translated(viz_type, metric="revenue", granularity_sqla="day", **dict.fromkeys(keys, value))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("big_number", {"metric": "revenue", "subtitle": "Sales", "size": "large"}),
        ("big_number", {"metric": "revenue", "rules": [{"op": ">", "value": 3.0}]}),
        (
            "big_number_trend",
            {"metric": "revenue", "time": "day", "grain": "week", "headline": "last", "lag": 2,
             "lag_words": "WoW", "from_zero": True, "color": "#123456"},
        ),
        (
            "big_number_trend",
            {"metric": "revenue", "time": "day", "grain": "day", "headline": "total", "lag": 0,
             "rolling": "mean", "rolling_window": 7, "rolling_min": 2, "rolling_skip": 1,
             "fill": "zero", "fill_how": "first", "fill_grain": "day"},
        ),
        ("big_number_trend", {"metric": "revenue", "time": "day", "grain": None,
                              "headline": "median", "lag": 0, "cumulative": True}),
        ("big_number_period", {"metric": "revenue", "compare": "28 days", "better": "lower"}),
        ("big_number_period", {"metric": "revenue"}),
        ("gauge", {"metric": "revenue", "dimensions": [{"column": "country"}], "rings": 4,
                   "limit": 4, "low": 0.0, "high": 9.0, "bands": [{"to": 3.0, "color": "#2b7ad6"}]}),
        ("bullet", {"metric": "revenue", "ranges": [{"value": 5.0, "label": "low"}],
                    "markers": [{"value": 4.0}], "lines": [{"value": 3.0, "label": "most"}]}),
    ],
)  # fmt: skip
def test_what_both_know_comes_back(kind: str, options: dict[str, Any]):
    chosen = KINDS[kind].Options.model_validate(options)
    assert returned(kind, chosen) == chosen


def test_what_superset_lacks_is_told():
    out = Out(SALES)
    options = KINDS["bullet"].Options.model_validate(
        {"metric": "revenue", "dimension": {"column": "country"}}
    )
    numbers.WRITERS["bullet"](options, out)
    assert out.notes == ["Superset's bullets have one row and no metric as a target."]
