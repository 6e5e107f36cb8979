"""Who builds an answer, among all processes: one holder per key, told by a token."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from dashapp.cache.locked import is_locked, locked, release, sweep
from dashapp.cache.redis import Link, RedisUnavailable
from dashapp.cache.store import PREFIX, Shared

LEASE_S = 2.0  # A holder that died is replaced after at most this.
LEASE_MS = int(LEASE_S * 1000)
ORPHAN_S = 60
LOCK = "dashapp:lock:"

# A lock always ends within the lease: what stands there without such an end is no lock.
TAKE = """
local left = redis.call('pttl', KEYS[1])
if left > 0 and left <= tonumber(ARGV[2]) then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
HOLDER = """
local left = redis.call('pttl', KEYS[1])
if left <= 0 or left > tonumber(ARGV[1]) then return false end
local token = redis.pcall('get', KEYS[1])
return type(token) == 'string' and token or false
"""
RENEW = """
if redis.call('get', KEYS[1]) == ARGV[1] then
  return redis.call('pexpire', KEYS[1], ARGV[2])
end
return 0
"""
RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""
# Only who still holds the lock may store: a holder that slept too long has been replaced.
STORE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""


class GateUnavailable(Exception):
    """Nobody can say who builds; build without asking. Never leaves the cache."""


class Gate(Protocol):
    """Exclusive right to build the answer of a key. Raises GateUnavailable."""

    renew_s: float | None

    def take(self, key: str, token: str) -> bool:
        """Become the holder if there is none."""

    def holder(self, key: str) -> str | None:
        """The token of the living holder."""

    def renew(self, key: str, token: str) -> bool:
        """Say that the holder lives; false when somebody took over."""

    def store(self, key: str, token: str, value: bytes, ttl_s: float) -> bool:
        """Share the answer, if `token` still holds; says whether it is shared."""

    def release(self, key: str, token: str) -> None:
        """Let others have it."""


class RedisGate:
    """Locks in Redis with a lease that the holder renews."""

    renew_s: float | None = LEASE_S / 4

    def __init__(self, link: Link, most_bytes: int) -> None:
        self._link = link
        self._most = most_bytes

    def take(self, key: str, token: str) -> bool:
        """Become the holder if there is none."""
        try:
            return bool(self._link.call(lambda c: c.eval(TAKE, 1, LOCK + key, token, LEASE_MS)))
        except RedisUnavailable as error:
            raise GateUnavailable from error

    def holder(self, key: str) -> str | None:
        """The token of the living holder."""
        try:
            found = self._link.call(lambda c: c.eval(HOLDER, 1, LOCK + key, LEASE_MS))
        except RedisUnavailable as error:
            raise GateUnavailable from error
        return found.decode(errors="replace") if found is not None else None

    def renew(self, key: str, token: str) -> bool:
        """Say that the holder lives; false when somebody took over."""
        try:
            return bool(self._link.call(lambda c: c.eval(RENEW, 1, LOCK + key, token, LEASE_MS)))
        except RedisUnavailable:
            return True  # Perhaps it comes back before the lease ends.

    def store(self, key: str, token: str, value: bytes, ttl_s: float) -> bool:
        """Share the answer, if `token` still holds; says whether it is shared."""
        if len(value) > self._most:
            return False
        names, life = (LOCK + key, PREFIX + key), max(1, int(ttl_s * 1000))
        try:
            return bool(
                self._link.call(lambda c: c.eval(STORE, 2, *names, token, value, life), len(value))
            )
        except RedisUnavailable:
            return False

    def release(self, key: str, token: str) -> None:
        """Let others have it."""
        with suppress(RedisUnavailable):
            self._link.call(lambda c: c.eval(RELEASE, 1, LOCK + key, token))


class FileGate:
    """Locks on files, which the system releases when their holder dies."""

    renew_s: float | None = None

    def __init__(self, folder: Path, shared: Shared) -> None:
        self._folder = folder
        self._shared = shared
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, key: str, token: str) -> bool:
        """Become the holder if there is none."""
        path = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = locked(path)
        except OSError as error:
            raise GateUnavailable from error
        if handle is None:
            return False
        os.truncate(handle, 0)
        os.pwrite(handle, token.encode(), 0)
        with self._lock:
            self._held[token] = handle
        return True

    def holder(self, key: str) -> str | None:
        """The token of the living holder."""
        path = self._path(key)
        try:
            return path.read_text() if is_locked(path) else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GateUnavailable from error

    def renew(self, key: str, token: str) -> bool:
        """Always true: the system knows who lives."""
        return True

    def store(self, key: str, token: str, value: bytes, ttl_s: float) -> bool:
        """Share the answer; says whether it is shared."""
        return self._shared.write(key, value, ttl_s)

    def release(self, key: str, token: str) -> None:
        """Let others have it."""
        with self._lock:
            handle = self._held.pop(token, None)
        if handle is not None:
            with suppress(OSError):
                self._path(key).unlink()
            release(handle)

    def sweep(self) -> None:
        """Delete the locks of holders that died."""
        with suppress(OSError):
            for path in self._folder.iterdir():
                sweep(path, lambda p: p.stat().st_mtime < time.time() - ORPHAN_S)

    def _path(self, key: str) -> Path:
        return self._folder / blake2b(key.encode(), digest_size=24).hexdigest()
