"""A dashboard's tabs, rows and tiles on a 12-column CSS grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashapp.specs.layout import (
    AnyItem,
    DividerItem,
    HeaderItem,
    Layout,
    MarkdownItem,
    Tab,
    TabsItem,
    Tile,
)
from dashapp.ui import ids
from dashapp.ui.attrs import attrs
from dashapp.ui.cards import markdown
from dashapp.ui.texts import t

GROUPS = 4


@dataclass(frozen=True)
class TileView:
    """What the grid needs to know of a tile: texts, its group, its content."""

    title: str
    subtitle: str
    group: int
    body: Component
    foot: Component | str
    menu: tuple[str, ...]  # names of MENU


def tabs(layout: Layout, views: Mapping[str, TileView], active: str) -> Component:
    """All tabs; those not active are hidden, their tiles are asked when they are opened."""
    bar = dbc.Tabs(
        [dbc.Tab(label=tab.title or tab.key, tab_id=tab.key) for tab in layout.tabs],
        id=ids.TABS, active_tab=active, class_name="" if len(layout.tabs) > 1 else "d-none",
    )  # fmt: skip
    panels = [
        html.Div(
            items(tab, views), className="panel", hidden=tab.key != active, role="tabpanel",
            id=ids.panel(tab.key),
        )
        for tab in layout.tabs
    ]  # fmt: skip
    return html.Div([bar, *panels, *stores()])


def stores() -> list[Component]:
    """Two stores per group: what to ask, what was answered."""
    return [
        dcc.Store(id=ids.group(part, index), data=None)
        for index in range(GROUPS)
        for part in ("ask", "answered")
    ]


def items(tab: Tab, views: Mapping[str, TileView]) -> Component:
    """The grid of one tab, in reading order."""
    ordered = sorted(tab.items, key=lambda i: (i.y, i.x))
    return html.Div([item(i, views) for i in ordered], className="grid")


def item(thing: AnyItem, views: Mapping[str, TileView]) -> Component:
    """One rectangle of the grid."""
    place: dict[str, Any] = {
        "gridColumn": f"{thing.x + 1} / span {thing.w}",
        "gridRow": f"{thing.y + 1} / span {thing.h}",
        "--h": str(thing.h),
    }
    if isinstance(thing, Tile):
        return tile(thing, views[thing.key], place)
    if isinstance(thing, MarkdownItem):
        return html.Div(markdown(thing.text), className="tile-markdown", style=place)
    if isinstance(thing, HeaderItem):
        return html.H2(thing.text, className=f"tile-header {thing.size}", style=place)
    if isinstance(thing, DividerItem):
        return html.Div(className="tile-divider", style=place, role="separator")
    if isinstance(thing, TabsItem):
        return nested(thing, views, place)
    raise TypeError(f"There is no component for {type(thing).__name__}.")


def nested(thing: TabsItem, views: Mapping[str, TileView], place: dict[str, Any]) -> Component:
    """Tabs inside a tab."""
    inner = [
        dbc.Tab(items(tab, views), label=tab.title or tab.key, tab_id=tab.key) for tab in thing.tabs
    ]
    return html.Div(dbc.Tabs(inner), style=place)


MENU = {
    "refresh": ("bi-arrow-clockwise", "Refresh"),
    "full": ("bi-arrows-fullscreen", "Full screen"),
    "table": ("bi-table", "View as table"),
    "rows": ("bi-list-columns", "Underlying rows"),
    "why": ("bi-question-circle", "Why this number?"),
    "sql": ("bi-code-slash", "View SQL"),
    "export:data:csv": ("bi-filetype-csv", "Download CSV"),
    "export:data:xlsx": ("bi-file-earmark-spreadsheet", "Download Excel"),
    "export:rows:csv": ("bi-filetype-csv", "Download all rows, CSV"),
    "export:rows:xlsx": ("bi-file-earmark-spreadsheet", "Download all rows, Excel"),
}


def tile(thing: Tile, view: TileView, place: dict[str, Any]) -> Component:
    """A card: title, menu, body, and a foot that says how the answer came about.

    Every component costs the browser time at each change of the page, so a tile has few; the
    entries of its menu, and what is seldom shown, are made by tiles.js.
    """
    titles: list[Component] = [html.H3(view.title, title=view.title)]
    if view.subtitle:
        titles.append(html.P(view.subtitle, title=view.subtitle))
    body = html.Div(view.body, id=ids.tile("body", thing.key, view.group), className="tile-body")
    foot = html.Div(view.foot, id=ids.tile("foot", thing.key, view.group), className="tile-foot")
    return html.Section(
        [html.Header([*titles, *menu(view)], className="tile-head"), body, foot],
        className="tile", style=place,
        **attrs({"data-tile": thing.key}, label=view.title),
    )  # fmt: skip


def menu(view: TileView) -> list[Component]:
    """What one may do with a tile, by name; entries are made when the menu is opened."""
    if not view.menu:
        return []
    summary = html.Summary(
        className="bi bi-three-dots", **attrs(label=t("Menu of {title}", title=view.title))
    )
    return [
        html.Details(summary, className="tile-menu", **attrs({"data-menu": " ".join(view.menu)}))
    ]


def entries() -> dict[str, tuple[str, str]]:
    """Icon and text of every entry of a tile's menu, by name, in the viewer's language."""
    return {name: (icon, t(text)) for name, (icon, text) in MENU.items()}
