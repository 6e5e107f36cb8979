"""Metrics as SQL aggregates, typed so that every driver hands out numbers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlglot import exp

from dashapp.errors import Invalid
from dashapp.query.dialects import Element, Sql
from dashapp.query.reading import Column, Reading, unknown
from dashapp.query.sqlguard import Reference, check_expression
from dashapp.specs import RatioMetric, SimpleMetric, SqlMetric
from dashapp.specs.query import AdhocMetric, Metric, Sketch

MAX_NESTING = 10
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv)
_THROUGH = (exp.Paren, exp.Filter, exp.Nullif, exp.Neg, exp.Abs, exp.Round, exp.Min, exp.Max)
_NUMERIC = (
    exp.Sum, exp.Avg, exp.Count, exp.CountIf, exp.Stddev, exp.StddevPop, exp.StddevSamp,
    exp.Variance, exp.VariancePop, exp.ApproxDistinct, exp.Corr, exp.Sqrt, exp.Ln, exp.Exp,
    exp.Floor, exp.Ceil, exp.Pow, exp.Length,
)  # fmt: skip


def definition(reading: Reading, metric: Metric) -> AdhocMetric:
    """What a metric means; a name is looked up among the dataset's."""
    if not isinstance(metric, str):
        return metric
    saved = reading.source.dataset.metric(metric)
    if saved is None:
        raise unknown(metric, {m.name: m for m in reading.source.dataset.metrics}, "metric")
    return saved.definition


def aggregate(reading: Reading, metric: Metric, depth: int = 0) -> Element:
    """The SQL of a metric, without its label."""
    if depth > MAX_NESTING:
        raise Invalid("Ratios refer to each other in a circle.")
    meaning = definition(reading, metric)
    if isinstance(meaning, SimpleMetric):
        return _simple(reading, meaning)
    if isinstance(meaning, SqlMetric):
        return _written(reading, meaning)
    return _ratio(reading, meaning, depth)


def _simple(reading: Reading, metric: SimpleMetric) -> Element:
    if metric.column is None:
        return sa.func.count(type_=sa.BigInteger())
    column = reading.column(metric.column)
    if metric.aggregate == "count":
        return sa.func.count(column.element, type_=sa.BigInteger())
    if metric.aggregate == "count_distinct":
        return sa.func.count(column.element.distinct(), type_=sa.BigInteger())
    if metric.aggregate == "least_hash":
        return sa.func.min(reading.flavour.least_hash(column.element), type_=sa.BigInteger())
    if metric.aggregate in ("min", "max"):
        value = _number_of(column) if column.type == "boolean" else reading.local(column)
        function = sa.func.min if metric.aggregate == "min" else sa.func.max
        return function(value, type_=value.type)
    return _numeric(reading, metric, column)


def _numeric(reading: Reading, metric: SimpleMetric, column: Column) -> Element:
    if column.type in ("text", "time", "date"):
        raise Invalid(
            f"'{metric.aggregate}' needs numbers, and '{column.spec.title}' holds "
            f"{'texts' if column.type == 'text' else 'times'}.",
            {metric.column or "": "not a number"},
        )
    value, flavour = _number_of(column), reading.flavour
    if metric.aggregate == "sum":
        total = sa.func.sum(value)
        return (
            flavour.whole(total) if column.type in ("integer", "boolean") else flavour.double(total)
        )
    if metric.aggregate == "avg":
        return flavour.double(sa.func.avg(flavour.double(value)))
    return flavour.median(value) if metric.aggregate == "median" else flavour.stddev(value)


def sketch(reading: Reading, column: Column, kind: Sketch) -> Element:
    """The SQL of a sketch's grouping: the register of a value's hash, or the bin of a number."""
    if kind == "register":
        return reading.flavour.register(column.element)
    if column.type not in ("integer", "number", "boolean"):
        raise Invalid(f"'{column.spec.title}' holds no numbers.", {column.spec.name: "no number"})
    return reading.flavour.log_bin(_number_of(column))


def _number_of(column: Column) -> Element:
    """A boolean as 1 or 0, anything else as it is."""
    if column.type != "boolean":
        return column.element
    one, zero = sa.literal_column("1", sa.BigInteger()), sa.literal_column("0", sa.BigInteger())
    is_true = column.element.is_(sa.true())
    return sa.case((is_true, one), (column.element.is_(None), sa.null()), else_=zero)


def _written(reading: Reading, metric: SqlMetric) -> Element:
    text = reading.expression(metric.expression, allow_aggregates=True)
    tree = check_expression(metric.expression, reading.sqlglot_dialect, allow_aggregates=True).tree
    element: Element = sa.literal_column(f"({text})")
    if isinstance(tree, exp.Count):
        return sa.type_coerce(element, sa.BigInteger())
    return reading.flavour.double(element) if _is_number(reading, tree) else element


def _ratio(reading: Reading, metric: RatioMetric, depth: int) -> Element:
    top = reading.flavour.double(aggregate(reading, metric.numerator, depth + 1))
    bottom = reading.flavour.double(aggregate(reading, metric.denominator, depth + 1))
    quotient = Sql("({0} / NULLIF({1}, 0))", top, bottom, type_=sa.Float())
    if metric.scale == 1:
        return quotient
    return Sql("({0} * {1})", quotient, sa.literal(metric.scale, sa.Float()), type_=sa.Float())


def _is_number(reading: Reading, tree: exp.Expr) -> bool:
    """Whether an expression is a number for sure; those are handed out as doubles."""
    if isinstance(tree, exp.Column):
        column = reading.resolve(Reference(tree.name, tree.table or None, False))
        return column.type in ("integer", "number")
    if isinstance(tree, exp.Literal):
        return not tree.is_string
    if isinstance(tree, _ARITHMETIC):
        return _is_number(reading, tree.left) and _is_number(reading, tree.right)
    if isinstance(tree, exp.Coalesce):
        return all(_is_number(reading, e) for e in (tree.this, *tree.expressions))
    if isinstance(tree, _THROUGH):
        return _is_number(reading, tree.this)
    return isinstance(tree, _NUMERIC)
