"""In a real browser: hostile text in every kind of chart, name and URL never becomes code (X1 to X8, H1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

from tests.attacks import ugly
from tests.attacks.doors import guest_token, market_server
from tests.attacks.ugly import CHARTS
from tests.web import server as doors
from tests.web.test_browser import listening

pytestmark = pytest.mark.browser

# Signs of text that became markup, whether or not the policy let it run.
SIGNS = """() => {
  const found = [];
  for (const el of document.querySelectorAll('*')) {
    for (const a of el.attributes) {
      const value = a.value.replace(/[\\s\\u0000-\\u001f]/g, '').toLowerCase();
      if (/^on/.test(a.name)) found.push(`${el.tagName} ${a.name}`);
      if (/^(href|src|action|xlink:href|srcdoc|formaction)$/.test(a.name)
          && /^(javascript|vbscript|data:text)/.test(value) && value !== 'javascript:void(0)'
          && el.tagName !== 'IMG') found.push(`${el.tagName} ${a.name}=${a.value}`);
    }
    if (el.tagName === 'SCRIPT' && !el.nonce && !el.type.includes('json') && !el.src) found.push('SCRIPT ' + el.textContent.slice(0, 60));
    if (['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'MATH', 'FORM'].includes(el.tagName)) found.push(el.tagName);
    if (el.tagName === 'IMG' && el.getAttribute('src') === 'x') found.push('IMG');
    if (el.tagName === 'META' && el.httpEquiv === 'refresh') found.push('META');
  }
  return found.concat(window.hits || []);
}"""
WATCH = "window.hits = []; window.hit = (n) => { window.hits.push('hit ' + n); return n; };"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with market_server(tmp_path_factory.mktemp("browser"), "duckdb") as app:
        with app.app_context():
            ugly.open_ugly("duckdb")
        yield app


@pytest.fixture(scope="module")
def base(server: Flask) -> Iterator[str]:
    with listening(server) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@contextmanager
def visiting(
    browser: Browser, server: Flask, base: str, name: str = "eve", **context: Any
) -> Iterator[tuple[Page, list[str]]]:
    """A tab in which somebody is signed in, and the requests that leave the server."""
    client = doors.enter(server, name)
    opened = browser.new_context(viewport={"width": 1400, "height": 1000}, **context)
    for cookie in ("dashapp", "_csrf_token"):
        opened.add_cookies([{"name": cookie, "value": doors.cookie(client, cookie), "url": base}])
    opened.add_init_script(WATCH)
    page, strange = opened.new_page(), list[str]()

    def asked(request: Any) -> None:
        if not request.url.startswith((base, "data:", "blob:")):
            strange.append(request.url)

    page.on("requestfinished", asked)
    page.on("response", lambda response: asked(response.request))
    page.on("pageerror", lambda error: strange.append(f"page error: {error}"))
    page.on("dialog", lambda dialog: strange.append(f"dialog: {dialog.message}"))
    yield page, strange
    opened.close()


def drawn(page: Page, plots: int = 9) -> None:
    """Wait until every tile is answered and so many charts are drawn."""
    page.wait_for_function(
        "(plots) => document.querySelectorAll('.js-plotly-plot .main-svg').length >= plots"
        " && !document.querySelector('.tile.is-asked, .panel:not([hidden]) .skeleton')",
        arg=plots,
    )
    page.wait_for_timeout(200)


def handle(page: Page) -> None:
    """Hover over every chart, over its marks and cells."""
    assert page.locator(".js-plotly-plot").count() >= 9
    for key in CHARTS:
        tile = page.locator(f'[data-tile="{key}"] .tile-body')
        tile.scroll_into_view_if_needed()
        box = tile.bounding_box()
        assert box
        marks = tile.locator(".points path, .slice path, .ag-header-cell-text, .ag-cell").all()[:4]
        spots = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in PLACES]
        spots += [(m["x"] + m["width"] / 2, m["y"] + 3) for b in marks if (m := b.bounding_box())]
        for x, y in spots:
            page.mouse.move(x, y)
            page.wait_for_timeout(15)


PLACES = ((0.5, 0.5), (0.3, 0.6), (0.7, 0.4), (0.12, 0.8), (0.5, 0.1))


def test_no_cell_name_or_text_becomes_markup(server: Flask, browser: Browser, base: str) -> None:
    """Without the policy, so that one mistake is enough to be seen."""
    with visiting(browser, server, base, bypass_csp=True) as (page, strange):
        page.goto(f"{base}/dashboards/ugly")
        drawn(page)
        handle(page)
        assert page.evaluate(SIGNS) == []
        # A click on a mark makes chips of hostile members.
        page.locator('[data-tile="raw"] .ag-cell').first.click()
        page.wait_for_selector(".chip")
        assert page.evaluate(SIGNS) == []
        page.keyboard.press("Escape")
        for act in ("table", "rows", "sql"):
            page.locator('[data-tile="table"] .tile-menu summary').click()
            page.locator(f'[data-tile="table"] [data-act="{act}"]').click()
            page.wait_for_selector(".modal.show")
            page.wait_for_timeout(300)
            assert page.evaluate(SIGNS) == []
            page.locator(".modal.show .btn-close").click()
            page.wait_for_selector(".modal.show", state="detached")
        page.locator(".filter-select .dash-dropdown").first.click()
        page.wait_for_timeout(300)
        assert page.evaluate(SIGNS) == []
        page.goto(f"{base}/")
        page.wait_for_selector(".home-card")
        page.keyboard.press("Control+k")
        page.wait_for_selector("#search-results a")
        assert page.evaluate(SIGNS) == []
        # A picture in a text is all that could be fetched from elsewhere.
        assert [s for s in strange if not s.endswith("/pixel.png")] == []


def test_under_the_policy_nothing_is_fetched_from_elsewhere(
    server: Flask, browser: Browser, base: str
) -> None:
    with visiting(browser, server, base) as (page, strange):
        page.goto(f"{base}/dashboards/ugly")
        drawn(page)
        assert page.evaluate(SIGNS) == []
        assert strange == []
        links = page.evaluate(
            "() => [...document.querySelectorAll('.text-body a')].map((a) =>"
            " [a.getAttribute('href') || '', a.target, a.protocol])"
        )
    assert ["https://ok.example/", "_blank", "https:"] in links
    for href, target, protocol in links:
        if href not in ("", "javascript:void(0)"):
            assert (protocol in ("http:", "https:"), target) == (True, "_blank"), href


HOSTILE = [
    '{"values":{"name":{"values":["<img src=x onerror=hit(60)>"]}}}', '{"values":{"__proto__":{"x":1}}}',
    '{"__proto__":{"values":1}}', '{"values":5}', '{"clicks":5}', '{"clicks":[{"source":"<b>"}]}', "[]", "null", "{",
    '{"values":{"name":{"values":{"length":9}}}}', '<img src=x onerror=hit(61)>', "javascript:hit(62)",
    '{"values":{"name":{"values":["' + "x" * 2000 + '"]}}}', '{"constructor":{"prototype":{"polluted":1}}}',
]  # fmt: skip


def test_no_url_becomes_code(server: Flask, browser: Browser, base: str) -> None:
    with visiting(browser, server, base, bypass_csp=True) as (page, strange):
        for text in HOSTILE[::4]:
            page.goto(f"{base}/dashboards/market?f={quote(text)}&tab={quote(text)}&x={quote(text)}")
            drawn(page, 4)
            assert page.evaluate(SIGNS) == [], text
            assert page.evaluate("() => ({}).polluted") is None
        # Later changes of the URL are read by the script alone.
        for text in HOSTILE:
            page.evaluate(
                "(q) => { history.pushState({}, '', q); window.dispatchEvent(new PopStateEvent('popstate')); }",
                f"?f={quote(text)}&tab={quote(text)}",
            )
            page.wait_for_timeout(60)
        drawn(page, 4)
        assert page.evaluate(SIGNS) == []
        assert page.evaluate("() => ({}).polluted") is None
        assert [s for s in strange if s.startswith("dialog")] == []
        assert [s for s in strange if s.startswith("page error")] == []


def test_a_guest_sees_hostile_names_as_text(server: Flask, browser: Browser, base: str) -> None:
    token = guest_token(server, "ugly", user={"name": "<img src=x onerror=hit(70)>"})
    with visiting(browser, server, base, bypass_csp=True) as (page, strange):
        page.context.clear_cookies()
        page.goto(f"{base}/embed/ugly?guest_token={token}")
        drawn(page)
        assert page.evaluate(SIGNS) == []
        assert "guest_token" not in page.url
        kept = page.evaluate(
            "() => JSON.stringify([localStorage, sessionStorage, document.cookie])"
        )
        assert token not in kept
        assert [s for s in strange if s.startswith(("dialog", "page error"))] == []


@pytest.mark.parametrize("path", ["/dashboards/market", "/login"])
def test_pages_of_people_stand_in_no_foreign_frame(
    server: Flask, browser: Browser, base: str, path: str
) -> None:
    with visiting(browser, server, base) as (page, _):
        page.route(
            "http://evil.example/",
            lambda route: route.fulfill(
                body=f"<iframe src='{base}{path}'></iframe>", content_type="text/html"
            ),
        )
        page.goto("http://evil.example/")
        page.wait_for_timeout(300)
        frame = page.frames[1]
        assert frame.url.startswith("chrome-error://") or frame.locator("body *").count() == 0
