"""A whole dashboard: head, filters, chips, tabs and the stores that make it move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashapp.query.versions import DataVersion
from dashapp.specs import FilterState, Layout
from dashapp.ui import cardlist, drawer, filters, grid, ids, why
from dashapp.ui.attrs import HIDDEN, attrs
from dashapp.ui.filters import Bounds
from dashapp.ui.grid import TileView
from dashapp.ui.texts import t

OPEN = "open"  # The action of opening a page: of what comes with it, and of what is asked first.


@dataclass(frozen=True)
class Board:
    """All that is drawn of a dashboard."""

    slug: str
    title: str
    description: str
    tags: tuple[str, ...]
    layout: Layout
    state: FilterState
    active: str
    views: Mapping[str, TileView]
    bounds: Mapping[str, Bounds]
    reach: Mapping[str, Any]
    page: str
    is_favourite: bool | None = None  # None: guests have no favourites
    locked: frozenset[str] = frozenset()
    may_export: bool = False  # as a bundle
    may_plan: bool = False  # see how its page is answered
    above: tuple[Component, ...] = ()  # between what it is about and its filters


def draw(board: Board) -> list[Component]:
    """The content of the dashboard's page."""
    shown = tuple(f for f in board.layout.filters if f.key not in board.locked)
    return [
        head(board),
        *([html.P(board.description, className="dash-about")] if board.description else []),
        *board.above,
        filters.bar(shown, board.state.values, board.bounds),
        html.Div(id=ids.CHIPS, className="chips", role="group", **attrs(label=t("Active filters"))),
        grid.tabs(board.layout, board.views, board.active),
        drawer.drawer(),
        why.dialog(),
        drawer.export_panel(),
        *stores(board),
    ]


def head(board: Board) -> Component:
    """Title, star, refresh and the freshness stamp."""
    star = (
        []
        if board.is_favourite is None
        else [cardlist.star(ids.favourite(board.slug), board.is_favourite)]
    )
    return html.Div(
        [
            html.H1(board.title),
            *star,
            html.Button(
                html.I(className="bi bi-arrow-clockwise", **HIDDEN), id=ids.REFRESH, type="button",
                className="icon-button", title=t("Refresh"), **attrs(label=t("Refresh")),
            ),
            html.Button(
                [html.I(className="bi bi-funnel", **HIDDEN), t("Filters")], type="button",
                className="filters-toggle" if board.layout.filters else "d-none",
                **attrs({"data-toggle-filters": ""}),
            ),
            *([menu(board)] if board.may_export or board.may_plan else []),
            *(html.Span(tag, className="tag") for tag in board.tags),
            html.Div(
                [html.Span(id=ids.FRESHNESS), html.Span(id=ids.UNTIL)], className="stamp"
            ),
        ],
        className="dash-head",
    )  # fmt: skip


def menu(board: Board) -> Component:
    """The dashboard as a file, for this or another kind of server; how its page is answered."""
    plan: list[Component] = [
        html.Button(
            [html.I(className="bi bi-diagram-3", **HIDDEN), t("How this page is answered")],
            type="button", **attrs({"data-act": "plan"}),
        )
    ]  # fmt: skip
    files: list[Component] = [
        html.Button([html.I(className=f"bi {icon}", **HIDDEN), t(text)], id=name, type="button")
        for name, icon, text in (
            (ids.BUNDLE_YAML, "bi-filetype-yml", "Download as YAML"),
            (ids.BUNDLE_SUPERSET, "bi-file-earmark-zip", "Download for Superset"),
        )
    ]
    summary = html.Summary(
        html.I(className="bi bi-three-dots", **HIDDEN), **attrs(label=t("Menu of the dashboard"))
    )
    entries = (plan if board.may_plan else []) + (files if board.may_export else [])
    return html.Details(
        [summary, html.Div([*entries, dcc.Download(id=ids.BUNDLE_FILE)], className="menu")],
        className="dash-menu", **attrs({"data-menu": ""}),
    )  # fmt: skip


def stores(board: Board) -> list[Component]:
    """The browser's memory of this page."""
    every = board.layout.refresh_s
    return [
        dcc.Location(id=ids.URL, refresh=False),
        dcc.Store(id=ids.PAGE, data={"slug": board.slug, "page": board.page}),
        dcc.Store(id=ids.FILTERS, data=board.state.model_dump(mode="json", exclude_defaults=True)),
        dcc.Store(id=ids.REACH, data={**board.reach, "page": board.page}),
        dcc.Store(id=ids.CLICK),
        dcc.Store(id=ids.ACTION),
        *(
            dcc.Store(id=name)
            for name in (ids.BRUSH_BEGIN, ids.BRUSH_BEGUN, ids.BRUSH_FRAME, ids.BRUSH_FRAMED)
        ),
        dcc.Store(id=ids.ZOOM),
        dcc.Store(id=ids.ZOOMED),
        dcc.Store(id=ids.WHY_ASK),
        dcc.Store(id=ids.EXPORT_ASK),
        dcc.Store(id=ids.CANCELLED),
        dcc.Interval(
            id=ids.REFRESH_TICK, interval=(every or 3600) * 1000, disabled=every is None,
        ),
    ]  # fmt: skip


def version(of: DataVersion | None) -> tuple[str | None, str] | None:
    """When a version of data began (ISO), and what told; for the script."""
    if of is None:
        return None
    return of.since.isoformat() if of.since else None, of.how.replace(" ", "_")


def texts() -> dict[str, str]:
    """What the script says, in the viewer's language."""
    names = {f"grain_{g}": name for g, name in filters.grain_names().items()}
    return {
        "empty": t("(empty)"), "remove": t("Remove"), "reset": t("Reset all"), "not": t("not"),
        "told_invalidated": t("Data version of {time}: declared changed"),
        "told_refresh_key": t("Data version of {time}, told by the refresh key"),
        "told_database": t("Data version of {time}, told by the database"),
        "told_age": t("Nothing tells when the data changes; answers are asked again by their age"),
        "updated": t("Updated"), "least": t("At least"), "most": t("At most"),
        "late": t("updates when you let go"), "cancel": t("Cancel"),
        "leave": t("Leave full screen"), **names,
    }  # fmt: skip
