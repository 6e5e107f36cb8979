"""What a table may show."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dashapp.charts.asks import ANALYSIS, DATA, LOOK, Asks
from dashapp.charts.base import ChartKind
from dashapp.charts.cells import Align, Heat
from dashapp.charts.formats import AnyFormat, NumberFormat, TimeFormat
from dashapp.charts.tones import ToneRule
from dashapp.specs import DatasetSpec, Dimension, Spec, metric_name
from dashapp.specs.query import Label, Metric

Show = Literal["value", "difference", "change"]


class ColumnLook(Spec):
    """How one column of a table is shown."""

    name: Label = Field(
        title="Column", description="Name of the dimension, metric or raw column.",
        json_schema_extra={"widget": "answer_column"},
    )  # fmt: skip
    title: str | None = Field(
        None, max_length=250, title="Title", description="Instead of its own title."
    )
    format: AnyFormat | None = Field(
        None, title="Format", description="d3 format of numbers or times, or a named one.",
        json_schema_extra={"widget": "format"},
    )  # fmt: skip
    small_format: NumberFormat | None = Field(
        None, title="Format below 1", description="Of numbers between -1 and 1.",
        json_schema_extra={"widget": "number_format"},
    )  # fmt: skip
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", title="Currency", description="ISO code such as EUR.",
        json_schema_extra={"widget": "currency"},
    )  # fmt: skip
    width: int | None = Field(
        None, ge=40, le=1000, title="Width", description="Pixels; by content if empty."
    )
    align: Align | None = Field(
        None, title="Alignment", description="Numbers stand right, all else left if empty."
    )
    wrap: bool = Field(
        False, title="Wrap", description="Long texts take several lines instead of being cut off."
    )
    pinned: bool = Field(False, title="Pinned", description="Stays when one scrolls sideways.")
    hidden: bool = Field(False, title="Hidden", description="Is asked for but not shown.")
    bar: bool = Field(False, title="Bar", description="Draw a bar behind the number.")
    bar_from: Literal["zero", "left"] = Field(
        "zero", title="Bars from",
        description="A zero that all rows share, or always the left edge.",
    )  # fmt: skip
    by_sign: bool = Field(False, title="Green and red", description="Colour bars and heat by sign.")
    heat: Heat = Field(
        "none", title="Heat", description="Colour cells by size, from low to high or around zero."
    )
    rules: tuple[ToneRule, ...] = Field(
        (), max_length=20, title="Conditional colours",
        description="The first rule that a value meets colours its cell.",
    )  # fmt: skip


class TableOptions(Asks, ChartKind.Options):
    """What a table may show."""

    mode: Literal["aggregate", "raw"] = Field(
        "aggregate",
        title="Rows",
        description="Grouped by dimensions, or the dataset's rows as they are.",
        json_schema_extra=DATA,
    )
    dimensions: tuple[Dimension, ...] = Field(
        (),
        max_length=20,
        title="Dimensions",
        description="What rows are grouped by.",
        json_schema_extra=DATA | {"widget": "dimensions", "when": {"mode": "aggregate"}},
    )
    metrics: tuple[Metric, ...] = Field(
        (),
        max_length=50,
        title="Metrics",
        description="What is calculated per row.",
        json_schema_extra=DATA | {"widget": "metrics", "when": {"mode": "aggregate"}},
    )
    shares: tuple[Metric, ...] = Field(
        (),
        max_length=20,
        title="Shares",
        description="Metrics as shares of all rows of the answer.",
        json_schema_extra=DATA | {"widget": "metrics", "when": {"mode": "aggregate"}},
    )
    columns: tuple[Label, ...] = Field(
        (),
        max_length=200,
        title="Columns",
        description="Columns of raw rows; all of the dataset by default.",
        json_schema_extra=DATA | {"widget": "columns", "when": {"mode": "raw"}},
    )
    totals: bool = Field(
        False,
        title="Totals",
        description="A last row calculated over all rows, not over those shown.",
        json_schema_extra=DATA | {"when": {"mode": "aggregate"}},
    )
    compare: tuple[Label, ...] = Field(
        (),
        max_length=4,
        title="Compare with",
        description='Earlier periods, such as "1 year", "28 days" or "previous period".',
        json_schema_extra=ANALYSIS | {"widget": "offsets", "when": {"mode": "aggregate"}},
    )
    compare_as: tuple[Show, ...] = Field(
        ("value", "difference", "change"),
        min_length=1,
        max_length=3,
        title="Comparison shows",
        description="The earlier value, the difference, or the change as a share.",
        json_schema_extra=ANALYSIS | {"when": {"mode": "aggregate"}},
    )
    compare_colors: Literal["none", "more is good", "less is good"] = Field(
        "none",
        title="Colours of changes",
        description="Green and red for what grew or shrank.",
        json_schema_extra=ANALYSIS | {"when": {"mode": "aggregate"}},
    )
    looks: tuple[ColumnLook, ...] = Field(
        (),
        max_length=200,
        title="Column settings",
        description="Titles, formats, bars and colours per column.",
        json_schema_extra=LOOK,
    )
    time_format: TimeFormat | None = Field(
        None,
        title="Time format",
        description="d3 format of all times that have none of their own.",
        json_schema_extra=LOOK | {"widget": "time_format"},
    )
    column_filters: bool = Field(
        True,
        title="Column filters",
        description="Columns can be searched from their heads.",
        json_schema_extra=LOOK,
    )
    search: bool = Field(
        False,
        title="Search box",
        description="One box that searches all columns of the rows that are shown.",
        json_schema_extra=LOOK,
    )
    movable: bool = Field(
        True,
        title="Movable columns",
        description="Readers may put columns into another order.",
        json_schema_extra=LOOK,
    )
    rows_per_page: int | None = Field(
        None,
        ge=1,
        le=5000,
        title="Rows per page",
        description="Pages to turn instead of scrolling.",
        json_schema_extra=LOOK,
    )
    page_size: int = Field(
        500,
        ge=10,
        le=5000,
        title="Rows at once",
        description="More rows than these come from the server page by page.",
        json_schema_extra=LOOK,
    )

    def raw_columns(self, dataset: DatasetSpec) -> tuple[str, ...]:
        """The columns of raw rows."""
        return self.columns or tuple(c.name for c in dataset.columns)

    def look_of(self, name: str) -> ColumnLook:
        """The settings of a column; none of them set where there are none."""
        return next((x for x in self.looks if x.name == name), ColumnLook(name=name))

    @property
    def asked(self) -> tuple[Metric, ...]:
        """All metrics that are asked for, shown as they are or as shares."""
        known = {metric_name(m) for m in self.metrics}
        return self.metrics + tuple(m for m in self.shares if metric_name(m) not in known)
