"""Dragging over a histogram: every frame of all linked tiles, answered from cubes in one hop."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page, sync_playwright

from benchmarks.browser import FLAGS
from benchmarks.callbacks import Caller, entered
from benchmarks.clicks import counting, spread
from benchmarks.measure import Times, ms, table, timed
from benchmarks.opening import SIZE, WATCH, sign_in, visit
from benchmarks.stage import serving
from benchmarks.worlds import World, forget
from callbacks import WIRINGS
from dashapp.factory import create_server
from dashapp.services import brushing
from dashapp.services.brushing import Brushing
from dashapp.services.dashboards import Opened
from dashapp.settings import settings
from dashapp.specs import FilterState
from dashapp.ui import ids
from dashapp.viewer import SYSTEM
from pages import PAGES

DAY_MS: Final = 86_400_000
FIRST_MS: Final = 1_356_998_400_000  # 2013-01-01.
BRUSHED: Final = {
    "delays": Brushing(source="delays", column="dep_delay", bin=10),
    "days": Brushing(source="days", column="scheduled", grain="day"),
}
HEAD = (
    "flights and brushed tile", "first cubes, ms", "hop, ms", "p95", "tiles that follow",
    "drawn by the browser", "statements while dragging", "kB per hop", "in Chromium, ms", "p95",
)  # fmt: skip
FRAMES: Final = 60
_BOX: Final = """(key) => {
  const el = document.querySelector(`[data-tile="${key}"] .js-plotly-plot`);
  const at = el.getBoundingClientRect(), size = el._fullLayout._size;
  return [at.left + size.l, at.top + size.t, size.w, size.h];
}"""


@dataclass(frozen=True)
class Brush:
    """A brush in a tile of a dashboard, as a browser's calls tell of it."""

    caller: Caller
    opened: Opened
    brushing: Brushing

    def begin(self) -> dict[str, str]:
        """Have the cubes made: how each linked tile follows."""
        found = brushing.begin(SYSTEM, self.opened, self.brushing, FilterState(), self.others())
        return {key: one.way for key, one in found.items()}

    def others(self) -> list[str]:
        """The tiles beside the brushed one."""
        keys = [tile.key for _, tile in self.opened.layout.tiles()]
        return [key for key in keys if key != self.brushing.source]

    def frame(self, low: float, high: float, keys: list[str]) -> int:
        """Ask for these tiles at a part of the brushed column: bytes that came."""
        asked = {
            "seq": 1, "brushing": self.brushing.model_dump(mode="json", exclude_none=True),
            "tiles": keys, "low": low, "high": high,
        }  # fmt: skip
        page = {"slug": self.opened.slug, "page": "bench"}
        return self.caller.post({
            "output": f"{ids.BRUSH_FRAMED}.data",
            "outputs": {"id": ids.BRUSH_FRAMED, "property": "data"},
            "inputs": [{"id": ids.BRUSH_FRAME, "property": "data", "value": asked}],
            "changedPropIds": [f"{ids.BRUSH_FRAME}.data"],
            "state": [
                {"id": ids.FILTERS, "property": "data", "value": {}},
                {"id": ids.PAGE, "property": "data", "value": page},
            ],
        })  # fmt: skip


def run(found: Sequence[World], frames: int = FRAMES, *, in_browser: bool = True) -> str:
    """A row per warehouse and brush."""
    caller = entered(create_server(PAGES, WIRINGS))
    rows = []
    for world in found:
        for key, brushed in BRUSHED.items():
            brush = Brush(caller, world.board.opened(), brushed)
            rows.append(
                [
                    f"{world.title}: {key}",
                    *hops(brush, frames),
                    *(drawn(world, key) if in_browser else ("", "")),
                ]
            )
    return table(HEAD, rows)


def hops(brush: Brush, frames: int) -> list[str]:
    """Every tile asked of the server at one part after another, which is more than browsers do."""
    forget()
    brushing.reset()
    first = timed(brush.begin)
    ways = brush.begin()
    keys = [key for key, way in ways.items() if way != "late"]
    chance, sizes = random.Random(7), list[int]()
    with counting() as statements:
        taken = Times(
            tuple(timed(lambda: sizes.append(step(brush, chance, keys))) for _ in range(frames))
        )
    here = sum(way == "browser" for way in ways.values())
    return [
        ms(first), *spread(taken), f"{len(keys)} of {len(ways)}", str(here),
        str(len(statements)), f"{max(sizes) / 1000:,.0f}",
    ]  # fmt: skip


def step(brush: Brush, chance: random.Random, keys: list[str]) -> int:
    """One frame at a random part."""
    if brush.brushing.grain:
        low = FIRST_MS + DAY_MS * chance.randrange(300)
        return brush.frame(low, low + DAY_MS * chance.choice((7, 31, 60)), keys)
    low = chance.randrange(-20, 60, 10)
    return brush.frame(low, low + chance.randrange(10, 100, 10), keys)


def drawn(world: World, key: str) -> list[str]:
    """What Chromium takes for a frame while one drags; nothing where it is not installed."""
    program = shutil.which("chromium")
    if program is None:
        return ["", ""]
    with serving(settings()) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            page = browser.new_context(bypass_csp=True, viewport=SIZE).new_page()
            page.add_init_script(WATCH)
            sign_in(page, base)
            visit(page, f"{base}/dashboards/{world.board.slug}")
            taken = dragged(page, key)
        finally:
            browser.close()
    return [*spread(taken)] if taken.seconds else ["", ""]


def dragged(page: Page, key: str) -> Times:
    """Drag over a plot from left to right and back: seconds of each frame."""
    page.locator(f'[data-tile="{key}"]').scroll_into_view_if_needed()
    left, top, width, height = page.evaluate(_BOX, key)
    page.mouse.move(left + 0.1 * width, top + height / 2)
    page.mouse.down()
    page.mouse.move(left + 0.2 * width, top + height / 2)
    page.wait_for_timeout(3000)  # Cubes come.
    page.evaluate("() => { dashapp.brush.frames.length = 0; }")
    for at in range(120):
        part = 0.15 + 0.7 * (1 - abs(at % 60 - 30) / 30)
        page.mouse.move(left + part * width, top + height / 2)
        page.wait_for_timeout(12)
    found: list[float] = page.evaluate("() => dashapp.brush.frames.slice()")
    page.keyboard.press("Escape")
    page.mouse.up()
    return Times(tuple(one / 1000 for one in found))
