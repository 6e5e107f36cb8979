"""Cancelling questions by id, in whichever process they are answered."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dashapp import cache
from dashapp.errors import QueryCancelled
from dashapp.warehouses import running

POLL_S = 0.25
WISH_TTL_S = 60
_FLAG = "cancel:"


@dataclass
class Watched:
    """One question under way; `warehouse_id` is the id of its queries in the warehouse."""

    query_id: str | None
    before: str | None = None  # The latest wish when it began, which is not meant for it.
    warehouse_id: str = field(default_factory=lambda: secrets.token_hex(16))
    is_cancelled: bool = False

    def check(self) -> None:
        """Raise QueryCancelled once somebody wished so."""
        if self.is_cancelled:
            raise QueryCancelled("The query was cancelled.")

    def stop(self) -> None:
        """Stop its queries, and those that it would still begin."""
        self.is_cancelled = True
        running.cancel(self.warehouse_id)


class Watch:
    """All questions of this process that have an id, and the thread that looks for wishes."""

    def __init__(self) -> None:
        self._all: list[Watched] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, watched: Watched) -> None:
        """Look for wishes to cancel this one from now on."""
        with self._changed:
            self._all.append(watched)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="dashapp-cancelling", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def remove(self, watched: Watched) -> None:
        """It is over."""
        with self._changed:
            self._all.remove(watched)

    def of(self, query_id: str) -> list[Watched]:
        """Those under way with this id."""
        with self._changed:
            return [watched for watched in self._all if watched.query_id == query_id]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._all)
                found = list(self._all)
            for watched in found:
                wish = cache.flags().get(f"{_FLAG}{watched.query_id}")
                if wish is not None and wish != watched.before:
                    watched.stop()
            _pause.wait(POLL_S)


_watch = Watch()
_pause = threading.Event()


@contextmanager
def watching(query_id: str | None) -> Iterator[Watched]:
    """A question under way, which `cancel(query_id)` stops from any process; None: never."""
    if query_id is None:
        yield Watched(None)
        return
    watched = Watched(query_id, cache.flags().get(_FLAG + query_id))
    _watch.add(watched)
    try:
        yield watched
    finally:
        _watch.remove(watched)


def cancel(query_id: str) -> bool:
    """Stop every question of that id that is under way anywhere; whether one was in this process.

    Other processes notice within a quarter of a second. What is asked later is not meant.
    """
    found = _watch.of(query_id)
    cache.flags().set(_FLAG + query_id, WISH_TTL_S, secrets.token_hex(8))
    for watched in found:
        watched.stop()
    return bool(found)


def _forget() -> None:
    """In a forked child none of the parent's questions are under way."""
    global _watch, _pause
    _watch, _pause = Watch(), threading.Event()


os.register_at_fork(after_in_child=_forget)
