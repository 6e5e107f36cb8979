"""Parameters that a chart leaves out are those that Superset's controls fill in."""

from __future__ import annotations

from typing import Any

import pytest

from dashapp.services.superset import kinds
from dashapp.services.superset.defaults import filled
from tests.services.superset.test_params import SALES, SUM

SHARES = {"metric": SUM, "groupby": ["country"]}


def options(viz_type: str, **values: Any) -> dict[str, Any]:
    return kinds.chart(viz_type, "chart", values, SALES).options


@pytest.mark.parametrize(
    ("viz_type", "rows"), [("pie", 100), ("funnel", 10), ("treemap_v2", 10_000)]
)
def test_rows_are_cut_off_where_the_control_of_the_type_does(viz_type: str, rows: int):
    assert options(viz_type, **SHARES)["limit"] == rows
    assert options(viz_type, **SHARES, row_limit=7)["limit"] == 7


def test_a_limit_that_was_emptied_stays_empty():
    assert "limit" not in options(
        "echarts_timeseries_line", x_axis="day", metrics=[SUM], row_limit=None
    )


def test_types_without_a_control_for_rows_get_none():
    assert filled("big_number_total", {"metric": SUM}) == {"metric": SUM}


def test_values_of_a_histogram_are_the_first_ten_thousand():
    assert options("histogram_v2", column="amount")["limit"] == 10_000


@pytest.mark.parametrize("viz_type", ["waterfall", "sunburst_v2", "cal_heatmap"])
def test_what_was_filled_in_is_never_told_as_lost(viz_type: str):
    given = {"metric": SUM, "x_axis": "day", "granularity_sqla": "day", "columns": ["country"]}
    notes = kinds.chart(viz_type, "chart", given, SALES).notes
    assert not any("row_limit" in note or "color" in note for note in notes)


def test_a_grid_of_charts_that_is_off_is_not_told_as_lost():
    grid = {"matrixify_mode_rows": "disabled", "matrixify_row_height": 300}
    assert kinds.chart("pie", "chart", SHARES | grid, SALES).notes == ()
    on = kinds.chart("pie", "chart", SHARES | grid | {"matrixify_enable": True}, SALES)
    assert "matrixify_row_height" in on.notes[0]
