"""SQL that people write: read, checked against what is allowed, and written anew.

Only what was understood is sent to a warehouse: the checked tree is generated again, without
comments, so that the warehouse reads what was checked. Everything unknown is refused.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.tokenizer_core import TokenType

from dashapp.errors import Misdefined
from dashapp.query import functions

MAX_EXPRESSION_CHARS = 10_000
MAX_QUERY_CHARS = 100_000
MAX_TOKENS = 10_000
MAX_DEPTH = 60  # of parentheses, brackets and CASE
Key = tuple[str | None, str]

_MARK = f"dashapp{secrets.token_hex(8)}x"
_MARKED = re.compile(rf"{_MARK}(\d+)_")
_OPENING = frozenset(
    {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE, TokenType.NOT}
)
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})

# What an expression may consist of. Functions are checked by name besides.
_EXPRESSION_NODES = (
    exp.Binary, exp.Unary, exp.Func, exp.Column, exp.Identifier, exp.Literal, exp.Boolean,
    exp.Null, exp.Between, exp.In, exp.Any, exp.All, exp.Bracket, exp.Slice, exp.DataType,
    exp.DataTypeParam, exp.Interval, exp.IntervalSpan, exp.Var, exp.Tuple, exp.Distinct,
    exp.Filter, exp.Where, exp.WithinGroup, exp.Order, exp.Ordered, exp.AtTimeZone, exp.Star,
    exp.Lambda, exp.IgnoreNulls, exp.RespectNulls, exp.HexString, exp.BitString, exp.RawString,
    exp.ByteString, exp.UnicodeString, exp.JSONPath, exp.JSONPathPart, exp.JSONKeyValue,
    exp.HavingMax,
)  # fmt: skip
_REFUSED_NODES = (exp.Operator, exp.Dot, exp.Match, exp.Kwarg, exp.Adjacent)
# What a query may consist of besides.
_QUERY_NODES = (
    exp.Select, exp.SetOperation, exp.Subquery, exp.Values, exp.CTE, exp.With, exp.From,
    exp.Join, exp.Group, exp.Having, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions,
    exp.Window, exp.WindowSpec, exp.Table, exp.TableAlias, exp.Alias, exp.Lateral, exp.Unnest,
    exp.Qualify, exp.TableSample, exp.GroupingSets, exp.Cube, exp.Rollup, exp.Pivot,
    exp.PivotAlias, exp.JSONSchema, exp.JSONColumnDef, exp.PositionalColumn, exp.Schema,
    exp.ColumnDef,
)  # fmt: skip
_ROOTS = (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)
_TABLE_ARGS = frozenset(
    {"this", "db", "catalog", "alias", "joins", "laterals", "pivots", "sample", "only"}
    | {"ordinality"}
)
_FILE_KINDS = frozenset(
    {"arrow", "avro", "csv", "db", "duckdb", "feather", "gz", "ipc", "json", "jsonl", "ndjson"}
    | {"parquet", "shp", "sqlite", "tsv", "txt", "xlsx", "zst"}
)
_SYSTEM_SCHEMAS = frozenset(
    {"pg_catalog", "pg_toast", "information_schema", "mysql", "performance_schema", "sys"}
)
_SYSTEM_NAMES = ("pg_", "sqlite_", "duckdb_", "pragma_", "dbstat", "information_schema")


@dataclass(frozen=True)
class Reference:
    """A column that an expression names, maybe with the table it says it is of."""

    name: str
    table: str | None
    is_quoted: bool


@dataclass(frozen=True)
class Expression:
    """A checked expression: its text in pieces, with a column between each two of them."""

    pieces: tuple[str, ...]
    columns: tuple[Reference, ...]
    has_aggregate: bool
    tree: exp.Expr

    def sql(self, resolve: Callable[[Reference], str]) -> str:
        """The text with each column as `resolve` writes it."""
        if not self.columns:
            return self.pieces[0]
        parts = [self.pieces[0]]
        for column, piece in zip(self.columns, self.pieces[1:], strict=True):
            parts += (resolve(column), piece)
        return "".join(parts)


@lru_cache(maxsize=4096)
def check_expression(sql: str, dialect: str, *, allow_aggregates: bool = False) -> Expression:
    """The checked form of one SQL expression (`dialect` is sqlglot's name of it).

    No sub-query, no window, no statement, no parameter, only functions on the list. With
    `allow_aggregates`, columns may stand inside aggregates only. Raises Invalid.
    """
    tree = _parsed(sql, dialect, MAX_EXPRESSION_CHARS, "expression")
    for node in _walk(tree):
        _check_node(node, _EXPRESSION_NODES, dialect)
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            _refuse("'*' may stand only in count(*)")
    aggregates = any(_is_aggregate(node) for node in _walk(tree))
    if aggregates and not allow_aggregates:
        _refuse("an aggregate such as sum() cannot be used here")
    if allow_aggregates:
        _check_grouping(tree)
    return _cut(tree, dialect, aggregates)


@lru_cache(maxsize=256)
def check_query(sql: str, dialect: str) -> exp.Expr:
    """The tree of one read-only query (SELECT, set operation, WITH, VALUES); do not change it.

    Raises Invalid for everything else, for tables of the system and functions not on the list.
    """
    tree = _parsed(sql, dialect, MAX_QUERY_CHARS, "query")
    if not isinstance(tree, _ROOTS):
        _refuse("only a query that reads (SELECT, WITH, VALUES) is allowed")
    for node in _walk(tree):
        _check_node(node, (*_EXPRESSION_NODES, *_QUERY_NODES), dialect)
        if isinstance(node, exp.Table):
            _check_table(node, dialect)
        elif isinstance(node, exp.Pivot) and not isinstance(node.parent, exp.Table | exp.Subquery):
            _refuse("PIVOT may stand only behind a table")
    written(tree, dialect)
    return tree


def tables_of(sql: str, dialect: str) -> frozenset[Key]:
    """The tables (schema or None, name) that a query reads, names as they are written."""
    return frozenset((t.db or None, t.name) for t in base_tables(check_query(sql, dialect)))


def base_tables(tree: exp.Expr) -> Iterator[exp.Table]:
    """Every place in a checked query where a table is read, references to CTEs left out."""
    for node in list(_walk(tree)):
        is_named = isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
        if isinstance(node, exp.Table) and is_named and (node.db or not _is_cte(node)):
            yield node


def written(tree: exp.Expr, dialect: str) -> str:
    """The SQL of a checked tree; Invalid if it does not read back as the same."""
    try:
        sql = _generate(tree, dialect)
        again = _generate(sqlglot.parse_one(sql, dialect=dialect), dialect)
    except (SqlglotError, RecursionError, ValueError) as error:
        raise Misdefined(
            "The SQL is too deeply nested or uses a form that is not supported."
        ) from error
    if again != sql:
        _refuse("it uses a form that cannot be checked reliably")
    return sql


def check_relation(name: str, schema: str | None, dialect: str) -> None:
    """Raise Invalid for a table of the system, or a name that means a file."""
    lowered = name.lower()
    if (schema or "").lower() in _SYSTEM_SCHEMAS or lowered.startswith(_SYSTEM_NAMES):
        _refuse(f"'{name}' belongs to the database's own catalog")
    if dialect == "duckdb" and (
        re.search(r"[./\\:*?]", f"{schema or ''}{name}") or lowered in _FILE_KINDS
    ):
        _refuse(f"'{name}' looks like a file")  # DuckDB reads data.csv as one
    if not name or has_control(name):
        _refuse("a table has no readable name")


def has_control(text: str) -> bool:
    """Whether a text holds characters that SQL never needs (NUL and other controls)."""
    return any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n\r" for c in text)


def _refuse(reason: str) -> NoReturn:
    raise Misdefined(f"The SQL is not allowed: {reason}.", {"sql": "refused"})


def _parsed(sql: str, dialect: str, most: int, what: str) -> exp.Expr:
    """The one tree of a text, within the caps that keep reading it under a second."""
    if len(sql) > most:
        raise Misdefined(f"The {what} is longer than {most:,} characters.", {"sql": "size"})
    if has_control(sql):
        _refuse("it holds control characters")
    if "{{" in sql or "{%" in sql:
        _refuse("templates are not supported")
    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(sql)
        _check_tokens(tokens)
        trees = sqlglot.parse(sql, dialect=dialect)
    except SqlglotError as error:
        raise Misdefined(
            f"The {what} is not understood: {_reason(error)}", {"sql": "syntax"}
        ) from error
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        raise Misdefined(
            f"The {what} is not understood or too deeply nested.", {"sql": "depth"}
        ) from error
    if len(trees) != 1 or trees[0] is None:
        raise Misdefined(f"The {what} must be exactly one {what}.", {"sql": "count"})
    return trees[0]


def _check_tokens(tokens: list[sqlglot.Token]) -> None:
    if len(tokens) > MAX_TOKENS:
        raise Misdefined(f"The SQL has more than {MAX_TOKENS:,} words.", {"sql": "size"})
    depth = 0
    for token in tokens:
        kind = token.token_type
        if kind is TokenType.SEMICOLON:
            _refuse("';' separates statements, and only one is allowed")
        if kind is TokenType.HINT:
            _refuse("hints are not allowed")
        depth += (kind in _OPENING and kind is not TokenType.NOT) - (kind in _CLOSING)
        if depth > MAX_DEPTH:
            raise Misdefined("The SQL is too deeply nested.", {"sql": "depth"})


def _reason(error: SqlglotError) -> str:
    """The first line of a parser's complaint, without its terminal colours."""
    text = re.sub(r"\x1b\[\d+m", "", str(error)).strip().splitlines()
    return (text[0] if text else "syntax error")[:200]


def _walk(tree: exp.Expr) -> Iterator[exp.Expr]:
    return tree.walk(bfs=False)


def _check_node(node: exp.Expr, allowed: tuple[type, ...], dialect: str) -> None:
    if not isinstance(node, allowed) or isinstance(node, _REFUSED_NODES):
        _refuse(f"{_title(node)} cannot be used here")
    if isinstance(node, exp.Anonymous):
        _check_named(node)
    elif isinstance(node, exp.Func):
        _check_known(node)
    elif isinstance(node, exp.In) and node.args.get("field") and dialect != "duckdb":
        _refuse("IN needs a list in parentheses")  # SQLite reads a table of that name
    elif isinstance(node, exp.DataType) and "REG" in node.sql(dialect).upper()[:3]:
        _refuse("types of the database's catalog cannot be used")


def _title(node: exp.Expr) -> str:
    if isinstance(node, exp.Parameter | exp.SessionParameter | exp.Placeholder):
        return "a parameter"
    if isinstance(node, exp.Query | exp.Table | exp.Subquery):
        return "a sub-query"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()


def _check_named(node: exp.Anonymous) -> None:
    name = node.this
    if not isinstance(name, str):
        _refuse("a function's name cannot be quoted")
    in_from = isinstance(node.parent, exp.Table | exp.Lateral)
    listed = functions.TABLE_NAMED if in_from else functions.NAMED
    if name.lower() not in listed:
        _refuse(f"the function {name} is not on the list of allowed functions")


def _check_known(node: exp.Func) -> None:
    in_from = isinstance(node.parent, exp.Table | exp.Lateral)
    name = type(node).__name__
    if isinstance(node, exp.Exists | exp.Unnest | exp.Explode):
        return  # what is inside is checked by itself
    if name not in (functions.TABLE_KNOWN if in_from else functions.KNOWN):
        _refuse(f"the function {node.sql_name().lower()} is not on the list of allowed functions")


def _check_table(node: exp.Table, dialect: str) -> None:
    extra = {k for k, v in node.args.items() if v} - _TABLE_ARGS
    if extra:
        _refuse(f"'{sorted(extra)[0]}' of a table cannot be used")
    if isinstance(node.this, exp.Identifier):
        check_relation(node.name, node.db or None, dialect)
    elif not isinstance(node.this, exp.Func):
        _refuse("a table has no readable name")


def _is_aggregate(node: exp.Expr) -> bool:
    if isinstance(node, exp.Max | exp.Min) and node.expressions:
        return False  # SQLite's max(a, b) is the greater of two values
    if isinstance(node, exp.AggFunc):
        return True
    return isinstance(node, exp.Anonymous) and node.name.lower() in functions.NAMED_AGGREGATES


def _check_grouping(tree: exp.Expr) -> None:
    """A column outside an aggregate has no one value in a group."""
    for column in tree.find_all(exp.Column):
        node: exp.Expr | None = column
        while node is not None and not isinstance(node, exp.Filter | exp.WithinGroup):
            if _is_aggregate(node):
                break
            node = node.parent
        if node is None:
            _refuse(f"the column '{column.name}' stands outside an aggregate such as sum()")


def _is_cte(table: exp.Table) -> bool:
    """Whether an unqualified name means a CTE for sure; in doubt it means a table.

    In the body of a CTE, only the CTEs before it count: its own name means the table.
    """
    child: exp.Expr = table
    node = table.parent
    while node is not None:
        if isinstance(node, exp.With):
            before = node.expressions[: _position(node, child)]
            if any(_same_name(cte, table) for cte in before):
                return True
            child, node = node.parent or node, (node.parent.parent if node.parent else None)
            continue
        clause = node.args.get("with_") or node.args.get("with")
        if clause is not None and any(_same_name(cte, table) for cte in clause.expressions):
            return True
        child, node = node, node.parent
    return False


def _position(clause: exp.With, child: exp.Expr) -> int:
    """How many CTEs come before `child`; a recursive one sees itself."""
    index = next(i for i, cte in enumerate(clause.expressions) if cte is child)
    return index + 1 if clause.args.get("recursive") else index


def _same_name(cte: exp.Expr, table: exp.Table) -> bool:
    alias = cte.args.get("alias")
    one, other = alias.this if alias else None, table.this
    return isinstance(one, exp.Identifier) and _folded(one) == _folded(other)


def _folded(identifier: exp.Identifier) -> str:
    """The strictest reading of a name's case: quoted as written, unquoted in lower case."""
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()


def _generate(tree: exp.Expr, dialect: str) -> str:
    return tree.sql(
        dialect=dialect,
        comments=False,
        normalize_functions=False,
        unsupported_level=ErrorLevel.RAISE,
    )


def _cut(tree: exp.Expr, dialect: str, has_aggregate: bool) -> Expression:
    """The expression with its columns taken out of its text."""
    marked = exp.Paren(this=tree.copy())
    columns = []
    for column in list(marked.find_all(exp.Column)):
        if not isinstance(column.this, exp.Identifier) or column.args.get("db"):
            _refuse("a column must be named as 'column' or 'table.column'")
        quoted = bool(column.this.args.get("quoted"))
        columns.append(Reference(column.name, column.table or None, quoted))
        column.replace(exp.column(f"{_MARK}{len(columns) - 1}_"))
    text = written(marked, dialect)[1:-1]
    pieces = _MARKED.split(text)
    order = [int(i) for i in pieces[1::2]]
    return Expression(tuple(pieces[::2]), tuple(columns[i] for i in order), has_aggregate, tree)
