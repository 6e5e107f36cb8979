"""A rollup: the whole answer of a grouped query, which answers other questions by itself.

Cells are codes into sorted dictionaries (`members`) and statistics (`statistics`). What a question
leaves out besides is decided per member, not per cell; cells that pass are grouped by the mixed
radix of their codes; statistics are added up and metrics finished last. Fused queries, rollups of
dashboards, cubes of brushes and answers kept by chance are all this one class.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dashapp.query import groups, sketches
from dashapp.query.asked import Asked
from dashapp.query.atoms import Atom, Unsure
from dashapp.query.lattice import Cut, Numbers
from dashapp.query.measures import BINS, FROM_GROUPING, Stat
from dashapp.query.members import Members, members, packed
from dashapp.query.passing import passing
from dashapp.query.statistics import Column, Grouping, column_of, finished, merged
from dashapp.query.subsume import Holding, Way

MOST_SELECTED = 4  # Choices whose cells are remembered.
MOST_DENSE = 4_000_000  # Groups that are counted by their number; more are looked up.
Selected = Numbers | None


class Rollup:
    """The cells of a whole answer; safe to use by many threads."""

    def __init__(self, holding: Holding, table: pa.Table) -> None:
        """Raises Unsure for columns that cannot be grouped or added up here."""
        self.holding = holding
        self.count = int(table.num_rows)
        self._table = table
        names = holding.names
        self._groupings: list[Members | None] = [None] * len(names)
        self._stats: dict[Stat, Column] = {}
        self._selected: dict[frozenset[tuple[Atom, int]], Selected] = {}
        self._ordered: dict[int, bool] = {}
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory that it holds, once all of it has been used."""
        is_packed = any(pa.types.is_dictionary(kind) for kind in self._table.schema.types)
        return int(self._table.nbytes) * (1 if is_packed else 2)

    def packed(self) -> pa.Table:
        """The same cells as a table that is read without making codes and dictionaries anew.

        In the order of their times, so that a range of times is a slice. Raises Unsure like what
        reads it.
        """
        names = self.holding.names
        columns: list[Any] = [packed(self.grouping(at)) for at in range(len(names))]
        stats = [name for name in self._table.column_names if name not in names]
        table = pa.Table.from_arrays(
            columns + [self._table.column(name) for name in stats], names=[*names, *stats]
        )
        timed = [at for at, cut in enumerate(self.holding.shape.cuts) if cut.grain]
        if not timed:
            return table
        return table.take(np.argsort(self.grouping(timed[0]).codes, kind="stable"))

    def grouping(self, at: int) -> Members:
        """One of its groupings."""
        found = self._groupings[at]
        if found is None:
            name, cut = self.holding.names[at], self.holding.shape.cuts[at]
            found = self._groupings[at] = members(cut, self._table.column(name))
        return found

    def stat(self, stat: Stat) -> Column:
        """One of its statistics, a value per cell."""
        found = self._stats.get(stat)
        if found is None:
            found = column_of(self._table.column(self.holding.stats[stat]))
            self._stats[stat] = found
        return found

    def answer(self, asked: Asked, way: Way) -> tuple[pa.Table, bool]:
        """The answer to a question that this rollup holds, and whether rows were cut off.

        Raises Unsure where only the warehouse can tell: texts that are not compared by their
        letters alone, ranks that differ by a rounding error.
        """
        if asked.shape.week_start != self.holding.shape.week_start:
            raise Unsure
        rows = self._passing(way.residual)
        groupings = [
            self._cut(at, cut, rows) for at, cut in zip(way.sources, asked.shape.cuts, strict=True)
        ]
        if asked.spec.series is not None:
            groupings, rows = self._series(asked, groupings, rows)
        return groups.answer(asked.spec, self._grouped(asked, groupings, rows), asked.row_limit)

    def _passing(self, residual: Sequence[tuple[Atom, int]]) -> Selected:
        """The cells that pass all atoms; None for all. The tiles of a page mostly ask alike."""
        name = frozenset(residual)
        with self._lock:
            if name in self._selected:
                return self._selected[name]
        found = self._select(residual)
        with self._lock:
            while len(self._selected) >= MOST_SELECTED:
                del self._selected[next(iter(self._selected))]
            self._selected[name] = found
        return found

    def _select(self, residual: Sequence[tuple[Atom, int]]) -> Selected:
        by_grouping: dict[int, Numbers] = {}
        for found, at in residual:
            grouping = self.grouping(at)
            inside = passing(found, grouping.cut, grouping.values, grouping.has_null)
            by_grouping[at] = by_grouping[at] & inside if at in by_grouping else inside
        picky = [at for at, inside in by_grouping.items() if not inside.all()]
        rows: Selected = None
        for at in sorted(picky, key=lambda at: (not self._in_order(at), by_grouping[at].mean())):
            inside, codes = by_grouping[at], self.grouping(at).codes
            if rows is not None:
                rows = rows[inside[codes[rows]]]
            elif self._in_order(at):
                places = np.flatnonzero(inside)
                ends = (
                    np.searchsorted(codes, [places[0], places[-1] + 1]) if len(places) else (0, 0)
                )
                rows = np.arange(ends[0], ends[1])
                if len(places) and len(places) < places[-1] + 1 - places[0]:
                    rows = rows[inside[codes[rows]]]
            else:
                rows = np.flatnonzero(inside[codes])
        return rows

    def _in_order(self, at: int) -> bool:
        """Whether cells come in the order of a grouping."""
        if at not in self._ordered:
            codes = self.grouping(at).codes
            self._ordered[at] = bool((codes[1:] >= codes[:-1]).all())
        return self._ordered[at]

    def _cut(self, at: int, cut: Cut, rows: Selected) -> tuple[Numbers, Members]:
        """The codes of a question's grouping, of the cells that pass."""
        own = self.grouping(at)
        table, found = own.at(cut, self.holding.shape.week_start)
        codes = own.codes if rows is None else own.codes[rows]
        return (codes if table is None else table[codes]), found

    def _series(
        self, asked: Asked, groupings: list[tuple[Numbers, Members]], rows: Selected
    ) -> tuple[list[tuple[Numbers, Members]], Selected]:
        """Groupings with the smaller series called "Other", or without their cells."""
        series = asked.spec.series
        if series is None or asked.ranking is None:
            raise Unsure
        there = [d.name for d in asked.spec.dimensions]
        at = [there.index(n) for n in dict.fromkeys(series.dimensions) if n in there]
        picked = [groupings[i] for i in at]
        sizes = [found.size for _, found in picked]
        by, _ = _grouping([codes for codes, _ in picked], sizes, self._number(rows))
        stats = self._merged(asked.ranking.needs, by, rows)
        rank = finished(asked.ranking, stats)
        tops = groups.top(rank, series.limit, descending=series.descending)
        is_top = np.zeros(by.count, bool)
        is_top[tops] = True
        inside = is_top[by.groups]
        if series.other:
            for i in at:
                groupings[i] = groups.renamed(*groupings[i], inside)
            return groupings, rows
        chosen = np.flatnonzero(inside)
        cut = [(codes[chosen], found) for codes, found in groupings]
        return cut, chosen if rows is None else rows[chosen]

    def _number(self, rows: Selected) -> int:
        return self.count if rows is None else len(rows)

    def _grouped(
        self, asked: Asked, groupings: list[tuple[Numbers, Members]], rows: Selected
    ) -> groups.Groups:
        """Groups with their finished metrics, in the order of their dimensions."""
        sizes = [found.size for _, found in groupings]
        by, codes = _grouping([c for c, _ in groupings], sizes, self._number(rows))
        wanted = [m for m in asked.shape.measures if m is not None]
        wanted += [*asked.having, *(m for _, m in asked.sorting)]
        stats = self._merged([s for m in wanted for s in m.needs], by, rows)
        return groups.Groups(
            dimensions=[(c, found) for c, (_, found) in zip(codes, groupings, strict=True)],
            metrics=[finished(m, stats) for m in asked.shape.measures if m is not None],
            having=[finished(m, stats) for m in asked.having],
            sorting={name: finished(m, stats) for name, m in asked.sorting},
            count=by.count,
        )

    def _merged(self, needs: Sequence[Stat], by: Grouping, rows: Selected) -> dict[Stat, Column]:
        def cells(stat: Stat) -> Column:
            found = self.stat(stat)
            if rows is None:
                return found
            valid = None if found.valid is None else found.valid[rows]
            return Column(found.values[rows], valid, found.kind, found.is_exact)

        made: dict[Stat, Column] = {}
        for stat in dict.fromkeys(needs):
            if stat.kind in FROM_GROUPING:
                made[stat] = self._of_members(stat, by, rows, cells)
            else:
                made[stat] = merged(stat, by, cells, made)
        return made

    def _of_members(
        self, stat: Stat, by: Grouping, rows: Selected, cells: Callable[[Stat], Column]
    ) -> Column:
        """A statistic that is read from a grouping: exactly where that is by values."""
        cuts, raw, part = self.holding.shape.cuts, Cut(stat.column or ""), stat.part
        if raw in cuts and stat.kind != BINS:
            return self._distinct(stat, by, rows)
        cut = raw if raw in cuts else stat.cut
        if cut is None or part is None:
            raise Unsure
        found = self.grouping(cuts.index(cut))
        codes = found.codes if rows is None else found.codes[rows]
        values = np.asarray(found.values, np.float64 if cut.is_raw else np.int64)
        if stat.kind == BINS:
            error = 0.0 if cut.is_raw else sketches.ERRORS[BINS]
            sizes = values if cut.is_raw else sketches.binned(values)
            return sketches.middle(by, sizes, codes, cells(part).values, error)
        return sketches.different(by, np.append(values, -1)[codes], cells(part))

    def _distinct(self, stat: Stat, by: Grouping, rows: Selected) -> Column:
        """How many members of a grouping there are in each group, the empty one not counted."""
        at = self.holding.shape.cuts.index(Cut(stat.column or ""))
        found = self.grouping(at)
        codes = found.codes if rows is None else found.codes[rows]
        pairs = np.unique(by.groups.astype(np.int64) * found.size + codes)
        if found.has_null:
            pairs = pairs[pairs % found.size != len(found.values)]
        return Column(np.bincount(pairs // found.size, minlength=by.count), None, pa.int64(), True)


def _grouping(
    parts: list[Numbers], sizes: list[int], number: int
) -> tuple[Grouping, list[Numbers]]:
    """Cells by all groupings at once, and the code of each grouping per group."""
    if not parts:
        return Grouping(np.zeros(number, np.int64), 1), []
    size = 1
    radix = np.zeros(number, np.int64)
    for part, members_ in zip(parts, sizes, strict=True):
        size *= max(members_, 1)
        if size > 2**62:
            raise Unsure
        radix = radix * members_ + part
    if size <= max(MOST_DENSE, 0) and size <= 64 * max(number, 1024):
        is_there = np.zeros(size, bool)
        is_there[radix] = True
        present = np.flatnonzero(is_there)
        place = np.empty(size, np.int64)
        place[present] = np.arange(len(present))
        groups = place[radix]
    else:
        present, inverse = np.unique(radix, return_inverse=True)
        groups = inverse.reshape(-1)
    codes: list[Numbers] = []
    left = present
    for members_ in reversed(sizes):
        codes.append(left % max(members_, 1))
        left = left // max(members_, 1)
    return Grouping(groups, len(present)), codes[::-1]
