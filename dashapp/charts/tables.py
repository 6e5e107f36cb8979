"""Tables: grouped or raw rows, formats, bars and colours per column, a row of totals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pyarrow as pa
from pydantic import Field

from dashapp.charts import cells
from dashapp.charts.asks import (
    DATA,
    LOOK,
    Asks,
    click_target,
    dimension_title,
    metric_format,
    metric_title,
)
from dashapp.charts.base import ChartKind, ClickTarget, Drawing, Empty, Grid, Look, Tables
from dashapp.charts.cells import Cell, Heat
from dashapp.charts.formats import AnyFormat
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.tones import ToneRule
from dashapp.charts.values import column as cells_of
from dashapp.charts.values import number, records
from dashapp.errors import Invalid
from dashapp.specs import ColumnSpec, DatasetSpec, Dimension, Order, QuerySpec, Spec, metric_name
from dashapp.specs.query import Label, Metric

TOTAL = "Total"


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
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", title="Currency", description="ISO code such as EUR.",
        json_schema_extra={"widget": "currency"},
    )  # fmt: skip
    width: int | None = Field(
        None, ge=40, le=1000, title="Width", description="Pixels; by content if empty."
    )
    pinned: bool = Field(False, title="Pinned", description="Stays when one scrolls sideways.")
    hidden: bool = Field(False, title="Hidden", description="Is asked for but not shown.")
    bar: bool = Field(False, title="Bar", description="Draw a bar behind the number.")
    heat: Heat = Field(
        "none", title="Heat", description="Colour cells by size, from low to high or around zero."
    )
    rules: tuple[ToneRule, ...] = Field(
        (), max_length=20, title="Conditional colours",
        description="The first rule that a value meets colours its cell.",
    )  # fmt: skip


class Table(ChartKind):
    """Rows and columns."""

    slug, title, family, icon = "table", "Table", "tables", "table"
    description = "Grouped or raw rows with formats, bars, colours and totals."

    class Options(Asks, ChartKind.Options):
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
        looks: tuple[ColumnLook, ...] = Field(
            (),
            max_length=200,
            title="Column settings",
            description="Titles, formats, bars and colours per column.",
            json_schema_extra=LOOK,
        )
        column_filters: bool = Field(
            True,
            title="Column filters",
            description="Columns can be searched from their heads.",
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

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """The rows, and the totals by a question of their own."""
        if options.mode == "raw":
            columns = options.raw_columns(dataset)
            if not columns:
                raise Invalid("This table needs columns.", {"columns": "Choose columns."})
            return {"main": options.base_query(dataset, columns=columns)}
        dimensions, metrics = options.dimensions, options.metrics
        if not (dimensions or metrics):
            raise Invalid(
                "This table needs dimensions or metrics.", {"dimensions": "Choose some columns."}
            )
        usual = _usual_order(dimensions, metrics)
        found = {
            "main": options.base_query(dataset, dimensions, metrics, order=_known(options) or usual)
        }
        if options.totals and dimensions and metrics:
            found["totals"] = options.base_query(dataset, (), metrics, order=(), limit=1)
        return found

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The grid; paged where there are more rows than the page takes."""
        main = tables["main"]
        if not main.num_rows:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        paged = main.num_rows > options.page_size
        told = {n: _cell(n, main, options, dataset) for n in main.column_names}
        columns = {n: _column(n, told[n], options, dataset, look, paged) for n in main.column_names}
        shown = [n for n in main.column_names if not options.look_of(n).hidden]
        rows = main.slice(0, options.page_size) if paged else main
        totals = tables.get("totals")
        return Grid(
            columns=[
                _sized(columns[n], options.look_of(n), told[n], cells.texts(main, n, told[n], look))
                for n in shown
            ],
            rows=records(rows, zone=look.zone),
            totals=[] if totals is None else _totals(totals, shown),
            clicks=_clicks(options, dataset, shown),
            paged=paged,
            page_size=options.page_size,
            row_total=None if paged else main.num_rows,
            summary=_summary(options, dataset, main, told, look),
        )


def _usual_order(
    dimensions: tuple[Dimension, ...], metrics: tuple[Metric, ...]
) -> tuple[Order, ...]:
    """By time where that comes first, else the largest first."""
    if dimensions and (dimensions[0].grain or dimensions[0].bin or not metrics):
        return (Order(by=dimensions[0].name),)
    return (Order(by=metric_name(metrics[0]), descending=True),)


def _known(options: Table.Options) -> tuple[Order, ...]:
    names = {d.name for d in options.dimensions} | {metric_name(m) for m in options.metrics}
    return tuple(o for o in options.order if o.by in names)


def _column(
    name: str, cell: Cell, options: Table.Options, dataset: DatasetSpec, look: Look, paged: bool
) -> dict[str, Any]:
    own = options.look_of(name)
    found = cells.column(name, own.title or _title(name, options, dataset), cell, look)
    is_metric = name in {metric_name(m) for m in options.metrics}
    if not options.column_filters or (paged and is_metric and options.mode == "aggregate"):
        found["filter"] = False
    else:
        found = cells.filtered(found, cell, paged)
    if own.pinned:
        found["pinned"] = "left"
    return found


def _sized(found: dict[str, Any], own: ColumnLook, cell: Cell, texts: list[str]) -> dict[str, Any]:
    if own.width:
        return found | {"width": own.width}
    return cells.sized(found, cell, texts)


def _cell(name: str, table: pa.Table, options: Table.Options, dataset: DatasetSpec) -> Cell:
    """How a column is told: its own settings first, then the metric's or the column's."""
    own, holds = options.look_of(name), cells.holds(table.schema.field(name).type)
    is_number = holds == "number"
    settings: dict[str, Any] = {
        "bar": own.bar and is_number,
        "heat": own.heat if is_number else "none",
        "rules": own.rules if is_number else (),
        "values": [number(v) for v in cells_of(table, name)] if is_number else (),
    }
    dimension = next((d for d in options.dimensions if d.name == name), None)
    if dimension is not None:
        found = cells.of_dimension(dimension, table, dataset)
        return replace(found, format=cells.fitting(own.format, holds) or found.format, **settings)
    metric = next((m for m in options.metrics if metric_name(m) == name), None)
    fmt, currency = metric_format(metric, dataset) if metric is not None else (None, None)
    if metric is None and (column := dataset.column(name)) is not None:
        fmt = column.format
    return Cell(
        holds=holds,
        format=cells.fitting(own.format, holds) or cells.fitting(fmt, holds),
        currency=own.currency or currency,
        grain=cells.finest_of(table, name),
        **settings,
    )


def _title(name: str, options: Table.Options, dataset: DatasetSpec) -> str:
    for dimension in options.dimensions:
        if dimension.name == name:
            return dimension_title(dimension, dataset)
    for metric in options.metrics:
        if metric_name(metric) == name:
            return metric_title(metric, dataset)
    return (dataset.column(name) or ColumnSpec(name=name)).title


def _clicks(
    options: Table.Options, dataset: DatasetSpec, shown: list[str]
) -> dict[str, ClickTarget]:
    """Dimensions can be clicked; in raw rows the columns that hold words."""
    if options.mode == "aggregate":
        return {d.name: click_target(d) for d in options.dimensions if d.name in shown}
    words = [c.name for c in dataset.columns if c.type in ("text", "boolean") and c.groupable]
    return {name: ClickTarget(name) for name in words if name in shown}


def _totals(table: pa.Table, shown: list[str]) -> list[dict[str, Any]]:
    if not table.num_rows:
        return []
    return [cells.total_row(shown, records(table.slice(0, 1))[0], TOTAL)]


def _summary(
    options: Table.Options,
    dataset: DatasetSpec,
    table: pa.Table,
    told: dict[str, Cell],
    look: Look,
) -> str:
    """For screen readers: "Flights by carrier: 16 rows; largest UA 58,665"."""
    rows = f"{table.num_rows:,} row{'' if table.num_rows == 1 else 's'}"
    if options.mode == "raw" or not options.metrics:
        return f"{dataset.name}: {rows}"
    metric = metric_name(options.metrics[0])
    title = metric_title(options.metrics[0], dataset)
    if not options.dimensions:
        return f"{title}: {cells.told(cells_of(table, metric)[0], told[metric], look)}"
    by = ", ".join(dimension_title(d, dataset).lower() for d in options.dimensions)
    values = [number(v) for v in cells_of(table, metric)]
    known = [i for i, v in enumerate(values) if v is not None]
    if not known:
        return f"{title} by {by}: {rows}"
    at = max(known, key=lambda i: values[i] or 0.0)
    row = records(table.slice(at, 1), zone=look.zone)[0]
    member = ", ".join(cells.told(row[d.name], told[d.name], look) for d in options.dimensions)
    return (
        f"{title} by {by}: {rows}; largest {member} {cells.told(row[metric], told[metric], look)}"
    )
