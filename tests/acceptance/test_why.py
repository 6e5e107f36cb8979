"""Why this number, in a real browser: by mouse, by keyboard, by finger, and asked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from tests.acceptance.running import Running
from tests.acceptance.test_gallery import cookies, serving
from tests.acceptance.visiting import FLAGS, FLIGHTS, Visitor, visiting

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
BAR = "by-hour"  # Bars of flights by the hour of the day.


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("why"), hostile=False) as made:
        yield made


@pytest.fixture(scope="module")
def session(browser: Browser, server: Running) -> Any:
    return cookies(browser, server)


def point_at(ada: Visitor, mark: Locator) -> tuple[float, float]:
    """Move the mouse over a mark until it is told; where that is."""
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    ada.page.mouse.move(x - 3, y)
    ada.page.mouse.move(x, y, steps=4)
    expect(ada.page.locator(".hoverlayer > *").first).to_be_attached()
    return x, y


def run_again(ada: Visitor) -> None:
    ada.dialog.get_by_role("button", name="Run it again now").click()
    expect(ada.dialog.locator(".why-equal")).to_be_visible()


def test_a_mark_explains_itself_and_is_not_a_filter(
    browser: Browser, server: Running, session: Any
) -> None:
    with visiting(browser, server, storage_state=session) as ada:
        ada.open(FLIGHTS)
        x, y = point_at(ada, ada.bar(BAR, 2))
        ada.page.keyboard.down("Alt")
        ada.page.mouse.click(x, y)
        ada.page.keyboard.up("Alt")
        expect(ada.dialog.locator(".why-value").first).to_have_text("25,951")
        expect(ada.dialog.locator(".why-facts").first).to_contain_text("Hour of day")
        run_again(ada)
        expect(ada.dialog.locator(".why-again")).to_contain_text("this row alone")
        ada.close_dialog()
        assert ada.chips == []
        x, y = point_at(ada, ada.bar(BAR, 3))
        ada.page.mouse.click(x, y, button="right")
        expect(ada.dialog.locator(".why-value").first).to_have_text("22,821")
        ada.close_dialog()
        assert ada.chips == []
        point_at(ada, ada.bar(BAR, 3))
        ada.page.mouse.click(x, y)  # A plain click filters as ever.
        expect(ada.page.locator("#chips .chip")).to_have_count(1)


def test_filters_are_told_and_hold_for_what_is_asked_again(
    browser: Browser, server: Running, session: Any
) -> None:
    with visiting(browser, server, storage_state=session) as ada:
        ada.open(FLIGHTS)
        ada.choose("Airport", "Newark")
        ada.settle()
        x, y = point_at(ada, ada.bar(BAR, 2))
        ada.page.mouse.click(x, y, button="right")
        expect(ada.dialog.locator(".why-reasons")).to_contain_text("Newark filter of the dashboard")
        expect(ada.dialog.locator(".sql")).to_contain_text("Newark")
        run_again(ada)


def test_the_menu_leads_to_every_number_by_keyboard(
    browser: Browser, server: Running, session: Any
) -> None:
    with visiting(browser, server, storage_state=session) as ada:
        ada.open(FLIGHTS)
        summary = ada.tile(BAR).locator(".tile-menu summary")
        summary.focus()
        summary.press("Enter")
        ada.tile(BAR).locator("[data-act='why']").press("Enter")
        rows = ada.dialog.locator(".why-rows tbody tr")
        expect(rows).to_have_count(20)
        ada.dialog.get_by_label("Search").fill("23")
        expect(rows).to_have_count(1)
        rows.get_by_role("button").press("Enter")
        expect(ada.dialog.locator(".why-value").first).to_have_text("1,061")
        ada.dialog.get_by_role("button", name="All numbers of this tile").press("Enter")
        expect(rows).to_have_count(20)


def test_a_cell_of_a_table_and_a_large_number_explain_themselves(
    browser: Browser, server: Running, session: Any
) -> None:
    with visiting(browser, server, storage_state=session) as ada:
        ada.open(FLIGHTS)
        ada.tile("total").locator(".number-value").click(button="right")
        expect(ada.dialog.locator(".why-rows tbody tr")).to_have_count(12)
        ada.close_dialog()
        ada.tab("Airlines and destinations")
        cell = ada.tile("airline-table").locator(".ag-row[row-index='1'] [col-id='airline']").first
        name = cell.inner_text()
        cell.click(button="right")
        expect(ada.dialog.locator(".why-facts").first).to_contain_text(name)
        run_again(ada)
        ada.close_dialog()
        assert ada.chips == []


def test_a_finger_that_stays_asks_too(browser: Browser, server: Running, session: Any) -> None:
    with visiting(browser, server, storage_state=session, **PHONE) as ada:
        ada.open(FLIGHTS)
        bar = ada.bar(BAR, 2)
        bar.scroll_into_view_if_needed()
        box = bar.bounding_box()
        assert box is not None
        at = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}]
        finger = ada.page.context.new_cdp_session(ada.page)
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
        expect(ada.dialog.locator(".why-value").first).to_have_text("25,951")
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert not ada.is_wider_than_the_window
        assert ada.chips == []
