"""Slots of a database: a bound on queries at once, given in the order of `turns`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dashapp.warehouses.running import Running
from dashapp.warehouses.turns import Line, Place


@dataclass(eq=False)
class _Waiter:
    """A query at the door, and what wakes its thread."""

    running: Running
    bell: threading.Event = field(default_factory=threading.Event)


class Slots:
    """At most `count` queries at once on one database; the others wait, deadline counting.

    Slots are those of one process: a process that dies takes nobody's slot along.
    """

    def __init__(self, count: int) -> None:
        self._line: Line[_Waiter] = Line(count)
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """Slots that nobody has."""
        return self._line.free

    @property
    def waiting(self) -> int:
        """Queries that wait."""
        return len(self._line.waiting)

    @contextmanager
    def hold(self, running: Running) -> Iterator[None]:
        """A slot for the block. Raises QueryTimeout or QueryCancelled while waiting."""
        with self._lock:
            place = self._line.join(_Waiter(running), running.turn)
            self._call()
        try:
            if not place.is_up:
                self._wait(place)
            yield
        finally:
            with self._lock:
                self._line.leave(place)
                self._call()

    def _wait(self, place: Place[_Waiter]) -> None:
        running, bell = place.item.running, place.item.bell
        running.arm(bell.set)
        running.urge_by(lambda: self._urge(place))
        try:
            while not place.is_up:
                running.check()
                bell.wait(running.left_s)
                bell.clear()
            running.check()
        finally:
            running.urge_by(None)
            running.disarm()

    def _call(self) -> None:
        while (place := self._line.call()) is not None:
            place.item.bell.set()

    def _urge(self, place: Place[_Waiter]) -> None:
        """Somebody at a page waits for this one too."""
        with self._lock:
            place.is_urged = True
            self._call()
