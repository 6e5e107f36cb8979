"""In a real browser: what one drags over follows, is what the filter answers, and stays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright

import callbacks
import pages
from dashapp.factory import create_server
from dashapp.settings import Settings, settings, using
from models import db
from tests.services import market, trips
from tests.web import server as doors
from tests.web.test_browser import listening, watched

pytestmark = pytest.mark.browser

VALUES = """(key) => {
  const el = document.querySelector(`[data-tile="${key}"] .js-plotly-plot`);
  return el._fullData.map((t) => Object.fromEntries(Array.from(t.y, (v, i) => [t.x[i], v])));
}"""
BOX = """(key) => {
  const el = document.querySelector(`[data-tile="${key}"] .js-plotly-plot`);
  const at = el.getBoundingClientRect(), size = el._fullLayout._size;
  return [at.left + size.l, at.top + size.t, size.w, size.h];
}"""
SCREEN = {"viewport": {"width": 1500, "height": 1700}}
SESSION = "() => { const s = dashapp.brush.session(); return s && s.isReady ? s.part : null; }"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield running
        running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The whole server with the trips, and the viewer anna."""
    folder = tmp_path_factory.mktemp("brushing")
    with using(Settings.model_validate({"data_dir": folder, "secret_key": doors.KEY})):
        app = create_server(pages.PAGES, callbacks.WIRINGS)
        with app.app_context():
            db.create_all()
            trips.open_trips("sqlite")
        doors.make_user(app, "anna")
        yield app
        market.forget()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def open_trips(page: Page, base: str) -> None:
    """Sign in and wait until the dashboard is drawn."""
    page.goto(f"{base}/login?next=/dashboards/trips")
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password").fill(doors.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    for key in ("days", "bars", "distances"):
        expect(page.locator(f'[data-tile="{key}"] .main-svg').first).to_be_visible(timeout=20_000)


def drag(page: Page, key: str, start: float, end: float) -> None:
    """Press at one share of a plot's width, and go to another without letting go."""
    page.locator(f'[data-tile="{key}"]').scroll_into_view_if_needed()
    left, top, width, height = page.evaluate(BOX, key)
    page.mouse.move(left + start * width, top + height / 2)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(left + width * (start + (end - start) * step / 8), top + height / 2)
        page.wait_for_timeout(30)


def until(page: Page, ready: str, value: Any = None) -> Any:
    """What an expression says once it says something; page.wait_for_function needs eval."""
    for _ in range(200):
        found = page.evaluate(ready, value)
        if found:
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {ready}")


def settled(page: Page, key: str) -> None:
    """Wait until a tile shows exactly the part that is chosen."""
    until(
        page,
        "(key) => { const s = dashapp.brush.session(), t = s && s.tiles[key];"
        " return t && t.isExact && t.part && t.part[0] === s.part[0] && t.part[1] === s.part[1]; }",
        key,
    )


def counted(where: str) -> dict[str, int]:
    """Trips per carrier."""
    path = Path(settings().data_dir) / "warehouses" / "trips.sqlite"
    lite = sqlite3.connect(path)
    rows = lite.execute(f"select carrier, count(*) from trips where {where} group by 1").fetchall()
    lite.close()
    return {carrier or "(empty)": count for carrier, count in rows}


def click_of(page: Page) -> dict[str, Any]:
    """The only cross-filter in the URL."""
    state = json.loads(parse_qs(urlsplit(page.url).query)["f"][0])
    (found,) = state["clicks"]
    return dict(found)


def test_a_histogram_is_brushed_and_all_follow(server: Flask, browser: Browser) -> None:
    with listening(server) as port, watched(browser, **SCREEN) as (page, faults):
        open_trips(page, f"http://127.0.0.1:{port}")
        with market.asked_of_warehouses() as seen:
            drag(page, "distances", 0.3, 0.4)
            until(page, SESSION)
            settled(page, "bars")
            before = len(seen)
            drag_on(page, "distances", 0.65)
            settled(page, "bars")
            assert len(seen) == before
        shown = page.evaluate(VALUES, "bars")[0]
        page.mouse.up()
        until(page, "() => location.search.includes('span')")
        click = click_of(page)
        low, high = click["span"]
        assert (click["source"], click["column"], click["bin"]) == ("distances", "distance", 100)
        assert low % 100 == high % 100 == 0
        wanted = counted(f"distance >= {low} and distance < {high}")
        assert {k: v for k, v in shown.items() if v} == wanted
        expect(page.locator("#chips")).to_contain_text(f"{low} – {high}")
        expect(page.locator('[data-tile="distances"] .brush-box')).to_have_count(1)
        page.wait_for_timeout(1500)
        assert page.evaluate(VALUES, "bars")[0] == wanted
        page.locator(".chip-click").click()
        expect(page.locator(".brush-box")).to_have_count(0)
        assert faults == []


def drag_on(page: Page, key: str, end: float) -> None:
    """Go on to another share of the plot's width."""
    left, top, width, height = page.evaluate(BOX, key)
    for step in range(1, 6):
        page.mouse.move(left + width * (end - 0.05 * (5 - step) / 5), top + height / 2)
        page.wait_for_timeout(30)


def test_days_are_brushed_by_mouse_and_given_up_by_escape(server: Flask, browser: Browser) -> None:
    with listening(server) as port, watched(browser, **SCREEN) as (page, faults):
        open_trips(page, f"http://127.0.0.1:{port}")
        page.locator('[data-tile="bars"]').scroll_into_view_if_needed()
        page.locator('[data-tile="days"]').scroll_into_view_if_needed()
        whole = page.evaluate(VALUES, "stack")
        drag(page, "days", 0.2, 0.5)
        until(page, SESSION)
        settled(page, "stack")
        assert page.evaluate(VALUES, "stack") != whole
        page.keyboard.press("Escape")
        assert page.evaluate(VALUES, "stack") == whole
        page.mouse.up()
        page.wait_for_timeout(500)
        assert "f=" not in page.url
        drag(page, "days", 0.2, 0.5)
        until(page, SESSION)
        page.mouse.up()
        until(page, "() => location.search.includes('span')")
        low, high = click_of(page)["span"]
        assert click_of(page)["grain"] == "day"
        datetime.fromisoformat(low)
        page.wait_for_timeout(1500)
        page.locator('[data-tile="bars"]').scroll_into_view_if_needed()
        wanted = counted(f"left_at >= '{low}' and left_at < '{high}'")
        page.wait_for_timeout(500)
        assert page.evaluate(VALUES, "bars")[0] == wanted
        page.go_back()
        until(page, "() => !location.search.includes('span')")
        assert faults == []


def test_arrow_keys_brush_a_focused_plot(server: Flask, browser: Browser) -> None:
    with listening(server) as port, watched(browser, **SCREEN) as (page, faults):
        open_trips(page, f"http://127.0.0.1:{port}")
        page.locator('[data-tile="distances"]').scroll_into_view_if_needed()
        page.locator('[data-tile="distances"] [role="img"]').focus()
        page.keyboard.down("Shift")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        expect(page.locator(".brush-box span")).to_have_text("0 – 300")
        page.keyboard.up("Shift")
        until(page, "() => location.search.includes('span')")
        assert click_of(page)["span"] == [0, 300]
        assert faults == []


def test_a_finger_brushes_across_and_scrolls_down(server: Flask, browser: Browser) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    with listening(server) as port, watched(browser, **phone) as (page, faults):
        open_trips(page, f"http://127.0.0.1:{port}")
        page.locator('[data-tile="distances"]').scroll_into_view_if_needed()
        left, top, width, height = page.evaluate(BOX, "distances")
        hand = page.context.new_cdp_session(page)

        def touch(kind: str, share: float | None) -> None:
            point = [] if share is None else [{"x": left + width * share, "y": top + height / 2}]
            hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": point})

        touch("touchStart", 0.3)
        for step in range(1, 9):
            touch("touchMove", 0.3 + 0.04 * step)
            page.wait_for_timeout(30)
        until(page, SESSION)
        touch("touchEnd", None)
        until(page, "() => location.search.includes('span')")
        assert click_of(page)["column"] == "distance"
        assert faults == []
