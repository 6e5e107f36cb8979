"""What kinds that ask a dataset have in common: narrowing, order, names and formats."""

from __future__ import annotations

from typing import Any, Final, TypedDict, Unpack

from pydantic import Field

from dashapp.charts.base import ClickTarget
from dashapp.specs import (
    ColumnSpec,
    DatasetSpec,
    Dimension,
    Filter,
    MetricFilter,
    Order,
    QuerySpec,
    SeriesLimit,
    Spec,
    SqlFilter,
    metric_name,
)
from dashapp.specs.post import PostStep
from dashapp.specs.query import Metric

# Sections of the form; a field says its own with `json_schema_extra=DATA`.
DATA: Final[dict[str, Any]] = {"group": "data"}
NARROW: Final[dict[str, Any]] = {"group": "narrow"}
LOOK: Final[dict[str, Any]] = {"group": "look"}
ANALYSIS: Final[dict[str, Any]] = {"group": "analysis"}


class Parts(TypedDict, total=False):
    """Parts of a QuerySpec that a kind may add to the common ones."""

    columns: tuple[str, ...]
    filters: tuple[Filter, ...]
    having: tuple[MetricFilter, ...]
    series: SeriesLimit | None
    time_range: str | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int
    post: tuple[PostStep, ...]


class Asks(Spec):
    """Options of every kind that asks a dataset: which rows, in which order, how many.

    A kind adds its own `metric` or `metrics` and `dimensions` and builds its questions with
    `base_query`.
    """

    filters: tuple[Filter, ...] = Field(
        (),
        max_length=200,
        title="Filters",
        description="Conditions on columns; only rows that meet all of them count.",
        json_schema_extra=NARROW,
    )
    where: tuple[SqlFilter, ...] = Field(
        (),
        max_length=20,
        title="SQL conditions",
        description="Conditions in the warehouse's SQL; only rows that meet all of them count.",
        json_schema_extra=NARROW,
    )
    having: tuple[MetricFilter, ...] = Field(
        (),
        max_length=20,
        title="Conditions on metrics",
        description="Only groups whose metrics meet all of these are kept.",
        json_schema_extra=NARROW,
    )
    time_column: str | None = Field(
        None,
        min_length=1,
        max_length=250,
        title="Time column",
        description="Column that the time range cuts; the dataset's own by default.",
        json_schema_extra=NARROW | {"widget": "time_column"},
    )
    time_range: str | None = Field(
        None,
        max_length=200,
        title="Time range",
        description='For instance "last 7 days" or "2013-01-01 : 2013-04-01"; all by default.',
        json_schema_extra=NARROW | {"widget": "time_range"},
    )
    order: tuple[Order, ...] = Field(
        (),
        max_length=20,
        title="Order",
        description="Sort by dimensions, metrics or columns; the kind's own order by default.",
        json_schema_extra=NARROW,
    )
    limit: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        title="Row limit",
        description="Most rows to ask for; the server's cap applies too.",
        json_schema_extra=NARROW,
    )

    def base_query(
        self,
        dataset: DatasetSpec,
        dimensions: tuple[Dimension, ...] = (),
        metrics: tuple[Metric, ...] = (),
        **parts: Unpack[Parts],
    ) -> QuerySpec:
        """One question with these options' filters, range, order and limit.

        `parts` replace the common ones, except `filters` and `having`, which are added. Order by names that
        the question does not have is left out, so that totals and levels can share the options.
        """
        named = {d.name for d in dimensions} | {metric_name(m) for m in metrics}
        named |= set(parts.get("columns", ()))
        is_raw = "columns" in parts
        kept = (o for o in self.order if o.by in named or (o.metric is not None and not is_raw))
        order = parts.get("order", tuple(kept))
        return QuerySpec(
            dataset=dataset.uuid,
            dimensions=dimensions,
            metrics=metrics,
            columns=parts.get("columns", ()),
            filters=self.filters + parts.get("filters", ()),
            where=self.where,
            having=self.having + parts.get("having", ()),
            time_column=self.time_column,
            time_range=parts.get("time_range", self.time_range),
            series=parts.get("series"),
            order=order,
            limit=parts.get("limit", self.limit),
            offset=parts.get("offset", 0),
            post=parts.get("post", ()),
        )


def metric_title(metric: Metric, dataset: DatasetSpec) -> str:
    """What people read over a metric: its saved title, or its label."""
    saved = dataset.metric(metric) if isinstance(metric, str) else None
    return saved.title if saved else metric_name(metric).replace("_", " ")


def metric_format(metric: Metric, dataset: DatasetSpec) -> tuple[str | None, str | None]:
    """A saved metric's d3 format and ISO currency; `(None, None)` where nothing is said."""
    saved = dataset.metric(metric) if isinstance(metric, str) else None
    return (saved.format, saved.currency) if saved else (None, None)


def dimension_title(dimension: Dimension, dataset: DatasetSpec) -> str:
    """What people read over a dimension: its label, or its column's title."""
    if dimension.label and dimension.label != dimension.column:
        return dimension.label
    return dimension_column(dimension, dataset).title


def dimension_column(dimension: Dimension, dataset: DatasetSpec) -> ColumnSpec:
    """The dataset's column under a dimension; a bare one if the dataset lost it."""
    return dataset.column(dimension.column) or ColumnSpec(name=dimension.column, type="other")


def click_target(dimension: Dimension) -> ClickTarget:
    """What a clicked member of this dimension stands for."""
    return ClickTarget(dimension.column, dimension.grain, dimension.bin)
