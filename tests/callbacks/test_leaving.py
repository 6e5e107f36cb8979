"""A browser leaves a page and changes its mind: the database hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from playwright.sync_api import Browser, expect, sync_playwright

import callbacks
import pages
from dashapp.factory import create_server
from dashapp.services import bundles, querylog
from dashapp.settings import Settings, using
from dashapp.specs.bundle import named
from dashapp.viewer import SYSTEM
from models import db
from tests import servers
from tests.services import market
from tests.services.test_leaving import BUNDLE, TABLES, narrowed
from tests.web import server as doors
from tests.web.test_browser import listening

pytestmark = pytest.mark.browser


@dataclass
class Site:
    """A server with a dashboard over a database that sleeps."""

    app: Flask
    url: str
    base: str

    def busy(self) -> list[str]:
        """The statements that run at the server."""
        listing = (
            "select query from pg_stat_activity where state = 'active' and application_name = "
            "'dashapp' and datname = current_database() and query like '%slow%'"
        )
        with psycopg.connect(servers.plain(self.url), autocommit=True) as connection:
            return [row[0] for row in connection.execute(listing.encode())]

    def wait(self, *expected: bool) -> None:
        """Wait until just these run: narrowed ones or not."""
        servers.wait_for(
            lambda: narrowed(self.busy()) == sorted(expected) or 1 / 0, f"statements {expected}"
        )


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def site(tmp_path: Path, postgres_url: str) -> Iterator[Site]:
    """The server, listening."""
    with psycopg.connect(servers.plain(postgres_url), autocommit=True) as connection:
        for statement in TABLES:
            connection.execute(statement.encode())
    chosen = {"data_dir": tmp_path, "secret_key": doors.KEY, "private_hosts": ("*",)}
    with using(Settings.model_validate(chosen)):
        app = create_server(pages.PAGES, callbacks.WIRINGS)
        with app.app_context():
            db.create_all()
            bundles.apply(SYSTEM, bundles.parse(BUNDLE.replace("URL", postgres_url)))
        doors.make_user(app, "adam", "admin")
        with listening(app) as port:
            yield Site(app, postgres_url, f"http://127.0.0.1:{port}")
        with app.app_context():
            querylog.flush()
            db.engine.dispose()
        market.forget()


@pytest.fixture
def tab(site: Site, browser: Browser) -> Iterator[Any]:
    """A tab in which adam is signed in."""
    client = doors.enter(site.app, "adam")
    cookies = [
        {"name": name, "value": doors.cookie(client, name), "url": site.base}
        for name in ("dashapp", "_csrf_token")
    ]
    context = browser.new_context()
    context.add_cookies(cookies)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def click(dataset: str) -> str:
    """A choice of a region, as a mark makes it."""
    target = f"{{source: 'total', dataset: '{dataset}', column: 'region', values: ['r1']}}"
    data = f"{{source: 'total', targets: [{target}], more: false, n: 1}}"
    return f"window.dash_clientside.set_props('click', {{data: {data}}})"


def test_a_browser_that_goes_elsewhere_or_closes_stops_its_queries(site: Site, tab: Any) -> None:
    tab.goto(f"{site.base}/dashboards/slow")
    site.wait(False, False, False)
    tab.goto(f"{site.base}/")
    site.wait()
    tab.goto(f"{site.base}/dashboards/slow")
    site.wait(False, False, False)
    tab.close()
    site.wait()


def test_a_choice_in_the_browser_stops_what_was_asked_before(site: Site, tab: Any) -> None:
    tab.goto(f"{site.base}/dashboards/slow")
    site.wait(False, False, False)
    tab.evaluate(click(str(named("slow"))))
    site.wait(True, False, False)
    tab.goto(f"{site.base}/")
    expect(tab.locator("h1").first).to_be_visible()
    site.wait()
