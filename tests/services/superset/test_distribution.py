"""Superset's charts of distributions become ours, and go back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset.distribution import TRANSLATORS, WRITERS
from dashapp.services.superset.params import Params, refused
from dashapp.services.superset.written import Out
from dashapp.specs import Order
from dashapp.specs.post import BoxPlot, Histogram, Rank
from tests.services.superset.test_params import SALES, SUM, where

MEAN = SUM | {"aggregate": "AVG", "label": "AVG(amount)"}
HISTOGRAM = {
    "column": "amount", "groupby": ["country"], "bins": "10", "normalize": True,
    "cumulative": False, "row_limit": 10_000, "show_value": True, "show_legend": True,
    "x_axis_title": "Money", "y_axis_format": ",.1%", "adhoc_filters": [where("country", "IN", ["DE"])],
}  # fmt: skip
BOX = {
    "groupby": ["country"], "metrics": ["revenue"], "limit": "25", "granularity_sqla": "day",
    "row_limit": 50_000, "whisker_options": "Min/max (no outliers)", "show_bubbles": True,
    "x_ticks_layout": "staggered",
}  # fmt: skip
HEAT = {
    "x_axis": "country", "groupby": "is_new", "metric": "revenue", "normalize_across": "heatmap_v2",
    "normalized": True, "show_legend": True, "show_percentage": True, "show_values": True,
    "sort_x_axis": "alpha_asc", "sort_y_axis": "value_desc", "row_limit": 1000,
    "value_bounds": [None, "9"], "xscale_interval": -1, "linear_color_scheme": "schemeBlues",
    "left_margin": "auto",
}  # fmt: skip
BUBBLE = {
    "entity": "country", "series": "is_new", "x": MEAN, "y": "revenue", "size": SUM,
    "row_limit": 0, "max_bubble_size": "50", "truncateYAxis": True, "groupby": [],
    "y_axis_bounds": [1, None], "logXAxis": True,
}  # fmt: skip
PARA = {
    "series": "country", "metrics": ["revenue", MEAN], "secondary_metric": SUM,
    "include_series": True, "show_datatable": False, "limit": 100, "row_limit": 500,
    "timeseries_limit_metric": MEAN, "order_desc": True,
}  # fmt: skip
TTEST = {
    "metrics": ["revenue"], "groupby": ["country"], "granularity_sqla": "day",
    "time_grain_sqla": "P1D", "significance_level": 0.01, "pvalue_precision": 4,
    "liftvalue_precision": "2",
}  # fmt: skip
WHOLE = {
    "histogram_v2": HISTOGRAM, "box_plot": BOX, "heatmap_v2": HEAT, "bubble_v2": BUBBLE,
    "para": PARA, "paired_ttest": TTEST,
}  # fmt: skip


def read(viz_type: str, values: dict[str, Any]) -> tuple[str, Any, Params]:
    params = Params(viz_type=viz_type, name="chart", values=values, dataset=SALES)
    found = TRANSLATORS[viz_type](params)
    return found.kind, KINDS[found.kind].Options.model_validate(found.options), params


def asked(viz_type: str, **values: Any) -> Any:
    kind, options, _ = read(viz_type, values)
    return KINDS[kind].queries(options, SALES)["main"]


def test_histograms_ask_for_raw_rows_and_count_in_equal_bins():
    spec = asked("histogram_v2", **HISTOGRAM)
    assert spec.columns == ("country", "amount")
    assert spec.limit == 10_000
    assert spec.post == (
        Histogram(column="amount", bins=10, by=("country",), normalize=True, share_of="all",
                  empty=False),
    )  # fmt: skip
    assert asked("histogram_v2", column="amount").post[0].bins == 5
    old = asked("histogram", all_columns_x=["amount"], link_length="7", normalized=True)
    assert (old.post[0].bins, old.post[0].normalize) == (7, True)


def test_boxes_spread_over_the_time_column_as_it_is():
    spec = asked("box_plot", **BOX)
    assert {(d.name, d.grain) for d in spec.dimensions} == {("day", None), ("country", None)}
    assert spec.series.limit == 25
    assert spec.series.other is False
    assert spec.post == (
        BoxPlot(by=("country",), metrics=("revenue",), quartiles="midpoint", empty=False),
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("Tukey", "tukey"), ("Min/max (no outliers)", "min/max"), ("2/98 percentiles", "2/98"),
     ("12.5/87.5 percentiles", "12.5/87.5"), ("98/2 percentiles", "tukey"), ("odd", "tukey")],
)  # fmt: skip
def test_whiskers_reach_as_far(theirs, ours):
    kind, options, params = read("box_plot", BOX | {"whiskerOptions": theirs})
    assert (kind, options.whiskers) == ("box_plot", ours)
    assert bool(params.notes) == (theirs in ("98/2 percentiles", "odd"))


def test_boxes_over_days_take_the_grain_and_all_members_without_a_limit():
    values = BOX | {"columns": ["day"], "time_grain_sqla": "P1M", "limit": None}
    spec = asked("box_plot", **values, series_limit_metric="count")
    assert [(d.name, d.grain) for d in spec.dimensions] == [("country", None), ("day", "month")]
    assert spec.series is None


def test_heat_maps_are_ordered_ranked_and_cut_nowhere():
    kind, options, params = read("heatmap_v2", HEAT)
    spec = KINDS[kind].queries(options, SALES)["main"]
    assert [d.name for d in spec.dimensions] == ["country", "is_new"]
    assert [(o.by, o.descending) for o in spec.order] == [("country", False), ("revenue", True)]
    assert spec.post == (
        Rank(metric="revenue", descending=False, percent=True, ties="mean", name="rank"),
    )
    assert (options.rows_limit, options.columns_limit) == (None, None)
    assert (options.rank_colors, options.share, options.color_high) == (True, "all", 9)
    assert params.unread() == []
    by_row = asked("heatmap_v2", **HEAT | {"normalize_across": "y"})
    assert by_row.post[0].within == ("is_new",)


def test_the_old_heat_map_has_other_keys():
    old = {"all_columns_x": "country", "all_columns_y": "is_new", "metric": "revenue"}
    kind, options, _ = read("heatmap", old | {"show_perc": False, "y_axis_bounds": [0, 5]})
    assert [d.name for d in KINDS[kind].queries(options, SALES)["main"].dimensions] == [
        "country",
        "is_new",
    ]
    assert (options.share, options.color_high) == ("none", 5)


def test_bubbles_have_no_limit_where_it_is_zero():
    kind, options, params = read("bubble_v2", BUBBLE)
    spec = KINDS[kind].queries(options, SALES)["main"]
    assert spec.limit is None
    assert [d.name for d in spec.dimensions] == ["country", "is_new"]
    assert spec.metrics == (params.measure(MEAN), "revenue", params.measure(SUM))
    assert (options.biggest, options.x_log, options.y_low) == (50, True, 1)
    old = BUBBLE | {"x_log_scale": True, "x_axis_format": ",.2f"}
    _, options, _ = read("bubble", old)
    assert (options.x_log, options.x_format) == (True, ",.2f")


def test_lines_are_ordered_by_the_limits_metric():
    spec = asked("para", **PARA)
    assert [o.by for o in spec.order] == ["AVG(amount)"]
    assert len(spec.metrics) == 3


def test_tests_pair_days():
    spec = asked("paired_ttest", **TTEST)
    assert [(d.name, d.grain) for d in spec.dimensions] == [("day", "day"), ("country", None)]
    assert spec.order == (Order(by="day"),)


@pytest.mark.parametrize("viz_type", WHOLE)
def test_what_is_written_reads_the_same(viz_type):
    kind, options, _ = read(viz_type, WHOLE[viz_type])
    out = Out(SALES)
    theirs, values = WRITERS[kind](options, out)
    assert theirs == viz_type
    again_kind, again, params = read(theirs, values)
    assert again_kind == kind
    fresh = KINDS[kind].queries(again, SALES)
    assert fresh == KINDS[kind].queries(options, SALES)
    assert params.unread() == []


def told(viz_type: str, values: dict[str, Any]) -> str:
    """Why a chart is refused; a full stop if it is not."""
    try:
        read(viz_type, values)
    except (Invalid, ValidationError) as error:
        return error.message if isinstance(error, Invalid) else refused(error).message
    return "."


NASTY: tuple[Any, ...] = (
    None,
    "",
    "x",
    -1,
    1e309,
    True,
    [],
    {},
    [None],
    [[1]],
    {"a": 1},
    "9" * 400,
)


@pytest.mark.parametrize("viz_type", WHOLE)
@pytest.mark.parametrize("value", NASTY, ids=lambda v: repr(v)[:20])
def test_odd_values_are_taken_or_refused_with_a_sentence(viz_type, value):
    for key in WHOLE[viz_type]:
        assert told(viz_type, WHOLE[viz_type] | {key: value}).endswith(".")
