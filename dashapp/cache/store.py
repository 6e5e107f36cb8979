"""Kept answers: process memory first, then what all processes share (Redis or disk)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from dashapp.cache.disk import Disk
from dashapp.cache.entry import Entry, decode, encode
from dashapp.cache.large import LEAST_BYTES, Large, is_pointer
from dashapp.cache.memory import Memory
from dashapp.cache.redis import Link, RedisUnavailable
from dashapp.cache.seal import HEAD_BYTES, head, seal, unseal

Rung = Literal["memory", "redis", "disk"]
MOST_BYTES = 64 * 1024 * 1024  # Of one encoded entry; larger ones stay in process memory.
RECHECK_S = 1.0  # How long another process's newer answer may go unnoticed.
PREFIX = "dashapp:r:"


class Shared(Protocol):
    """What processes share: bytes by key, with an end. Never raises: failing is missing."""

    rung: Literal["redis", "disk"]

    def read(self, keys: list[str]) -> list[bytes | None]:
        """The value of each key."""

    def heads(self, keys: list[str]) -> list[bytes | None]:
        """The first bytes of each value."""

    def write(self, key: str, value: bytes, ttl_s: float) -> bool:
        """Keep a value; says whether it is kept."""

    def delete(self, key: str) -> None:
        """Forget a value."""


class SharedDisk(Disk):
    """Answers on disk."""

    rung: Literal["redis", "disk"] = "disk"


class SharedRedis:
    """Answers in Redis."""

    rung: Literal["redis", "disk"] = "redis"

    def __init__(self, link: Link, most_bytes: int) -> None:
        self._link = link
        self._most = most_bytes

    def read(self, keys: list[str]) -> list[bytes | None]:
        """The value of each key; a value that is too large or of another type is none."""
        return self._read(keys, 0)

    def heads(self, keys: list[str]) -> list[bytes | None]:
        """The first bytes of each value."""
        return self._read(keys, HEAD_BYTES)

    def write(self, key: str, value: bytes, ttl_s: float) -> bool:
        """Keep a value; says whether it is kept."""
        if len(value) > self._most or ttl_s <= 0:
            return False
        try:
            self._link.call(
                lambda client: client.set(PREFIX + key, value, px=max(1, int(ttl_s * 1000))),
                len(value),
            )
        except RedisUnavailable:
            return False
        return True

    def delete(self, key: str) -> None:
        """Forget a value."""
        try:
            self._link.call(lambda client: client.delete(PREFIX + key))
        except RedisUnavailable:
            return

    def _read(self, keys: list[str], count: int) -> list[bytes | None]:
        try:
            return self._link.read([PREFIX + key for key in keys], self._most, count)
        except RedisUnavailable:
            return [None] * len(keys)


@dataclass(frozen=True)
class Found:
    """A kept answer and which rung had it."""

    entry: Entry
    rung: Rung


@dataclass
class _Kept:
    """An entry in memory, the head of its shared copy, and when the two were last compared."""

    entry: Entry
    head: bytes | None
    checked: float


class ResultStore:
    """Answers by key; safe between threads. Broken, foreign and old ones are not there."""

    def __init__(
        self, memory_bytes: int, shared: Shared, secret: bytes, large: Large | None = None
    ) -> None:
        self._memory: Memory[_Kept] = Memory(memory_bytes)
        self._shared = shared
        self._secret = secret
        self._large = large

    def get(self, key: str, max_age_s: float = float("inf")) -> Found | None:
        """The answer kept under `key`, if it is not older than `max_age_s`."""
        return self.get_many({key: max_age_s}).get(key)

    def get_many(self, max_ages_s: dict[str, float]) -> dict[str, Found]:
        """The answers of those keys that have one of at most the given age, in two round trips."""
        now, found = datetime.now(UTC), {}
        kept = {key: at_hand for key in max_ages_s if (at_hand := self._memory.get(key))}
        self._recheck(kept)
        for key, at_hand in kept.items():
            if at_hand.entry.is_fresh(max_ages_s[key], now):
                found[key] = Found(at_hand.entry, "memory")
        missing = [key for key in max_ages_s if key not in found]
        for key, entry in self._fetch(missing).items():
            if entry.is_fresh(max_ages_s[key], now):
                found[key] = Found(entry, self._shared.rung)
        return found

    def put(self, key: str, entry: Entry, ttl_s: float) -> bool:
        """Keep an answer for `ttl_s` seconds; says whether other processes see it. 0: not kept."""
        if ttl_s <= 0:
            return False
        sealed = self.sealed(key, entry.living(ttl_s))
        is_shared = sealed is not None and self._shared.write(key, sealed, ttl_s)
        self.remember(key, entry.living(ttl_s), sealed if is_shared else None)
        return is_shared

    def sealed(self, key: str, entry: Entry) -> bytes | None:
        """The entry as the bytes that are shared under `key`; None when it cannot be shared.

        Those of a large one lead to its file.
        """
        if self._large is not None and entry.table.nbytes >= LEAST_BYTES:
            pointer = self._large.write(entry, _left(entry))
            return None if pointer is None else seal(self._secret, key, encode(pointer))
        if entry.table.nbytes > 16 * MOST_BYTES:
            return None
        sealed = seal(self._secret, key, encode(entry))
        return sealed if len(sealed) <= MOST_BYTES else None

    def remember(self, key: str, entry: Entry, sealed: bytes | None) -> None:
        """Keep an entry in this process; `sealed` is its shared copy."""
        top = head(sealed) if sealed is not None else None
        self._memory.put(key, _Kept(entry, top, time.monotonic()), entry.size_bytes)

    def _map(self, key: str, pointer: Entry, sealed: bytes) -> Entry | None:
        """The answer in a file, which takes no memory of this process alone."""
        entry = self._large.read(pointer) if self._large is not None else None
        if entry is not None:
            self._memory.put(key, _Kept(entry, head(sealed), time.monotonic()), len(sealed))
        return entry

    def at_hand(self, key: str) -> Entry | None:
        """The entry this process remembers, asking nobody else."""
        kept = self._memory.get(key)
        return kept.entry if kept is not None else None

    def delete(self, key: str) -> None:
        """Forget an answer."""
        self._memory.drop(key)
        self._shared.delete(key)

    def _recheck(self, kept: dict[str, _Kept]) -> None:
        """Drop from `kept` what another process has replaced since."""
        now = time.monotonic()
        due = [key for key, at_hand in kept.items() if now - at_hand.checked > RECHECK_S]
        if not due:
            return
        for key, top in zip(due, self._shared.heads(due), strict=True):
            if top is not None and top != kept[key].head:
                self._memory.drop(key)
                del kept[key]
            else:
                kept[key].checked = now

    def _fetch(self, keys: Iterable[str]) -> dict[str, Entry]:
        wanted = list(keys)
        if not wanted:
            return {}
        found = {}
        for key, sealed in zip(wanted, self._shared.read(wanted), strict=True):
            payload = unseal(self._secret, key, sealed) if sealed is not None else None
            entry = decode(payload) if payload is not None else None
            if entry is not None and is_pointer(entry):
                entry = self._map(key, entry, sealed or b"")
            elif entry is not None:
                self.remember(key, entry, sealed)
            if entry is not None:
                found[key] = entry
        return found


def _left(entry: Entry) -> float:
    """Seconds until an entry is forgotten."""
    return 0.0 if entry.until is None else (entry.until - datetime.now(UTC)).total_seconds()
