"""Connections waiting for the next query."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Generic, Protocol, TypeVar


class Closeable(Protocol):
    """Anything that can be closed."""

    def close(self) -> Any:
        """Give up what is held."""


C = TypeVar("C", bound=Closeable)
MAX_AGE_S = 1800.0
_lost: list[object] = []


class Idle(Generic[C]):
    """Last in, first out. Holds at most `size` connections, none older than half an hour.

    After a fork the child starts empty: the parent's connections are neither used nor closed
    there, as closing them would hang up on the parent's server process.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._free: list[tuple[C, float]] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._closed = False

    def take(self) -> tuple[C, float] | None:
        """A connection with the monotonic time of its making, or None if a new one is needed."""
        self._leave_parent()
        while True:
            with self._lock:
                if not self._free:
                    return None
                connection, born = self._free.pop()
            if time.monotonic() - born < MAX_AGE_S:
                return connection, born
            connection.close()

    def give(self, connection: C, born: float) -> None:
        """Keep the connection for the next query, or close it if there are enough."""
        self._leave_parent()
        with self._lock:
            if len(self._free) < self._size and not self._closed:
                self._free.append((connection, born))
                return
        connection.close()

    def close(self) -> None:
        """Close what waits now, and what is given back later."""
        self._leave_parent()
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for connection, _ in free:
            connection.close()

    def _leave_parent(self) -> None:
        if self._pid != os.getpid():
            _lost.append(self._free)
            self._pid, self._free, self._lock = os.getpid(), [], threading.Lock()
