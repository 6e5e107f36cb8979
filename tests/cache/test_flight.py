import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashapp import cache
from dashapp.cache.flight import Landed
from dashapp.errors import AppError, Invalid, QueryCancelled, QueryFailed, QueryTimeout
from tests import servers
from tests.cache.factories import make_entry, options, processes, serving, value_of


def counted(path, hold_s=0.2, value=1, error=None):
    """A build that leaves a line per run, across processes."""

    def build():
        with open(path, "a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(hold_s)
        if error is not None:
            raise error
        return make_entry(value)

    return build


def runs(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def fly_in_process(settings, path, error, force, start, answers):
    with serving(*settings):
        start.wait()
        try:
            landed = cache.single_flight(
                "k", counted(path, 1.5 if force else 0.3, error=error), ttl_s=60, force=force
            )
            answers.put((landed.rung, value_of(landed.entry)))
        except QueryFailed as failure:
            answers.put((failure.code, failure.message))


def fly_everywhere(chosen, path, count=8, error=None, force=False):
    start, answers = processes.Barrier(count), processes.Queue()
    wish = (options(chosen), str(path), error, force, start, answers)
    children = [processes.Process(target=fly_in_process, args=wish) for _ in range(count)]
    for child in children:
        child.start()
    found = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    return found


def test_eight_processes_build_once(chosen, tmp_path):
    shared = "redis" if chosen.redis_url else "disk"
    found = fly_everywhere(chosen, tmp_path / "runs")
    assert sorted(found) == sorted([("built", 1)] + [(shared, 1)] * 7)
    assert runs(tmp_path / "runs") == 1


def test_a_failure_is_told_to_all_processes(chosen, tmp_path):
    error = QueryFailed("There is no column x.")
    found = fly_everywhere(chosen, tmp_path / "runs", error=error)
    assert found == [("query_failed", "There is no column x.")] * 8
    assert runs(tmp_path / "runs") == 1


def test_forced_asks_of_many_processes_build_once_and_replace(chosen, tmp_path):
    cache.single_flight("k", lambda: make_entry("old"), ttl_s=60)
    found = fly_everywhere(chosen, tmp_path / "runs", force=True)
    assert {value for _, value in found} == {1}
    assert runs(tmp_path / "runs") == 1
    cache.reset()
    assert value_of(cache.results().get("k").entry) == 1


def hold(settings, path):
    with serving(*settings):
        cache.single_flight("k", counted(path, 60), ttl_s=60)


def test_a_killed_holder_is_replaced(chosen, tmp_path):
    holder = processes.Process(target=hold, args=(options(chosen), str(tmp_path / "runs")))
    holder.start()
    while not runs(tmp_path / "runs"):
        time.sleep(0.01)
    os.kill(holder.pid, signal.SIGKILL)
    landed = cache.single_flight("k", counted(tmp_path / "runs", 0), ttl_s=60, wait_s=10)
    holder.join()
    assert landed.rung == "built"
    assert runs(tmp_path / "runs") == 2


def test_locks_of_the_dead_are_swept_and_those_of_the_living_stay(on_disk, tmp_path):
    folder = on_disk.data_dir / "cache" / "locks"
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(cache.single_flight, "k", lambda: stop.wait(30) and make_entry(), ttl_s=60)
        servers.wait_for(lambda: next(folder.iterdir()), "lock")
        (folder / "dead").touch()
        for path in folder.iterdir():
            os.utime(path, (0, 0))
        cache.sweep()
        assert len(list(folder.iterdir())) == 1
        assert not (folder / "dead").exists()
        stop.set()
    assert list(folder.iterdir()) == []


def test_a_holder_that_slept_too_long_does_not_overwrite_its_successor(on_redis, monkeypatch):
    stop = threading.Event()
    monkeypatch.setattr("dashapp.cache.gate.RedisGate.renew", lambda *_: False)
    sleeper = ThreadPoolExecutor(1)
    slept = sleeper.submit(
        cache.single_flight, "k", lambda: stop.wait(20) and make_entry("old"), ttl_s=60
    )
    time.sleep(0.1)
    asleep, awake = cache._made, None
    cache._made = awake
    assert value_of(cache.single_flight("k", lambda: make_entry("new"), ttl_s=60).entry) == "new"
    stop.set()
    assert value_of(slept.result().entry) == "old"  # Its own viewer has a right answer anyway.
    sleeper.shutdown()
    asleep.link.close()
    cache.reset()
    assert value_of(cache.results().get("k").entry) == "new"


def fly_threads(count, build, **options):
    barrier = threading.Barrier(count)

    def fly(_):
        barrier.wait()
        try:
            return cache.single_flight("k", build, **options)
        except AppError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(fly, range(count)))


def test_fifty_threads_build_once(chosen, tmp_path):
    found = fly_threads(50, counted(tmp_path / "runs"), ttl_s=60)
    assert sorted(landed.rung for landed in found) == ["built"] + ["memory"] * 49
    assert runs(tmp_path / "runs") == 1


def test_threads_share_even_what_is_not_kept(chosen, tmp_path):
    fly_threads(20, counted(tmp_path / "runs"), ttl_s=0)
    assert runs(tmp_path / "runs") == 1
    fly_threads(1, counted(tmp_path / "runs"), ttl_s=0)
    assert runs(tmp_path / "runs") == 2


def test_each_thread_gets_an_error_of_its_own(chosen, tmp_path):
    error = Invalid("No such column.", {"x": "unknown"}, hint=1)
    found = fly_threads(20, counted(tmp_path / "runs", error=error), ttl_s=60)
    assert runs(tmp_path / "runs") == 1
    assert len({id(e) for e in found}) == 20
    assert {(type(e), e.message, e.fields["x"], e.detail["hint"]) for e in found} == {
        (Invalid, "No such column.", "unknown", 1)
    }


def test_a_failure_is_remembered_for_a_moment_but_not_by_a_forced_ask(chosen, tmp_path):
    failing = counted(tmp_path / "runs", 0, error=QueryFailed("broken"))
    for _ in range(5):
        with pytest.raises(QueryFailed, match="broken"):
            cache.single_flight("k", failing, ttl_s=60)
    assert runs(tmp_path / "runs") == 1
    assert cache.single_flight("k", make_entry, ttl_s=60, force=True).rung == "built"
    assert cache.single_flight("k", failing, ttl_s=60).rung == "memory"


def test_a_bug_is_raised_and_frees_the_lock(chosen):
    with pytest.raises(ZeroDivisionError):
        cache.single_flight("k", lambda: 1 / 0, ttl_s=60)
    assert cache.single_flight("k", make_entry, ttl_s=60, wait_s=5).rung == "built"


def test_who_waited_for_a_cancelled_flight_builds_instead(chosen, tmp_path):
    turn = iter([QueryCancelled("Cancelled."), None])

    def build():
        error = next(turn)
        return counted(tmp_path / "runs", 0.2, error=error)()

    found = fly_threads(6, build, ttl_s=60)
    assert sum(isinstance(f, QueryCancelled) for f in found) == 1
    assert sum(isinstance(f, Landed) for f in found) == 5
    assert runs(tmp_path / "runs") == 2


def test_waiting_ends_at_the_deadline_and_on_a_wish(chosen):
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(cache.single_flight, "k", lambda: stop.wait(30) and make_entry(), ttl_s=60)
        time.sleep(0.1)
        with pytest.raises(QueryTimeout):
            cache.single_flight("k", make_entry, ttl_s=60, wait_s=0.2)
        with pytest.raises(QueryCancelled):
            cache.single_flight("k", make_entry, ttl_s=60, check=cancelled)
        stop.set()


def cancelled():
    raise QueryCancelled("Cancelled.")


def test_a_lock_overwritten_with_garbage_stops_nobody(on_redis):
    client = cache._stores().link._quick
    for spoil in (
        lambda key: client.set(key, b"\x80\x04garbage"),
        lambda key: client.rpush(key, 1),
    ):
        client.flushall()
        spoil("dashapp:lock:k")
        assert cache.single_flight("k", make_entry, ttl_s=60, force=True, wait_s=5).rung == "built"
