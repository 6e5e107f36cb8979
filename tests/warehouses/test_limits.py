"""Timeouts, cancelling, slots, forks: what keeps queries from running away."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from dashapp import warehouses
from dashapp.errors import QueryCancelled, QueryTimeout, ResultTooLarge
from dashapp.warehouses import Warehouse, running
from tests.warehouses.conftest import SALES, database, fetch

ENDLESS = {
    "sqlite": "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x",
    "duckdb": "SELECT sum(a.i * b.i % 7) FROM range(10000000) a(i), range(10000000) b(i)",
    "postgresql": "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
    "mysql": "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq * b.seq % 7 = 1",
}
WIDE = {
    "sqlite": "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT n FROM x",
    "duckdb": "SELECT a.i FROM range(1000000000) a(i)",
    "postgresql": "SELECT generate_series(1, 1000000000) AS i",
    "mysql": "SELECT a.seq FROM seq_1_to_1000000000 a",
}


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def wait_until_running(query_id: str) -> None:
    """Wait until a driver works on the query."""
    while not any(r.is_armed for r in running._running.get(query_id, ())):
        time.sleep(0.01)
    time.sleep(0.05)


def answers(sales: Warehouse) -> bool:
    """Whether an ordinary query still works."""
    return fetch(sales, sa.select(SALES.c.id)).table.num_rows == 3


def test_a_slow_query_is_stopped_at_its_timeout(sales: Warehouse) -> None:
    with pytest.raises(QueryTimeout, match=r"longer than 0\.3 seconds"):
        fetch(sales, ENDLESS[sales.kind], timeout_s=0.3)
    assert answers(sales)


def test_a_query_is_cancelled_from_another_thread(
    sales: Warehouse, threads: ThreadPoolExecutor
) -> None:
    found = threads.submit(fetch, sales, ENDLESS[sales.kind], query_id="mine")
    wait_until_running("mine")
    assert warehouses.cancel("mine")
    with pytest.raises(QueryCancelled):
        found.result()
    assert answers(sales)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_cancelling_reaches_the_server(sales: Warehouse, threads: ThreadPoolExecutor) -> None:
    found = threads.submit(fetch, sales, ENDLESS[sales.kind], query_id="mine")
    wait_until_running("mine")
    sales.cancel("mine")
    assert isinstance(found.exception(), QueryCancelled)
    listing = {
        "postgresql": "SELECT query AS q FROM pg_stat_activity WHERE state = 'active'",
        "mysql": "SELECT info AS q FROM information_schema.processlist WHERE command = 'Query'",
    }[sales.kind]
    texts = fetch(sales, listing).table["q"].to_pylist()
    assert not [t for t in texts if t and "count(*)" in t and "listing" not in t]


def test_a_stream_is_cancelled(sales: Warehouse) -> None:
    stream = sales.stream(sa.text(WIDE[sales.kind]), query_id="mine", timeout_s=20)
    if sales.kind != "sqlite":  # Its types are known at the end only.
        next(stream)
    threading.Timer(0.1, warehouses.cancel, ["mine"]).start()
    with pytest.raises(QueryCancelled):
        list(stream)
    assert answers(sales)


def test_a_huge_answer_is_left_at_the_cap(sales: Warehouse) -> None:
    with pytest.raises(ResultTooLarge):
        fetch(sales, WIDE[sales.kind], max_rows=10**9, max_bytes=2_000_000)
    assert answers(sales)
    assert fetch(sales, WIDE[sales.kind], max_rows=7).table.num_rows == 7
    assert answers(sales)


def test_cancelling_what_does_not_run_says_so() -> None:
    assert not warehouses.cancel("nobody")


def test_waiting_for_a_slot_counts_against_the_timeout(
    kind: str, url: str, threads: ThreadPoolExecutor
) -> None:
    sales = warehouses.pool(database(kind, url, slots=1))
    first = threads.submit(fetch, sales, ENDLESS[kind], query_id="first")
    wait_until_running("first")
    with pytest.raises(QueryTimeout):
        fetch(sales, sa.select(SALES), timeout_s=0.2)
    warehouses.cancel("first")
    assert isinstance(first.exception(), QueryCancelled)
    assert answers(sales)


def test_a_query_that_waits_for_a_slot_can_be_cancelled(
    kind: str, url: str, threads: ThreadPoolExecutor
) -> None:
    sales = warehouses.pool(database(kind, url, slots=1))
    first = threads.submit(fetch, sales, ENDLESS[kind], query_id="first")
    wait_until_running("first")
    second = threads.submit(fetch, sales, sa.select(SALES), query_id="second")
    wait_until_running("second")
    warehouses.cancel("second")
    assert isinstance(second.exception(), QueryCancelled)
    assert not first.done()
    warehouses.cancel("first")


def test_many_threads_share_the_slots(sales: Warehouse, threads: ThreadPoolExecutor) -> None:
    asked = [threads.submit(answers, sales) for _ in range(60)]
    assert all(found.result() for found in asked)
    assert sales._slots.free == sales.slot_count


def test_a_cancelled_query_never_hits_the_next(
    sales: Warehouse, threads: ThreadPoolExecutor
) -> None:
    for n in range(30):
        found: Future[object] = threads.submit(fetch, sales, sa.select(SALES), query_id=f"q{n}")
        warehouses.cancel(f"q{n}")
        assert found.exception() is None or isinstance(found.exception(), QueryCancelled)
        assert answers(sales)


def test_a_forked_child_opens_its_own_connections(kind: str, url: str) -> None:
    spec = database(kind, url)
    parent = warehouses.pool(spec)
    assert answers(parent)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            own = warehouses.pool(spec)
            is_fine = own is not parent and answers(own) and answers(parent)
            code = 0 if is_fine and times_out(own) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert answers(parent)


def times_out(sales: Warehouse) -> bool:
    """Whether deadlines work."""
    try:
        fetch(sales, ENDLESS[sales.kind], timeout_s=0.2)
    except QueryTimeout:
        return True
    return False


def test_a_changed_database_gets_a_new_warehouse(kind: str, url: str) -> None:
    spec = database(kind, url)
    first = warehouses.pool(spec)
    assert warehouses.pool(spec) is first
    second = warehouses.pool(spec.model_copy(update={"version": 2}))
    assert second is not first
    assert answers(first)
    assert answers(second)
