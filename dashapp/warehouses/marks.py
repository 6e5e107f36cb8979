"""What tells that the data of a database changed, without asking a query."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HEAD_BYTES = 100  # SQLite counts transactions in here, and names the state of a log in its head.


@dataclass(frozen=True)
class Marker:
    """`text` is another one whenever data changed; `since` (UTC) is when it last did."""

    text: str
    since: datetime | None = None


def file_marker(path: str | Path, log: str, *, read_heads: bool = False) -> Marker | None:
    """The marker of a database file and of the log beside it (the path with `log` behind).

    Inode, size and time of change (nanoseconds) of both. Two changes within one tick of the file
    system's clock that leave the size alone differ in their heads, which `read_heads` reads too.
    None where there is no such file. A log without content says nothing.
    """
    parts, last_ns = [], 0
    for name in (str(path), f"{path}{log}"):
        try:
            found = os.stat(name)
            head = _head(name) if read_heads and found.st_size else b""
        except OSError:
            found, head = None, b""
        if found is not None and found.st_size:
            parts += [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, head.hex()]
            last_ns = max(last_ns, found.st_mtime_ns)
        elif name == str(path):
            return None
    text = ":".join(map(str, parts))
    return Marker(text, datetime.fromtimestamp(last_ns // 1_000_000 / 1000, UTC))


def _head(name: str) -> bytes:
    with open(name, "rb", buffering=0) as file:
        return file.read(HEAD_BYTES)
