"""Row-level rules: the rows of a dataset, narrowed before anything else sees them.

Every place where a guarded table is read becomes `(SELECT * FROM t WHERE rule)`, so that no
expression of a person meets a row that the rule keeps away. What cannot be determined for sure
is refused: a rule that does not apply would show rows to everybody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from sqlglot import exp

from dashapp.errors import Misdefined
from dashapp.query.sqlguard import (
    Reference,
    base_tables,
    check_expression,
    check_query,
    check_relation,
    tables_of,
    written,
)
from dashapp.specs import ColumnSpec, RowRule, Source

GUARDED = "guarded"
_Calculated = tuple[tuple[str, str], ...]
_PREDICATES = (
    exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.In, exp.Between, exp.Column,
    exp.Case, exp.Anonymous, exp.StartsWith, exp.EndsWith, exp.Contains, exp.Coalesce,
)  # fmt: skip


def rows_sql(source: Source, dialect: str) -> str | None:
    """The query of the rows that a viewer may see, in `dialect` (sqlglot's name).

    None when that is simply the whole table. Raises Invalid when a rule or the dataset's own
    SQL is not understood.
    """
    dataset = source.dataset
    calculated = calculated_of(dataset.columns) if source.rules else ()
    if dataset.sql is not None:
        return _virtual(dataset.sql, source.rules, calculated, dialect)
    if dataset.table is None:
        raise Misdefined(f"The dataset '{dataset.name}' has neither a table nor SQL.")
    return _physical(dataset.table, dataset.schema_name, source.rules, calculated, dialect)


def applying(source: Source, dialect: str) -> tuple[RowRule, ...]:
    """The rules that narrow what a dataset reads: its own, and those of the tables it reads."""
    dataset = source.dataset
    seen: Iterable[tuple[str | None, str]] = [(dataset.schema_name, dataset.table or "")]
    if dataset.sql is not None and any(rule.table for rule in source.rules):
        seen = tables_of(dataset.sql, dialect)
    return tuple(r for r in source.rules if r.table is None or _meant(r, seen))


def check_rule(clause: str, dialect: str) -> None:
    """Raise Invalid unless the clause is one boolean expression of columns."""
    tree = check_expression(clause, dialect).tree
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not isinstance(tree, _PREDICATES):
        raise Misdefined("A row-level rule must be a condition, such as region = 'EU'.")


def meaning(clause: str, table: str | None, columns: Iterable[ColumnSpec], dialect: str) -> str:
    """A rule's clause with the calculated columns of its dataset written out.

    Equal texts narrow alike. Raises Invalid for a clause that cannot be kept with these columns.
    """
    return _qualified(clause, table, dict(calculated_of(columns)), dialect)


def calculated_of(columns: Iterable[ColumnSpec]) -> tuple[tuple[str, str], ...]:
    """Name and SQL of the calculated ones among columns."""
    return tuple((c.name, c.expression) for c in columns if c.expression)


def inject(sql: str, rules: Iterable[RowRule], dialect: str) -> str:
    """A person's query with the rules of tables around every table that it reads."""
    tree = check_query(sql, dialect).copy()
    by_name: dict[str, list[RowRule]] = {}
    for rule in rules:
        if rule.table:
            by_name.setdefault(_lenient(rule.table), []).append(rule)
    if by_name:
        _refuse_shadows(tree, by_name)
        for table in list(base_tables(tree)):
            found = [r for r in by_name.get(_lenient(table.name), ()) if _may_be(r, table.db)]
            if found:
                _guard(table, _condition(found, table.name, (), dialect), dialect)
    return written(tree, dialect)


def relations_sql(source: Source, dialect: str) -> str:
    """The dataset's rows before any rule: what to ask the database about its tables with."""
    bare = source.model_copy(update={"rules": ()})
    text = rows_sql(bare, dialect)
    dataset = source.dataset
    return text or f"SELECT * FROM {_table(dataset.table or '', dataset.schema_name).sql(dialect)}"  # noqa: S608


def check_tables(source: Source, found: Iterable[tuple[str | None, str]], dialect: str) -> None:
    """Raise Invalid if the database reads a guarded table that we do not see, through a view.

    `found` are the tables (schema or None, name) that the database itself says the dataset
    reads, views resolved.
    """
    dataset = source.dataset
    seen = {(dataset.schema_name, dataset.table or "")}
    if dataset.sql is not None:
        seen = set(tables_of(dataset.sql, dialect))
    for rule in source.rules:
        hidden = _meant(rule, found) and not _meant(rule, seen)
        if hidden:
            raise Misdefined(
                f"The dataset '{dataset.name}' reads '{rule.table}' through a view, where "
                "row-level rules of that table cannot be kept."
            )


def reads_guarded(rules: Iterable[RowRule], tables: Iterable[tuple[str | None, str]]) -> bool:
    """Whether one of the tables (schema or None, name) is one that a rule guards."""
    read = list(tables)
    return any(_meant(rule, read) for rule in rules)


def _meant(rule: RowRule, tables: Iterable[tuple[str | None, str]]) -> bool:
    """Whether a rule is about one of the tables."""
    return rule.table is not None and any(
        _lenient(name) == _lenient(rule.table) and _may_be(rule, schema or "")
        for schema, name in tables
    )


@lru_cache(maxsize=512)
def _physical(
    name: str,
    schema: str | None,
    rules: tuple[RowRule, ...],
    calculated: _Calculated,
    dialect: str,
) -> str | None:
    check_relation(name, schema, dialect)
    found = [r for r in rules if r.table is None or _meant(r, [(schema, name)])]
    if not found:
        return None
    table = _table(name, schema)
    table.set("alias", exp.TableAlias(this=exp.to_identifier(GUARDED)))
    return _narrowed(table.sql(dialect), _condition(found, name, calculated, dialect))


def _table(name: str, schema: str | None) -> exp.Table:
    quoted = exp.to_identifier(schema, quoted=True) if schema else None
    return exp.Table(this=exp.to_identifier(name, quoted=True), db=quoted)


@lru_cache(maxsize=256)
def _virtual(sql: str, rules: tuple[RowRule, ...], calculated: _Calculated, dialect: str) -> str:
    text = inject(sql, rules, dialect)
    own = [r for r in rules if r.table is None]
    if not own:
        return text
    return _narrowed(f"({text}) AS {GUARDED}", _condition(own, None, calculated, dialect))


def _narrowed(rows: str, condition: str) -> str:
    """Both parts are text that was checked and written by us."""
    return f"SELECT * FROM {rows} WHERE {condition}"  # noqa: S608


def _condition(
    rules: Iterable[RowRule], table: str | None, calculated: _Calculated, dialect: str
) -> str:
    """All rules as one condition: ORed within a named group, ANDed between groups.

    A rule without a group stands alone.
    """
    groups: dict[str, list[str]] = {}
    for index, rule in enumerate(rules):
        check_rule(rule.clause, dialect)
        # The columns of a dataset that reads a guarded table are its editor's, not the rule's.
        known = rule.calculated if rule.table else calculated
        clause = f"({_qualified(rule.clause, table, dict(known), dialect)})"
        groups.setdefault(rule.group or f"\0{index}", []).append(clause)
    return " AND ".join(f"({' OR '.join(sorted(set(c)))})" for c in groups.values())


def _qualified(
    clause: str,
    table: str | None,
    calculated: Mapping[str, str],
    dialect: str,
    depth: int = 0,
    own: str | None = None,
) -> str:
    """The clause with every column bound to the guarded table, calculated ones written out.

    In the expression of a calculated column, its `own` name means the column of the table.
    """
    if depth > 10:
        raise Misdefined("Calculated columns refer to each other in a circle.")

    def resolve(column: Reference) -> str:
        if column.table and (table is None or _lenient(column.table) != _lenient(table)):
            raise Misdefined(f"A row-level rule knows no table '{column.table}'.")
        expression = calculated.get(column.name)
        if expression is not None and column.name != own:
            text = _qualified(expression, table, calculated, dialect, depth + 1, column.name)
            return f"({text})"
        name = exp.to_identifier(column.name, quoted=column.is_quoted)
        return exp.column(name, table=GUARDED).sql(dialect)

    render: Callable[[Callable[[Reference], str]], str] = check_expression(clause, dialect).sql
    return render(resolve)


def _guard(table: exp.Table, condition: str, dialect: str) -> None:
    """Put a sub-query in the place of a table, under the name by which it is known there."""
    alias = table.args.get("alias")
    kept = ("this", "db", "catalog", "only", "sample")
    base = exp.Table(**{k: table.args[k] for k in kept if table.args.get(k)})
    base.set("alias", exp.TableAlias(this=exp.to_identifier(GUARDED)))
    known_as = alias.copy() if alias else exp.TableAlias(this=table.this.copy())
    text = _narrowed(base.sql(dialect, comments=False), condition)
    rows = exp.Subquery(this=check_query(text, dialect).copy(), alias=known_as)
    for part in ("joins", "laterals", "pivots"):
        if table.args.get(part):
            rows.set(part, table.args[part])
    table.replace(rows)


def _refuse_shadows(tree: exp.Expr, guarded: Mapping[str, object]) -> None:
    """A recursive CTE named like a guarded table: databases differ in what its body reads."""
    for clause in tree.find_all(exp.With):
        if clause.args.get("recursive") and any(
            _lenient(cte.alias) in guarded for cte in clause.expressions
        ):
            raise Misdefined("A recursive WITH may not be named like a table with row-level rules.")


def _may_be(rule: RowRule, schema: str) -> bool:
    """Whether a rule may be about a table of this schema; unnamed schemas may be any."""
    return not rule.schema_name or not schema or _lenient(rule.schema_name) == _lenient(schema)


def _lenient(name: str) -> str:
    """Names that any database could take for the same are the same here."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
