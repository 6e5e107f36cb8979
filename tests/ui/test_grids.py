"""Grids take from a drawing what readers may do with it."""

from __future__ import annotations

from dash.development.base_component import Component

from dashapp.charts.base import Grid
from dashapp.ui import grids

COLUMNS = [{"field": "a", "headerName": "A"}]


def table(**options: object) -> Component:
    return grids.table("grid", "dataset", Grid(columns=COLUMNS, rows=[{"a": 1}], **options))


def test_pages_are_turned_where_rows_per_page_are_named():
    assert table(rows_per_page=20).dashGridOptions["paginationPageSize"] == 20
    assert "pagination" not in table().dashGridOptions
    paged = table(rows_per_page=20, paged=True)
    assert (paged.rowModelType, paged.dashGridOptions["pagination"]) == ("infinite", True)


def test_rules_of_rows_are_data_and_their_function_is_constant():
    rules = [{"field": "a", "op": ">", "value": 0, "color": "#ff0000", "part": "row"}]
    options = table(row_rules=rules).dashGridOptions
    assert options["context"]["rules"] == rules
    assert options["getRowStyle"] == {"function": "dashappRow(params)"}
    assert "getRowStyle" not in table().dashGridOptions


def test_a_search_box_stands_over_the_grid():
    found = table(search=True)
    box, holder = found.children
    assert found.className == "searched"
    assert box.to_plotly_json()["props"]["data-grid-search"] == "1"
    assert holder.children.rowData == [{"a": 1}]


def test_columns_move_unless_they_may_not():
    assert table().defaultColDef["suppressMovable"] is False
    assert table(is_movable=False).defaultColDef["suppressMovable"] is True
