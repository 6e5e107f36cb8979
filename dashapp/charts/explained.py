"""A number explained: the shapes that say what it means, what narrows it and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
from pydantic import Field

from dashapp.charts.pinning import Key, values_of
from dashapp.charts.values import Plain, plain
from dashapp.query.result import Result
from dashapp.query.timerange import Range
from dashapp.specs import DatasetSpec, MetricFilter, QuerySpec, Spec
from dashapp.specs.query import AdhocMetric, Label, Scalar

Origin = Literal["chart", "filter", "click", "fixed"]


@dataclass(frozen=True)
class Meaning:
    """A metric: how it is called and what it is. `definition` is empty where it may not be seen."""

    name: str
    title: str
    description: str = ""
    definition: AdhocMetric | None = None
    column: str = ""  # Title of the column of a simple one.
    parts: tuple[Meaning, ...] = ()  # Numerator and denominator of a ratio.
    is_saved: bool = False


@dataclass(frozen=True)
class Reason:
    """One thing that narrows the rows that a number counts.

    `title` says of what (empty where that may not be seen), `op` and `values` how; a time range
    has `bounds` (moments, half-open) beside the words it was chosen by. `having` and `sql` are
    conditions on groups and in SQL.
    """

    origin: Origin
    title: str = ""
    op: str = ""
    values: tuple[Scalar, ...] = ()
    words: str = ""
    bounds: Range | None = None
    having: MetricFilter | None = None
    sql: str = ""


@dataclass(frozen=True)
class Rules:
    """Row-level rules: whether there are any for this viewer, and what they say if that may be seen."""

    apply: bool = False
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Why:
    """A number of a tile, explained; or the rows of its answer to choose from.

    `rows` are those that a mark stands for, at least one; `row` is the one, if they are one or
    cannot be told apart (then `alike` counts them). `sql` and the clauses of `rules` are empty for
    those who may not see SQL.
    """

    key: str
    title: str
    question: str
    questions: Mapping[str, QuerySpec]
    dataset: DatasetSpec
    spec: QuerySpec
    result: Result
    keys: tuple[Key, ...]
    rows: pa.Table
    zone: str
    row: Mapping[str, Any] | None
    alike: int
    meanings: tuple[Meaning, ...]
    reasons: tuple[Reason, ...]
    rules: Rules
    sql: str

    @property
    def named(self) -> dict[str, Plain]:
        """What names the row, as the browser sends it."""
        return values_of(self.row or {}, self.keys if self.row else (), self.zone)

    @property
    def seen(self) -> Seen:
        """What a page shows of the row, to be held against what is asked again."""
        row = self.row or {}
        values = {n: plain(row[n], self.zone) for n in self.measured if n in row}
        return Seen(values=values, as_of=self.result.as_of)

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of the columns of the answer that hold numbers and not what tells rows apart."""
        keys = {key.name for key in self.keys}
        return tuple(n for n in self.rows.column_names if n not in keys)


class Seen(Spec):
    """What a page shows of an explained row: its values by column as JSON, and their age."""

    values: dict[Label, Scalar] = Field(max_length=1000)
    as_of: datetime


@dataclass(frozen=True)
class Again:
    """What the warehouse says now, beside what is shown (`before`, of the moment `as_of`).

    `now` is empty where the warehouse has no such row any more. `is_alone` says whether only this
    row was asked for or the whole question. `changed` are the columns whose values differ.
    """

    shown: Why
    result: Result
    before: Mapping[str, Any]
    as_of: datetime
    is_alone: bool
    now: Mapping[str, Any] | None
    changed: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the number is reproduced: whole numbers exactly, others to 1e-9 of their size."""
        return self.now is not None and not self.changed
