"""The gallery: every chart kind from example data, for administrators."""

from __future__ import annotations

from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from dashapp.errors import NotFound
from dashapp.services import gallery
from dashapp.ui import board, cards, shell
from dashapp.ui import gallery as pictures
from dashapp.ui.page import Page, Visit
from dashapp.ui.texts import t
from pages import dashboard


def layout(visit: Visit) -> Component:
    """Small pictures of all kinds, and below them the dashboard that shows each."""
    try:
        opened = gallery.open_gallery(visit.viewer)
    except NotFound:
        hint = t("The examples are not loaded yet: run “dashapp examples load”.")
        return shell.page(
            visit.viewer, [html.H1(t("Chart gallery")), cards.state("not_found", hint)]
        )
    index = pictures.index(list(gallery.entries(opened)))
    drawn = replace(dashboard.drawn(visit, opened), above=(index,), may_export=False)
    return shell.page(visit.viewer, board.draw(drawn))


PAGE = Page("/gallery", layout, "Chart gallery", permission="admin.panel")
