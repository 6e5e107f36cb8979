"""A person in a browser: what they see of a dashboard and do with it, and all that goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Download, Locator, Page, Request, expect

from tests.acceptance.running import PASSWORD, Running
from tests.jobs.browser import until

LONG = 30_000  # Milliseconds that something may take on a busy machine.
expect.set_options(timeout=LONG)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
# What a browser without a graphics card says of itself when it reads back what it drew.
SLOW_GPU = "GL Driver Message (OpenGL, Performance"
FLIGHTS, WORLD, WEATHER = "new-york-flights-2013", "world-development", "new-york-weather-2013"


@dataclass
class Visitor:
    """One tab of a browser in which ada is signed in."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(LONG)
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.on("request", self._requested)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and SLOW_GPU not in message.text:
            self.faults.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _requested(self, request: Request) -> None:
        if "_dash-update-component" not in request.url or not request.post_data:
            return
        body = json.loads(request.post_data)
        if '"part":"body"' in body["output"]:
            self.asked.append(body["inputs"][0].get("value") or {})

    # Going somewhere

    def sign_in(self) -> None:
        """Sign in as ada, by the form."""
        self.page.goto(f"{self.base}/")
        self.page.get_by_label("User name").fill("ada")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Dashboards").first).to_be_visible(
            timeout=LONG
        )

    def open(self, slug: str, query: str = "") -> None:
        """Open a dashboard and wait until its tiles are drawn."""
        self.page.goto(f"{self.base}/dashboards/{slug}{query}")
        self.settle()

    def tab(self, name: str) -> None:
        """Open a tab, the only one where there is no name, and wait until its tiles are drawn."""
        if name:
            self.page.get_by_role("tab", name=name, exact=True).click()
        self.settle()

    def settle(self) -> None:
        """Wait until every tile of the open tab shows its answer."""
        panel = self.page.locator(".panel:not([hidden])")
        expect(panel.locator(".tile .tile-body").first).to_be_visible()
        expect(panel.locator(".skeleton")).to_have_count(0)
        expect(panel.locator(".tile.is-asked")).to_have_count(0)

    # Looking

    @property
    def tabs(self) -> list[str]:
        """Names of the tabs that one may choose among."""
        found = self.page.get_by_role("tab")
        return [one.inner_text() for one in found.all()]

    @property
    def tiles(self) -> list[str]:
        """Keys of the tiles on the open tab."""
        found = self.page.locator(".panel:not([hidden]) [data-tile]")
        return [str(one.get_attribute("data-tile")) for one in found.all()]

    def tile(self, key: str) -> Locator:
        """A tile."""
        return self.page.locator(f'[data-tile="{key}"]')

    def broken(self) -> dict[str, str]:
        """Tiles that show a sentence instead of a drawing."""
        found = self.page.locator(".panel:not([hidden]) [data-tile]:has(.state)")
        return {
            str(one.get_attribute("data-tile")): one.locator(".state").inner_text()
            for one in found.all()
        }

    def expect_drawings(self) -> None:
        """Wait until something is drawn in every tile of the open tab."""
        drawn = ".main-svg, .ag-root, .number-value, .text-body"
        for key in self.tiles:
            expect(self.tile(key).locator(drawn).first).to_be_attached()

    @property
    def chips(self) -> list[str]:
        """What is chosen, as the chips say it."""
        chips = self.page.locator("#chips .chip")
        texts: list[str] = chips.evaluate_all("found => found.map((one) => one.innerText)")
        return [" ".join(text.split()) for text in texts]

    def expect_chips(self, *texts: str) -> None:
        """Wait for exactly these chips."""
        expect(self.page.locator("#chips .chip")).to_have_text(
            [re.compile(r"\s*".join(map(re.escape, text.split()))) for text in texts]
        )

    def number(self, key: str) -> str:
        """The large number of a tile."""
        return self.tile(key).locator(".number-value").inner_text()

    @property
    def url_state(self) -> Any:
        """The filter state in the URL."""
        found = parse_qs(urlsplit(self.page.url).query).get("f")
        return json.loads(found[0]) if found else {}

    @property
    def is_wider_than_the_window(self) -> bool:
        """Whether one would have to scroll sideways."""
        widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        scroll, client = self.page.evaluate(widths)
        return bool(scroll > client)

    @contextmanager
    def asking(self) -> Iterator[set[str]]:
        """Collects the keys of the tiles that the server is asked for, until all have answers."""
        found: set[str] = set()
        before = len(self.asked)
        yield found
        self.settle()
        for ask in self.asked[before:]:
            found.update(ask.get("tiles", ()))

    # Doing

    def choose(self, title: str, option: str) -> None:
        """Choose an option of a filter of the bar."""
        group = self.page.get_by_role("group", name=title, exact=True)
        group.locator("button.dash-dropdown").click()
        content = self.page.locator(".dash-dropdown-content")
        content.get_by_text(option, exact=True).click()
        if content.count():
            self.page.keyboard.press("Escape")
        expect(content).to_have_count(0)

    def hit(self, mark: Locator, *, more: bool = False) -> None:
        """Click in the middle of a mark of a figure; `more` holds Ctrl."""
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2 - 3, box["y"] + box["height"] / 2)
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        expect(self.page.locator(".hoverlayer > *").first).to_be_attached()
        if more:
            self.page.keyboard.down("Control")
        self.page.mouse.down()
        self.page.mouse.up()
        if more:
            self.page.keyboard.up("Control")

    def bar(self, key: str, index: int) -> Locator:
        """A bar of a tile, from the first trace."""
        return self.tile(key).locator(".barlayer .trace").first.locator(".point path").nth(index)

    def slice(self, key: str, index: int) -> Locator:
        """The label in a slice of a tile."""
        return self.tile(key).locator(".slice").nth(index).locator(".slicetext").first

    def menu(self, key: str, act: str) -> None:
        """Choose something in a tile's menu."""
        tile = self.tile(key)
        tile.scroll_into_view_if_needed()
        tile.hover()
        tile.locator(".tile-menu summary").click()
        tile.locator(f'.menu [data-act="{act}"]').click()

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.locator(".modal.show")

    def scroll_to(self, row: int) -> Locator:
        """Scroll the dialog's table, which learns only then how far it goes; the row."""
        found = self.dialog.locator(f'.ag-row[row-index="{row}"]:not(.ag-row-loading)')
        viewport = self.dialog.locator(".ag-body-viewport")

        def is_there() -> bool:
            viewport.evaluate(f"e => {{ e.scrollTop = 30 * {row} }}")
            self.page.wait_for_timeout(100)
            return found.count() > 0

        until(is_there)
        return found

    def close_dialog(self) -> None:
        """Close it."""
        self.dialog.get_by_role("button", name="Close").click()
        expect(self.page.locator(".modal")).to_have_count(0)

    def download(self, key: str, act: str, folder: Path) -> Path:
        """Export a tile; the file that the browser saved."""
        with self.page.expect_download(timeout=2 * LONG) as waiting:
            self.menu(key, act)
        return saved(waiting.value, folder)


def saved(download: Download, folder: Path) -> Path:
    """A download as a file under its own name."""
    path = folder / download.suggested_filename
    download.save_as(path)
    return path


@contextmanager
def visiting(browser: Browser, server: Running, **context: Any) -> Iterator[Visitor]:
    """A browser of its own; at the end nothing may have gone wrong in its console."""
    size = {"width": 1400, "height": 1000}
    opened = browser.new_context(**{"viewport": size, "accept_downloads": True, **context})
    visitor = Visitor(opened.new_page(), server.base)
    try:
        yield visitor
        assert visitor.faults == []
    except BaseException as error:
        error.add_note(f"Console: {visitor.faults}\nServer:\n{server.tail()}")
        raise
    finally:
        opened.close()
