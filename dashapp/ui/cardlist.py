"""Dashboards as cards, in sections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashapp.charts import KINDS
from dashapp.ui import ids
from dashapp.ui.attrs import HIDDEN, attrs
from dashapp.ui.texts import t

RECENT = 4
UNIT_PX = 1.7  # Height of a layout's unit in a sketch.


class Rectangle(Protocol):
    """A tile's place in the layout's units, and its kind of chart."""

    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def w(self) -> int: ...
    @property
    def h(self) -> int: ...
    @property
    def kind(self) -> str: ...


class Line(Protocol):
    """What a card shows of a dashboard."""

    @property
    def slug(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def is_favourite(self) -> bool: ...
    @property
    def is_published(self) -> bool: ...
    @property
    def tiles(self) -> int: ...
    @property
    def visited_at(self) -> datetime | None: ...
    @property
    def sketch(self) -> Sequence[Rectangle]: ...


def tags(names: list[str]) -> Component:
    """One choice among all tags."""
    options = [{"label": t("All"), "value": ""}, *({"label": n, "value": n} for n in names)]
    return dbc.RadioItems(
        id=ids.HOME_TAG, options=options, value="", className="home-tags" if names else "d-none",
        inline=True,
    )  # fmt: skip


def sections(found: Sequence[Line], *, searching: bool = False) -> list[Component]:
    """Favourites, recently opened, then all; one list while someone searches."""
    if not found:
        text = t("Nothing found.") if searching else t("There is no dashboard yet.")
        return [html.Div([html.I(className="bi bi-inbox", **HIDDEN), text], className="state p-5")]
    if searching:
        return [cards(found)]
    favourites = [d for d in found if d.is_favourite]
    visited = sorted(
        (d for d in found if d.visited_at), key=lambda d: str(d.visited_at), reverse=True
    )
    parts: list[Component] = []
    if favourites:
        parts += [html.H2(t("Favourites"), className="home-section"), cards(favourites)]
    if visited and len(found) > RECENT:
        parts += [html.H2(t("Opened last"), className="home-section"), cards(visited[:RECENT])]
    rest = [d for d in found if not d.is_favourite]
    if rest:
        title = [html.H2(t("All dashboards"), className="home-section")] if parts else []
        parts += [*title, cards(rest)]
    return parts


def cards(found: Sequence[Line]) -> Component:
    """Cards side by side."""
    return html.Div([card(d) for d in found], className="home-cards")


def card(line: Line) -> Component:
    """One dashboard."""
    notes: list[Component] = [html.Span(tag, className="tag") for tag in line.tags]
    if not line.is_published:
        notes.insert(0, html.Span(t("Draft"), className="tag"))
    facts = [t("{count} charts", count=line.tiles)]
    if line.visited_at:
        facts.append(ago(line.visited_at))
    notes.append(html.Span(" · ".join(facts), className="home-facts"))
    return html.Article(
        [
            sketch(line.sketch),
            html.H2(html.A(line.title, href=f"/dashboards/{line.slug}")),
            star(ids.favourite(line.slug), line.is_favourite, "star"),
            html.P(line.description),
            html.Footer(notes),
        ],
        className="home-card",
    )


def sketch(places: Sequence[Rectangle]) -> Component:
    """The first tiles of a dashboard in little, each with the sign of its kind."""
    boxes = [
        html.Span(
            html.I(className=f"bi bi-{KINDS[p.kind].icon}") if p.kind in KINDS else None,
            style={"left": f"{p.x / 0.12:.2f}%", "width": f"{p.w / 0.12:.2f}%",
                   "top": f"{p.y * UNIT_PX:.1f}px", "height": f"{p.h * UNIT_PX:.1f}px"},
        )
        for p in places
    ]  # fmt: skip
    return html.Div(html.Div(boxes), className="sketch", **HIDDEN)


def star(component_id: str | dict[Any, Any], is_favourite: bool, className: str = "") -> Component:
    """A button that keeps a dashboard among one's favourites."""
    return html.Button(
        star_icon(is_favourite), id=component_id, type="button", className=f"icon-button {className}".strip(),
        **attrs({"aria-pressed": str(is_favourite).lower(), "aria-label": t("Favourite")}),
    )  # fmt: skip


def star_icon(is_favourite: bool) -> Component:
    """A full or an empty star."""
    return html.I(className="bi bi-star-fill" if is_favourite else "bi bi-star", **HIDDEN)


def ago(at: datetime) -> str:
    """How long ago, roughly."""
    seconds = (datetime.now(UTC) - at).total_seconds()
    if seconds < 3600:
        return (
            t("opened just now") if seconds < 120 else t("opened {n} min ago", n=int(seconds // 60))
        )
    if seconds < 86_400:
        return t("opened {n} h ago", n=int(seconds // 3600))
    return t("opened {n} d ago", n=int(seconds // 86_400))
