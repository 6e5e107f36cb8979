"""Opening a dashboard in Chromium, until every tile of the first tab is drawn."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.measure import Times, ms, ratio, table
from benchmarks.stage import NAME, PASSWORD, serving
from dashapp.settings import Settings

SLUGS = {
    "New York flights 2013": "new-york-flights-2013",
    "World development": "world-development",
    "New York weather 2013": "new-york-weather-2013",
}
RUNS = 5
TIMEOUT_MS = 60_000
SIZE: ViewportSize = {"width": 1400, "height": 900}
# Remembers when the last tile of the open tab showed a picture, a table, a number or a sentence.
WATCH = """
(() => {
  const drawn = ".main-svg, .ag-row, .ag-overlay, .number, .text-body, .state";
  const look = () => {
    const tiles = [...document.querySelectorAll(".panel:not([hidden]) [data-tile]")];
    const waits = (t) => t.classList.contains("is-asked") || t.querySelector(".skeleton") || !t.querySelector(drawn);
    if (tiles.length && !tiles.some(waits)) window.benchDrawn = [performance.now(), tiles.length];
    else requestAnimationFrame(look);
  };
  if (location.pathname.startsWith("/dashboards/")) requestAnimationFrame(look);
})();
"""


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


def run(chosen: Settings) -> str:
    """A row per dashboard: cold, with known answers, and opened again in the same browser."""
    program = shutil.which("chromium")
    if program is None:
        raise NoBrowser("Chromium is not installed; the opening of dashboards is not measured.")
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for title, slug in SLUGS.items():
            rows.append(row(chosen, browser, title, slug))
        browser.close()
    head = (
        "dashboard", "tiles", "cold, median ms", "longest", "answers known, median ms", "longest",
        "opened again, median ms", "longest", "cold to again",
    )  # fmt: skip
    return table(head, rows)


def row(chosen: Settings, browser: Browser, title: str, slug: str) -> list[str]:
    """One dashboard."""
    cold, tiles = [], 0
    for _ in range(RUNS):
        forget(chosen)
        with serving(chosen) as base:
            seconds, tiles = opened(browser, base, slug)[0]
            cold.append(seconds)
    with serving(chosen) as base:
        opened(browser, base, slug)
        visits = [opened(browser, base, slug, times=2) for _ in range(RUNS)]
    known, again = Times(tuple(v[0][0] for v in visits)), Times(tuple(v[1][0] for v in visits))
    first = Times(tuple(cold))
    return [
        title, str(tiles), ms(first.median), ms(first.p95), ms(known.median), ms(known.p95),
        ms(again.median), ms(again.p95), ratio(first.median, again.median),
    ]  # fmt: skip


def forget(chosen: Settings) -> None:
    """Drop all kept answers."""
    shutil.rmtree(Path(chosen.data_dir) / "cache", ignore_errors=True)


def opened(browser: Browser, base: str, slug: str, times: int = 1) -> list[tuple[float, int]]:
    """Seconds until all is drawn, and tiles, of each visit in a new browser profile."""
    context = browser.new_context(bypass_csp=True, viewport=SIZE)
    context.add_init_script(WATCH)
    page = context.new_page()
    try:
        sign_in(page, base)
        return [visit(page, f"{base}/dashboards/{slug}") for _ in range(times)]
    finally:
        context.close()


def sign_in(page: Page, base: str) -> None:
    """Through the form; the page that follows is left alone."""
    page.goto(f"{base}/login?next=/account")
    page.fill("#username", NAME)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/account")


def visit(page: Page, address: str) -> tuple[float, int]:
    """Open a page and wait until all its tiles are drawn."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    page.wait_for_function("() => window.benchDrawn", timeout=TIMEOUT_MS)
    found: list[float] = page.evaluate("window.benchDrawn")
    return found[0] / 1000, int(found[1])
