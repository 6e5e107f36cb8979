"""A dashboard without the shell, for an iframe of an allowed origin."""

from __future__ import annotations

from dash.development.base_component import Component

from dashapp.services import dashboards
from dashapp.ui import board, shell
from dashapp.ui.page import Page, Visit, scripted, titled
from pages import dashboard


def layout(visit: Visit) -> Component:
    """The guest's dashboard."""
    opened = dashboards.open(visit.viewer, visit.params["slug"])
    whole = shell.bare(board.draw(dashboard.drawn(visit, opened)))
    return scripted(titled(whole, opened.title), dashboard.scripts(visit, opened))


PAGE = Page("/embed/<slug>", layout, "Dashboard", permission="dashboard.view", embedded=True)
