"""Superset's pies, treemaps, sunbursts, partitions, funnels and radars become ours and go back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset.params import Params, refused
from dashapp.services.superset.parts import TRANSLATORS, WRITERS
from dashapp.services.superset.written import Out
from tests.services.superset.test_distribution import NASTY
from tests.services.superset.test_params import SALES, SUM

PIE = {
    "color_scheme": "supersetColors", "donut": True, "granularity_sqla": "day",
    "groupby": ["country"], "innerRadius": 41, "label_line": True, "label_type": "key",
    "labels_outside": True, "metric": SUM, "number_format": "SMART_NUMBER", "outerRadius": 65,
    "row_limit": None, "show_labels": True, "show_labels_threshold": 2, "show_legend": False,
    "time_range": "No filter",
}  # fmt: skip
TREEMAP = {
    "groupby": ["country", "is_new"], "limit": "25", "metric": "revenue", "row_limit": 50000,
    "since": "1960-01-01", "until": "now", "granularity_sqla": "day", "label_type": "Key",
}  # fmt: skip
SUNBURST = {
    "columns": ["country", "is_new"], "groupby": [], "limit": "25", "metric": "revenue",
    "secondary_metric": SUM, "row_limit": 50000, "show_labels": True, "granularity_sqla": "day",
    "linear_color_scheme": "blue_white_yellow", "show_total": True,
}  # fmt: skip
PARTITION = {
    "metrics": ["revenue", SUM], "groupby": ["country"], "time_series_option": "point_percent",
    "granularity_sqla": "day", "time_grain_sqla": "P1M", "partition_limit": "7",
    "partition_threshold": "0.1", "row_limit": 10000, "equal_date_size": True,
    "rich_tooltip": True, "number_format": ",.1f", "date_time_format": "smart_date",
}  # fmt: skip
FUNNEL = {
    "groupby": ["country", "is_new"], "metric": "revenue", "row_limit": 10,
    "sort_by_metric": True, "percent_calculation_type": "prev_step", "label_type": 5,
    "tooltip_label_type": 3, "show_labels": True, "show_tooltip_labels": True,
    "show_legend": True, "legendOrientation": "right", "number_format": "$,.2f",
}  # fmt: skip
RADAR = {
    "groupby": ["country"], "metrics": ["revenue", SUM], "timeseries_limit_metric": SUM,
    "row_limit": 10, "is_circle": True, "show_labels": True, "label_type": "value",
    "label_position": "top", "number_format": "SMART_NUMBER", "legendOrientation": "top",
    "column_config": {"revenue": {"radarMetricMaxValue": 500}, "gone": {}, "SUM(amount)":
                      {"radarMetricMinValue": None, "radarMetricMaxValue": None}},
}  # fmt: skip
WHOLE = {
    "pie": PIE, "treemap_v2": TREEMAP, "sunburst_v2": SUNBURST, "partition": PARTITION,
    "funnel": FUNNEL, "radar": RADAR,
}  # fmt: skip


def read(viz_type: str, values: dict[str, Any]) -> tuple[str, Any, Params]:
    params = Params(viz_type=viz_type, name="chart", values=values, dataset=SALES)
    found = TRANSLATORS[viz_type](params)
    return found.kind, KINDS[found.kind].Options.model_validate(found.options), params


def asked(viz_type: str, **values: Any) -> Any:
    kind, options, _ = read(viz_type, values)
    return KINDS[kind].queries(options, SALES)["main"]


def ordered(spec: Any) -> list[tuple[str, bool]]:
    return [(o.by, o.descending) for o in spec.order]


def test_a_pie_asks_for_all_its_rows_by_the_metric():
    spec = asked("pie", **PIE)
    assert [d.name for d in spec.dimensions] == ["country"]
    assert (spec.limit, spec.series) == (None, None)
    assert ordered(spec) == [("SUM(amount)", True)]
    assert [s.metrics for s in spec.post] == [("SUM(amount)",)]
    unordered = asked("pie", **PIE | {"sort_by_metric": False, "row_limit": "5"})
    assert ordered(unordered) == [("country", False)]
    assert unordered.limit == 5


def test_a_pie_looks_as_it_did():
    kind, options, params = read("pie", PIE)
    assert kind == "pie"
    assert (options.donut, options.inner_radius, options.outer_radius) == (True, 41, 65)
    assert (options.labels, options.label_threshold, options.labels_outside) == ("name", 2, True)
    assert (options.sort, options.total, options.legend) == ("query", False, "hidden")
    assert params.unread() == []
    assert params.notes == []
    bare = read("pie", {"groupby": ["country", "is_new"], "metric": "revenue"})[1]
    assert (bare.donut, bare.outer_radius, bare.label_threshold) == (False, 70, 5)
    assert [d.name for d in bare.dimensions] == ["country", "is_new"]


def test_labels_of_a_pie_may_follow_a_template():
    values = PIE | {"label_type": "template", "label_template": "{b}: {c}\\n{percent}"}
    options = read("pie", values | {"roseType": "area", "threshold_for_other": "3"})[1]
    assert options.label_template == "{name}: {value}\\n{share}"
    assert (options.rose, options.other_below) == ("area", 3)
    assert read("pie", PIE | {"show_labels": False})[1].labels == "none"


def test_a_treemap_is_ordered_by_its_members_where_rows_are_limited():
    spec = asked("treemap_v2", **TREEMAP)
    assert ordered(spec) == [("country", False), ("is_new", False)]
    assert spec.limit == 50000
    both = asked("treemap_v2", **TREEMAP | {"sort_by_metric": True})
    assert ordered(both)[0] == ("revenue", True)
    kind, options, params = read("treemap_v2", TREEMAP | {"row_limit": None})
    assert (kind, options.limit, options.order) == ("treemap", None, ())
    assert options.labels == "name"
    assert params.unread() == []


def test_a_sunburst_is_coloured_by_the_ratio_of_two_metrics():
    kind, options, params = read("sunburst_v2", SUNBURST)
    assert kind == "sunburst"
    assert (options.color_as, options.color.label) == ("ratio", "SUM(amount)")
    assert (options.total, options.labels, options.label_threshold) == (True, "name", 5)
    spec = asked("sunburst_v2", **SUNBURST)
    assert [m if isinstance(m, str) else m.label for m in spec.metrics] == [
        "revenue", "SUM(amount)",
    ]  # fmt: skip
    assert params.unread() == []
    alone = read("sunburst_v2", SUNBURST | {"secondary_metric": "revenue"})[1]
    assert alone.color is None


def test_old_names_of_treemaps_and_sunbursts_are_known():
    kind, options, params = read("treemap", {"metrics": ["revenue", SUM], "groupby": ["country"]})
    assert (kind, options.metric) == ("treemap", "revenue")
    assert params.notes == ["Only its first metric is drawn, as in later versions of Superset."]
    kind, options, _ = read("sunburst", {"metric": "revenue", "groupby": ["country"]})
    assert (kind, [d.name for d in options.levels]) == ("sunburst", ["country"])


def test_a_partition_over_time_asks_for_buckets():
    kind, options, params = read("partition", PARTITION)
    assert kind == "icicle"
    assert (options.over_time, options.grain) == ("change", "month")
    assert (options.most_inside, options.least_inside) == (7, 10)
    spec = asked("partition", **PARTITION)
    assert [(d.column, d.grain) for d in spec.dimensions] == [("country", None), ("day", "month")]
    assert len(spec.metrics) == 2
    assert params.unread() == []
    bare = read("partition", {"metrics": "revenue", "groupby": "country"})[1]
    assert (bare.most_inside, bare.least_inside, bare.over_time) == (5, 5, "none")


def test_what_a_partition_cannot_keep_is_told():
    values = {"time_series_option": "adv_anal", "log_scale": True, "contribution": True}
    notes = read("partition", PARTITION | values)[2].notes
    assert len(notes) == 3
    assert "curves over time" in " ".join(notes)
    limited = read("partition", PARTITION | {"limit": 5})[2].notes
    assert limited == ["Its limit on series is not kept; all are asked for."]


def test_a_funnel_has_shares_of_the_stage_before():
    kind, options, params = read("funnel", FUNNEL)
    assert kind == "funnel"
    assert (options.percent_of, options.labels) == ("previous", "name, value and share")
    assert (options.tooltip, options.legend, options.sort) == ("name and value", "right", "largest")
    assert ordered(asked("funnel", **FUNNEL)) == [("revenue", True)]
    assert params.unread() == []
    silent = read("funnel", FUNNEL | {"show_labels": False, "show_tooltip_labels": False})[1]
    assert (silent.labels, silent.tooltip) == ("none", "none")


def test_a_radar_is_ordered_by_its_limits_metric():
    kind, options, params = read("radar", RADAR)
    assert kind == "radar"
    assert ordered(asked("radar", **RADAR)) == [("SUM(amount)", True)]
    assert options.shape == "circle"
    assert [(s.metric, s.low, s.high) for s in options.spokes] == [
        ("revenue", 0, 500), ("SUM(amount)", None, None),
    ]  # fmt: skip
    assert params.unread() == []
    assert read("radar", RADAR | {"is_normalized": True})[1].scale == "series"


@pytest.mark.parametrize("viz_type", WHOLE)
def test_there_and_back_is_the_same(viz_type):
    kind, options, _ = read(viz_type, WHOLE[viz_type])
    out = Out(SALES)
    back, params = WRITERS[kind](options, out)
    assert back == viz_type
    assert out.notes == []
    again = read(back, {k: v for k, v in params.items() if v is not None})
    assert again[0] == kind
    first, second = options.model_dump(), again[1].model_dump()
    assert {k: (v, second[k]) for k, v in first.items() if v != second[k]} == {}
    assert again[2].unread() == []


def test_what_superset_has_no_words_for_is_told():
    cases = {
        "pie": {"members": 5, "dimension": {"column": "country"}, "metric": "revenue"},
        "treemap": {"color": "revenue", "labels": "name and share"},
        "sunburst": {"color": "revenue", "depth": 2},
        "icicle": {"color": "revenue"},
        "funnel": {"metrics": ["revenue"], "labels": "template"},
        "radar": {"scale": "common"},
    }
    for kind, values in cases.items():
        out = Out(SALES)
        WRITERS[kind](KINDS[kind].Options.model_validate(values), out)
        assert out.notes, kind


def raise_if_silent(error: Invalid) -> None:
    if not error.message:
        raise error


@pytest.mark.parametrize("viz_type", TRANSLATORS)
@pytest.mark.parametrize("value", NASTY)
def test_wrong_types_are_refused_in_a_sentence_or_left_out(viz_type, value):
    whole = WHOLE.get(viz_type, PIE)
    for key in whole:
        try:
            read(viz_type, whole | {key: value})
        except Invalid:
            continue
        except ValidationError as error:
            raise_if_silent(refused(error))


@pytest.mark.parametrize("viz_type", TRANSLATORS)
def test_a_chart_without_anything_is_not_an_error(viz_type):
    kind, options, _ = read(viz_type, {})
    assert options.model_dump()
    with pytest.raises(Invalid):
        KINDS[kind].queries(options, SALES)
