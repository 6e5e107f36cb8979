"""In a real browser: a long line comes thinned, and has all of its points where one zooms in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

import callbacks
import pages
from dashapp.factory import create_server
from dashapp.settings import Settings, using
from models import db
from tests.services import market, readings
from tests.services.readings import COUNT, LOW, PEAK
from tests.web import server as doors
from tests.web.test_browser import listening, watched
from tests.web.test_brushing import BOX, browser, until

__all__ = ["browser"]
pytestmark = pytest.mark.browser
SCREEN = {"viewport": {"width": 1300, "height": 1500}}
POINTS = """(key) => {
  const el = document.querySelector(`[data-tile="${key}"] .js-plotly-plot`), start = Date.UTC(2024, 0, 1);
  if (!el || !el._fullData) return null;
  const t = el._fullData[0];
  return Array.from(t.x, (x, i) => [Math.round((x - start) / 60000), Number.isNaN(t.y[i]) ? null : t.y[i]]);
}"""
# The rows from and to which the axis reaches, once the points of just that part are there.
EXACT = """(key) => {
  const el = document.querySelector(`[data-tile="${key}"] .js-plotly-plot`);
  const { thinned } = el.layout.meta, axis = el._fullLayout.xaxis, start = Date.UTC(2024, 0, 1);
  if (axis.autorange || !thinned.window) return null;
  const [low, high] = axis.range.map((v) => axis.r2l(v));
  return thinned.window[0] === low && thinned.window[1] === high && [(low - start) / 60000, (high - start) / 60000, thinned.exact];
}"""
WHOLE = """(key) => {
  const el = document.querySelector(`[data-tile="${key}"] .js-plotly-plot`);
  return el._fullLayout.xaxis.autorange && !el.layout.meta.thinned.window;
}"""
DRAWN = """(key) => {
  const el = document.querySelector(`[data-tile="${key}"] .js-plotly-plot`);
  window.draws = 0;
  el.on("plotly_afterplot", () => { window.draws += 1; });
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The whole server with the readings, and the viewer anna."""
    folder = tmp_path_factory.mktemp("zooming")
    with using(Settings.model_validate({"data_dir": folder, "secret_key": doors.KEY})):
        app = create_server(pages.PAGES, callbacks.WIRINGS)
        with app.app_context():
            db.create_all()
            readings.open_readings()
        doors.make_user(app, "anna")
        yield app
        market.forget()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def opened(server: Flask, browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """The dashboard, drawn, and what went wrong in it."""
    with listening(server) as port, watched(browser, **SCREEN) as (page, faults):
        page.goto(f"http://127.0.0.1:{port}/login?next=/dashboards/readings")
        page.get_by_label("User name").fill("anna")
        page.get_by_label("Password").fill(doors.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for key in readings.CHARTS:
            expect(page.locator(f'[data-tile="{key}"] .main-svg').first).to_be_visible(
                timeout=30_000
            )
        yield page, faults


def zoom(page: Page, key: str, start: float, end: float) -> None:
    """Drag from one share of a plot's width to another."""
    page.locator(f'[data-tile="{key}"]').scroll_into_view_if_needed()
    left, top, width, height = page.evaluate(BOX, key)
    page.mouse.move(left + start * width, top + height / 2)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(left + width * (start + (end - start) * step / 5), top + height / 2)
    page.mouse.up()


def note(page: Page, key: str) -> str:
    """What a tile says about its points."""
    return page.locator(f'[data-tile="{key}"] .is-thinned').inner_text()


def rows(page: Page, key: str) -> dict[int, float | None]:
    """Row → value of the first trace."""
    return dict(until(page, POINTS, key))


def test_zooming_brings_all_points_and_going_back_the_whole_line(
    server: Flask, browser: Browser
) -> None:
    with opened(server, browser) as (page, faults), market.asked_of_warehouses() as seen:
        whole = rows(page, "line")
        seen.clear()
        assert {0, PEAK, LOW, COUNT - 1} <= set(whole)
        assert len(whole) < 2_100
        assert note(page, "line").endswith("of 19,500 points; zoom for all")
        page.evaluate(DRAWN, "line")
        zoom(page, "line", 0.395, 0.42)
        low, high, is_exact = until(page, EXACT, "line")
        page.wait_for_timeout(600)
        assert page.evaluate("window.draws") == 2  # The range, then its points.
        found = rows(page, "line")
        inside = {row: value for row, value in found.items() if low <= row <= high}
        assert is_exact
        assert 8_000 > low > 7_000
        known = [row for row in range(int(low) + 1, int(high)) if row not in readings.EMPTY]
        assert {row: inside[row] for row in known} == {row: readings.value(row) for row in known}
        assert {PEAK, LOW} <= set(found)
        assert note(page, "line").startswith("all ")
        left, top, width, height = page.evaluate(BOX, "line")
        page.mouse.dblclick(left + width / 2, top + height / 2)
        until(page, WHOLE, "line")
        assert rows(page, "line") == whole
        told = page.locator('[data-tile="line"] .is-thinned')
        expect(told).to_contain_text("of 19,500 points; zoom for all")
        page.wait_for_timeout(500)
        assert "clicks" not in page.url
        assert not [sql for sql in seen if "level" in sql]  # The page asks how far the data goes.
    assert faults == []


def test_a_click_on_a_zoomed_plot_picks_a_mark(server: Flask, browser: Browser) -> None:
    with opened(server, browser) as (page, faults):
        zoom(page, "line", 0.1, 0.2)
        until(page, EXACT, "line")
        left, top, width, height = page.evaluate(BOX, "line")
        page.mouse.click(left + width / 2, top + height / 2)
        until(page, "() => location.search.includes('clicks')")
    assert faults == []


def test_a_range_that_one_looks_at_stays_when_filters_change(
    server: Flask, browser: Browser
) -> None:
    with opened(server, browser) as (page, faults):
        zoom(page, "stack", 0.2, 0.22)
        low, high, _ = until(page, EXACT, "stack")
        state: Any = {"values": {"side": {"values": ["a"]}}}
        page.evaluate("(s) => window.dash_clientside.set_props('filter-state', {data: s})", state)
        until(
            page,
            "() => document.querySelector('[data-tile=stack] .js-plotly-plot')._fullData.length === 1",
        )
        assert until(page, EXACT, "stack")[:2] == [low, high]
        inside = [row for row in rows(page, "stack") if low <= row <= high]
        assert inside == [row for row in range(int(low) + 1, int(high) + 1) if row % 2 == 0]
        assert page.locator('[data-tile="hours"] .is-thinned').count() == 0
    assert faults == []
