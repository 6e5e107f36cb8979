"""Pivot tables: rows × columns × metrics, totals of every kind asked of the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from dashapp.charts import cells
from dashapp.charts.asks import click_target, dimension_title, metric_format, metric_title
from dashapp.charts.base import ChartKind, Drawing, Empty, Grid, Look, Tables
from dashapp.charts.cells import Cell
from dashapp.charts.pivot_grid import Sheet
from dashapp.charts.pivot_options import PivotOptions
from dashapp.charts.pivot_tree import Cube, Level, Path, ordered, with_subtotals
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.values import number
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name

MOST_COLUMNS = 500


class PivotTable(ChartKind):
    """Rows and columns of members, with sub-totals and totals."""

    slug, title, family, icon = "pivot_table", "Pivot table", "tables", "grid-3x3"
    description = "Members down and across, with sub-totals and totals that are right for averages."

    Options = PivotOptions

    @classmethod
    def queries(cls, options: PivotOptions, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One question per level: totals of averages and distinct counts cannot be added up."""
        if not options.metrics:
            raise Invalid("Choose at least one metric.", {"metrics": "Choose a metric."})
        if not (options.rows or options.columns):
            raise Invalid("Choose rows or columns.", {"rows": "Choose a dimension."})
        return {_key(options, level): _asked(options, level, dataset) for level in options.levels()}

    @classmethod
    def figure(
        cls, options: PivotOptions, tables: Tables, dataset: DatasetSpec, look: Look
    ) -> Drawing:
        """The grid, with column groups."""
        main = tables["main"]
        if not main.num_rows:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        cube = Cube(
            [d.name for d in options.rows],
            [d.name for d in options.columns],
            options.summary,
            options.share,
        )
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
            row_cells=[_member_cell(options, d, main, dataset) for d in options.rows],
            column_cells=[_member_cell(options, d, main, dataset) for d in options.columns],
            metrics=[(n, _metric_title(options, n, dataset)) for n in options.names],
            metric_cells={n: _metric_cell(options, n, dataset) for n in options.names},
            metrics_on=options.metrics_on,
            metrics_first=options.metrics_first,
            heat_over=options.heat_over,
            paths=columns,
            look=look,
        )
        rows = _down(options, cube)
        return Grid(
            columns=sheet.definitions(cube, rows),
            rows=sheet.body(cube, rows),
            totals=list(sheet.lines(cube, ())) if options.rows and options.total_row else [],
            clicks={sheet.row_field(i): click_target(d) for i, d in enumerate(options.rows)},
            row_total=len(rows),
            summary=_summary(options, cube, dataset, look),
        )


def _key(options: PivotOptions, level: Level) -> str:
    whole = Level(len(options.rows), len(options.columns))
    return "main" if level == whole else level.name


def _asked(options: PivotOptions, level: Level, dataset: DatasetSpec) -> QuerySpec:
    dimensions = options.rows[: level.rows] + options.columns[: level.columns]
    if _key(options, level) == "main":
        usual = (Order(by=options.names[0], descending=True),)
        known = {d.name for d in dimensions} | set(options.names)
        order = tuple(o for o in options.order if o.by in known or o.metric is not None) or usual
        return options.base_query(dataset, dimensions, options.metrics, order=order)
    return options.base_query(dataset, dimensions, options.metrics, order=(), limit=None)


def _down(options: PivotOptions, cube: Cube) -> list[Path]:
    first = options.names[0]
    paths = ordered(cube.paths("rows"), options.sort_rows, lambda p: cube.size(p, (), first))
    return list(with_subtotals(paths, options.row_subtotals, options.row_subtotals_first))


def _across(options: PivotOptions, cube: Cube) -> list[Path]:
    """Paths of the columns, with sub-totals and at last the total."""
    first = options.names[0]
    paths = ordered(cube.paths("columns"), options.sort_columns, lambda p: cube.size((), p, first))
    found = list(with_subtotals(paths, options.column_subtotals, options.column_subtotals_first))
    return [*found, ()] if options.columns and options.total_column else found


def _titled(dimensions: Sequence[Dimension], dataset: DatasetSpec) -> list[str]:
    return [dimension_title(d, dataset) for d in dimensions]


def _metric_title(options: PivotOptions, name: str, dataset: DatasetSpec) -> str:
    metric = next(m for m in options.metrics if metric_name(m) == name)
    return options.look_of(name).title or metric_title(metric, dataset)


def _member_cell(
    options: PivotOptions, dimension: Dimension, main: pa.Table, dataset: DatasetSpec
) -> Cell:
    found = cells.of_dimension(dimension, main, dataset)
    if found.holds == "time" and options.time_format:
        return replace(found, format=options.time_format)
    return found


def _metric_cell(options: PivotOptions, name: str, dataset: DatasetSpec) -> Cell:
    metric = next(m for m in options.metrics if metric_name(m) == name)
    own, (fmt, currency) = options.look_of(name), metric_format(metric, dataset)
    found = Cell(holds="number", heat=options.heat, rules=own.rules)
    if options.share != "no":
        return replace(found, format=own.format or options.format or ",.1%")
    if options.summary in ("count", "distinct"):
        return replace(found, format=own.format)
    return replace(
        found,
        format=own.format or cells.fitting(fmt, "number") or options.format,
        currency=own.currency or currency or options.currency,
    )


def _summary(options: PivotOptions, cube: Cube, dataset: DatasetSpec, look: Look) -> str:
    """For screen readers: "Flights by origin and month: 3 rows, 12 columns; total 336,776"."""
    name = options.names[0]
    by = " and ".join(t.lower() for t in _titled(options.rows + options.columns, dataset))
    down, across = len(cube.paths("rows")), len(cube.paths("columns"))
    size = f"{_counted(down, 'row')}, {_counted(across, 'column')}"
    told = f"{_metric_title(options, name, dataset)} by {by}: {size}"
    total = number(cube.value((), (), name))
    if total is None:
        return told
    return f"{told}; total {cells.told(total, _metric_cell(options, name, dataset), look)}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
