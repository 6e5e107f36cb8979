"""Superset's tables and pivot tables become ours with the same rows, and come back."""

from __future__ import annotations

from typing import Any

import pytest

from dashapp.charts import KINDS
from dashapp.services.superset import styles, tables
from dashapp.services.superset.params import Params
from dashapp.services.superset.written import Out
from dashapp.specs import Order
from tests.services.superset.test_params import SALES, SUM, params, where


def translated(viz_type: str, **values: Any) -> tuple[Any, Params]:
    """The options of a chart of these parameters."""
    read = params(**values)
    found = tables.TRANSLATORS[viz_type](read)
    return KINDS[found.kind].Options.model_validate(found.options), read


def returned(kind: str, options: Any) -> Any:
    """The options after they were written for Superset and read again."""
    viz_type, written = tables.WRITERS[kind](options, Out(SALES))
    kept = {k: v for k, v in written.items() if v is not None}
    return translated(viz_type, **kept)[0]


GROUPED = {
    "query_mode": "aggregate", "groupby": ["country"], "metrics": ["revenue", SUM],
    "all_columns": [], "order_by_cols": [], "order_desc": True, "row_limit": None,
    "percent_metrics": None, "show_cell_bars": True, "color_pn": True,
    "table_timestamp_format": "smart_date", "granularity_sqla": "day", "time_grain_sqla": "P1D",
    "time_range": "No filter", "adhoc_filters": [], "annotation_layers": [],
}  # fmt: skip


def test_groups_are_sorted_by_the_first_metric_and_have_no_limit_of_their_own():
    found, read = translated("table", **GROUPED)
    assert (found.mode, found.limit) == ("aggregate", None)
    query = KINDS["table"].queries(found, SALES)["main"]
    assert [(o.by, o.descending) for o in query.order] == [("revenue", True)]
    assert read.notes == []
    assert read.unread() == []


def test_a_metric_to_sort_by_overrules_and_need_not_be_shown():
    found, _ = translated(
        "table", **GROUPED | {"timeseries_limit_metric": "count", "order_desc": False}
    )
    query = KINDS["table"].queries(found, SALES)["main"]
    assert [(o.by, o.descending) for o in query.order] == [("count", False)]


def test_raw_rows_are_sorted_by_their_own_columns_only():
    raw = GROUPED | {
        "query_mode": "raw", "all_columns": ["country", "amount"],
        "order_by_cols": ['["amount", false]', ["country", True], "broken", '["paid", true]'],
        "timeseries_limit_metric": "revenue", "row_limit": "10", "page_length": "15",
        "include_search": True, "show_cell_bars": False,
    }  # fmt: skip
    found, read = translated("table", **raw)
    assert found.columns == ("country", "amount")
    assert found.order == (Order(by="amount", descending=True), Order(by="country"))
    assert (found.limit, found.rows_per_page, found.search, found.looks) == (10, 15, True, ())
    assert len(read.notes) == 2
    assert returned("table", found) == found


def test_without_a_mode_columns_mean_raw_rows():
    assert translated("table", all_columns=["country"])[0].mode == "raw"
    assert translated("table", groupby=["country"])[0].mode == "aggregate"


def test_only_the_first_time_column_that_is_known_as_such_is_cut_and_comes_first():
    times = GROUPED | {"groupby": ["country", "day", "paid"], "time_grain_sqla": "P1M"}
    found, _ = translated("table", **times)
    assert [(d.name, d.grain) for d in found.dimensions] == [
        ("country", None), ("day", None), ("paid", None),
    ]  # fmt: skip
    found, _ = translated("table", **times, temporal_columns_lookup={"day": True, "paid": True})
    assert [(d.name, d.grain) for d in found.dimensions] == [
        ("day", "month"), ("country", None), ("paid", None),
    ]  # fmt: skip


def test_shares_totals_and_comparisons_are_carried_over():
    found, read = translated(
        "ag-grid-table", **GROUPED | {
            "percent_metrics": [SUM], "show_totals": True, "server_pagination": True,
            "server_page_length": 50, "time_range": "2014-01-01 : 2015-01-01",
            "time_compare": ["1 year ago", "4 weeks ago", "inherit", "custom"],
            "comparison_color_enabled": True, "comparison_color_scheme": "Red",
            "start_date_offset": "2013-05-01",
        },
    )  # fmt: skip
    assert found.compare == ("1 year", "4 weeks", "previous period")
    assert (found.compare_colors, found.totals, found.rows_per_page) == ("less is good", True, 50)
    queries = KINDS["table"].queries(found, SALES)
    assert queries["main"].post[-1].columns[-1] == "%SUM(amount)"
    assert any("2013-05-01" in note for note in read.notes)
    assert returned("table", found) == found


def test_shares_have_places_and_say_when_they_are_of_fewer_rows():
    odd = SUM | {"label": "%SUM"}
    shared = GROUPED | {"metrics": [odd], "percent_metrics": ["revenue"]}
    limited = {"percent_metric_calculation": "all_records", "row_limit": 10}
    found, read = translated("table", **shared | limited)
    assert found.look_of("%revenue").format == ",.3%"
    assert found.look_of("%SUM").format is None
    assert read.notes == ["Its shares are of the rows that it shows, not of all records."]
    assert translated("table", **shared)[1].notes == []


def test_column_settings_are_looks():
    config = {
        "revenue": {
            "d3NumberFormat": ",.2f", "d3SmallNumberFormat": ".4f", "columnWidth": 120,
            "horizontalAlign": "center", "showCellBars": False, "customColumnName": "Turnover",
            "currencyFormat": {"symbol": "EUR", "symbolPosition": "suffix"},
        },
        "country": {"visible": False, "truncateLongCells": False, "columnWidth": "wide"},
        "SUM(amount)": {"alignPositiveNegative": True, "colorPositiveNegative": False},
        "lost": {"d3NumberFormat": ",d"}, "paid": 7,
    }  # fmt: skip
    found, _ = translated("table", **GROUPED | {"column_config": config})
    look = found.look_of("revenue")
    assert (look.format, look.small_format, look.currency) == (",.2f", ".4f", "EUR")
    assert (look.width, look.align, look.bar, look.title) == (120, "center", False, "Turnover")
    assert (found.look_of("country").hidden, found.look_of("country").wrap) == (True, True)
    other = found.look_of("SUM(amount)")
    assert (other.bar, other.bar_from, other.by_sign) == (True, "left", False)
    assert returned("table", found) == found


def condition(**values: Any) -> dict[str, Any]:
    return {"column": "revenue", "colorScheme": "#ACE1C4", **values}


@pytest.mark.parametrize(
    ("entry", "meets", "misses"),
    [
        (condition(operator=">", targetValue=5), 6, 5),
        (condition(operator="≤", targetValue="5"), 5, 6),
        (condition(operator="≠", targetValue=5), 4, 5),
        (condition(operator="< x <", targetValueLeft=1, targetValueRight=3), 2, 3),
        (condition(operator="≤ x ≤", targetValueLeft=1, targetValueRight=3), 3, 4),
        (condition(operator="≤ x <", targetValueLeft=1, targetValueRight=3), 1, 3),
        (condition(operator="< x ≤", targetValueLeft=1, targetValueRight=3), 3, 1),
        (condition(operator="None"), -8, None),
        (condition(operator="containing", targetValue="an"), "France", "Peru"),
        (condition(operator="begins with", targetValue="f"), "France", "Peru"),
        (condition(operator="=", targetValue="Peru"), "Peru", "France"),
        (condition(operator="is null"), None, 1),
        (condition(operator="is true"), True, False),
    ],
)
def test_conditions_colour_what_they_do_in_superset(entry, meets, misses):
    found, _ = translated("table", **GROUPED | {"conditional_formatting": [entry]})
    (rule,) = found.look_of("revenue").rules
    assert (rule.meets(meets), rule.meets(misses), rule.color) == (True, False, "#ace1c4")
    assert returned("table", found) == found


def test_the_last_condition_counts_in_superset_and_the_first_here():
    entries = [
        condition(operator=">", targetValue=1),
        condition(operator=">", targetValue=2, colorScheme="colorError", toAllRow=True),
        condition(operator=">", targetValue=3, colorScheme="rgb(1, 2, 300)", toTextColor=True),
        condition(operator="~", targetValue=3), condition(operator=">"), "nonsense",
        {"operator": ">", "targetValue": 3},
    ]  # fmt: skip
    found, read = translated("table", **GROUPED | {"conditional_formatting": entries})
    made = found.look_of("revenue").rules
    assert [(r.value, r.part) for r in made] == [(3, "text"), (2, "row"), (1, "cell")]
    assert made[0].color == "#0102ff"
    assert len(read.notes) == 1


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("#ABC", "#aabbcc"),
        ("#ace1c499", "#ace1c4"),
        ("colorSuccessBg", styles.GOOD),
        (None, "#1ea8cc"),
    ],
)
def test_colours_are_read_however_they_are_written(told, found):
    assert styles.color(told) == found


PIVOT = {
    "groupbyRows": ["country"], "groupbyColumns": ["day"], "metrics": [SUM, "revenue"],
    "metricsLayout": "COLUMNS", "aggregateFunction": "Sum", "rowTotals": True, "colTotals": True,
    "rowOrder": "value_z_to_a", "colOrder": "key_a_to_z", "valueFormat": ",.1f",
    "date_format": "%Y", "time_grain_sqla": "P1Y", "temporal_columns_lookup": {"day": True},
    "order_desc": True, "row_limit": 1000, "transposePivot": False, "combineMetric": True,
    "time_range": "No filter", "adhoc_filters": [where("country", "==", "Peru")],
}  # fmt: skip


def test_a_pivot_keeps_its_sides_totals_order_and_formats():
    found, read = translated("pivot_table_v2", **PIVOT)
    assert [d.name for d in found.rows] == ["country"]
    assert [(d.name, d.grain) for d in found.columns] == [("day", "year")]
    assert (found.total_row, found.total_column, found.sort_rows) == (True, True, "largest")
    assert (found.format, found.time_format, found.limit) == (",.1f", "%Y", 1000)
    assert (found.summary, found.share, found.metrics_first) == ("metric", "no", False)
    assert read.notes == []
    assert read.unread() == []
    assert returned("pivot_table", found) == found


def test_transposed_pivots_have_their_sides_swapped():
    found, _ = translated(
        "pivot_table_v2", **PIVOT | {"transposePivot": True, "combineMetric": False}
    )
    assert [d.name for d in found.rows] == ["day"]
    assert [d.name for d in found.columns] == ["country"]
    assert found.metrics_first
    assert returned("pivot_table", found) == found


@pytest.mark.parametrize(
    ("function", "summary", "share"),
    [
        ("Average", "average", "no"),
        ("Sample Standard Deviation", "deviation", "no"),
        ("Count Unique Values", "distinct", "no"),
        ("List Unique Values", "list", "no"),
        ("Sum as Fraction of Rows", "sum", "row"),
        ("Count as Fraction of Total", "count", "total"),
    ],
)
def test_what_superset_does_with_cells_is_done_here(function, summary, share):
    found, _ = translated("pivot_table_v2", **PIVOT | {"aggregateFunction": function})
    assert (found.summary, found.share) == (summary, share)
    assert returned("pivot_table", found) == found


def test_totals_of_what_cannot_be_added_up_are_told():
    mean = SUM | {"aggregate": "AVG", "label": "mean"}
    _, read = translated("pivot_table_v2", **PIVOT | {"metrics": [mean, SUM]})
    assert read.notes == [
        "Totals of mean are calculated over all rows of data; Superset adds up the cells."
    ]
    none, read = translated(
        "pivot_table_v2", **PIVOT | {"metrics": [mean], "rowTotals": False, "colTotals": False}
    )
    assert read.notes == []
    assert not none.total_row


def test_the_first_version_of_pivots_is_read_too():
    found, read = translated(
        "pivot_table", groupby=["country"], columns=["day"], metrics=["revenue"],
        pandas_aggfunc="mean", pivot_margins=True, number_format=".3s", combine_metric=False,
        transpose_pivot=False, granularity_sqla="day", time_grain_sqla="P1M", order_desc=True,
    )  # fmt: skip
    assert (found.summary, found.format, found.total_row) == ("average", ".3s", True)
    assert found.columns[0].grain == "month"
    assert read.unread() == []


@pytest.mark.parametrize("viz_type", sorted(tables.TRANSLATORS))
@pytest.mark.parametrize("nasty", [None, 7, "x", [], {}, [None, 3, {}], {"a": 1}, True])
def test_values_of_wrong_types_do_no_harm(viz_type, nasty):
    keys = ("column_config", "conditional_formatting", "order_by_cols", "page_length",
            "time_compare", "currency_format", "rowOrder", "aggregateFunction", "show_totals",
            "valueFormat", "table_timestamp_format", "temporal_columns_lookup", "query_mode",
            "server_page_length", "row_limit", "date_format")  # fmt: skip
    translated(viz_type, groupby=["country"], metrics=["revenue"], **dict.fromkeys(keys, nasty))
