"""From a choice in the filters or a click in a tile to twelve payloads, through the whole server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from benchmarks.callbacks import Caller, entered
from benchmarks.measure import Times, ms, ratio, table, timed
from benchmarks.worlds import World, forget, unplanned
from callbacks import WIRINGS
from dashapp.factory import create_server
from dashapp.services import rollups
from dashapp.services.dashboards import Opened
from dashapp.specs import FilterState
from dashapp.ui import grid, ids
from dashapp.viewer import SYSTEM
from dashapp.warehouses.base import Fetched, Warehouse
from pages import PAGES
from pages.dashboard import grouped

SEED: Final = 7
BLOCKS: Final = 2  # Rollups are made so often, so that what is compared ran in the same minute.
HEAD = (
    "flights and choice", "by themselves, ms", "p95", "one plan, ms", "p95", "rollups, ms", "p95",
    "known, ms", "p95", "by themselves to plan", "to rollups", "to known",
    "without the database", "rollups made in, ms", "kB",
)  # fmt: skip


@dataclass(frozen=True)
class Browser:
    """A signed-in browser: it posts the calls of a page at the same time."""

    callers: tuple[Caller, ...]
    opened: Opened

    def choose(self, state: FilterState) -> int:
        """Have all tiles drawn under a choice: bytes that came."""
        calls = bodies(self.callers[0], self.opened, state)
        with ThreadPoolExecutor(len(calls)) as threads:
            return sum(threads.map(lambda caller, body: caller.post(body), self.callers, calls))


@dataclass
class Taken:
    """Seconds of every choice, by how it was answered; what rollups took and spared."""

    apart: list[float] = field(default_factory=list)
    plan: list[float] = field(default_factory=list)
    rollups: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    made: list[float] = field(default_factory=list)
    spared: int = 0
    size: int = 0

    def cells(self) -> list[str]:
        """The row of the table."""
        one, two, three, four = (
            Times(tuple(seconds)) for seconds in (self.apart, self.plan, self.rollups, self.known)
        )
        return [
            *spread(one), *spread(two), *spread(three), *spread(four),
            *(ratio(one.median, other.median) for other in (two, three, four)),
            f"{self.spared} of {len(self.rollups)}", ms(Times(tuple(self.made)).median),
            f"{self.size / 1000:,.0f}",
        ]  # fmt: skip


def run(found: Sequence[World], count: int = 30) -> str:
    """Two rows per warehouse: choices in the filters' bar alone, and clicks in tiles as well."""
    app = create_server(PAGES, WIRINGS)
    callers = tuple(entered(app) for _ in range(grid.GROUPS))
    rows = []
    with no_background():
        for world in found:
            browser = Browser(callers, world.board.opened())
            for title, clicks in (("filters", False), ("filters and clicks", True)):
                states = world.board.wanderings(count, SEED, clicks=clicks)
                rows.append([f"{world.title}: {title}", *measured(browser, states).cells()])
    return table(HEAD, rows)


def measured(browser: Browser, states: Sequence[FilterState]) -> Taken:
    """Choices one after the other: nothing known twice, then with rollups, then known."""
    taken = Taken()
    for at in range(BLOCKS):
        block = states[at::BLOCKS]
        for state in block:
            choose = partial(browser.choose, state)
            forget()
            with unplanned():
                taken.apart.append(timed(choose))
            forget()
            taken.plan.append(timed(choose))
        forget()
        taken.made.append(timed(lambda: rollups.build(SYSTEM, browser.opened)))
        for state in block:
            choose = partial(browser.choose, state)
            with counting() as statements:
                taken.rollups.append(timed(choose))
            taken.spared += not statements
            taken.known.append(timed(choose))
            taken.size = max(taken.size, browser.choose(state))
    return taken


@contextmanager
def no_background() -> Iterator[None]:
    """Pages have no rollups made meanwhile: that is done when it is measured."""
    begin = rollups.begin
    rollups.begin = lambda viewer, opened: False
    try:
        yield
    finally:
        rollups.begin = begin


@contextmanager
def counting() -> Iterator[list[str]]:
    """Statements that reach a database meanwhile."""
    found: list[str] = []
    fetch = Warehouse.fetch

    def noted(self: Warehouse, statement: sa.Executable, **how: Any) -> Fetched:
        found.append(self.name)
        return fetch(self, statement, **how)

    Warehouse.fetch = noted  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Warehouse.fetch = fetch  # type: ignore[method-assign]


def spread(taken: Times) -> tuple[str, str]:
    """The middle and 95 of 100."""
    return ms(taken.median), ms(taken.p95)


def bodies(caller: Caller, opened: Opened, state: FilterState) -> list[dict[str, Any]]:
    """What a browser posts after a choice: one call per group of tiles."""
    groups: dict[int, list[str]] = {}
    for key, group in grouped(opened).items():
        groups.setdefault(group, []).append(key)
    return [body(caller, opened.slug, number, keys, state) for number, keys in groups.items()]


def body(
    caller: Caller, slug: str, group: int, keys: list[str], state: FilterState
) -> dict[str, Any]:
    """What a browser posts to have a group's tiles drawn."""
    parts = [ids.tile("body", key, group) for key in keys]
    feet = [ids.tile("foot", key, group) for key in keys]
    asked, answered = ids.group("ask", group), ids.group("answered", group)
    wish = {"seq": 1, "tiles": keys, "force": False, "tick": False, "shown": {}}
    changed = json.dumps(asked, separators=(",", ":"), sort_keys=True)
    chosen = state.model_dump(mode="json", exclude_defaults=True)
    return {
        "output": next(name for name in caller.outputs if '"part":"answered"' in name),
        "outputs": [
            [{"id": part, "property": "children"} for part in parts],
            [{"id": foot, "property": "children"} for foot in feet],
            {"id": answered, "property": "data"},
        ],
        "inputs": [{"id": asked, "property": "data", "value": wish}],
        "changedPropIds": [f"{changed}.data"],
        "state": [
            {"id": ids.FILTERS, "property": "data", "value": chosen},
            {"id": ids.PAGE, "property": "data", "value": {"slug": slug, "page": "bench"}},
            [{"id": part, "property": "id", "value": part} for part in parts],
        ],
    }
