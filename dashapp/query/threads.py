"""Threads that ask one database, given to questions in the order of `warehouses.turns`.

Forty questions of one page, or of warming, hold up nobody else's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from dashapp.warehouses.turns import Line, Turn

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """At most `count` threads; background work never has all of them."""

    def __init__(self, count: int, name: str) -> None:
        self._line: Line[Callable[[], None]] = Line(count)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(count, name)

    def submit(
        self, turn: Turn, work: Callable[P, T], *args: P.args, **more: P.kwargs
    ) -> Future[T]:
        """Do the work in a thread when its turn comes."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work(*args, **more))
            except BaseException as error:  # noqa: BLE001
                future.set_exception(error)

        with self._lock:
            self._line.join(run, turn)
        self._pool.submit(self._work)
        return future

    def _work(self) -> None:
        """Do whatever is next, until nothing may be done; who ends a turn calls the next."""
        while True:
            with self._lock:
                place = self._line.call()
            if place is None:
                return
            try:
                place.item()
            finally:
                with self._lock:
                    self._line.leave(place)
