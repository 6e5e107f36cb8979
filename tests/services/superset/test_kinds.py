"""Every chart type of Superset is translated, or refused with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset import kinds
from tests.services.superset.test_params import SALES

NEW = """
table ag-grid-table pivot_table_v2 time_table big_number big_number_total pop_kpi gauge_chart funnel
bullet echarts_timeseries echarts_timeseries_line echarts_timeseries_smooth echarts_timeseries_step
echarts_timeseries_bar echarts_timeseries_scatter echarts_area mixed_timeseries waterfall gantt_chart
compare time_pivot pie sunburst_v2 treemap_v2 tree_chart partition rose radar word_cloud para
histogram_v2 box_plot horizon heatmap_v2 bubble_v2 bubble cal_heatmap paired_ttest sankey_v2
graph_chart chord world_map country_map mapbox cartodiagram deck_arc deck_contour deck_grid
deck_heatmap deck_hex deck_path deck_polygon deck_scatter deck_screengrid deck_geojson deck_multi
handlebars
"""
OLD_NAMES = """
treemap pivot_table dual_line sunburst line area bar dist_bar heatmap histogram sankey separator
"""
TYPES, OLD = NEW.split(), OLD_NAMES.split()
DOCUMENT = Path(__file__).parents[3] / "docs" / "superset.md"


def test_there_are_58_types():
    assert len(set(TYPES)) == 58


@pytest.mark.parametrize("viz_type", TYPES + OLD)
def test_every_type_and_every_old_name_is_known(viz_type: str):
    assert (viz_type in kinds.TRANSLATORS) != (viz_type in kinds.UNLIKE)


@pytest.mark.parametrize("viz_type", sorted(kinds.TRANSLATORS))
def test_a_chart_without_any_parameters_is_translated_or_refused_with_a_sentence(viz_type: str):
    read, sentence = bare(viz_type)
    assert read is None or read.notes == ()
    assert read is not None or sentence.endswith(".")


def bare(viz_type: str) -> tuple[kinds.Outcome | None, str]:
    """A chart without any parameters, or the sentence that refuses it."""
    try:
        return kinds.chart(viz_type, "bare", {}, SALES), ""
    except Invalid as error:
        return None, error.message


@pytest.mark.parametrize("viz_type", ["filter_box", "hologram", ""])
def test_a_type_that_nothing_is_like_is_refused(viz_type: str):
    with pytest.raises(Invalid, match="cannot be translated"):
        kinds.chart(viz_type, "x", {}, SALES)


def test_the_documentation_lists_every_type_with_its_kind():
    text = DOCUMENT.read_text("utf-8").partition("## Chart types")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", text, re.MULTILINE))
    assert set(told) == set(TYPES + OLD)
    for viz_type, kind in told.items():
        named = re.findall(r"`([\w_]+)`", kind)
        assert bool(named) == (viz_type in kinds.TRANSLATORS and viz_type != "cartodiagram")
        assert set(named) <= set(KINDS)
        read, _ = bare(viz_type)
        assert read is None or read.kind in named, (viz_type, read)
