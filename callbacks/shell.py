"""Theme, search and favourites: what every page has."""

from __future__ import annotations

from dash import MATCH, Input, Output, State, no_update
from dash.development.base_component import Component

from callbacks.shapes import PartId
from dashapp.services import accounts, dashboards
from dashapp.ui import cardlist, ids, shell
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Theme, Viewer

wiring = Wiring("shell")

wiring.clientside(
    ("shell", "open_search"),
    Output(ids.SEARCH, "is_open"),
    Input(ids.SEARCH_OPEN, "n_clicks"),
    State(ids.SEARCH, "is_open"),
    prevent_initial_call=True,
)
wiring.clientside(("shell", "focus"), Input(ids.SEARCH, "is_open"), prevent_initial_call=True)
wiring.clientside(("shell", "notice"), Input(ids.NOTICE, "data"), prevent_initial_call=True)


@wiring.callback(
    Output(ids.SEARCH_RESULTS, "children"),
    Input(ids.SEARCH_TEXT, "value"),
    Input(ids.SEARCH, "is_open"),
    permission="dashboard.view",
    prevent_initial_call=True,
)
def search(viewer: Viewer, text: str | None, is_open: bool) -> list[Component] | object:
    """Dashboards whose title, description or tags have the words."""
    if not is_open:
        return no_update
    found = dashboards.listed(viewer, (text or "")[:200], limit=12)
    lines = [(d.title, ", ".join(d.tags), f"/dashboards/{d.slug}") for d in found]
    return shell.found(lines)


@wiring.callback(
    Input(ids.THEME, "data"),
    permission="dashboard.view",
    prevent_initial_call=True,
)
def keep_theme(viewer: Viewer, theme: Theme | None) -> None:
    """Remember the theme for the next visit; guests have none to keep."""
    if theme is not None and viewer.kind == "user":
        accounts.preferences(viewer, theme=theme)


@wiring.callback(
    Output(ids.favourite(MATCH), "children"),
    Output(ids.favourite(MATCH), "aria-pressed"),
    Input(ids.favourite(MATCH), "n_clicks"),
    State(ids.favourite(MATCH), "id"),
    State(ids.favourite(MATCH), "aria-pressed"),
    permission="dashboard.view",
    on_error=lambda error: (no_update, no_update),
    prevent_initial_call=True,
)
def star(
    viewer: Viewer, clicks: int | None, component_id: PartId, pressed: str
) -> tuple[object, object]:
    """Keep a dashboard among the favourites, or no longer."""
    if not clicks:
        return no_update, no_update
    is_favourite = pressed != "true"
    dashboards.set_favourite(viewer, component_id.key, is_favourite)
    return cardlist.star_icon(is_favourite), str(is_favourite).lower()
