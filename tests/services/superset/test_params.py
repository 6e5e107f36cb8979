"""Parameters of Superset's charts become questions with the same rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from dashapp.errors import Invalid
from dashapp.services.superset.params import Params
from dashapp.specs import (
    ColumnSpec,
    DatasetSpec,
    Dimension,
    Filter,
    MetricSpec,
    SimpleMetric,
    SqlFilter,
    SqlMetric,
)

SALES = DatasetSpec(
    uuid=UUID(int=1),
    name="sales",
    database=UUID(int=2),
    table="sales",
    time_column="day",
    columns=(
        ColumnSpec(name="day", type="time"),
        ColumnSpec(name="paid", type="date"),
        ColumnSpec(name="country"),
        ColumnSpec(name="amount", type="number"),
        ColumnSpec(name="pieces", type="integer"),
        ColumnSpec(name="is_new", type="boolean"),
    ),
    metrics=(
        MetricSpec(
            name="revenue",
            definition=SimpleMetric(aggregate="sum", column="amount", label="revenue"),
        ),
    ),
)
SUM = {
    "expressionType": "SIMPLE", "aggregate": "SUM", "label": "SUM(amount)",
    "column": {"column_name": "amount", "type": "DOUBLE"},
}  # fmt: skip


def params(**values: Any) -> Params:
    return Params(viz_type="table", name="chart", values=values, dataset=SALES)


def where(subject: str, operator: str, comparator: Any = None) -> dict[str, Any]:
    return {
        "expressionType": "SIMPLE", "clause": "WHERE", "subject": subject,
        "operator": operator, "comparator": comparator,
    }  # fmt: skip


def test_metrics_are_saved_ones_simple_ones_or_sql():
    written = {"expressionType": "SQL", "sqlExpression": "MAX(amount)", "label": "most"}
    found = params(metrics=["revenue", SUM, written, SUM], metric=None).metrics("metrics", "metric")
    assert found == (
        "revenue",
        SimpleMetric(aggregate="sum", column="amount", label="SUM(amount)"),
        SqlMetric(expression="MAX(amount)", label="most"),
    )


def test_every_dataset_counts_its_rows():
    assert params(metric="count").metric("metric") == SimpleMetric(aggregate="count", label="count")


@pytest.mark.parametrize(
    "metric",
    [
        "lost",
        SUM | {"aggregate": "PERCENTILE"},
        SUM | {"column": {"column_name": "lost"}},
        SUM | {"column": None},
        {"expressionType": "SQL", "sqlExpression": "SUM({{ x }})", "label": "x"},
    ],
)
def test_a_metric_that_means_nothing_here_is_refused(metric: Any):
    with pytest.raises(Invalid):
        params(metric=metric).metric("metric")


def test_columns_are_found_whatever_their_case():
    found = params(groupby=["Country", "country", None, 7]).dimensions("groupby")
    assert found == (Dimension(column="country"),)


def test_grains_cut_times_only():
    asked = params(columns=["day", "country"], time_grain_sqla="PT15M")
    assert asked.dimensions("columns", grain=asked.grain()) == (
        Dimension(column="day", grain="15 minutes"),
        Dimension(column="country"),
    )


def test_columns_in_sql_are_added_to_the_dataset_once():
    column = {"expressionType": "SQL", "label": "upper", "sqlExpression": "UPPER(country)"}
    asked = params(groupby=[column, "country"], columns=[column])
    assert [d.name for d in asked.dimensions("groupby", "columns")] == ["upper", "country"]
    assert asked.added["upper"].expression == "UPPER(country)"
    renamed = {"expressionType": "SQL", "label": "land", "sqlExpression": "country"}
    assert asked.dimension(renamed) == Dimension(column="country", label="land")


def test_a_column_in_sql_never_takes_the_place_of_another():
    column = {"expressionType": "SQL", "label": "country", "sqlExpression": "UPPER(country)"}
    asked = params(groupby=[column])
    assert [d.name for d in asked.dimensions("groupby")] == ["country (chart)"]


def test_filters_have_values_of_their_columns_type():
    asked = params(
        adhoc_filters=[
            where("pieces", "<=", "25"),
            where("country", "IN", ["FR", "<NULL>", 7]),
            where("is_new", "==", "true"),
            where("country", "not  ilike", "%a%"),
            where("amount", "IS NOT NULL"),
            where("country", "==", "<empty string>"),
            where("country", "IN", []),
        ]
    )
    assert asked.narrowing()["filters"] == (
        Filter(column="pieces", op="<=", value=25),
        Filter(column="country", op="in", value=("FR", None, "7")),
        Filter(column="is_new", op="=", value=True),
        Filter(column="country", op="not ilike", value="%a%"),
        Filter(column="amount", op="is not null"),
        Filter(column="country", op="=", value=""),
    )


def test_conditions_in_sql_narrow_rows_or_groups():
    found = params(
        adhoc_filters=[
            {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "amount > 1"},
            {"expressionType": "SQL", "clause": "HAVING", "sqlExpression": "SUM(amount) > 9"},
        ],
        row_limit="100",
    ).narrowing()
    assert found["where"] == (SqlFilter(expression="amount > 1"),)
    (kept,) = found["having"]
    assert kept.metric.expression == "CASE WHEN (SUM(amount) > 9) THEN 1 ELSE 0 END"
    assert found["limit"] == 100


@pytest.mark.parametrize(
    "item",
    [
        where("country", "LATEST PARTITION"),
        where("lost", "==", 1),
        {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "x = {{ y }}"},
        where("country", "==", {"a": 1}),
    ],
)
def test_a_filter_that_cannot_be_kept_refuses_the_chart(item: dict[str, Any]):
    with pytest.raises(Invalid):
        params(adhoc_filters=[item]).narrowing()


@pytest.mark.parametrize(
    ("values", "column", "text"),
    [
        ({"granularity_sqla": "day", "time_range": "2020-01-01 : 2021-01-01"}, "day", "2020"),
        ({"granularity_sqla": "day", "time_range": "No filter"}, "day", None),
        ({"time_range": "2020-01-01 : 2021-01-01"}, None, None),
        (
            {
                "adhoc_filters": [where("paid", "TEMPORAL_RANGE", "2020-01-01 : 2021-01-01")],
            },
            "paid",
            "2020",
        ),
        # What old charts say apart overrules the filter's own range.
        (
            {
                "since": "2011-01-01", "until": "2011-01-02", "time_range": "2014-01-01 : 2015-01-01",
                "adhoc_filters": [where("day", "TEMPORAL_RANGE", "2014-01-01 : 2014-01-02")],
            },
            "day",
            "2011",
        ),
    ],
)  # fmt: skip
def test_time_ranges_cut_the_column_that_superset_cuts(
    values: dict[str, Any], column: str | None, text: str | None
):
    found = params(**values).narrowing()
    assert found.get("time_column") == column
    assert (found.get("time_range") or "")[:4] == (text or "")


def test_series_are_limited_and_ranked_as_asked():
    found = params(groupby=["country"], limit="25", timeseries_limit_metric=SUM).series()
    assert found["series"] == (Dimension(column="country"),)
    assert found["series_limit"] == 25
    assert found["series_by"].label == "SUM(amount)"
    assert found["other"] is False
    assert params(groupby=["country"], limit=0).series()["series_limit"] is None


def test_the_axis_of_old_charts_is_their_time_column():
    asked = params(granularity_sqla="day", time_grain_sqla="P1M")
    assert asked.axis() == Dimension(column="day", grain="month")
    asked = params(granularity_sqla="day", x_axis="country", time_grain_sqla="P1M")
    assert asked.axis() == Dimension(column="country")
    assert params().axis() is None


def test_what_nobody_read_is_told_but_not_what_says_nothing():
    asked = params(metric="count", strange=1, nothing=None, no=False, slice_id=3, empty={})
    asked.metric("metric")
    assert asked.unread() == ["strange"]


@pytest.mark.parametrize("value", ["NaN", "1e999", True, [], {}, "x", None])
def test_what_is_no_number_is_none(value: Any):
    assert params(x=value).number("x") is None


def test_texts_may_be_numbers_and_numbers_texts():
    asked = params(a="12", b=12, c=" ", d="true", e=["x", 1, None])
    assert (asked.whole("a"), asked.text("b"), asked.text("c")) == (12, "12", None)
    assert asked.flag("d")
    assert asked.strings("e") == ("x", "1")
