"""What is kept between questions: answers, files, flags; shared by Redis or the data folder.

Built from `settings()` on first use; other settings get other stores.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from dashapp.cache.entry import Entry
from dashapp.cache.failures import Failures
from dashapp.cache.files import DiskFiles, FileLost, FileStore, RedisFiles
from dashapp.cache.flags import DiskFlags, Flags, RedisFlags
from dashapp.cache.flight import Ask, Flights, Landed
from dashapp.cache.gate import FileGate, RedisGate
from dashapp.cache.large import Large
from dashapp.cache.memory import Memory
from dashapp.cache.redis import Link
from dashapp.cache.seal import derived_key
from dashapp.cache.store import MOST_BYTES, Found, ResultStore, SharedDisk, SharedRedis
from dashapp.settings import Settings, settings

__all__ = [
    "Entry",
    "FileLost",
    "FileStore",
    "Flags",
    "Found",
    "Landed",
    "Memory",
    "ResultStore",
    "derived_key",
    "files",
    "flags",
    "reset",
    "results",
    "single_flight",
    "sweep",
]

MB = 1024 * 1024


@dataclass
class _Stores:
    """All stores of one set of settings."""

    made_for: Settings
    link: Link | None
    results: ResultStore
    flights: Flights
    files: FileStore
    flags: Flags
    sweepers: tuple[Callable[[], None], ...]


def results() -> ResultStore:
    """Kept answers: process memory, then Redis or disk."""
    return _stores().results


def files() -> FileStore:
    """Finished files, such as exports, kept for `export_ttl_s`."""
    return _stores().files


def flags() -> Flags:
    """Tiny facts that all processes see."""
    return _stores().flags


def single_flight(
    key: str,
    build: Callable[[], Entry],
    *,
    ttl_s: float,
    max_age_s: float | None = None,
    wait_s: float = 60,
    force: bool = False,
    check: Callable[[], None] | None = None,
) -> Landed:
    """The answer of `key`, built by one of all who ask at once, and kept for `ttl_s` seconds.

    A kept one will do up to the age of `max_age_s` (`ttl_s` by default); `force` takes none, but
    joins a build under way. Others wait up to `wait_s` seconds (then QueryTimeout), calling
    `check` now and then, which may raise. What `build` raises is raised to all who wait; an
    AppError also for the next three seconds, except QueryCancelled, upon which one who waits
    builds instead. With `ttl_s` 0 nothing is kept and only the threads of this process share.
    """
    deadline = time.monotonic() + wait_s
    age = ttl_s if max_age_s is None else max_age_s
    ask = Ask(key, build, ttl_s, age, force, deadline, check or _nothing)
    return _stores().flights.fly(ask)


def sweep() -> None:
    """Delete from the data folder what expired and what dead processes left; now and then."""
    for sweeper in _stores().sweepers:
        sweeper()


def reset() -> None:
    """Drop all stores of this process (not what they keep elsewhere); the next use makes new ones."""
    global _made
    with _lock:
        if _made is not None and _made.link is not None:
            _made.link.close()
        _made = None


_made: _Stores | None = None
_lock = threading.Lock()


def _stores() -> _Stores:
    global _made
    chosen, made = settings(), _made
    if made is not None and made.made_for is chosen:
        return made
    with _lock:
        if _made is None or _made.made_for is not chosen:
            if _made is not None and _made.link is not None:
                _made.link.close()
            _made = _make(chosen)
        return _made


def _make(chosen: Settings) -> _Stores:
    if chosen.redis_url is not None:
        return _on_redis(chosen, Link(chosen.redis_url.get_secret_value()))
    return _on_disk(chosen)


def _on_redis(chosen: Settings, link: Link) -> _Stores:
    secret = derived_key(chosen.key, "results")
    shared = SharedRedis(link, MOST_BYTES)
    large = _large(chosen)
    store = ResultStore(chosen.cache_memory_mb * MB, shared, secret, large)
    parts = DiskFiles(chosen.data_dir / "files", chosen.export_ttl_s)
    return _Stores(
        made_for=chosen,
        link=link,
        results=store,
        flights=Flights(store, RedisGate(link, MOST_BYTES), Failures(shared, secret)),
        files=RedisFiles(link, parts, chosen.export_ttl_s, secret),
        flags=RedisFlags(link),
        sweepers=(parts.sweep, large.sweep),
    )


def _on_disk(chosen: Settings) -> _Stores:
    folder = chosen.data_dir / "cache"
    secret = derived_key(chosen.key, "results")
    shared = SharedDisk(folder / "results", chosen.cache_disk_mb * MB, MOST_BYTES)
    large = _large(chosen)
    store = ResultStore(chosen.cache_memory_mb * MB, shared, secret, large)
    gate = FileGate(folder / "locks", shared)
    kept = DiskFiles(chosen.data_dir / "files", chosen.export_ttl_s)
    raised = DiskFlags(folder / "flags")
    return _Stores(
        made_for=chosen,
        link=None,
        results=store,
        flights=Flights(store, gate, Failures(shared, secret)),
        files=kept,
        flags=raised,
        sweepers=(shared.sweep, large.sweep, gate.sweep, kept.sweep, raised.sweep),
    )


def _large(chosen: Settings) -> Large:
    """Files of large answers, on this machine."""
    secret = derived_key(chosen.key, "large")
    return Large(chosen.data_dir / "cache" / "large", chosen.cache_disk_mb * MB, secret)


def _nothing() -> None:
    return None


def _after_fork() -> None:
    """A child shares no sockets, locks and flights with its parent."""
    global _made, _lock
    _made, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
