"""A tile's question with the brushed column laid open: any span of it is answered by adding up.

A cube is the answer of the question with the brushed column as one more dimension and the
statistics of its metrics (`dashapp.query.measures`) instead of finished values, without order,
limit and steps. Its rows are sorted by their place on the brushed axis, so a span is a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.query import post
from dashapp.query.measures import FROM_GROUPING, Measure, Stat, measure
from dashapp.specs import DatasetSpec, Dimension, QuerySpec, metric_name
from dashapp.specs.post import Compare

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Places = Callable[["pa.ChunkedArray[Any]"], Floats]
ROWS: Final = Stat("rows")
MOST_ROWS: Final = 250_000


class Unfit(Exception):
    """A question that no cube answers; its text says why. Never leaves the services."""


@dataclass(frozen=True)
class Form:
    """A question as a cube: what is asked, and how its own answer is made of that."""

    spec: QuerySpec
    question: QuerySpec
    place: str  # The brushed column's name in the cube.
    measures: Mapping[str, Measure]

    @property
    def stats(self) -> tuple[Stat, ...]:
        """All statistics, rows first, each once."""
        return _stats(self.measures)


def form(spec: QuerySpec, brushed: Dimension, dataset: DatasetSpec, dialect: str) -> Form:
    """The cube of a question along `brushed`. Raises Unfit."""
    if not spec.is_grouped:
        raise Unfit("rows are not grouped")
    if spec.having or any(isinstance(step, Compare) for step in spec.post):
        raise Unfit("groups are compared or left out by their values")
    shown = {d.name for d in spec.dimensions} | {metric_name(m) for m in spec.metrics}
    if any(o.by not in shown for o in spec.order):
        raise Unfit("it is sorted by what it does not show")
    measures = {}
    for metric in spec.metrics:
        made = measure(dataset, metric, dialect)
        if made is None or any(s.kind in FROM_GROUPING for s in made.needs):
            raise Unfit(f"{metric_name(metric)} does not add up")
        measures[metric_name(metric)] = made
    stats = [stat.metric() for stat in _stats(measures)]
    place = brushed.column
    while place in shown | {metric_name(s) for s in stats}:
        place += " brushed"
    question = spec.model_copy(
        update={
            "dimensions": (brushed.model_copy(update={"label": place}), *spec.dimensions),
            "metrics": tuple(stats), "series": None, "order": (), "limit": None, "offset": 0,
            "post": (),
        }
    )  # fmt: skip
    if len({d.name for d in question.dimensions} | {metric_name(m) for m in stats}) != len(
        question.dimensions
    ) + len(stats):
        raise Unfit("names meet")
    return Form(spec, question, place, measures)


def _stats(measures: Mapping[str, Measure]) -> tuple[Stat, ...]:
    return tuple(dict.fromkeys([ROWS, *(s for m in measures.values() for s in m.needs)]))


@dataclass(frozen=True)
class Cube:
    """Statistics by place on the brushed axis and cell of the question's own answer.

    `at` (rising), `cells` and each array of `stats` have one entry per row; `keys` has one row
    per cell: its members. Not-a-number stands for an empty statistic.
    """

    form: Form
    at: Floats
    cells: Ints
    keys: pa.Table
    stats: Mapping[Stat, Floats]

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(self.keys.num_rows)

    @property
    def is_single(self) -> bool:
        """Whether the question has no dimension: it answers one row, whatever there is."""
        return not self.form.spec.dimensions

    def table(self, low: float, high: float) -> pa.Table:
        """The answer of the question for the places `low` <= place < `high`. Raises Unfit."""
        start, stop = np.searchsorted(self.at, [low, high], side="left")
        found = self.summed(int(start), int(stop))
        shown = np.flatnonzero((found[ROWS] > 0) | self.is_single)
        columns = [self.keys.column(name).take(shown).combine_chunks() for name in self.names]
        columns += [_column(m, finished(m, found)[shown]) for m in self.form.measures.values()]
        table = pa.Table.from_arrays(columns, [*self.names, *self.form.measures])
        return _ordered(table, self.form.spec)

    @property
    def names(self) -> list[str]:
        """Names of the question's dimensions."""
        return [d.name for d in self.form.spec.dimensions]

    def summed(self, start: int, stop: int) -> dict[Stat, Floats]:
        """Statistics per cell over a slice of rows; not-a-number where there is none."""
        rows = slice(start, stop)
        cells, found = self.cells[rows], {}
        for stat, values in self.stats.items():
            if stat.kind == "dev":
                found[stat] = self._squares(rows, stat)
                continue
            found[stat] = _merged(stat, cells, values[rows], self.size)
        return found

    def _squares(self, rows: slice, stat: Stat) -> Floats:
        """Sums of squares about the mean: each part's own and those of the parts' means."""
        cells, size = self.cells[rows], self.size
        n = np.nan_to_num(self.stats[Stat("n", stat.column)][rows])
        total = np.nan_to_num(self.stats[Stat("sum", stat.column)][rows])
        dev = np.nan_to_num(self.stats[stat][rows])
        own = np.bincount(cells, dev * dev * np.maximum(n - 1, 0), size)
        count = np.bincount(cells, n, size)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(cells, total, size) / count
            away = np.where(n > 0, total / n - mean[cells], 0.0)
        return np.asarray(own + np.bincount(cells, n * away * away, size), dtype=np.float64)


def _merged(stat: Stat, cells: Ints, values: Floats, size: int) -> Floats:
    known = np.isfinite(values)
    if stat.kind in ("min", "max"):
        worst = np.inf if stat.kind == "min" else -np.inf
        found = np.full(size, worst)
        ufunc = np.minimum if stat.kind == "min" else np.maximum
        ufunc.at(found, cells[known], values[known])
        return np.where(np.isfinite(found), found, np.nan)
    found = np.bincount(cells[known], values[known], size)
    if stat.kind == "sum":  # Of nothing is nothing, not zero.
        found = np.where(np.bincount(cells[known], minlength=size) > 0, found, np.nan)
    return np.asarray(found, dtype=np.float64)


def finished(made: Measure, stats: Mapping[Stat, Floats]) -> Floats:
    """A metric per cell from its statistics; not-a-number where it is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if made.how == "avg":
            total, count = (stats[s] for s in made.stats)
            return np.where(count > 0, total / count, np.nan)
        if made.how == "dev":
            count, squares = stats[made.stats[0]], stats[made.stats[2]]
            return np.where(count > 1, np.sqrt(np.maximum(squares, 0) / (count - 1)), np.nan)
        if made.how == "ratio":
            top, bottom = (finished(part, stats) for part in made.parts)
            return np.where(bottom == 0, np.nan, top / bottom * made.scale)
    return stats[made.stats[0]]


def _column(made: Measure, values: Floats) -> pa.Array[Any]:
    empty = ~np.isfinite(values)
    if made.how == "plain" and made.stats[0].kind in ("rows", "n"):
        return pa.array(np.where(empty, 0, values).astype(np.int64), mask=empty)
    return pa.array(values, pa.float64(), mask=empty)


def _ordered(table: pa.Table, spec: QuerySpec) -> pa.Table:
    """The rows in the question's order, cut as it says, after its steps. Raises Unfit."""
    if spec.series is not None and table.num_rows > spec.series.limit:
        named = [table.column(name) for name in spec.series.dimensions]
        members = pa.table(named, list(spec.series.dimensions)).group_by(
            list(spec.series.dimensions)
        )
        if members.aggregate([]).num_rows > spec.series.limit:
            raise Unfit("only the largest members are shown")
    if spec.order:
        keys: Any = [(o.by, "descending" if o.descending else "ascending") for o in spec.order]
        table = table.take(pc.sort_indices(table, sort_keys=keys))  # Empty ones last.
    table = table.slice(spec.offset, spec.limit)
    if not spec.post:
        return table

    def never(_step: Compare) -> pa.Table:
        raise Unfit("an earlier period is asked for")

    return post.apply(table, spec, never)


def cube(made: Form, answer: pa.Table, places: Places) -> Cube:
    """A cube of the answer of `made.question`; `places` says where a brushed value lies.

    Rows without a place (empty, or not among the members that can be chosen) are left out.
    """
    at = places(answer.column(made.place))
    known = np.flatnonzero(np.isfinite(at))
    order = known[np.argsort(at[known], kind="stable")]
    names = [d.name for d in made.spec.dimensions]
    cells, keys = _cells(answer.select(names).take(order), len(order))
    stats = {stat: _floats(answer.column(stat.name).take(order)) for stat in made.stats}
    return Cube(made, at[order], cells, keys, stats)


def _cells(members: pa.Table, rows: int) -> tuple[Ints, pa.Table]:
    """Codes of the combinations of members that occur, and their first rows."""
    codes = np.zeros(rows, dtype=np.int64)
    if not members.num_columns:
        return codes, pa.table({"one": pa.array([1])})
    for column in members.columns:
        found: Any = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
        own = found.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        codes = np.unique(codes * max(1, len(found.dictionary)) + own, return_inverse=True)[1]
    _, first = np.unique(codes, return_index=True)
    return codes.astype(np.int64), members.take(first)


def _floats(column: pa.ChunkedArray[Any]) -> Floats:
    try:
        cast = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Unfit("a statistic is no number") from error
    return np.array(cast.to_numpy(), dtype=np.float64)
