"""Superset's periods, calendars, schedules and time-series tables become ours, and come back."""

from __future__ import annotations

from typing import Any

import pytest

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset import periods
from dashapp.services.superset.params import Params
from dashapp.services.superset.written import Out
from dashapp.specs import QuerySpec
from tests.services.superset.test_params import SALES, SUM, params

SEASONS = {
    "adhoc_filters": [], "annotation_layers": [], "granularity_sqla": "day",
    "groupby": ["country"], "horizon_color_scale": "series", "metrics": [SUM],
    "order_desc": True, "queryFields": {"groupby": "groupby", "metrics": "metrics"},
    "row_limit": None, "series_height": "25", "time_range": "No filter", "url_params": {},
}  # fmt: skip
COLUMNS = [
    {"colType": "time", "comparisonType": "diff", "timeLag": 7, "label": "Week", "key": "a",
     "d3format": ",.1f", "bounds": [0, None]},
    {"colType": "time", "comparisonType": "perc_change", "timeLag": "-1", "bounds": [-1, 1]},
    {"colType": "contrib", "label": "Share"},
    {"colType": "avg", "timeLag": 3},
    {"colType": "spark", "sparkType": "bar", "yAxisBounds": [0, None], "timeRatio": "2"},
    {"colType": "magic"},
    "nonsense",
]  # fmt: skip


def translated(viz_type: str, **values: Any) -> tuple[Any, Params]:
    """The options of a chart of these parameters."""
    read = params(**values)
    found = periods.TRANSLATORS[viz_type](read)
    return KINDS[found.kind].Options.model_validate(found.options), read


def asked(kind: str, options: Any) -> QuerySpec:
    """The chart's question."""
    return KINDS[kind].queries(options, SALES)["main"]


def returned(kind: str, options: Any) -> Any:
    """The options after they were written for Superset and read again."""
    viz_type, written = periods.WRITERS[kind](options, Out(SALES))
    kept = {k: v for k, v in written.items() if v is not None}
    return translated(viz_type, **kept)[0]


def test_a_horizon_has_all_series_at_the_times_as_they_are():
    found, read = translated("horizon", **SEASONS)
    query = asked("horizon", found)
    assert [(d.name, d.grain) for d in query.dimensions] == [("day", None), ("country", None)]
    assert query.series is None
    assert [(o.by, o.descending) for o in query.order] == [("SUM(amount)", True)]
    assert (read.notes, read.unread()) == ([], [])


@pytest.mark.parametrize(
    ("freq", "period", "weekday"),
    [
        ("AS", "year", "monday"), ("52W-MON", "52 weeks", "monday"), ("W-SUN", "week", "sunday"),
        ("1W-MON", "week", "monday"), ("4W-SUN", "4 weeks", "sunday"), ("MS", "month", "monday"),
        ("QS", "quarter", "monday"), ("D", "day", "monday"), (None, "week", "monday"),
    ],
)  # fmt: skip
def test_frequencies_of_pandas_are_periods(freq: str | None, period: str, weekday: str):
    found, _ = translated("time_pivot", metric="revenue", granularity_sqla="day", freq=freq)
    assert (found.period, found.week_start) == (period, weekday)


def test_a_frequency_that_is_not_known_is_told():
    found, read = translated("time_pivot", metric="revenue", granularity_sqla="day", freq="2BH")
    assert found.period == "year"
    assert read.notes == ["Periods of “2BH” are not known here; years are taken."]


def test_cells_of_a_calendar_are_its_grain():
    found, read = translated(
        "cal_heatmap", metrics=["revenue", SUM], granularity_sqla="day", steps=10,
        domain_granularity="month", subdomain_granularity="day", linear_color_scheme="oranges",
        show_legend=True, show_values=False, cell_size=10, y_axis_format="SMART_NUMBER",
    )  # fmt: skip
    assert asked("calendar_heatmap", found).dimensions[0].grain == "day"
    assert (found.domain, found.steps, found.color_bar, len(found.metrics)) == (
        "month", 10, True, 2,
    )  # fmt: skip
    assert read.unread() == []


def test_a_rose_keeps_series_and_what_of_a_sector_tells_the_value():
    found, _ = translated(
        "rose", metrics=[SUM], groupby=["country"], granularity_sqla="day", time_grain_sqla="P1M",
        rose_area_proportion=True, number_format=".2f", date_time_format="%b %Y", limit=3,
    )  # fmt: skip
    assert (found.grain, found.area, found.format, found.time_format) == (
        "month", True, ".2f", "%b %Y",
    )  # fmt: skip
    assert asked("rose", found).series.limit == 3


def test_a_waterfall_keeps_its_steps_and_colours():
    found, read = translated(
        "waterfall", metric="revenue", x_axis="day", time_grain_sqla="P1Y", groupby=["country"],
        increase_color={"r": 90, "g": 193, "b": 137, "a": 1}, show_total=False, show_value=True,
        decrease_color={"r": 1}, total_color="nonsense", show_legend=False,
    )  # fmt: skip
    query = asked("waterfall", found)
    assert [(d.name, d.grain) for d in query.dimensions] == [("day", "year"), ("country", None)]
    assert [o.by for o in query.order] == ["day", "country"]
    assert found.increase_color == "#5ac189"
    assert (found.total, found.value_labels, found.legend) == (False, True, "hidden")
    assert read.unread() == []


def test_a_schedule_asks_for_everything_that_it_tells():
    found, read = translated(
        "gantt_chart", start_time="day", end_time="paid", y_axis="country", series="is_new",
        tooltip_columns=["pieces"], tooltip_metrics=["revenue"], subcategories=True,
        order_by_cols=['["amount", false]', "broken", '["day", true]'],
        x_axis_time_bounds=["08:00:00", None],
    )  # fmt: skip
    query = asked("gantt", found)
    names = [d.name for d in query.dimensions]
    assert names == ["day", "paid", "country", "is_new", "pieces", "amount"]
    assert [(o.by, o.descending) for o in query.order] == [("amount", True), ("day", False)]
    assert (found.lanes, found.day_from, found.day_to) == ("color", "08:00:00", None)
    assert read.unread() == []


def test_columns_of_a_table_of_series_keep_what_they_compare():
    found, read = translated(
        "time_table", metrics=["revenue", SUM], granularity_sqla="day", time_grain_sqla="P1D",
        column_collection=COLUMNS,
    )  # fmt: skip
    told = [(c.show, c.back, c.how) for c in found.columns[:4]]
    assert told == [
        ("compare", 7, "difference"), ("compare", -1, "change"), ("share", 0, "change"),
        ("average", 3, "change"),
    ]  # fmt: skip
    spark = found.columns[4]
    assert (spark.line, spark.low, spark.high, spark.ratio_to) == ("bar", 0, None, 2)
    assert [(r.op, r.value) for r in found.columns[0].rules] == [(">=", 0), ("<", 0)]
    assert found.columns[1].heat == "diverging"
    assert read.notes == ["A column of type “magic” shows the latest value here."]


def test_a_table_of_members_has_one_metric():
    found, _ = translated(
        "time_table", metrics=["revenue"], groupby=["country"], granularity_sqla="day"
    )
    assert [d.name for d in asked("time_table", found).dimensions] == ["day", "country"]


@pytest.mark.parametrize("viz_type", sorted(periods.TRANSLATORS))
def test_without_what_it_needs_there_is_no_chart(viz_type: str):
    for nothing in ({}, {"metrics": None, "metric": []}, {"metrics": 7}):
        with pytest.raises(Invalid):
            translated(viz_type, **nothing)


@pytest.mark.parametrize("viz_type", sorted(periods.TRANSLATORS))
def test_settings_of_any_type_are_taken_or_left(viz_type: str):
    odd: list[Any] = [None, "", [], {}, "nonsense", -5, 1e400, True, [1, 2], {"a": 1}]
    keys = (
        "freq", "horizon_color_scale", "domain_granularity", "subdomain_granularity", "steps",
        "linear_color_scheme", "show_values", "rose_area_proportion", "date_time_format",
        "increase_color", "total_color", "show_total", "column_collection", "x_axis_time_bounds",
        "order_by_cols", "subcategories", "color_scheme", "number_format", "y_axis_format",
        "limit", "color_picker",
    )  # fmt: skip
    for value in odd:
        translated(
            viz_type, metric="revenue", metrics=["revenue"], granularity_sqla="day",
            start_time="day", end_time="paid", y_axis="country", **dict.fromkeys(keys, value),
        )  # fmt: skip


COMES_BACK: list[tuple[str, dict[str, Any]]] = [
    (
        "waterfall",
        {"metric": "revenue", "x": {"column": "day", "grain": "month"}, "grain": "month",
         "breakdown": {"column": "country"}, "total": False, "total_color": "#123456"},
    ),
    (
        "time_pivot",
        {"metric": "revenue", "time": "day", "time_column": "day", "grain": "day", "period": "4 weeks",
         "week_start": "sunday", "most": 200, "color": "#123456", "from_zero": True},
    ),
    ("time_pivot", {"metric": "revenue", "time": "day", "time_column": "day", "grain": None, "period": "year",
                    "most": 200}),
    (
        "horizon",
        {"metrics": ["revenue"], "series": [{"column": "country"}], "time": "day", "time_column": "day",
         "grain": "week", "scale": "overall", "series_limit": 5, "other": False,
         "order": [{"by": "revenue", "descending": True, "metric": "revenue"}]},
    ),
    (
        "calendar_heatmap",
        {"metrics": ["revenue"], "time": "day", "time_column": "day", "grain": "hour", "domain": "day", "steps": 5,
         "cell_labels": True, "color_bar": False},
    ),
    (
        "rose",
        {"metrics": ["revenue"], "series": [{"column": "country"}], "time": "day", "time_column": "day",
         "grain": "month", "area": False, "series_limit": None, "other": False, "format": ".1f",
         "order": [{"by": "revenue", "descending": True, "metric": "revenue"}]},
    ),
    (
        "gantt",
        {"start": {"column": "day"}, "end": {"column": "paid"}, "rows": {"column": "country"},
         "color": {"column": "is_new"}, "tooltips": [{"column": "pieces"}], "rows_limit": 500,
         "metrics": ["revenue"], "lanes": "color", "order": [{"by": "pieces"}]},
    ),
    (
        "time_table",
        {"metrics": ["revenue"], "time": "day", "time_column": "day", "grain": "week", "rows_limit": 100, "columns": [
            {"title": "Now", "show": "value", "back": 0},
            {"title": "Change", "show": "compare", "how": "change", "back": 4, "format": ".1%"},
            {"title": "Trend", "show": "spark", "line": "area", "back": 0, "low": 0.0},
        ]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), COMES_BACK)
def test_what_both_know_comes_back(kind: str, options: dict[str, Any]):
    chosen = KINDS[kind].Options.model_validate(options)
    found = returned(kind, chosen)
    assert found.model_dump(exclude_defaults=True) | {"color_scale": None} == chosen.model_dump(
        exclude_defaults=True
    ) | {"color_scale": None}
