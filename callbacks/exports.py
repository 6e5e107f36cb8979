"""Downloads of a tile or its rows: a job on a worker with progress and cancel."""

from __future__ import annotations

from typing import Any, Literal

from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component
from pydantic import BaseModel, ConfigDict

from callbacks.shapes import PageState
from dashapp.errors import AppError
from dashapp.services import exports
from dashapp.services.exports import ExportRequest
from dashapp.specs import FilterState
from dashapp.ui import drawer, ids
from dashapp.ui.texts import t
from dashapp.ui.wiring import SetProgress, Wiring
from dashapp.viewer import Viewer

wiring = Wiring("exports")


class ExportAsk(BaseModel):
    """A choice in a tile's menu."""

    model_config = ConfigDict(extra="ignore")
    tile: str
    what: Literal["data", "rows"]
    format: Literal["csv", "xlsx"]


def refused(error: AppError) -> Component:
    """Why there is no file."""
    return drawer.refused(error.message)


@wiring.background(
    Output(ids.EXPORT_DONE, "children"),
    Input(ids.EXPORT_ASK, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    permission="export.run",
    on_error=refused,
    progress=[Output(ids.EXPORT_BAR, "value"), Output(ids.EXPORT_TEXT, "children")],
    progress_default=[0, ""],
    cancel=[Input(ids.EXPORT_CANCEL, "n_clicks")],
    running=[
        (Output(ids.EXPORT, "hidden"), False, False),
        (Output(ids.EXPORT_RUNNING, "hidden"), False, True),
        (Output(ids.EXPORT_DONE, "hidden"), True, False),
    ],
    prevent_initial_call=True,
)
def export(
    viewer: Viewer,
    set_progress: SetProgress,
    ask: ExportAsk | None,
    state: FilterState,
    page: PageState,
) -> Any:
    """Write the file and offer it."""
    if ask is None:
        return no_update
    request = ExportRequest(
        dashboard=page.slug, tile=ask.tile, what=ask.what, format=ask.format, filters=state
    )
    made = exports.write(
        viewer, request, lambda share, text: set_progress([round(share * 100), text])
    )
    return drawer.finished(f"/exports/{made.uuid}", made.filename, made.sentence)


@wiring.callback(
    Output(ids.EXPORT_DONE, "children", allow_duplicate=True),
    Input(ids.EXPORT_CANCEL, "n_clicks"),
    permission="export.run",
    on_error=refused,
    prevent_initial_call=True,
)
def cancelled(viewer: Viewer, clicks: int | None) -> Component:
    """Say that there is no file, instead of offering the one before."""
    return html.Div(t("Cancelled."))


wiring.clientside(
    "(n) => true",
    Output(ids.EXPORT, "hidden", allow_duplicate=True),
    Input(ids.EXPORT_CLOSE, "n_clicks"),
    prevent_initial_call=True,
)
wiring.clientside(
    ("dashboard", "save"), Input(ids.EXPORT_DONE, "children"), prevent_initial_call=True
)
