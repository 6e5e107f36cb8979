"""The frame of warehouses: what every kind of database can do for the query engine."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import pyarrow as pa
import sqlalchemy as sa
import sqlglot
from pydantic import ValidationError
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from dashapp.errors import AppError, Invalid
from dashapp.specs import ColumnSpec, ColumnType, DatabaseSpec, Spec
from dashapp.warehouses import arrow, running, sentences, urls
from dashapp.warehouses.marks import Marker
from dashapp.warehouses.running import Running
from dashapp.warehouses.slots import Slots
from dashapp.warehouses.turns import ANYBODY, Turn

BATCH_ROWS = 10_000
TableName = tuple[str | None, str]
Answer = tuple[pa.Schema, Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Fetched:
    """A table, the statement with its values for people to read (never to run), and how it went.

    `seconds` include waiting for a slot; `truncated` says that there were more rows.
    """

    table: pa.Table
    sql: str
    seconds: float
    truncated: bool


class Warehouse(ABC):
    """One database of one kind, read-only; subclasses are listed in `dashapp.warehouses`.

    Safe to use from many threads; at most `slots` queries run at once. A subclass opens its
    driver in `_answer` and says in `explain_error` what its errors mean.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]  # a Bootstrap icon name
    default_port: ClassVar[int | None] = None
    sqlglot_dialect: ClassVar[str]
    rule: ClassVar[urls.Rule]
    driver_errors: ClassVar[tuple[type[Exception], ...]]
    dialect: Dialect
    reading_dialect: Dialect  # Writes `Fetched.sql`.

    class Options(Spec):
        """What may be set beside the URL; a form is drawn from it."""

    def __init__(self, database: DatabaseSpec) -> None:
        self.name = database.name
        self.address = urls.checked(self.rule, database.url.get_secret_value())
        self.options = self.checked_options(database.options)
        self.slot_count = database.slots
        self._slots = Slots(database.slots)

    @classmethod
    def checked_options(cls, options: dict[str, Any]) -> Any:
        """Options as this kind's model. Raises Invalid with the fields that are wrong."""
        try:
            return cls.Options.model_validate(options)
        except ValidationError as error:
            fields = {".".join(map(str, e["loc"])): e["msg"] for e in error.errors()}
            raise Invalid(f"Options of the {cls.title} database are wrong.", fields) from None

    def fetch(
        self,
        statement: sa.Executable,
        *,
        query_id: str,
        timeout_s: float,
        max_rows: int,
        max_bytes: int,
        turn: Turn = ANYBODY,
    ) -> Fetched:
        """Run a statement and keep at most `max_rows` rows of its answer.

        `turn` decides who goes first where more is asked than there are slots.

        Raises QueryTimeout, QueryCancelled, ResultTooLarge (beyond `max_bytes`), QueryTooCostly,
        WarehouseDown or QueryFailed. Never holds much more than the caps.
        """
        started = time.perf_counter()
        bounded = limited(statement, max_rows + 1)
        size = max(1, min(max_rows + 1, BATCH_ROWS))
        with self._query(query_id, timeout_s, turn) as query:
            self._weigh(bounded, query)
            with self._answer(bounded, query, size) as (schema, batches):
                found = watched(batches, query)
                table, truncated = arrow.collect(schema, found, max_rows, max_bytes)
        seconds = time.perf_counter() - started
        return Fetched(table, self.readable(statement), seconds, truncated)

    def stream(
        self,
        statement: sa.Executable,
        *,
        query_id: str,
        timeout_s: float,
        batch_rows: int = BATCH_ROWS,
        turn: Turn = ANYBODY,
    ) -> Generator[pa.RecordBatch]:
        """Batches of the answer, all of one schema; an empty answer is one batch without rows.

        Holds a slot until exhausted or closed; errors as those of `fetch`.
        """
        with self._query(query_id, timeout_s, turn) as query:
            self._weigh(statement, query)
            with self._answer(statement, query, batch_rows, streaming=True) as (schema, batches):
                is_empty = True
                for batch in arrow.steady(watched(batches, query)):
                    is_empty = False
                    for start in range(0, batch.num_rows, batch_rows):
                        yield batch.slice(start, batch_rows)
                if is_empty:
                    yield arrow.no_rows(schema)

    def cancel(self, query_id: str) -> bool:
        """Stop a query of that id in this process; whether there was one."""
        return running.cancel(query_id)

    def readable(self, statement: sa.Executable) -> str:
        """The statement with its values in it, for people to read."""
        try:
            return str(
                _compiled(statement, self.reading_dialect, {"literal_binds": True}).string
            ).strip()
        except (sa.exc.CompileError, NotImplementedError):
            return str(_compiled(statement, self.reading_dialect, {}).string).strip()

    def test(self) -> None:
        """Ask the database for one row. Raises WarehouseDown or QueryFailed saying why not."""
        self._ask(sa.select(sa.literal_column("1")))

    @abstractmethod
    def tables(self) -> list[tuple[str | None, str, str]]:
        """Tables and views that may be read: (schema, name, "table" or "view"), sorted."""

    @abstractmethod
    def columns(self, table: str, schema: str | None = None) -> list[ColumnSpec]:
        """The columns of a table or view in order. Raises NotFound if there is no such table."""

    def base_tables(self, sql: str) -> set[TableName]:
        """Tables and views that a query reads, as (schema, name).

        The engine's own answer where it gives one (here the parser's): SQLite tells views and
        what they read, DuckDB and PostgreSQL only the tables behind them; PostgreSQL leaves out
        what its planner needs not read. Raises QueryFailed if the query cannot be understood.
        """
        try:
            trees = sqlglot.parse(sql, read=self.sqlglot_dialect)
            scopes = [s for tree in trees if tree for s in traverse_scope(tree)]
        except sqlglot.errors.SqlglotError:
            raise sentences.syntax_error() from None
        sources = [s for scope in scopes for s in scope.sources.values()]
        return {(s.db or None, s.name) for s in sources if isinstance(s, exp.Table)}

    def marker(self, schema: str | None, table: str | None) -> Marker | None:
        """What the database itself knows of when a table's data changed; of a query's without one.

        Asked about once a second, so it must be cheap, and never raises. It must be another one
        as soon as a query could read other data, and may be another one although nothing changed.
        None (here) where nothing is reliable: PostgreSQL's counters of changes are late, local to
        one server and reset, MySQL's time of update is kept in memory and for some engines only.
        """
        return None

    @abstractmethod
    def explain_error(self, error: BaseException) -> AppError:
        """A driver's error as a sentence, without values of rows and without secrets."""

    @abstractmethod
    def dispose(self) -> None:
        """Close idle connections; those in use are closed when their query ends."""

    @abstractmethod
    def _answer(
        self, statement: sa.Executable, query: Running, batch_rows: int, *, streaming: bool = False
    ) -> AbstractContextManager[Answer]:
        """Run the statement; the block gets the schema of an empty answer, and normal batches."""

    def _weigh(self, statement: sa.Executable, query: Running) -> None:
        """Raise QueryTooCostly where the database says so beforehand and the options limit it."""
        return

    @contextmanager
    def _query(self, query_id: str, timeout_s: float, turn: Turn = ANYBODY) -> Iterator[Running]:
        """A registered query in a slot, whose driver errors become sentences."""
        with running.register(query_id, timeout_s, turn) as query:
            try:
                with self._slots.hold(query):
                    yield query
            except AppError:
                raise
            except self.driver_errors as error:
                if query.is_over:
                    raise query.error() from error
                raise self.explain_error(error) from error

    def _ask(self, statement: sa.Executable, timeout_s: float = 30.0) -> list[dict[str, Any]]:
        """A small answer as a list of rows, for looking at the database itself."""
        with (
            self._query(f"about-{uuid4()}", timeout_s) as query,
            self._answer(statement, query, BATCH_ROWS) as (schema, batches),
        ):
            table, _ = arrow.collect(schema, watched(batches, query), 100_000, 64_000_000)
        return list(table.to_pylist())


def watched(batches: Iterator[pa.RecordBatch], query: Running) -> Iterator[pa.RecordBatch]:
    """The batches until the query is over. Raises QueryTimeout or QueryCancelled then."""
    for batch in batches:
        query.check()
        yield batch
    query.check()


def limited(statement: sa.Executable, rows: int) -> sa.Executable:
    """The statement with a LIMIT if it is a SELECT that has none."""
    if not isinstance(statement, sa.Select | sa.CompoundSelect):
        return statement
    has_limit = statement._limit_clause is not None or statement._fetch_clause is not None
    return statement if has_limit else statement.limit(rows)


def _compiled(statement: sa.Executable, dialect: Dialect, how: dict[str, Any]) -> SQLCompiler:
    if not isinstance(statement, sa.ClauseElement):
        raise TypeError(f"Not a statement: {type(statement).__name__}")
    compiled = statement.compile(dialect=dialect, compile_kwargs=how)
    if not isinstance(compiled, SQLCompiler):
        raise sentences.not_a_query()
    return compiled


def sql_and_values(statement: sa.Executable, dialect: Dialect) -> tuple[str, list[Any]]:
    """SQL with numbered or positional markers, and the values in that order."""
    compiled = _compiled(statement, dialect, {"render_postcompile": True})
    params = compiled.params
    return compiled.string, [plain(params[name]) for name in compiled.positiontup or ()]


def plain(value: Any) -> Any:
    """A bound value as drivers take it: times with a zone as naive UTC (sessions run in UTC)."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def specs(found: Sequence[tuple[str, ColumnType]]) -> list[ColumnSpec]:
    """Columns as specs."""
    return [ColumnSpec(name=name, type=kind) for name, kind in found]
