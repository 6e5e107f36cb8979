"""Row-level rules as atoms, so that one rollup of all rows serves people under different rules.

Only what means the same to every database is taken: texts and whole numbers of the table compared
by `=`, `IN`, `<` and so on, ANDed, and ORed about one column. Every other rule is left to the
warehouse: `None`. So are rules about decimals and floats: what is read of them may be rounded across
a limit.
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
        values = [_literal(column, v, dialect) for v in tree.expressions] if column else []
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
    value = _literal(column, left if is_turned else right, dialect) if column else None
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


def _literal(column: ColumnSpec | None, tree: exp.Expr, dialect: str) -> str | int | float | None:
    """A value that the column compares by itself: texts with texts, whole numbers with numbers."""
    sign = 1
    if isinstance(tree, exp.Neg):
        tree, sign = tree.this, -1
    if column is None or not isinstance(tree, exp.Literal):
        return None
    if tree.is_string:
        text = str(tree.this)
        # A column of SQLite may hold 1 and '1', which differ there and are both read as '1'.
        is_plain = dialect != "sqlite" or _number(text) is None
        return text if column.type == "text" and sign == 1 and is_plain else None
    # A YEAR of MySQL looks like any whole number, but 50 means 2050 to it.
    is_whole = column.type == "integer" and dialect != "mysql"
    value = _number(tree.this) if is_whole else None
    if value is None or not abs(value) < LARGEST:
        return None
    return sign * (int(value) if value.is_integer() else value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
