"""Statistics of cells, added up over groups, and metrics finished from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dashapp.query.atoms import LARGEST, Unsure
from dashapp.query.lattice import Numbers
from dashapp.query.measures import Measure, Stat

US_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Column:
    """Numbers, where they are there (`valid` None: everywhere), and their type as an answer.

    `is_exact`: nothing was rounded, so equal ones are equal in the warehouse too. `error` is how
    far approximate ones may be off, relatively.
    """

    values: Numbers
    valid: Numbers | None
    kind: pa.DataType
    is_exact: bool
    error: float = 0.0

    def arrow(self) -> pa.Array[Any]:
        """The numbers as a column of an answer."""
        mask = None if self.valid is None or bool(self.valid.all()) else ~self.valid
        if pa.types.is_timestamp(self.kind):
            return pa.array(self.values, pa.int64(), mask=mask).view(self.kind)
        if self.kind == pa.date32():
            days = (self.values // US_PER_DAY).astype(np.int32)
            return pa.array(days, pa.int32(), mask=mask).view(self.kind)
        return pa.array(self.values, self.kind, mask=mask)


def column_of(found: pa.ChunkedArray[Any]) -> Column:
    """A statistic as it came from a warehouse. Raises Unsure for what is no finite number."""
    kind, plain = found.type, found.combine_chunks()
    valid = (
        None
        if not plain.null_count
        else np.asarray(plain.is_valid().to_numpy(zero_copy_only=False))
    )
    if pa.types.is_timestamp(kind) and kind.tz is None:
        plain = plain.view(pa.int64())
    elif kind == pa.date32():
        plain = plain.view(pa.int32())
    elif kind not in (pa.int64(), pa.float64()):
        raise Unsure
    values = np.asarray(plain.fill_null(0).to_numpy(zero_copy_only=False))
    if kind == pa.date32():
        values = values.astype(np.int64) * US_PER_DAY
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise Unsure
        return Column(values, valid, kind, bool((values == np.rint(values)).all()))
    return Column(values, valid, kind, True)


@dataclass(frozen=True)
class Grouping:
    """Cells in groups: the group of each cell, and how many groups there are."""

    groups: Numbers
    count: int

    def added(self, values: Numbers) -> Numbers:
        """The sums of values by group: exact for whole numbers."""
        if values.dtype.kind == "f":
            return np.bincount(self.groups, values, minlength=self.count)
        if not len(values) or float(np.abs(values.astype(np.float64)).sum()) < LARGEST:
            return np.bincount(self.groups, values, minlength=self.count).astype(np.int64)
        total = np.zeros(self.count, np.int64)
        np.add.at(total, self.groups, values)
        return total

    def counted(self) -> Numbers:
        """The number of cells by group."""
        return np.bincount(self.groups, minlength=self.count)

    def extreme(self, values: Numbers, valid: Numbers | None, *, least: bool) -> Numbers:
        """The least or greatest value by group; anything where none is valid."""
        groups = self.groups
        if valid is not None:
            groups, values = groups[valid], values[valid]
        found = np.zeros(self.count, values.dtype)
        if not len(values):
            return found
        order = np.argsort(groups, kind="stable")
        groups, values = groups[order], values[order]
        starts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
        found[groups[starts]] = (np.minimum if least else np.maximum).reduceat(values, starts)
        return found


def merged(
    stat: Stat, by: Grouping, cells: Callable[[Stat], Column], stats: Mapping[Stat, Column]
) -> Column:
    """One statistic of groups from those of their cells. `stats` are those merged already."""
    found = cells(stat)
    if stat.kind == "dev":
        return _spread(stat, by, cells, stats)
    if stat.kind in ("min", "max", "least_hash"):
        values = by.extreme(found.values, found.valid, least=stat.kind != "max")
        return Column(values, _any(by, found.valid), found.kind, True)
    values = by.added(found.values)
    if values.dtype.kind != "f" and stat.kind == "sum" and _overflows(by, found.values):
        raise Unsure
    if stat.kind in ("rows", "n"):
        return Column(values, None, pa.int64(), True)
    is_exact = found.is_exact and (not len(values) or float(np.abs(values).max()) < LARGEST)
    return Column(values, _any(by, found.valid), found.kind, is_exact or found.kind == pa.int64())


def _overflows(by: Grouping, values: Numbers) -> bool:
    return bool(len(values)) and float(np.abs(values.astype(np.float64)).sum()) > 2**62


def _any(by: Grouping, valid: Numbers | None) -> Numbers | None:
    """Which groups have a value at all."""
    if valid is None:
        return None if by.count and bool(by.counted().all()) else by.counted() > 0
    return np.bincount(by.groups, valid, minlength=by.count) > 0


def _spread(
    stat: Stat, by: Grouping, cells: Callable[[Stat], Column], stats: Mapping[Stat, Column]
) -> Column:
    """Sample deviations of groups: squares about the cells' means, and of the means.

    M = sum over cells of (s²(n-1) + n (m - mean)²), deviation = sqrt(M / (N - 1)): Chan, Golub
    and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
    """
    n_stat, sum_stat = Stat("n", stat.column), Stat("sum", stat.column)
    n = cells(n_stat).values.astype(np.float64)
    total = cells(sum_stat).values.astype(np.float64)
    inner = cells(stat)
    count = stats[n_stat].values.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(n > 0, total / n, 0.0)
        mean = np.where(count > 0, stats[sum_stat].values / count, 0.0)
        inside = np.where(n > 1, inner.values**2 * (n - 1), 0.0)
        squares = by.added(inside + n * (means - mean[by.groups]) ** 2)
        values = np.sqrt(squares / (count - 1))
    valid = count > 1
    return Column(np.where(valid, values, 0.0), valid, pa.float64(), False)


def finished(measure: Measure, stats: Mapping[Stat, Column]) -> Column:
    """A metric from its statistics."""
    if measure.how == "ratio":
        top, bottom = (finished(part, stats) for part in measure.parts)
        return _divided(top, bottom, measure.scale)
    if measure.how == "avg":
        return _divided(stats[measure.stats[0]], stats[measure.stats[1]], 1.0)
    found = stats[measure.stats[-1]]
    if measure.how == "double":
        return Column(found.values.astype(np.float64), found.valid, pa.float64(), found.is_exact)
    return found


def _divided(top: Column, bottom: Column, scale: float) -> Column:
    """`top / bottom`, empty where the divisor is zero or either is empty, times `scale`."""
    divisor = bottom.values.astype(np.float64)
    valid = divisor != 0
    for part in (top, bottom):
        if part.valid is not None:
            valid = valid & part.valid
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(valid, top.values.astype(np.float64) / divisor, 0.0)
    if scale != 1:
        values = values * scale
    is_exact, error = top.is_exact and bottom.is_exact, float(np.hypot(top.error, bottom.error))
    return Column(values, valid, pa.float64(), is_exact, error)
