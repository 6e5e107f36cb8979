"""A tile's menu and full screen, by keyboard; a number that changes in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.acceptance.running import Running
from tests.acceptance.test_gallery import cookies, serving
from tests.acceptance.visiting import FLAGS, FLIGHTS, Visitor, visiting

pytestmark = pytest.mark.browser

ACTS = ["refresh", "full", "table", "rows", "why", "sql", "export:data:csv", "export:data:xlsx",
        "export:rows:csv", "export:rows:xlsx"]  # fmt: skip
TOLD = "entries => entries.map(entry => entry.dataset.act)"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("menus"), hostile=False) as made:
        yield made


@pytest.fixture(scope="module")
def session(browser: Browser, server: Running) -> Any:
    return cookies(browser, server)


@pytest.fixture
def ada(browser: Browser, server: Running, session: Any) -> Iterator[Visitor]:
    with visiting(browser, server, storage_state=session) as visitor:
        yield visitor


def test_a_menu_is_made_when_it_is_opened_and_walked_by_keys(ada: Visitor) -> None:
    ada.open(FLIGHTS)
    page, tile = ada.page, ada.tile("by-hour")
    entries = tile.get_by_role("menuitem")
    expect(page.locator(".tile [role=menuitem]")).to_have_count(0)
    summary = tile.locator(".tile-menu summary")
    assert summary.get_attribute("aria-label") == "Menu of The day fills up, and delays with it"
    summary.press("Enter")
    expect(entries).to_have_count(len(ACTS))
    assert entries.evaluate_all(TOLD) == ACTS
    assert entries.first.inner_text() == "Refresh"
    expect(page.locator(".tile [role=menuitem]")).to_have_count(len(ACTS))
    page.keyboard.press("ArrowDown")
    expect(entries.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(entries.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(tile.get_by_role("menu")).to_be_hidden()
    expect(summary).to_be_focused()
    for _ in range(2):  # Opened again it is the same one.
        summary.press("Enter")
    expect(tile.locator(".menu")).to_have_count(1)


def test_full_screen_is_left_by_a_button_that_has_a_name(ada: Visitor) -> None:
    ada.open(FLIGHTS)
    ada.menu("by-airport", "full")
    tile = ada.tile("by-airport")
    expect(tile).to_have_class(re.compile("is-full"))
    leave = tile.get_by_role("button", name="Leave full screen")
    expect(leave).to_be_focused()
    leave.press("Enter")
    expect(tile).not_to_have_class(re.compile("is-full"))
    expect(leave).to_be_hidden()
    expect(tile.locator(".tile-menu summary")).to_be_focused()


def test_a_number_changes_where_it_stands(ada: Visitor) -> None:
    ada.open(FLIGHTS)
    tile = ada.tile("total")
    tile.locator(".js-plotly-plot").evaluate("plot => { plot.isFirst = true; }")
    before = tile.locator(".number-value").inner_text()
    ada.choose("Airline", "Envoy Air")
    ada.settle()
    expect(tile.locator(".number-value")).not_to_have_text(before)
    told = tile.locator(".number-value").inner_text()
    assert told in str(tile.locator(".number").get_attribute("aria-label"))
    assert tile.locator(".js-plotly-plot").evaluate("plot => plot.isFirst === true")


def test_a_menu_speaks_the_language_of_its_viewer(ada: Visitor) -> None:
    ada.page.goto(f"{ada.base}/account")
    form = ada.page.locator("form:has([name=locale])")
    form.locator("[name=locale]").select_option("de")
    form.locator("button[type=submit]").click()
    expect(ada.page.locator("html")).to_have_attribute("lang", "de")
    ada.open(FLIGHTS)
    ada.tile("by-hour").locator(".tile-menu summary").press("Enter")
    entries = ada.tile("by-hour").get_by_role("menuitem")
    assert entries.evaluate_all(TOLD) == ACTS
    expect(entries.nth(1)).to_have_text("Vollbild")
    entries.nth(1).press("Enter")
    expect(ada.page.get_by_role("button", name="Vollbild verlassen")).to_be_focused()
