"""In Chromium: figures are drawn near the window, once each, by one bundle, under the policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dash import dcc, html
from dash.development.base_component import Component
from playwright.sync_api import Browser, Page, Route

from dashapp.ui.page import Scripts, scripted
from dashapp.web import site, statics
from tests.jobs.browser import until
from tests.web import server as doors
from tests.web.test_browser import browser, enter, listening, watched

__all__ = ["browser"]
pytestmark = pytest.mark.browser
COUNT = 24
HEIGHT = 300
WINDOW = {"width": 1000, "height": 600}
NEAR = 6  # Figures in the window or at most 400 pixels away.
# The bundle, telling of each figure that it draws.
END = "window.Plotly = Plotly;"
TOLD = "const own = Plotly.react; window.drawn = []; Plotly.react = (el, ...figure) => { window.drawn.push(el.parentElement.id); return own(el, ...figure); };"
BUSY = "window.requestIdleCallback = () => 0;"
HANDLERS = "id => !!document.querySelector(`#${id} .js-plotly-plot`)._ev._events.plotly_click"


def _figures(_visit: object) -> Component:
    graphs = [
        dcc.Graph(
            id=f"g{at}", style={"height": HEIGHT}, responsive=True,
            figure={"data": [{"type": "bar", "x": ["a", "b"], "y": [1, at]}]},
        )
        for at in range(COUNT)
    ]  # fmt: skip
    return scripted(html.Div([html.Div(id="sum"), *graphs]), Scripts("cartesian", draws=True))


PAGES = (*doors.PAGES, doors.Page("/figures", _figures, "Figures"))


@contextmanager
def opened(
    browser: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch, script: str = ""
) -> Iterator[tuple[Page, list[str], list[str]]]:
    """A page of many figures, what went wrong in it, and what it asked for."""
    monkeypatch.setattr(doors, "PAGES", PAGES)
    asked: list[str] = []

    def told(route: Route) -> None:
        text = (statics.FOLDER / site.CARTESIAN).read_text("utf-8")
        assert text.count(END) == 1
        route.fulfill(body=text.replace(END, TOLD + END), content_type="text/javascript")

    with (
        doors.serving(folder) as app,
        listening(app) as port,
        watched(browser, viewport=WINDOW) as (page, faults),
    ):
        doors.make_user(app, "anna")
        enter(page, f"http://127.0.0.1:{port}")
        page.on("request", lambda request: asked.append(request.url))
        page.route("**/plotly-cartesian*", told)
        if script:
            page.add_init_script(script)
        page.goto(f"http://127.0.0.1:{port}/figures")
        until(lambda: len(drawn(page)) >= NEAR - 2)
        yield page, faults, asked


def drawn(page: Page) -> list[str]:
    """The figures that were drawn, in order."""
    found: list[Any] = page.evaluate("window.drawn || []")
    return [str(name) for name in found]


def names(*numbers: int) -> list[str]:
    """Ids of figures."""
    return [f"g{at}" for at in numbers]


def test_figures_are_drawn_once_those_in_the_window_first(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(browser, tmp_path, monkeypatch) as (page, faults, asked):
        until(lambda: len(drawn(page)) >= COUNT)
        page.wait_for_timeout(400)
        found = drawn(page)
    assert found[:2] == names(0, 1)
    assert sorted(found) == sorted(names(*range(COUNT)))
    assert len([url for url in asked if "plotly" in url]) == 1
    assert faults == []


def test_figures_far_away_are_drawn_when_one_scrolls_there_and_take_clicks(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(browser, tmp_path, monkeypatch, BUSY) as (page, faults, _):
        page.wait_for_timeout(300)
        before = drawn(page)
        assert "g12" not in before
        assert len(before) <= NEAR
        page.locator("#g12").scroll_into_view_if_needed()
        until(lambda: "g12" in drawn(page) and page.evaluate(HANDLERS, "g12"))
        assert "g23" not in drawn(page)
        assert page.evaluate(HANDLERS, "g0")
    assert faults == []


def test_printing_draws_everything_once(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(browser, tmp_path, monkeypatch, BUSY) as (page, faults, _):
        page.wait_for_timeout(300)
        assert len(drawn(page)) < COUNT
        page.pdf()
        assert sorted(drawn(page)) == sorted(names(*range(COUNT)))
        assert page.locator(".main-svg").count() >= COUNT
    assert faults == []
