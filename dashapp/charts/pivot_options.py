"""What a pivot table may show."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dashapp.charts.asks import ANALYSIS, DATA, LOOK, Asks
from dashapp.charts.base import ChartKind
from dashapp.charts.cells import Heat
from dashapp.charts.formats import NumberFormat, TimeFormat
from dashapp.charts.pivot_tree import Level, Share, Sort, Summary
from dashapp.charts.tones import ToneRule
from dashapp.specs import Dimension, Spec, metric_name
from dashapp.specs.query import Label, Metric


class MetricLook(Spec):
    """How the values of one metric are shown."""

    name: Label = Field(
        title="Metric",
        description="Name of the metric.",
        json_schema_extra={"widget": "answer_column"},
    )
    title: str | None = Field(
        None, max_length=250, title="Title", description="Instead of its own title."
    )
    format: NumberFormat | None = Field(
        None, title="Number format", description="d3 format, or a named one.",
        json_schema_extra={"widget": "number_format"},
    )  # fmt: skip
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", title="Currency", description="ISO code such as EUR.",
        json_schema_extra={"widget": "currency"},
    )  # fmt: skip
    rules: tuple[ToneRule, ...] = Field(
        (), max_length=20, title="Conditional colours",
        description="The first rule that a value meets colours its cell.",
    )  # fmt: skip


class PivotOptions(Asks, ChartKind.Options):
    """Rows, columns, metrics, and which totals stand beside and below."""

    rows: tuple[Dimension, ...] = Field(
        (),
        max_length=4,
        title="Rows",
        description="Dimensions down the side, outer ones first.",
        json_schema_extra=DATA | {"widget": "dimensions"},
    )
    columns: tuple[Dimension, ...] = Field(
        (),
        max_length=3,
        title="Columns",
        description="Dimensions across the top, outer ones first.",
        json_schema_extra=DATA | {"widget": "dimensions"},
    )
    metrics: tuple[Metric, ...] = Field(
        (),
        max_length=20,
        title="Metrics",
        description="What stands in the cells.",
        json_schema_extra=DATA | {"widget": "metrics"},
    )
    metrics_on: Literal["columns", "rows"] = Field(
        "columns",
        title="Metrics on",
        description="Whether metrics stand beside or below each other.",
        json_schema_extra=DATA,
    )
    metrics_first: bool = Field(
        False,
        title="Metrics outermost",
        description="Groups of metrics, each with all members, instead of the other way round.",
        json_schema_extra=DATA,
    )
    share: Share = Field(
        "no",
        title="Shares",
        description="Cells as shares of the whole table, of their row or of their column.",
        json_schema_extra=ANALYSIS,
    )
    summary: Summary = Field(
        "metric",
        title="Totals are",
        description="The metric calculated over all rows of data, or the cells summed up.",
        json_schema_extra=ANALYSIS,
    )
    row_subtotals: bool = Field(
        False,
        title="Row sub-totals",
        description="A line after each group of rows.",
        json_schema_extra=ANALYSIS,
    )
    column_subtotals: bool = Field(
        False,
        title="Column sub-totals",
        description="A column after each group of columns.",
        json_schema_extra=ANALYSIS,
    )
    row_subtotals_first: bool = Field(
        False,
        title="Row sub-totals first",
        description="Lines of sub-totals stand above their group.",
        json_schema_extra=ANALYSIS,
    )
    column_subtotals_first: bool = Field(
        False,
        title="Column sub-totals first",
        description="Columns of sub-totals stand before their group.",
        json_schema_extra=ANALYSIS,
    )
    total_row: bool = Field(
        True, title="Total below", description="A last line.", json_schema_extra=ANALYSIS
    )
    total_column: bool = Field(
        True, title="Total beside", description="A last column.", json_schema_extra=ANALYSIS
    )
    sort_rows: Sort = Field(
        "name",
        title="Order of rows",
        description="By name, by the size of the first metric, or as the question orders them.",
        json_schema_extra=LOOK,
    )
    sort_columns: Sort = Field(
        "name",
        title="Order of columns",
        description="By name, by the size of the first metric, or as the question orders them.",
        json_schema_extra=LOOK,
    )
    looks: tuple[MetricLook, ...] = Field(
        (),
        max_length=20,
        title="Metric settings",
        description="Titles, formats and colours per metric.",
        json_schema_extra=LOOK,
    )
    format: NumberFormat | None = Field(
        None,
        title="Number format",
        description="Of all metrics that have none of their own.",
        json_schema_extra=LOOK | {"widget": "number_format"},
    )
    currency: str | None = Field(
        None,
        pattern=r"^[A-Z]{3}$",
        title="Currency",
        description="ISO code such as EUR, of all metrics that have none of their own.",
        json_schema_extra=LOOK | {"widget": "currency"},
    )
    time_format: TimeFormat | None = Field(
        None,
        title="Time format",
        description="d3 format of members that are times.",
        json_schema_extra=LOOK | {"widget": "time_format"},
    )
    heat: Heat = Field(
        "none",
        title="Heat",
        description="Colour cells by size, from low to high or around zero.",
        json_schema_extra=LOOK,
    )
    heat_over: Literal["table", "column"] = Field(
        "table",
        title="Heat over",
        description="Sizes compared in the whole table, or within each column.",
        json_schema_extra=LOOK,
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics' names."""
        return tuple(metric_name(m) for m in self.metrics)

    def look_of(self, name: str) -> MetricLook:
        """The settings of a metric; none of them set where there are none."""
        return next((x for x in self.looks if x.name == name), MetricLook(name=name))

    def levels(self) -> list[Level]:
        """Every grouping whose values are asked for, the finest first."""
        finest = Level(len(self.rows), len(self.columns))
        if self.summary != "metric":
            return [finest]
        down = _depths(len(self.rows), self.row_subtotals, self.total_row)
        across = _depths(len(self.columns), self.column_subtotals, self.total_column)
        found = {Level(r, c) for r in down for c in across}
        if self.sort_rows in ("largest", "smallest"):
            found |= {Level(r, 0) for r in range(1, len(self.rows) + 1)}
        if self.sort_columns in ("largest", "smallest"):
            found |= {Level(0, c) for c in range(1, len(self.columns) + 1)}
        if self.share == "total":
            found.add(Level(0, 0))
        if self.share == "row":
            found |= {Level(x.rows, 0) for x in found}
        if self.share == "column":
            found |= {Level(0, x.columns) for x in found}
        return sorted(found, key=lambda x: (-x.rows, -x.columns))


def _depths(count: int, subtotals: bool, total: bool) -> set[int]:
    found = {count}
    if subtotals:
        found |= set(range(1, count))
    return found | {0} if total else found
