"""PostgreSQL, read through ADBC into Arrow, with psycopg for what ADBC cannot read."""

from __future__ import annotations

import itertools
import math
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, Literal, TypeVar, cast
from urllib.parse import quote, urlencode
from uuid import uuid4

import adbc_driver_manager
import adbc_driver_manager.dbapi as adbc_api
import adbc_driver_postgresql.dbapi as adbc_postgresql
import psycopg
import pyarrow as pa
import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.dialects.postgresql.base import PGDialect

from dashapp.errors import AppError, NotFound
from dashapp.specs import ColumnSpec, ColumnType, DatabaseSpec, Spec
from dashapp.warehouses import adbc, costs, guard, rows, sentences, urls
from dashapp.warehouses.base import (
    Answer,
    TableName,
    Warehouse,
    specs,
    sql_and_values,
)
from dashapp.warehouses.idle import Closeable, Idle
from dashapp.warehouses.running import Running

CONNECT_S = 10
GRACE_S = 1.0  # The server's own timeout comes first; ours is for when it does not.
READ_ALL_SINCE = 140_000
READ_ALL = "pg_read_all_data"
BEGIN = "BEGIN READ ONLY"
STREAM_ROWS = 1000 if psycopg.capabilities.has_stream_chunked() else 1
RESET = ("ROLLBACK", "DISCARD ALL")
SUPERUSER = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "standard_conforming_strings": "on",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "10s",
}
DRIVER_ERRORS = (
    adbc_driver_manager.Error, psycopg.Error, pa.ArrowException, OSError, UnicodeError,
)  # fmt: skip
C = TypeVar("C", bound=Closeable)
_URL_QUERY = {
    "sslmode": "disable|allow|prefer|require|verify-ca|verify-full",
    "application_name": r"[\w .-]{1,60}",
}


class PostgreSQL(Warehouse):
    """A PostgreSQL database. Every query is a read-only transaction of its own.

    An account that is superuser steps down to `pg_read_all_data` first, so that functions which
    reach the server's files are out of reach.
    """

    kind = "postgresql"
    title = "PostgreSQL"
    icon = "database"
    default_port = 5432
    sqlglot_dialect = "postgres"
    rule = urls.Rule(
        frozenset({"postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"}),
        "postgresql+psycopg", port=5432, query=_URL_QUERY,
    )  # fmt: skip
    driver_errors = DRIVER_ERRORS

    class Options(Spec):
        """How to connect, beside the URL."""

        sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] | None = Field(
            None, description="TLS: whether it is required and what is verified."
        )
        role: str | None = Field(
            None, max_length=63, description="Role that queries run as (SET ROLE)."
        )
        search_path: str | None = Field(
            None, max_length=500, description="Schemas searched for unqualified names."
        )
        is_pooled: bool = Field(
            False, description="PgBouncer or another pooler is in front (no startup options)."
        )
        max_cost: float | None = Field(
            None, gt=0, description="Most planner cost (EXPLAIN) of one query; no limit if empty."
        )

    def __init__(self, database: DatabaseSpec) -> None:
        super().__init__(database)
        self.dialect = PGDialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        self.reading_dialect = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
        self._uri = self._libpq_uri()
        self._arrow: Idle[adbc_api.Connection] = Idle(self.slot_count)
        self._rows: Idle[psycopg.Connection] = Idle(self.slot_count)
        self._role: str | None = None

    def _libpq_uri(self) -> str:
        """The URI libpq gets: its host pinned to the addresses that were checked."""
        url = self.address.url
        many = len(self.address.addresses)
        query = {
            "application_name": "dashapp",
            "passfile": f"{os.devnull}/none",  # Not the passwords of whoever runs the server.
            "client_encoding": "UTF8",
            "tcp_user_timeout": "30000",
            **url.query,
            "host": ",".join([url.host or ""] * many),
            "hostaddr": ",".join(self.address.addresses),
            "port": str(url.port),
            "dbname": url.database or "",
        }
        if self.options.sslmode:
            query["sslmode"] = self.options.sslmode
        if not self.options.is_pooled:
            query["options"] = "-c default_transaction_read_only=on"
        if url.username:
            query["user"] = url.username
        if url.password:
            query["password"] = str(url.password)
        return "postgresql://?" + urlencode(query, quote_via=quote)

    def _uri_within(self, seconds: float) -> str:
        """The URI with a limit for connecting, in whole seconds."""
        return f"{self._uri}&connect_timeout={max(2, min(CONNECT_S, math.ceil(seconds)))}"

    def dispose(self) -> None:
        self._arrow.close()
        self._rows.close()

    def tables(self) -> list[tuple[str | None, str, str]]:
        found = self._ask(
            sa.text(
                "SELECT n.nspname AS s, c.relname AS t, "
                "CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS k "
                "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition "
                "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
                "AND has_schema_privilege(n.oid, 'USAGE') "
                "AND has_any_column_privilege(c.oid, 'SELECT') ORDER BY 1, 2"
            )
        )
        return [(row["s"], row["t"], row["k"]) for row in found]

    def columns(self, table: str, schema: str | None = None) -> list[ColumnSpec]:
        found = self._ask(
            sa.text(
                "SELECT a.attname AS name, t.typname AS type, t.typtype AS class "
                "FROM pg_catalog.pg_attribute a "
                "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
                "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                "JOIN pg_catalog.pg_type b ON b.oid = a.atttypid "
                "JOIN pg_catalog.pg_type t ON t.oid = CASE b.typtype WHEN 'd' THEN b.typbasetype "
                "ELSE b.oid END "
                "WHERE c.relname::text = :table AND n.nspname::text = :schema "
                "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
            ).bindparams(table=table, schema=schema or "public")
        )
        if not found:
            raise NotFound(f"There is no table {table}.")
        return specs([(r["name"], column_type(r["type"], r["class"])) for r in found])

    def base_tables(self, sql: str) -> set[TableName]:
        guard.postgresql(sql)
        with (
            self._query(f"explain-{uuid4()}", 30.0) as query,
            self._row_connection(query) as connection,
        ):
            cursor = connection.execute(
                f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}".encode(), prepare=True
            )
            row = cursor.fetchone()
        return set(_relations(row[0] if row else []))

    def explain_error(self, error: BaseException) -> AppError:
        return sentences.postgresql(error)

    def _weigh(self, statement: sa.Executable, query: Running) -> None:
        if self.options.max_cost is None:
            return
        sql, values = sql_and_values(statement, self.dialect)
        guard.postgresql(sql)
        with self._row_connection(query) as connection, psycopg.RawCursor(connection) as cursor:
            query.arm(lambda: connection.cancel_safe(timeout=CONNECT_S), grace_s=GRACE_S)
            try:
                found = cursor.execute(
                    f"EXPLAIN (FORMAT JSON) {sql}".encode(), values, prepare=True
                )
                row = found.fetchone()
            finally:
                query.disarm()
        costs.check(costs.postgresql(row and row[0]), self.options.max_cost, "planner cost")

    @contextmanager
    def _answer(
        self, statement: sa.Executable, query: Running, batch_rows: int, *, streaming: bool = False
    ) -> Iterator[Answer]:
        """ADBC first; psycopg where ADBC cannot bind or read, or could not stream.

        ADBC streams (by COPY) only statements without bound values; answers to those with values
        are held by libpq as a whole. That is fine where there is a LIMIT, but not for exports.
        """
        sql, values = sql_and_values(statement, self.dialect)
        guard.postgresql(sql)
        has_limit = not streaming and isinstance(statement, sa.Select | sa.CompoundSelect)
        if has_limit or not values:
            try:
                with self._arrow_answer(sql, values, query) as answer:
                    yield answer
                return
            except adbc.Unfit:
                query.check()
        with self._row_answer(sql, values, query, batch_rows) as answer:
            yield answer

    @contextmanager
    def _arrow_answer(self, sql: str, values: list[Any], query: Running) -> Iterator[Answer]:
        with self._arrow_connection(query) as connection, closing(connection.cursor()) as cursor:
            query.arm(cursor.adbc_cancel, grace_s=GRACE_S)
            try:
                with adbc.reader(cursor, sql, values) as reader:
                    batches = adbc.Batches(reader)
                    try:
                        yield adbc.normal_schema(reader.schema), batches
                    finally:
                        if not batches.is_done:
                            adbc.stop(cursor, query)
            finally:
                query.disarm()

    @contextmanager
    def _row_answer(
        self, sql: str, values: list[Any], query: Running, batch_rows: int
    ) -> Iterator[Answer]:
        with self._row_connection(query) as connection, psycopg.RawCursor(connection) as cursor:
            query.arm(lambda: connection.cancel_safe(timeout=CONNECT_S), grace_s=GRACE_S)
            try:
                stream = cursor.stream(sql.encode(), values, size=STREAM_ROWS)
                with closing(cast("Generator[rows.Row]", stream)):
                    first = next(stream, None)
                    columns = _described(connection, cursor, sql)
                    names = [name for name, _ in columns]
                    kinds = [OIDS.get(oid, "text") for _, oid in columns]
                    chunks = _chunks(first, stream, batch_rows)
                    yield rows.empty(names, kinds), (_row_batch(names, kinds, c) for c in chunks)
            finally:
                query.disarm()

    @contextmanager
    def _arrow_connection(self, query: Running) -> Iterator[adbc_api.Connection]:
        """An ADBC connection in a read-only transaction, left without a trace of the query."""

        def begin(connection: adbc_api.Connection) -> None:
            sql, values = self._settings(query)
            with closing(connection.cursor()) as cursor:
                cursor.execute(BEGIN)
                cursor.execute(sql, values)
                cursor.fetchone()

        def connect() -> adbc_api.Connection:
            uri = self._uri_within(query.left_s)
            self._choose_role(uri)
            found: adbc_api.Connection = adbc_postgresql.connect(uri, autocommit=True)
            return found

        def reset(connection: adbc_api.Connection) -> None:
            with closing(connection.cursor()) as cursor:
                for statement in RESET:
                    cursor.execute(statement)

        with _borrowed(self._arrow, connect, begin, reset, query) as connection:
            yield connection

    @contextmanager
    def _row_connection(self, query: Running) -> Iterator[psycopg.Connection]:
        """The same with psycopg."""

        def begin(connection: psycopg.Connection) -> None:
            sql, values = self._settings(query)
            connection.execute(BEGIN)
            psycopg.RawCursor(connection).execute(sql.encode(), values)

        def reset(connection: psycopg.Connection) -> None:
            for statement in RESET:
                connection.execute(statement)

        def connect() -> psycopg.Connection:
            uri = self._uri_within(query.left_s)
            self._choose_role(uri)
            return psycopg.connect(uri, autocommit=True, prepare_threshold=None)

        with _borrowed(self._rows, connect, begin, reset, query) as connection:
            yield connection

    def _choose_role(self, uri: str) -> None:
        """Find out on the first connection which role queries run as."""
        if self._role is None:
            with psycopg.connect(uri, autocommit=True) as connection:
                is_super = connection.execute(SUPERUSER).fetchone() == (True,)
                can_step_down = connection.info.server_version >= READ_ALL_SINCE
            step_down = READ_ALL if is_super and can_step_down else ""
            self._role = self.options.role or step_down

    def _settings(self, query: Running) -> tuple[str, list[str]]:
        """A statement that sets what holds for one transaction, and its values.

        It also takes the transaction's snapshot, after which it cannot be made read-write.
        """
        chosen = {**SETTINGS, "statement_timeout": str(int(query.left_s * 1000) + 1)}
        if self._role:
            chosen["role"] = self._role
        if self.options.search_path:
            chosen["search_path"] = self.options.search_path
        calls = [f"set_config(${2 * i + 1}, ${2 * i + 2}, true)" for i in range(len(chosen))]
        return f"SELECT {', '.join(calls)}", [text for pair in chosen.items() for text in pair]


def _described(
    connection: psycopg.Connection, cursor: psycopg.RawCursor[Any], sql: str
) -> list[tuple[str, int]]:
    """Names and types (OIDs) of an answer's columns, also of one without rows."""
    if cursor.description is not None:
        return [(column.name, column.type_code) for column in cursor.description]
    connection.pgconn.prepare(b"", sql.encode())
    found = connection.pgconn.describe_prepared(b"")
    return [((found.fname(i) or b"").decode(), found.ftype(i)) for i in range(found.nfields)]


@contextmanager
def _borrowed(
    idle: Idle[C],
    connect: Callable[[], C],
    begin: Callable[[C], None],
    reset: Callable[[C], None],
    query: Running,
) -> Iterator[C]:
    """A connection with a transaction begun; one that was interrupted or is broken is closed."""
    while taken := idle.take():
        try:
            begin(taken[0])
            break
        except DRIVER_ERRORS:  # The server was restarted, or hung up on an idle connection.
            taken[0].close()
    connection, born = taken or (connect(), time.monotonic())
    try:
        if taken is None:
            begin(connection)
        yield connection
    finally:
        if not query.was_interrupted and _is_reset(connection, reset):
            idle.give(connection, born)
        else:
            connection.close()


def _is_reset(connection: C, reset: Callable[[C], None]) -> bool:
    try:
        reset(connection)
    except DRIVER_ERRORS:
        return False
    return True


def _chunks(
    first: rows.Row | None, stream: Iterator[rows.Row], size: int
) -> Iterator[list[rows.Row]]:
    if first is None:
        return
    chunk = [first, *itertools.islice(stream, size - 1)]
    while chunk:
        yield chunk
        chunk = list(itertools.islice(stream, size))


def _row_batch(names: list[str], kinds: list[rows.Kind], found: list[rows.Row]) -> pa.RecordBatch:
    columns = zip(*found, strict=True)
    return rows.batch(names, [rows.typed(c, k) for c, k in zip(columns, kinds, strict=True)])


OIDS: dict[int, rows.Kind] = {
    16: "boolean", 20: "integer", 21: "integer", 23: "integer", 26: "integer",
    700: "number", 701: "number", 1700: "number",
    1082: "date", 1114: "time", 1184: "time_utc",
}  # fmt: skip


def _relations(plan: Any) -> Iterator[TableName]:
    """Relations in a plan of EXPLAIN (FORMAT JSON)."""
    if isinstance(plan, list):
        for part in plan:
            yield from _relations(part)
    elif isinstance(plan, dict):
        if "Relation Name" in plan:
            yield plan.get("Schema"), plan["Relation Name"]
        for part in plan.values():
            yield from _relations(part)


def column_type(name: str, category: str) -> ColumnType:
    """What PostgreSQL's type (of that typtype) means to us."""
    if category == "e":
        return "text"
    return TYPES.get(name, "other")


TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "char", "name", "citext", "uuid"), "text"),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "integer"),
    **dict.fromkeys(("float4", "float8", "numeric", "money"), "number"),
    **dict.fromkeys(("timestamp", "timestamptz"), "time"),
    "bool": "boolean",
    "date": "date",
}
