"""Position trees as tabs of items, and back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from dashapp.services.superset.dashboards import slug_of
from dashapp.services.superset.keys import Keys
from dashapp.services.superset.layout import Arranged, Charts, arrange
from dashapp.services.superset.placing import Shown, tree
from dashapp.services.superset.scopes import click_scopes, scope
from dashapp.specs import Layout
from dashapp.specs.layout import Scope, TabsItem, Tile, walk
from tests.services.superset.packs import grid, node, position, tile, uuid

NAMES = tuple("abcdef")
CHARTS = Charts(
    names={UUID(uuid(n)): n for n in NAMES},
    numbers={i: UUID(uuid(n)) for i, n in enumerate(NAMES, 1)},
    missing={UUID(uuid("lost")): "It cannot be translated."},
)


def arranged(tree: dict[str, Any]) -> Arranged:
    return arrange(tree, CHARTS, Keys())


def rectangles(found: Arranged, tab: int = 0) -> dict[str, tuple[int, int, int, int]]:
    return {i.key: (i.x, i.y, i.w, i.h) for i in walk(found.tabs[tab])}


def row(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    made = node("ROW", name, *(next(iter(c)) for c in children))
    for child in children:
        made |= child
    return made


def column(name: str, width: int, *children: dict[str, Any]) -> dict[str, Any]:
    made = node("COLUMN", name, *(next(iter(c)) for c in children), width=width)
    for child in children:
        made |= child
    return made


def text(name: str, code: str = "hi", **meta: Any) -> dict[str, Any]:
    return node("MARKDOWN", name, code=code, **({"width": 4, "height": 20} | meta))


def test_rows_stand_below_each_other_as_high_as_their_highest_tile() -> None:
    found = arranged(
        grid(
            row("R1", tile(1, "a", width=3, height=40), tile(2, "b", width=9, height=50)),
            row("R2", tile(3, "c", width=12)),
        )
    )
    assert rectangles(found) == {
        "CHART-a": (0, 0, 3, 42), "CHART-b": (3, 0, 9, 52), "CHART-c": (0, 52, 12, 52),
    }  # fmt: skip
    assert found.notes == []


def test_what_stands_in_a_column_is_as_wide_as_the_column() -> None:
    found = arranged(
        grid(
            row(
                "R1",
                column("C1", 3, tile(1, "a", width=2, height=26), text("M1", width=5, height=25)),
                tile(2, "b", width=6, height=53),
            )
        )
    )
    assert rectangles(found) == {
        "CHART-a": (0, 0, 3, 28), "M1": (0, 28, 3, 27), "CHART-b": (3, 0, 6, 55),
    }  # fmt: skip


def test_rows_may_stand_in_columns_in_rows() -> None:
    inner = row("R2", column("C2", 2, tile(1, "a")), tile(2, "b", width=7))
    found = arranged(grid(row("R1", column("C1", 9, inner, tile(3, "c")), tile(4, "d", width=3))))
    assert rectangles(found) == {
        "CHART-a": (0, 0, 2, 52), "CHART-b": (2, 0, 7, 52), "CHART-c": (0, 52, 9, 52),
        "CHART-d": (9, 0, 3, 52),
    }  # fmt: skip


def test_what_does_not_fit_beside_goes_on_below() -> None:
    found = arranged(grid(row("R1", *(tile(i + 1, n, width=5) for i, n in enumerate("abc")))))
    assert rectangles(found) == {
        "CHART-a": (0, 0, 5, 52), "CHART-b": (5, 0, 5, 52), "CHART-c": (0, 52, 5, 52),
    }  # fmt: skip


def tabbed(*sheets: dict[str, Any], bar: str = "TABS-1") -> dict[str, Any]:
    made = node("TABS", bar, *(next(iter(s)) for s in sheets))
    for sheet in sheets:
        made |= sheet
    return made


def sheet(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    made = node("TAB", name, *(next(iter(c)) for c in children), text=name.title())
    for child in children:
        made |= child
    return made


def test_tabs_under_the_root_are_tabs_of_the_dashboard() -> None:
    bar = tabbed(sheet("one", tile(1, "a")), sheet("two", tile(2, "b")))
    found = arranged(position(bar, root=("TABS-1",)))
    assert [(t.key, t.title) for t in found.tabs] == [("one", "One"), ("two", "Two")]
    assert [(p.key, p.tab, p.number) for p in found.places] == [
        ("CHART-a", "one", 1), ("CHART-b", "two", 2),
    ]  # fmt: skip


def test_tabs_inside_a_column_have_a_grid_of_their_own() -> None:
    inside = row("R2", tile(1, "a", width=3), tile(2, "b", width=3))
    bar = tabbed(sheet("in", inside, tile(3, "c", width=6)), sheet("off"))
    found = arranged(grid(row("R1", column("C1", 6, bar), tile(4, "d", width=6))))
    (tabs,) = [i for i in found.tabs[0].items if isinstance(i, TabsItem)]
    assert (tabs.x, tabs.w, tabs.h) == (0, 6, 52 + 52 + 7)
    assert rectangles(found)["CHART-a"] == (0, 0, 6, 52)
    assert rectangles(found)["CHART-b"] == (6, 0, 6, 52)
    assert rectangles(found)["CHART-c"] == (0, 52, 12, 52)


def test_headings_lines_and_text_are_kept() -> None:
    found = arranged(
        grid(
            node("HEADER", "H1", text="Sales", headerSize="LARGE_HEADER"), node("DIVIDER", "D1"),
            row("R1", text("M1", "# Hi", width=12)),
        )
    )  # fmt: skip
    assert [(i.key, i.item) for i in found.tabs[0].items] == [
        ("H1", "header"), ("D1", "divider"), ("M1", "markdown"),
    ]  # fmt: skip


def test_a_name_of_its_own_is_the_tiles_title() -> None:
    found = arranged(
        grid(tile(1, "a", sliceNameOverride="Mine"), tile(2, "b", sliceNameOverride="b"))
    )
    assert [i.title for i in found.tabs[0].items if isinstance(i, Tile)] == ["Mine", None]


def test_a_chart_that_did_not_come_along_leaves_a_text() -> None:
    found = arranged(grid(tile(8, "lost"), tile(9, "gone", sliceName="G*ne")))
    lost, gone = found.tabs[0].items
    assert (lost.item, lost.h) == ("markdown", 52)
    assert "It cannot be translated." in lost.model_dump()["text"]
    assert "G\\*ne" in gone.model_dump()["text"]
    assert found.notes == ["The chart “G*ne” is missing in the bundle."]


def test_a_chart_is_found_by_its_number_where_the_uuid_is_missing() -> None:
    found = arranged(grid(tile(2, "x", uuid=None)))
    assert [i.chart for i in found.tabs[0].items if isinstance(i, Tile)] == [UUID(uuid("b"))]


ODD: dict[str, dict[str, Any]] = {
    "a circle": grid(row("R1", tile(1, "a"))) | node("ROW", "R1", "GRID_ID", "R1", "CHART-a"),
    "the same node twice": grid(row("R1", tile(1, "a")), row("R2")) | node("ROW", "R2", "CHART-a"),
    "a node that is not there": grid(row("R1", tile(1, "a"))) | node("ROW", "R1", "no", "CHART-a"),
    "an unknown type": grid(tile(1, "a"), node("WIDGET", "W1")),
    "an orphan": grid(tile(1, "a")) | tile(2, "b"),
    "content beside the tabs": position(
        tabbed(sheet("one", tile(1, "a"))), node("GRID", "GRID_ID", "CHART-b"), tile(2, "b"),
        root=("TABS-1", "GRID_ID"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_odd_trees_lose_nothing_that_can_stand_and_say_so(what: str) -> None:
    found = arranged(ODD[what])
    assert [i.key for i in walk(found.tabs[0]) if isinstance(i, Tile)] == ["CHART-a"]
    assert len(found.notes) >= 1


@pytest.mark.parametrize(
    "tree",
    [
        {"ROOT_ID": None}, {"ROOT_ID": {"children": "x", "type": "ROOT"}}, {"ROOT_ID": 3},
        position(), position(node("GRID", "GRID_ID", "x")) | {"x": None},
        grid(tile(1, "a", width="wide", height=None)), grid(tile(1, "a", width=-3, height=1e99)),
        grid(node("MARKDOWN", "M", code=None)), grid(node("HEADER", "H", text=3, headerSize=9)),
        position(tabbed(), root=("TABS-1",)), {"a" * 300: 1} | grid(tile(1, "a")),
    ],
)  # fmt: skip
def test_any_tree_gives_a_layout(tree: dict[str, Any]) -> None:
    assert Layout(tabs=arranged(tree).tabs)


def test_deep_trees_end() -> None:
    nodes: dict[str, Any] = {}
    for n in range(3000):
        nodes |= node("COLUMN", f"C{n}", f"C{n + 1}", width=12)
    found = arranged(position(node("GRID", "GRID_ID", "C0")) | nodes)
    assert found.notes


def test_without_a_position_charts_stand_in_a_plain_grid() -> None:
    found = arranged({})
    assert rectangles(found)["chart-4"] == (0, 52, 4, 52)
    assert len(found.places) == len(NAMES)


def test_ids_become_keys_of_their_own() -> None:
    keys = Keys()
    given = [keys.give(name) for name in ("CHART-a", "CHART-a", "a b/ü", "x" * 90, "x" * 91, "")]
    assert len(set(given)) == 6
    assert given[:3] == ["CHART-a", "CHART-a-2", "a-b--"]
    assert all(1 <= len(key) <= 64 for key in given)


TWO = position(
    tabbed(
        sheet("one", row("R1", tile(1, "a"), tile(2, "b"))),
        sheet("two", tile(3, "c"), tile(4, "d")),
    ),
    root=("TABS-1",),
)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (None, Scope()),
        ({"rootPath": ["ROOT_ID"], "excluded": []}, Scope()),
        ({"rootPath": ["ROOT_ID"], "excluded": [1, "3", None]}, Scope(excluded=("CHART-a", "CHART-c"))),
        ({"rootPath": ["two"], "excluded": []}, Scope(tabs=("two",))),
        ({"rootPath": ["two"], "excluded": [4]}, Scope(tabs=("two",), excluded=("CHART-d",))),
        ({"rootPath": ["R1", "CHART-c"]}, Scope(tabs=("one", "two"), excluded=("CHART-d",))),
        (
            {"rootPath": []},
            Scope(excluded=("CHART-a", "CHART-b", "CHART-c", "CHART-d")),
        ),
        ({"rootPath": "ROOT_ID"}, Scope()),
    ],
)  # fmt: skip
def test_paths_through_the_layout_are_scopes(raw: Any, wanted: Scope) -> None:
    assert scope(raw, arranged(TWO)) == wanted


def test_clicks_keep_to_the_scope_of_their_chart() -> None:
    metadata = {
        "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}},
        "chart_configuration": {
            "1": {"id": 1, "crossFilters": {"scope": {"rootPath": ["one"], "excluded": [1]}}},
            "2": {"id": 2, "crossFilters": {"scope": "global", "chartsInScope": [9]}},
            "x": {}, "3": None,
        },
    }  # fmt: skip
    assert click_scopes(metadata, arranged(TWO)) == {"CHART-a": Scope(tabs=("one",))}
    everywhere_but = {
        "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": [4]}}
    }
    found = click_scopes(everywhere_but, arranged(TWO))
    assert found == {f"CHART-{n}": Scope(excluded=("CHART-d",)) for n in "abc"}


TREES = {
    "rows": grid(row("R1", tile(1, "a", width=3), tile(2, "b", width=9)), row("R2", text("M1"))),
    "columns": grid(
        row("R1", column("C1", 3, tile(1, "a"), text("M1", height=20)), tile(2, "b", height=72))
    ),
    "rows in columns": grid(
        row("R1", column("C1", 9, row("R2", tile(1, "a", width=4), tile(2, "b", width=5)),
                         tile(3, "c", width=9)), tile(4, "d", width=3))
    ),
    "headings": grid(node("HEADER", "HEADER-1", text="x"), node("DIVIDER", "DIVIDER-1"), tile(1, "a")),
    "tabs": TWO,
    "tabs in tabs": position(
        tabbed(sheet("one", tabbed(sheet("in", tile(1, "a", width=12)), bar="TABS-2")),
               sheet("two", tile(2, "b"))), root=("TABS-1",)
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TREES)
def test_a_layout_written_and_read_again_looks_the_same(what: str) -> None:
    first = arranged(TREES[what])
    shown = {UUID(uuid(n)): Shown(i, n) for i, n in enumerate(NAMES, 1)}
    written = tree(Layout(tabs=first.tabs), "T", shown)
    again = arranged(written.nodes)
    assert written.notes == again.notes == []

    def places(found: Arranged) -> list[Any]:
        return [(type(i).__name__, i.x, i.y, i.w, i.h) for t in found.tabs for i in walk(t)]

    assert places(again) == places(first)
    second = tree(Layout(tabs=again.tabs), "T", shown)
    assert second.nodes == tree(Layout(tabs=arranged(second.nodes).tabs), "T", shown).nodes


def test_items_that_no_line_parts_stand_in_one_row() -> None:
    pin = ((0, 0, 6, 10), (6, 0, 6, 20), (0, 10, 4, 20), (4, 20, 8, 10))
    tiles = [
        Tile(key=f"t{i}", chart=UUID(uuid(NAMES[i])), x=x, y=y, w=w, h=h)
        for i, (x, y, w, h) in enumerate(pin)
    ]
    one = Layout.model_validate({"tabs": [{"key": "t", "items": [t.model_dump() for t in tiles]}]})
    shown = {t.chart: Shown(i, "x") for i, t in enumerate(tiles, 1)}
    written = tree(one, "T", shown)
    assert set(written.numbers) == {"t0", "t1", "t2", "t3"}
    assert len(arranged(written.nodes).places) == 4


@pytest.mark.parametrize(
    ("text", "slug"),
    [("World_Health!", "world-health"), ("Ünïcode  Title", "unicode-title"), ("日本", "dashboard"),
     ("--", "dashboard"), ("a" * 300, "a" * 140)],
)  # fmt: skip
def test_slugs_are_plain(text: str, slug: str) -> None:
    assert slug_of(text) == slug
