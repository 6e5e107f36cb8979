"""Whether groups differ from a control over time: the paired t-test table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts import cells
from dashapp.charts.asks import ANALYSIS, DATA, LOOK, click_target, metric_title
from dashapp.charts.base import ChartKind, Drawing, Empty, Grid, Look, Tables
from dashapp.charts.cells import Cell
from dashapp.charts.colors import BAD, GOOD
from dashapp.charts.plot_options import GrainOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, encode, floats
from dashapp.charts.student import two_sided
from dashapp.charts.tones import ToneRule
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_GROUPS: Final = 200
MOST_PAIRS: Final = 2_000_000  # Groups by times: what fits into memory.
CONTROL: Final = "control"


class PairedTest(ChartKind):
    """Per group: is it different from the control, and by how much?"""

    slug, title, family, icon = "paired_ttest", "Paired t-test", "distribution", "clipboard-data"
    description = "Whether groups differ from a control group over time, and by how much."

    class Options(GrainOptions):
        """Groups, metrics, the time that pairs values, and the control."""

        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=10,
            title="Metrics",
            description="What is compared.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        by: tuple[Dimension, ...] = Field(
            (),
            max_length=3,
            title="Groups",
            description="One row per member of these dimensions.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        time: str | None = Field(
            None,
            min_length=1,
            max_length=250,
            title="Time",
            description="Column whose buckets pair the values; the dataset's time by default.",
            json_schema_extra=DATA | {"widget": "time_column"},
        )
        control: str | None = Field(
            None,
            max_length=500,
            title="Control",
            description="Name of the group that the others are compared with, members of several "
            "dimensions joined by “ · ”; the first by default.",
            json_schema_extra=DATA,
        )
        significance: float = Field(
            0.05,
            gt=0,
            lt=1,
            title="Level of significance",
            description="Differences with a smaller p-value count as significant.",
            json_schema_extra=ANALYSIS,
        )
        p_digits: int = Field(
            6, ge=0, le=32, title="Digits of p-values", json_schema_extra=LOOK,
        )  # fmt: skip
        lift_digits: int = Field(
            4, ge=0, le=32, title="Digits of lift", json_schema_extra=LOOK,
        )  # fmt: skip

        def axis(self, dataset: DatasetSpec) -> Dimension:
            """The time that pairs values; Invalid if nobody says which column it is."""
            column = self.time or self.time_column or dataset.time_column
            if column is None:
                raise Invalid(
                    "This chart needs a time column; choose one here or on the dataset.",
                    {"time": "Choose a time column."},
                )
            return Dimension(column=column, grain=self.grain)

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per group and bucket of time."""
        needs(options.metrics, "metrics", "Choose what is compared.")
        needs(options.by, "by", "Choose the groups.")
        time = options.axis(dataset)
        by = tuple(d for d in options.by if d.name != time.name)
        order = options.order or (Order(by=time.name),)
        return {"main": options.base_query(dataset, (time, *by), options.metrics, order=order)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A row per metric and group: p-value, lift and whether that is significant."""
        table = tables["main"]
        if not options.metrics or not options.by:
            return Empty("not_configured", "Choose metrics and groups.")
        time = options.axis(dataset)
        by = tuple(d for d in options.by if d.name != time.name)
        groups = _Groups(table, by, time, dataset, look)
        if not groups.names:
            return Empty("no_rows", NO_ROWS)
        control = groups.control(options.control)
        rows = list[dict[str, Any]]()
        for metric in options.metrics:
            series = groups.series(metric_name(metric))
            for i in groups.order(control):
                tested = None if i == control else paired(series[i], series[control])
                rows.append(_row(options, groups, metric_title(metric, dataset), i, tested))
        columns = _columns(options, by, rows, look)
        clicks = {f"group{n}": click_target(d) for n, d in enumerate(by)}
        return Grid(columns, rows, clicks=clicks, summary=_told(options, groups, control, rows))


@dataclass(frozen=True)
class Tested:
    """Result of a paired test: two-sided p-value and lift in percent; None where there is none."""

    p: float | None
    lift: float | None


def paired(values: Floats, control: Floats) -> Tested:
    """Student's paired t-test (two-sided) of two series, and the lift of their sums.

    Pairs of which one value is missing are left out of the test. It needs two pairs whose
    differences are not all the same.
    """
    base = float(np.nansum(control))
    lift = (float(np.nansum(values)) - base) / base * 100 if base else None
    apart = control - values
    apart = apart[np.isfinite(apart)]
    count = len(apart)
    if count < 2:
        return Tested(None, lift)
    spread = float(apart.std(ddof=1))
    mean = float(apart.mean())
    if spread <= 1e-12 * abs(mean) or not spread:
        return Tested(None if not mean else 0.0, lift)
    return Tested(two_sided(mean / spread * math.sqrt(count), count - 1), lift)


class _Groups:
    """Values per group along the buckets of time."""

    def __init__(
        self,
        table: pa.Table,
        by: tuple[Dimension, ...],
        time: Dimension,
        dataset: DatasetSpec,
        look: Look,
    ) -> None:
        self.table = table
        columns = [encode(table, d.name) for d in by]
        raw = [c.members() if table.num_rows else [] for c in columns]
        spoken = [words(m, d, dataset, look) for m, d in zip(raw, by, strict=True)]
        keys = list(zip(*(c.codes.tolist() for c in columns), strict=True))
        places = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        self.rows = np.array([places[k] for k in keys], dtype=np.int64)
        self.buckets = encode(table, time.name).codes
        self.parts = [[w[i] for w, i in zip(spoken, key, strict=True)] for key in places]
        self.members: list[list[Plain]] = [
            [m[i] for m, i in zip(raw, key, strict=True)] for key in places
        ]
        self.names = [" · ".join(p) for p in self.parts]

    def series(self, metric: str) -> Floats:
        """A metric by group and bucket; the mean where a bucket occurs more than once."""
        shape = (len(self.names), int(self.buckets.max(initial=0)) + 1)
        if shape[0] * shape[1] > MOST_PAIRS:
            raise Invalid("There are too many groups and times to compare; filter, or cut coarser.")
        values = floats(self.table, metric)
        known = np.isfinite(values)
        total, count = np.zeros(shape), np.zeros(shape)
        at = (self.rows[known], self.buckets[known])
        np.add.at(total, at, values[known])
        np.add.at(count, at, 1)
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))

    def control(self, name: str | None) -> int:
        """Which group is the control; the first by name if it is not there."""
        if name in self.names:
            return self.names.index(name)
        return min(range(len(self.names)), key=lambda i: self.names[i])

    def order(self, control: int) -> list[int]:
        """The control first, then the others by name, at most MOST_GROUPS."""
        others = sorted(range(len(self.names)), key=lambda i: (i != control, self.names[i]))
        return others[:MOST_GROUPS]


def _row(
    options: PairedTest.Options, groups: _Groups, metric: str, at: int, tested: Tested | None
) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": metric}
    for n, (member, word) in enumerate(zip(groups.members[at], groups.parts[at], strict=True)):
        row |= {f"group{n}": member, f"name{n}": word}
    if tested is None:
        return row | {"p": None, "lift": None, "significant": CONTROL}
    significant = tested.p is not None and tested.p <= options.significance
    told = "" if tested.p is None else "yes" if significant else "no"
    return row | {"p": tested.p, "lift": tested.lift, "significant": told}


def _columns(
    options: PairedTest.Options,
    by: tuple[Dimension, ...],
    rows: list[dict[str, Any]],
    look: Look,
) -> list[dict[str, Any]]:
    """Definitions of the grid's columns."""
    p_rule = (ToneRule(op="<=", value=options.significance, color=GOOD, part="text"),)
    lift_rules = (
        ToneRule(op=">", value=0, color=GOOD, part="text"),
        ToneRule(op="<", value=0, color=BAD, part="text"),
    )
    asked: list[tuple[str, str, Cell]] = []
    if len(options.metrics) > 1:
        asked.append(("metric", "Metric", Cell()))
    for n, dimension in enumerate(by):
        asked.append((f"name{n}", dimension.name.replace("_", " "), Cell()))
    asked += [
        ("p", "p-value", Cell("number", f".{options.p_digits}f", empty="–", rules=p_rule)),
        ("lift", "Lift %", Cell("number", f",.{options.lift_digits}f", empty="–",
                                rules=lift_rules)),
        ("significant", "Significant", Cell()),
    ]  # fmt: skip
    found = []
    for name, title, cell in asked:
        texts = [cells.told(row[name], cell, look) for row in rows[: cells.SAMPLE]]
        found.append(cells.sized(cells.column(name, title, cell, look), cell, texts))
    return found


def _told(
    options: PairedTest.Options, groups: _Groups, control: int, rows: list[dict[str, Any]]
) -> str:
    different = sum(row["significant"] == "yes" for row in rows)
    tested = sum(row["significant"] != CONTROL for row in rows)
    hidden = max(0, len(groups.names) - MOST_GROUPS)
    rest = f" {hidden:,} groups left out." if hidden else ""
    return (
        f"{tested:,} comparisons with {groups.names[control]}: {different:,} significant at "
        f"{options.significance:g}.{rest}"
    )
