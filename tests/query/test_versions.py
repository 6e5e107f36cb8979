"""Versions of data: what changes them, how rarely they are looked up, who shares one."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashapp import cache, query, warehouses
from dashapp.errors import AppError
from dashapp.query import keys, plan, versions
from dashapp.specs import DatabaseSpec, Source
from tests import servers
from tests.query.asking import SHOP, Shop, by, context, processes, totals, truth
from tests.query.changing import ask, execute, invalidated, replaced


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


def test_a_changed_file_is_asked_again_and_an_unchanged_one_is_not(shop: Shop) -> None:
    first = ask(shop.source())
    assert ask(shop.source()).rung == "memory"
    execute(shop, "UPDATE sales SET amount = amount + 1")
    second = ask(shop.source())
    assert second.rung == "warehouse"
    assert totals(second) == {name: total + 200 for name, total in truth(0).items()}
    assert second.version.token != first.version.token
    assert second.version.how == "database"


def test_a_file_that_another_takes_the_place_of_is_asked_again(shop: Shop) -> None:
    assert set(totals(ask(shop.source()))) == {"EU", "US", "ASIA"}
    replaced(shop)
    assert set(totals(ask(shop.source()))) == {"EU"}


def test_a_duckdb_file_counts_as_replaced_only_once_its_queries_read_the_new_one(
    tmp_path: Path,
) -> None:
    shop = Shop("duckdb", tmp_path)
    shop.create()
    with shop.opened():
        before = versions.version_of(shop.source())
        warehouse = warehouses.pool(shop.source().database)
        with warehouse._file.cursor():  # type: ignore[attr-defined]
            other = replace(shop, folder=shop.folder / "other")
            other.create()
            os.replace(other.file, shop.file)
            assert versions.version_of(shop.source()) == before
        assert versions.version_of(shop.source()).token != before.token


def test_changes_within_one_tick_of_the_clock_are_seen(lite: Shop) -> None:
    execute(lite, "UPDATE sales SET amount = 1 WHERE amount = 2")
    first, found = versions.version_of(lite.source()), os.stat(lite.file)
    execute(lite, "UPDATE sales SET amount = 2 WHERE amount = 1")
    os.utime(lite.file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert versions.version_of(lite.source()).token != first.token


def test_what_is_still_in_the_log_of_a_file_counts(lite: Shop) -> None:
    execute(lite, "PRAGMA journal_mode = WAL")
    first = ask(lite.source())
    writer = sqlite3.connect(lite.file)
    writer.execute("DELETE FROM sales WHERE region = 'US'")
    writer.commit()
    assert set(totals(ask(lite.source()))) == {"EU", "ASIA"}
    assert versions.version_of(lite.source()) != first.version
    writer.close()


def test_reading_a_file_is_no_change(shop: Shop) -> None:
    tokens = set()
    for _ in range(3):
        tokens.add(ask(shop.source(), force=True).version.token)
        warehouses.dispose()
    assert len(tokens) == 1


def test_while_a_file_is_away_its_answers_are_those_of_the_last_one(shop: Shop) -> None:
    first = ask(shop.source())
    warehouses.dispose()
    shop.file.rename(shop.file.with_suffix(".away"))
    versions.forget()
    found = query.peek(shop.source(), by("region"), context())
    assert found is not None
    assert (found.version, totals(found)) == (first.version, truth(0))
    with pytest.raises(AppError):
        ask(shop.source(), force=True)
    shop.file.with_suffix(".away").rename(shop.file)
    assert ask(shop.source()).version == first.version


def test_a_process_looks_at_a_file_once_a_second(
    lite: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "FRESH_S", 60.0)
    first = ask(lite.source())
    execute(lite, "DELETE FROM sales")
    assert ask(lite.source()).version == first.version
    assert ask(lite.source(), force=True).version != first.version
    assert ask(lite.source()).version != first.version


def test_saying_that_data_changed_makes_another_version(shop: Shop) -> None:
    source = shop.source()
    first, second, third = (
        ask(s) for s in (source, invalidated(source, 1), invalidated(source, 2))
    )
    assert [r.rung for r in (first, second, third)] == ["warehouse"] * 3
    assert len({r.version.token for r in (first, second, third)}) == 3


def test_the_newest_of_all_that_told_is_shown(lite: Shop) -> None:
    source = lite.source()
    old, new = (
        invalidated(source, 1),
        source.model_copy(
            update={
                "dataset": source.dataset.model_copy(
                    update={"data_version": 1, "invalidated_at": datetime(2999, 1, 1, tzinfo=UTC)}
                )
            }
        ),
    )
    assert versions.version_of(old).how == "database"
    assert versions.version_of(new).how == "invalidated"


def ask_one_group(shop: Shop, action: str, start: Any, found: Any) -> None:
    with shop.opened():
        versions.FRESH_S = 0.0
        start.wait()
        for _ in range(30):
            result = ask(shop.source(), action=action)
            found.append((result.version.token, frozenset(totals(result).items())))


def test_groups_that_ask_while_data_changes_are_about_one_version(kept: Shop) -> None:
    start = processes.Barrier(5)
    with processes.Manager() as manager:
        found = manager.list()
        children = [
            processes.Process(target=ask_one_group, args=(kept, "a", start, found))
            for _ in range(4)
        ]
        for child in children:
            child.start()
        start.wait()
        while any(child.is_alive() for child in children):
            execute(kept, "UPDATE sales SET amount = amount + 1")
            time.sleep(0.02)  # Or else the writer lets no reader in.
        seen = list(found)
    assert len(seen) == 120
    assert len({token for token, _ in seen}) == 1
    assert len({answer for _, answer in seen}) == 1


def test_another_action_sees_the_new_version_and_forcing_too(lite: Shop) -> None:
    first = ask(lite.source(), action="a").version
    execute(lite, "DELETE FROM sales WHERE region = 'US'")
    assert ask(lite.source(), action="a").version == first
    forced = ask(lite.source(), action="a", force=True)
    assert forced.version != first
    assert "US" not in totals(forced)
    assert ask(lite.source(), action="b").version == forced.version


def test_a_pin_ends_whoever_names_it_again(lite: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "PINNED_S", 0.2)
    first = versions.version_of(lite.source(), "a")
    execute(lite, "DELETE FROM sales")
    servers.wait_for(lambda: _unpinned(lite.source(), first), "another version")


def _unpinned(source: Source, first: query.DataVersion) -> bool:
    if versions.version_of(source, "a") == first:
        raise OSError("still pinned")
    return True


def test_a_broken_pin_is_no_pin(lite: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    now = versions.version_of(lite.source())
    for text in ("", "[]", "1", '["t", "yesterday", "age", 1]', '["t", null, "age", "x"]'):
        monkeypatch.setattr(cache.flags(), "claim", lambda *_, text=text: text)
        assert versions.version_of(lite.source(), f"a{text}") == now


def test_questions_of_one_call_are_about_one_version(lite: Shop) -> None:
    action = versions.once()
    first = ask(lite.source(), action=action).version
    execute(lite, "DELETE FROM sales")
    assert ask(lite.source(), action=action).version == first
    assert cache.flags().get(action) is None


def test_what_a_process_remembers_is_bounded(lite: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MOST_REMEMBERED", 10)
    for n in range(50):
        versions.version_of(lite.source(version=n), versions.once())
    assert len(versions._now) <= 10
    assert len(versions._pins) <= 10


def test_servers_tell_nothing_without_a_refresh_key(lite: Shop) -> None:
    for kind, url in (
        ("postgresql", "postgresql://nobody@nowhere.invalid/x"),
        ("mysql", "mysql://nobody@nowhere.invalid/x"),
        ("sqlite", "sqlite:////nowhere/x.db"),
        ("duckdb", "http://x"),
    ):
        database = DatabaseSpec(uuid=SHOP, name="shop", kind=kind, url=url, options={})
        source = lite.source().model_copy(update={"database": database})
        assert versions.version_of(source) == versions.UNKNOWN


def test_many_threads_get_one_version(lite: Shop) -> None:
    gate = threading.Barrier(8)

    def look(_: int) -> query.DataVersion:
        gate.wait()
        return versions.version_of(lite.source(), "together")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(look, range(8)))) == 1


def test_a_key_without_the_version_would_show_older_data(
    lite: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(*about: Any, version: str, **more: Any) -> str:
        return keys.key(*about, version="", **more)

    monkeypatch.setattr(plan, "key", forgetful)
    ask(lite.source())
    execute(lite, "DELETE FROM sales WHERE region = 'US'")
    assert totals(ask(lite.source())) == truth(0)
