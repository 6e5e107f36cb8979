"""Row-level rules as atoms, so that one rollup of all rows serves people under different rules.

Only what means the same to every database is taken: columns of the table compared with texts and
numbers by `=`, `IN`, `<` and so on, ANDed, and ORed about one column. Every other rule is left to
the warehouse: `None`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from sqlglot import exp

from dashapp.errors import AppError
from dashapp.query.atoms import LARGEST, Atom, Span
from dashapp.query.rules import applying
from dashapp.query.sqlguard import check_expression
from dashapp.specs import ColumnSpec, DatasetSpec, RowRule, Source

_SIGNS: dict[type[exp.Expr], str] = {exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def rule_atoms(source: Source, dialect: str) -> tuple[Atom, ...] | None:
    """What all rules of a viewer together let pass, every atom of which must hold.

    None where a rule cannot be told from the values of columns alone, or guards a table that the
    dataset reads through SQL.
    """
    return _atoms(source.dataset, applying(source, dialect), dialect)


@lru_cache(maxsize=2048)
def _atoms(
    dataset: DatasetSpec, rules: tuple[RowRule, ...], dialect: str
) -> tuple[Atom, ...] | None:
    groups: dict[str, list[RowRule]] = {}
    for index, rule in enumerate(rules):
        if rule.table is not None and not _is_own(dataset, rule):
            return None
        groups.setdefault(rule.group or f"\0{index}", []).append(rule)
    found: list[Atom] = []
    for members in groups.values():
        clauses = [_clause(dataset, rule, dialect) for rule in members]
        if len(clauses) == 1 and clauses[0] is not None:
            found += clauses[0]
            continue
        united = _united(clauses)
        if united is None:
            return None
        found.append(united)
    return tuple(found)


def _is_own(dataset: DatasetSpec, rule: RowRule) -> bool:
    """Whether a rule guards just the table that the dataset is."""
    return (
        dataset.sql is None
        and rule.table == dataset.table
        and rule.schema_name in (None, dataset.schema_name)
    )


def _united(clauses: Sequence[list[Atom] | None]) -> Atom | None:
    """What any of several clauses about one column lets pass."""
    first: Atom | None = None
    for clause in clauses:
        if clause is None or len(clause) != 1:
            return None
        one = clause[0]
        if one.kind != "values" or one.negated or (first and one.column != first.column):
            return None
        first = (
            one
            if first is None
            else replace(first, values=first.values | one.values, null=first.null or one.null)
        )
    return first


def _clause(dataset: DatasetSpec, rule: RowRule, dialect: str) -> list[Atom] | None:
    """The atoms of one rule, all of which must hold."""
    try:
        tree = check_expression(rule.clause, dialect).tree
    except AppError:
        return None
    calculated = {name for name, _ in rule.calculated}
    return _read(dataset, calculated, tree, dialect)


def _read(
    dataset: DatasetSpec, calculated: set[str], tree: exp.Expr, dialect: str
) -> list[Atom] | None:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.And):
        sides = [_read(dataset, calculated, side, dialect) for side in (tree.left, tree.right)]
        if sides[0] is None or sides[1] is None:
            return None
        return sides[0] + sides[1]
    if isinstance(tree, exp.Or):
        united = _united(
            [_read(dataset, calculated, side, dialect) for side in (tree.left, tree.right)]
        )
        return None if united is None else [united]
    made = _compared(dataset, calculated, tree, dialect)
    return None if made is None else [made]


def _compared(
    dataset: DatasetSpec, calculated: set[str], tree: exp.Expr, dialect: str
) -> Atom | None:
    if isinstance(tree, exp.In):
        if tree.args.get("query") or tree.args.get("unnest"):
            return None
        column = _column(dataset, calculated, tree.this, dialect)
        values = [_literal(column, v) for v in tree.expressions] if column else []
        if column is None or not values or None in values:
            return None
        return Atom(column.name, "values", frozenset(values))
    if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
        column = _column(dataset, calculated, tree.this, dialect)
        return None if column is None else Atom(column.name, "values", null=True)
    if not isinstance(tree, exp.EQ) and type(tree) not in _SIGNS:
        return None
    left, right = tree.this, tree.expression
    is_turned = isinstance(right, exp.Column)
    column = _column(dataset, calculated, right if is_turned else left, dialect)
    value = _literal(column, left if is_turned else right) if column else None
    if column is None or value is None:
        return None
    if isinstance(tree, exp.EQ):
        return Atom(column.name, "values", frozenset({value}))
    sign = _SIGNS[type(tree)]
    return _ranged(column, _TURNED[sign] if is_turned else sign, value)


def _ranged(column: ColumnSpec, sign: str, value: str | int | float) -> Atom | None:
    if isinstance(value, str):
        return None
    span: Span = (
        (None, True, value, sign == "<=") if sign[0] == "<" else (value, sign == ">=", None, True)
    )
    return Atom(column.name, "numbers", spans=(span,))


def _column(
    dataset: DatasetSpec, calculated: set[str], tree: exp.Expr, dialect: str
) -> ColumnSpec | None:
    """The physical column that is meant, by exactly that name."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not isinstance(tree, exp.Column) or tree.name in calculated:
        return None
    if tree.table and tree.table != dataset.table:
        return None
    if not tree.this.quoted and dialect == "postgres" and tree.name != tree.name.lower():
        return None
    found = dataset.column(tree.name)
    return None if found is None or found.expression else found


def _literal(column: ColumnSpec | None, tree: exp.Expr) -> str | int | float | None:
    """A value that the column compares by itself: texts with texts, numbers with numbers."""
    sign = 1
    if isinstance(tree, exp.Neg):
        tree, sign = tree.this, -1
    if column is None or not isinstance(tree, exp.Literal):
        return None
    if tree.is_string:
        return str(tree.this) if column.type == "text" and sign == 1 else None
    if column.type not in ("integer", "number"):
        return None
    try:
        value = float(tree.this)
    except ValueError:
        return None
    if abs(value) > LARGEST:
        return None
    return sign * (int(value) if value.is_integer() else value)
