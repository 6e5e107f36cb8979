"""What a page is: a URL rule and a function that lays it out for one visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dash.development.base_component import Component

from dashapp.viewer import Viewer

TITLE = "data-title"
SCRIPTS = "_scripts"


@dataclass(frozen=True)
class Visit:
    """One opening of a page: who, where, and with what in the URL (all of it untrusted text)."""

    viewer: Viewer
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A page of the server; `rule` is a Werkzeug URL rule such as "/dashboards/<slug>".

    `layout` raises NotFound or Forbidden where the viewer may not see it. `permission` is what
    everybody on the page needs; `embedded` pages are for guests and have no shell.
    """

    rule: str
    layout: Callable[[Visit], Component]
    title: str
    permission: str | None = None
    embedded: bool = False


@dataclass(frozen=True)
class Scripts:
    """What a page wants of the large libraries that draw.

    `plotly` is the bundle for all that the page will ever draw; `draws` and `tables` say that
    figures and tables are on it or on their way, so that their scripts are fetched at once.
    """

    plotly: Literal["cartesian", "full"] = "full"
    draws: bool = False
    tables: bool = False


def scripted(layout: Component, scripts: Scripts) -> Component:
    """`layout`, saying what it wants of the libraries that draw; else it may draw anything."""
    setattr(layout, SCRIPTS, scripts)
    return layout


def titled(layout: Component, title: str) -> Component:
    """`layout`, with a title of its own for the browser's tab instead of the page's."""
    setattr(layout, TITLE, title)
    return layout
