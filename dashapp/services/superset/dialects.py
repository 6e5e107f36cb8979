"""SQL of one engine said in another: expressions, queries and the SQL inside chart parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

from dashapp.errors import Invalid
from dashapp.specs import ColumnSpec, ColumnType

MAX_CHARS = 100_000
WeekStart = Literal["monday", "sunday", "saturday"]
# Engines whose week grain starts on Sunday in Superset; all others start on Monday.
SUNDAYS: Final = frozenset({"sqlite", "mysql", "mariadb", "bigquery", "mssql"})
# SQLAlchemy's names of engines as sqlglot calls them, where they differ.
DIALECTS: Final[dict[str, str]] = {
    "postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql", "awsathena": "athena",
    "cockroachdb": "postgres", "databricks": "databricks", "greenplum": "postgres",
    "starrocks": "starrocks", "clickhousedb": "clickhouse", "trino": "trino",
}  # fmt: skip
TYPES: Final[dict[ColumnType, str]] = {
    "integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "boolean": "BOOLEAN",
    "time": "TIMESTAMP", "date": "DATE",
}  # fmt: skip
ROWS: Final = "rows_of_the_dataset"


def engine_of(uri: str) -> str:
    """The engine that a SQLAlchemy address names: "postgresql+psycopg2://…" is "postgresql"."""
    return uri.partition("://")[0].partition("+")[0].strip().lower()


def dialect_of(engine: str) -> str | None:
    """sqlglot's name of an engine's SQL; None for one that it does not know."""
    name = DIALECTS.get(engine, engine)
    return name if name in sqlglot.Dialect.classes else None


def week_start(engine: str) -> WeekStart:
    """The day on which weeks start where an engine cuts times to weeks in Superset."""
    return "sunday" if engine in SUNDAYS else "monday"


def is_template(sql: str) -> bool:
    """Whether the SQL is a Jinja template."""
    return "{{" in sql or "{%" in sql or "{#" in sql


@dataclass(frozen=True)
class Translation:
    """From one dialect of sqlglot to another, over a dataset's columns.

    Their types tell whole from broken numbers: 7 / 2 is 3 in SQLite and 3.5 in DuckDB.
    """

    source: str | None
    target: str
    columns: tuple[ColumnSpec, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Whether the dialects differ, and both are known."""
        return self.source is not None and self.source != self.target

    def expression(self, sql: str) -> str:
        """An expression in the target's SQL; as it is where it cannot be read."""
        if not self.is_needed or len(sql) > MAX_CHARS or is_template(sql):
            return sql
        try:
            tree = self._typed(self._safe(sqlglot.parse_one(sql, dialect=self.source)))
            return tree.sql(dialect=self.target, comments=False)
        except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError):
            return sql

    def type_of(self, sql: str) -> ColumnType | None:
        """The type of an expression over the columns, where it follows from theirs."""
        try:
            tree = self._typed(sqlglot.parse_one(sql, dialect=self.source or self.target))
        except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError):
            return None
        if tree.type is None or len(sql) > MAX_CHARS:
            return None
        groups: tuple[tuple[ColumnType, frozenset[exp.DType]], ...] = (
            ("boolean", frozenset({exp.DType.BOOLEAN})),
            ("integer", frozenset(exp.DataType.INTEGER_TYPES)),
            ("number", frozenset(exp.DataType.NUMERIC_TYPES)),
            ("date", frozenset({exp.DType.DATE, exp.DType.DATE32})),
            ("time", frozenset(exp.DataType.TEMPORAL_TYPES)),
            ("text", frozenset(exp.DataType.TEXT_TYPES)),
        )
        return next((name for name, types in groups if tree.type.this in types), None)

    def _safe(self, tree: exp.Expr) -> exp.Expr:
        """The expression with divisions by zero empty, as they are in SQLite and MySQL."""
        for division in tree.find_all(exp.Div):
            divisor = division.expression
            is_safe = isinstance(divisor, exp.Literal) and divisor.this not in ("0", "0.0")
            if division.args.get("safe") and not sqlglot.Dialect[self.target].SAFE_DIVISION:
                division.set("safe", False)
                if not is_safe:
                    empty = exp.Nullif(this=divisor, expression=exp.Literal.number(0))
                    division.set("expression", empty)
        return tree

    def _typed(self, tree: exp.Expr) -> exp.Expr:
        """The expression with the types of its columns known, hence of all that is in it."""
        types = {c.name.lower(): TYPES[c.type] for c in self.columns if c.type in TYPES}
        bare = [c for c in tree.find_all(exp.Column) if not c.table]
        for column in bare:
            column.set("table", exp.to_identifier(ROWS))
        names = {c.name: types[c.name.lower()] for c in bare if c.name.lower() in types}
        query = exp.Select(expressions=[exp.Alias(this=tree, alias="e")]).from_(ROWS, copy=False)
        annotate_types(query, schema={ROWS: names} if names else None, dialect=self.source)
        for column in bare:
            column.set("table", None)
        return tree

    def query(self, sql: str) -> str:
        """A whole query in the target's SQL. Raises Invalid for templates and what is not read."""
        if is_template(sql):
            raise Invalid(
                "Its SQL is a Jinja template ({{ }} or {% %}), which depends on who asks in "
                "Superset; write it without the template."
            )
        if not self.is_needed:
            return sql
        try:
            trees = [t for t in sqlglot.parse(sql, dialect=self.source) if t is not None]
            written = [t.sql(dialect=self.target, pretty=True, comments=False) for t in trees]
        except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError) as error:
            raise Invalid(
                f"Its SQL cannot be translated from {self.source} to {self.target}."
            ) from error
        return ";\n".join(written)
