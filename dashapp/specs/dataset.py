"""Snapshots of databases and datasets: what the query engine is given, free of sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, SecretStr

from dashapp.specs.base import Spec
from dashapp.specs.query import AdhocMetric, Label

RefreshKey = Annotated[
    str | None,
    Field(
        max_length=10_000,
        description="SQL of one SELECT that gives one value; another value means: the data changed.",
    ),
]
RefreshEvery = Annotated[
    int, Field(ge=1, le=86_400, description="Seconds between two looks at the refresh key.")
]
ColumnType = Literal["text", "integer", "number", "boolean", "time", "date", "other"]


def in_words(name: str) -> str:
    """A name such as "tail_number" as people read it: "Tail number"."""
    words = " ".join(name.replace("_", " ").split()) or name
    return words[:1].upper() + words[1:]


class ColumnSpec(Spec):
    """A column of a dataset; with `expression` it is calculated in SQL per row."""

    name: Label
    type: ColumnType = "text"
    label: str | None = Field(None, max_length=250)
    description: str | None = None
    expression: str | None = Field(
        None, max_length=10_000, description="SQL of a calculated column."
    )
    zoned: bool = Field(
        False, description="Whether its times carry an offset (timestamp with time zone)."
    )
    groupable: bool = True
    filterable: bool = True
    format: str | None = Field(None, max_length=100, description="d3 number or time format.")

    @property
    def title(self) -> str:
        """What people read: the label, or the name in words."""
        return self.label or in_words(self.name)


class MetricSpec(Spec):
    """A saved metric; `definition.label` equals `name`."""

    name: Label
    definition: AdhocMetric
    label: str | None = Field(None, max_length=250)
    description: str | None = None
    format: str | None = Field(
        None, max_length=100, description="d3 number format, e.g. ',.1f' or '.1%'."
    )
    currency: str | None = Field(None, max_length=10, description="ISO 4217 code.")

    @property
    def title(self) -> str:
        """What people read: the label, or the name in words."""
        return self.label or in_words(self.name)


class DatasetSpec(Spec):
    """A table, view or query with the columns and metrics that may be asked for.

    Exactly one of `table` and `sql` is set. `version` counts saves, `data_version` how often
    somebody said that the data changed (last at `invalidated_at`); both are part of every key.
    """

    uuid: UUID
    name: str
    database: UUID
    schema_name: str | None = None
    table: str | None = None
    sql: str | None = None
    columns: tuple[ColumnSpec, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()
    time_column: str | None = None
    zone: str = Field("UTC", description="IANA zone in which naive times of the data are meant.")
    is_local: bool = Field(
        False, description="Show times as clocks in `zone` do, whatever the viewer's zone."
    )
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
    ttl_s: int | None = None
    refresh_key: RefreshKey = None
    refresh_every_s: RefreshEvery = 30
    description: str | None = None
    version: int = 1
    data_version: int = 0
    invalidated_at: datetime | None = None

    def column(self, name: str) -> ColumnSpec | None:
        """The column of that name, if there is one."""
        return next((c for c in self.columns if c.name == name), None)

    def metric(self, name: str) -> MetricSpec | None:
        """The metric of that name, if there is one."""
        return next((m for m in self.metrics if m.name == name), None)


class DatabaseSpec(Spec):
    """A connection: its kind (a key of WAREHOUSES), URL with secrets, and limits."""

    uuid: UUID
    name: str
    kind: str
    url: SecretStr = Field(exclude=True)
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    timeout_s: int = 60
    slots: int = 4
    ttl_s: int | None = None
    version: int = 1

    def __hash__(self) -> int:
        return hash((self.uuid, self.version))


class RowRule(Spec):
    """A predicate that keeps rows, already resolved for one viewer.

    With `table`, it guards that physical table wherever it is read, and knows the calculated
    columns of the dataset it was made for, never those of the dataset that is read; without, it
    narrows the dataset's own rows. Rules of one `group` are ORed, groups are ANDed.
    """

    clause: str = Field(min_length=1)
    table: str | None = None
    schema_name: str | None = None
    group: str = ""
    calculated: tuple[tuple[str, str], ...] = Field(
        (),
        description="Of a rule with `table`: calculated columns (name, SQL) that the clause may use.",
    )


class Source(Spec):
    """All the engine needs to answer one viewer's questions to one dataset."""

    dataset: DatasetSpec
    database: DatabaseSpec
    rules: tuple[RowRule, ...] = ()
