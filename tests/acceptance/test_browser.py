"""What people do, in a real browser, on a whole server of real processes, in both modes."""

from __future__ import annotations

import csv
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.acceptance.running import Running, running
from tests.acceptance.visiting import (
    FLAGS,
    FLIGHTS,
    LONG,
    WEATHER,
    WORLD,
    Visitor,
    visiting,
)
from tests.jobs.browser import until

pytestmark = pytest.mark.browser

SLUGS = (FLIGHTS, WORLD, WEATHER)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="module", params=["embedded", "cluster"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A whole server with the examples."""
    with running(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture(scope="module")
def session(browser: Browser, server: Running) -> Any:
    """Ada's cookies."""
    with visiting(browser, server) as visitor:
        visitor.sign_in()
        return visitor.page.context.storage_state()


@pytest.fixture
def ada(browser: Browser, server: Running, session: Any) -> Iterator[Visitor]:
    """A tab in which ada is signed in."""
    with visiting(browser, server, storage_state=session) as visitor:
        yield visitor


def test_one_finds_a_dashboard_and_keeps_it(browser: Browser, server: Running) -> None:
    with visiting(browser, server) as ada:
        ada.sign_in()
        page = ada.page
        cards = page.locator(".home-card")
        expect(cards.nth(2)).to_be_visible()
        page.get_by_placeholder("Search titles, descriptions, tags").fill("sky flights late")
        expect(cards).to_have_count(1)
        expect(cards).to_contain_text("New York weather 2013")
        page.get_by_placeholder("Search titles, descriptions, tags").fill("")
        expect(cards.nth(2)).to_be_visible()
        star = cards.filter(has_text="World development").get_by_role("button", name="Favourite")
        star.click()
        expect(star).to_have_attribute("aria-pressed", "true")
        page.reload()
        expect(page.get_by_role("heading", name="Favourites")).to_be_visible()
        expect(cards.first).to_contain_text("World development")
        page.keyboard.press("Control+k")
        page.locator("#search-text").fill("delays")
        expect(page.locator("#search-results a")).to_have_count(1)
        page.locator("#search-text").press("Enter")
        page.wait_for_url(f"**/dashboards/{FLIGHTS}")
        ada.settle()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("slug", SLUGS)
def test_every_tile_of_every_tab_draws(
    browser: Browser, server: Running, session: Any, slug: str, scheme: str
) -> None:
    with visiting(browser, server, storage_state=session, color_scheme=scheme) as ada:
        ada.open(slug)
        assert ada.page.evaluate("document.documentElement.dataset.bsTheme") == scheme
        drawn = 0
        for name in ada.tabs or [""]:
            ada.tab(name)
            assert ada.broken() == {}
            ada.expect_drawings()
            drawn += len(ada.tiles)
        assert drawn >= 13
        expect(ada.page.locator("#freshness")).to_contain_text("Updated")
        expect(ada.page.locator("#data-until")).to_contain_text("data to")


def test_a_phone_shows_one_column_and_filters_in_a_sheet(
    browser: Browser, server: Running, session: Any
) -> None:
    phone = {"viewport": {"width": 400, "height": 800}, "has_touch": True, "is_mobile": True}
    with visiting(browser, server, storage_state=session, **phone) as ada:
        ada.page.goto(f"{server.base}/")
        assert not ada.is_wider_than_the_window
        for slug in SLUGS:
            ada.open(slug)
            for name in ada.tabs or [""]:
                ada.tab(name)
                assert not ada.is_wider_than_the_window, (slug, name)
                assert ada.broken() == {}
        bar = ada.page.locator(".filter-bar")
        expect(bar).to_be_hidden()
        ada.page.get_by_role("button", name="Filters", exact=True).click()
        expect(bar).to_be_visible()
        ada.choose("Airport", "JFK")
        ada.expect_chips("Airport JFK")
        ada.settle()


def test_a_filter_asks_the_tiles_that_it_reaches_and_no_others(ada: Visitor) -> None:
    ada.open(WEATHER)
    with ada.asking() as asked:
        ada.choose("Airport", "JFK")
        ada.expect_chips("Airport JFK")
    assert asked == set(ada.tiles) - {"about"}
    ada.open(FLIGHTS)
    others, count = set(ada.tiles), len(ada.asked)
    ada.tab("Airlines and destinations")
    assert not others & asked_since(ada, count)
    # What is already right is not asked again.
    count = len(ada.asked)
    ada.tab("Overview")
    ada.tab("Airlines and destinations")
    assert asked_since(ada, count) == set()


def asked_since(ada: Visitor, count: int) -> set[str]:
    """Tiles that the server was asked for since it had been asked so often."""
    return {key for ask in ada.asked[count:] for key in ask.get("tiles", ())}


def test_clicks_on_marks_filter_everything_else(ada: Visitor) -> None:
    page = ada.page
    ada.open(FLIGHTS)
    everything = ada.number("total")
    with ada.asking() as asked:
        ada.hit(ada.slice("by-airport", 0))
        ada.expect_chips("Airport Newark")
    assert asked == set(ada.tiles) - {"by-airport"}
    newark = ada.number("total")
    assert newark != everything
    with ada.asking():
        ada.hit(ada.slice("by-airport", 1), more=True)
        ada.expect_chips("Airport Newark, John F. Kennedy")
    assert ada.number("total") not in (newark, everything)
    with ada.asking():
        ada.hit(ada.bar("by-hour", 10))
        expect(page.locator("#chips .chip")).to_have_count(2)
    kept = ada.url_state
    assert [c["source"] for c in kept["clicks"]] == ["by-airport", "by-hour"]
    both = ada.number("total")

    page.reload()
    ada.settle()
    assert ada.url_state == kept
    assert ada.number("total") == both
    expect(page.locator("#chips .chip")).to_have_count(2)

    with ada.asking():
        page.locator("#chips .chip").nth(1).click()
        ada.expect_chips("Airport Newark, John F. Kennedy")
    page.go_back()
    expect(page.locator("#chips .chip")).to_have_count(2)
    ada.settle()
    assert ada.number("total") == both
    page.locator("h1").click()
    page.keyboard.press("Escape")
    ada.expect_chips()
    ada.settle()
    assert ada.number("total") == everything
    assert ada.url_state == {}


def test_tabs_and_choices_are_in_the_url(ada: Visitor) -> None:
    ada.open(FLIGHTS)
    ada.choose("Airline", "Envoy Air")
    ada.expect_chips("Airline Envoy Air")
    ada.settle()
    ada.tab("Airlines and destinations")
    with ada.asking() as asked:
        ada.hit(ada.bar("destinations", 2))
        expect(ada.page.locator("#chips .chip-click")).to_have_count(2)
    assert "destinations" not in asked
    url, chips = ada.page.url, ada.chips
    assert "tab=airlines" in url
    ada.page.goto("about:blank")
    ada.page.goto(url)
    ada.settle()
    assert ada.chips == chips
    expect(ada.tile("by-airline")).to_be_visible()
    ada.page.get_by_role("button", name="Reset all").click()
    ada.expect_chips()
    ada.settle()


def test_a_tiles_menu_shows_rows_sql_and_table(ada: Visitor) -> None:
    page = ada.page
    ada.open(FLIGHTS)
    ada.choose("Airline", "Envoy Air")
    ada.settle()

    ada.menu("by-hour", "rows")
    rows = ada.dialog.locator(".ag-center-cols-container .ag-row")
    airline = rows.locator('[col-id="airline"]')
    expect(airline.first).to_have_text("Envoy Air")
    for _ in range(2):
        ada.dialog.locator('.ag-header-cell[col-id="flight"] .ag-header-cell-label').click()
    expect(rows.locator('[col-id="flight"]').first).to_have_text("4674")
    ada.dialog.get_by_label("Tail number Filter Input").fill("725M")
    tail = rows.locator('[col-id="tail_number"]')
    expect(tail.first).to_have_text("N725MQ")
    expect(ada.scroll_to(250).locator('[col-id="tail_number"]').first).to_have_text("N725MQ")
    ada.close_dialog()

    ada.menu("by-hour", "sql")
    expect(ada.dialog.locator("pre").first).to_contain_text("Envoy Air")
    expect(ada.dialog).to_contain_text("Answered by")
    ada.close_dialog()

    ada.menu("by-airport", "table")
    expect(ada.dialog.locator(".ag-center-cols-container .ag-row")).to_have_count(3)
    ada.close_dialog()

    ada.menu("by-airport", "full")
    expect(ada.tile("by-airport")).to_have_class(re.compile("is-full"))
    page.keyboard.press("Escape")
    expect(ada.tile("by-airport")).not_to_have_class(re.compile("is-full"))

    with ada.asking() as asked:
        ada.menu("by-airport", "refresh")
    assert asked == {"by-airport"}
    expect(ada.tile("by-airport").locator(".tile-foot")).to_contain_text("database")


def test_the_rows_of_a_long_table_come_page_by_page(ada: Visitor) -> None:
    ada.open(FLIGHTS, "?tab=rows")
    rows = ada.tile("rows-table").locator(".ag-center-cols-container .ag-row")
    expect(rows.first).to_be_visible()
    ada.tile("rows-table").locator('.ag-header-cell[col-id="dep_delay"]').click()
    ada.tile("rows-table").locator('.ag-header-cell[col-id="dep_delay"]').click()
    expect(rows.locator('[col-id="dep_delay"]').first).to_have_text(re.compile("1,?301"))


def test_exports_hold_what_the_tile_shows(ada: Visitor, tmp_path: Path) -> None:
    ada.open(FLIGHTS)
    ada.choose("Airport", "LaGuardia")
    ada.choose("Airline", "Envoy Air")
    ada.settle()
    flights = int(ada.number("total").replace(",", ""))
    path = ada.download("by-hour", "export:data:csv", tmp_path)
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    assert sum(int(line[1]) for line in lines[1:]) == flights
    ada.page.get_by_role("button", name="Close").click()

    path = ada.download("by-hour", "export:rows:xlsx", tmp_path)
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        found = list(book.worksheets[0].iter_rows(values_only=True))
    assert len(found) - 1 == flights
    place = found[0].index("origin_name")
    assert {row[place] for row in found[1:]} == {"LaGuardia"}
    expect(ada.page.locator("#export-done")).to_contain_text(f"{flights:,} rows")


def test_a_cancelled_export_leaves_no_file(ada: Visitor, server: Running) -> None:
    ada.open(FLIGHTS)
    ada.menu("by-hour", "export:rows:xlsx")
    text = ada.page.locator("#export-text")
    expect(text).to_contain_text("rows written")
    ada.page.locator("#export-panel").get_by_role("button", name="Cancel").click()
    expect(ada.page.locator("#export-running")).to_be_hidden(timeout=LONG)
    until(lambda: halves(server) == [], 60, 0.2)


def test_a_killed_worker_is_told_and_leaves_no_half_file(ada: Visitor, server: Running) -> None:
    ada.open(FLIGHTS)
    before = files(server)
    ada.menu("by-hour", "export:rows:xlsx")
    expect(ada.page.locator("#export-text")).to_contain_text("rows written")
    server.kill_workers()
    done = ada.page.locator("#export-done")
    expect(done).to_contain_text("worker ended. Nothing was saved; try again.")
    assert done.get_by_role("link").count() == 0
    assert files(server) == before
    if server.mode == "cluster":
        server.start_worker()
    ada.page.get_by_role("button", name="Close").click()
    with ada.page.expect_download(timeout=2 * LONG):
        ada.menu("by-airport", "export:data:csv")


def halves(server: Running) -> list[str]:
    """Temporary files of exports."""
    folder = server.settings.data_dir / "tmp"
    return [str(path) for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def files(server: Running) -> list[str]:
    """Finished exports on disk; halves have hidden names until they are swept."""
    folder = server.settings.data_dir / "files"
    return sorted(p.name for p in folder.glob("[!.]*")) if folder.exists() else []


def test_the_theme_is_switched_at_once_and_kept(ada: Visitor) -> None:
    page = ada.page
    ada.open(WORLD)
    for theme in ("dark", "light"):
        page.locator(".shell-user summary").click()
        page.locator(f'[data-set-theme="{theme}"]').click()
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    page.locator(".shell-user summary").click()
    with page.expect_response(lambda r: "_dash-update-component" in r.url):
        page.locator('[data-set-theme="dark"]').click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.locator(".shell-user summary").click()
    with page.expect_response(lambda r: "_dash-update-component" in r.url):
        page.locator('[data-set-theme="auto"]').click()


def test_without_redis_people_notice_nothing(ada: Visitor, server: Running) -> None:
    """Last: what is stopped here does not come back."""
    if server.redis is None:
        pytest.skip("Embedded mode has no Redis.")
    ada.open(FLIGHTS)
    server.redis.send_signal(signal.SIGKILL)
    server.redis.wait()
    with ada.asking() as asked:
        ada.choose("Airport", "LaGuardia")
    assert asked == set(ada.tiles)
    assert ada.broken() == {}
    ada.tab("Airlines and destinations")
    assert ada.broken() == {}
    ada.open(WORLD)
    assert ada.broken() == {}
    ada.page.goto(f"{server.base}/")
    expect(ada.page.locator(".home-card")).to_have_count(4)
    ada.open(FLIGHTS)
    ada.menu("by-airport", "export:data:csv")
    done = ada.page.locator("#export-done")
    expect(done).to_contain_text("try again")
    ada.faults[:] = [fault for fault in ada.faults if "503" not in fault]
