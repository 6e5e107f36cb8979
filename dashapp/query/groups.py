"""Groups of a rollup as the answer of a query: conditions on them, series limit, order, limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from dashapp.query import sketches
from dashapp.query.atoms import Unsure
from dashapp.query.compile import OTHER, names
from dashapp.query.lattice import Numbers
from dashapp.query.members import Members
from dashapp.query.statistics import Column
from dashapp.specs import MetricFilter, QuerySpec

NEAR = 1e-9  # Sums of floats that differ by less, relatively, may be equal in the warehouse.


@dataclass(frozen=True)
class Groups:
    """Groups with their codes per dimension and their finished metrics, in order of dimensions.

    `having` are the metrics of the query's conditions, `sorting` those that it is sorted by but
    does not show.
    """

    dimensions: list[tuple[Numbers, Members]]
    metrics: list[Column]
    having: list[Column]
    sorting: dict[str, Column]
    count: int


def answer(spec: QuerySpec, groups: Groups, row_limit: int) -> tuple[pa.Table, bool]:
    """The table that the query asks for, and whether rows were cut off by `row_limit`.

    Raises Unsure where a rounding error could decide.
    """
    kept = np.ones(groups.count, bool)
    for item, column in zip(spec.having, groups.having, strict=True):
        kept &= _holds(item, column)
    rows = np.flatnonzero(kept)
    rows = rows[_order(spec, groups, rows)][spec.offset :]
    if spec.limit is not None:
        rows = rows[: spec.limit]
    is_cut = len(rows) > row_limit
    rows = rows[:row_limit]
    arrays: list[Any] = [found.arrow(codes[rows]) for codes, found in groups.dimensions]
    arrays += [_taken(column, rows).arrow() for column in groups.metrics]
    labels = names(spec)
    errors = {
        n: c.error for n, c in zip(labels[-len(groups.metrics) :], groups.metrics, strict=False)
    }
    return sketches.noted(pa.Table.from_arrays(arrays, names=labels), errors), is_cut


def _taken(column: Column, rows: Numbers) -> Column:
    valid = None if column.valid is None else column.valid[rows]
    return replace(column, values=column.values[rows], valid=valid)


def _holds(item: MetricFilter, column: Column) -> Numbers:
    """Which groups meet a condition."""
    if column.kind not in (pa.int64(), pa.float64()):
        raise Unsure
    valid = np.ones(len(column.values), bool) if column.valid is None else column.valid
    if item.op == "is null":
        return ~valid
    if item.op == "is not null":
        return valid
    if isinstance(item.value, tuple) != (item.op == "between") or item.value is None:
        raise Unsure  # The statement says what is wrong.
    ends = item.value if isinstance(item.value, tuple) else (item.value,)
    values = column.values
    for end in ends:
        if not column.is_exact and _is_near(values[valid], end):
            raise Unsure
    found: dict[str, Numbers] = {
        "=": values == ends[0], "!=": values != ends[0], "<": values < ends[0],
        "<=": values <= ends[0], ">": values > ends[0], ">=": values >= ends[0],
        "between": (values >= ends[0]) & (values <= ends[-1]),
    }  # fmt: skip
    return valid & found[item.op]


def _is_near(values: Numbers, end: float) -> bool:
    return bool((np.abs(values - end) <= NEAR * np.maximum(np.abs(values), abs(end))).any())


def _order(spec: QuerySpec, groups: Groups, rows: Numbers) -> Numbers:
    """The order of rows as asked, ties by all dimensions; empty values are always last."""
    labels = names(spec)
    wishes = {o.by: o for o in reversed(spec.order)}
    count = len(groups.dimensions)
    keys: list[Numbers] = []
    for name in dict.fromkeys([*(o.by for o in spec.order), *labels[:count]]):
        wish = wishes.get(name)
        descending = wish is not None and wish.descending
        at = labels.index(name) if name in labels else None
        if at is not None and at < count:
            codes, found = groups.dimensions[at]
            keys += _directed(codes[rows], codes[rows] >= len(found.values), descending)
        else:
            column = groups.metrics[at - count] if at is not None else groups.sorting.get(name)
            if column is None:
                raise Unsure
            keys += by_metric(_taken(column, rows), descending)
    return np.lexsort(keys[::-1]) if keys else np.arange(len(rows))


def _directed(values: Numbers, is_null: Numbers, descending: bool) -> list[Numbers]:
    numbers = values.astype(np.int64) if values.dtype.kind == "u" else values
    return [is_null, -numbers if descending else numbers]


def by_metric(column: Column, descending: bool) -> list[Numbers]:
    """Keys to sort by a metric. Raises Unsure where values differ by a rounding error only."""
    valid = np.ones(len(column.values), bool) if column.valid is None else column.valid
    if not column.is_exact:
        known = np.sort(column.values[valid])
        gaps = np.diff(known)
        if (gaps <= NEAR * np.maximum(np.abs(known[1:]), np.abs(known[:-1]))).any():
            raise Unsure
    values = np.where(valid, column.values, 0)
    return _directed(values, ~valid, descending)


def top(rank: Column, limit: int, *, descending: bool) -> Numbers:
    """The groups that rank highest (lowest otherwise), ties in the order that they have."""
    return np.lexsort(by_metric(rank, descending)[::-1])[:limit]


def renamed(codes: Numbers, found: Members, inside: Numbers) -> tuple[Numbers, Members]:
    """A grouping in which cells that are not `inside` belong to "Other". Raises Unsure."""
    if not pa.types.is_string(found.kind) or not isinstance(found.values, list):
        raise Unsure
    values = sorted({*found.values, OTHER})
    place = {value: i for i, value in enumerate(values)}
    table = np.array([place[v] for v in found.values] + [len(values)], np.int64)
    moved = np.where(inside, table[codes], place[OTHER])
    return moved, Members(found.cut, found.kind, np.empty(0, np.int64), values, found.has_null)
