"""Where workers leave results, progress and signs of life: SQLite, or Redis.

Both stores are key-value stores of Celery with one addition: `set` takes the seconds after which
a value is gone.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery.backends.base import KeyValueStoreBackend
from celery.backends.redis import RedisBackend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

log = logging.getLogger(__name__)

Key = str | bytes
BUSY_TIMEOUT_S = 10.0
SCHEMA = "create table if not exists kv (k text primary key, v blob, gone_at real) without rowid"


def text(key: Key) -> str:
    """A key as text."""
    return key.decode() if isinstance(key, bytes) else key


class SQLiteResults(KeyValueStoreBackend):  # type: ignore[misc]
    """Results in one SQLite file, for the processes of one machine.

    One connection per process, made after fork; nothing here must survive a crash of the machine,
    so writes are not synchronous.
    """

    supports_native_join = False
    implements_incr = False
    expires: float | None  # Celery's `result_expires`, seconds.
    _opened: sqlite3.Connection

    def __init__(self, app: Any, url: str = "", **options: Any) -> None:
        super().__init__(app, **options)
        self.url = url
        self.path = Path("/" + url.partition("://")[2].lstrip("/"))
        self._pid = 0
        self._opening = threading.Lock()
        self._inherited: list[sqlite3.Connection] = []

    def __reduce__(self, args: Any = (), kwargs: Any = None) -> Any:
        options = {**(kwargs or {}), "url": self.url}
        return super().__reduce__(args, options)

    def as_uri(self, include_password: bool = False) -> str:
        """The store's URL; it has no password."""
        return self.url

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._pid != os.getpid():
            with self._opening:
                if self._pid != os.getpid():
                    self._open()
        with self._lock:
            yield self._opened

    def _open(self) -> None:
        if self._pid:
            # Closing a parent's connection in the child would drop the parent's locks.
            self._inherited.append(self._opened)
        self._lock = threading.RLock()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._opened = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        for statement in ("pragma journal_mode=wal", "pragma synchronous=off", SCHEMA):
            self._opened.execute(statement).close()
        self._pid = os.getpid()

    def get(self, key: Key) -> bytes | None:
        """The value, unless it is gone."""
        with self._connection() as connection:
            row = connection.execute(
                "select v from kv where k = ? and (gone_at is null or gone_at > ?)",
                (text(key), time.time()),
            ).fetchone()
        return None if row is None else row[0]

    def mget(self, keys: Iterable[Key]) -> list[bytes | None]:
        """Values in the order of `keys`."""
        return [self.get(key) for key in keys]

    def set(self, key: Key, value: str | bytes, expires: float | None = None) -> None:
        """Keep a value for `expires` seconds (Celery's `result_expires` by default)."""
        lasting = self.expires if expires is None else expires
        gone_at = time.time() + float(lasting) if lasting else None
        blob = value.encode() if isinstance(value, str) else value
        with self._connection() as connection:
            connection.execute(
                "insert or replace into kv values (?, ?, ?)", (text(key), blob, gone_at)
            ).close()

    def delete(self, key: Key) -> None:
        """Drop a value, if there is one."""
        with self._connection() as connection:
            connection.execute("delete from kv where k = ?", (text(key),)).close()

    def expire(self, key: Key, value: float) -> None:
        """Let a value be gone in `value` seconds."""
        with self._connection() as connection:
            connection.execute(
                "update kv set gone_at = ? where k = ?", (time.time() + value, text(key))
            ).close()

    def cleanup(self) -> None:
        """Drop what is gone."""
        with self._connection() as connection:
            connection.execute("delete from kv where gone_at <= ?", (time.time(),)).close()

    def close(self) -> None:
        """Let the file go."""
        if self._pid == os.getpid():
            self._opened.close()
            self._pid = 0


class RedisResults(RedisBackend):  # type: ignore[misc]
    """Results in Redis.

    The stock class subscribes to a channel per task it sends and never leaves it when nobody
    waits for the result, as pages do not: they poll.
    """

    expires: float | None

    def on_task_call(self, producer: Any, task_id: str) -> None:
        """Nothing: a caller that waits subscribes then."""

    def _set(self, key: Key, value: str | bytes, expires: float | None = None) -> None:
        # The stock method calls SETEX, which the client library has deprecated.
        lasting = self.expires if expires is None else expires
        with self.client.pipeline() as pipe:
            pipe.set(key, value, ex=int(lasting) if lasting else None)
            pipe.publish(key, value)
            pipe.execute()

    def close(self) -> None:
        """Let the connections go."""
        self.client.close()
