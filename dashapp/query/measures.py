"""Metrics taken apart: the statistics that add up over groups, and how a metric is made of them.

| metric | statistics | merged |
|---|---|---|
| COUNT(*) | rows | added |
| COUNT(x) | n | added |
| SUM(x) | sum | added; empty where all are empty |
| MIN(x), MAX(x) of numbers and times | min, max | least, greatest |
| AVG(x) | sum, n | added, divided last |
| STDDEV(x) (sample) | n, sum, dev | squares about each mean, by Chan, Golub and LeVeque (1979) |
| ratio | those of both parts | divided last |
| COUNT(DISTINCT x) | distinct | only where x itself is a dimension: members are counted |
| approximate COUNT(DISTINCT x), median | registers, bins | from a grouping of their own, see `sketches` |

Everything else (medians, texts' extremes, SQL of any other form) is asked of the warehouse.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal

from sqlglot import exp

from dashapp.errors import AppError
from dashapp.query.lattice import Cut
from dashapp.query.sqlguard import check_expression
from dashapp.specs import ColumnSpec, DatasetSpec, RatioMetric, SimpleMetric, SqlMetric
from dashapp.specs.query import AdhocMetric, Metric

Kind = Literal[
    "rows", "n", "sum", "min", "max", "dev", "distinct", "least_hash", "registers", "bins",
]  # fmt: skip
How = Literal["plain", "double", "avg", "dev", "ratio"]
REGISTERS: Final = "registers"
BINS: Final = "bins"
# Read from a grouping of the column rather than from a statistic of cells.
FROM_GROUPING: Final = ("distinct", REGISTERS, BINS)
MAX_NESTING = 10
MOST_NAME = 200
NUMERIC = ("integer", "number", "boolean")


@dataclass(frozen=True)
class Stat:
    """One statistic of a group: of a column, or of an SQL expression per row."""

    kind: Kind
    column: str | None = None
    sql: str | None = None

    @property
    def name(self) -> str:
        """What a rollup calls it."""
        of = self.column if self.column is not None else self.sql or ""
        if len(of) > MOST_NAME:
            of = blake2b(of.encode(), digest_size=12).hexdigest()
        return f"{self.kind}({of})" if self.sql is None else f"{self.kind}: {of}"

    @property
    def cut(self) -> Cut | None:
        """The grouping that it is read from, if it is; that by the values themselves does too."""
        column = self.column or ""
        if self.kind == "registers":
            return Cut(column, sketch="register")
        if self.kind == "bins":
            return Cut(column, sketch="bin")
        return Cut(column) if self.kind == "distinct" else None

    @property
    def part(self) -> Stat | None:
        """The statistic of cells that it is read from besides."""
        if self.kind == "registers":
            return Stat("least_hash", self.column)
        return Stat("n", self.column) if self.kind == "bins" else None

    def metric(self) -> AdhocMetric:
        """The metric that asks a warehouse for it."""
        if self.kind == "rows":
            return SimpleMetric(aggregate="count", label=self.name)
        if self.sql is not None:
            function = {"n": "COUNT", "sum": "SUM"}[self.kind]
            return SqlMetric(expression=f"{function}({self.sql})", label=self.name)
        if self.kind == "n":
            return SimpleMetric(aggregate="count", column=self.column, label=self.name)
        if self.kind == "dev":
            return SimpleMetric(aggregate="stddev", column=self.column, label=self.name)
        if self.kind in ("distinct", "registers", "bins"):
            raise ValueError("It is read from a grouping by its column.")
        return SimpleMetric(aggregate=self.kind, column=self.column, label=self.name)


@dataclass(frozen=True)
class Measure:
    """How a metric is finished: `how` of `stats`, or the ratio of two parts times `scale`."""

    how: How
    stats: tuple[Stat, ...] = ()
    parts: tuple[Measure, ...] = ()
    scale: float = 1.0

    @property
    def needs(self) -> tuple[Stat, ...]:
        """All statistics that it is made of."""
        return self.stats + tuple(s for part in self.parts for s in part.needs)


def measure(dataset: DatasetSpec, metric: Metric, dialect: str, depth: int = 0) -> Measure | None:
    """The metric in parts; None where only a warehouse can tell. `dialect` is sqlglot's name."""
    meaning: AdhocMetric
    if isinstance(metric, str):
        saved = dataset.metric(metric)
        if saved is None or depth > MAX_NESTING:
            return None
        meaning = saved.definition
    else:
        meaning = metric
    if isinstance(meaning, SimpleMetric):
        return _simple(dataset, meaning)
    if isinstance(meaning, SqlMetric):
        return _written(dataset, meaning.expression, dialect)
    return _ratio(dataset, meaning, dialect, depth)


def given(dataset: DatasetSpec, metric: Metric, dialect: str) -> Stat | None:
    """The statistic that a metric of a finished answer is, if it is one itself."""
    found = measure(dataset, metric, dialect)
    if found is None or found.how not in ("plain", "dev", "double"):
        return None
    stat = found.stats[-1]
    # Sums of expressions are doubles wherever they are asked; a column's may be whole elsewhere.
    is_itself = found.how != "double" or (stat.kind == "sum" and stat.sql is not None)
    return stat if is_itself and stat.kind not in FROM_GROUPING else None


def _simple(dataset: DatasetSpec, metric: SimpleMetric) -> Measure | None:
    if metric.column is None:
        return Measure("plain", (Stat("rows"),))
    column = dataset.column(metric.column)
    if column is None or column.type == "other":
        return None
    if metric.approximate and metric.aggregate == "median":
        return Measure("plain", (Stat(BINS, column.name),)) if column.type in NUMERIC else None
    if metric.approximate and column.type != "time":
        return Measure("plain", (Stat(REGISTERS, column.name),))
    return _of_column(column, metric.aggregate)


def _of_column(column: ColumnSpec, aggregate: str) -> Measure | None:
    name = column.name
    is_number = column.type in NUMERIC
    if aggregate == "count":
        return Measure("plain", (Stat("n", name),))
    if aggregate == "count_distinct":  # Two moments may show as one time: clocks are set back.
        return None if column.type == "time" else Measure("plain", (Stat("distinct", name),))
    if aggregate == "least_hash":
        return Measure("plain", (Stat("least_hash", name),))
    if aggregate in ("min", "max"):
        fits = is_number or column.type in ("time", "date")
        kind: Kind = "min" if aggregate == "min" else "max"
        return Measure("plain", (Stat(kind, name),)) if fits else None
    if not is_number:
        return None
    if aggregate == "sum":
        return Measure("plain", (Stat("sum", name),))
    if aggregate == "avg":
        return Measure("avg", (Stat("sum", name), Stat("n", name)))
    if aggregate == "stddev":
        return Measure("dev", (Stat("n", name), Stat("sum", name), Stat("dev", name)))
    return None


def _ratio(dataset: DatasetSpec, metric: RatioMetric, dialect: str, depth: int) -> Measure | None:
    top = measure(dataset, metric.numerator, dialect, depth + 1)
    bottom = measure(dataset, metric.denominator, dialect, depth + 1)
    if top is None or bottom is None:
        return None
    return Measure("ratio", (), (top, bottom), metric.scale)


@lru_cache(maxsize=4096)
def _written(dataset: DatasetSpec, expression: str, dialect: str) -> Measure | None:
    """What a person wrote, where it is one aggregate, or one divided by NULLIF of another."""
    try:
        tree = check_expression(expression, dialect, allow_aggregates=True).tree
    except AppError:
        return None
    if isinstance(tree, exp.Div) and dialect == "duckdb":  # Others divide whole numbers wholly.
        return _quotient(dataset, tree, dialect)
    return _aggregate(dataset, tree, dialect)


def _quotient(dataset: DatasetSpec, tree: exp.Div, dialect: str) -> Measure | None:
    bottom = tree.expression
    if not isinstance(bottom, exp.Nullif) or bottom.expression.sql() != "0":
        return None
    found = [_aggregate(dataset, side, dialect) for side in (tree.this, bottom.this)]
    if found[0] is None or found[1] is None:
        return None
    return Measure("ratio", (), (found[0], found[1]))


def _aggregate(dataset: DatasetSpec, tree: exp.Expr, dialect: str) -> Measure | None:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.Count):
        return _count(dataset, tree, dialect)
    if type(tree) not in (exp.Sum, exp.Avg, exp.Min, exp.Max):
        return None
    if tree.args.get("expressions") or isinstance(tree.this, exp.Distinct):
        return None
    column = _column(dataset, tree.this)
    if isinstance(tree, exp.Min | exp.Max):
        if column is None or column.type not in ("integer", "number"):
            return None
        kind: Kind = "min" if isinstance(tree, exp.Min) else "max"
        return Measure("double", (Stat(kind, column.name),))
    total, count = _operand("sum", column, tree.this, dialect), None
    if isinstance(tree, exp.Sum):
        return Measure("double", (total,)) if total else None
    if dialect == "mysql":  # Averages of whole numbers have four decimals there.
        return None
    count = _operand("n", column, tree.this, dialect)
    return Measure("avg", (total, count)) if total and count else None


def _count(dataset: DatasetSpec, tree: exp.Count, dialect: str) -> Measure | None:
    inner = tree.this
    if tree.args.get("expressions"):
        return None
    if inner is None or isinstance(inner, exp.Star):
        return Measure("plain", (Stat("rows"),))
    if isinstance(inner, exp.Distinct):
        members = inner.expressions
        column = _column(dataset, members[0]) if len(members) == 1 else None
        fits = column is not None and column.type not in ("time", "other")
        return Measure("plain", (Stat("distinct", column.name),)) if column and fits else None
    found = _operand("n", _column(dataset, inner), inner, dialect)
    return Measure("plain", (found,)) if found else None


def _operand(
    kind: Literal["sum", "n"], column: ColumnSpec | None, tree: exp.Expr, dialect: str
) -> Stat | None:
    if column is not None:
        fits = kind == "n" or column.type in ("integer", "number")
        return Stat(kind, column.name) if fits and column.type != "other" else None
    if isinstance(tree, exp.Column | exp.Star | exp.Distinct) or tree.find(exp.AggFunc):
        return None
    return Stat(kind, sql=tree.sql(dialect))


def _column(dataset: DatasetSpec, tree: exp.Expr) -> ColumnSpec | None:
    """The dataset's column that a bare reference means."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not isinstance(tree, exp.Column) or tree.table:
        return None
    found = dataset.column(tree.name)
    if found is not None:
        return found
    alike = [c for c in dataset.columns if c.name.lower() == tree.name.lower()]
    return alike[0] if len(alike) == 1 else None
