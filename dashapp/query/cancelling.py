"""Cancelling what is no longer wanted, in whichever process it is answered.

An answer under way is *watched* for its askers: tiles of open pages, exports. `cancel` stops what
an asker waits for at once. `leave` (a page was closed) and `supersede` (a tile asks something
else now) only take askers away: when the last one is gone, and nobody else waits for the same
answer, the query is stopped at the database. Wishes reach other processes as flags within a
quarter of a second.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from dashapp import cache
from dashapp.errors import QueryCancelled
from dashapp.query.wishes import Asker, Wish, replacing
from dashapp.warehouses import running
from dashapp.warehouses.turns import ANYBODY, Turn

POLL_S = 0.25
WISH_TTL_S = 60
BUSY_TTL_S = 600
WANTED_TTL_S = 1.5
WANTED_AGAIN_S = 0.5
ELSEWHERE = "*"
_WISH, _BUSY, _WANTED = "cancel:", "busy:", "wanted:"


@dataclass(eq=False)
class Watched:
    """One answer under way; `warehouse_id` is the id of its query in the warehouse."""

    key: str
    askers: set[Asker]
    turn: Turn = ANYBODY
    before: Mapping[str, str] = field(default_factory=dict)  # Wishes older than itself.
    warehouse_id: str = field(default_factory=lambda: secrets.token_hex(16))
    is_cancelled: bool = False
    is_left: bool = False
    is_leading: bool = False  # It asks the warehouse itself, perhaps also for others.

    def check(self) -> None:
        """Raise QueryCancelled once nobody wants it any more."""
        if self.is_cancelled:
            raise QueryCancelled("The query was cancelled.")

    def lead(self) -> None:
        """It asks the warehouse now. Raises QueryCancelled."""
        self.check()
        self.is_leading = True

    def stop(self) -> None:
        """Stop its query, and any that it would still begin."""
        self.is_cancelled = True
        running.cancel(self.warehouse_id)

    def lose(self, gone: Collection[Asker]) -> None:
        """These do not want it any more; without anybody else it is stopped."""
        if not self.askers:
            return
        self.askers = self.askers - set(gone)
        if not self.askers:
            self.is_left = True
            self.look()

    def look(self) -> None:
        """Stop it if it was left and nobody waits; bring it forward if somebody at a page does."""
        if not self.is_leading:
            if self.is_left:
                self.stop()
            return
        if self.is_left or self.turn.is_background:
            waiting = cache.flags().get(_WANTED + self.key)
            if waiting is None and self.is_left:
                self.stop()
            elif waiting == "interactive":
                running.urge(self.warehouse_id)

    def obey(self, name: str, text: str) -> None:
        """Do what somebody wished about the asker or page of that name, unless it is too old."""
        wish = Wish.parse(text)
        concerned = {a for a in self.askers if name in (a.query_id, a.page)}
        if wish.kind == "replace":
            self.lose({a for a in concerned if wish.replaces(a)})
        elif text == self.before.get(name):
            return
        elif wish.kind == "stop":
            self.stop()
        else:
            self.lose(concerned)

    @property
    def names(self) -> set[str]:
        """Ids under which wishes may come."""
        return {name for a in self.askers for name in (a.query_id, a.page) if name}


class Watch:
    """All answers under way in this process, and the thread that looks for wishes."""

    def __init__(self) -> None:
        self._all: list[Watched] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, found: Sequence[Watched]) -> None:
        """Look for wishes about these from now on."""
        with self._changed:
            pages = self.pages()
            self._all.extend(found)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="dashapp-cancelling", daemon=True
                )
                self._thread.start()
            self._changed.notify()
            fresh = self.pages() - pages
        for page in fresh:
            held = cache.flags().get(_BUSY + page)
            here = _process if held in (None, _process) else ELSEWHERE
            cache.flags().set(_BUSY + page, BUSY_TTL_S, here)

    def remove(self, found: Sequence[Watched]) -> None:
        """These are over."""
        with self._changed:
            pages = {a.page for w in found for a in w.askers if a.page}
            self._all = [watched for watched in self._all if watched not in found]
            over = pages - self.pages()
        for page in over:
            if cache.flags().get(_BUSY + page) == _process:
                cache.flags().clear(_BUSY + page)

    def of(self, name: str) -> list[Watched]:
        """Those under way for that asker or page."""
        with self._changed:
            return [watched for watched in self._all if name in watched.names]

    def pages(self) -> set[str]:
        """Pages that wait for something."""
        return {a.page for watched in self._all for a in watched.askers if a.page}

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._all)
                found = list(self._all)
            wishes = {
                name: cache.flags().get(_WISH + name)
                for name in {name for watched in found for name in watched.names}
            }
            for watched in found:
                for name in watched.names:
                    watched.obey(name, wishes.get(name) or "")
                watched.look()
            _pause.wait(POLL_S)


_watch = Watch()
_pause = threading.Event()
_process = secrets.token_hex(8)


@contextmanager
def watching(
    wanted: Mapping[str, tuple[Collection[Asker], Turn]],
) -> Iterator[dict[str, Watched]]:
    """Answers under way by their keys, each for these askers and in that turn.

    One whose askers all want something else by now is cancelled from the start.
    """
    names = {n for askers, _ in wanted.values() for a in askers for n in (a.query_id, a.page) if n}
    before = {name: cache.flags().get(_WISH + name) or "" for name in names}
    found = {key: Watched(key, set(askers), turn, before) for key, (askers, turn) in wanted.items()}
    seen = [watched for watched in found.values() if watched.askers or watched.turn.is_background]
    for watched in seen:
        for name in watched.names:
            watched.obey(name, before[name])
    if seen:
        _watch.add(seen)
    try:
        yield found
    finally:
        if seen:
            _watch.remove(seen)


def cancel(query_id: str) -> bool:
    """Stop every question of that id that is under way anywhere; whether one was in this process.

    Other processes notice within a quarter of a second. What is asked later is not meant.
    """
    return _wish(query_id, Wish("stop"))


def leave(page: str) -> bool:
    """Nobody looks at that page any more: stop what nobody else waits for, anywhere.

    Says whether anything of it was under way in this process.
    """
    return _wish(page, Wish("leave"))


def supersede(page: str, now: Mapping[str, Collection[str]], sequence: int) -> None:
    """The askers (`now`: query ids with the keys of their questions) want this and nothing else.

    What they asked with a lower `sequence` is stopped unless it is among those keys, or somebody
    else waits for it. Costs one look at a flag unless the page waits for something.
    """
    held = cache.flags().get(_BUSY + page)
    if held is None:
        return
    for query_id, keys in now.items():
        wish = replacing(sequence, frozenset(keys)).text()
        if held != _process:
            cache.flags().set(_WISH + query_id, WISH_TTL_S, wish)
        for watched in _watch.of(query_id):
            watched.obey(query_id, wish)


def _wish(name: str, wish: Wish) -> bool:
    found, text = _watch.of(name), wish.text()
    cache.flags().set(_WISH + name, WISH_TTL_S, text)
    for watched in found:
        watched.obey(name, text)
    return bool(found)


@dataclass
class Waiting:
    """What one who waits for somebody else's query does now and then: tell so, and `check`."""

    watched: Watched
    told_at: float = 0.0

    def __call__(self) -> None:
        """Raise QueryCancelled once it is not wanted any more."""
        self.watched.check()
        if time.monotonic() - self.told_at < WANTED_AGAIN_S:
            return
        self.told_at = time.monotonic()
        name, priority = _WANTED + self.watched.key, self.watched.turn.priority
        if priority == "interactive" or not cache.flags().has(name):
            cache.flags().set(name, WANTED_TTL_S, priority)


def _forget() -> None:
    """In a forked child none of the parent's questions are under way."""
    global _watch, _pause, _process
    _watch, _pause, _process = Watch(), threading.Event(), secrets.token_hex(8)


os.register_at_fork(after_in_child=_forget)
