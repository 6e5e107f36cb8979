"""Imported dashboards in a real browser: every chart draws, on every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from pydantic import SecretStr

from dashapp import cache, warehouses
from dashapp.services import accounts, sources
from dashapp.settings import Settings, using
from dashapp.viewer import SYSTEM
from dashapp.web.core import create_core
from models import db, migrate
from tests import servers
from tests.acceptance.running import ALONE, PASSWORD, Running, answers
from tests.acceptance.visiting import FLAGS, visiting
from tests.interop import moving
from tests.services.conftest import KEY

pytestmark = pytest.mark.browser

# Titles of tabs and the number of tiles on each; "" is the only tab.
DASHBOARDS = {
    "sales-dashboard": {"🎯 Sales Overview": 6, "🧭 Exploratory": 4},
    "slack-dashboard": {"": 9},
    "births": {"": 10},
    "video-game-sales": {"Overview": 5, "🤿 Explore Trends": 3},
    "world-health": {"": 9},
}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


@contextmanager
def serving(
    engine: str, folder: Path, examples: Path, files: Callable[[str], Path], postgres_url: str
) -> Iterator[Running]:
    """A server that the five bundles moved to, over a copy of their data."""
    chosen = Settings(data_dir=folder, secret_key=SecretStr(KEY), private_hosts=("127.0.0.1",))
    with using(chosen):
        cache.reset()
        sources.forget()
        migrate.upgrade(chosen.metadata_url)
        with create_core().app_context():
            accounts.create_user(SYSTEM, "ada", name="Ada", password=PASSWORD, role="admin")
            moving.connect(engine, moving.copied(engine, files, folder, postgres_url))
            moving.move(SYSTEM, examples)
            db.session.remove()
            db.engine.dispose()
        warehouses.dispose()
        cache.reset()
    made = Running(
        "embedded", f"http://127.0.0.1:{servers.free_port()}", chosen, folder / "server.log"
    )
    try:
        made.start(*ALONE)
        servers.wait_for(lambda: answers(made.base), f"The server ({made.log})", 60)
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module", params=["sqlite", "duckdb", "postgresql"])
def server(
    request: pytest.FixtureRequest,
    examples: Path,
    interop_files: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """A server per engine."""
    engine = str(request.param)
    url = request.getfixturevalue("interop_postgres") if engine == "postgresql" else ""
    folder = tmp_path_factory.mktemp(engine)
    with serving(engine, folder, examples, interop_files, url) as made:
        yield made


@pytest.fixture(scope="module")
def session(browser: Browser, server: Running) -> Any:
    """Ada's cookies."""
    with visiting(browser, server) as visitor:
        visitor.sign_in()
        return visitor.page.context.storage_state()


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_every_imported_chart_draws(
    browser: Browser, server: Running, session: Any, slug: str
) -> None:
    with visiting(browser, server, storage_state=session) as ada:
        ada.open(slug)
        assert ada.tabs == [name for name in DASHBOARDS[slug] if name]
        for name, tiles in DASHBOARDS[slug].items():
            ada.tab(name)
            expect(ada.page.locator(".panel:not([hidden]) [data-tile] .tile-body")).to_have_count(
                tiles
            )
            assert ada.broken() == {}
            ada.expect_drawings()
