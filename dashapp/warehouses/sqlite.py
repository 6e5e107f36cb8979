"""SQLite files."""

from __future__ import annotations

import os
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import Dialect

from dashapp.errors import AppError, NotFound, QueryFailed
from dashapp.specs import ColumnSpec, ColumnType, DatabaseSpec
from dashapp.warehouses import arrow, rows, sentences, sketching, urls
from dashapp.warehouses.base import (
    Answer,
    TableName,
    Warehouse,
    specs,
    sql_and_values,
)
from dashapp.warehouses.idle import Idle
from dashapp.warehouses.marks import Marker, file_marker
from dashapp.warehouses.running import Running

ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
FORBIDDEN_FUNCTIONS = {"load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"}
LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LENGTH: 50_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 1000,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
STEPS = 20_000  # Virtual machine steps between two looks at the clock: a millisecond or so.


class _Time(sqlite.DATETIME):
    """Times as SQLite's own functions write them: no microseconds where there are none."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        return plain


class _Reading(sqlite.dialect):  # type: ignore[misc, valid-type]
    supports_statement_cache = True
    colspecs: ClassVar[dict[Any, Any]] = {**sqlite.dialect.colspecs, sa.DateTime: _Time}


class Sqlite(Warehouse):
    """A file of SQLite, opened so that nothing but reading is possible.

    Values are typed one by one in SQLite; a column of an answer gets the narrowest type that
    holds all its values. Adds the aggregates `median` and `stddev_samp`, and the functions of sketches.
    """

    kind = "sqlite"
    title = "SQLite"
    icon = "file-earmark-binary"
    sqlglot_dialect = "sqlite"
    rule = urls.Rule(frozenset({"sqlite", "sqlite+pysqlite"}), "sqlite")
    driver_errors = (sqlite3.Error, OSError, UnicodeError, OverflowError)

    def __init__(self, database: DatabaseSpec) -> None:
        super().__init__(database)
        self.dialect, self.reading_dialect = sqlite.dialect(), _Reading()
        self._idle: Idle[_Connection] = Idle(self.slot_count)

    def dispose(self) -> None:
        self._idle.close()

    def test(self) -> None:
        self.tables()  # Unlike a constant, this reads the file.

    def tables(self) -> list[tuple[str | None, str, str]]:
        found = self._look(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
        return [(None, name, kind) for name, kind in found]

    def columns(self, table: str, schema: str | None = None) -> list[ColumnSpec]:
        names = {name for _, name, _ in self.tables()}
        if schema not in (None, "main") or table not in names:
            raise NotFound(f"There is no table {table}.")
        found = self._look("SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1", table)
        return specs([(name, column_type(declared)) for name, declared in found])

    def base_tables(self, sql: str) -> set[TableName]:
        seen: set[TableName] = set()

        def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
            if action == sqlite3.SQLITE_READ and table:
                seen.add((None, table))
            return _authorize(action, table, column)

        try:
            with closing(_Connection(self._path)) as connection:
                connection.raw.set_authorizer(note)
                connection.raw.execute(f"EXPLAIN {sql}")
        except self.driver_errors as error:
            raise self.explain_error(error) from None
        return seen

    def marker(self, schema: str | None, table: str | None) -> Marker | None:
        return file_marker(self._path, "-wal", read_heads=True)

    def explain_error(self, error: BaseException) -> AppError:
        return sentences.sqlite(error)

    @property
    def _path(self) -> str:
        return str(self.address.path)

    def _look(self, sql: str, *values: str) -> list[Any]:
        """Rows about the schema, read without the authorizer."""
        try:
            with closing(_Connection(self._path)) as connection:
                connection.raw.set_authorizer(None)
                return connection.raw.execute(sql, values).fetchall()
        except self.driver_errors as error:
            raise self.explain_error(error) from error

    @contextmanager
    def _connection(self) -> Iterator[_Connection]:
        taken = self._idle.take()
        if taken and not taken[0].is_current(self._path):
            taken[0].close()
            taken = None
        connection, born = taken or (_Connection(self._path), time.monotonic())
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.give(connection, born)

    @contextmanager
    def _answer(
        self, statement: sa.Executable, query: Running, batch_rows: int, *, streaming: bool = False
    ) -> Iterator[Answer]:
        sql, values = sql_and_values(statement, self.dialect)
        with self._connection() as connection:
            raw = connection.raw
            query.arm(raw.interrupt)
            raw.set_progress_handler(lambda: query.is_over, STEPS)
            cursor = raw.cursor()
            try:
                cursor.execute(sql, [plain(v) for v in values])
                if cursor.description is None:
                    raise QueryFailed("The statement returns no rows.", reason="no_rows")
                names = [column[0] for column in cursor.description]
                wanted = rows.kinds(statement)
                wanted = wanted if len(wanted) == len(names) else [None] * len(names)
                schema = rows.empty(names, wanted)
                batches = _batches(cursor, names, wanted, batch_rows)
                yield schema, spooled(batches, schema) if streaming else batches
            finally:
                query.disarm()
                cursor.close()
                raw.set_progress_handler(None, 0)


class _Connection:
    """A read-only connection that knows which file it opened (a path may get a new one)."""

    def __init__(self, path: str) -> None:
        found = os.stat(path)
        self.file = (found.st_dev, found.st_ino)
        self.raw = sqlite3.connect(
            f"file:{quote(path)}?mode=ro",
            uri=True, timeout=5, isolation_level=None, check_same_thread=False, cached_statements=64,
        )  # fmt: skip
        for limit, value in LIMITS.items():
            self.raw.setlimit(limit, value)
        self.raw.execute("PRAGMA query_only = ON")
        self.raw.execute("PRAGMA trusted_schema = OFF")
        self.raw.create_aggregate("median", 1, _Median)  # type: ignore[arg-type]
        self.raw.create_aggregate("stddev_samp", 1, _Deviation)  # type: ignore[arg-type]
        for name, function in _FUNCTIONS.items():
            self.raw.create_function(name, 1, function, deterministic=True)
        self.raw.set_authorizer(_authorize)

    def is_current(self, path: str) -> bool:
        """Whether the path still leads to the file that is open."""
        try:
            found = os.stat(path)
        except OSError:
            return False
        return self.file == (found.st_dev, found.st_ino)

    def close(self) -> None:
        """Close it."""
        self.raw.close()


_FUNCTIONS: dict[str, Callable[[Any], int | None]] = {
    "sketch_register": sketching.register,
    "sketch_hash": sketching.least_hash,
    "sketch_bin": sketching.log_bin,
}


class _Median:
    def __init__(self) -> None:
        self.values: list[float] = []

    def step(self, value: Any) -> None:
        if isinstance(value, (int, float)):
            self.values.append(value)

    def finalize(self) -> float | None:
        return float(statistics.median(self.values)) if self.values else None


class _Deviation:
    """Sample standard deviation by Welford's method."""

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def step(self, value: Any) -> None:
        if isinstance(value, (int, float)):
            self.count += 1
            delta = value - self.mean
            self.mean += delta / self.count
            self.squares += delta * (value - self.mean)

    def finalize(self) -> float | None:
        return float((self.squares / (self.count - 1)) ** 0.5) if self.count > 1 else None


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """SQLite's own question for each thing a statement wants to do; only reading is granted."""
    if action not in ALLOWED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and (first or "").lower().startswith(("sqlite_", "pragma_")):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def plain(value: Any) -> Any:
    """A bound value as SQLite stores it: times as "2013-01-31 05:00:00", dates as "2013-01-31"."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value


def _batches(
    cursor: sqlite3.Cursor, names: list[str], wanted: list[rows.Kind | None], size: int
) -> Iterator[pa.RecordBatch]:
    while found := cursor.fetchmany(size):
        columns = zip(*found, strict=True)
        yield rows.batch(names, [_column(v, k) for v, k in zip(columns, wanted, strict=True)])


def _column(values: tuple[Any, ...], kind: rows.Kind | None) -> arrow.Array:
    """One column of a batch, by its values and by what the statement says it means."""
    found = rows.guessed(values)
    if pa.types.is_null(found.type) or kind in (None, "text", "integer"):
        return found
    if kind in ("number", "boolean"):
        is_number = not pa.types.is_string(found.type)
        return rows.CONVERT[kind](values) if is_number else found
    times = rows.CONVERT[kind](values)
    return found if times.null_count == len(times) else times


def spooled(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The same batches in one schema, which is known only after the last: kept on disk so long."""
    found: list[pa.Schema] = []
    with tempfile.TemporaryFile() as file:
        for batch in batches:
            found.append(batch.schema)
            with pa.ipc.new_stream(file, batch.schema) as writer:
                writer.write_batch(batch)
        if not found:
            return
        merged = arrow.filled(arrow.common(found), schema)
        file.seek(0)
        for _ in found:
            with pa.ipc.open_stream(file) as reader:
                for batch in reader:
                    yield arrow.conform(batch, merged)


def column_type(declared: str) -> ColumnType:
    """What a declared type means, by SQLite's affinity rules and the usual names of times."""
    text = declared.upper()
    patterns: tuple[tuple[str, ColumnType], ...] = (
        ("BOOL", "boolean"),
        ("DATETIME|TIMESTAMP", "time"),
        ("DATE", "date"),
        ("INT", "integer"),
        ("CHAR|CLOB|TEXT|JSON|UUID|TIME", "text"),
        ("REAL|FLOA|DOUB|NUM|DEC|MONEY", "number"),
        ("BLOB", "other"),
    )
    return next((kind for pattern, kind in patterns if re.search(pattern, text)), "text")
