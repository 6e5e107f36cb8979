"""MySQL and MariaDB, read by cursor."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, Literal

import pyarrow as pa
import pymysql
import sqlalchemy as sa
from pydantic import Field
from pymysql.constants import FIELD_TYPE
from pymysql.cursors import DictCursor, SSCursor
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

from dashapp.errors import AppError, NotFound, QueryFailed
from dashapp.specs import ColumnSpec, ColumnType, DatabaseSpec, Spec
from dashapp.warehouses import arrow, costs, guard, rows, sentences, urls
from dashapp.warehouses.base import Answer, TableName, Warehouse, specs, sql_and_values
from dashapp.warehouses.idle import Idle
from dashapp.warehouses.running import Running

CONNECT_S = 10
GRACE_S = 1.0
COM_RESET_CONNECTION = 0x1F
BINARY_CHARSET = 63
SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
SESSION = "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION sql_mode = %s, SESSION {} = %s"
# The stubs are generic where the class is not, and leave out what makes a session clean again.
Connection = Any


TLS: dict[str, dict[str, Any]] = {
    "off": {"ssl_disabled": True},
    "prefer": {},
    "require": {"ssl": {"check_hostname": False, "verify_mode": False}},
    "verify": {"ssl_verify_cert": True, "ssl_verify_identity": True},
}


class MySQL(Warehouse):
    """A MySQL or MariaDB database. Every query is a read-only transaction of its own."""

    kind = "mysql"
    title = "MySQL / MariaDB"
    icon = "database"
    default_port = 3306
    sqlglot_dialect = "mysql"
    rule = urls.Rule(
        frozenset({"mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"}),
        "mysql+pymysql", port=3306, query={"charset": "utf8mb4|utf8"}, sees_whole_server=True,
    )  # fmt: skip
    driver_errors = (pymysql.MySQLError, OSError, struct.error, UnicodeError)

    class Options(Spec):
        """How to connect, beside the URL."""

        tls: Literal["off", "prefer", "require", "verify"] = Field(
            "prefer", description="TLS: off, if offered, required, or required with a valid name."
        )
        max_rows_read: int | None = Field(
            None, ge=1, description="Most rows (EXPLAIN) one query reads; no limit if empty."
        )

    def __init__(self, database: DatabaseSpec) -> None:
        super().__init__(database)
        self.dialect = MySQLDialect_pymysql()
        self.reading_dialect = MySQLDialect_pymysql(paramstyle="named")
        self._idle: Idle[Connection] = Idle(self.slot_count)

    def dispose(self) -> None:
        self._idle.close()

    def tables(self) -> list[tuple[str | None, str, str]]:
        found = self._ask(
            sa.text(
                "SELECT table_name AS t, CASE WHEN table_type LIKE '%VIEW' THEN 'view' "
                "ELSE 'table' END AS k FROM information_schema.tables "
                "WHERE table_schema = DATABASE() ORDER BY 1"
            )
        )
        return [(None, row["t"], row["k"]) for row in found]

    def columns(self, table: str, schema: str | None = None) -> list[ColumnSpec]:
        found = self._ask(
            sa.text(
                "SELECT column_name AS name, data_type AS type, column_type AS declared "
                "FROM information_schema.columns WHERE table_name = :table "
                "AND table_schema = COALESCE(:schema, DATABASE()) ORDER BY ordinal_position"
            ).bindparams(table=table, schema=schema)
        )
        if not found:
            raise NotFound(f"There is no table {table}.")
        return specs([(r["name"], column_type(r["type"], r["declared"])) for r in found])

    def base_tables(self, sql: str) -> set[TableName]:
        """Also what views read, as far as the account may see their definitions."""
        seen: set[TableName] = set()
        waiting = list(super().base_tables(sql))
        while waiting:
            schema, name = waiting.pop()
            if (schema, name) in seen:
                continue
            seen.add((schema, name))
            views = sa.text(
                "SELECT view_definition AS text, table_schema AS home FROM information_schema.views "
                "WHERE table_name = :name AND table_schema = COALESCE(:schema, DATABASE())"
            ).bindparams(name=name, schema=schema)
            for view in self._ask(views):
                if not view["text"]:
                    raise QueryFailed(
                        f"The database does not say what the view {name} reads, so row-level "
                        "rules cannot be kept; grant SHOW VIEW to the account."
                    )
                inner = super().base_tables(view["text"])
                waiting += [(home or view["home"], table) for home, table in inner]
        return seen

    def explain_error(self, error: BaseException) -> AppError:
        return sentences.mysql(error)

    def _weigh(self, statement: sa.Executable, query: Running) -> None:
        if self.options.max_rows_read is None:
            return
        sql, values = sql_and_values(statement, self.dialect)
        guard.mysql(sql)
        with self._connection(query) as connection, connection.cursor(DictCursor) as cursor:
            thread_id = connection.thread_id()
            query.arm(lambda: self._kill(thread_id), grace_s=GRACE_S)
            try:
                cursor.execute(f"EXPLAIN {sql}", tuple(values))
                steps = [(row["id"], row["rows"]) for row in cursor.fetchall()]
            finally:
                query.disarm()
        costs.check(costs.mysql(steps), self.options.max_rows_read, "rows")

    @contextmanager
    def _answer(
        self, statement: sa.Executable, query: Running, batch_rows: int, *, streaming: bool = False
    ) -> Iterator[Answer]:
        sql, values = sql_and_values(statement, self.dialect)
        guard.mysql(sql)
        with self._connection(query) as connection:
            cursor = SSCursor(connection)
            thread_id = connection.thread_id()
            query.arm(lambda: self._kill(thread_id), grace_s=GRACE_S)
            try:
                cursor.execute(sql, tuple(values))
                batches = _Batches(cursor, rows.kinds(statement), batch_rows)
                try:
                    yield rows.empty(batches.names, batches.kinds), batches
                finally:
                    if not batches.is_done:
                        _abandon(connection, cursor, query)
            finally:
                query.disarm()

    @contextmanager
    def _connection(self, query: Running) -> Iterator[Connection]:
        """A connection in a read-only transaction, left without a trace of the query."""
        while taken := self._idle.take():
            try:
                _begin(taken[0], query)
                break
            except (pymysql.MySQLError, OSError):
                taken[0]._force_close()
        connection, born = taken or (self._connect(query.left_s), time.monotonic())
        is_fine = False
        try:
            if taken is None:
                _begin(connection, query)
            yield connection
            is_fine = True
        finally:
            if is_fine and not query.was_interrupted and _is_reset(connection):
                self._idle.give(connection, born)
            else:
                connection._force_close()

    def _connect(self, seconds: float) -> Connection:
        limit = min(CONNECT_S, seconds)
        url = self.address.url
        how = TLS[self.options.tls]
        connection: Connection = pymysql.connect(
            host=url.host, port=url.port or 0, user=url.username or "",
            password=str(url.password or ""), database=url.database, charset="utf8mb4",
            local_infile=False, autocommit=True, defer_connect=True, connect_timeout=limit,
            program_name="dashapp", **how,
        )  # fmt: skip
        connection.connect(self._socket(limit))
        return connection

    def _socket(self, limit: float) -> socket.socket:
        """A connection to one of the addresses that were checked. Raises OSError."""
        last: OSError | None = None
        for address in self.address.addresses:
            try:
                found = socket.create_connection((address, self.address.url.port or 0), limit)
            except OSError as error:
                last = error
                continue
            found.settimeout(None)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return found
        raise last or OSError("no address")

    def _kill(self, thread_id: int) -> None:
        """Stop what another connection of ours is doing."""
        with (
            suppress(pymysql.MySQLError, OSError),
            closing(self._connect(CONNECT_S)) as side,
            side.cursor() as cursor,
        ):
            cursor.execute("KILL QUERY %s", (thread_id,))


class _Batches:
    """Batches of a cursor, and whether it was read to the end."""

    def __init__(self, cursor: Any, wanted: list[rows.Kind | None], size: int) -> None:
        if cursor.description is None:
            raise QueryFailed("The statement returns no rows.", reason="no_rows")
        self._cursor, self._size = cursor, size
        self.names: list[str] = [column[0] for column in cursor.description]
        self.kinds = _kinds(cursor._result.fields, wanted)
        self.is_done = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        found = self._cursor.fetchmany(self._size)
        if not found:
            self.is_done = True
            raise StopIteration
        columns = zip(*found, strict=True)
        arrays = [_column(v, k) for v, k in zip(columns, self.kinds, strict=True)]
        return rows.batch(self.names, arrays)


def _abandon(connection: Connection, cursor: Any, query: Running) -> None:
    """Hang up instead of reading the rest of an answer, which may take long."""
    query.disarm()
    query.was_interrupted = True
    if cursor._result is not None:
        cursor._result.unbuffered_active = False
        cursor._result.connection = None
    cursor._result = connection._result = cursor.connection = None
    connection._force_close()


def _begin(connection: Connection, query: Running) -> None:
    """Set what holds for one query, and begin its transaction."""
    is_maria = "mariadb" in str(connection.get_server_info()).lower()
    limit = query.left_s if is_maria else int(query.left_s * 1000) + 1
    name = "max_statement_time" if is_maria else "max_execution_time"
    with connection.cursor() as cursor:
        cursor.execute(SESSION.format(name), (SQL_MODE, limit))
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute("START TRANSACTION READ ONLY")


def _is_reset(connection: Connection) -> bool:
    """End the transaction and drop variables, locks and temporary tables; whether it worked."""
    try:
        connection.rollback()
        connection._execute_command(COM_RESET_CONNECTION, b"")
        connection._read_ok_packet()
    except (pymysql.MySQLError, OSError, struct.error):
        return False
    return True


_WHOLE = {
    FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.INT24,
    FIELD_TYPE.YEAR, FIELD_TYPE.BIT,
}  # fmt: skip
_KINDS: dict[int, rows.Kind] = {
    **dict.fromkeys(_WHOLE, "integer"),
    FIELD_TYPE.FLOAT: "number",
    FIELD_TYPE.DOUBLE: "number",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.DATETIME: "time",
    FIELD_TYPE.TIMESTAMP: "time_utc",
}


def _kinds(fields: list[Any], wanted: list[rows.Kind | None]) -> list[rows.Kind]:
    """What the columns are: by the server's types, and where those are vague by the statement."""
    hints = wanted if len(wanted) == len(fields) else [None] * len(fields)
    return [_kind(field, hint) for field, hint in zip(fields, hints, strict=True)]


def _kind(field: Any, hint: rows.Kind | None) -> rows.Kind:
    if field.type_code in (FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL):
        return "integer" if field.scale == 0 else "number"
    found = _KINDS.get(field.type_code, "text")
    if hint == "boolean" and found == "integer":
        return "boolean"
    if found == "text" and hint in ("time", "date"):
        return hint
    if found == "date" and hint == "time":
        return "time"
    if field.type_code == FIELD_TYPE.NULL and hint:
        return hint
    return found


def _column(values: tuple[Any, ...], kind: rows.Kind) -> arrow.Array:
    if kind == "integer":
        return rows.whole([_bits(v) if isinstance(v, bytes) else v for v in values])
    if kind == "text":
        return rows.typed([_decoded(v) if isinstance(v, bytes) else v for v in values], kind)
    return rows.typed(values, kind)


def _bits(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _decoded(value: bytes) -> str:
    """Text that the server calls binary (results of some functions), or bytes in hexadecimal."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def column_type(name: str, declared: str) -> ColumnType:
    """What MySQL's type means to us."""
    if declared.startswith(("tinyint(1)", "bit(1)")):
        return "boolean"
    return TYPES.get(name.lower(), "other")


TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(
        ("char", "varchar", "text", "tinytext", "mediumtext", "longtext", "enum", "set", "time",
         "uuid", "inet4", "inet6"),
        "text",
    ),
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    **dict.fromkeys(("datetime", "timestamp"), "time"),
    "date": "date",
}  # fmt: skip
