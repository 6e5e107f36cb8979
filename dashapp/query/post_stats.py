"""Steps of statistics: shares, ranks, histograms, box plots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from dashapp.query import post_table as tables
from dashapp.query.post_table import Floats, Rows
from dashapp.specs.post import BoxPlot, Contribution, Histogram, Rank


def contribution(table: pa.Table, step: Contribution) -> pa.Table:
    """Metrics as shares of their total; empty where the value is empty or the total zero."""
    values = {m: tables.floats(table, m) for m in step.metrics}
    tables.check(table, step.within)
    if step.zero:
        values = {m: np.nan_to_num(v) for m, v in values.items()}
    if step.over == "row":
        total = np.nansum(np.vstack(list(values.values())), axis=0) if values else np.empty(0)
        totals = dict.fromkeys(step.metrics, total)
    else:
        totals = {m: _totals(table, step.within, v) for m, v in values.items()}
    if step.together and step.over == "column" and totals:
        total = np.sum(np.vstack(list(totals.values())), axis=0)
        totals = dict.fromkeys(step.metrics, total)
    for metric, cells in values.items():
        share = _divided(cells, totals[metric])
        table = tables.put(table, metric + step.suffix, tables.column_of(share))
    return table


def rank(table: pa.Table, step: Rank) -> pa.Table:
    """Adds the rank of a metric; equal values share their rank, empty ones have none."""
    values = tables.floats(table, step.metric)
    found = np.full(table.num_rows, np.nan)
    for rows in tables.groups(table, step.within):
        cells = values[rows]
        known = np.sort(cells[~np.isnan(cells)])
        low = np.searchsorted(known, cells, side="left")
        high = np.searchsorted(known, cells, side="right")
        better = (len(known) - high if step.descending else low).astype(np.float64)
        if step.ties == "mean":
            better += np.maximum(high - low - 1, 0) / 2
        place = (better + 1) / len(known) if step.percent and len(known) else better + 1.0
        found[rows] = np.where(np.isnan(cells), np.nan, place)
    kind = pa.float64() if step.percent or step.ties == "mean" else pa.int64()
    return tables.put(table, step.name, tables.column_of(found, kind))


def histogram(table: pa.Table, step: Histogram) -> pa.Table:
    """Counts (or shares) per bin; the same bins for every member of `by`, the last one closed.

    Running counts are added up before they become shares of all that is shown.
    """
    values = tables.floats(table, step.column)
    tables.check(table, step.by)
    known = values[np.isfinite(values)]
    edges = _edges(known, step.bins)
    parts = [rows for rows in tables.groups(table, step.by) if np.isfinite(values[rows]).any()]
    parts = _present(table, step.by, parts, step.empty)
    counts = [_counted(values[rows], edges, step) for rows in parts]
    bins = max(0, len(edges) - 1)
    first = [int(rows[0]) for rows in parts for _ in range(bins)]
    columns = {name: tables.rows_of(table, name, first) for name in step.by}
    columns["bin_from"] = pa.array(np.tile(edges[:-1], len(parts)), pa.float64())
    columns["bin_to"] = pa.array(np.tile(edges[1:], len(parts)), pa.float64())
    joined = np.concatenate(counts) if counts else np.empty(0)
    if step.normalize and step.share_of == "all":
        joined = joined / (joined.sum() or 1.0)
    columns["count"] = tables.column_of(joined, None if step.normalize else pa.int64())
    return pa.table(columns)


def boxplot(table: pa.Table, step: BoxPlot) -> pa.Table:
    """One row per member of `by` and metric with quartiles, whiskers and outliers."""
    values = {m: tables.floats(table, m) for m in step.metrics}
    parts = _present(table, step.by, tables.groups(table, step.by), step.empty)
    first = [int(rows[0]) for rows in parts for _ in step.metrics]
    columns = {name: tables.rows_of(table, name, first) for name in step.by}
    columns["metric"] = pa.array([m for _ in parts for m in step.metrics], pa.string())
    boxes = [_box(v[rows], step) for rows in parts for v in values.values()]
    for name in ("min", "q1", "median", "q3", "max", "mean"):
        columns[name] = tables.column_of(np.array([b[0][name] for b in boxes], dtype=np.float64))
    columns["count"] = pa.array([b[1] for b in boxes], pa.int64())
    columns["outliers"] = pa.array([b[2] for b in boxes], pa.list_(pa.float64()))
    return pa.table(columns)


def _present(table: pa.Table, by: Sequence[str], parts: list[Rows], keep_empty: bool) -> list[Rows]:
    """The groups; with `keep_empty` off without those of an empty member."""
    if keep_empty or not by:
        return parts
    columns = [table.column(n) for n in by]
    return [rows for rows in parts if all(c[int(rows[0])].is_valid for c in columns)]


def _totals(table: pa.Table, within: Sequence[str], values: Floats) -> Floats:
    members = tables.codes(table, within)
    totals = np.bincount(members, weights=np.nan_to_num(values)).astype(np.float64)
    return totals[members]


def _divided(values: Floats, by: Floats) -> Floats:
    safe = np.where(by == 0, np.nan, by)
    return values / safe


def _edges(known: Floats, bins: int) -> Floats:
    """Edges of equal bins over all values, as numpy cuts them; equal values get half a unit."""
    if not len(known):
        return np.empty(0)
    low, high = float(known.min()), float(known.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    if np.isinf(high - low):
        return np.linspace(low / 2, high / 2, bins + 1) * 2
    return np.linspace(low, high, bins + 1)


def _counted(values: Floats, edges: Floats, step: Histogram) -> Floats:
    known = values[np.isfinite(values)]
    place = np.searchsorted(edges, known, side="right") - 1
    counts = np.bincount(np.clip(place, 0, len(edges) - 2), minlength=len(edges) - 1).astype(float)
    if step.normalize and step.share_of == "member":
        counts = counts / len(known)
    return np.cumsum(counts) if step.cumulative else counts


def _box(cells: Floats, step: BoxPlot) -> tuple[dict[str, float], int, list[float]]:
    """Statistics, number of values and outliers of one box."""
    known = np.sort(cells[np.isfinite(cells)])
    if not len(known):
        return dict.fromkeys(("min", "q1", "median", "q3", "max", "mean"), np.nan), 0, []
    with np.errstate(all="ignore"):  # Of the largest numbers the sum is infinite.
        q1, q3 = (float(q) for q in np.percentile(known, (25, 75), method=step.quartiles))
        median = float(np.percentile(known, 50))
        mean = float(known.mean())
    if step.whiskers == "tukey":
        # Quartiles between two values may coincide: then, as in Superset, the ends change places.
        reach = 1.5 * (q3 - q1)
        low = float(known[known >= q1 - reach][0])
        high = float(known[known <= q3 + reach][-1])
    else:
        ends = (0.0, 100.0) if step.whiskers == "min/max" else _ends(step.whiskers)
        low, high = (float(q) for q in np.percentile(known, ends))
    outliers = known[(known < low) | (known > high)].tolist()
    stats = {"min": low, "q1": q1, "median": median, "q3": q3, "max": high}
    return stats | {"mean": mean}, len(known), outliers


def _ends(whiskers: str) -> tuple[float, float]:
    """The percentiles of whiskers such as "2/98"."""
    low, _, high = whiskers.partition("/")
    return float(low), float(high)
