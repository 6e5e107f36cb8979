"""What is no longer wanted stops, what somebody still wants goes on, old answers are shown late."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from dashapp import cache, query
from dashapp.errors import QueryCancelled, WarehouseDown
from dashapp.query import cancelling, late
from dashapp.query.threads import Threads
from dashapp.query.wishes import Asker, Wish, replacing
from dashapp.warehouses import running
from dashapp.warehouses.turns import Turn
from tests import servers
from tests.query.asking import FETCH, Shop, by, context, processes, totals, truth
from tests.query.test_run import slow

PAGE = "page"


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


def tile(name, sequence=1, page=PAGE, **more):
    """How a tile of an open page asks."""
    return context(query_id=name, page=page, sequence=sequence, person="ann", **more)


def keys(shop, *specs):
    """The keys of questions to the slow sales."""
    return [query.key_of(slow(shop), spec, context()) for spec in specs]


def under_way(name):
    """Wait until the query of an asker runs at its warehouse."""

    def check():
        found = [w for w in cancelling._watch.of(name) if w.is_leading]
        assert any(r.is_armed for w in found for r in running._running.get(w.warehouse_id, ()))

    servers.wait_for(check, "the query")


def asked(pool, shop, name, spec=None, **more):
    """Ask slowly in a thread, until the query runs."""
    found = pool.submit(query.run, slow(shop), spec or by("region"), tile(name, **more))
    under_way(name)
    return found


# A tile asks something else


def test_what_a_tile_asked_before_is_stopped(shop):
    with ThreadPoolExecutor(1) as pool:
        first = asked(pool, shop, "a")
        query.supersede(PAGE, {"a": keys(shop, by("owner"))}, 2)
        assert isinstance(first.exception(20), QueryCancelled)
    assert cancelling._watch._all == []


def test_what_is_still_the_same_goes_on(lite):
    with ThreadPoolExecutor(1) as pool:
        first = asked(pool, lite, "a")
        query.supersede(PAGE, {"a": keys(lite, by("region")), "b": ()}, 2)
        query.supersede(PAGE, {"a": ()}, 1)  # An older ask that comes late.
        assert not first.done()
        query.supersede(PAGE, {"a": ()}, 3)
        assert isinstance(first.exception(20), QueryCancelled)


def test_what_another_tile_of_the_page_wants_goes_on(lite):
    with ThreadPoolExecutor(1) as pool:
        wishes = [(slow(lite), by("region"), tile(name)) for name in ("a", "b")]
        both = pool.submit(query.run_many, wishes)
        under_way("a")
        query.supersede(PAGE, {"a": ()}, 2)
        assert [len(w.askers) for w in cancelling._watch._all] == [1]
        assert not both.done()
        query.supersede(PAGE, {"b": ()}, 3)
        assert {type(error) for error in both.result(20)} == {QueryCancelled}


def test_what_somebody_else_waits_for_goes_on_for_them_and_runs_once(lite, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    count = []

    def slowly(warehouse, statement, **how):
        count.append(how["query_id"])
        with running.register(how["query_id"], 60) as one:
            begun.set()
            while not go_on.wait(0.01):
                one.check()
        return FETCH(warehouse, statement, **how)

    monkeypatch.setattr("dashapp.warehouses.Warehouse.fetch", slowly)
    with ThreadPoolExecutor(2) as pool:
        ann = pool.submit(query.run, lite.source(), by("region"), tile("a"))
        begun.wait(20)
        ben = pool.submit(query.run, lite.source(), by("region"), tile("b", page="other"))
        servers.wait_for(lambda: waits_for_another("b"), "ben")
        assert query.leave(PAGE)
        query.supersede(PAGE, {"a": ()}, 9)
        time.sleep(2 * cancelling.POLL_S)
        go_on.set()
        assert totals(ben.result(20)) == totals(ann.result(20)) == truth(0)
        assert len(count) == 1


def waits_for_another(name):
    [one] = cancelling._watch.of(name)
    assert cache.flags().has("wanted:" + one.key)


def test_when_the_last_one_who_waits_goes_the_query_stops(lite):
    with ThreadPoolExecutor(2) as pool:
        ann = asked(pool, lite, "a")
        ben = pool.submit(query.run, slow(lite), by("region"), tile("b", page="other"))
        servers.wait_for(lambda: waits_for_another("b"), "ben")
        query.leave(PAGE)
        time.sleep(2 * cancelling.POLL_S)
        assert not ann.done()
        query.leave("other")
        assert isinstance(ben.exception(20), QueryCancelled)
        assert isinstance(ann.exception(20), QueryCancelled)


# A page is left


def test_leaving_a_page_stops_all_it_waits_for_and_nothing_else(lite):
    with ThreadPoolExecutor(3) as pool:
        mine = [asked(pool, lite, name, by(name)) for name in ("region", "owner")]
        other = asked(pool, lite, "c", by("day"), page="other")
        assert query.leave(PAGE)
        assert {type(one.exception(20)) for one in mine} == {QueryCancelled}
        assert not other.done()
        assert query.cancel("c")
    assert not query.leave(PAGE)


def test_a_page_that_comes_back_asks_again(lite):
    query.leave(PAGE)
    assert totals(query.run(lite.source(), by("region"), tile("a"))) == truth(0)


def ask_on_a_page(shop, answers):
    with shop.opened():
        found = query.run_many([(slow(shop), by("region"), tile("a"))])
        answers.put(type(found[0]).__name__)


@pytest.mark.parametrize("wish", ["leave", "supersede"])
def test_wishes_reach_other_processes(kept, wish):
    answers = processes.Queue()
    child = processes.Process(target=ask_on_a_page, args=(kept, answers))
    child.start()
    servers.wait_for(lambda: kept.queries[0], "query")
    with kept.opened():
        if wish == "leave":
            assert not query.leave(PAGE)
        else:
            query.supersede(PAGE, {"a": keys(kept, by("region"))}, 2)
            query.supersede(PAGE, {"a": keys(kept, by("owner"))}, 3)
        assert answers.get(timeout=30) == "QueryCancelled"
        child.join()


def test_an_older_ask_that_arrives_late_is_not_begun(kept):
    with kept.opened():
        cache.flags().set("busy:" + PAGE, 60, "*")
        query.supersede(PAGE, {"a": keys(kept, by("owner"))}, 7)
        [found] = query.run_many([(slow(kept), by("region"), tile("a", 6))])
        assert isinstance(found, QueryCancelled)
        assert kept.queries == []


def test_who_waits_in_another_process_keeps_a_query_alive(kept):
    answers = processes.Queue()
    with kept.opened(), ThreadPoolExecutor(1) as pool:
        first = asked(pool, kept, "mine")
        child = processes.Process(target=ask_on_a_page, args=(kept, answers))
        child.start()
        name = "wanted:" + query.key_of(slow(kept), by("region"), context())
        servers.wait_for(lambda: cache.flags().has(name) or 1 / 0, "the other process")
        query.supersede(PAGE, {"mine": ()}, 2)
        time.sleep(3 * cancelling.POLL_S)
        assert not first.done()
        child.kill()  # Its wish ends with it.
        child.join()
        assert isinstance(first.exception(20), QueryCancelled)


def test_a_storm_of_wishes_leaves_nothing_behind(lite):
    specs = [by("region"), by("owner"), by("day"), by("region", "owner")]
    with ThreadPoolExecutor(16) as pool:
        found = []
        for n in range(80):
            name = f"t{n % 8}"
            found.append(pool.submit(query.run, slow(lite), specs[n % 4], tile(name, n)))
            query.supersede(PAGE, {name: keys(lite, specs[n % 4])}, n)
            if n % 9 == 0:
                query.cancel(name)
        query.leave(PAGE)
        for _ in range(200):
            if all(one.done() for one in found):
                break
            query.leave(PAGE)
            time.sleep(0.1)
        assert {type(one.exception(20)) for one in found} <= {QueryCancelled}
    assert cancelling._watch._all == []
    assert running._running == {}
    assert totals(query.run(lite.source(), by("region"), tile("a"))) == truth(0)


def test_without_redis_wishes_hold_in_their_process(lite):
    away = replace(lite, redis_url="redis://127.0.0.1:1/0")
    with away.opened(), ThreadPoolExecutor(1) as pool:
        first = asked(pool, away, "a")
        query.supersede(PAGE, {"a": ()}, 2)
        assert isinstance(first.exception(20), QueryCancelled)
        second = asked(pool, away, "a", sequence=3)
        query.leave(PAGE)
        assert isinstance(second.exception(20), QueryCancelled)


@pytest.mark.parametrize("text", ["", "x", "stop", "replace a b", "leave t -3 k", "ü ü ü"])
def test_a_flag_that_is_no_wish_stops_nothing(text):
    wish = Wish.parse(text)
    assert wish.kind == "replace"
    assert not wish.replaces(Asker("q", PAGE, "key", 5))


def test_a_wish_comes_back_from_its_flag():
    for wish in (Wish("stop"), Wish("leave"), replacing(7, frozenset({"answer:" + "ab" * 32}))):
        assert Wish.parse(wish.text()) == wish


# Threads


def test_forty_warming_questions_leave_a_thread_for_a_click():
    threads, hold = Threads(2, "test"), threading.Event()
    warm = [threads.submit(Turn(None, "warming"), hold.wait, 30) for _ in range(40)]
    assert threads.submit(Turn("ann"), lambda: "clicked").result(20) == "clicked"
    hold.set()
    assert all(one.result(20) for one in warm)


def test_forty_questions_of_one_person_leave_room_for_another():
    threads, hold, order = Threads(1, "test"), threading.Event(), []
    first = threads.submit(Turn("ann"), hold.wait, 30)
    others = [threads.submit(Turn("ann"), order.append, "ann") for _ in range(40)]
    ben = threads.submit(Turn("ben"), order.append, "ben")
    hold.set()
    for one in (first, ben, *others):
        one.result(20)
    assert order[0] == "ben"


def test_a_failure_of_work_is_its_own():
    threads = Threads(1, "test")
    with pytest.raises(ZeroDivisionError):
        threads.submit(Turn(), lambda: 1 / 0).result(20)
    assert threads.submit(Turn(), lambda: 1).result(20) == 1


def test_what_a_click_waits_for_is_warmed_first(lite):
    source = lite.source(slots=2)
    with ThreadPoolExecutor(4) as pool:
        blocked = slow(lite).model_copy(update={"database": source.database})
        warming = context(priority="warming", query_id="w")
        first = pool.submit(query.run, blocked, by("region"), warming)
        under_way("w")
        waiting = pool.submit(query.run, source, by("owner"), context(priority="warming"))
        servers.wait_for(lambda: len(lite.queries) > 1 or 1 / 0, "the second")
        clicked = pool.submit(query.run, source, by("owner"), context(person="ann"))
        assert totals(clicked.result(20)) == totals(waiting.result(20)) == truth(1)
        query.cancel("w")
        assert isinstance(first.exception(20), QueryCancelled)


# Late answers


@pytest.fixture
def aged(kept, monkeypatch):
    """An answer that was slow to get and is past its age."""
    with kept.opened(hold_s=0.05):
        monkeypatch.setattr(late, "SLOW_S", 0)
        source = kept.source(ttl_s=1)
        query.run(source, by("region"), context())
        time.sleep(1.1)
        yield kept, source


def test_a_slow_answer_past_its_age_is_shown_at_once_and_asked_again_once(aged):
    shop, source = aged
    before = len(shop.queries)
    with ThreadPoolExecutor(20) as pool:
        wish = (source, by("region"), context(may_be_late=True))
        found = [one.result(20) for one in [pool.submit(query.run, *wish) for _ in range(20)]]
    assert [one.late for one in found if one.late] != []
    assert all(totals(one) == truth(0) for one in found)

    def renewed():
        assert not query.run(*wish).late

    servers.wait_for(renewed, "the newer answer")
    assert len(shop.queries) == before + 1


@pytest.mark.parametrize("how", [{}, {"may_be_late": True, "force": True}])
def test_who_wants_no_late_answer_gets_none(aged, how):
    _, source = aged
    found = query.run(source, by("region"), context(**how))
    assert (found.rung, found.late) == ("warehouse", "")


def test_a_fast_answer_past_its_age_is_asked_again(aged, monkeypatch):
    monkeypatch.setattr(late, "SLOW_S", 20)
    _, source = aged
    assert query.run(source, by("region"), context(may_be_late=True)).rung == "warehouse"


def test_after_a_failure_old_answers_are_shown_as_late(aged, monkeypatch):
    monkeypatch.setattr(late, "SLOW_S", 20)
    _, source = aged
    monkeypatch.setattr("dashapp.warehouses.Warehouse.fetch", down)
    [first] = query.run_many([(source, by("region"), context(may_be_late=True))])
    assert isinstance(first, WarehouseDown)
    second = query.run(source, by("region"), context(may_be_late=True))
    assert (second.late, totals(second)) == ("down", truth(0))


def down(*_, **__):
    raise WarehouseDown("The database cannot be reached.")


def refresh_and_hang(shop):
    with shop.opened(hold_s=30):
        late.SLOW_S = 0
        wish = (shop.source(ttl_s=1), by("region"), context(may_be_late=True))
        assert query.run(*wish).late
        time.sleep(30)


def test_a_refresh_that_died_is_tried_again(aged, monkeypatch):
    monkeypatch.setattr(late, "AGAIN_S", 1)
    shop, source = aged
    before = len(shop.queries)
    child = processes.Process(target=refresh_and_hang, args=(shop,))
    child.start()
    servers.wait_for(lambda: shop.queries[before], "the refresh")
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    cache.flags().clear(late._REFRESH + query.key_of(source, by("region"), context()))

    def renewed():
        assert not query.run(source, by("region"), context(may_be_late=True)).late

    servers.wait_for(renewed, "the newer answer")


def test_a_kept_answer_never_says_that_it_is_late(aged):
    _, source = aged
    assert query.run(source, by("region"), context(may_be_late=True)).late == "slow"
    entry = cache.results().get(query.key_of(source, by("region"), context())).entry
    assert entry.late == ""
