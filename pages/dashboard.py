"""A dashboard: filters, tabs and tiles; answers that are already known come with the page."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

from dash.development.base_component import Component
from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.charts.text import Markdown
from dashapp.errors import AppError
from dashapp.services import charts, dashboards, filters, narrowing
from dashapp.services.charts import Answer, Want
from dashapp.services.dashboards import Opened
from dashapp.specs import FilterState
from dashapp.ui import board, cards, grid, painted, shell
from dashapp.ui import filters as controls
from dashapp.ui.board import Board
from dashapp.ui.grid import TileView
from dashapp.ui.page import Page, Scripts, Visit, scripted, titled
from dashapp.viewer import Viewer

RIGHTS = {
    "rows": "rows.view",
    "sql": "sql.view",
    "export:data": "export.run",
    "export:rows": "export.run",
}

MOST = 12  # Tiles of one request: more would wait for each other longer than a plan saves.


def layout(visit: Visit) -> Component:
    """The dashboard in its shell."""
    opened = dashboards.open(visit.viewer, visit.params["slug"])
    dashboards.visited(visit.viewer, opened)
    whole = shell.page(visit.viewer, board.draw(drawn(visit, opened)))
    return scripted(titled(whole, opened.title), scripts(visit, opened))


def scripts(visit: Visit, opened: Opened) -> Scripts:
    """What the charts of all tabs are drawn with, and what is on the open tab."""
    made = {u: KINDS[c.kind] for u, c in opened.charts.items() if c.kind in KINDS}
    beyond = any(kind.beyond_cartesian(opened.charts[u].options) for u, kind in made.items())
    active = active_tab(visit, opened)
    families = {
        made[tile.chart].family
        for tab, tile in opened.layout.tiles()
        if tab == active and tile.chart in made
    }
    return Scripts(
        plotly="full" if beyond else "cartesian",
        draws=bool(families - {"numbers", "tables", "text"}),
        tables="tables" in families,
    )


def active_tab(visit: Visit, opened: Opened) -> str:
    """The tab in the URL, or the first."""
    tabs = [tab.key for tab in opened.layout.tabs]
    asked = visit.query.get("tab", "")
    return asked if asked in tabs else tabs[0]


def drawn(visit: Visit, opened: Opened) -> Board:
    """All that is drawn, with the answers that the cache knows."""
    viewer = visit.viewer
    state = charts.locked(viewer, started(visit, opened))
    active = active_tab(visit, opened)
    keys = [tile.key for tab, tile in opened.layout.tiles() if tab == active]
    page = uuid4().hex
    want = Want(state=state, page=page, action=board.OPEN)
    known = charts.known(viewer, opened, keys, want, painted.found)
    groups = grouped(opened)
    bounds = {
        f.key: bounds_of(viewer, opened, f.key) for f in opened.layout.filters if f.kind == "range"
    }
    return Board(
        slug=opened.slug, title=opened.title, description=opened.description, tags=opened.tags,
        layout=opened.layout, state=state, active=active, bounds=bounds, page=page,
        views={key: view(viewer, opened, key, groups[key], known.get(key)) for key in groups},
        reach=reach(viewer, opened, groups, known, bounds),
        is_favourite=None if viewer.is_guest else dashboards.is_favourite(viewer, opened),
        locked=frozenset(viewer.locked_filters), may_export=viewer.may("bundle.export"),
        may_plan=opened.may_edit and viewer.may("sql.view"),
    )  # fmt: skip


def started(visit: Visit, opened: Opened) -> FilterState:
    """The state in the URL; a broken one counts as none. Filters may start at their first option."""
    try:
        state = FilterState.model_validate_json(visit.query.get("f") or "{}")
        narrowing.check(opened.layout, state, declared_only=visit.viewer.is_guest)
    except (ValidationError, AppError):
        state = FilterState()
    try:
        first = filters.first_choice(visit.viewer, opened)
    except AppError:
        return state
    return state.model_copy(update={"values": {**first.values, **state.values}})


def bounds_of(viewer: Viewer, opened: Opened, key: str) -> controls.Bounds:
    """Bounds of a range filter; none while its warehouse does not answer."""
    try:
        return controls.outward(filters.bounds(viewer, opened, key))
    except AppError:
        return None


def grouped(opened: Opened) -> dict[str, int]:
    """The group of each tile: one request asks the database once for all that goes together.

    Tiles of one dataset are in one group, up to `MOST` of a tab; the dataset with most tiles comes
    first, each next one into the group with fewest. Tables, the slowest to draw, have the last
    group to themselves.
    """
    batches: dict[tuple[str, object], list[str]] = {}
    groups = {}
    for tab, tile in opened.layout.tiles():
        chart = opened.charts.get(tile.chart)
        if chart is not None and chart.kind in ("table", "pivot_table"):
            groups[tile.key] = grid.GROUPS - 1
        else:
            batches.setdefault((tab, chart and chart.dataset), []).append(tile.key)
    loads: dict[str, Counter[int]] = {}
    for (tab, _), keys in sorted(batches.items(), key=lambda item: -len(item[1])):
        load = loads.setdefault(tab, Counter(dict.fromkeys(range(grid.GROUPS - 1), 0)))
        for start in range(0, len(keys), MOST):
            group = min(load, key=lambda g: (load[g], g))
            part = keys[start : start + MOST]
            load[group] += len(part)
            groups |= dict.fromkeys(part, group)
    return {tile.key: groups[tile.key] for _, tile in opened.layout.tiles()}


def view(viewer: Viewer, opened: Opened, key: str, group: int, answer: Answer | None) -> TileView:
    """A tile with its answer, or a skeleton in its shape."""
    _, tile = opened.place(key)
    chart = opened.charts.get(tile.chart)
    if chart is None:
        return TileView(
            tile.title or "", "", group, cards.state("not_found", "This chart was deleted."), "", ()
        )
    made = KINDS.get(chart.kind, Markdown)  # One that is gone says so in its tile.
    body: Component = cards.skeleton(made.family)
    foot: Component | str = ""
    if answer is not None:
        body, foot = painted.tile(answer, str(chart.dataset or ""), viewer.zone)
    return TileView(
        title=tile.title or chart.name, subtitle=str(chart.options.get("subtitle") or ""),
        group=group, body=body, foot=foot, menu=menu(viewer, made.uses_dataset),
    )  # fmt: skip


def menu(viewer: Viewer, has_data: bool) -> tuple[str, ...]:
    """What this viewer may do with a tile."""
    if not has_data:
        return ("full",)
    allowed = []
    for name in grid.MENU:
        right = next((r for prefix, r in RIGHTS.items() if name.startswith(prefix)), None)
        if right is None or viewer.may(right):
            allowed.append(name)
    if not viewer.may("rows.view"):
        allowed = [name for name in allowed if not name.startswith("export:rows")]
    return tuple(allowed)


def reach(
    viewer: Viewer, opened: Opened, groups: dict[str, int], known: dict[str, Answer],
    bounds: dict[str, controls.Bounds],
) -> dict[str, object]:  # fmt: skip
    """What the script knows of the dashboard: who reaches whom, and what is already drawn."""
    found = narrowing.reach(
        opened.layout, opened.tile_datasets(), opened.datasets, opened.tile_times()
    )
    declared = {f.column for f in opened.layout.filters}
    columns = {
        name: tiles
        for name, tiles in found["columns"].items()
        if not viewer.is_guest or name.split("|", 1)[1] in declared
    }
    return {
        "filters": [
            {
                "key": f.key, "title": f.title, "kind": f.kind, "required": f.required,
                "multiple": f.multiple, "exclude": f.exclude, "parents": f.parents,
                "default": viewer.locked_filters.get(f.key, f.default).model_dump(
                    mode="json", exclude_defaults=True
                ),
                "reach": found["filters"].get(f.key, []), "bounds": bounds.get(f.key),
                "locked": f.key in viewer.locked_filters,
                "presets": controls.ranges() if f.kind == "time" else {},
            }
            for f in opened.layout.filters
        ],
        "columns": columns if opened.layout.cross_filters else {}, "clicks": found["clicks"],
        "titles": {
            name: c.title
            for d in opened.datasets.values()
            for c in d.columns
            if (name := f"{d.uuid}|{c.name}") in columns
        },
        "tiles": {tile.key: {"tab": tab, "group": groups[tile.key]} for tab, tile in opened.layout.tiles()},
        "tabs": len(opened.layout.tabs) > 1, "first_tab": opened.layout.tabs[0].key,
        "tab_keys": [tab.key for tab in opened.layout.tabs],
        "drawn": {key: a.shown for key, a in known.items() if a.error is None},
        "as_of": {key: a.as_of.isoformat() for key, a in known.items() if a.as_of},
        "versions": {key: board.version(a.version) for key, a in known.items()},
        "texts": board.texts(), "entries": grid.entries(), "locale": viewer.locale, "zone": viewer.zone,
    }  # fmt: skip


PAGE = Page("/dashboards/<slug>", layout, "Dashboard", permission="dashboard.view")
