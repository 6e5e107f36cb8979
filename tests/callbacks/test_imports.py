"""Importing in a real browser: a file, its databases, a report, a dashboard."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright

import callbacks
import pages
from dashapp import warehouses
from dashapp.factory import create_server
from dashapp.settings import Settings, using
from models import db
from tests.services.superset import packs
from tests.web import server as doors
from tests.web.test_browser import listening, watched

pytestmark = pytest.mark.browser
LONG = 30_000
PHONE = {"color_scheme": "dark", "viewport": {"width": 400, "height": 800}}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Flask]:
    """The whole server with one database, the administrator anna and the viewer vic."""
    with using(Settings.model_validate({"data_dir": tmp_path, "secret_key": doors.KEY})):
        app = create_server(pages.PAGES, callbacks.WIRINGS)
        with app.app_context():
            db.create_all()
            packs.make_duckdb("Our warehouse")
        doors.make_user(app, "anna", role="admin")
        doors.make_user(app, "vic")
        yield app
        with app.app_context():
            db.engine.dispose()
        warehouses.dispose()


def enter(page: Page, base: str, name: str = "anna") -> None:
    """Sign in, and open the page."""
    page.set_default_timeout(LONG)
    page.goto(f"{base}/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(doors.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/")


def give(page: Page, data: bytes, name: str = "sales.zip") -> None:
    """Choose a file."""
    file: Any = {"name": name, "mimeType": "application/zip", "buffer": data}
    page.locator("#import-file input[type=file]").set_input_files(file)


@pytest.mark.parametrize("context", [{}, PHONE], ids=["light", "dark phone"])
def test_a_bundle_is_looked_into_mapped_imported_and_opened(
    server: Flask, browser: Browser, context: dict[str, Any]
) -> None:
    odd = packs.chart("<b>odd</b>", "cartodiagram")
    files = packs.files() | {"charts/odd_2.yaml": odd}
    with listening(server) as port, watched(browser, **context) as (page, faults):
        base = f"http://127.0.0.1:{port}"
        enter(page, base)
        page.locator(".shell-user summary").click()
        page.get_by_role("link", name="Import").click()
        expect(page.get_by_role("button", name="Import", exact=True)).to_be_hidden()
        give(page, packs.packed(files))
        report, run = page.locator("#import-report"), page.locator("#import-run")
        expect(report).to_contain_text("Nothing can be imported yet.", timeout=LONG)
        expect(run).to_be_disabled()
        page.get_by_label("Use for sales").select_option("Our warehouse")
        page.get_by_role("button", name="Check again").click()
        expect(report).to_contain_text("What would happen", timeout=LONG)
        expect(report).to_contain_text("<b>odd</b>")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        run.click()
        expect(report).to_contain_text("Imported", timeout=LONG)
        page.get_by_role("link", name="sales").click()
        page.wait_for_url(f"{base}/dashboards/sales")
        expect(page.locator("[data-tile='CHART-total'] .number")).to_contain_text(
            "11", timeout=LONG
        )
        page.locator(".dash-menu summary").click()
        with page.expect_download(timeout=LONG) as got:
            page.get_by_role("button", name="Download for Superset").click()
        assert zipfile.is_zipfile(got.value.path())
        with page.expect_download(timeout=LONG) as got:
            page.get_by_role("button", name="Download as YAML").click()
        assert "slug: sales" in Path(got.value.path()).read_text("utf-8")
    assert faults == []


def test_what_is_here_and_differs_is_overwritten_only_if_chosen(
    server: Flask, browser: Browser
) -> None:
    changed = packs.files(chart=packs.chart(metric="count"))
    with listening(server) as port, watched(browser) as (page, faults):
        base = f"http://127.0.0.1:{port}"
        enter(page, base)
        page.goto(f"{base}/imports")
        report = page.locator("#import-report")
        give(page, packs.packed(packs.files()))
        page.get_by_label("Use for sales").select_option("Our warehouse")
        page.get_by_role("button", name="Check again").click()
        expect(page.locator("#import-run")).to_be_enabled(timeout=LONG)
        page.locator("#import-run").click()
        expect(report).to_contain_text("Imported", timeout=LONG)
        give(page, packs.packed(changed), "changed.zip")
        expect(report).to_contain_text("1 Kept as it is", timeout=LONG)
        page.get_by_label("Overwrite").check()
        page.get_by_role("button", name="Check again").click()
        expect(report).to_contain_text("1 Changed", timeout=LONG)
        page.locator("#import-run").click()
        expect(report).to_contain_text(re.compile("Imported.*1 Changed"), timeout=LONG)
    assert faults == []


def test_a_file_that_is_none_says_why(server: Flask, browser: Browser) -> None:
    with listening(server) as port, watched(browser) as (page, faults):
        enter(page, f"http://127.0.0.1:{port}")
        page.goto(f"http://127.0.0.1:{port}/imports")
        give(page, packs.packed(packs.files(chart="[1]", dataset="x")))
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("charts/total_1.yaml", timeout=LONG)
        expect(alert).to_contain_text("datasets/sales/orders.yaml")
        give(page, b"PK\x03\x04")
        expect(alert).to_contain_text("damaged", timeout=LONG)
    assert faults == []


def test_the_page_is_for_those_who_may_import(server: Flask) -> None:
    vic = doors.enter(server, "vic")
    assert vic.get("/imports").status_code == 403
    assert "/imports" not in vic.get("/").get_data(as_text=True)
    assert doors.enter(server, "anna").get("/imports").status_code == 200
