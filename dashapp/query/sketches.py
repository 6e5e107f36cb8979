"""Approximate metrics: read from groupings that add up, and made exact again.

**Counts of different values.** Rows are grouped by a register (`REGISTERS` of them, by some bits of
a hash of the value), with the least hash of each. Least hashes merge by taking the least, so any
groups of any rollup give the very registers that the rows would give. With u the least hash of a
register as a part of 1, and 1 for an empty register, n = m · filled / Σ u is the most likely count
if each register has Poisson(n/m) values; for many values it is the estimate of Giroire ("Order
statistics and estimating cardinalities of massive data sets", 2009) and Lumbroso ("An optimal
cardinality estimation algorithm based on order statistics", 2010), for few it counts registers, as
linear counting does. Its standard error is 1/√m: HyperLogLog's (Flajolet et al., 2007) 1.04/√m
without its corrections, since whole hashes are kept, not their leading zeros.

**Medians.** Rows are grouped by bins whose edges grow by a factor, and counted: a value is known to
1 %, and so is the median (DDSketch; Masson, Rim and Lee, 2019).

Where a rollup is cut by the values of the column themselves, both are exact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from dashapp.query.lattice import Numbers
from dashapp.query.measures import BINS, REGISTERS, Stat
from dashapp.query.statistics import Column, Grouping
from dashapp.specs import DatasetSpec, QuerySpec, SimpleMetric, Source
from dashapp.specs.query import AdhocMetric, Metric
from dashapp.warehouses import sketching

NOTE: Final = b"approximate"  # Of a column's field: its relative error.
COUNT_ERROR: Final = sketching.REGISTERS**-0.5
ERRORS: Final[dict[str, float]] = {REGISTERS: COUNT_ERROR, BINS: sketching.ACCURACY}


def different(by: Grouping, registers: Numbers, least: Column) -> Column:
    """How many different values groups have about, from the registers (-1: empty) of their cells."""
    kept = registers >= 0
    if least.valid is not None:
        kept = kept & least.valid
    pairs = by.groups[kept].astype(np.int64) * sketching.REGISTERS + registers[kept]
    order = np.argsort(pairs, kind="stable")
    pairs = pairs[order]
    starts = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)])
    hashes = least.values[kept][order]
    lowest = np.minimum.reduceat(hashes, starts) if len(starts) else hashes
    shares = (lowest.astype(np.float64) + 0.5) / sketching.HASHES
    groups = pairs[starts] // sketching.REGISTERS
    filled = np.bincount(groups, minlength=by.count)
    sums = np.bincount(groups, shares, minlength=by.count) + (sketching.REGISTERS - filled)
    counts = np.rint(sketching.REGISTERS * filled / sums).astype(np.int64)
    return Column(counts, None, pa.int64(), True, COUNT_ERROR)


def middle(by: Grouping, values: Numbers, codes: Numbers, counts: Numbers, error: float) -> Column:
    """The medians of groups whose cells have so many of a value each (`codes` into sorted values).

    Of two values in the middle it is halfway; empty where a group has none.
    """
    kept = counts > 0
    groups, codes, counts = by.groups[kept], codes[kept], counts[kept].astype(np.int64)
    order = np.lexsort((codes, groups))
    groups, codes, counts = groups[order], codes[order], counts[order]
    totals = np.bincount(groups, counts, minlength=by.count).astype(np.int64)
    reached, starts = np.cumsum(counts), np.cumsum(totals) - totals
    valid = totals > 0
    found = np.zeros(by.count, np.float64)
    for rank in ((totals - 1) // 2, totals // 2):
        at = np.searchsorted(reached, (starts + rank)[valid], side="right")
        found[valid] += values[codes[at]] / 2
    return Column(found, valid, pa.float64(), True, error)


def binned(bins: Numbers) -> Numbers:
    """The numbers that bins stand for: in the middle, so that all in a bin are within 1 %."""
    place = np.abs(bins.astype(np.float64)) - sketching.OFFSET
    with np.errstate(over="ignore"):
        size = np.exp(place * np.log(sketching.GROWTH)) * 2 / (sketching.GROWTH + 1)
    return np.where(bins == 0, 0.0, np.sign(bins) * np.minimum(size, np.finfo(np.float64).max))


def noted(table: pa.Table, errors: Mapping[str, float]) -> pa.Table:
    """The table with the errors of its approximate columns."""
    if not any(errors.values()):
        return table
    fields: list[Any] = [
        field.with_metadata({NOTE: json.dumps(errors[field.name]).encode()})
        if errors.get(field.name)
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def errors_of(table: pa.Table) -> dict[str, float]:
    """The relative errors of a table's approximate columns, by name; none of exact ones."""
    noted_ = ((f.name, (f.metadata or {}).get(NOTE)) for f in table.schema)
    return {name: float(json.loads(text)) for name, text in noted_ if text is not None}


def uses(stats: frozenset[Stat]) -> bool:
    """Whether some of these statistics are read from sketches."""
    return any(stat.kind in ERRORS for stat in stats)


def exactly(source: Source, spec: QuerySpec) -> tuple[Source, QuerySpec]:
    """The same question with exact metrics."""
    dataset = source.dataset
    metrics = tuple(
        m.model_copy(update={"definition": _exact(m.definition)}) for m in dataset.metrics
    )
    if metrics != dataset.metrics:
        source = source.model_copy(
            update={"dataset": dataset.model_copy(update={"metrics": metrics})}
        )
    series = spec.series
    if series is not None and series.by is not None:
        series = series.model_copy(update={"by": _exact_or_name(series.by)})
    orders = tuple(
        o if o.metric is None else o.model_copy(update={"metric": _exact_or_name(o.metric)})
        for o in spec.order
    )
    having = tuple(h.model_copy(update={"metric": _exact_or_name(h.metric)}) for h in spec.having)
    changes = {
        "metrics": tuple(_exact_or_name(m) for m in spec.metrics), "series": series,
        "order": orders, "having": having,
    }  # fmt: skip
    return source, spec.model_copy(update=changes)


def is_approximate(dataset: DatasetSpec, metric: Metric) -> bool:
    """Whether a metric itself says that it may be approximate."""
    saved = dataset.metric(metric) if isinstance(metric, str) else None
    found = saved.definition if saved else metric
    return isinstance(found, SimpleMetric) and found.approximate


def _exact(metric: AdhocMetric) -> AdhocMetric:
    if isinstance(metric, SimpleMetric) and metric.approximate:
        return metric.model_copy(update={"approximate": False})
    return metric


def _exact_or_name(metric: Metric) -> Metric:
    return metric if isinstance(metric, str) else _exact(metric)
