"""The gallery in a real browser: every chart is drawn, reacts, and takes no label for code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, Locator, expect, sync_playwright
from pydantic import SecretStr

from dashapp.services import examples
from dashapp.services.gallery import FAMILIES
from dashapp.settings import Settings
from tests import servers
from tests.acceptance.running import ALONE, Running, answers, prepare
from tests.acceptance.visiting import FLAGS, Visitor, visiting
from tests.attacks.test_browser import SIGNS
from tests.charts.plots import HOSTILE
from tests.jobs.browser import until
from tests.services.conftest import KEY

pytestmark = pytest.mark.browser

# Columns by which charts find geometries, and which queries compare with texts of their own.
TELLING = {"code", "carrier", "origin", "dest", "faa"}
WATCH = """window.hits = [];
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.hits.push(name); };"""
MARKS = (
    ".points path, .point path, .slice path, .surface, .boxlayer path, .sankey-node rect,"
    " .choroplethlayer path, .scatterlayer path, .heatmaplayer image, .ag-row .ag-cell"
)
PLACES = ((0.5, 0.5), (0.3, 0.6), (0.7, 0.4))
MIDDLE = """(tile, marks) => {
  const mark = tile.querySelector(marks);
  if (!mark) return null;
  const box = mark.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""
RANGES = """el => JSON.stringify(Object.entries(el._fullLayout)
  .filter(([name, axis]) => /^[xy]axis\\d*$/.test(name) && !axis.fixedrange && axis.range)
  .map(([name, axis]) => [name, axis.range]))"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


@contextmanager
def serving(folder: Path, *, hostile: bool) -> Iterator[Running]:
    """A server with the gallery; labels of the data want to be code if it is `hostile`."""
    chosen = Settings(data_dir=folder, secret_key=SecretStr(KEY))
    prepare(chosen, "")
    if hostile:
        spoil(folder / "warehouses")
    base = f"http://127.0.0.1:{servers.free_port()}"
    made = Running("embedded", base, chosen, folder / "server.log")
    try:
        made.start(*ALONE)
        servers.wait_for(lambda: answers(base), f"The server ({made.log})", 60)
        yield made
    finally:
        made.stop()


def spoil(folder: Path) -> None:
    """Put markup, templates and scripts before every text of the example data."""
    with duckdb.connect(str(folder / examples.DUCKDB)) as duck:
        texts = duck.execute(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE data_type = 'VARCHAR' AND NOT internal"
        ).fetchall()
        for table, column in texts:
            if column not in TELLING:
                duck.execute(
                    f'UPDATE "{table}" SET "{column}" = list_extract($1, '
                    f'1 + length("{column}") % 4) || "{column}"',
                    [list(HOSTILE)],
                )
    with closing(sqlite3.connect(folder / examples.SQLITE)) as lite, lite:
        for table, column in (("weather", "airport"), ("seattle", "kind")):
            cases = " ".join(f"WHEN {i} THEN ?" for i in range(4))
            lite.execute(
                f"UPDATE {table} SET {column} = CASE length({column}) % 4 {cases} END || {column}",
                HOSTILE,
            )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with the gallery."""
    with serving(tmp_path_factory.mktemp("plain"), hostile=False) as made:
        yield made


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with the gallery over hostile data."""
    with serving(tmp_path_factory.mktemp("hostile"), hostile=True) as made:
        yield made


def cookies(browser: Browser, server: Running) -> Any:
    with visiting(browser, server) as visitor:
        visitor.sign_in()
        return visitor.page.context.storage_state()


@pytest.fixture(scope="module")
def session(browser: Browser, hostile: Running) -> Any:
    """Ada's cookies of the server with hostile data."""
    return cookies(browser, hostile)


def enter(visitor: Visitor, family: str = "") -> None:
    """Open the gallery at a family's sheet and wait until all is drawn."""
    visitor.page.goto(f"{visitor.base}/gallery?tab={family}")
    visitor.settle()
    expect(visitor.page.locator(".gallery-row .skeleton")).to_have_count(0)


def test_every_tile_and_every_small_picture_is_drawn(browser: Browser, plain: Running) -> None:
    with visiting(browser, plain, storage_state=cookies(browser, plain)) as ada:
        enter(ada)
        for name in ada.tabs:
            ada.tab(name)
            assert ada.broken() == {}
            ada.expect_drawings()
            # Drawn by code that the page's policy does not let be made.
            expect(ada.page.locator(".no-webgl")).to_have_count(0)
        cards = ada.page.locator(".gallery-card")
        for card in cards.all():
            expect(
                card.locator(".main-svg, .ag-row, .number-value, .text-body").first
            ).to_be_attached()
        expect(cards.locator(".state")).to_have_count(0)
        last = cards.last
        last.click()
        expect(ada.tile(str(last.get_attribute("data-jump")))).to_be_in_viewport()


@pytest.mark.parametrize("family", FAMILIES)
def test_charts_react_and_hostile_labels_stay_text(
    browser: Browser, hostile: Running, session: Any, family: str
) -> None:
    with visiting(browser, hostile, storage_state=session) as ada:
        ada.page.add_init_script(WATCH)
        ada.page.on("dialog", lambda dialog: ada.faults.append(f"dialog: {dialog.message}"))
        enter(ada, family)
        assert ada.tiles
        for key in ada.tiles:
            hover(ada, key)
            for plot in ada.tile(key).locator(".js-plotly-plot:has(.nsewdrag)").all():
                zoom(ada, plot)
        for key in ada.tiles:
            click(ada, key)
        ada.settle()
        until(lambda: let_go(ada))
        ada.settle()
        expect(ada.page.locator(".state.failed")).to_have_count(0)
        assert ada.page.evaluate(SIGNS) == []


def hover(ada: Visitor, key: str) -> None:
    """Hover over a tile."""
    tile = ada.tile(key)
    tile.scroll_into_view_if_needed()
    box = tile.locator(".tile-body").bounding_box()
    assert box is not None
    for x, y in PLACES:
        ada.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)


def click(ada: Visitor, key: str) -> None:
    """Click a tile's first mark; what it chose is let go again, be the others answered or not."""
    tile = ada.tile(key)
    tile.scroll_into_view_if_needed()
    middle = tile.evaluate(MIDDLE, MARKS)
    if middle is None:
        return
    x, y = middle
    ada.page.mouse.move(x - 2, y)
    ada.page.mouse.move(x, y, steps=3)
    ada.page.mouse.click(x, y)
    let_go(ada)


def let_go(ada: Visitor) -> bool:
    """Clear what was picked by now; whether nothing is left."""
    ada.page.wait_for_timeout(50)
    ada.page.keyboard.press("Escape")
    return not ada.chips


def zoom(ada: Visitor, plot: Locator) -> None:
    """Draw a frame in a plot, which shows only what is in it, and go back.

    With Alt, since dragging alone brushes.
    """
    before = plot.evaluate(RANGES)
    area = plot.locator(".nsewdrag").first
    box = area.bounding_box()
    if before == "[]" or box is None:
        return
    left, top = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.25
    ada.page.mouse.move(left, top)
    ada.page.keyboard.down("Alt")
    ada.page.mouse.down()
    ada.page.mouse.move(left + box["width"] * 0.4, top + box["height"] * 0.5, steps=5)
    ada.page.mouse.up()
    ada.page.keyboard.up("Alt")
    ada.page.wait_for_function(
        f"([el, was]) => ({RANGES})(el) !== was", arg=[plot.element_handle(), before]
    )
    area.dblclick()
