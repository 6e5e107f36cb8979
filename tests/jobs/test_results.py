"""Result stores: values with an end, in both modes and across processes."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashapp.jobs.app import build
from dashapp.settings import Settings


@pytest.fixture(params=["embedded", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    app = build(Settings(data_dir=tmp_path, redis_url=url))
    yield app.backend
    app.backend.close()


def test_values_are_kept_and_dropped(store: Any) -> None:
    store.set("a", "1")
    store.set(b"b", b"\x00\xff")
    assert (store.get("a"), store.get("b")) == (b"1", b"\x00\xff")
    assert store.mget(["b", "a", "c"]) == [b"\x00\xff", b"1", None]
    store.delete("a")
    store.delete("a")
    assert store.get("a") is None


def test_a_value_is_gone_after_its_time(store: Any) -> None:
    store.set("short", "1", expires=1)
    store.set("long", "1", expires=60)
    store.set("later", "1")
    store.expire("later", 1)
    time.sleep(1.2)
    assert [store.get(key) for key in ("short", "long", "later")] == [None, b"1", None]
    store.cleanup()


def test_a_forked_process_has_a_connection_of_its_own(store: Any) -> None:
    store.set("parent", "1")
    child = multiprocessing.get_context("fork").Process(target=store.set, args=("child", "2"))
    child.start()
    child.join()
    assert (store.get("parent"), store.get("child")) == (b"1", b"2")


def test_task_states_are_json_and_read_back(store: Any) -> None:
    store.store_result("t1", {"a": [1]}, "SUCCESS")
    store.store_result("t2", ValueError("wrong"), "FAILURE")
    assert store.get_task_meta("t1")["result"] == {"a": [1]}
    assert isinstance(store.get_task_meta("t2")["result"], ValueError)
    assert store.get_task_meta("t3")["status"] == "PENDING"
