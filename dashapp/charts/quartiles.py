"""Boxes of box plots: the rows of their answer, in drawing order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from dashapp.charts.axes import Style
from dashapp.charts.base import Look
from dashapp.charts.plotting import Floats, clicks_of, encode, floats
from dashapp.charts.values import Plain
from dashapp.charts.wide import Sort, ordered, words
from dashapp.specs import DatasetSpec, Dimension

MOST_OUTLIERS: Final = 150  # Per box.


@dataclass(frozen=True)
class Boxes:
    """Boxes in drawing order; a list's or array's entry each."""

    metrics: list[str]
    names: list[str]
    clicks: list[list[Plain] | None]
    low: Floats
    q1: Floats
    median: Floats
    q3: Floats
    high: Floats
    mean: Floats
    outliers: list[list[float]]

    def of(self, metric: str) -> Boxes:
        """The boxes of one metric."""
        at = [i for i, m in enumerate(self.metrics) if m == metric]
        return Boxes(
            metrics=[metric] * len(at),
            names=[self.names[i] for i in at],
            clicks=[self.clicks[i] for i in at],
            low=self.low[at],
            q1=self.q1[at],
            median=self.median[at],
            q3=self.q3[at],
            high=self.high[at],
            mean=self.mean[at],
            outliers=[self.outliers[i] for i in at],
        )


def boxes_of(
    table: pa.Table,
    by: Sequence[tuple[Dimension, str]],
    metric: str,
    kept: tuple[int | None, Sort],
    dataset: DatasetSpec,
    look: Look,
) -> Boxes:
    """The answer of a `BoxPlot` step; boxes without a value are left out.

    `by` are dimensions with their columns in the answer, `metric` is the one that an answer
    without a column of metrics is about, `kept` says how many members and in which order.
    """
    table = table.filter(pa.array(np.isfinite(floats(table, "median"))))
    members: list[list[Plain]] = []
    spoken: list[list[str]] = []
    for dimension, column in by:
        found = encode(table, column)
        raw = found.members() if table.num_rows else []
        words_of = words(raw, dimension, dataset, look)
        members.append([raw[i] for i in found.codes.tolist()])
        spoken.append([words_of[i] for i in found.codes.tolist()])
    rows = table.num_rows
    names = [" · ".join(parts) for parts in zip(*spoken, strict=True)] or [""] * rows
    told = table.column("metric").to_pylist() if "metric" in table.column_names else []
    metrics = [str(m) for m in told] or [metric] * rows
    median = floats(table, "median")
    order = _order(members[0] if members else [None] * rows, names, metrics, median, kept)
    clicks = clicks_of(*members) if members else [None] * rows
    dots = table.column("outliers").to_pylist() if "outliers" in table.column_names else []
    low, q1, q3, high, mean = (floats(table, n)[order] for n in ("min", "q1", "q3", "max", "mean"))
    return Boxes(
        metrics=[metrics[i] for i in order],
        names=[names[i] for i in order],
        clicks=[clicks[i] for i in order],
        low=low,
        q1=q1,
        median=median[order],
        q3=q3,
        high=high,
        mean=mean,
        outliers=[_some(dots[i] or []) for i in order] if dots else [[] for _ in order],
    )


def _order(
    first: list[Plain],
    names: list[str],
    metrics: list[str],
    median: Floats,
    kept: tuple[int | None, Sort],
) -> list[int]:
    """Rows by the place of their member; members are placed by the first metric's medians."""
    most, sort = kept
    leading = [i for i, m in enumerate(metrics) if m == metrics[0]]
    if most and len(leading) > most:
        leading = sorted(sorted(leading, key=lambda i: -median[i])[:most])
    own = ordered([first[i] for i in leading], [names[i] for i in leading], sort, median[leading])
    places = {names[leading[i]]: place for place, i in enumerate(own)}
    return sorted((i for i, n in enumerate(names) if n in places), key=lambda i: places[names[i]])


def _some(values: list[float]) -> list[float]:
    """At most MOST_OUTLIERS dots: the furthest out on both sides and a regular choice between."""
    if len(values) <= MOST_OUTLIERS:
        return values
    at = np.unique(np.linspace(0, len(values) - 1, MOST_OUTLIERS).astype(int))
    return [values[i] for i in at.tolist()]


def summary(boxes: Boxes, titles: Mapping[str, str], count: int, written: Style) -> str:
    """How many members' boxes, and which are highest and lowest; `titles` are of the metrics."""
    top, low = int(np.argmax(boxes.median)), int(np.argmin(boxes.median))

    def place(i: int) -> str:
        metric = titles.get(boxes.metrics[i], "") if len(titles) > 1 else ""
        return ", ".join(n for n in (boxes.names[i], metric) if n)

    return (
        f"{', '.join(titles.values())} in {count} boxes: highest median {written.text(float(boxes.median[top]))} "
        f"({place(top)}), lowest {written.text(float(boxes.median[low]))} ({place(low)})."
    )
