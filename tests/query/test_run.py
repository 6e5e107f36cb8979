import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pytest

from dashapp import cache, query
from dashapp.errors import AppError, Invalid, Misdefined, QueryCancelled, QueryFailed, QueryTimeout
from dashapp.specs import DatabaseSpec, Filter, QuerySpec, RowRule, SqlFilter
from dashapp.specs.post import Compare, Contribution, Histogram, Sort
from dashapp.warehouses import running
from tests import servers
from tests.query.asking import FETCH, ROWS, SALES, Shop, by, context, processes, totals, truth


@pytest.fixture(params=["sqlite", "duckdb"])
def shop(request, tmp_path):
    """A shop on a file, with everything kept on disk."""
    made = Shop(request.param, tmp_path)
    made.create()
    with made.opened():
        yield made


@pytest.fixture
def lite(tmp_path):
    """The shop on SQLite alone, for what does not differ between engines."""
    made = Shop("sqlite", tmp_path)
    made.create()
    with made.opened():
        yield made


@pytest.fixture(params=["disk", "redis"])
def kept(request, tmp_path):
    """A shop to be opened, in turn with answers on disk and in Redis."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    made = Shop("sqlite", tmp_path, url)
    made.create()
    return made


def test_the_ladder_is_warehouse_then_memory_then_disk(shop):
    spec, source = by("region"), shop.source()
    first = query.run(source, spec, context())
    second = query.run(source, spec, context())
    cache.reset()
    third = query.run(source, spec, context())
    assert [r.rung for r in (first, second, third)] == ["warehouse", "memory", "disk"]
    assert totals(first) == totals(third) == truth(0)
    assert first.table.schema == third.table.schema
    assert replace(first, rung="disk", table=third.table) == third
    assert len(shop.queries) == 1


def test_an_answer_says_how_it_came_about(lite):
    result = query.run(lite.source(), by("region"), context())
    assert (result.rows, result.truncated) == (3, False)
    assert result.seconds > 0
    assert "GROUP BY" in result.sql
    assert result.key == query.key_of(lite.source(), by("region"), context())


def test_peek_never_asks_the_warehouse(lite):
    assert query.peek(lite.source(), by("region"), context()) is None
    query.run(lite.source(), by("region"), context())
    assert query.peek(lite.source(), by("region"), context()).rung == "memory"
    assert query.peek(lite.source(), by("region"), context(force=True)) is None
    assert query.peek(lite.source(), by("region"), context(ttl_s=0)) is None
    assert len(lite.queries) == 1


def ask_fifty_times(shop, start, answers):
    with shop.opened(hold_s=0.3):
        start.wait()
        with ThreadPoolExecutor(25) as pool:
            found = pool.map(lambda _: query.run(shop.source(), by("region"), context()), range(25))
        answers.put([(r.rung, totals(r)) for r in found])


def test_two_hundred_viewers_of_a_cold_chart_cost_one_query(kept):
    start, answers = processes.Barrier(8), processes.Queue()
    children = [
        processes.Process(target=ask_fifty_times, args=(kept, start, answers)) for _ in range(8)
    ]
    for child in children:
        child.start()
    found = [answer for _ in children for answer in answers.get(timeout=60)]
    for child in children:
        child.join()
    assert len(kept.queries) == 1
    assert len(found) == 200
    assert all(answer == truth(0) for _, answer in found)
    assert [rung for rung, _ in found].count("warehouse") == 1


def ask_and_hang(shop):
    with shop.opened(hold_s=60):
        query.run(shop.source(), by("region"), context())


def test_when_the_asking_process_is_killed_another_takes_over(kept):
    child = processes.Process(target=ask_and_hang, args=(kept,))
    child.start()
    servers.wait_for(lambda: kept.queries[0], "query")
    os.kill(child.pid, signal.SIGKILL)
    with kept.opened():
        assert totals(query.run(kept.source(), by("region"), context())) == truth(0)
    child.join()
    assert len(kept.queries) == 2


def test_force_asks_again_and_replaces_for_everybody(kept):
    with kept.opened():
        first = query.run(kept.source(), by("region"), context())
        forced = query.run(kept.source(), by("region"), context(force=True))
        assert forced.rung == "warehouse"
        assert forced.as_of > first.as_of
        cache.reset()
        assert query.run(kept.source(), by("region"), context()).as_of == forced.as_of
    assert len(kept.queries) == 2


def test_simultaneous_forced_asks_cost_one_query(lite):
    query.run(lite.source(), by("region"), context())
    with lite.opened(hold_s=0.2), ThreadPoolExecutor(20) as pool:
        wishes = [(lite.source(), by("region"), context(force=True))] * 20
        list(pool.map(lambda wish: query.run(*wish), wishes))
    assert len(lite.queries) == 2


def test_ttl_zero_is_never_kept(lite):
    for _ in range(3):
        assert query.run(lite.source(ttl_s=0), by("region"), context()).rung == "warehouse"
    assert not list((lite.folder / "data" / "cache").rglob("results/??/*"))


@pytest.mark.parametrize(
    ("chart", "dataset", "database", "is_kept"),
    [
        (None, None, None, True),
        (None, None, 0, False),
        (None, 0, 60, False),
        (None, 60, 0, True),
        (0, 60, 60, False),
        (60, 0, 0, True),
    ],
)
def test_the_ttl_of_the_chart_goes_before_dataset_database_and_server(
    lite, chart, dataset, database, is_kept
):
    wish = (lite.source(ttl_s=dataset), by("region"), context(ttl_s=chart))
    source = wish[0]
    wish = (source.model_copy(update={"database": with_ttl(source.database, database)}), *wish[1:])
    query.run(*wish)
    assert (query.run(*wish).rung == "memory") is is_kept


def with_ttl(database: DatabaseSpec, ttl_s):
    return database.model_copy(update={"ttl_s": ttl_s})


def test_who_wants_it_fresher_leaves_others_theirs(lite):
    query.run(lite.source(), by("region"), context(ttl_s=1))
    time.sleep(1.1)
    assert query.run(lite.source(), by("region"), context()).rung == "memory"
    assert query.run(lite.source(), by("region"), context(ttl_s=1)).rung == "warehouse"


def test_a_batch_asks_equal_questions_once_and_keeps_order(shop):
    ctx = context()
    wishes = [(shop.source(), by(name), ctx) for name in ("region", "owner", "region", "owner")]
    found = query.run_many(wishes)
    assert [totals(r) for r in found] == [truth(0), truth(1)] * 2
    assert [r.rung for r in found] == ["warehouse", "warehouse", "memory", "memory"]
    assert len(shop.queries) <= 3  # Perhaps a sample, to know whether they go together.


def test_a_batch_runs_side_by_side(lite):
    together = threading.Barrier(4)
    with lite.opened(), pytest.MonkeyPatch.context() as patched:

        def meeting(*args, **how):
            together.wait(20)
            return FETCH(*args, **how)

        patched.setattr("dashapp.warehouses.Warehouse.fetch", meeting)
        unlike = [(SqlFilter(expression=f"amount > -{n}"),) for n in range(1, 5)]
        wishes = [
            (lite.source(), by("region", limit=n, where=where), context())
            for n, where in enumerate(unlike, 1)
        ]
        assert [r.rows for r in query.run_many(wishes)] == [1, 2, 3, 3]


def test_a_batch_has_errors_in_their_places(shop):
    wrong = by("region", where=(SqlFilter(expression="no_such_column > 1"),))
    wishes = [by("region"), by("nonsense"), wrong, by("owner")]
    found = query.run_many([(shop.source(), spec, context()) for spec in wishes])
    assert [type(f) for f in found[:2]] == [query.Result, Misdefined]
    assert isinstance(found[2], AppError)
    assert totals(found[3]) == truth(1)


def test_an_empty_batch_is_empty():
    assert query.run_many([]) == []


def test_a_failed_query_is_not_kept_as_an_answer_and_tells_its_sql(shop):
    broken = shop.source().model_copy(
        update={"dataset": shop.source().dataset.model_copy(update={"table": "missing"})}
    )
    for _ in range(3):
        with pytest.raises(QueryFailed) as error:
            query.run(broken, by("region"), context())
        assert "missing" in error.value.detail["sql"]
    assert len(shop.queries) == 1  # The failure is told for a moment.


def test_a_bug_is_raised_not_hidden(lite, monkeypatch):
    monkeypatch.setattr("dashapp.query.post.apply", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        query.run(lite.source(), by("region", post=(Sort(by=(("total", True),)),)), context())


def test_people_under_equal_rules_share_and_others_never_do(lite):
    eu, us = "region = 'EU'", "region = 'US'"
    assert totals(query.run(lite.source(), by("region"), context())) == truth(0)
    assert totals(query.run(lite.source(eu), by("region"), context())) == truth(0, "EU")
    assert totals(query.run(lite.source(us), by("region"), context())) == truth(0, "US")
    shared = query.run(lite.source(eu), by("region"), context())
    assert (shared.rung, totals(shared)) == ("memory", truth(0, "EU"))
    assert len(lite.queries) == 1  # Who sees all rows asked first; theirs are made of these.


def test_who_sees_few_rows_leaves_nothing_to_who_sees_others(lite):
    eu, us = "region = 'EU'", "region = 'US'"
    assert totals(query.run(lite.source(eu), by("region"), context())) == truth(0, "EU")
    assert totals(query.run(lite.source(us), by("region"), context())) == truth(0, "US")
    assert totals(query.run(lite.source(), by("region"), context())) == truth(0)
    assert len(lite.queries) == 3


@pytest.mark.parametrize("relation", [{"table": "sales_view"}, {"sql": "SELECT * FROM sales_view"}])
def test_a_view_over_a_guarded_table_is_refused(shop, relation):
    bare = shop.source()
    dataset = bare.dataset.model_copy(update={"table": None, **relation})
    rule = RowRule(clause="region = 'EU'", table="sales")
    open_to_all = bare.model_copy(update={"dataset": dataset})
    assert totals(query.run(open_to_all, by("region"), context())) == truth(0)
    with pytest.raises(Invalid, match="through a view"):
        query.run(open_to_all.model_copy(update={"rules": (rule,)}), by("region"), context())
    assert totals(
        query.run(bare.model_copy(update={"rules": (rule,)}), by("region"), context())
    ) == truth(0, "EU")


def test_ten_thousand_interleaved_reads_never_show_anothers_rows(kept):
    dice = random.Random(5)
    right = {f"user {n}": truth(0, f"user {n}") for n in range(20)}

    def look(owner):
        if dice.random() < 0.002:
            cache.results()._memory = cache.Memory(10**7)  # Forget, as another process would.
        source = kept.source(f"owner = '{owner}'")
        return totals(query.run(source, by("region"), context())) == right[owner]

    with kept.opened(), ThreadPoolExecutor(16) as pool:
        assert all(pool.map(look, dice.choices(list(right), k=10_000)))
        assert len(kept.queries) == 20


@pytest.mark.parametrize(
    "change",
    [
        {"zone": "Asia/Tokyo"},
        {"locale": "de"},
    ],
)
def test_another_zone_or_language_is_another_answer(lite, change):
    query.run(lite.source(), by("region"), context())
    assert query.run(lite.source(), by("region"), context(**change)).rung == "warehouse"


def test_a_lower_limit_is_met_from_the_whole_answer(lite):
    query.run(lite.source(), by("region"), context())
    cut = query.run(lite.source(), by("region"), context(row_limit=2))
    assert (cut.rung, cut.rows, cut.truncated) == ("derived", 2, True)


def test_a_saved_change_of_dataset_or_database_is_another_answer(lite):
    query.run(lite.source(), by("region"), context())
    assert query.run(lite.source(version=2), by("region"), context()).rung == "warehouse"
    changed = lite.source()
    changed = changed.model_copy(
        update={"database": changed.database.model_copy(update={"version": 2})}
    )
    assert query.run(changed, by("region"), context()).rung == "warehouse"


def test_a_cut_answer_says_so(shop):
    raw = QuerySpec(dataset=SALES, columns=("owner",))
    whole = query.run(shop.source(), raw, context(row_limit=600))
    assert (whole.rows, whole.truncated) == (600, False)
    cut = query.run(shop.source(), raw, context(row_limit=599))
    assert (cut.rows, cut.truncated) == (599, True)
    cache.reset()
    again = query.run(shop.source(), raw, context(row_limit=599))
    assert (again.rung, again.truncated) == ("disk", True)
    asked = query.run(shop.source(), by("owner", limit=5), context())
    assert (asked.rows, asked.truncated) == (5, False)


def test_steps_after_the_query_share_one_query(lite):
    shares = by("region", post=(Contribution(metrics=("total",)),))
    found = query.run_many([(lite.source(), spec, context()) for spec in (by("region"), shares)])
    assert len(lite.queries) == 1
    assert totals(found[0]) == truth(0)
    assert sum(totals(found[1]).values()) == pytest.approx(1)
    assert found[0].key != found[1].key
    again = query.run(lite.source(), shares, context())
    assert (again.rung, again.table) == ("memory", found[1].table)


def test_steps_are_done_again_when_the_answer_under_them_changed(lite):
    spec = by("region", post=(Sort(by=(("total", True),)),))
    first = query.run(lite.source(), spec, context())
    query.run(lite.source(), by("region"), context(force=True))
    second = query.run(lite.source(), spec, context())
    assert second.as_of > first.as_of
    assert second.table == first.table
    assert second.table is not first.table


def test_a_comparison_is_a_query_of_its_own(lite):
    compare = Compare(metrics=("total",), offset="3 months")
    spec = by("region", time_range="2024-04-01 : 2024-07-01", post=(compare,))
    result = query.run(lite.source(), spec, context())
    assert len(lite.queries) == 2
    earlier = query.run(
        lite.source(), by("region", time_range="2024-01-01 : 2024-04-01"), context()
    )
    assert earlier.rung == "memory"
    names = result.table.column_names
    assert names == ["region", "total", "total (3 months)"]
    assert dict(zip(*(result.table.column(n).to_pylist() for n in (0, 2)), strict=True)) == totals(
        earlier
    )
    assert query.run(lite.source(), spec, context()).rung == "memory"


def test_a_comparison_with_no_period_to_move_is_refused(lite):
    compare = Compare(metrics=("total",), offset="3 months")
    with pytest.raises(Invalid, match="needs a time range"):
        query.run(lite.source(), by("region", post=(compare,)), context())
    assert lite.queries == []


def test_a_comparison_of_the_top_members_finds_those_that_were_not_on_top(lite):
    compare = Compare(metrics=("total",), offset="3 months")
    when = {"time_range": "2024-04-01 : 2024-07-01", "post": (compare,)}
    top = by("owner", limit=3, order=({"by": "total", "descending": True},), **when)
    result = query.run(lite.source(), top, context())
    assert result.rows == 3
    assert result.table.column(2).null_count == result.table.column(2).to_pylist().count(None)
    full = query.run(lite.source(), by("owner", **when), context()).table.to_pylist()
    assert all(row in full for row in result.table.to_pylist())


def test_a_histogram_counts_rows_up_to_the_limit(lite):
    spec = QuerySpec(dataset=SALES, columns=("amount",), post=(Histogram(column="amount", bins=6),))
    result = query.run(lite.source(), spec, context())
    assert result.table.column("count").to_pylist() == [100] * 6
    assert query.run(lite.source(), spec, context(row_limit=60)).truncated


def test_a_relative_range_is_its_dates(lite):
    spec = by("region", time_range="last 7 days")
    later = context(now=context().now.replace(hour=23))
    tomorrow = context(now=context().now.replace(day=2))
    keys = [query.key_of(lite.source(), spec, c) for c in (context(), later, tomorrow)]
    assert keys[0] == keys[1] != keys[2]


def rows_of(batches):
    return pa.Table.from_batches(list(batches))


def test_a_stream_is_the_whole_answer(shop):
    raw = QuerySpec(dataset=SALES, columns=("owner", "amount"))
    assert rows_of(query.stream(shop.source(), raw, context())).num_rows == len(ROWS)
    assert rows_of(query.stream(shop.source(), raw, context(row_limit=7))).num_rows == 7
    nothing = QuerySpec(
        dataset=SALES, columns=("owner",), filters=(Filter(column="owner", op="=", value="x"),)
    )
    empty = rows_of(query.stream(shop.source(), nothing, context()))
    assert (empty.num_rows, empty.column_names) == (0, ["owner"])


def test_a_stream_of_a_whole_kept_answer_equals_its_tile(lite, monkeypatch):
    result = query.run(lite.source(), by("owner"), context())
    monkeypatch.setattr("dashapp.warehouses.Warehouse.stream", None)
    assert rows_of(query.stream(lite.source(), by("owner"), context())) == result.table
    steps = by("owner", post=(Sort(by=(("total", True),)),))
    assert rows_of(query.stream(lite.source(), steps, context())).num_rows == 20


def test_a_stream_of_a_cut_answer_asks_for_the_rest(lite):
    raw = QuerySpec(dataset=SALES, columns=("owner",))
    with lite.opened(row_limit=10):
        assert query.run(lite.source(), raw, context()).truncated
        assert rows_of(query.stream(lite.source(), raw, context())).num_rows == 600


def test_rules_hold_in_streams(shop):
    raw = QuerySpec(dataset=SALES, columns=("region",))
    query.run(shop.source(), raw, context())
    found = rows_of(query.stream(shop.source("region = 'EU'"), raw, context()))
    assert set(found.column("region").to_pylist()) == {"EU"}


def test_a_query_is_cancelled_in_this_process(shop):
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(query.run, slow(shop), by("region"), context(query_id="q"))
        servers.wait_for(lambda: shop.queries[0], "query")
        assert query.cancel("q")
        with pytest.raises(QueryCancelled):
            asked.result(30)
    assert not query.cancel("q")


def slow(shop):
    """The sales, each row with minutes of work."""
    sql = (
        "SELECT a.* FROM sales a, sales b, sales c, sales d, sales e"
        " WHERE a.amount + b.amount + c.amount + d.amount + e.amount > 0"
    )
    source = shop.source(timeout_s=60)
    changes = {"table": None, "sql": sql}
    return source.model_copy(update={"dataset": source.dataset.model_copy(update=changes)})


def ask_slowly(shop, answers):
    with shop.opened():
        try:
            query.run(slow(shop), by("region"), context(query_id="q"))
        except AppError as error:
            answers.put(error.code)


def test_a_query_is_cancelled_from_another_process(kept):
    answers = processes.Queue()
    child = processes.Process(target=ask_slowly, args=(kept, answers))
    child.start()
    servers.wait_for(lambda: kept.queries[0], "query")
    with kept.opened():
        assert query.cancel("q") is False  # Not in this process.
        assert answers.get(timeout=30) == "query_cancelled"
        child.join()
        again = query.run(kept.source(), by("region"), context(query_id="q"))
        assert again.rung == "warehouse"  # What is asked later is not meant.


def test_who_shares_a_cancelled_query_still_gets_an_answer(lite, monkeypatch):
    hanging = threading.Event()

    def first_hangs(warehouse, statement, **how):
        if not hanging.is_set():
            hanging.set()
            with running.register(how["query_id"], 60) as asked:
                while True:
                    asked.check()
                    time.sleep(0.01)
        return FETCH(warehouse, statement, **how)

    monkeypatch.setattr("dashapp.warehouses.Warehouse.fetch", first_hangs)
    with ThreadPoolExecutor(2) as pool:
        mine = pool.submit(query.run, lite.source(), by("region"), context(query_id="mine"))
        hanging.wait(20)
        other = pool.submit(query.run, lite.source(), by("region"), context(query_id="other"))
        query.cancel("mine")
        with pytest.raises(QueryCancelled):
            mine.result(30)
        assert totals(other.result(30)) == truth(0)


def test_who_waits_may_cancel_without_stopping_the_query(lite):
    with ThreadPoolExecutor(2) as pool, lite.opened(hold_s=0.6):
        first = pool.submit(query.run, lite.source(), by("region"), context(query_id="first"))
        servers.wait_for(lambda: lite.queries[0], "query")
        second = pool.submit(query.run, lite.source(), by("region"), context(query_id="second"))
        servers.wait_for(lambda: query.cancel("second") or 1 / 0, "waiting")
        with pytest.raises(QueryCancelled):
            second.result(30)
        assert totals(first.result(30)) == truth(0)


def test_a_stream_is_cancelled_between_batches(lite):
    raw = QuerySpec(dataset=SALES, columns=("owner",))
    source = slow(lite)
    batches = query.stream(source, raw, context(query_id="q"))
    next(batches)
    assert query.cancel("q")
    with pytest.raises(QueryCancelled):
        for _ in batches:
            pass


def test_a_query_that_takes_too_long_ends(lite):
    source = slow(lite)
    source = source.model_copy(
        update={"database": source.database.model_copy(update={"timeout_s": 1})}
    )
    with pytest.raises(QueryTimeout):
        query.run(source, by("region"), context())


def test_a_slow_database_keeps_nobody_from_another(lite):
    with ThreadPoolExecutor(1) as pool, lite.opened(query_threads=1):
        wishes = [(slow(lite), by(name), context(query_id="q")) for name in ("region", "owner")]
        asked = pool.submit(query.run_many, wishes)
        servers.wait_for(lambda: lite.queries[0], "query")
        other = lite.source(uuid="00000000-0000-0000-0000-000000000063")
        both = [(other, by(name), context()) for name in ("region", "owner")]
        assert [totals(r) for r in query.run_many(both)] == [truth(0), truth(1)]
        query.cancel("q")
        assert [type(error) for error in asked.result(30)] == [QueryCancelled] * 2
