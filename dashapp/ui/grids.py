"""AG Grid tables: of a tile, of underlying rows, of a tile's numbers."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
import pyarrow as pa
from dash import dcc, html
from dash.development.base_component import Component

from dashapp.charts import cells
from dashapp.charts.base import Grid, Look
from dashapp.charts.cells import Cell
from dashapp.charts.values import records
from dashapp.specs import ColumnSpec, DatasetSpec
from dashapp.specs.dataset import in_words
from dashapp.ui import ids
from dashapp.ui.attrs import attrs
from dashapp.ui.texts import t

PAGE = 100
MOST = 5000  # Rows of a tile's numbers; its export has all.
OPTIONS: dict[str, Any] = {
    "animateRows": False,
    "suppressFieldDotNotation": True,
    "enableCellTextSelection": True,
    "ensureDomOrder": True,
    "rowHeight": 30,
    "headerHeight": 34,
    "tooltipShowMode": "whenTruncated",
    "tooltipShowDelay": 400,
    "suppressDragLeaveHidesColumns": True,
}
DEFAULTS: dict[str, Any] = {
    "sortable": True, "resizable": True, "minWidth": 64, "wrapHeaderText": True,
    "autoHeaderHeight": True,
}  # fmt: skip
NUMERIC = frozenset({"integer", "number"})


def common_options() -> dict[str, Any]:
    """What all grids have, with the grid's own words in the viewer's language."""
    words = {
        "noRowsToShow": t("No rows"), "loadingOoo": t("Loading …"), "filterOoo": t("Filter …"),
        "contains": t("Contains"), "notContains": t("Does not contain"), "equals": t("Equals"),
        "notEqual": t("Does not equal"), "startsWith": t("Begins with"),
        "endsWith": t("Ends with"), "blank": t("Is empty"), "notBlank": t("Is not empty"),
        "lessThan": t("Less than"), "lessThanOrEqual": t("At most"),
        "greaterThan": t("Greater than"), "greaterThanOrEqual": t("At least"),
        "inRange": t("Between"), "inRangeStart": t("From"), "inRangeEnd": t("To"),
        "resetFilter": t("Reset"), "page": t("Page"), "to": t("to"), "of": t("of"),
        "firstPage": t("First page"), "previousPage": t("Previous page"),
        "nextPage": t("Next page"), "lastPage": t("Last page"), "more": t("more"),
    }  # fmt: skip
    return {**OPTIONS, "localeText": words}


def table(component_id: Any, dataset: str, drawing: Grid) -> Component:
    """A table drawing; what its cells stand for travels in the grid's context."""
    common: dict[str, Any] = {
        "id": component_id, "columnDefs": drawing.columns,
        "defaultColDef": {**DEFAULTS, "suppressMovable": not drawing.is_movable},
        "style": {"height": "100%", "width": "100%"},
    }  # fmt: skip
    options = _options(dataset, drawing)
    if drawing.paged:
        return dag.AgGrid(
            rowModelType="infinite", dashGridOptions={**options, **infinite()}, **common
        )
    grid = dag.AgGrid(rowData=drawing.rows, dashGridOptions=options, **common)
    return searched(grid) if drawing.search else grid


def searched(grid: Component) -> Component:
    """A grid under a box that searches all its columns (see web/assets/grid.js)."""
    box = html.Label(
        [
            html.Span(t("Search"), className="visually-hidden"),
            dcc.Input(type="search", placeholder=t("Search"), className="grid-search"),
        ],
        **attrs({"data-grid-search": "1"}),
    )  # fmt: skip
    return html.Div([box, html.Div(grid)], className="searched")


def _options(dataset: str, drawing: Grid) -> dict[str, Any]:
    """Options of a drawn grid: pages, totals, colours of rows."""
    clicks = {
        name: {"column": c.column, "grain": c.grain, "bin": c.bin}
        for name, c in drawing.clicks.items()
    }
    context: dict[str, Any] = {"clicks": clicks, "dataset": dataset, "paged": drawing.paged}
    options = {**common_options(), "context": context}
    if drawing.totals:
        options["pinnedBottomRowData"] = drawing.totals
    if drawing.row_rules:
        context["rules"] = drawing.row_rules
        options["getRowStyle"] = {"function": "dashappRow(params)"}
    if drawing.rows_per_page:
        options |= {
            "pagination": True, "paginationPageSize": drawing.rows_per_page,
            "paginationPageSizeSelector": False,
        }  # fmt: skip
    return options


def rows(component_id: Any, columns: tuple[ColumnSpec, ...]) -> Component:
    """An empty grid over a dataset's columns whose rows come from the server page by page."""
    return dag.AgGrid(
        id=component_id, rowModelType="infinite", columnDefs=[column(c) for c in columns],
        defaultColDef={**DEFAULTS, "floatingFilter": True},
        dashGridOptions={**common_options(), **infinite()}, style={"height": "62vh", "width": "100%"},
    )  # fmt: skip


def infinite() -> dict[str, Any]:
    """Options of a grid that asks the server for pages while one scrolls."""
    return {
        "cacheBlockSize": PAGE,
        "maxBlocksInCache": 20,
        "infiniteInitialRowCount": 1,
        "rowBuffer": 0,
    }


def column(spec: ColumnSpec) -> dict[str, Any]:
    """The grid column of a dataset's column."""
    is_number = spec.type in NUMERIC
    found: dict[str, Any] = {
        "field": spec.name, "headerName": spec.title, "headerTooltip": spec.description or spec.name,
        "filter": "agNumberColumnFilter" if is_number else "agTextColumnFilter",
        "filterParams": {"buttons": ["reset"], "maxNumConditions": 1, "debounceMs": 500},
    }  # fmt: skip
    if spec.type in ("boolean", "time", "date", "other"):
        found["filter"] = False
    if is_number:
        found |= {"cellClass": "is-number", "headerClass": "is-number"}
    return found


def plain(tables: dict[str, pa.Table], dataset: DatasetSpec | None, look: Look) -> Component:
    """The numbers behind a tile, all its answers one below the other."""
    return html.Div(
        [
            dag.AgGrid(
                id=ids.numbers(i), columnDefs=[plain_column(n, answer, dataset, look) for n in answer.column_names],
                rowData=records(answer.slice(0, MOST), zone=look.zone), defaultColDef=DEFAULTS,
                dashGridOptions=common_options(), className="ag-theme-quartz mb-3",
                style={"height": f"min(62vh, {60 + 31 * max(answer.num_rows, 2)}px)"},
            )
            for i, answer in enumerate(tables.values())
        ]
    )  # fmt: skip


def plain_column(
    name: str, answer: pa.Table, dataset: DatasetSpec | None, look: Look
) -> dict[str, Any]:
    """The grid column of a column of an answer, told as its metric or column is told elsewhere."""
    metric = dataset.metric(name) if dataset else None
    column = dataset.column(name) if dataset else None
    known = metric or column
    holds = cells.holds(answer.schema.field(name).type)
    cell = Cell(
        holds=holds, format=cells.fitting(known.format if known else None, holds),
        currency=metric.currency if metric else None, grain=cells.finest_of(answer, name),
    )  # fmt: skip
    found = cells.column(name, known.title if known else in_words(name), cell, look)
    return cells.sized(found, cell, cells.texts(answer, name, cell, look))


def plain_rows(answer: pa.Table, limit: int = MOST) -> list[dict[str, Any]]:
    """Rows as JSON; times as ISO text without a needless midnight."""
    return [{k: shown(v) for k, v in row.items()} for row in answer.slice(0, limit).to_pylist()]


def shown(value: Any) -> Any:
    """A value as JSON and people take it."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    text = value.isoformat(sep=" ") if hasattr(value, "hour") else str(value)
    return text.removesuffix(" 00:00:00").removesuffix("+00:00")
