"""A pivot drawn as a grid: fields, column groups, lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, takewhile
from typing import Any, Final, Literal

from dashapp.charts import cells
from dashapp.charts.base import Look
from dashapp.charts.cells import Cell
from dashapp.charts.pivot_tree import Cube, Path
from dashapp.charts.said import said
from dashapp.charts.values import number, plain

TOTAL: Final = "Total"
_TOTAL_CLASS: Final = {"is-total": "dashappIsTotal(params)"}
_METRIC: Final = "_metric"


@dataclass(frozen=True)
class Sheet:
    """What stands where: titles and cells of rows, columns and metrics.

    `paths` are the columns from left to right; a path shorter than there are dimensions is a
    sub-total, the empty one the total (or the only column, where there are no dimensions).
    """

    rows: Sequence[str]
    row_cells: Sequence[Cell]
    column_cells: Sequence[Cell]
    metrics: Sequence[tuple[str, str]]
    metric_cells: dict[str, Cell]
    metrics_on: Literal["columns", "rows"]
    heat_over: Literal["table", "column"]
    paths: Sequence[Path]
    look: Look
    metrics_first: bool = False

    @staticmethod
    def row_field(at: int) -> str:
        """The field of a row dimension's members."""
        return f"r{at}"

    def definitions(self, cube: Cube, rows: Sequence[Path]) -> list[dict[str, Any]]:
        """Column definitions: row dimensions, then groups of members and metrics."""
        found = [
            self._plain(
                self.row_field(i),
                title,
                cell,
                [
                    cells.told(plain(r[i], self.look.zone), cell, self.look)
                    for r in rows[: cells.SAMPLE]
                    if len(r) > i
                ],
            )
            for i, (title, cell) in enumerate(zip(self.rows, self.row_cells, strict=True))
        ]
        if self.metrics_on == "rows" and len(self.metrics) > 1:
            metric = self._plain(_METRIC, "Metric", Cell(), [t for _, t in self.metrics])
            found.insert(0 if self.metrics_first else len(found), metric)
        leaves = list(self._leaves(cube, [r for r in rows if len(r) == len(self.rows)]))
        return found + _nested(leaves)

    def body(self, cube: Cube, rows: Sequence[Path]) -> list[dict[str, Any]]:
        """All lines but the total; a member that the line above has too is told once."""
        if self.metrics_on == "rows" and self.metrics_first:
            lines = [x for m in self.metrics for r in rows for x in self.lines(cube, r, [m])]
            fields = [_METRIC, *(self.row_field(i) for i in range(len(self.rows)))]
        else:
            lines = [x for r in rows for x in self.lines(cube, r)]
            fields = [self.row_field(i) for i in range(len(self.rows))]
        if self.metrics_on != "rows":
            fields = fields[:-1]  # The innermost member names the line.
        for above, line in pairwise(lines):
            same = list(takewhile(partial(_is_same, above, line), fields))
            if same:
                line["_same"] = same
        return lines

    def lines(
        self, cube: Cube, row: Path, metrics: Sequence[tuple[str, str]] = ()
    ) -> Iterator[dict[str, Any]]:
        """The line of a path of row members; one per metric where metrics stand on rows."""
        by_metric = self.metrics_on == "rows"
        for place, (name, title) in enumerate(
            (metrics or self.metrics) if by_metric else [("", "")]
        ):
            line: dict[str, Any] = {}
            for field, path, metric in self._fields():
                line[field] = cube.value(row, path, metric or name)
            for at, member in enumerate(row):
                line[self.row_field(at)] = plain(member, self.look.zone)
            if by_metric:
                line[_METRIC] = title
                line["_by"] = name
            if len(row) < len(self.rows):
                word = "" if place else said(TOTAL, self.look.locale)
                line |= {"_total": True, "_words": {self.row_field(len(row)): word}}
            yield line

    def _fields(self) -> list[tuple[str, Path, str]]:
        """Field, column path and metric ("" for that of the line) from left to right."""
        names = [""] if self.metrics_on == "rows" else [n for n, _ in self.metrics]
        if self.metrics_first:
            pairs = [(path, name) for name in names for path in self.paths]
        else:
            pairs = [(path, name) for path in self.paths for name in names]
        return [(f"v{i}", path, name) for i, (path, name) in enumerate(pairs)]

    def _plain(self, field: str, title: str, cell: Cell, texts: Sequence[str]) -> dict[str, Any]:
        found = cells.sized(cells.column(field, title, cell, self.look), cell, texts)
        hierarchical = len(self.rows) > 1 or self.metrics_on == "rows"
        return found | {
            "pinned": "left",
            # Grids do not stretch what stays in place; totals are bold and so a little wider.
            "width": round(found["minWidth"] * 1.08),
            "sortable": not hierarchical,
            "filter": False,
            "cellClassRules": _TOTAL_CLASS,
        }

    def _leaves(
        self, cube: Cube, rows: Sequence[Path]
    ) -> Iterator[tuple[list[str], dict[str, Any]]]:
        """Each column of values with the titles of the groups above it and its own at the end."""
        titles = dict(self.metrics)
        whole = self._heat_values(cube, rows, self.paths)
        for field, path, name in self._fields():
            values = whole
            if self.heat_over == "column":
                values = self._heat_values(cube, rows, [path])
            heads = [
                cells.told(plain(m, self.look.zone), c, self.look)
                for m, c in zip(path, self.column_cells, strict=False)
            ]
            is_total = len(path) < len(self.column_cells)
            if is_total:
                heads.append(said(TOTAL, self.look.locale))
            if name and (len(self.metrics) > 1 or not self.column_cells):
                heads.insert(0 if self.metrics_first else len(heads), titles[name])
            if not heads:
                heads = [titles[self.metrics[0][0]] if len(self.metrics) == 1 else "Value"]
            column = self._value(field, heads[-1], name, is_total, values)
            yield heads, self._sized(column, cube, rows, path, name)

    def _sized(
        self, column: dict[str, Any], cube: Cube, rows: Sequence[Path], path: Path, name: str
    ) -> dict[str, Any]:
        """A column of values as wide as its longest one."""
        names = [name] if name else [n for n, _ in self.metrics]
        texts = [
            cells.told(cube.value(r, path, n), self.metric_cells[n], self.look)
            for r in [*rows[: cells.SAMPLE], ()]
            for n in names
        ]
        return cells.sized(column, self.metric_cells[names[0]], texts)

    def _heat_values(
        self, cube: Cube, rows: Sequence[Path], paths: Sequence[Path]
    ) -> dict[str, list[float | None]]:
        """Values that heat compares: no totals among members."""
        inner = [p for p in paths if len(p) == len(self.column_cells)] or list(paths)
        return {
            n: [number(cube.value(r, p, n)) for r in rows for p in inner] for n, _ in self.metrics
        }

    def _value(
        self,
        field: str,
        title: str,
        metric: str,
        is_total: bool,
        values: dict[str, list[float | None]],
    ) -> dict[str, Any]:
        """A column of values; where metrics stand on rows each line has its metric's format."""
        told = {
            n: replace(c, values=values[n], heat="none" if is_total else c.heat)
            for n, c in self.metric_cells.items()
        }
        first = told[metric or self.metrics[0][0]]
        found = cells.column(field, title, first, self.look)
        if not metric:
            lines = {n: cells.context(c, self.look) for n, c in told.items()}
            found["context"] = {"by": "_by", "lines": lines}
            if any(c.rules or c.heat != "none" for c in told.values()):
                found["cellStyle"] = cells.STYLE
        if is_total:
            found["cellClass"] = "is-number is-total"
        hierarchical = len(self.rows) > 1 or self.metrics_on == "rows"
        return found | {
            "sortable": not hierarchical,
            "filter": False,
            "cellClassRules": _TOTAL_CLASS,
        }


def _is_same(above: dict[str, Any], line: dict[str, Any], field: str) -> bool:
    """Whether a line has the member of the line above; totals have none."""
    return field in above and field in line and bool(above[field] == line[field])


def _nested(leaves: Sequence[tuple[list[str], dict[str, Any]]]) -> list[dict[str, Any]]:
    """Columns under groups; neighbours with the same title share one."""
    found: list[dict[str, Any]] = []
    at = 0
    while at < len(leaves):
        heads, leaf = leaves[at]
        if len(heads) == 1:
            found.append(leaf)
            at += 1
            continue
        end = at
        while end < len(leaves) and len(leaves[end][0]) > 1 and leaves[end][0][0] == heads[0]:
            end += 1
        inner = [(h[1:], d) for h, d in leaves[at:end]]
        found.append(
            {
                "headerName": heads[0],
                "groupId": leaf["colId"] + "g" * len(heads),
                "marryChildren": True,
                "children": _nested(inner),
            }
        )
        at = end
    return found
