"""Single flight: of all who ask the same at once, one builds and the others wait for it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from dashapp.cache.entry import Entry
from dashapp.cache.failures import Failures, again
from dashapp.cache.gate import Gate, GateUnavailable
from dashapp.cache.store import ResultStore
from dashapp.errors import AppError, QueryCancelled, QueryTimeout

log = logging.getLogger(__name__)
FIRST_PAUSE_S, LAST_PAUSE_S = 0.005, 0.05
JOIN_PAUSE_S = 0.1


@dataclass(frozen=True)
class Landed:
    """An answer and who gave it; "built" when the caller's own `build` did."""

    entry: Entry
    rung: Literal["memory", "redis", "disk", "built"]


@dataclass(frozen=True)
class Ask:
    """One caller's wish: see `Flights.fly`."""

    key: str
    build: Callable[[], Entry]
    ttl_s: float
    max_age_s: float
    force: bool
    deadline: float
    check: Callable[[], None]

    def wait(self, seconds: float) -> float:
        """Time to sleep before looking again. Raises QueryTimeout, and what `check` raises."""
        self.check()
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise QueryTimeout(
                "The same query is still running for somebody else; try again in a moment."
            )
        return min(seconds, left)


@dataclass
class _Call:
    """A flight of this process that other threads may join."""

    over: threading.Event = field(default_factory=threading.Event)
    landed: Landed | None = None
    error: BaseException | None = None


class Flights:
    """The flights of this process; other processes are met at the gate."""

    def __init__(self, store: ResultStore, gate: Gate, failures: Failures) -> None:
        self._store = store
        self._gate = gate
        self._failures = failures
        self._lock = threading.Lock()
        self._calls: dict[tuple[str, bool], _Call] = {}

    def fly(self, ask: Ask) -> Landed:
        """The answer of `ask.key`, kept, awaited or built.

        A forced ask takes no answer that was there before it, but joins a flight under way. A
        failure is told to all who wait and, for three seconds, to who comes next; a cancelled
        flight is nobody's failure but its own: one who waits takes over.
        """
        while True:
            call, leads = self._join(ask)
            if leads:
                return self._lead(ask, call)
            landed = self._wait(ask, call)
            if landed is not None:
                return landed

    def _join(self, ask: Ask) -> tuple[_Call, bool]:
        with self._lock:
            call = self._calls.get((ask.key, ask.force))
            if call is not None:
                return call, False
            call = self._calls[ask.key, ask.force] = _Call()
            return call, True

    def _lead(self, ask: Ask, call: _Call) -> Landed:
        try:
            call.landed = self._travel(ask)
            return call.landed
        except BaseException as error:
            call.error = error
            raise
        finally:
            with self._lock:
                del self._calls[ask.key, ask.force]
            call.over.set()

    def _wait(self, ask: Ask, call: _Call) -> Landed | None:
        """What the leading thread brings; None when it does not suit us."""
        while not call.over.wait(ask.wait(JOIN_PAUSE_S)):
            pass
        if call.landed is not None:
            return replace(call.landed, rung="memory") if _suits(call.landed, ask) else None
        error = call.error
        if isinstance(error, QueryCancelled) or not isinstance(error, Exception):
            return None
        raise again(error) if isinstance(error, AppError) else error

    def _travel(self, ask: Ask) -> Landed:
        if ask.ttl_s <= 0:
            return Landed(ask.build(), "built")
        try:
            return self._queue(ask)
        except GateUnavailable:
            return self._alone(ask)

    def _queue(self, ask: Ask) -> Landed:
        """Wait for whoever builds; build when nobody does."""
        token, seen, pause = secrets.token_hex(16), set[str](), FIRST_PAUSE_S
        holder: str | None = None
        while True:
            if holder is None and self._gate.take(ask.key, token):
                return self._hold(ask, token, seen)
            before, holder = holder, self._gate.holder(ask.key)
            if holder is not None:
                seen.add(holder)
            if before is not None and holder != before:
                landed = self._landed(ask, seen)
                if landed is not None:
                    return landed
            time.sleep(ask.wait(pause))
            pause = min(pause * 1.5, LAST_PAUSE_S)

    def _landed(self, ask: Ask, seen: set[str]) -> Landed | None:
        """What is there by now, if this ask may take it: a forced one only from flights it saw."""
        found = self._store.get(ask.key)
        if found is not None:
            landed = Landed(found.entry, found.rung)
            if found.entry.flight in seen or (not ask.force and _suits(landed, ask)):
                return landed
        failure = self._failures.look(ask.key)
        if failure is None or (ask.force and failure.flight not in seen):
            return None
        if failure.error is not None:
            raise failure.error
        return self._alone(ask)

    def _hold(self, ask: Ask, token: str, seen: set[str]) -> Landed:
        try:
            # Somebody may have landed between our last look and our taking the lock.
            landed = self._landed(ask, seen)
            return landed if landed is not None else self._build(ask, token)
        finally:
            with suppress(GateUnavailable):
                self._gate.release(ask.key, token)

    def _build(self, ask: Ask, token: str) -> Landed:
        try:
            with self._alive(ask.key, token):
                entry = replace(ask.build(), flight=token).living(ask.ttl_s)
                sealed = self._store.sealed(ask.key, entry)
                is_shared = sealed is not None and self._gate.store(
                    ask.key, token, sealed, ask.ttl_s
                )
        except QueryCancelled:
            raise
        except AppError as error:
            self._failures.note(ask.key, token, error)
            raise
        if not is_shared:
            self._failures.note(ask.key, token, None)
        self._store.remember(ask.key, entry, sealed if is_shared else None)
        return Landed(entry, "built")

    def _alone(self, ask: Ask) -> Landed:
        """Build for this process only."""
        entry = replace(ask.build(), flight=secrets.token_hex(16)).living(ask.ttl_s)
        self._store.remember(ask.key, entry, None)
        return Landed(entry, "built")

    @contextmanager
    def _alive(self, key: str, token: str) -> Iterator[None]:
        """Keep the lock while the block runs."""
        over = threading.Event()
        every = self._gate.renew_s

        def beat() -> None:
            while not over.wait(every) and self._gate.renew(key, token):
                pass

        thread = threading.Thread(target=beat, name="dashapp-lease", daemon=True)
        if every is not None:
            thread.start()
        try:
            yield
        finally:
            over.set()


def _suits(landed: Landed, ask: Ask) -> bool:
    """Whether an answer is fresh enough for who asks; a new one always is."""
    return landed.rung == "built" or landed.entry.is_fresh(ask.max_age_s, datetime.now(UTC))
