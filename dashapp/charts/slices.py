"""Rows as parts of a whole: joined members, in order, the small ones together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from dashapp.charts.base import Look
from dashapp.charts.colors import OTHER, assign
from dashapp.charts.plotting import Floats, encode, floats
from dashapp.charts.said import said
from dashapp.charts.values import Plain
from dashapp.charts.wide import Sort, ordered, words
from dashapp.specs import DatasetSpec, Dimension, metric_name
from dashapp.specs.query import Metric

MOST: Final = 200  # Parts that are drawn where nothing limits them; the rest is "Other".
_Row = tuple[Plain, ...]


@dataclass(frozen=True)
class Slices:
    """Parts in drawing order; names are in words, not safe for Plotly."""

    names: list[str]
    sizes: Floats
    colors: list[str]
    clicks: list[list[Plain] | None]

    @property
    def whole(self) -> float:
        """All parts together."""
        return float(self.sizes.sum())


def sliced(
    table: pa.Table,
    dimensions: Sequence[Dimension],
    metric: Metric,
    dataset: DatasetSpec,
    look: Look,
    *,
    sort: Sort,
    most: int | None = None,
    has_other: bool = False,
    other_below: float = 0,
) -> Slices:
    """One part per combination of members; only what is above zero can be one.

    At most `most` parts are kept, the largest, and "Other" if the answer has it. Parts with a
    share below `other_below` percent are added to "Other".
    """
    rows, names = combined(table, dimensions, dataset, look)
    sizes: dict[_Row, float] = {}
    spoken: dict[_Row, str] = {}
    for row, name, size in zip(
        rows, names, np.nan_to_num(floats(table, metric_name(metric))).tolist(), strict=True
    ):
        rest = has_other and OTHER in row
        key = (OTHER,) * len(dimensions) if rest else row
        spoken.setdefault(key, said(OTHER, look.locale) if rest else name)
        sizes[key] = sizes.get(key, 0.0) + size
    sizes = {k: v for k, v in sizes.items() if v > 0}
    small = _small(sizes, other_below, MOST if most is None else len(sizes))
    if small:
        other = (OTHER,) * len(dimensions)
        sizes[other] = sizes.pop(other, 0.0) + sum(sizes.pop(row) for row in small)
        spoken[other], has_other = said(OTHER, look.locale), True
    return _arranged(sizes, spoken, look, sort, most, has_other)


def combined(
    table: pa.Table, dimensions: Sequence[Dimension], dataset: DatasetSpec, look: Look
) -> tuple[list[_Row], list[str]]:
    """Each row's members, and their names joined by commas."""
    columns, spoken = [], []
    for dimension in dimensions:
        found = encode(table, dimension.name)
        members = found.members() if table.num_rows else []
        codes = found.codes[: table.num_rows].tolist()
        names = words(members, dimension, dataset, look)
        columns.append([members[i] for i in codes])
        spoken.append([names[i] for i in codes])
    if not columns:
        return [()] * table.num_rows, [""] * table.num_rows
    return list(zip(*columns, strict=True)), [", ".join(n) for n in zip(*spoken, strict=True)]


def _small(sizes: dict[_Row, float], below: float, most: int) -> list[_Row]:
    """Parts that are not drawn on their own: too small a share, or too many."""
    least = below / 100 * sum(sizes.values())
    found = [row for row, size in sizes.items() if size < least and OTHER not in row]
    if len(sizes) - len(found) > most:
        found = sorted(sizes, key=lambda row: -sizes[row])[most:]
    return found


def _arranged(
    sizes: dict[_Row, float],
    spoken: dict[_Row, str],
    look: Look,
    sort: Sort,
    most: int | None,
    has_other: bool,
) -> Slices:
    rows = list(sizes)
    names = [spoken[row] for row in rows]
    amounts = np.array([sizes[row] for row in rows])
    members: list[Plain] = [
        row[0] if len(row) == 1 else OTHER if OTHER in row and has_other else name
        for row, name in zip(rows, names, strict=True)
    ]
    order = ordered(members, names, sort, amounts)
    if most is not None:
        spare = has_other and OTHER in members
        order = _largest(order, amounts, members, most + spare)
    colors = assign([members[i] for i in order], look)
    clicks = [None if has_other and OTHER in rows[i] else list(rows[i]) for i in order]
    return Slices(
        [names[i] for i in order],
        amounts[order],
        [colors[members[i]] for i in order],
        clicks,
    )


def _largest(order: list[int], sizes: Floats, members: list[Plain], most: int) -> list[int]:
    """The places kept when there are more than the limit, in the same order."""
    if len(order) <= most:
        return order
    kept = set(sorted(order, key=lambda i: (members[i] != OTHER, -sizes[i]))[:most])
    return [i for i in order if i in kept]
