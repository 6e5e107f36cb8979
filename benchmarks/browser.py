"""Dashboards in Chromium against bare pages that draw the same figures.

Variants take turns in random order, in browser profiles of their own.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from benchmarks import bare, walls
from benchmarks.measure import ms, ratio, table
from benchmarks.opening import NoBrowser, sign_in
from benchmarks.stage import serving
from benchmarks.walls import Wall
from dashapp.settings import Settings
from dashapp.web.core import create_core

RUNS: Final = 5
WIDTH: Final = 1400
WINDOW: Final = 900
TIMEOUT_MS: Final = 60_000
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--disable-component-update")  # fmt: skip
# Remembers when each figure was drawn last, and tells when enough of them were drawn after `since`:
# all, or those whose tiles are in the window. Tiles that wait for an answer are not drawn.
WATCH: Final = """
(() => {
  const at = new WeakMap(), now = () => performance.now();
  const inWindow = (el) => { const b = el.getBoundingClientRect(); return b.top < innerHeight && b.bottom > 0; };
  function look() {
    for (const el of document.querySelectorAll(".js-plotly-plot")) {
      if (at.has(el) || !el.on) continue;
      at.set(el, now());
      el.on("plotly_afterplot", () => at.set(el, now()));
    }
    const places = [...document.querySelectorAll("section")];
    const figures = [...document.querySelectorAll(".js-plotly-plot")];
    const waits = places.some((p) => p.matches(".is-asked") || p.querySelector(".skeleton"));
    const done = (some) => some.every((el) => at.get(el) > bench.since);
    if (places.length && !waits) {
      bench.idle ??= now();
      const seen = figures.filter(inWindow);
      if (seen.length >= bench.seen && done(seen)) bench.first ??= Math.max(...seen.map((el) => at.get(el)));
      if (figures.length >= bench.figures && done(figures)) bench.all ??= Math.max(...figures.map((el) => at.get(el)));
    }
    if (!bench.all) setTimeout(look, 4);
  }
  window.bench = { since: 0, seen: 1, figures: FIGURES };
  window.benchAgain = () => { window.bench = { ...window.bench, since: now(), idle: undefined, first: undefined, all: undefined }; setTimeout(look, 0); };
  addEventListener("DOMContentLoaded", look);
})();
"""
CHOOSE: Final = """(choice) => {
  benchAgain();
  if (window.choose) return void choose(choice);
  const id = { kind: "filter", part: "select", key: "airport" };
  window.dash_clientside.set_props(id, { value: [choice] });
}"""
Variant = Literal["dashapp", "bare"]
What = Literal["cold", "warm", "filter"]


@dataclass(frozen=True)
class Stage:
    """Where pages are, and the session of somebody who may see them."""

    playwright: Playwright
    program: str
    bases: Mapping[Variant, str]
    cookies: list[Any]

    def address(self, variant: Variant, wall: Wall) -> str:
        """Where a page is."""
        folder = "dashboards/" if variant == "dashapp" else ""
        return f"{self.bases[variant]}/{folder}{wall.slug}"

    @contextmanager
    def profile(self, wall: Wall, height: int) -> Iterator[BrowserContext]:
        """A browser that knows nothing but the session."""
        with tempfile.TemporaryDirectory(prefix="dashapp-bench-") as folder:
            context = self.playwright.chromium.launch_persistent_context(
                folder, executable_path=self.program, args=list(FLAGS), bypass_csp=True,
                viewport={"width": WIDTH, "height": height},
            )  # fmt: skip
            try:
                context.add_cookies(self.cookies)
                context.add_init_script(WATCH.replace("FIGURES", str(wall.figures)))
                yield context
            finally:
                context.close()


@dataclass
class Times:
    """Milliseconds until the window is drawn, and until all is, of each run."""

    first: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)


Found = dict[tuple[Variant, int, int, What], Times]  # by variant, tiles, height of the window


def run(chosen: Settings) -> str:
    """The tables: bytes and requests, everything in view, a window of the usual height."""
    program = shutil.which("chromium")
    if program is None:
        raise NoBrowser("Chromium is not installed; pages are not compared with bare ones.")
    with tempfile.TemporaryDirectory(prefix="dashapp-bench-") as name, serving(chosen) as base:
        with create_core().app_context():
            made = walls.prepare(Path(name))
        with bare.serving(Path(name)) as other, sync_playwright() as playwright:
            stage = Stage(playwright, program, {"dashapp": base, "bare": other}, [])
            stage.cookies.extend(session(stage, made[0], base))
            return report(stage, made)


def session(stage: Stage, wall: Wall, base: str) -> list[Any]:
    """Cookies of somebody who signed in."""
    with stage.profile(wall, WINDOW) as context:
        sign_in(context.new_page(), base)
        return list(context.cookies())


def report(stage: Stage, made: list[Wall]) -> str:
    """All runs, as tables."""
    found: Found = defaultdict(Times)
    for wall in made:  # Everything is asked, and packed, once before.
        for variant in stage.bases:
            visit_all(stage, variant, wall, wall.window_px, defaultdict(Times))
    for _ in range(RUNS):
        turns = [
            (variant, wall, height)
            for variant in stage.bases
            for wall in made
            for height in (wall.window_px, WINDOW)
        ]
        random.shuffle(turns)
        for variant, wall, height in turns:
            visit_all(stage, variant, wall, height, found)
    return f"{weights(stage, made)}\n{everything(found, made)}\n{in_window(found, made)}"


def visit_all(stage: Stage, variant: Variant, wall: Wall, height: int, found: Found) -> None:
    """One fresh profile: open, open twice more, choose in the filter three times."""
    with stage.profile(wall, height) as context:
        page = context.new_page()
        cold = opened(page, stage.address(variant, wall))
        opened(page, stage.address(variant, wall))
        warm = opened(page, stage.address(variant, wall))
        chosen = [filtered(page, choice) for choice in walls.CHOICES]
    runs: list[tuple[What, list[tuple[float, float]]]] = [
        ("cold", [cold]), ("warm", [warm]), ("filter", chosen)
    ]  # fmt: skip
    for what, times in runs:
        kept = found[variant, wall.count, height, what]
        kept.first.append(median(t[0] for t in times))
        kept.all.append(median(t[1] for t in times))


def opened(page: Page, address: str) -> tuple[float, float]:
    """Milliseconds from the request until the window, and everything, is drawn."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    return drawn(page)


def filtered(page: Page, choice: str) -> tuple[float, float]:
    """The same from a choice in the filter."""
    page.wait_for_timeout(300)  # What a page does after it is drawn is not part of this.
    page.evaluate(CHOOSE, choice)
    return drawn(page)


def drawn(page: Page) -> tuple[float, float]:
    """What the page remembers."""
    page.wait_for_function("() => window.bench?.all", timeout=TIMEOUT_MS)
    bench: dict[str, float] = page.evaluate("window.bench")
    return bench["first"] - bench["since"], bench["all"] - bench["since"]


def weights(stage: Stage, made: list[Wall]) -> str:
    """Requests and kilobytes on the wire of a first visit."""
    rows = []
    for wall in made:
        counted = {v: weighed(stage, v, wall) for v in stage.bases}
        (requests, size), (few, small) = counted["dashapp"], counted["bare"]
        rows.append([f"{wall.count} tiles", str(requests), f"{size:,.0f}", str(few),
                     f"{small:,.0f}"])  # fmt: skip
    head = ("first visit", "requests", "KB", "bare: requests", "KB")
    return table(head, rows)


def weighed(stage: Stage, variant: Variant, wall: Wall) -> tuple[int, float]:
    """Requests, and kilobytes as they travel."""
    sizes: list[float] = []
    with stage.profile(wall, wall.window_px) as context:
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"]))
        opened(page, stage.address(variant, wall))
        page.wait_for_timeout(500)
    return len([s for s in sizes if s]), sum(sizes) / 1024


def everything(found: Found, made: list[Wall]) -> str:
    """Until all is drawn, in a window that shows all tiles."""
    rows = [
        compared(found, wall, wall.window_px, what)
        for wall in made
        for what in ("cold", "warm", "filter")
    ]
    return table(("all tiles in view", "dashapp, median ms", "bare, median ms", "ratio"), rows)


def compared(found: Found, wall: Wall, height: int, what: Any) -> list[str]:
    """A row of the table of everything."""
    ours, theirs = (median(found[v, wall.count, height, what].all) for v in ("dashapp", "bare"))
    return [f"{wall.count} tiles, {NAMES[what]}", ms(ours / 1000), ms(theirs / 1000),
            ratio(ours, theirs)]  # fmt: skip


NAMES: Final[Mapping[What, str]] = {
    "cold": "first visit", "warm": "opened again", "filter": "filtered"
}  # fmt: skip


def in_window(found: Found, made: list[Wall]) -> str:
    """Until the window is drawn, and until all is, in a window of the usual height."""
    rows = []
    for wall in made:
        for what, name in NAMES.items():
            ours = found["dashapp", wall.count, WINDOW, what]
            theirs = found["bare", wall.count, WINDOW, what]
            rows.append([
                f"{wall.count} tiles, {name}", ms(median(ours.first) / 1000),
                ms(median(ours.all) / 1000), ms(median(theirs.all) / 1000),
                ratio(median(ours.first), median(theirs.all)),
            ])  # fmt: skip
    head = (
        f"window of {WINDOW} pixels", "dashapp, what is in view, median ms", "all", "bare, all",
        "in view to bare",
    )  # fmt: skip
    return table(head, rows)
