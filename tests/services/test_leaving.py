"""What a page does not want any more stops at PostgreSQL itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from flask import Flask

from dashapp.errors import QueryCancelled
from dashapp.services import bundles, charts, dashboards
from dashapp.services.charts import Want
from dashapp.settings import Settings, settings, using
from dashapp.specs import FilterState
from dashapp.viewer import SYSTEM, Viewer
from tests import servers
from tests.services import market
from tests.services.market import state

BUNDLE = """
dashapp: 1
databases:
- {uuid: slow, name: Slow, kind: postgresql, url: 'URL'}
datasets:
- uuid: slow
  name: Slow
  database: slow
  sql: select region, amount from sales, slow
  columns: [{name: region}, {name: amount, type: number}]
  metrics:
  - {name: total, definition: {kind: simple, aggregate: sum, column: amount, label: total}}
- uuid: slower
  name: Slower
  database: slow
  sql: select amount from sales, slow
  columns: [{name: amount, type: number}]
  metrics:
  - {name: total, definition: {kind: simple, aggregate: sum, column: amount, label: total}}
charts:
- {uuid: slow bar, name: Bar, kind: bar, dataset: slow, options: {x: {column: region}, metrics: [total]}}
- {uuid: slow total, name: Total, kind: big_number, dataset: slower, options: {metric: total}}
dashboards:
- uuid: slow
  slug: slow
  title: Slow
  layout:
    filters:
    - {key: region, title: Region, kind: select, dataset: slow, column: region}
    tabs:
    - key: one
      items:
      - {item: tile, key: bar, chart: slow bar}
      - {item: tile, key: total, chart: slow total, y: 40}
"""
TABLES = (
    "create table sales as select 'r' || i % 3 as region, i::float as amount "
    "from generate_series(1, 9) i",
    "create view slow as select 1 as one from pg_sleep(60)",
)


@dataclass
class Board:
    """A dashboard over a database that sleeps, and what this database is doing."""

    app: Flask
    url: str
    pool: ThreadPoolExecutor

    def busy(self) -> list[str]:
        """The statements that run at the server."""
        listing = (
            "select query from pg_stat_activity where state = 'active' and application_name = "
            "'dashapp' and datname = current_database() and query like '%slow%'"
        )
        with psycopg.connect(servers.plain(self.url), autocommit=True) as connection:
            return [row[0] for row in connection.execute(listing.encode())]

    def wait(self, count: int, *, without: str | None = None) -> None:
        """Wait until so many statements run at the server."""

        def check() -> None:
            found = self.busy()
            assert len(found) == count
            assert without is None or all(without not in text for text in found)

        servers.wait_for(check, f"{count} statements")

    def ask(
        self,
        viewer: Viewer,
        sequence: int,
        *keys: str,
        chosen: FilterState | None = None,
        page: str,
    ) -> Future[dict[str, charts.Answer]]:
        """Ask tiles in a thread, as a page does."""
        want = Want(state=chosen or FilterState(), page=page, sequence=sequence)

        def work() -> dict[str, charts.Answer]:
            with self.app.app_context():
                return charts.answers(viewer, dashboards.open(viewer, "slow"), keys, want)

        return self.pool.submit(work)


@pytest.fixture
def board(app: Flask, chosen: Settings, postgres_url: str) -> Iterator[Board]:
    """The dashboard."""
    with psycopg.connect(servers.plain(postgres_url), autocommit=True) as connection:
        for statement in TABLES:
            connection.execute(statement.encode())
    with (
        using(settings().model_copy(update={"private_hosts": ("*",)})),
        ThreadPoolExecutor(8) as pool,
    ):
        bundles.apply(SYSTEM, bundles.parse(BUNDLE.replace("URL", postgres_url)))
        made = Board(app, postgres_url, pool)
        yield made
        charts.leave(SYSTEM, "one")
        charts.leave(SYSTEM, "two")
    market.forget()


def errors(found: Future[dict[str, charts.Answer]]) -> set[type[Any]]:
    """How the tiles ended."""
    return {type(answer.error) for answer in found.result(30).values()}


def test_leaving_a_page_stops_its_queries_at_the_server(board: Board) -> None:
    mine = board.ask(SYSTEM, 1, "bar", "total", page="one")
    board.wait(2)
    charts.leave(SYSTEM, "one")
    board.wait(0)
    assert errors(mine) == {QueryCancelled}


def test_leaving_a_page_leaves_other_pages_their_queries(board: Board) -> None:
    board.ask(SYSTEM, 1, "bar", page="one")
    board.wait(1)
    board.ask(SYSTEM, 1, "total", page="two")
    board.wait(2)
    charts.leave(SYSTEM, "one")
    board.wait(1, without="region")
    charts.leave(SYSTEM, "two")
    board.wait(0)


def test_changing_a_filter_stops_what_was_asked_before_at_the_server(board: Board) -> None:
    first = board.ask(SYSTEM, 1, "bar", "total", page="one")
    board.wait(2)
    only = state(region=["r1"])
    second = board.ask(SYSTEM, 2, "bar", "total", chosen=only, page="one")
    # The narrower one, and the other tile's, which is the same as before.
    servers.wait_for(lambda: narrowed(board.busy()) == [False, True] or 1 / 0, "the change")
    assert not second.done()
    charts.leave(SYSTEM, "one")
    board.wait(0)
    assert errors(first) == errors(second) == {QueryCancelled}


def narrowed(statements: list[str]) -> list[bool]:
    """Which statements have a condition."""
    return sorted("WHERE" in text for text in statements)


def test_a_choice_that_is_taken_back_stops_what_it_asked(board: Board) -> None:
    ask: Callable[..., Any] = board.ask
    first = ask(SYSTEM, 1, "bar", chosen=state(region=["r1"]), page="one")
    board.wait(1)
    with board.app.app_context():
        opened = dashboards.open(SYSTEM, "slow")
        shown = {"bar": charts.ask(SYSTEM, opened, "bar", Want()).shown}
        # The browser still shows the picture without the choice, so nothing is asked.
        want = Want(page="one", sequence=2)
        assert charts.answers(SYSTEM, opened, ["bar"], want, shown) == {}
    board.wait(0)
    assert errors(first) == {QueryCancelled}


def test_one_person_cannot_stop_anothers_page(board: Board) -> None:
    ann = Viewer(kind="user", name="ann", user_id=1, role="admin")
    mine = board.ask(SYSTEM, 1, "bar", page="one")
    board.wait(1)
    charts.leave(ann, "one")
    threading.Event().wait(0.6)
    assert not mine.done()
    charts.leave(SYSTEM, "one")
    assert errors(mine) == {QueryCancelled}
