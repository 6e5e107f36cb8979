"""Whose turn it is: clicks before warming before schedules, people in turn, room for a click."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest

from dashapp import warehouses
from dashapp.errors import QueryCancelled
from dashapp.warehouses import running
from dashapp.warehouses.running import Running
from dashapp.warehouses.slots import Slots
from dashapp.warehouses.turns import Line, Place, Priority, Turn
from tests.warehouses.conftest import database, fetch
from tests.warehouses.test_limits import ENDLESS, wait_until_running


def served(line: Line[str]) -> list[str]:
    """Who is called, one after the other, each ending before the next."""
    found = []
    while (place := line.call()) is not None:
        found.append(place.item)
        line.leave(place)
    return found


def joined(line: Line[str], *people: str, priority: Priority = "interactive") -> list[Place[str]]:
    """One who waits per letter."""
    return [line.join(name, Turn(name[0], priority)) for name in people]


def test_clicks_go_before_warming_and_warming_before_schedules() -> None:
    line: Line[str] = Line(1)
    joined(line, "s", priority="scheduled")
    joined(line, "w", priority="warming")
    joined(line, "c")
    assert served(line) == ["c", "w", "s"]


def test_a_person_with_many_tiles_does_not_starve_another() -> None:
    line: Line[str] = Line(1)
    joined(line, *(f"a{n}" for n in range(40)))
    joined(line, "b0", "b1")
    assert served(line)[:5] == ["a0", "b0", "a1", "b1", "a2"]


def test_who_has_fewest_under_way_is_next() -> None:
    line: Line[str] = Line(4)
    joined(line, *(f"a{n}" for n in range(40)))
    up = [line.call() for _ in range(4)]
    joined(line, "b0", "c0")
    for place, name in zip(up, ["b0", "c0", "a4", "a5"], strict=True):
        assert place is not None
        line.leave(place)
        called = line.call()
        assert called is not None
        assert called.item == name


@pytest.mark.parametrize(("count", "background"), [(1, 1), (2, 1), (4, 3)])
def test_background_work_leaves_room_for_a_click(count: int, background: int) -> None:
    line: Line[str] = Line(count)
    joined(line, *(f"w{n}" for n in range(9)), priority="warming")
    joined(line, *(f"s{n}" for n in range(9)), priority="scheduled")
    up = []
    while (place := line.call()) is not None:
        up.append(place)
    assert len(up) == background
    joined(line, "c")
    called = line.call()
    assert (called is not None) is (count > background)


def test_what_somebody_at_a_page_waits_for_is_background_no_more() -> None:
    line: Line[str] = Line(2)
    first, urged = joined(line, "w0", "w1", priority="warming")
    joined(line, "c")
    assert line.call() is not None
    urged.is_urged = True
    place = line.call()
    assert place is not None
    assert {place.item} <= {"c", "w1"}
    assert first.item == "w0"


def test_those_who_give_up_leave_the_line_as_it_was() -> None:
    line: Line[str] = Line(2)
    places = joined(line, *(f"a{n}" for n in range(20)))
    up = [line.call(), line.call()]
    for place in places:
        if not place.is_up:
            line.leave(place)
    for held in up:
        assert held is not None
        line.leave(held)
    assert (line.free, line.waiting, dict(line._under_way)) == (2, [], {})


def hold(slots: Slots, turn: Turn, order: list[str], name: str) -> None:
    """Take a slot and say so."""
    with suppress(QueryCancelled), slots.hold(Running(name, 20, turn)):
        order.append(name)


def test_slots_are_given_in_that_order_between_threads() -> None:
    slots, order = Slots(1), list[str]()
    with ThreadPoolExecutor(20) as pool, slots.hold(Running("first", 20)):
        asked = [("w", "warming"), ("a0", "interactive"), ("a1", "interactive")]
        for at, (name, priority) in enumerate([*asked, ("b0", "interactive")]):
            turn = Turn(name[0], priority)  # type: ignore[arg-type]
            pool.submit(hold, slots, turn, order, name)
            while slots.waiting <= at:
                time.sleep(0.001)
    assert order == ["a0", "b0", "a1", "w"]
    assert slots.free == 1


def test_a_storm_of_cancels_leaves_every_slot_free() -> None:
    slots, order = Slots(2), list[str]()
    some = [Running(f"q{n}", 20, Turn(f"p{n % 7}")) for n in range(200)]

    def ask(one: Running) -> None:
        with suppress(QueryCancelled), slots.hold(one):
            time.sleep(0.001)
            order.append(one.query_id)

    with ThreadPoolExecutor(32) as pool:
        asked = [pool.submit(ask, one) for one in some]
        for one in some[::2]:
            one.stop()
        for found in asked:
            found.result(30)
    assert (slots.free, slots.waiting) == (2, 0)
    assert len(order) >= 100


@pytest.mark.parametrize("kind", ["postgresql", "sqlite", "duckdb"])
def test_forty_warming_queries_hold_up_no_click(kind: str, url: str) -> None:
    sales = warehouses.pool(database(kind, url, slots=2))
    with ThreadPoolExecutor(45) as pool:
        warm = Turn(None, "warming")
        asked: list[Future[object]] = [
            pool.submit(fetch, sales, ENDLESS[kind], query_id=f"w{n}", turn=warm, timeout_s=60)
            for n in range(40)
        ]
        while sales._slots.waiting < 39:
            time.sleep(0.01)
        clicked = fetch(sales, "SELECT id FROM sales ORDER BY id", turn=Turn("ann"))
        assert clicked.table.num_rows == 3
        for n in range(40):
            running.cancel(f"w{n}")
        assert {type(found.exception(30)) for found in asked} == {QueryCancelled}
    assert sales._slots.free == 2


def test_an_urged_query_takes_the_room_that_was_kept_for_clicks() -> None:
    slots, order = Slots(2), list[str]()
    warm = Turn(None, "warming")
    with slots.hold(Running("first", 20, warm)), ThreadPoolExecutor(1) as pool:
        second = Running("second", 20, warm)
        done = threading.Event()

        def ask() -> None:
            with slots.hold(second):
                order.append("second")
            done.set()

        pool.submit(ask)
        while not slots.waiting:
            time.sleep(0.001)
        assert not done.wait(0.05)
        second.urge()
        assert done.wait(20)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_click_waits_for_what_already_runs(url: str, kind: str) -> None:
    sales = warehouses.pool(database(kind, url, slots=1))
    with ThreadPoolExecutor(2) as pool:
        warm = Turn(None, "warming")
        first = pool.submit(fetch, sales, ENDLESS[kind], query_id="first", turn=warm)
        wait_until_running("first")
        second = pool.submit(fetch, sales, "SELECT 1", query_id="second")
        wait_until_running("second")
        assert not first.done()
        running.cancel("first")
        assert second.result(30).table.num_rows == 1
