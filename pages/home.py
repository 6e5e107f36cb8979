"""The home page: dashboards with search, tags, favourites and those opened last."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dashapp.services import dashboards
from dashapp.ui import cardlist, ids, shell
from dashapp.ui.page import Page, Visit
from dashapp.ui.texts import t


def layout(visit: Visit) -> Component:
    """All dashboards that the viewer may see."""
    found = dashboards.listed(visit.viewer)
    return shell.page(
        visit.viewer,
        [
            html.Div(
                [
                    html.H1(t("Dashboards")),
                    dcc.Input(
                        id=ids.HOME_SEARCH, type="search", className="home-search", debounce=0.2,
                        placeholder=t("Search titles, descriptions, tags"), autoComplete="off",
                    ),
                ],
                className="home-head",
            ),
            cardlist.tags(sorted({tag for d in found for tag in d.tags})),
            html.Div(cardlist.sections(found), id=ids.HOME_LIST),
        ],
    )  # fmt: skip


PAGE = Page("/", layout, "Dashboards", permission="dashboard.view")
