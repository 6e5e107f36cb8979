"""Tables: grouped or raw rows, shares, comparisons, formats and colours, a row of totals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pyarrow as pa

from dashapp.charts import cells
from dashapp.charts.asks import click_target, dimension_title, metric_format, metric_title
from dashapp.charts.base import ChartKind, ClickTarget, Drawing, Empty, Grid, Look, Tables
from dashapp.charts.cells import Cell
from dashapp.charts.colors import BAD, GOOD
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.said import said
from dashapp.charts.table_options import ColumnLook, Show, TableOptions
from dashapp.charts.tones import ToneRule
from dashapp.charts.values import column as cells_of
from dashapp.charts.values import number, records
from dashapp.errors import Invalid
from dashapp.specs import ColumnSpec, DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.post import Compare, Contribution, PostStep, Rename, Select
from dashapp.specs.query import Metric

TOTAL = "Total"
_WORDS: Final[dict[Show, str]] = {"value": "", "difference": " difference", "change": " change"}
_STEPS: Final[dict[Show, Literal["values", "difference", "change"]]] = {
    "value": "values", "difference": "difference", "change": "change",
}  # fmt: skip
_SHARE: Final = " share"


@dataclass(frozen=True)
class _Measure:
    """A column that holds a metric, or what was made of it."""

    name: str
    metric: Metric
    what: Literal["metric", "value", "difference", "change", "share"] = "metric"
    offset: str = ""

    def title(self, dataset: DatasetSpec) -> str:
        title = metric_title(self.metric, dataset)
        if self.what == "share":
            return f"% {title}"
        if self.what == "metric":
            return title
        return f"{title}{_WORDS[self.what]} ({self.offset})"

    def look(self, dataset: DatasetSpec) -> tuple[str | None, str | None]:
        """Format and currency where the column's settings name none."""
        if self.what in ("share", "change"):
            return ("+,.1%" if self.what == "change" else ",.1%"), None
        return metric_format(self.metric, dataset)


class Table(ChartKind):
    """Rows and columns."""

    slug, title, family, icon = "table", "Table", "tables", "table"
    description = "Grouped or raw rows with formats, bars, colours, comparisons and totals."
    Options = TableOptions

    @classmethod
    def queries(cls, options: TableOptions, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """The rows, and the totals by a question of their own."""
        if options.mode == "raw":
            columns = options.raw_columns(dataset)
            if not columns:
                raise Invalid("This table needs columns.", {"columns": "Choose columns."})
            return {"main": options.base_query(dataset, columns=columns)}
        dimensions, metrics = options.dimensions, options.asked
        if not (dimensions or metrics):
            raise Invalid(
                "This table needs dimensions or metrics.", {"dimensions": "Choose some columns."}
            )
        order = _known(options) or _usual_order(dimensions, metrics)
        post = tuple(_steps(options))
        found = {"main": options.base_query(dataset, dimensions, metrics, order=order, post=post)}
        if options.totals and dimensions and metrics:
            compared = tuple(s for s in post if isinstance(s, Compare))
            found["totals"] = options.base_query(
                dataset, (), metrics, order=(), having=(), limit=1, post=compared
            )
        return found

    @classmethod
    def figure(
        cls, options: TableOptions, tables: Tables, dataset: DatasetSpec, look: Look
    ) -> Drawing:
        """The grid; paged where there are more rows than the page takes."""
        main = tables["main"]
        if not main.num_rows:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        paged = main.num_rows > options.page_size
        told = {n: _cell(n, main, options, dataset) for n in main.column_names}
        if paged:  # Lines of several heights need all rows at hand.
            told = {n: replace(c, wrap=False) for n, c in told.items()}
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
            totals=[] if totals is None else _totals(totals, shown, options, look),
            clicks=_clicks(options, dataset, shown),
            paged=paged,
            page_size=options.page_size,
            row_total=None if paged else main.num_rows,
            summary=_summary(options, dataset, main, told, look),
            row_rules=_row_rules(told),
            search=options.search and not paged,
            rows_per_page=options.rows_per_page,
            is_movable=options.movable,
        )


def measures(options: TableOptions) -> list[_Measure]:
    """The columns of metrics from left to right, each followed by its comparisons."""
    found: list[_Measure] = []
    for metric in options.metrics:
        name = metric_name(metric)
        found.append(_Measure(name, metric))
        found += [
            _Measure(f"{name}{_WORDS[show]} ({offset})", metric, show, offset)
            for offset in options.compare
            for show in options.compare_as
        ]
    return found + [_Measure(f"%{metric_name(m)}", m, "share") for m in options.shares]


def _steps(options: TableOptions) -> Iterator[PostStep]:
    """Comparisons, shares, and then the columns in the order in which they stand."""
    plain = tuple(metric_name(m) for m in options.metrics)
    if plain:
        for offset in options.compare:
            for show in options.compare_as:
                yield Compare(metrics=plain, offset=offset, show=_STEPS[show])
    shares = tuple(metric_name(m) for m in options.shares)
    if shares:
        yield Contribution(metrics=shares, suffix=_SHARE, zero=True)
        yield Rename(names=tuple((n + _SHARE, f"%{n}") for n in shares))
    if shares or (plain and options.compare):
        names = [d.name for d in options.dimensions] + [m.name for m in measures(options)]
        yield Select(columns=tuple(names))


def _usual_order(
    dimensions: tuple[Dimension, ...], metrics: tuple[Metric, ...]
) -> tuple[Order, ...]:
    """By time where that comes first, else the largest first."""
    if dimensions and (dimensions[0].grain or dimensions[0].bin or not metrics):
        return (Order(by=dimensions[0].name),)
    return (Order(by=metric_name(metrics[0]), descending=True),)


def _known(options: TableOptions) -> tuple[Order, ...]:
    names = {d.name for d in options.dimensions} | {metric_name(m) for m in options.asked}
    return tuple(o for o in options.order if o.by in names or o.metric is not None)


def _measure(name: str, options: TableOptions) -> _Measure | None:
    if options.mode == "raw":
        return None
    return next((m for m in measures(options) if m.name == name), None)


def _column(
    name: str, cell: Cell, options: TableOptions, dataset: DatasetSpec, look: Look, paged: bool
) -> dict[str, Any]:
    own = options.look_of(name)
    found = cells.column(name, own.title or _title(name, options, dataset), cell, look)
    is_measure = _measure(name, options) is not None
    if not options.column_filters or (paged and is_measure):
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


def _cell(name: str, table: pa.Table, options: TableOptions, dataset: DatasetSpec) -> Cell:
    """How a column is told: its own settings first, then the metric's or the column's."""
    own, holds = options.look_of(name), cells.holds(table.schema.field(name).type)
    dimension = next((d for d in options.dimensions if d.name == name), None)
    if options.mode == "aggregate" and dimension is not None:
        found = cells.of_dimension(dimension, table, dataset)
        fmt, currency = found.format, None
    else:
        found = Cell(holds=holds, grain=cells.finest_of(table, name))
        fmt, currency = _format(name, options, dataset)
    usual = fmt or (options.time_format if holds == "time" else None)
    is_number = holds == "number"
    return replace(
        found,
        format=cells.fitting(own.format, holds) or cells.fitting(usual, holds),
        small=own.small_format if is_number else None,
        currency=own.currency or currency,
        align=own.align,
        wrap=own.wrap,
        link=cells.has_links(table, name),
        bar=own.bar and is_number,
        bar_from=own.bar_from,
        by_sign=own.by_sign,
        heat=own.heat if is_number else "none",
        rules=own.rules + _signs(name, options),
        values=[number(v) for v in cells_of(table, name)] if is_number else (),
    )


def _format(
    name: str, options: TableOptions, dataset: DatasetSpec
) -> tuple[str | None, str | None]:
    measure = _measure(name, options)
    if measure is not None:
        return measure.look(dataset)
    column = dataset.column(name)
    return (column.format if column else None), None


def _signs(name: str, options: TableOptions) -> tuple[ToneRule, ...]:
    """Rules that tell growth from shrinking."""
    measure = _measure(name, options)
    if options.compare_colors == "none" or measure is None:
        return ()
    if measure.what not in ("difference", "change"):
        return ()
    up, down = (GOOD, BAD) if options.compare_colors == "more is good" else (BAD, GOOD)
    return (
        ToneRule(op=">", value=0, color=up, part="text"),
        ToneRule(op="<", value=0, color=down, part="text"),
    )


def _row_rules(told: dict[str, Cell]) -> list[dict[str, Any]]:
    return [
        {"field": name, **rule.as_data()}
        for name, cell in told.items()
        for rule in cell.rules
        if rule.part == "row"
    ]


def _title(name: str, options: TableOptions, dataset: DatasetSpec) -> str:
    if options.mode == "aggregate":
        for dimension in options.dimensions:
            if dimension.name == name:
                return dimension_title(dimension, dataset)
    measure = _measure(name, options)
    if measure is not None:
        return measure.title(dataset)
    return (dataset.column(name) or ColumnSpec(name=name)).title


def _clicks(
    options: TableOptions, dataset: DatasetSpec, shown: list[str]
) -> dict[str, ClickTarget]:
    """Dimensions can be clicked; in raw rows the columns that hold words."""
    if options.mode == "aggregate":
        return {d.name: click_target(d) for d in options.dimensions if d.name in shown}
    words = [c.name for c in dataset.columns if c.type in ("text", "boolean") and c.groupable]
    return {name: ClickTarget(name) for name in words if name in shown}


def _totals(
    table: pa.Table, shown: list[str], options: TableOptions, look: Look
) -> list[dict[str, Any]]:
    if not table.num_rows:
        return []
    values = records(table.slice(0, 1))[0]
    for metric in options.shares:
        total = number(values.get(metric_name(metric)))
        values[f"%{metric_name(metric)}"] = 1.0 if total else None
    hidden = set(values) - set(shown)
    word = said(TOTAL, look.locale)
    return [cells.total_row(shown, {k: v for k, v in values.items() if k not in hidden}, word)]


def _summary(
    options: TableOptions,
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
