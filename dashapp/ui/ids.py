"""Every component id, once. Pattern ids have the parts kind, part and key (and group)."""

from __future__ import annotations

from typing import Any, Literal

Key = Any  # a key of the layout, or dash's MATCH or ALL

# The page
URL = "url"
PAGE = "page"  # store: {slug, page, guest}
FILTERS = "filter-state"  # store: FilterState
REACH = "reach"  # store: which tiles each filter and column reaches
CLICK = "click"  # store: the latest click on a mark, or a wish to clear
BRUSH_BEGIN = "brush-begin"  # store: what is brushed, to be laid open
BRUSH_BEGUN = "brush-begun"  # store: how each linked tile follows
BRUSH_FRAME = "brush-frame"  # store: the part that is chosen just now, for tiles drawn here
BRUSH_FRAMED = "brush-framed"  # store: those tiles
ZOOM = "zoom"  # store: parts of axes that are looked at, whose points are wanted
ZOOMED = "zoomed"  # store: those points
ACTION = "action"  # store: the latest choice in a tile's menu
TABS = "tabs"
CHIPS = "chips"
REFRESH = "refresh"
REFRESH_TICK = "refresh-tick"
FRESHNESS = "freshness"
UNTIL = "data-until"
CANCELLED = "cancelled"
BAR = "filter-bar"

# The drawer that shows rows, SQL or a tile as a table
DRAWER = "drawer"
DRAWER_TITLE = "drawer-title"
DRAWER_BODY = "drawer-body"

# The dialog that explains a number
WHY = "why"
WHY_TITLE = "why-title"
WHY_BODY = "why-body"
WHY_ASK = "why-ask"  # store: {tile, cell}: which number
WHY_SEEN = "why-seen"  # store: the explained values, held against what is asked again
WHY_SEARCH = "why-search"
WHY_ROWS = "why-rows"
WHY_AGAIN = "why-again"
WHY_VERDICT = "why-verdict"

# Exports
EXPORT = "export-panel"
EXPORT_RUNNING = "export-running"
EXPORT_ASK = "export-ask"
EXPORT_TEXT = "export-text"
EXPORT_BAR = "export-bar"
EXPORT_CANCEL = "export-cancel"
EXPORT_DONE = "export-done"
EXPORT_CLOSE = "export-close"

# The shell
MAIN = "main"
SEARCH = "search"
SEARCH_OPEN = "search-open"
SEARCH_TEXT = "search-text"
SEARCH_RESULTS = "search-results"
SHORTCUTS = "shortcuts"
THEME = "theme"
NOTICE = "notice"

# Home
HOME_SEARCH = "home-search"
HOME_TAG = "home-tag"
HOME_LIST = "home-list"

# A dashboard as a bundle
BUNDLE_YAML = "bundle-yaml"
BUNDLE_SUPERSET = "bundle-superset"
BUNDLE_FILE = "bundle-file"

# Import
IMPORT_FILE = "import-file"
IMPORT_NAME = "import-name"
IMPORT_SOURCES = "import-sources"
IMPORT_ACTIONS = "import-actions"
IMPORT_CHECK = "import-check"
IMPORT_RUN = "import-run"
IMPORT_REPORT = "import-report"

TilePart = Literal["body", "foot", "grid"]
FilterPart = Literal["select", "range", "time", "dates", "grain", "asks", "box"]
ImportPart = Literal["map", "secret", "overwrite"]
GroupPart = Literal["ask", "answered"]


def tile(part: TilePart, key: Key, group: Key) -> dict[str, Any]:
    """Id of one part of a tile; tiles of a group are answered by one request."""
    return {"kind": "tile", "part": part, "group": group, "key": key}


def graph(key: Key) -> dict[str, Any]:
    """Id of a tile's figure."""
    return {"kind": "graph", "key": key}


def value(key: Key) -> dict[str, Any]:
    """Id of a tile's large number, with what is written beside and below it."""
    return {"kind": "value", "key": key}


def trend(key: Key) -> dict[str, Any]:
    """Id of the figure below a tile's large number."""
    return {"kind": "trend", "key": key}


def grid(key: Key) -> dict[str, Any]:
    """Id of a tile's table."""
    return {"kind": "grid", "key": key}


def group(part: GroupPart, index: Key) -> dict[str, Any]:
    """Id of one store of a group of tiles."""
    return {"kind": "group", "part": part, "group": index}


def filter(part: FilterPart, key: Key) -> dict[str, Any]:
    """Id of one control of a filter of the bar."""
    return {"kind": "filter", "part": part, "key": key}


def imported(part: ImportPart, key: Key) -> dict[str, Any]:
    """Id of a choice about one object of a file to be imported."""
    return {"kind": "imported", "part": part, "key": key}


def favourite(slug: Key) -> dict[str, Any]:
    """Id of a dashboard's star in a list."""
    return {"kind": "favourite", "key": slug}


def panel(tab: Key) -> dict[str, Any]:
    """Id of the panel of a tab."""
    return {"kind": "panel", "key": tab}


def rows(tile: Key) -> dict[str, Any]:
    """Id of the grid of a tile's underlying rows."""
    return {"kind": "rows", "key": tile}


def numbers(index: Key) -> dict[str, Any]:
    """Id of the grid of one of the answers behind a tile, in the dialog."""
    return {"kind": "numbers", "key": index}


def thumbnails(family: Key) -> dict[str, Any]:
    """Id of the gallery's small pictures of a family of charts."""
    return {"kind": "thumbnails", "key": family}
