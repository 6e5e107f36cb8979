"""Why this number: the dialog of a mark, a cell or a tile, and the same number asked again."""

from __future__ import annotations

from datetime import datetime

from dash import Input, Output, State, no_update
from dash.development.base_component import Component
from pydantic import BaseModel, ConfigDict

from callbacks.shapes import PageState
from dashapp.charts.base import Look
from dashapp.charts.colors import PALETTES
from dashapp.charts.explained import Seen, Why
from dashapp.charts.pinning import Cell
from dashapp.services import dashboards, why
from dashapp.services.charts import Want
from dashapp.specs import FilterState
from dashapp.specs.filters import Key
from dashapp.ui import ids
from dashapp.ui import why as drawn
from dashapp.ui.texts import t
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("why")


class WhyAsk(BaseModel):
    """Which number a person wants explained."""

    model_config = ConfigDict(extra="ignore")
    tile: Key
    cell: Cell = Cell()
    as_of: datetime | None = None  # Of what the tile shows.


@wiring.callback(
    Output(ids.WHY_TITLE, "children"),
    Output(ids.WHY_BODY, "children"),
    Input(ids.WHY_ASK, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: (t("Why this number?"), drawn.refused(error.message)),
    prevent_initial_call=True,
)
def tell(
    viewer: Viewer, ask: WhyAsk | None, state: FilterState, page: PageState
) -> tuple[object, object]:
    """Explain a number, or offer the tile's numbers."""
    if ask is None:
        return no_update, no_update
    found = found_for(viewer, ask, state, page)
    title = t("Why this number? {title}", title=found.title)
    return title, drawn.body(found, look_of(viewer, found.zone), ask.as_of)


def found_for(
    viewer: Viewer, ask: WhyAsk, state: FilterState, page: PageState, search: str = ""
) -> Why:
    """The explanation that was asked for."""
    opened = dashboards.open(viewer, page.slug)
    want = Want(state=state, page=page.page)
    return why.explain(viewer, opened, ask.tile, want, ask.cell, search)


def look_of(viewer: Viewer, zone: str) -> Look:
    """How numbers and times are told to a viewer."""
    return Look(palette=PALETTES["dashapp"], locale=viewer.locale, zone=zone)


@wiring.callback(
    Output(ids.WHY_ROWS, "children"),
    Input(ids.WHY_SEARCH, "value"),
    State(ids.WHY_ASK, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: drawn.refused(error.message),
    prevent_initial_call=True,
)
def search(
    viewer: Viewer, text: str | None, ask: WhyAsk | None, state: FilterState, page: PageState
) -> object:
    """The rows in whose names the text occurs."""
    if ask is None or text is None:
        return no_update
    found = found_for(viewer, ask, state, page, text[:200])
    return drawn.rows(found, look_of(viewer, found.zone))


@wiring.callback(
    Output(ids.WHY_VERDICT, "children"),
    Input(ids.WHY_AGAIN, "n_clicks"),
    State(ids.WHY_ASK, "data"),
    State(ids.WHY_SEEN, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: drawn.refused(error.message),
    running=[(Output(ids.WHY_AGAIN, "disabled"), True, False)],
    prevent_initial_call=True,
)
def again(
    viewer: Viewer,
    clicks: int | None,
    ask: WhyAsk | None,
    seen: Seen | None,
    state: FilterState,
    page: PageState,
) -> Component | object:
    """Ask the warehouse for this number now."""
    if not clicks or ask is None:
        return no_update
    opened = dashboards.open(viewer, page.slug)
    want = Want(state=state, page=page.page)
    found = why.again(viewer, opened, ask.tile, want, ask.cell, seen)
    return drawn.verdict(found, look_of(viewer, found.shown.zone))
