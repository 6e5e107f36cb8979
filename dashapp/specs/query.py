"""The logical query: what every chart, export, option list and alert asks."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from dashapp.specs.base import Spec, Tagged
from dashapp.specs.post import PostStep

Grain = Literal[
    "second", "5 seconds", "30 seconds", "minute", "5 minutes", "10 minutes", "15 minutes",
    "30 minutes", "hour", "6 hours", "12 hours", "day", "week", "month", "quarter", "year",
]  # fmt: skip
# The units of time among them; the others are so many of one.
GRAINS: tuple[Grain, ...] = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
Aggregate = Literal["count", "count_distinct", "sum", "avg", "min", "max", "median", "stddev"]
APPROXIMABLE: Final = ("count_distinct", "median")
Sketch = Literal["register", "bin"]
Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "between",
    "contains", "not contains", "starts with", "ends with", "like", "not like", "ilike", "not ilike",
    "is null", "is not null", "is true", "is false", "time range",
]  # fmt: skip
Scalar = str | int | float | bool | None
Label = Annotated[str, Field(min_length=1, max_length=250)]


class Dimension(Spec):
    """A column to group by, optionally truncated to a time grain or cut into equal bins.

    With `sketch` rows are grouped by registers of a hash, or by bins that grow with the numbers,
    which is what approximate metrics are read from (`dashapp.query.sketches`).
    """

    column: Label = Field(description="Name of a dataset's column, physical or calculated.")
    grain: Grain | None = Field(None, description="Truncate a time column to this grain.")
    bin: float | None = Field(None, gt=0, description="Width of a bin of a numeric column.")
    sketch: Sketch | None = Field(None, description="Made for approximate metrics.")
    label: Label | None = Field(None, description="Name in the answer; the column's by default.")

    @model_validator(mode="after")
    def _one_cut(self) -> Dimension:
        if sum(bool(cut) for cut in (self.grain, self.bin, self.sketch)) > 1:
            raise ValueError("A dimension has a grain or a bin, not both.")
        return self

    @property
    def name(self) -> str:
        """The name of this dimension in the answer."""
        return self.label or self.column


class SimpleMetric(Tagged):
    """An aggregate of one column (or of all rows for `count` without a column).

    `least_hash` is the least hash of a column, which approximate counts are read from.
    """

    kind: Literal["simple"] = "simple"
    aggregate: Aggregate | Literal["least_hash"]
    column: Label | None = None
    approximate: bool = Field(
        False, description="Counts of different values (± 2 %) and medians (± 1 %) that add up."
    )
    label: Label

    @model_validator(mode="after")
    def _needs_column(self) -> SimpleMetric:
        if self.column is None and self.aggregate != "count":
            raise ValueError(f"{self.aggregate} needs a column.")
        if self.approximate and self.aggregate not in APPROXIMABLE:
            raise ValueError(
                "Only counts of different values (count_distinct) and medians can be approximate; "
                f"{self.aggregate} is always exact."
            )
        return self


class SqlMetric(Tagged):
    """An aggregate written in the warehouse's SQL; checked before it runs."""

    kind: Literal["sql"] = "sql"
    expression: str = Field(min_length=1, max_length=10_000)
    label: Label


class RatioMetric(Tagged):
    """One metric divided by another; empty where the divisor is zero or empty."""

    kind: Literal["ratio"] = "ratio"
    numerator: Label = Field(description="Name of a metric of the dataset.")
    denominator: Label = Field(description="Name of a metric of the dataset.")
    scale: float = Field(1.0, description="Multiplies the ratio, e.g. 100 for percent.")
    label: Label


AdhocMetric = Annotated[SimpleMetric | SqlMetric | RatioMetric, Field(discriminator="kind")]
# A plain string names a saved metric of the dataset.
Metric = Label | AdhocMetric


def metric_name(metric: Metric) -> str:
    """The name of a metric in the answer."""
    return metric if isinstance(metric, str) else metric.label


class Filter(Spec):
    """A predicate on one column: `column operator value`.

    `value` is a scalar; a list for `in`, `not in`; `[low, high]` (either may be null, both
    inclusive) for `between`; a range expression such as "last 7 days" for `time range`
    (half-open, see `dashapp.query.timerange`). A null inside an `in` list means empty.
    With `grain`, the column is truncated first (clicking a month's bar means that month).
    With `bin`, it is cut into bins of that width first.
    """

    column: Label
    op: Operator
    value: Scalar | tuple[Scalar, ...] = None
    grain: Grain | None = None
    bin: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _shape(self) -> Filter:
        many = self.op in ("in", "not in", "between")
        bare = self.op in ("is null", "is not null", "is true", "is false")
        if many and not isinstance(self.value, tuple):
            raise ValueError(f"'{self.op}' needs a list.")
        if self.op == "between" and len(self.value) != 2:  # type: ignore[arg-type]
            raise ValueError("'between' needs two values.")
        if not many and isinstance(self.value, tuple):
            raise ValueError(f"'{self.op}' needs one value.")
        if not bare and not many and self.value is None:
            raise ValueError(f"'{self.op}' needs a value.")
        return self

    @field_validator("value", mode="after")
    @classmethod
    def _capped(cls, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) > 10_000:
            raise ValueError("A filter takes at most 10,000 values.")
        return value


class SqlFilter(Spec):
    """A boolean SQL expression of a chart's author; checked before it runs, ANDed."""

    expression: str = Field(min_length=1, max_length=10_000)


class MetricFilter(Spec):
    """A predicate on a metric, applied after grouping (HAVING)."""

    metric: Metric
    op: Literal["=", "!=", "<", "<=", ">", ">=", "between", "is null", "is not null"]
    value: float | tuple[float, float] | None = None


class Order(Spec):
    """Sort by the name of a dimension, raw column or metric of the answer.

    With `metric`, by one that the answer need not show; `by` is then only what it is called.
    """

    by: Label
    descending: bool = False
    metric: Metric | None = None


class SeriesLimit(Spec):
    """Keep only the largest members of the series dimensions; the rest becomes 'Other' or goes.

    Members are ranked by `by` (the first metric by default) over the whole query range.
    """

    dimensions: tuple[Label, ...] = Field(min_length=1, description="Names in `dimensions`.")
    limit: int = Field(ge=1, le=1000)
    by: Metric | None = None
    descending: bool = True
    other: bool = Field(True, description="Group the rest under 'Other' instead of dropping it.")


class QuerySpec(Spec):
    """One logical question to one dataset. Hashable; equal questions are equal.

    Grouped when there are dimensions or metrics; raw rows of `columns` otherwise.
    Shape of the answer: one Arrow table whose columns are the dimensions' names, then the
    metrics' names (or the raw columns), after `post` steps.
    """

    dataset: UUID
    dimensions: tuple[Dimension, ...] = Field((), max_length=50)
    metrics: tuple[Metric, ...] = Field((), max_length=100)
    columns: tuple[Label, ...] = Field((), max_length=500, description="Raw columns, ungrouped.")
    filters: tuple[Filter, ...] = Field((), max_length=500)
    where: tuple[SqlFilter, ...] = Field((), max_length=50)
    having: tuple[MetricFilter, ...] = Field((), max_length=50)
    time_column: Label | None = Field(
        None, description="Column of `time_range`; the dataset's by default."
    )
    time_range: str | None = Field(
        None, max_length=200, description='E.g. "last 7 days"; half-open.'
    )
    series: SeriesLimit | None = None
    order: tuple[Order, ...] = Field((), max_length=50)
    limit: int | None = Field(None, ge=1, description="Most rows; the server's cap applies too.")
    offset: int = Field(0, ge=0)
    post: tuple[PostStep, ...] = Field((), max_length=30)

    @model_validator(mode="after")
    def _one_shape(self) -> QuerySpec:
        if self.columns and (self.dimensions or self.metrics):
            raise ValueError("A query is grouped or raw, not both.")
        if not (self.columns or self.dimensions or self.metrics):
            raise ValueError("A query needs dimensions, metrics or columns.")
        names = [d.name for d in self.dimensions] + [metric_name(m) for m in self.metrics]
        twice = {n for n in names if names.count(n) > 1}
        if twice:
            raise ValueError(f"Names must be unique: {', '.join(sorted(twice))}.")
        return self

    @property
    def is_grouped(self) -> bool:
        """Whether rows are aggregated (false: raw rows)."""
        return not self.columns
