"""Tiny facts with an end that all processes see: cancel wishes, counters of rate limits."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from dashapp.cache.locked import locked, release, sweep
from dashapp.cache.redis import Link, RedisUnavailable

PREFIX = "dashapp:flag:"
SWEEP_EVERY_S = 300
MOST_BYTES = 1000  # Of the text on a flag.
# The end is set by the first count alone: a window does not move with every try.
INCREMENT = """
local value = redis.call('incr', KEYS[1])
if redis.call('pttl', KEYS[1]) < 0 then redis.call('pexpire', KEYS[1], ARGV[1]) end
return value
"""
# Of all who claim at once the first one's text stays.
CLAIM = """
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end
return redis.call('get', KEYS[1])
"""


class Flags(Protocol):
    """Facts by key. Never raises: what could not be shared is kept in this process."""

    def set(self, key: str, ttl_s: float, value: str = "1") -> None:
        """Raise a flag for `ttl_s` seconds, with a short text on it."""

    def get(self, key: str) -> str | None:
        """The text on a flag (of a counter: its count); None when it is not raised."""

    def has(self, key: str) -> bool:
        """Whether the flag is raised."""

    def claim(self, key: str, ttl_s: float, value: str) -> str:
        """The text on the flag: `value` if nobody has raised it, for `ttl_s` seconds then."""

    def increment(self, key: str, ttl_s: float) -> int:
        """Count one more; the first count starts a window of `ttl_s` seconds."""

    def clear(self, key: str) -> None:
        """Lower a flag, or start a counter anew."""


class LocalFlags:
    """Flags of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, float]] = {}

    def set(self, key: str, ttl_s: float, value: str = "1") -> None:
        """Raise a flag for `ttl_s` seconds, with a short text on it."""
        with self._lock:
            self._sweep()
            self._kept[key] = (value, time.monotonic() + ttl_s)

    def get(self, key: str) -> str | None:
        """The text on a flag; None when it is not raised."""
        value, end = self._kept.get(key, ("", 0.0))
        return value if end > time.monotonic() else None

    def has(self, key: str) -> bool:
        """Whether the flag is raised."""
        return self.get(key) is not None

    def claim(self, key: str, ttl_s: float, value: str) -> str:
        """The text on the flag: `value` if nobody has raised it, for `ttl_s` seconds then."""
        now = time.monotonic()
        with self._lock:
            self._sweep()
            return self._kept.setdefault(key, (value, now + ttl_s))[0]

    def increment(self, key: str, ttl_s: float) -> int:
        """Count one more; the first count starts a window of `ttl_s` seconds."""
        now = time.monotonic()
        with self._lock:
            self._sweep()
            text, end = self._kept.get(key, ("0", now + ttl_s))
            count = int(text) + 1
            self._kept[key] = (str(count), end)
            return count

    def clear(self, key: str) -> None:
        """Lower a flag, or start a counter anew."""
        with self._lock:
            self._kept.pop(key, None)

    def _sweep(self) -> None:
        now = time.monotonic()
        for key in [key for key, (_, end) in self._kept.items() if end <= now]:
            del self._kept[key]


class RedisFlags:
    """Flags in Redis; while it is away, those of this process."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._local = LocalFlags()

    def set(self, key: str, ttl_s: float, value: str = "1") -> None:
        """Raise a flag for `ttl_s` seconds, with a short text on it."""
        try:
            self._link.call(lambda c: c.set(PREFIX + key, value, px=max(1, int(ttl_s * 1000))))
        except RedisUnavailable:
            self._local.set(key, ttl_s, value)
        else:
            self._local.clear(key)

    def get(self, key: str) -> str | None:
        """The text on a flag; None when it is not raised."""
        try:
            found = self._link.read([PREFIX + key], MOST_BYTES)[0]
        except RedisUnavailable:
            found = None
        return self._local.get(key) if found is None else found.decode(errors="replace")

    def has(self, key: str) -> bool:
        """Whether the flag is raised."""
        return self.get(key) is not None

    def claim(self, key: str, ttl_s: float, value: str) -> str:
        """The text on the flag: `value` if nobody has raised it, for `ttl_s` seconds then."""
        life = max(1, int(ttl_s * 1000))
        try:
            found: bytes = self._link.call(lambda c: c.eval(CLAIM, 1, PREFIX + key, value, life))
        except RedisUnavailable:
            return self._local.claim(key, ttl_s, value)
        return found.decode(errors="replace")

    def increment(self, key: str, ttl_s: float) -> int:
        """Count one more; the first count starts a window of `ttl_s` seconds."""
        here = self._local.increment("count:" + key, ttl_s)
        life = max(1, int(ttl_s * 1000))
        try:
            return int(self._link.call(lambda c: c.eval(INCREMENT, 1, PREFIX + key, life)))
        except RedisUnavailable:
            return here

    def clear(self, key: str) -> None:
        """Lower a flag, or start a counter anew."""
        self._local.clear(key)
        self._local.clear("count:" + key)
        with suppress(RedisUnavailable):
            self._link.call(lambda c: c.delete(PREFIX + key))


class DiskFlags:
    """Flags as files: the modification time is the end, the content the count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._local = LocalFlags()
        self._swept = time.monotonic()

    def set(self, key: str, ttl_s: float, value: str = "1") -> None:
        """Raise a flag for `ttl_s` seconds, with a short text on it."""
        try:
            handle = self._own(self._path(key))
            try:
                _write(handle, value.encode(), time.time() + ttl_s)
            finally:
                release(handle)
        except OSError:
            self._local.set(key, ttl_s, value)
        else:
            self._local.clear(key)

    def get(self, key: str) -> str | None:
        """The text on a flag; None when it is not raised."""
        path = self._path(key)
        try:
            if path.stat().st_mtime > time.time():
                return path.read_text(errors="replace")
        except OSError:
            pass
        return self._local.get(key)

    def has(self, key: str) -> bool:
        """Whether the flag is raised."""
        return self.get(key) is not None

    def claim(self, key: str, ttl_s: float, value: str) -> str:
        """The text on the flag: `value` if nobody has raised it, for `ttl_s` seconds then."""
        try:
            handle = self._own(self._path(key))
            try:
                return _claimed(handle, ttl_s, value)
            finally:
                release(handle)
        except OSError:
            return self._local.claim(key, ttl_s, value)

    def increment(self, key: str, ttl_s: float) -> int:
        """Count one more; the first count starts a window of `ttl_s` seconds."""
        here = self._local.increment("count:" + key, ttl_s)
        try:
            handle = self._own(self._path(key))
        except OSError:
            return here
        try:
            return _counted(handle, ttl_s)
        except OSError:
            return here
        finally:
            release(handle)

    def clear(self, key: str) -> None:
        """Lower a flag, or start a counter anew."""
        self._local.clear(key)
        self._local.clear("count:" + key)
        with suppress(OSError):
            self._path(key).unlink()

    def sweep(self) -> None:
        """Delete flags whose end has passed."""
        self._swept = time.monotonic()
        with suppress(OSError):
            for path in self._folder.iterdir():
                sweep(path, lambda p: p.stat().st_mtime <= time.time())

    def _own(self, path: Path) -> int:
        """A handle of the flag's file, held alone (for microseconds)."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if time.monotonic() - self._swept > SWEEP_EVERY_S:
            self.sweep()
        while True:
            handle = locked(path)
            if handle is not None:
                return handle
            time.sleep(0.001)

    def _path(self, key: str) -> Path:
        return self._folder / blake2b(key.encode(), digest_size=24).hexdigest()


def _claimed(handle: int, ttl_s: float, value: str) -> str:
    now = time.time()
    text = os.pread(handle, MOST_BYTES, 0) if os.fstat(handle).st_mtime > now else b""
    if text:
        return text.decode(errors="replace")
    _write(handle, value.encode(), now + ttl_s)
    return value


def _counted(handle: int, ttl_s: float) -> int:
    now, end = time.time(), os.fstat(handle).st_mtime
    text = os.pread(handle, 20, 0)
    if end <= now or not text.isdigit():
        _write(handle, b"1", now + ttl_s)
        return 1
    count = int(text) + 1
    _write(handle, b"%d" % count, end)
    return count


def _write(handle: int, text: bytes, end: float) -> None:
    os.pwrite(handle, text, 0)
    os.ftruncate(handle, len(text))
    os.utime(handle, (end, end))
