"""Tabs of items on a grid as Superset's position tree of rows and columns.

Items are cut apart along lines that cross none of them: into rows, each row into columns, and so
on. What cannot be cut so stands in one row, in reading order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from dashapp.services.superset.layout import GAP, HEADERS
from dashapp.specs import Layout
from dashapp.specs.layout import (
    COLUMNS,
    AnyItem,
    DividerItem,
    HeaderItem,
    MarkdownItem,
    Tab,
    TabsItem,
    Tile,
)

MOST_DEEP: Final = 20
SIZES: Final = {size: name for name, (size, _) in HEADERS.items()}
PREFIXES: Final = (
    "CHART-", "MARKDOWN-", "HEADER-", "DIVIDER-", "TABS-", "TAB-", "ROW-", "COLUMN-",
)  # fmt: skip
BACKGROUND: Final = {"background": "BACKGROUND_TRANSPARENT"}


@dataclass(frozen=True)
class Shown:
    """A chart as layouts name it: its number and name, or the text that stands in its place."""

    number: int
    name: str
    text: str | None = None


@dataclass
class Tree:
    """Nodes of a position tree by id, the tiles' numbers, and what could not be kept."""

    nodes: dict[str, Any] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # tile key → chart number
    tabs: dict[str, str] = field(default_factory=dict)  # key of a top-level tab → node
    notes: list[str] = field(default_factory=list)

    def add(self, kind: str, key: str, parents: Sequence[str], **more: Any) -> str:
        """Add a node; answers its id."""
        name = key if key.startswith(PREFIXES) else f"{kind}-{key}"
        while name in self.nodes:
            name += "x"
        self.nodes[name] = {"type": kind, "id": name, "children": [], "parents": list(parents)}
        self.nodes[name] |= more
        return name


def tree(layout: Layout, title: str, charts: Mapping[UUID, Shown]) -> Tree:
    """The position tree of a layout."""
    made = Tree()
    made.nodes["DASHBOARD_VERSION_KEY"] = "v2"
    made.nodes["HEADER_ID"] = {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}}
    made.nodes["GRID_ID"] = {
        "type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"],
    }  # fmt: skip
    made.nodes["ROOT_ID"] = {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]}
    put = _Putting(made, charts)
    if len(layout.tabs) == 1 and not layout.tabs[0].title:
        made.tabs[layout.tabs[0].key] = "GRID_ID"
        put.fill("GRID_ID", ["ROOT_ID", "GRID_ID"], layout.tabs[0].items, COLUMNS)
    else:
        bar = made.add("TABS", "TABS-main", ["ROOT_ID"], meta={})
        made.nodes["ROOT_ID"]["children"] = [bar]
        put.sheets(bar, ["ROOT_ID", bar], layout.tabs, COLUMNS, made.tabs)
    return made


class _Putting:
    """One walk over a layout's items."""

    def __init__(self, made: Tree, charts: Mapping[UUID, Shown]) -> None:
        self.made, self.charts = made, charts

    def sheets(
        self, bar: str, parents: list[str], tabs: Sequence[Tab], columns: int,
        names: dict[str, str],
    ) -> None:  # fmt: skip
        """The tabs of a bar."""
        for tab in tabs:
            meta = {"text": tab.title or tab.key, "defaultText": "Tab title", "placeholder": ""}
            name = self.made.add("TAB", tab.key, parents, meta=meta)
            names[tab.key] = name
            self.made.nodes[bar]["children"].append(name)
            self.fill(name, [*parents, name], tab.items, columns)

    def fill(self, parent: str, parents: list[str], items: Sequence[AnyItem], columns: int) -> None:
        """Put the items of a tab; `columns` of Superset are its twelve."""
        for band in bands(list(items)):
            if len(band) == 1 and isinstance(band[0], HeaderItem | DividerItem | TabsItem):
                self._leaf(parent, parents, band[0], columns, columns)
            else:
                self._row(parent, parents, band, columns, MOST_DEEP)

    def _row(
        self, parent: str, parents: list[str], items: list[AnyItem], columns: int, depth: int
    ) -> None:
        """Items side by side."""
        row = self.made.add("ROW", f"ROW-{len(self.made.nodes)}", parents, meta=dict(BACKGROUND))
        self.made.nodes[parent]["children"].append(row)
        inside = [*parents, row]
        parts = stripes(items)
        for part in parts:
            one = part[0]
            if len(part) == 1 and isinstance(one, Tile | MarkdownItem):
                self._leaf(row, inside, one, self._width(one.w, columns), columns)
            elif depth <= 0 or (len(parts) == 1 and len(bands(part)) == 1 and len(part) > 1):
                self.made.notes.append("Some items stand in another order in Superset.")
                for item in sorted(part, key=lambda i: (i.y, i.x)):
                    self._leaf(row, inside, item, self._width(item.w, columns), columns)
            else:
                self._column(row, inside, part, columns, depth - 1)

    def _column(
        self, parent: str, parents: list[str], items: list[AnyItem], columns: int, depth: int
    ) -> None:
        """Items below each other."""
        left, right = min(i.x for i in items), max(i.x + i.w for i in items)
        width = self._width(right - left, columns)
        column = self.made.add(
            "COLUMN", f"COLUMN-{len(self.made.nodes)}", parents,
            meta={**BACKGROUND, "width": width},
        )  # fmt: skip
        self.made.nodes[parent]["children"].append(column)
        inside = [*parents, column]
        for band in bands(items):
            if len(band) == 1:
                self._leaf(column, inside, band[0], width, columns)
            else:
                self._row(column, inside, band, columns, depth - 1)

    def _width(self, w: int, columns: int) -> int:
        return max(1, round(w * columns / COLUMNS))

    def _leaf(
        self, parent: str, parents: list[str], item: AnyItem, width: int, columns: int
    ) -> None:
        name = self._node(parents, item, width)
        self.made.nodes[parent]["children"].append(name)
        if isinstance(item, TabsItem):
            inner = min(width, columns)
            self.sheets(name, [*parents, name], item.tabs, inner, {})

    def _node(self, parents: list[str], item: AnyItem, width: int) -> str:
        size = {"width": width, "height": max(item.h - GAP, 1)}
        if isinstance(item, Tile):
            shown = self.charts.get(item.chart)
            if shown is None or shown.text is not None:
                text = shown.text if shown and shown.text else "This chart is missing."
                return self.made.add("MARKDOWN", item.key, parents, meta={"code": text} | size)
            meta = size | {
                "chartId": shown.number, "sliceName": shown.name, "uuid": str(item.chart)
            }  # fmt: skip
            if item.title:
                meta["sliceNameOverride"] = item.title
            self.made.numbers[item.key] = shown.number
            return self.made.add("CHART", item.key, parents, meta=meta)
        if isinstance(item, MarkdownItem):
            return self.made.add("MARKDOWN", item.key, parents, meta={"code": item.text} | size)
        if isinstance(item, HeaderItem):
            meta = {**BACKGROUND, "text": item.text, "headerSize": SIZES[item.size]}
            return self.made.add("HEADER", item.key, parents, meta=meta)
        if isinstance(item, DividerItem):
            return self.made.add("DIVIDER", item.key, parents, meta={})
        return self.made.add("TABS", item.key, parents, meta={})


def bands(items: list[AnyItem]) -> list[list[AnyItem]]:
    """Items in groups from top to bottom, between which a horizontal line crosses none."""
    return _cut(items, lambda i: (i.y, i.y + i.h))


def stripes(items: list[AnyItem]) -> list[list[AnyItem]]:
    """Items in groups from left to right, between which a vertical line crosses none."""
    return _cut(items, lambda i: (i.x, i.x + i.w))


def _cut(items: list[AnyItem], span: Any) -> list[list[AnyItem]]:
    groups: list[list[AnyItem]] = []
    end = -1
    for item in sorted(items, key=lambda i: (*span(i), i.y, i.x)):
        start, stop = span(item)
        if not groups or start >= end:
            groups.append([])
        groups[-1].append(item)
        end = max(end, stop)
    return groups
