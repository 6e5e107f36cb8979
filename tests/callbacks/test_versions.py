"""In a browser: one action asks for one version of the data, and the page says which."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright

import callbacks
import pages
from dashapp.factory import create_server
from dashapp.query import versions
from dashapp.services import datasets, querylog
from dashapp.settings import Settings, settings, using
from dashapp.viewer import SYSTEM
from models import db
from tests.services import market
from tests.services.market import ORDERS
from tests.web import server as doors
from tests.web.test_browser import listening

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flask, str]]:
    """The market, listening."""
    monkeypatch.setattr(versions, "FRESH_S", 0.0)
    with using(Settings.model_validate({"data_dir": tmp_path, "secret_key": doors.KEY})):
        app = create_server(pages.PAGES, callbacks.WIRINGS)
        with app.app_context():
            db.create_all()
            market.open_market()
        doors.make_user(app, "adam", "admin")
        with listening(app) as port:
            yield app, f"http://127.0.0.1:{port}"
        with app.app_context():
            querylog.flush()
            db.engine.dispose()
        market.forget()


@pytest.fixture
def tab(site: tuple[Flask, str], browser: Browser) -> Iterator[tuple[Page, list[dict[str, Any]]]]:
    """A tab with the market open, and what its groups asked."""
    app, base = site
    client, asked = doors.enter(app, "adam"), list[dict[str, Any]]()
    context = browser.new_context()
    context.add_cookies(
        [
            {"name": name, "value": doors.cookie(client, name), "url": base}
            for name in ("dashapp", "_csrf_token")
        ]
    )
    page = context.new_page()

    def note(request: Any) -> None:
        body = json.loads(request.post_data or "{}") if request.method == "POST" else {}
        for one in body.get("inputs", ()):
            value = one.get("value") if isinstance(one, dict) else None
            if isinstance(value, dict) and {"seq", "tiles"} <= set(value):
                asked.append(value)

    page.on("request", note)
    page.goto(f"{base}/dashboards/market")
    expect(told(page)).to_have_attribute(
        "title", re.compile("told by the database"), timeout=30_000
    )
    yield page, asked
    context.close()


def told(page: Page) -> Any:
    return page.locator("#freshness")


def test_groups_of_an_action_name_it_and_actions_differ(
    tab: tuple[Page, list[dict[str, Any]]],
) -> None:
    page, asked = tab
    first = {one["action"] for one in asked}
    assert (first, len(asked) > 1) == ({"open"}, True)
    names = []
    for _ in range(2):
        asked.clear()
        page.get_by_role("button", name="Refresh").first.click()
        expect(page.locator(".is-asked")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        names.append({one["action"] for one in asked})
        assert (len(names[-1]), len(asked) > 1) == (1, True)
    assert len({*first, *names[0], *names[1]}) == 3
    assert all(re.fullmatch("[a-z0-9]{8,32}", name) for found in names for name in found)


def test_the_page_names_the_version_and_what_told(
    site: tuple[Flask, str], tab: tuple[Page, list[dict[str, Any]]]
) -> None:
    page, _ = tab
    with site[0].app_context():
        datasets.invalidate(SYSTEM, ORDERS)
    page.get_by_role("button", name="Refresh").first.click()
    expect(told(page)).to_have_attribute("title", re.compile("declared changed"))
    expect(told(page)).to_have_attribute("title", re.compile("told by the database"))
    with closing(sqlite3.connect(settings().data_dir / "warehouses" / "market.sqlite")) as file:
        file.execute("UPDATE orders SET amount = 1000")
        file.commit()
    page.get_by_role("button", name="Refresh").first.click()
    expect(page.locator("[data-tile=total]")).to_contain_text("48")
    expect(told(page)).to_have_attribute(
        "title", re.compile(r"^Data version of \d\d:\d\d, told by the database$")
    )
    page.reload()
    expect(told(page)).to_have_attribute("title", re.compile("told by the database"))
