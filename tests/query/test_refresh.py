"""Refresh keys: asked rarely, by one for all; a failing one disturbs nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dashapp import cache, query, warehouses
from dashapp.query import versions
from dashapp.query.refresh import looked
from dashapp.settings import Settings, using
from dashapp.specs import DatabaseSpec, RowRule, Source
from tests import servers
from tests.query.asking import SHOP, Shop, processes, totals, truth
from tests.query.changing import ask, execute, keyed
from tests.query.worlds import World


@pytest.fixture(autouse=True)
def _looking(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every question looks; what a process remembers for a second has tests of its own."""
    monkeypatch.setattr(versions, "FRESH_S", 0.0)
    versions.forget()
    yield
    versions.forget()


@pytest.fixture(params=["sqlite", "duckdb"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(request.param, tmp_path)
    made.create()
    with made.opened():
        yield made


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Shop]:
    made = Shop("sqlite", tmp_path)
    made.create()
    with made.opened():
        yield made


@pytest.fixture(params=["disk", "redis"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    made = Shop("sqlite", tmp_path, url)
    made.create()
    return made


def test_a_refresh_key_decides_even_where_the_file_knows_better(shop: Shop) -> None:
    source = keyed(shop, every_s=1)
    first = ask(source)
    assert (first.version.how, first.version.since is not None) == ("refresh key", True)
    execute(shop, "DELETE FROM sales WHERE region = 'US' AND amount < 100")
    assert ask(source, force=True).version == first.version
    execute(shop, "INSERT INTO sales VALUES ('US', 'x', 9999, '2024-01-01')")
    second = ask(source, force=True)
    assert second.version.token != first.version.token
    assert second.rung == "warehouse"


def test_a_value_that_comes_back_is_another_version(lite: Shop) -> None:
    source, tokens = keyed(lite), []
    for amount in (599, 9999, 599):
        execute(lite, f"UPDATE sales SET amount = {amount} WHERE rowid = 600")
        tokens.append(ask(source, force=True).version.token)
    assert len(set(tokens)) == 3


def test_a_refresh_key_is_looked_at_again_after_its_seconds(lite: Shop) -> None:
    source = keyed(lite, every_s=1)
    first = versions.version_of(source)
    execute(lite, "INSERT INTO sales VALUES ('US', 'x', 9999, '2024-01-01')")
    servers.wait_for(lambda: _differs(source, first), "another version")


def _differs(source: Source, first: query.DataVersion) -> bool:
    if versions.version_of(source) == first:
        raise OSError("still the same")
    return True


def test_empty_tables_and_texts_are_values_too(shop: Shop) -> None:
    tokens = {
        versions.version_of(keyed(shop, sql)).token
        for sql in ("SELECT max(amount) FROM sales WHERE 1 = 0", "SELECT 'a'", "SELECT 100 % 7")
    }
    assert len(tokens) == 3


def look_often(shop: Shop, start: Any, found: Any) -> None:
    with shop.opened():
        start.wait()
        with ThreadPoolExecutor(8) as pool:
            seen = pool.map(lambda _: versions.version_of(keyed(shop)), range(40))
        found.put({(v.token, v.since) for v in seen})


def test_two_processes_look_at_a_refresh_key_once(kept: Shop) -> None:
    start, found = processes.Barrier(2), processes.Queue()
    children = [processes.Process(target=look_often, args=(kept, start, found)) for _ in range(2)]
    for child in children:
        child.start()
    seen = set().union(*(found.get(timeout=60) for _ in children))
    for child in children:
        child.join()
    assert len(seen) == 1
    assert len(kept.queries) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nothing FROM sales",
        "SELECT amount FROM sales",
        "SELECT region, amount FROM sales LIMIT 1",
        "SELECT amount FROM sales WHERE 1 = 0",
        "DELETE FROM sales",
        "SELECT load_extension('x')",
    ],
)
def test_a_refresh_key_that_fails_leaves_the_rest_working(
    shop: Shop, sql: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = keyed(shop, sql)
    with caplog.at_level(logging.WARNING):
        assert totals(ask(source)) == truth(0)
        assert ask(source).version.how == "database"
        ask(source, force=True)
    assert looked(source).failure
    assert len([r for r in caplog.records if "refresh key" in r.getMessage()]) == 1


def test_the_last_value_stays_while_the_refresh_key_fails(lite: Shop) -> None:
    source = keyed(lite, "SELECT max(amount) FROM other")
    execute(lite, "CREATE TABLE other AS SELECT * FROM sales")
    first = ask(source)
    assert looked(source).failure is None
    execute(lite, "DROP TABLE other")
    assert ask(source, force=True).version == first.version
    assert looked(source).failure
    execute(lite, "CREATE TABLE other AS SELECT * FROM sales")
    assert ask(source, force=True).version == first.version
    assert looked(source).failure is None


def test_row_rules_share_versions_and_no_answers(lite: Shop) -> None:
    everybody, some = keyed(lite), keyed(lite)
    some = some.model_copy(update={"rules": (RowRule(clause="owner = 'user 3'"),)})
    first, second = ask(everybody), ask(some)
    assert first.version == second.version
    assert totals(second) == truth(0, "user 3")
    assert len(lite.queries) == 3  # The refresh key once for both.


def changed(engine: sa.Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(sql))


@pytest.mark.parametrize("flights", ["postgresql", "mysql"], indirect=True, scope="session")
def test_servers_are_asked_their_refresh_key(flights: World, tmp_path: Path) -> None:
    url = flights.engine.url.render_as_string(hide_password=False)
    database = DatabaseSpec(uuid=SHOP, name="w", kind=flights.name, url=url, options={})
    sql = "SELECT max(seats) % 1000 FROM flights WHERE carrier LIKE '%A' OR carrier = ':x'"
    source = flights.source(refresh_key=sql).model_copy(update={"database": database})
    with using(Settings(data_dir=tmp_path, private_hosts=("*",))):
        first = versions.version_of(source)
        assert (first.how, looked(source).failure) == ("refresh key", None)
        changed(flights.engine, "INSERT INTO flights (id, carrier, seats) VALUES (999, 'UA', 777)")
        assert versions.version_of(source) == first
        assert versions.version_of(source, force=True).token != first.token
        changed(flights.engine, "DELETE FROM flights WHERE id = 999")
        cache.reset()
        warehouses.dispose()
