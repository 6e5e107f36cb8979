"""The dialog of a tile: underlying rows page by page, SQL, the tile as a table."""

from __future__ import annotations

import time
from typing import Any

from dash import MATCH, Input, Output, State, no_update, set_props
from dash.development.base_component import Component
from pydantic import BaseModel, ConfigDict, Field

from callbacks.dashboard import Action
from callbacks.shapes import PageState, PartId
from dashapp.charts.base import Look
from dashapp.charts.colors import PALETTES
from dashapp.errors import AppError, Invalid
from dashapp.services import charts, dashboards, plans
from dashapp.services.charts import RowsPage, Want
from dashapp.services.dashboards import Opened
from dashapp.specs import Filter, FilterState, Order
from dashapp.specs.query import Label
from dashapp.ui import cards, drawer, grids, ids
from dashapp.ui.texts import t
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("drawer")


@wiring.callback(
    Output(ids.DRAWER, "is_open"),
    Output(ids.DRAWER_TITLE, "children"),
    Output(ids.DRAWER_BODY, "children"),
    Input(ids.ACTION, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    State(ids.TABS, "active_tab"),
    permission="dashboard.view",
    on_error=lambda error: (True, t("This did not work"), cards.failed(error)),
    prevent_initial_call=True,
)
def show(
    viewer: Viewer, action: Action | None, state: FilterState, page: PageState, tab: str | None
) -> tuple[object, object, object]:
    """Open the dialog with what the menu asked for."""
    if action is None or action.act in ("refresh", "cancel"):
        return no_update, no_update, no_update
    opened = dashboards.open(viewer, page.slug)
    if action.tile is None:
        found = plans.plan(viewer, opened, state, tab, measured=action.act == "plan-measured")
        return True, t("How this page is answered"), drawer.plan(found)
    asked = charts.ask(viewer, opened, action.tile, Want(state=state))
    titles = {
        "rows": t("Underlying rows of {title}", title=asked.title),
        "sql": t("SQL of {title}", title=asked.title),
        "table": asked.title,
    }
    return True, titles[action.act], content(viewer, opened, action.act, action.tile, state)


def content(viewer: Viewer, opened: Opened, act: str, key: str, state: FilterState) -> Component:
    """The body of the dialog of one tile."""
    want = Want(state=state)
    if act == "sql":
        return drawer.statements(charts.statements(viewer, opened, key, want), viewer.zone)
    if act == "rows":
        return grids.rows(ids.rows(key), charts.columns_of(viewer, opened, key))
    answer = charts.answers(viewer, opened, [key], want)[key]
    if answer.error is not None:
        raise answer.error
    chart = opened.chart(opened.place(key)[1])
    look = Look(palette=PALETTES["dashapp"], locale=viewer.locale, zone=viewer.zone)
    dataset = opened.datasets.get(chart.dataset) if chart.dataset else None
    return grids.plain({n: r.table for n, r in answer.results.items()}, dataset, look)


class ColumnFilter(BaseModel):
    """One column's filter as AG Grid sends it."""

    model_config = ConfigDict(extra="ignore")
    filter_type: str = Field("text", alias="filterType")
    type: str = "contains"
    filter: str | float | None = None
    filter_to: float | None = Field(None, alias="filterTo")


class Sort(BaseModel):
    """One column's order as AG Grid sends it."""

    model_config = ConfigDict(extra="ignore")
    column: Label = Field(alias="colId")
    sort: str


class RowsRequest(BaseModel):
    """Which rows a grid wants."""

    model_config = ConfigDict(extra="ignore")
    start: int = Field(0, alias="startRow", ge=0, le=10_000_000)
    end: int = Field(100, alias="endRow", ge=0)
    sorts: list[Sort] = Field([], alias="sortModel", max_length=20)
    filters: dict[Label, ColumnFilter] = Field({}, alias="filterModel", max_length=100)

    def page(self) -> RowsPage:
        """The same, as the service takes it."""
        return RowsPage(
            start=self.start, size=max(1, self.end - self.start) + 1,
            order=tuple(Order(by=s.column, descending=s.sort == "desc") for s in self.sorts),
            filters=tuple(f for name, model in self.filters.items() for f in predicate(name, model)),
        )  # fmt: skip


TEXT = {
    "contains": "contains", "notContains": "not contains", "equals": "=", "notEqual": "!=",
    "startsWith": "starts with", "endsWith": "ends with", "blank": "is null", "notBlank": "is not null",
}  # fmt: skip
NUMBER = {
    "equals": "=", "notEqual": "!=", "lessThan": "<", "lessThanOrEqual": "<=", "greaterThan": ">",
    "greaterThanOrEqual": ">=", "blank": "is null", "notBlank": "is not null",
}  # fmt: skip


def predicate(column: str, model: ColumnFilter) -> list[Filter]:
    """A grid's column filter as ours; kinds that we do not offer are refused."""
    if model.type == "inRange":
        return [
            Filter.model_validate(
                {"column": column, "op": "between", "value": (model.filter, model.filter_to)}
            )
        ]
    known = NUMBER if model.filter_type == "number" else TEXT
    if model.type not in known:
        raise Invalid(f"Rows cannot be narrowed by “{model.type}”.")
    value = None if model.type in ("blank", "notBlank") else model.filter
    if value is None and model.type not in ("blank", "notBlank"):
        return []
    return [Filter.model_validate({"column": column, "op": known[model.type], "value": value})]


def paged(
    viewer: Viewer, request: RowsRequest | None, state: FilterState, page: PageState, key: str, what: Any
) -> Any:  # fmt: skip
    """The rows that a grid asked for; `rowCount` is known once the last page is reached."""
    if request is None:
        return no_update
    opened = dashboards.open(viewer, page.slug)
    wanted = request.page()
    result = charts.page_of(viewer, opened, key, Want(state=state), what, wanted)
    size = wanted.size - 1
    rows = grids.plain_rows(result.table)
    last = None if len(rows) > size else request.start + len(rows)
    return {"rowData": rows[:size], "rowCount": last}


def no_page(error: AppError) -> dict[str, Any]:
    """A grid whose rows cannot be had shows none; a notice says why."""
    set_props(ids.NOTICE, {"data": {"text": error.message, "at": time.time()}})
    return {"rowData": [], "rowCount": 0}


@wiring.callback(
    Output(ids.rows(MATCH), "getRowsResponse"),
    Input(ids.rows(MATCH), "getRowsRequest"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    State(ids.rows(MATCH), "id"),
    permission="rows.view",
    on_error=no_page,
    prevent_initial_call=True,
)
def underlying(
    viewer: Viewer,
    request: RowsRequest | None,
    state: FilterState,
    page: PageState,
    grid: PartId,
) -> Any:
    """One page of the underlying rows."""
    return paged(viewer, request, state, page, grid.key, "rows")


@wiring.callback(
    Output(ids.grid(MATCH), "getRowsResponse"),
    Input(ids.grid(MATCH), "getRowsRequest"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    State(ids.grid(MATCH), "id"),
    permission="dashboard.view",
    on_error=no_page,
    prevent_initial_call=True,
)
def long_table(
    viewer: Viewer,
    request: RowsRequest | None,
    state: FilterState,
    page: PageState,
    grid: PartId,
) -> Any:
    """One page of a long table."""
    return paged(viewer, request, state, page, grid.key, "data")
