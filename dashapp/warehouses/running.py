"""Queries under way in this process: deadlines and cancelling."""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from dashapp.errors import AppError, QueryCancelled, QueryTimeout
from dashapp.warehouses.turns import ANYBODY, Turn

Reason = Literal["cancelled", "timeout"]
AGAIN_S = 0.1  # A stop may reach a driver just before the query starts, so it is repeated.


class Running:
    """One query under way. `stop` may be called from any thread; it reaches the database.

    Until `arm` gives it a way to interrupt the driver, stopping is noticed by `check`.
    """

    def __init__(self, query_id: str, timeout_s: float, turn: Turn = ANYBODY) -> None:
        self.query_id = query_id
        self.timeout_s = timeout_s
        self.turn = turn
        self.ends_at = time.monotonic() + timeout_s
        self.reason: Reason | None = None
        self.was_interrupted = False
        self._interrupt: Callable[[], object] | None = None
        self._urge: Callable[[], object] | None = None
        self._lock = threading.Lock()

    @property
    def left_s(self) -> float:
        """Seconds until the deadline, at least a millisecond."""
        return max(0.001, self.ends_at - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether it was cancelled or its time is up."""
        return self.reason is not None or time.monotonic() >= self.ends_at

    def check(self) -> None:
        """Raise QueryCancelled or QueryTimeout once it is over."""
        if self.is_over:
            raise self.error()

    def error(self) -> AppError:
        """What to tell the person whose query was stopped."""
        if self.reason == "cancelled":
            return QueryCancelled("The query was cancelled.")
        return QueryTimeout(f"The query took longer than {self.timeout_s:g} seconds.")

    def arm(self, interrupt: Callable[[], object], *, grace_s: float = 0.0) -> None:
        """Let `interrupt` stop the driver: when cancelled, or `grace_s` after the deadline."""
        with self._lock:
            self.check()
            self._interrupt = interrupt
        _watch.add(self, self.ends_at + grace_s)

    @property
    def is_armed(self) -> bool:
        """Whether there is a driver to interrupt."""
        return self._interrupt is not None

    def disarm(self) -> None:
        """The driver is done; nothing will interrupt it any more."""
        with self._lock:
            self._interrupt = None

    def stop(self, reason: Reason = "cancelled") -> None:
        """Stop the query; the thread that runs it gets QueryCancelled."""
        with self._lock:
            self.reason = self.reason or reason
        _watch.add(self, time.monotonic())

    def urge_by(self, urge: Callable[[], object] | None) -> None:
        """Let `urge` bring it forward while it waits for a slot; None: it waits no more."""
        self._urge = urge

    def urge(self) -> None:
        """Bring it forward if it still waits: somebody at a page wants its answer too."""
        if (urge := self._urge) is not None:
            urge()

    def fire(self) -> bool:
        """Interrupt the driver if the query is still there; whether it was."""
        with self._lock:
            if self._interrupt is None:
                return False
            self.reason = self.reason or "timeout"
            self.was_interrupted = True
            with suppress(Exception):  # A failed try is followed by another.
                self._interrupt()
            return True


class Watch:
    """A thread that interrupts queries at their deadline, or at once when they are stopped."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Running]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, running: Running, at: float) -> None:
        """Interrupt `running` at the monotonic time `at`, and again until it is gone."""
        with self._changed:
            heapq.heappush(self._due, (at, next(self._count), running))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="query-deadlines", daemon=True
                )
                self._thread.start()
            elif self._due[0][2] is running:
                self._changed.notify()

    def _work(self) -> None:
        while True:
            running = self._next()
            if running.is_armed:
                # Interrupting may take a connection to the database, and must not hold up others.
                threading.Thread(target=self._fire, args=(running,), daemon=True).start()

    def _fire(self, running: Running) -> None:
        if running.fire():
            self.add(running, time.monotonic() + AGAIN_S)

    def _next(self) -> Running:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                wait = self._due[0][0] - time.monotonic() if self._due else None
                self._changed.wait(wait)
            return heapq.heappop(self._due)[2]


_watch = Watch()
_running: dict[str, list[Running]] = {}
_lock = threading.Lock()


@contextmanager
def register(query_id: str, timeout_s: float, turn: Turn = ANYBODY) -> Iterator[Running]:
    """A query that `cancel` finds by its id while the block runs."""
    running = Running(query_id, timeout_s, turn)
    with _lock:
        _running.setdefault(query_id, []).append(running)
    try:
        yield running
    finally:
        running.disarm()
        with _lock:
            _running[query_id].remove(running)
            if not _running[query_id]:
                del _running[query_id]


def cancel(query_id: str) -> bool:
    """Stop the query of that id in this process; whether there was one."""
    with _lock:
        found = list(_running.get(query_id, ()))
    for running in found:
        running.stop()
    return bool(found)


def urge(query_id: str) -> None:
    """Bring the query of that id in this process forward, if it waits for a slot."""
    with _lock:
        found = list(_running.get(query_id, ()))
    for running in found:
        running.urge()


def _forget() -> None:
    """In a forked child none of the parent's threads and queries exist."""
    global _watch, _running, _lock
    _watch, _running, _lock = Watch(), {}, threading.Lock()


os.register_at_fork(after_in_child=_forget)
