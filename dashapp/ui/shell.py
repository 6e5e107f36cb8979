"""What surrounds every page: the bar with search and the user's menu, dialogs, notices."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashapp.ui import ids
from dashapp.ui.attrs import HIDDEN, attrs
from dashapp.ui.texts import t
from dashapp.viewer import Viewer

THEMES = {
    "light": ("bi-sun", "Light"),
    "dark": ("bi-moon-stars", "Dark"),
    "auto": ("bi-circle-half", "Like the system"),
}


def page(viewer: Viewer, content: list[Component]) -> Component:
    """A page with its shell."""
    return html.Div(
        [
            html.A(
                t("Skip to content"), href=f"#{ids.MAIN}", className="visually-hidden-focusable"
            ),
            bar(viewer),
            html.Main(content, id=ids.MAIN),
            search(),
            shortcuts(),
            *common(),
        ]
    )


def bare(content: list[Component]) -> Component:
    """A page without a shell, for embedding."""
    return html.Div([html.Main(content, id=ids.MAIN), *common()], className="embedded")


def common() -> list[Component]:
    """What callbacks of every page need."""
    return [
        dcc.Store(id=ids.NOTICE),
        dcc.Store(id=ids.THEME),
    ]


def bar(viewer: Viewer) -> Component:
    """The bar at the top."""
    return html.Header(
        [
            html.A(
                [html.Img(src="/favicon.ico", width=24, height=24, alt=""), "Dashapp"],
                href="/", className="shell-brand",
            ),
            html.Button(
                [
                    html.I(className="bi bi-search", **HIDDEN),
                    html.Span(t("Find anything")),
                    html.Kbd("Ctrl K"),
                ],
                id=ids.SEARCH_OPEN, type="button", className="shell-search",
                **attrs(label=t("Find anything")),
            ),
            user_menu(viewer),
        ],
        className="shell-bar",
    )  # fmt: skip


def user_menu(viewer: Viewer) -> Component:
    """Theme, account, shortcuts, sign out."""
    initials = "".join(word[0] for word in viewer.name.split()[:2]).upper() or "?"
    role = t(viewer.role) + " · " if viewer.role else ""
    zone = html.Small(role + viewer.zone)
    entries: list[Component] = [
        html.Div([html.Strong(viewer.name), zone], className="menu-head"),
        html.Hr(),
    ]
    for theme, (icon, text) in THEMES.items():
        entries.append(_entry(icon, t(text), {"data-set-theme": theme}))
    entries += [
        html.Hr(),
        *_links(viewer),
        _link("bi-person-gear", t("Account, time zone, password"), "/account"),
        _entry("bi-keyboard", t("Keyboard shortcuts"), {"data-shortcuts": ""}),
        html.Hr(),
        _link("bi-box-arrow-right", t("Sign out"), "/logout"),
    ]
    summary = html.Summary(
        html.Span(initials, className="avatar"),
        **attrs(label=t("Menu of {title}", title=viewer.name)),
    )
    return html.Details(
        [summary, html.Div(entries, className="menu")],
        className="shell-user",
        **attrs({"data-menu": ""}),
    )


def _links(viewer: Viewer) -> list[Component]:
    """Pages that some people have."""
    links = (
        ("bundle.import", "bi-box-arrow-in-down", t("Import"), "/imports"),
        ("admin.panel", "bi-bar-chart", t("Chart gallery"), "/gallery"),
    )
    return [_link(icon, text, href) for right, icon, text, href in links if viewer.may(right)]


def _entry(icon: str, text: str, attributes: dict[str, str]) -> Component:
    return html.Button(
        [html.I(className=f"bi {icon}", **HIDDEN), text], type="button", **attrs(attributes)
    )


def _link(icon: str, text: str, href: str) -> Component:
    return html.A([html.I(className=f"bi {icon}", **HIDDEN), text], href=href)


def search() -> Component:
    """The dialog of Ctrl-K."""
    return dbc.Modal(
        dbc.ModalBody(
            [
                dbc.Input(
                    id=ids.SEARCH_TEXT, type="search", placeholder=t("Dashboards and tags"),
                    autocomplete="off", debounce=False,
                ),
                html.Div(id=ids.SEARCH_RESULTS, className="search-results"),
            ]
        ),
        id=ids.SEARCH, is_open=False, scrollable=True, keyboard=True,
    )  # fmt: skip


def found(items: list[tuple[str, str, str]]) -> list[Component]:
    """Search results: (title, note, address)."""
    if not items:
        return [html.Div(t("Nothing found."), className="state")]
    return [
        html.A(
            [html.I(className="bi bi-grid-1x2", **HIDDEN), html.Span(title), html.Small(note)],
            href=address, className="is-first" if i == 0 else "",
        )
        for i, (title, note, address) in enumerate(items)
    ]  # fmt: skip


KEYS = (
    ("Ctrl K", "Find anything"), ("?", "Keyboard shortcuts"), ("h", "Home"), ("r", "Refresh"),
    ("f", "Filters"), ("Ctrl + click", "Pick several marks"), ("Esc", "Clear picked marks, close"),
)  # fmt: skip


def shortcuts() -> Component:
    """The dialog of `?`."""
    pairs: list[Component] = []
    for keys, text in KEYS:
        pairs += [html.Dt(html.Kbd(keys)), html.Dd(t(text))]
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(t("Keyboard shortcuts"))),
            dbc.ModalBody(html.Dl(pairs, className="shortcut-list")),
        ],
        id=ids.SHORTCUTS, is_open=False,
    )  # fmt: skip
