"""DuckDB files, read natively into Arrow."""

from __future__ import annotations

import atexit
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import duckdb_engine
import pyarrow as pa
import sqlalchemy as sa
from pydantic import Field

from dashapp.errors import AppError, NotFound, QueryFailed
from dashapp.specs import ColumnSpec, ColumnType, DatabaseSpec, Spec
from dashapp.warehouses import arrow, costs, sentences, urls
from dashapp.warehouses.base import (
    Answer,
    TableName,
    Warehouse,
    specs,
    sql_and_values,
)
from dashapp.warehouses.marks import Marker, file_marker
from dashapp.warehouses.running import Running

LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    # Otherwise an unknown table's name is looked up among the variables of our own Python code.
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}
LOG = ".wal"
Config = dict[str, str | bool | int | float | list[str]]


class DuckDB(Warehouse):
    """A file of DuckDB. One connection per file and process, one cursor per query."""

    kind = "duckdb"
    title = "DuckDB"
    icon = "database"
    sqlglot_dialect = "duckdb"
    rule = urls.Rule(frozenset({"duckdb"}), "duckdb")
    driver_errors = (duckdb.Error, pa.ArrowException, OSError)

    class Options(Spec):
        """Limits of the engine, shared by all databases on the same file (the last one's count)."""

        threads: int | None = Field(
            None, ge=1, le=256, description="Threads per process; all cores if empty."
        )
        memory_mb: int | None = Field(
            None,
            ge=64,
            description="Memory per process, megabytes; 80 % of the machine's if empty.",
        )
        max_rows_read: int | None = Field(
            None, ge=1, description="Most rows (EXPLAIN) one query reads; no limit if empty."
        )

    def __init__(self, database: DatabaseSpec) -> None:
        super().__init__(database)
        self.dialect = duckdb_engine.Dialect(paramstyle="numeric_dollar")
        self.reading_dialect = duckdb_engine.Dialect(paramstyle="named")
        self._file = _file(self.address.path or Path(), self._config())

    def _config(self) -> Config:
        config: Config = {**LOCKED}
        if self.options.threads:
            config["threads"] = str(self.options.threads)
        if self.options.memory_mb:
            config["memory_limit"] = f"{self.options.memory_mb}MB"
        return config

    def dispose(self) -> None:
        self._file.close()

    def tables(self) -> list[tuple[str | None, str, str]]:
        found = self._look(
            "SELECT schema_name, table_name, 'table' FROM duckdb_tables() "
            "WHERE NOT internal AND database_name = current_database() "
            "UNION ALL SELECT schema_name, view_name, 'view' FROM duckdb_views() "
            "WHERE NOT internal AND database_name = current_database() ORDER BY 1, 2"
        )
        return [(schema, name, kind) for schema, name, kind in found]

    def columns(self, table: str, schema: str | None = None) -> list[ColumnSpec]:
        found = self._look(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE NOT internal "
            "AND database_name = current_database() AND table_name = $1 AND schema_name = $2 "
            "ORDER BY column_index",
            table, schema or "main",
        )  # fmt: skip
        if not found:
            raise NotFound(f"There is no table {table}.")
        return specs([(name, column_type(kind)) for name, kind in found])

    def base_tables(self, sql: str) -> set[TableName]:
        with self._file.cursor() as cursor:
            try:
                names = cursor.get_table_names(sql, qualified=True)
            except duckdb.Error as error:
                raise self.explain_error(error) from None
        return {_split(name) for name in names}

    def marker(self, schema: str | None, table: str | None) -> Marker | None:
        return self._file.marker()

    def explain_error(self, error: BaseException) -> AppError:
        return sentences.duckdb(error)

    def _look(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            with self._file.cursor() as cursor:
                return cursor.execute(sql, list(values)).fetchall()
        except duckdb.Error as error:
            raise self.explain_error(error) from error

    def _weigh(self, statement: sa.Executable, query: Running) -> None:
        if self.options.max_rows_read is None:
            return
        sql, values = sql_and_values(statement, self.dialect)
        with self._file.cursor() as cursor:
            _only_query(cursor, sql)
            query.arm(cursor.interrupt)
            try:
                row = cursor.execute(f"EXPLAIN (FORMAT json) {sql}", values or None).fetchone()
            finally:
                query.disarm()
        cost = costs.duckdb(row[1]) if row else None
        costs.check(cost, self.options.max_rows_read, "rows")

    @contextmanager
    def _answer(
        self, statement: sa.Executable, query: Running, batch_rows: int, *, streaming: bool = False
    ) -> Iterator[Answer]:
        sql, values = sql_and_values(statement, self.dialect)
        with self._file.cursor() as cursor:
            _only_query(cursor, sql)
            query.arm(cursor.interrupt)
            try:
                relation = cursor.sql(sql, params=values or None)
                if relation is None:
                    raise QueryFailed("The statement returns no rows.", reason="no_rows")
                reader = relation.to_arrow_reader(batch_rows)
                yield _schema(reader.schema), (arrow.normal(b) for b in reader)
            finally:
                query.disarm()


class _File:
    """The one read-only connection of this process to a file.

    When another file was put in its place, that one is opened as soon as no query runs.
    """

    def __init__(self, path: Path, config: Config) -> None:
        self._path, self._config = path, config
        self._lock = threading.Lock()
        self._users = 0
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._opened: Marker | None = None
        self._is_outdated = False

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one query. Raises duckdb.Error if the file cannot be opened."""
        with self._lock:
            cursor = self._current().cursor()
            self._users += 1
        try:
            yield cursor
        finally:
            with self._lock:
                cursor.close()
                self._users -= 1

    def configure(self, config: Config) -> None:
        """Use this configuration from the next time that the file is opened."""
        with self._lock:
            if config != self._config:
                self._config, self._is_outdated = config, True

    def marker(self) -> Marker | None:
        """The marker of the file that the next query reads: the open one while others read it."""
        with self._lock:
            is_held = self._connection is not None and self._users
            return self._opened if is_held else file_marker(self._path, LOG)

    def close(self) -> None:
        """Close the connection unless a query runs; the next query opens it again."""
        with self._lock:
            if not self._users:
                self._drop()

    def _current(self) -> duckdb.DuckDBPyConnection:
        found = file_marker(self._path, LOG)
        is_old = self._is_outdated or found != self._opened
        if self._connection is not None and is_old and not self._users:
            self._drop()
        if self._connection is None:
            self._connection = duckdb.connect(str(self._path), read_only=True, config=self._config)
            self._opened, self._is_outdated = found, False
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


_files: dict[Path, _File] = {}
_files_lock = threading.Lock()
_parents: list[dict[Path, _File]] = []


def _file(path: Path, config: Config) -> _File:
    with _files_lock:
        found = _files.setdefault(path, _File(path, config))
    found.configure(config)
    return found


def _forget() -> None:
    """A forked child opens its own connections and leaves its parent's alone."""
    global _files, _files_lock
    _parents.append(_files)
    _files, _files_lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def _hush() -> None:
    """At its end, DuckDB's binding lists what Python has not freed: a hundred lines of no use."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


atexit.register(_hush)


def _only_query(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Let DuckDB's own parser say that this is one SELECT. Raises QueryFailed, duckdb.Error."""
    statements = cursor.extract_statements(sql)
    if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
        raise sentences.not_a_query()


def _schema(found: pa.Schema) -> pa.Schema:
    """What an answer of that schema becomes."""
    return arrow.normal(arrow.no_rows(found)).schema


def _split(name: str) -> TableName:
    """("main", "t") of `main.t`, `db.main.t` or `"a.b"."t"`."""
    parts = [
        p.replace('""', '"') for p in re.findall(r'"((?:[^"]|"")*)"|([^.]+)', name) for p in p if p
    ]
    return (parts[-2] if len(parts) > 1 else None), parts[-1]


def column_type(declared: str) -> ColumnType:
    """What DuckDB's name of a type means to us."""
    if declared.endswith("]") or declared.startswith(("STRUCT", "MAP", "UNION", "BLOB", "BIT")):
        return "other"
    patterns: tuple[tuple[str, ColumnType], ...] = (
        ("BOOLEAN", "boolean"),
        ("TIMESTAMP", "time"),
        ("DATE$", "date"),
        ("U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$", "integer"),
        ("DECIMAL|DOUBLE|FLOAT|REAL", "number"),
        ("INTERVAL", "other"),
    )
    return next((kind for pattern, kind in patterns if re.match(pattern, declared)), "text")
