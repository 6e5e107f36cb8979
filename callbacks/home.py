"""Search and tags on the home page."""

from __future__ import annotations

from dash import Input, Output
from dash.development.base_component import Component

from dashapp.services import dashboards
from dashapp.ui import cardlist, ids
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("home")


@wiring.callback(
    Output(ids.HOME_LIST, "children"),
    Input(ids.HOME_SEARCH, "value"),
    Input(ids.HOME_TAG, "value"),
    permission="dashboard.view",
    prevent_initial_call=True,
)
def search(viewer: Viewer, text: str | None, tag: str | None) -> list[Component]:
    """The cards that fit."""
    found = dashboards.listed(viewer, (text or "")[:200], tag or None)
    return cardlist.sections(found, searching=bool(text or tag))
