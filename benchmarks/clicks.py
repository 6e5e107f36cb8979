"""From a choice in the filters or a click in a tile to twelve payloads, through the whole server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from benchmarks.callbacks import Caller, entered
from benchmarks.measure import Times, ms, ratio, table, timed
from benchmarks.worlds import AT_ONCE, World, forget
from callbacks import WIRINGS
from dashapp import query
from dashapp.errors import AppError
from dashapp.factory import create_server
from dashapp.services.dashboards import Opened
from dashapp.specs import FilterState
from dashapp.ui import grid, ids
from pages import PAGES
from pages.dashboard import grouped

SEED: Final = 7
HEAD = (
    "flights and choice", "by themselves, ms", "p95", "one plan, ms", "p95", "known, ms", "p95",
    "by themselves to one plan", "by themselves to known", "kB",
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


def run(found: Sequence[World], count: int = 30) -> str:
    """Two rows per warehouse: choices in the filters' bar alone, and clicks in tiles as well."""
    app = create_server(PAGES, WIRINGS)
    callers = tuple(entered(app) for _ in range(grid.GROUPS))
    rows = []
    for world in found:
        browser = Browser(callers, world.board.opened())
        for title, clicks in (("filters", False), ("filters and clicks", True)):
            rows.append([f"{world.title}: {title}", *cells(browser, world, count, clicks=clicks)])
    return table(HEAD, rows)


def cells(browser: Browser, world: World, count: int, *, clicks: bool) -> list[str]:
    """Medians and 95 of 100, of so many choices one after the other."""
    apart, plan, known, size = [], [], [], 0
    for state in world.board.wanderings(count, SEED, clicks=clicks):
        forget()
        with by_themselves():
            apart.append(timed(partial(browser.choose, state)))
        forget()
        plan.append(timed(partial(browser.choose, state)))
        known.append(timed(partial(browser.choose, state)))
        size = max(size, browser.choose(state))
    one, two, three = Times(tuple(apart)), Times(tuple(plan)), Times(tuple(known))
    return [
        *spread(one), *spread(two), *spread(three), ratio(one.median, two.median),
        ratio(one.median, three.median), f"{size / 1000:,.0f}",
    ]  # fmt: skip


def spread(taken: Times) -> tuple[str, str]:
    """The middle and 95 of 100."""
    return ms(taken.median), ms(taken.p95)


@contextmanager
def by_themselves() -> Iterator[None]:
    """Pages ask every question by itself meanwhile, several under way."""
    together = query.run_many

    def asked(questions: Sequence[query.Question]) -> list[query.Result | AppError]:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(lambda question: together([question])[0], questions))

    query.run_many = asked
    try:
        yield
    finally:
        query.run_many = together


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
