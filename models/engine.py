"""Engines of the metadata database, tuned for many small transactions from many processes."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from models.revision import watch

BUSY_TIMEOUT_MS = 10_000
# First words of statements that need no write lock. `WITH` is looked at more closely.
READS = frozenset(
    ("SELECT", "WITH", "VALUES", "PRAGMA", "EXPLAIN", "BEGIN", "COMMIT", "END", "ROLLBACK")
    + ("SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "VACUUM")
)


def make_engine(url: str | sa.URL, *, foreign_keys: bool = True, **options: Any) -> sa.Engine:
    """An engine for the metadata database at `url`.

    `foreign_keys=False` is for migrations, which rebuild SQLite tables others refer to and may
    find no revision to move.
    """
    made = tune(sa.create_engine(url, **options_for(url), **options), foreign_keys=foreign_keys)
    return watch(made) if foreign_keys else made


def options_for(url: str | sa.URL) -> dict[str, Any]:
    """Options of `create_engine` that suit the kind of server."""
    backend = sa.make_url(url).get_backend_name()
    if backend == "sqlite":
        return {}
    # A server may drop idle connections; MySQL's default would show stale snapshots.
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_recycle": 1800}
    if backend in ("mysql", "mariadb"):
        options["isolation_level"] = "READ COMMITTED"
    return options


def tune(engine: sa.Engine, *, foreign_keys: bool = True) -> sa.Engine:
    """Make SQLite fit for concurrent writers; other engines are left as they are.

    Reads outside a write take no lock (WAL). The first writing statement of a transaction begins
    it with BEGIN IMMEDIATE, which waits for other writers; so a transaction never has to turn
    from reader into writer, which SQLite refuses with "database is locked" at once. As on
    PostgreSQL, each read before that sees what is committed by then.
    """
    if engine.dialect.name != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # The driver begins nothing by itself.
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",  # First: switching to WAL may have to wait.
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "before_cursor_execute")
    def _statement(
        _conn: object, cursor: Any, statement: str, _values: object, context: Any, _many: object
    ) -> None:
        if writes(statement, context):
            begin(cursor.connection)

    @event.listens_for(engine, "savepoint")
    def _savepoint(conn: sa.Connection, _name: str | None) -> None:
        begin(conn.connection.dbapi_connection)  # Releasing a lone savepoint would commit.

    return engine


def writes(statement: str, context: Any) -> bool:
    """Whether a statement needs SQLite's write lock."""
    if context is not None and (context.isinsert or context.isupdate or context.isdelete):
        return True
    return statement.lstrip(" \t\r\n(").split(None, 1)[0].rstrip(";").upper() not in READS


def begin(connection: Any) -> None:
    """Begin a write transaction unless one runs; waits for other writers."""
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE").close()
