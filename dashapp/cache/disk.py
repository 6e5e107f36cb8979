"""Bytes by key in a folder that several processes share."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from dashapp.cache.locked import locked, release
from dashapp.cache.seal import HEAD_BYTES

PART = ".part"
ORPHAN_S = 600  # A part that old belongs to a process that died.
TOUCH_S = 30  # Uses closer together than this count as one.
SWEEPS_PER_LIMIT = 16


class Disk:
    """A store of at most about `limit_bytes`; the longest unused goes first.

    A file's modification time is when it expires, its access time when it was last used, so
    that sweeping reads no content. Writing is atomic. A disk that fails is an empty one.
    """

    def __init__(self, folder: Path, limit_bytes: int, most_bytes: int) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._most = min(most_bytes, limit_bytes // 4)
        self._unswept = limit_bytes  # Bytes written here since the last look at the whole.

    def read(self, keys: list[str]) -> list[bytes | None]:
        """The value of each key, if there is one that has not expired."""
        return [self._read(self._path(key), self._most) for key in keys]

    def heads(self, keys: list[str]) -> list[bytes | None]:
        """The first bytes of each value: what tells one value of a key from the next."""
        return [self._read(self._path(key), self._most, HEAD_BYTES) for key in keys]

    def write(self, key: str, value: bytes, ttl_s: float) -> bool:
        """Keep a value for `ttl_s` seconds; says whether it is kept."""
        if len(value) > self._most or ttl_s <= 0:
            return False
        path = self._path(key)
        part = path.with_name(f"{path.name}.{secrets.token_hex(6)}{PART}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(value)
            now = time.time()
            os.utime(part, (now, now + ttl_s))
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink()
            return False
        self._count(len(value))
        return True

    def delete(self, key: str) -> None:
        """Forget a value."""
        with suppress(OSError):
            self._path(key).unlink()

    def sweep(self) -> None:
        """Delete what expired, what dead processes left, and the longest unused over the limit."""
        self._unswept = 0
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = locked(self._folder / "sweep.lock")
        except OSError:
            return
        if handle is None:
            return
        try:
            self._sweep()
        finally:
            release(handle)

    def _sweep(self) -> None:
        now, total, kept = time.time(), 0, []
        for path, stat in self._files():
            is_part = path.endswith(PART)
            if stat.st_mtime < (now - ORPHAN_S if is_part else now):
                _unlink(path)
            elif not is_part:
                total += stat.st_size
                kept.append((stat.st_atime, stat.st_size, path))
        if total <= self._limit:
            return
        for _, size, path in sorted(kept):
            _unlink(path)
            total -= size
            if total <= self._limit * 0.9:
                return

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        for folder in self._folder.iterdir():
            if not folder.is_dir():
                continue
            with os.scandir(folder) as found:
                for file in found:
                    with suppress(OSError):
                        yield file.path, file.stat()

    def _count(self, size: int) -> None:
        self._unswept += size
        if self._unswept * SWEEPS_PER_LIMIT > self._limit:
            self.sweep()

    def _path(self, key: str) -> Path:
        name = blake2b(key.encode(), digest_size=24).hexdigest()
        return self._folder / name[:2] / name

    @staticmethod
    def _read(path: Path, most: int, count: int = -1) -> bytes | None:
        try:
            with path.open("rb") as file:
                stat, now = os.fstat(file.fileno()), time.time()
                if stat.st_mtime <= now or stat.st_size > most:
                    return None
                value = file.read(count)
                if now - stat.st_atime > TOUCH_S:
                    os.utime(file.fileno(), (now, stat.st_mtime))
                return value
        except OSError:
            return None


def _unlink(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
