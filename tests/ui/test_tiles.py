"""A tile has few components, and its menu names what its viewer may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from dash.development.base_component import Component
from plotly.io.json import to_json_plotly

from dashapp.charts.base import Number, Plot
from dashapp.specs.layout import Tile
from dashapp.ui import cards, grid, texts
from dashapp.ui.grid import TileView
from dashapp.viewer import Viewer
from pages.dashboard import menu

SEEN = ("refresh", "full", "table", "why")
FIGURE: dict[str, Any] = {"data": [{"type": "bar", "x": ["a"], "y": [1]}], "layout": {}}


@pytest.fixture
def german() -> Iterator[None]:
    texts.use("de")
    yield
    texts.use("en")


def viewer(*rights: str) -> Viewer:
    return Viewer(kind="user", name="Anna", user_id=1, permissions=frozenset(rights))


def drawn(body: Component, *entries: str) -> Component:
    place = Tile.model_validate(
        {"item": "tile", "key": "k", "chart": UUID(int=1), "x": 0, "y": 0, "w": 4, "h": 20}
    )
    view = TileView("Flights", "By hour", 0, body, "3 ms", entries)
    return grid.tile(place, view, {})


def components(of: Component) -> list[dict[str, Any]]:
    """Properties of a component and of all within it, as the browser gets them."""
    found: list[dict[str, Any]] = []

    def look(part: Any) -> None:
        if isinstance(part, dict) and "namespace" in part:
            found.append(part["props"])
            look(part["props"].get("children"))
        elif isinstance(part, list):
            for one in part:
                look(one)

    look(orjson.loads(str(to_json_plotly(of))))
    return found


def listed(of: Component) -> list[str]:
    """Entries that the menus of a tile are made of."""
    menus = [props["data-menu"] for props in components(of) if "data-menu" in props]
    return [name for names in menus for name in names.split(" ")]


def test_a_menu_names_what_is_allowed_and_nothing_else() -> None:
    everything = viewer("rows.view", "sql.view", "export.run")
    for who, allowed in (
        (viewer(), SEEN),
        (viewer("rows.view"), (*SEEN, "rows")),
        (viewer("sql.view"), (*SEEN, "sql")),
        (viewer("export.run"), (*SEEN, "export:data:csv", "export:data:xlsx")),
        (everything, tuple(grid.MENU)),
    ):
        found = listed(drawn(cards.skeleton("bars"), *menu(who, has_data=True)))
        assert sorted(found) == sorted(allowed)
    assert listed(drawn(cards.skeleton("text"), *menu(everything, has_data=False))) == ["full"]


def test_a_tile_without_entries_has_no_menu() -> None:
    assert listed(drawn(cards.state("not_found", "Gone."))) == []


def test_a_tile_has_at_most_ten_components() -> None:
    plot = cards.body("k", "d", Plot(FIGURE, summary="A bar"))
    assert len(components(drawn(plot, *grid.MENU))) <= 10
    assert len(components(drawn(cards.skeleton("lines"), *grid.MENU))) <= 10


def test_entries_are_in_the_language_of_the_viewer(german: None) -> None:
    assert grid.entries().keys() == grid.MENU.keys()
    assert grid.entries()["full"] == ("bi-arrows-fullscreen", "Vollbild")


def test_only_the_number_of_a_tile_has_a_name() -> None:
    number = Number("3", summary="Flights: 3", trend=FIGURE)
    assert not [c for c in components(cards.number(number)) if "id" in c]
    named = [c["id"]["kind"] for c in components(cards.body("k", "d", number)) if "id" in c]
    assert named == ["value", "trend"]
