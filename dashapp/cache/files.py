"""Finished files, such as exports: there as a whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from dashapp.cache.locked import locked, release, sweep
from dashapp.cache.redis import Link, RedisUnavailable
from dashapp.cache.seal import HEAD_BYTES, seal, unseal
from dashapp.errors import AppError, NotFound

CHUNK_BYTES = 512 * 1024
PART = ".part"
PREFIX = "dashapp:file:"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class FileLost(AppError):
    """A file could not be kept, or broke off while it was read."""

    code, status = "file_lost", 503


class FileStore(Protocol):
    """Files by name (letters, digits, `.`, `_`, `-`), kept for a fixed time."""

    @contextmanager
    def writer(self, name: str) -> Iterator[BinaryIO]:
        """A seekable file to write to; published when the block ends well, gone otherwise."""

    def open(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotFound at once, FileLost when it breaks off."""

    def size(self, name: str) -> int | None:
        """Bytes of the file; None when there is none."""

    def delete(self, name: str) -> None:
        """Forget a file."""

    def sweep(self) -> None:
        """Delete what expired and what died half written."""


class DiskFiles:
    """Files in a folder that all processes share."""

    def __init__(self, folder: Path, ttl_s: float) -> None:
        self._folder = folder
        self._ttl_s = ttl_s

    @contextmanager
    def writer(self, name: str) -> Iterator[BinaryIO]:
        """A seekable file to write to; published when the block ends well, gone otherwise."""
        target = self._folder / _checked(name)
        with self.part() as (file, part):
            yield file
            file.flush()
            part.replace(target)

    def open(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotFound at once."""
        if self.size(name) is None:
            raise _gone()
        return _chunks(self._folder / name)

    def size(self, name: str) -> int | None:
        """Bytes of the file; None when there is none."""
        try:
            stat = (self._folder / _checked(name)).stat()
        except (OSError, NotFound):
            return None
        return stat.st_size if stat.st_mtime + self._ttl_s > time.time() else None

    def delete(self, name: str) -> None:
        """Forget a file."""
        with suppress(OSError, NotFound):
            (self._folder / _checked(name)).unlink()

    def sweep(self) -> None:
        """Delete what expired and what died half written."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.name.endswith(PART):
                    sweep(path, Path.exists)
                elif path.stat().st_mtime + self._ttl_s <= time.time():
                    path.unlink()

    @contextmanager
    def part(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A new file under a hidden name, deleted in the end unless renamed."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path, handle = self._fresh()
        except OSError as error:
            raise _full() from error
        try:
            with os.fdopen(os.dup(handle), "w+b") as file:
                yield file, path
        except OSError as error:
            raise _full() if error.errno == errno.ENOSPC else error from error
        finally:
            with suppress(OSError):
                path.unlink()
            release(handle)

    def _fresh(self) -> tuple[Path, int]:
        while True:
            path = self._folder / f".{secrets.token_hex(12)}{PART}"
            handle = locked(path)  # Held while we live: a part that nobody holds is an orphan.
            if handle is not None:
                return path, handle


class RedisFiles:
    """Files in Redis, for web servers and workers on different machines."""

    def __init__(self, link: Link, parts: DiskFiles, ttl_s: float, secret: bytes) -> None:
        self._link = link
        self._parts = parts
        self._life_ms = int(ttl_s * 1000)
        self._secret = secret

    @contextmanager
    def writer(self, name: str) -> Iterator[BinaryIO]:
        """A seekable local file to write to; sent to Redis when the block ends well."""
        _checked(name)
        with self._parts.part() as (file, _):
            yield file
            file.flush()
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            self._publish(name, file, size)

    def open(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotFound at once, FileLost when it breaks off."""
        about = self._about(name)
        if about is None:
            raise _gone()
        return self._stream(*about)

    def size(self, name: str) -> int | None:
        """Bytes of the file; None when there is none."""
        about = self._about(name)
        return about[1] if about is not None else None

    def delete(self, name: str) -> None:
        """Forget a file."""
        about = self._about(name)
        if about is not None:
            with suppress(RedisUnavailable):
                self._link.call(lambda c: c.delete(PREFIX + name))
            self._forget(about[0], about[2])

    def sweep(self) -> None:
        """Delete local files that died half written; Redis forgets the rest by itself."""
        self._parts.sweep()

    def _publish(self, name: str, file: BinaryIO, size: int) -> None:
        token, count = secrets.token_hex(12), 0
        try:
            while chunk := file.read(CHUNK_BYTES):
                self._put(f"{token}:{count}", chunk)
                count += 1
            self._put(name, json.dumps([token, size, count]).encode())
        except RedisUnavailable as error:
            self._forget(token, count + 1)
            raise _full() from error

    def _put(self, name: str, payload: bytes) -> None:
        sealed = seal(self._secret, name, payload)
        # Patience for megabytes: losing one chunk loses the export.
        self._link.call(
            lambda c: c.set(PREFIX + name, sealed, px=self._life_ms), size_bytes=CHUNK_BYTES * 4
        )

    def _get(self, name: str) -> memoryview | None:
        sealed = self._link.read([PREFIX + name], CHUNK_BYTES + HEAD_BYTES)[0]
        return unseal(self._secret, name, sealed) if sealed is not None else None

    def _about(self, name: str) -> tuple[str, int, int] | None:
        """Token, size and number of chunks of a published file."""
        try:
            payload = self._get(_checked(name))
        except (RedisUnavailable, NotFound):
            return None
        if payload is None:
            return None
        token, size, count = json.loads(bytes(payload))
        return token, size, count

    def _stream(self, token: str, size: int, count: int) -> Iterator[bytes]:
        for number in range(count):
            try:
                chunk = self._get(f"{token}:{number}")
            except RedisUnavailable:
                chunk = None
            if chunk is None:
                raise _broken()
            yield bytes(chunk)

    def _forget(self, token: str, count: int) -> None:
        with suppress(RedisUnavailable):
            chunks = [f"{PREFIX}{token}:{number}" for number in range(count)]
            self._link.call(lambda c: c.delete(*chunks))


def _checked(name: str) -> str:
    if not NAME.fullmatch(name) or name.endswith(PART):
        raise _gone()
    return name


def _gone() -> NotFound:
    return NotFound("This file is not kept any more; export it again.")


def _broken() -> FileLost:
    return FileLost("The file broke off while it was read; export it again.")


def _full() -> FileLost:
    return FileLost("The file could not be kept, because storage is full or away; try again later.")


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise _broken() from error
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
