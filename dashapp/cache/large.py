"""Answers too large for the shared store: files that all processes of a machine map into memory.

The shared store has a pointer, sealed like every answer: the name of the file and the MAC of its
content, which each process checks once. A machine that has no such file has no such answer.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from dashapp.cache.entry import Entry

LEAST_BYTES = 32 * 1024 * 1024  # Of an answer in memory; smaller ones go into the shared store.
MARK = b"dashapp-large"
ORPHAN_S = 600
PART = ".part"


class Large:
    """Files of Arrow IPC in a folder, uncompressed, so that they are used where they lie."""

    def __init__(self, folder: Path, limit_bytes: int, secret: bytes) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._secret = secret

    def write(self, entry: Entry, ttl_s: float) -> Entry | None:
        """Keep an answer's table in a file for `ttl_s` seconds: what to share instead of it.

        None if it cannot be kept.
        """
        if entry.table.nbytes * 2 > self._limit:
            return None
        name = secrets.token_hex(16)
        part = self._folder / f"{name}{PART}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with (
                pa.OSFile(str(part), "wb") as sink,
                pa.ipc.new_file(sink, entry.table.schema) as out,
            ):
                out.write_table(entry.table)
            mac = self._mac(part)
            now = time.time()
            os.utime(part, (now, now + ttl_s))
            part.replace(self._folder / name)
        except (OSError, pa.ArrowException):
            with suppress(OSError):
                part.unlink()
            return None
        about = {MARK: f"{name}:{mac}".encode()}
        empty = entry.table.slice(0, 0).select([]).replace_schema_metadata(about)
        return replace(entry, table=empty)

    def read(self, pointer: Entry) -> Entry | None:
        """The answer behind what `write` gave; None where its file is gone or is another one."""
        name, _, mac = (pointer.table.schema.metadata or {})[MARK].decode().partition(":")
        try:
            with pa.memory_map(str(self._folder / Path(name).name)) as file:
                content = file.read_buffer()
            if not hmac.compare_digest(mac, self._digest(content)):
                return None
            table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
        except (OSError, pa.ArrowException):
            return None
        return replace(pointer, table=table)

    def sweep(self) -> None:
        """Delete what expired, and the oldest beyond the limit."""
        now, kept = time.time(), []
        with suppress(OSError):
            for path in self._folder.iterdir():
                with suppress(OSError):
                    stat = path.stat()
                    is_over = stat.st_mtime < (now - ORPHAN_S if path.suffix == PART else now)
                    if is_over:
                        path.unlink()
                    else:
                        kept.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= self._limit:
                return
            with suppress(OSError):
                path.unlink()
            total -= size

    def _mac(self, path: Path) -> str:
        with pa.memory_map(str(path)) as file:
            return self._digest(file.read_buffer())

    def _digest(self, content: pa.Buffer) -> str:
        return hmac.new(self._secret, memoryview(content), sha256).hexdigest()


def is_pointer(entry: Entry) -> bool:
    """Whether an entry only says where its answer is."""
    return MARK in (entry.table.schema.metadata or {})
