"""Superset's lines, areas, bars and mixed charts become ours, and come back as they were."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset import kinds, time
from dashapp.services.superset.params import Params
from dashapp.services.superset.written import Out
from dashapp.specs import Filter, Order, SimpleMetric
from dashapp.specs.post import Complete, Rolling
from tests.services.superset.test_params import SALES, SUM, where

TOTAL = SimpleMetric(aggregate="sum", column="amount", label="SUM(amount)")
BASE = {"metrics": [SUM], "x_axis": "day", "time_grain_sqla": "P1M", "groupby": ["country"]}
RANGE = where("day", "TEMPORAL_RANGE", "2013-01-01 : 2014-01-01")


def translated(viz_type: str, **values: Any) -> tuple[str, Any, list[str]]:
    """The kind, its options and all notes."""
    read = Params(viz_type=viz_type, name="chart", values=values, dataset=SALES)
    found = time.TRANSLATORS[viz_type](read)
    options = KINDS[found.kind].Options.model_validate(found.options)
    return found.kind, options, [*read.notes, *read.unread()]


def test_a_line_asks_what_superset_asks():
    kind, options, notes = translated(
        "echarts_timeseries_line", **BASE, adhoc_filters=[RANGE, where("country", "==", "DE")],
        row_limit="1000", limit=5, color_scheme="supersetColors", y_axis_format="SMART_NUMBER",
    )  # fmt: skip
    spec = KINDS[kind].queries(options, SALES)["main"]
    assert (kind, notes) == ("line", [])
    assert [(d.column, d.grain) for d in spec.dimensions] == [("day", "month"), ("country", None)]
    assert spec.metrics == (TOTAL,)
    assert spec.order == (Order(by="SUM(amount)", descending=True, metric=TOTAL),)
    assert (spec.limit, spec.time_range) == (1000, "2013-01-01 : 2014-01-01")
    assert spec.filters == (Filter(column="country", op="=", value="DE"),)
    assert spec.series is not None
    assert (spec.series.limit, spec.series.other) == (5, False)


def test_all_members_are_asked_for_where_nothing_limits_them():
    _, options, _ = translated("echarts_timeseries_bar", **BASE, limit=0)
    assert KINDS["bar"].queries(options, SALES)["main"].series is None
    _, options, _ = translated("echarts_timeseries_bar", metrics=[SUM], x_axis="country")
    assert KINDS["bar"].queries(options, SALES)["main"].series is None
    assert (options.x.column, options.members, options.sort) == ("country", None, "name")


@pytest.mark.parametrize(
    ("viz_type", "values", "kind", "expected"),
    [
        ("echarts_timeseries_line", {}, "line", {"shape": "straight", "from_zero": True}),
        ("echarts_timeseries_line", {"truncateYAxis": True}, "line", {"from_zero": False}),
        ("echarts_timeseries_smooth", {"markerEnabled": True, "markerSize": "8"}, "line",
         {"shape": "smooth", "markers": "always", "marker_size": 8}),
        ("echarts_timeseries_step", {}, "line", {"shape": "step before"}),
        ("echarts_timeseries_step", {"seriesType": "end"}, "line", {"shape": "step"}),
        ("echarts_timeseries_scatter", {}, "line", {"shape": "points"}),
        ("echarts_timeseries", {"seriesType": "bar"}, "bar", {}),
        ("echarts_timeseries", {"seriesType": "smooth"}, "line", {"shape": "smooth"}),
        ("echarts_timeseries_line", {"stack": "Stack"}, "area", {"stack": "stacked", "opacity": 0}),
        ("echarts_area", {}, "area", {"stack": "none"}),
        ("echarts_area", {"stack": "Stream"}, "area", {"stack": "stream"}),
        ("echarts_area", {"stacked_style": "expand"}, "area", {"stack": "percent"}),
        ("echarts_timeseries_bar", {"stack": "Stack", "orientation": "horizontal"}, "bar",
         {"stack": "stacked", "horizontal": True}),
        ("echarts_timeseries_bar", {"stack": "Stack", "show_value": True}, "bar",
         {"totals": True, "value_labels": False}),
        ("echarts_timeseries_bar",
         {"stack": "Stack", "show_value": True, "only_total": False, "percentage_threshold": 5},
         "bar", {"totals": False, "value_labels": True, "label_least": 0.05}),
        ("compare", {}, "line", {"index": True}),
        ("area", {"stacked_style": "stream"}, "area", {"stack": "stream"}),
        ("area", {}, "area", {"stack": "stacked"}),
        ("line", {"contribution": True}, "line", {"share": "bucket"}),
        ("line", {"line_interpolation": "step-after"}, "line", {"shape": "step"}),
        ("bar", {"bar_stacked": True, "y_log_scale": True}, "bar",
         {"stack": "stacked", "log": True}),
    ],
)  # fmt: skip
def test_every_type_has_its_kind_and_looks(viz_type, values, kind, expected):
    found, options, notes = translated(viz_type, **BASE, **values)
    assert (found, notes) == (kind, [])
    assert {k: getattr(options, k) for k in expected} == expected


def test_looks_are_carried_over():
    _, options, notes = translated(
        "echarts_timeseries_line", **BASE, show_legend=True, legendOrientation="left",
        x_axis_title="When", y_axis_title="How much", x_axis_time_format="%Y",
        tooltipTimeFormat="%d %b", zoomable=True, xAxisLabelRotation=45, y_axis_format=",.1f",
        y_axis_bounds=[0, None], logAxis=True, showTooltipTotal=True, sort_series_type="name",
        sort_series_ascending=True, rich_tooltip=True,
    )  # fmt: skip
    assert notes == []
    assert (options.legend, options.x_title, options.y_title) == ("left", "When", "How much")
    assert (options.time_format, options.tooltip_format) == ("%Y", "%d %b")
    assert (options.zoom, options.label_angle, options.format) == (True, -45, ",.1f")
    assert (options.low, options.high, options.log, options.tooltip_total) == (0, None, True, True)
    assert (options.series_sort, options.series_rising) == ("name", True)


def test_what_is_computed_follows_supersets_steps():
    _, options, notes = translated(
        "echarts_timeseries_line", **BASE, rolling_type="mean", rolling_periods="14",
        min_periods=2, time_compare=["1 year ago", "28 days ago", "inherit"],
        comparison_type="percentage", contributionMode="column",
    )  # fmt: skip
    assert notes == []
    assert options.compare == ("1 year", "28 days", "previous period")
    assert (options.compare_show, options.share) == ("change", "series")
    spec = KINDS["line"].queries(options, SALES)["main"]
    assert any(isinstance(s, Complete) for s in spec.post)
    (rolling,) = (s for s in spec.post if isinstance(s, Rolling))
    assert (rolling.window, rolling.min_periods, rolling.skip) == (14, 2, 1)


@pytest.mark.parametrize(
    ("rule", "method", "expected"),
    [
        ("1D", "zerofill", ("day", "zero", "first")),
        ("7D", "mean", ("week", "null", "mean")),
        ("1MS", "ffill", ("month", "forward", "first")),
        ("1AS", "sum", ("year", "zero", "sum")),
    ],
)
def test_regular_steps_are_carried_over(rule, method, expected):
    values = {"resample_rule": rule, "resample_method": method}
    _, options, _ = translated("echarts_timeseries_line", **BASE, **values)
    assert (options.fill_grain, options.fill, options.fill_how) == expected


def test_a_forecast_is_told_to_be_another_one():
    values = {"forecastEnabled": True, "forecastPeriods": "5", "forecastInterval": 0.9}
    _, options, notes = translated("echarts_timeseries_line", **BASE, **values)
    assert (options.forecast, options.forecast_interval) == (5, 0.9)
    assert "numbers differ" in notes[0]


def test_old_bars_have_members_along_the_axis():
    kind, options, notes = translated(
        "dist_bar", metrics=[SUM], groupby=["country"], columns=["is_new"], bar_stacked=True,
        show_bar_value=True, order_bars=False, row_limit=10, granularity_sqla="day",
        time_range="2013-01-01 : 2014-01-01",
    )  # fmt: skip
    assert (kind, options.x.column, options.series[0].column) == ("bar", "country", "is_new")
    assert (options.stack, options.totals, options.limit) == ("stacked", True, 10)
    assert notes == []


MIXED = {
    "x_axis": "day", "time_grain_sqla": "P1W", "metrics": [SUM], "metrics_b": ["revenue"],
    "groupby": ["country"], "groupby_b": [], "seriesType": "bar", "seriesTypeB": "smooth",
    "stack": True, "yAxisIndex": 0, "yAxisIndexB": 1, "adhoc_filters": [RANGE],
    "adhoc_filters_b": [RANGE, where("country", "==", "DE")], "rolling_type_b": "sum",
    "rolling_periods_b": 3, "y_axis_format_secondary": ".1%", "logAxisSecondary": True,
    "yAxisTitleSecondary": "Right", "markerEnabledB": True,
}  # fmt: skip


def test_mixed_charts_have_two_layers_that_ask_for_themselves():
    kind, options, notes = translated("mixed_timeseries", **MIXED)
    assert (kind, notes) == ("mixed", [])
    first, second = options.bars, options.lines
    assert (first.draw, first.stack, first.axis) == ("bars", True, "left")
    assert (second.draw, second.series, second.axis) == ("smooth", (), "right")
    assert (second.format, second.log, second.axis_title) == (".1%", True, "Right")
    specs = KINDS["mixed"].queries(options, SALES)
    assert [s.time_range for s in specs.values()] == ["2013-01-01 : 2014-01-01"] * 2
    assert specs["lines"].filters == (Filter(column="country", op="=", value="DE"),)
    assert specs["main"].filters == ()
    assert [s.step for s in specs["lines"].post] == ["rolling"]


def test_nothing_of_a_whole_mixed_chart_goes_unread():
    rest = {
        "adhoc_filters": [RANGE], "adhoc_filters_b": [RANGE], "annotation_layers": [],
        "color_scheme": "supersetColors", "comparison_type": "values", "comparison_type_b":
        "values", "legendOrientation": "top", "legendType": "scroll", "logAxisSecondary": False,
        "markerEnabled": False, "markerSize": 6, "markerSizeB": 6, "opacity": 0.2,
        "opacityB": 0.2, "order_desc": True, "order_desc_b": True, "rich_tooltip": True,
        "row_limit": 10000, "row_limit_b": 10000, "show_legend": True, "show_valueB": True,
        "sort_series_type": "sum", "sort_series_type_b": "sum", "tooltipTimeFormat": "smart_date",
        "truncateXAxis": True, "truncateYAxis": False, "truncate_metric": True,
        "truncate_metric_b": True, "x_axis_sort_asc": True, "x_axis_sort_series": "name",
        "x_axis_sort_series_ascending": True, "x_axis_time_format": "smart_date",
        "x_axis_title_margin": 15, "xAxisLabelRotation": 0, "y_axis_bounds": [None, None],
        "y_axis_bounds_secondary": [None, None], "y_axis_format": "SMART_NUMBER",
        "y_axis_format_secondary": "SMART_NUMBER", "y_axis_title_margin": 15,
        "y_axis_title_position": "Left", "time_shift_color": True, "zoomable": False,
        "currency_format": {"symbol": "USD", "symbolPosition": "prefix"},
        "currency_format_secondary": {"symbol": "EUR", "symbolPosition": "prefix"},
    }  # fmt: skip
    _, options, notes = translated("mixed_timeseries", **MIXED | rest)
    assert notes == []
    assert (options.bars.currency, options.lines.currency) == ("USD", "EUR")


def test_two_old_lines_are_a_mixed_chart():
    kind, options, _ = translated(
        "dual_line", metric=SUM, metric_2="revenue", granularity_sqla="day",
        time_grain_sqla="P1D", y_axis_2_format=",d",
    )  # fmt: skip
    assert kind == "mixed"
    assert (options.bars.draw, options.lines.draw) == ("straight", "straight")
    assert (options.lines.metrics, options.lines.format) == (("revenue",), ",d")


def test_formulas_are_annotations_and_others_are_told():
    layers = [
        {"annotationType": "FORMULA", "name": "Plan", "value": "2x + 1", "style": "dashed",
         "color": "#FF0000", "show": True, "width": 2},
        {"annotationType": "FORMULA", "name": "Bad", "value": "alert(1)"},
        {"annotationType": "EVENT", "name": "Days", "sourceType": "NATIVE", "value": 3},
        "nonsense", None,
    ]  # fmt: skip
    _, options, notes = translated("echarts_timeseries_line", **BASE, annotation_layers=layers)
    (formula,) = options.annotations
    assert (formula.formula, formula.color, formula.dash) == ("2x + 1", "#ff0000", "dash")
    assert "“Bad” is left out" in notes[0]
    assert "“Days” reads other data" in notes[1]


def test_annotations_of_another_chart_of_the_same_dataset_are_kept():
    other = Params(
        viz_type="table", name="other", dataset=SALES,
        values={"metrics": [SUM], "adhoc_filters": [where("country", "==", "DE")]},
    )  # fmt: skip
    layers = [
        {"annotationType": "EVENT", "sourceType": "table", "value": 7, "timeColumn": "paid",
         "titleColumn": "country", "name": "Paid"},
        {"annotationType": "TIME_SERIES", "sourceType": "line", "value": 7, "name": "Germany"},
    ]  # fmt: skip
    read = Params(
        viz_type="echarts_timeseries_line", name="chart", dataset=SALES, siblings=lambda _: other,
        values=BASE | {"annotation_layers": layers},
    )  # fmt: skip
    found = time.TRANSLATORS["echarts_timeseries_line"](read)
    event, series = KINDS["line"].Options.model_validate(found.options).annotations
    assert (event.time, event.title, event.filters[0].value) == ("paid", "country", "DE")
    assert series.metric == TOTAL


ROUND = [
    ("echarts_timeseries_line", {"time_compare": ["1 week ago"], "comparison_type": "ratio",
                                 "rolling_type": "sum", "rolling_periods": 4, "min_periods": 1}),
    ("echarts_timeseries_line", {"limit": 7, "order_desc": False, "area": True, "opacity": 0.4}),
    ("echarts_timeseries_smooth", {"resample_rule": "1D", "resample_method": "zerofill"}),
    ("echarts_timeseries_step", {"seriesType": "middle", "show_value": True}),
    ("echarts_timeseries_scatter", {"markerSize": 9, "y_axis_bounds": [1, 5]}),
    ("echarts_area", {"stack": "Expand", "contributionMode": "row", "show_legend": False}),
    ("echarts_timeseries_bar", {"x_axis": "country", "groupby": [], "x_axis_sort": "SUM(amount)",
                                "x_axis_sort_asc": False, "orientation": "horizontal"}),
    ("echarts_timeseries_bar", {"x_axis": "country", "groupby": ["is_new"],
                                "x_axis_sort_series": "max", "stack": "Stack"}),
    ("echarts_timeseries_bar", {"x_axis": "pieces", "xAxisForceCategorical": True}),
    ("echarts_timeseries_bar", {"series_limit_metric": "revenue", "zoomable": True}),
    ("mixed_timeseries", MIXED),
    ("mixed_timeseries", MIXED | {"adhoc_filters_b": []}),
]  # fmt: skip


@pytest.mark.parametrize(("viz_type", "values"), ROUND)
def test_written_and_read_again_the_options_are_the_same(viz_type, values):
    kind, options, _ = translated(viz_type, **BASE | {"adhoc_filters": [RANGE]} | values)
    out = Out(SALES)
    again, written = time.WRITERS[kind](options, out)
    kept = {k: v for k, v in written.items() if v is not None}
    assert translated(again, **kept) == (kind, options, [])
    assert out.notes == []


NASTY: list[Any] = [None, "", "x", -1, 1e400, True, [], [None, 3], {}, {"a": [1]}, "1" * 400]
KEYS = [
    "groupby", "limit", "rolling_type", "rolling_periods", "min_periods", "time_compare",
    "y_axis_bounds", "markerSize", "opacity", "annotation_layers", "legendOrientation",
    "seriesType", "stack", "xAxisLabelRotation", "resample_rule", "resample_method",
    "forecastPeriods", "x_axis_sort", "percentage_threshold", "contributionMode",
    "sort_series_type", "comparison_type", "yAxisIndexB", "seriesTypeB", "opacityB",
]  # fmt: skip


@pytest.mark.parametrize("viz_type", sorted(time.TRANSLATORS))
def test_odd_values_are_refused_with_a_sentence_or_told(viz_type):
    sentences = []
    for key, value in product(KEYS, NASTY):
        values = {**BASE, "metrics_b": [SUM], "metric": SUM, "metric_2": SUM, key: value}
        values |= {"forecastEnabled": True, "show_value": True, "markerEnabledB": True}
        try:
            kinds.chart(viz_type, "odd", values, SALES)
        except Invalid as error:
            sentences.append(error.message)
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("viz_type", sorted(time.TRANSLATORS))
def test_a_chart_without_metric_is_refused(viz_type):
    with pytest.raises(Invalid, match=r"no metric|no column"):
        kinds.chart(viz_type, "bare", {}, SALES)
