"""Superset's position tree as tabs of items on a grid.

Its rows and columns hold shares of twelve columns and heights in units of 8 px, as here; between
neighbours lie 16 px, which are part of an item's height here. What stands in a column is as wide
as the column; a row is as high as its highest child.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from dashapp.services.superset.keys import Keys
from dashapp.services.superset.markup import to_markdown
from dashapp.services.superset.values import number
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

GAP: Final = 2  # 16 px in units of the grid.
TAB_BAR: Final = 7
DEFAULT_HEIGHT: Final = 50
DEFAULT_WIDTH: Final = 4
MOST_HIGH: Final = 500
MOST_TABS: Final = 50
MOST_DEEP: Final = 40
HEADERS: Final[dict[str, tuple[Any, int]]] = {
    "SMALL_HEADER": ("small", 5), "MEDIUM_HEADER": ("medium", 6), "LARGE_HEADER": ("large", 8),
}  # fmt: skip
DIVIDER_HEIGHT: Final = 4
STACKS: Final = frozenset({"ROOT", "GRID", "TAB", "COLUMN"})


@dataclass(frozen=True)
class Place:
    """Where a chart stands: its tile, its top-level tab, the nodes around it, its old number."""

    key: str
    tab: str
    around: frozenset[str]
    number: int | None


@dataclass(frozen=True)
class Charts:
    """What a dashboard may show: names by UUID, numbers in the bundle, and why some are missing."""

    names: Mapping[UUID, str]
    numbers: Mapping[int, UUID] = field(default_factory=dict)
    missing: Mapping[UUID, str] = field(default_factory=dict)


@dataclass
class Arranged:
    """A dashboard's tabs, where its charts stand in them, and what was not carried over."""

    tabs: tuple[Tab, ...] = ()
    places: list[Place] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def arrange(position: Mapping[str, Any], charts: Charts, keys: Keys) -> Arranged:
    """The tabs of a dashboard; all charts in a plain grid where there is no position."""
    tree = _Tree(position, charts, keys)
    root = tree.node("ROOT_ID")
    if root is None or not _children(root):
        return _plain(charts, keys)
    tree.seen.add("ROOT_ID")
    tabs = tree.tabs(root)
    lost = [i for i, n in position.items() if _type(n) == "CHART" and i not in tree.seen]
    if lost:
        tree.note(f"{len(lost)} charts stand outside of the layout and are left out.")
    tree.found.tabs = tuple(tabs)
    return tree.found


def _plain(charts: Charts, keys: Keys) -> Arranged:
    """Three charts in a row, as Superset shows a dashboard without positions."""
    tab, found, items = keys.give("main"), Arranged(), list[AnyItem]()
    for i, (uuid, _) in enumerate(charts.names.items()):
        key = keys.give(f"chart-{i + 1}")
        w, h = DEFAULT_WIDTH, DEFAULT_HEIGHT + GAP
        items.append(Tile(key=key, chart=uuid, x=i % 3 * w, y=i // 3 * h, w=w, h=h))
        numbers = [n for n, u in charts.numbers.items() if u == uuid]
        found.places.append(Place(key, tab, frozenset(), numbers[0] if numbers else None))
    found.tabs = (Tab(key=tab, items=tuple(items)),)
    found.notes.append("It has no layout; its charts stand in a plain grid.")
    return found


@dataclass
class _Frame:
    """Where nodes are put: a grid that stands for `columns` of Superset's columns."""

    columns: int
    tab: str
    around: frozenset[str]
    items: list[AnyItem] = field(default_factory=list)

    def inside(self, node: str) -> _Frame:
        """The same grid, for what stands in that node."""
        return _Frame(self.columns, self.tab, self.around | {node}, self.items)

    def place(self, x: int, y: int, w: int, h: int) -> dict[str, int]:
        """A rectangle of Superset's columns on this grid."""
        left = min(round(x * COLUMNS / self.columns), COLUMNS - 1)
        right = min(round((x + w) * COLUMNS / self.columns), COLUMNS)
        return {"x": left, "y": y, "w": max(right - left, 1), "h": max(h, 1)}


class _Tree:
    """One walk over a position tree; every node is used once, whatever refers to it."""

    def __init__(self, position: Mapping[str, Any], charts: Charts, keys: Keys) -> None:
        self.position, self.charts, self.keys = position, charts, keys
        self.found = Arranged()
        self.seen: set[str] = set()
        self.put: Mapping[str, Callable[..., int]] = {
            "CHART": self._chart, "MARKDOWN": self._markdown, "HEADER": self._header,
            "DIVIDER": self._divider, "ROW": self._row, "TABS": self._tabs,
        }  # fmt: skip

    def note(self, sentence: str) -> None:
        """Tell people what was not carried over."""
        if sentence not in self.found.notes:
            self.found.notes.append(sentence)

    def node(self, name: Any) -> Mapping[str, Any] | None:
        """A node by its id."""
        found = self.position.get(name) if isinstance(name, str) else None
        return found if isinstance(found, Mapping) else None

    def tabs(self, root: Mapping[str, Any]) -> list[Tab]:
        """The top-level tabs: those of a TABS node under the root, or one for everything."""
        bars = [c for c in _children(root) if _type(self.node(c)) == "TABS"]
        if bars:
            self.seen.add(bars[0])
            sheets = self._sheets(bars[0])
            rest = [c for c in _children(root) if c != bars[0] and self._has_content(c)]
            made = [self._sheet(s, frozenset({"ROOT_ID", bars[0]}), COLUMNS)[0] for s in sheets]
            if rest and made:
                self.note("What stands beside the tabs is left out.")
            if made:
                return made
        key = self.keys.give("main")
        frame = _Frame(COLUMNS, key, frozenset({"ROOT_ID"}))
        self._stack(_children(root), frame, 0, COLUMNS, 0, MOST_DEEP)
        return [Tab(key=key, items=tuple(frame.items))]

    def _has_content(self, name: str) -> bool:
        node = self.node(name)
        return node is not None and bool(_children(node))

    def _sheets(self, bar: str) -> list[str]:
        """The TAB nodes of a TABS node."""
        found = []
        for name in _children(self.node(bar) or {}):
            if _type(self.node(name)) == "TAB" and name not in self.seen:
                self.seen.add(name)
                found.append(name)
        if len(found) > MOST_TABS:
            self.note(f"Only the first {MOST_TABS} tabs are carried over.")
        return found[:MOST_TABS]

    def _sheet(
        self, name: str, around: frozenset[str], columns: int, tab: str | None = None,
        depth: int = MOST_DEEP,
    ) -> tuple[Tab, int]:  # fmt: skip
        """One tab, and how high its content is."""
        node, key = self.node(name) or {}, self.keys.give(name)
        frame = _Frame(columns, tab or key, around | {name})
        height = self._stack(_children(node), frame, 0, columns, 0, depth - 1)
        title = _text(_meta(node).get("text"))[:250]
        return Tab(key=key, title=title, items=tuple(frame.items)), height

    def _stack(
        self, children: list[str], frame: _Frame, x: int, width: int, y: int, depth: int
    ) -> int:
        """Put nodes below each other; answers where the last one ends."""
        for name in children:
            y += self._one(name, frame, x, width, y, depth)
        return y

    def _one(self, name: str, frame: _Frame, x: int, width: int, y: int, depth: int) -> int:
        """Put one node, as wide as `width` unless it says less; answers its height."""
        node = self.node(name)
        if node is None or name in self.seen or depth <= 0:
            self.note(f"The layout names {name[:60]} where it cannot stand; it is left out.")
            return 0
        self.seen.add(name)
        kind = _type(node)
        if kind in STACKS:
            return self._stack(_children(node), frame.inside(name), x, width, y, depth - 1) - y
        if kind not in self.put:
            self.note(f"Parts of type {kind[:40] or 'none'} are left out of the layout.")
            return 0
        return self.put[kind](name, node, frame, x, width, y, depth)

    def _row(
        self, name: str, node: Mapping[str, Any], frame: _Frame, x: int, width: int, y: int,
        depth: int,
    ) -> int:  # fmt: skip
        """Put nodes beside each other; those that do not fit go on below."""
        inner, left, top, height = frame.inside(name), x, y, 0
        for child in _children(node):
            w = min(self._width(child, width), width)
            if left + w > x + width:
                left, top, height = x, top + height, 0
            height = max(height, self._one(child, inner, left, w, top, depth - 1))
            left += w
        return top + height - y

    def _width(self, name: str, most: int) -> int:
        node = self.node(name) or {}
        if _type(node) in ("CHART", "MARKDOWN", "COLUMN"):
            return max(1, min(_whole(_meta(node).get("width"), DEFAULT_WIDTH), COLUMNS))
        return most

    def _chart(
        self, name: str, node: Mapping[str, Any], frame: _Frame, x: int, width: int, y: int,
        _depth: int,
    ) -> int:  # fmt: skip
        meta, key = _meta(node), self.keys.give(name)
        height = _height(meta)
        place = frame.place(x, y, width, height)
        number_ = _whole(meta.get("chartId"), 0) or None
        uuid = self._uuid(meta, number_)
        title = _text(meta.get("sliceNameOverride")).strip()[:250]
        if uuid is None or uuid not in self.charts.names:
            shown = title or _text(meta.get("sliceName")).strip()[:250] or "A chart"
            reason = self.charts.missing.get(uuid) if uuid else None
            if reason is None:
                self.note(f"The chart “{shown}” is missing in the bundle.")
            frame.items.append(MarkdownItem(key=key, text=_absent(shown, reason), **place))
            return height
        own = self.charts.names[uuid]
        tile = Tile(key=key, chart=uuid, title=title if title and title != own else None, **place)
        frame.items.append(tile)
        self.found.places.append(Place(key, frame.tab, frame.around | {name}, number_))
        return height

    def _uuid(self, meta: Mapping[str, Any], number_: int | None) -> UUID | None:
        try:
            return UUID(_text(meta.get("uuid")))
        except ValueError:
            return self.charts.numbers.get(number_) if number_ else None

    def _markdown(
        self, name: str, node: Mapping[str, Any], frame: _Frame, x: int, width: int, y: int,
        _depth: int,
    ) -> int:  # fmt: skip
        meta = _meta(node)
        text, notes = to_markdown(_text(meta.get("code")))
        for one in notes:
            self.note(one)
        height, key = _height(meta), self.keys.give(name)
        place = frame.place(x, y, width, height)
        frame.items.append(MarkdownItem(key=key, text=text[:50_000], **place))
        return height

    def _header(
        self, name: str, node: Mapping[str, Any], frame: _Frame, x: int, width: int, y: int,
        _depth: int,
    ) -> int:  # fmt: skip
        meta = _meta(node)
        size, height = HEADERS.get(_text(meta.get("headerSize")), HEADERS["MEDIUM_HEADER"])
        place, text = frame.place(x, y, width, height), _text(meta.get("text"))[:250]
        frame.items.append(HeaderItem(key=self.keys.give(name), text=text, size=size, **place))
        return height

    def _divider(
        self, name: str, _node: Mapping[str, Any], frame: _Frame, x: int, width: int, y: int,
        _depth: int,
    ) -> int:  # fmt: skip
        place = frame.place(x, y, width, DIVIDER_HEIGHT)
        frame.items.append(DividerItem(key=self.keys.give(name), **place))
        return DIVIDER_HEIGHT

    def _tabs(
        self, name: str, _node: Mapping[str, Any], frame: _Frame, x: int, width: int, y: int,
        depth: int,
    ) -> int:  # fmt: skip
        """Tabs inside a tab; as high as the highest of them."""
        key, around = self.keys.give(name), frame.around | {name}
        sheets = [self._sheet(s, around, width, frame.tab, depth) for s in self._sheets(name)]
        if not sheets:
            return 0
        height = max(h for _, h in sheets) + TAB_BAR
        place = frame.place(x, y, width, min(height, 10_000))
        frame.items.append(TabsItem(key=key, tabs=tuple(tab for tab, _ in sheets), **place))
        return height


def _absent(name: str, reason: str | None) -> str:
    """What stands in the place of a chart that could not come along."""
    plain = "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|~$" else c for c in name)
    return f"**{plain}**\n\n{reason or 'This chart is missing in the bundle.'}"


def _height(meta: Mapping[str, Any]) -> int:
    return max(1, min(_whole(meta.get("height"), DEFAULT_HEIGHT) + GAP, MOST_HIGH))


def _children(node: Mapping[str, Any]) -> list[str]:
    found = node.get("children")
    return [c for c in found if isinstance(c, str)] if isinstance(found, list) else []


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found = node.get("meta")
    return found if isinstance(found, Mapping) else {}


def _type(node: Any) -> str:
    return _text(node.get("type")) if isinstance(node, Mapping) else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _whole(value: Any, default: int) -> int:
    found = number(value)
    return default if found is None or found < 0 else min(int(found), 1_000_000_000)
