"""Pivot tables: rows × columns × metrics, totals of every kind asked of the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from dashapp.charts import cells
from dashapp.charts.asks import (
    ANALYSIS,
    DATA,
    LOOK,
    Asks,
    click_target,
    dimension_title,
    metric_format,
    metric_title,
)
from dashapp.charts.base import ChartKind, Drawing, Empty, Grid, Look, Tables
from dashapp.charts.cells import Cell, Heat
from dashapp.charts.formats import NumberFormat
from dashapp.charts.pivot_grid import Sheet
from dashapp.charts.pivot_tree import Cube, Level, Path, Sort, ordered, value, with_subtotals
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.tones import ToneRule
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, Spec, metric_name
from dashapp.specs.query import Label, Metric

MOST_COLUMNS = 500


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
        """Every grouping whose values are shown or sorted by, the finest first."""
        down = _depths(len(self.rows), self.row_subtotals, self.total_row)
        across = _depths(len(self.columns), self.column_subtotals, self.total_column)
        found = {Level(r, c) for r in down for c in across}
        if self.sort_rows in ("largest", "smallest"):
            found |= {Level(r, 0) for r in range(1, len(self.rows) + 1)}
        if self.sort_columns in ("largest", "smallest"):
            found |= {Level(0, c) for c in range(1, len(self.columns) + 1)}
        return sorted(found, key=lambda x: (-x.rows, -x.columns))


class PivotTable(ChartKind):
    """Rows and columns of members, with sub-totals and totals."""

    slug, title, family, icon = "pivot_table", "Pivot table", "tables", "grid-3x3"
    description = "Members down and across, with sub-totals and totals that are right for averages."

    class Options(PivotOptions):
        """What a pivot table may show."""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One question per level: totals of averages and distinct counts cannot be added up."""
        if not options.metrics:
            raise Invalid("Choose at least one metric.", {"metrics": "Choose a metric."})
        if not (options.rows or options.columns):
            raise Invalid("Choose rows or columns.", {"rows": "Choose a dimension."})
        return {_key(options, level): _asked(options, level, dataset) for level in options.levels()}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The grid, with column groups."""
        main = tables["main"]
        if not main.num_rows:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        cube = Cube([d.name for d in options.rows], [d.name for d in options.columns])
        for level in options.levels():
            cube.add(level, tables[_key(options, level)])
        columns = _across(options, cube)
        if len(columns) * len(options.metrics) > MOST_COLUMNS:
            raise Invalid(
                f"The pivot would have more than {MOST_COLUMNS} columns; filter or use fewer.",
                {"columns": "Too many members."},
            )
        sheet = Sheet(
            rows=_titled(options.rows, dataset),
            row_cells=[cells.of_dimension(d, main, dataset) for d in options.rows],
            column_cells=[cells.of_dimension(d, main, dataset) for d in options.columns],
            metrics=[(n, _metric_title(options, n, dataset)) for n in options.names],
            metric_cells={n: _metric_cell(options, n, dataset) for n in options.names},
            metrics_on=options.metrics_on,
            heat_over=options.heat_over,
            paths=columns,
            look=look,
        )
        rows = _down(options, cube)
        return Grid(
            columns=sheet.definitions(cube, rows),
            rows=[r for path in rows for r in sheet.lines(cube, path)],
            totals=list(sheet.lines(cube, ())) if options.rows and options.total_row else [],
            clicks={sheet.row_field(i): click_target(d) for i, d in enumerate(options.rows)},
            row_total=len(rows),
            summary=_summary(options, cube, dataset, look),
        )


def _depths(count: int, subtotals: bool, total: bool) -> set[int]:
    found = {count}
    if subtotals:
        found |= set(range(1, count))
    return found | {0} if total else found


def _key(options: PivotOptions, level: Level) -> str:
    whole = Level(len(options.rows), len(options.columns))
    return "main" if level == whole else level.name


def _asked(options: PivotOptions, level: Level, dataset: DatasetSpec) -> QuerySpec:
    dimensions = options.rows[: level.rows] + options.columns[: level.columns]
    if _key(options, level) == "main":
        usual = (Order(by=options.names[0], descending=True),)
        known = {d.name for d in dimensions} | set(options.names)
        order = tuple(o for o in options.order if o.by in known) or usual
        return options.base_query(dataset, dimensions, options.metrics, order=order)
    return options.base_query(dataset, dimensions, options.metrics, order=(), limit=None)


def _down(options: PivotOptions, cube: Cube) -> list[Path]:
    first = options.names[0]
    paths = ordered(cube.paths("rows"), options.sort_rows, lambda p: value(cube.at(p, ()), first))
    return list(with_subtotals(paths, options.row_subtotals))


def _across(options: PivotOptions, cube: Cube) -> list[Path]:
    """Paths of the columns, with sub-totals and at last the total."""
    first = options.names[0]
    paths = ordered(
        cube.paths("columns"), options.sort_columns, lambda p: value(cube.at((), p), first)
    )
    found = list(with_subtotals(paths, options.column_subtotals))
    return [*found, ()] if options.columns and options.total_column else found


def _titled(dimensions: Sequence[Dimension], dataset: DatasetSpec) -> list[str]:
    return [dimension_title(d, dataset) for d in dimensions]


def _metric_title(options: PivotOptions, name: str, dataset: DatasetSpec) -> str:
    metric = next(m for m in options.metrics if metric_name(m) == name)
    return options.look_of(name).title or metric_title(metric, dataset)


def _metric_cell(options: PivotOptions, name: str, dataset: DatasetSpec) -> Cell:
    metric = next(m for m in options.metrics if metric_name(m) == name)
    own, (fmt, currency) = options.look_of(name), metric_format(metric, dataset)
    return Cell(
        holds="number",
        format=own.format or cells.fitting(fmt, "number"),
        currency=own.currency or currency,
        heat=options.heat,
        rules=own.rules,
    )


def _summary(options: PivotOptions, cube: Cube, dataset: DatasetSpec, look: Look) -> str:
    """For screen readers: "Flights by origin and month: 3 rows, 12 columns; total 336,776"."""
    name = options.names[0]
    by = " and ".join(t.lower() for t in _titled(options.rows + options.columns, dataset))
    down, across = len(cube.paths("rows")), len(cube.paths("columns"))
    size = f"{_counted(down, 'row')}, {_counted(across, 'column')}"
    told = f"{_metric_title(options, name, dataset)} by {by}: {size}"
    total = value(cube.at((), ()), name)
    if total is None:
        return told
    return f"{told}; total {cells.told(total, _metric_cell(options, name, dataset), look)}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
