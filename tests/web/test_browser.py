"""In a real browser: pages under the strict policy, and a dashboard inside another origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import make_server

from dashapp.services import embed
from dashapp.services.embed import GuestUser, TokenRequest
from dashapp.viewer import SYSTEM
from models import Dashboard, EmbedConfig, db
from tests.web import server as doors

pytestmark = pytest.mark.browser


@contextmanager
def listening(app: Flask) -> Iterator[int]:
    """Serve `app` on a free port of the loopback interface."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Flask]:
    """A server with the viewer anna."""
    with doors.serving(tmp_path) as app:
        doors.make_user(app, "anna")
        yield app


@contextmanager
def watched(browser: Browser, **context: Any) -> Iterator[tuple[Page, list[str]]]:
    """A tab, and everything that went wrong in it."""
    opened = browser.new_context(**context)
    page, faults = opened.new_page(), list[str]()

    def told(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(message.text)

    page.on("console", told)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda r: faults.append(f"{r.url}: {r.failure}"))
    yield page, faults
    opened.close()


def enter(page: Page, base: str) -> None:
    """Sign in as anna."""
    page.goto(f"{base}/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password").fill(doors.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#sum")).to_have_text("user Anna: 0", timeout=20_000)
    expect(page.locator("#graph .plot-container")).to_be_visible(timeout=30_000)


def test_page_works_under_the_policy_without_a_console_message(
    server: Flask, browser: Browser
) -> None:
    asked: list[str] = []
    with listening(server) as port, watched(browser) as (page, faults):
        page.on("request", lambda request: asked.append(request.url))
        enter(page, f"http://127.0.0.1:{port}")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("#sum")).to_have_text("user Anna: 1")
        expect(page.locator("#echo")).to_have_text("clicked 1")
        expect(page.locator("#graph .plot-container")).to_be_visible(timeout=30_000)
        expect(page.locator("h1")).to_have_text(doors.HOME)
        assert not [u for u in asked if "_dash-layout" in u or "_dash-dependencies" in u]
        assert not [
            u for u in asked if not u.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:"))
        ]
    assert faults == []


def test_open_page_goes_to_sign_in_when_the_session_ends(server: Flask, browser: Browser) -> None:
    with listening(server) as port, watched(browser) as (page, _):
        enter(page, f"http://127.0.0.1:{port}")
        page.goto(f"http://127.0.0.1:{port}/shelves/books?tab=2")
        expect(page.locator("#sum")).to_have_text("user Anna: 0", timeout=20_000)
        page.context.clear_cookies(name="dashapp")
        page.get_by_role("button", name="Add").click()
        page.wait_for_url("**/login?next=%2Fshelves%2Fbooks%3Ftab%3D2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_doors_fit_a_phone_and_follow_the_system(
    server: Flask, browser: Browser, scheme: str, tmp_path: Path
) -> None:
    phone = {"color_scheme": scheme, "viewport": {"width": 400, "height": 800}}
    with listening(server) as port, watched(browser, **phone) as (page, faults):
        base = f"http://127.0.0.1:{port}"
        page.goto(f"{base}/login")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
        enter(page, base)
        page.goto(f"{base}/account")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        page.get_by_label("Appearance").select_option("dark")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_have_text("Saved.")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert faults == []


HOST_PAGE = """<!doctype html><title>Host</title><p id="said"></p>
<iframe id="frame" src="{src}" width="600" height="400"></iframe>
<script>
addEventListener("message", async (e) => {{
  if (e.data.type !== "dashapp:token-needed") return;
  document.getElementById("said").textContent += "asked;";
  const token = await (await fetch("/token")).text();
  e.source.postMessage({{type: "dashapp:guest-token", token, expires_in_s: 300}}, e.origin);
}});
</script>"""


def host(src: str, token_of: Any) -> Flask:
    """The site around the dashboard."""
    app = Flask("host")
    app.add_url_rule("/", view_func=lambda: HOST_PAGE.format(src=src), endpoint="page")
    app.add_url_rule("/token", view_func=token_of, endpoint="token")
    app.add_url_rule("/favicon.ico", view_func=lambda: ("", 204), endpoint="icon")
    return app


def allow(server: Flask, origin: str) -> None:
    with server.app_context():
        dashboard = Dashboard(slug="sales", title="S", is_published=True, layout=doors.LAYOUT)
        db.session.add(EmbedConfig(dashboard=dashboard, allowed_origins=[origin]))
        db.session.commit()


def token_for(server: Flask, name: str, ttl_s: int = 300) -> str:
    with server.app_context():
        asked = TokenRequest(dashboard="sales", user=GuestUser(name=name), ttl_s=ttl_s)
        return embed.mint(SYSTEM, asked).token


def test_dashboard_lives_in_a_frame_of_another_origin_without_cookies(
    server: Flask, browser: Browser
) -> None:
    with listening(server) as port, watched(browser) as (page, faults):
        child = f"http://127.0.0.1:{port}"
        # The parent's port is known only once it listens, so the frame's address comes late.
        parent = host("about:blank", lambda: token_for(server, "Renewed"))
        with listening(parent) as parent_port:
            origin = f"http://localhost:{parent_port}"
            allow(server, origin)
            page.goto(f"{origin}/")
            src = f"{child}/embed/sales?theme=dark&guest_token={token_for(server, 'Ann', 10)}"
            page.evaluate("src => document.getElementById('frame').src = src", src)
            frame = page.frame_locator("#frame")
            expect(frame.locator("#sum")).to_have_text("guest Ann: 0")
            frame.get_by_role("button", name="Add").click()
            expect(frame.locator("#sum")).to_have_text("guest Ann: 1")
            inner = page.frames[1]
            assert "guest_token" not in inner.url
            assert inner.evaluate("document.documentElement.dataset.bsTheme") == "dark"
            # The token lives for ten seconds; the page asks the parent for another in time.
            expect(page.locator("#said")).to_have_text("asked;", timeout=30_000)
            frame.get_by_role("button", name="Add").click()
            expect(frame.locator("#sum")).to_have_text("guest Renewed: 2")
            assert page.context.cookies() == []
    assert faults == []


def test_frame_with_a_token_that_ended_asks_for_another(server: Flask, browser: Browser) -> None:
    parent = host("about:blank", lambda: token_for(server, "Back"))
    with (
        listening(server) as port,
        listening(parent) as parent_port,
        watched(browser) as (page, _),
    ):
        allow(server, f"http://localhost:{parent_port}")
        with freeze_time(datetime.now(UTC) - timedelta(hours=1)):
            ended = token_for(server, "Ann")
        page.goto(f"http://localhost:{parent_port}/")
        src = f"http://127.0.0.1:{port}/embed/sales?guest_token={ended}"
        page.evaluate("src => document.getElementById('frame').src = src", src)
        expect(page.frame_locator("#frame").locator("#sum")).to_have_text("guest Back: 0")


def test_other_origins_may_not_frame_it(server: Flask, browser: Browser) -> None:
    with listening(server) as port, watched(browser) as (page, faults):
        allow(server, "https://elsewhere.example")
        src = f"http://127.0.0.1:{port}/embed/sales?guest_token={token_for(server, 'Ann')}"
        with listening(host(src, lambda: "")) as parent_port:
            page.goto(f"http://localhost:{parent_port}/")
            page.wait_for_timeout(500)
            assert page.frame_locator("#frame").locator("#sum").count() == 0
    assert any("frame-ancestors" in fault for fault in faults)


def test_tokens_from_other_origins_are_ignored(server: Flask, browser: Browser) -> None:
    with listening(server) as port, watched(browser) as (page, _):
        token = token_for_after_allow(server)
        page.goto(f"http://127.0.0.1:{port}/embed/sales?guest_token={token}")
        expect(page.locator("#sum")).to_have_text("guest Ann: 0")
        page.evaluate("postMessage({type: 'dashapp:guest-token', token: 'stolen'}, '*')")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("#sum")).to_have_text("guest Ann: 1")


def token_for_after_allow(server: Flask) -> str:
    allow(server, "https://elsewhere.example")
    return token_for(server, "Ann")
