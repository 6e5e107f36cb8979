"""The YAML form in which databases, datasets, charts and dashboards travel between servers.

A reference is a UUID, or any other word, which stands for the UUID made from it: a bundle written
by hand says `dataset: flights` and `chart: delays by hour`, an exported one has UUIDs.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dashapp.specs.base import Spec
from dashapp.specs.dataset import ColumnSpec, MetricSpec, RefreshEvery, RefreshKey
from dashapp.specs.layout import Layout

NAMESPACE = UUID("5c1a0f2e-8d0b-5f6a-9f0e-0d5a5c0b1e57")
REFERENCES = frozenset({"uuid", "database", "dataset", "chart"})


def named(value: Any) -> Any:
    """A reference as a UUID; anything that is not text stays for pydantic to judge."""
    if not isinstance(value, str):
        return value
    try:
        return UUID(value)
    except ValueError:
        return uuid5(NAMESPACE, value)


def in_order(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags each once, sorted: their order says nothing."""
    return tuple(sorted(set(tags)))


TagName = Annotated[str, Field(min_length=1, max_length=100)]
Reference = Annotated[UUID, BeforeValidator(named)]


def resolved(value: Any) -> Any:
    """JSON-like data with every reference in it (`uuid`, `dataset`, `chart` …) as UUID text."""
    if isinstance(value, dict):
        return {
            key: str(named(inner))
            if key in REFERENCES and isinstance(inner, str)
            else resolved(inner)
            for key, inner in value.items()
        }
    return [resolved(inner) for inner in value] if isinstance(value, list) else value


class BundleDatabase(Spec):
    """A connection. Passwords never travel: `***` in the URL is asked for, or kept if known.

    `{warehouses}` in a URL stands for the folder of the server's own warehouse files.
    """

    uuid: Reference
    name: str = Field(min_length=1, max_length=250)
    kind: str
    url: str = Field(min_length=1, max_length=4000)
    description: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    timeout_s: int = Field(60, ge=1, le=3600)
    slots: int = Field(4, ge=1, le=100)
    ttl_s: int | None = Field(None, ge=0)


class BundleDataset(Spec):
    """A table, view or query of a database."""

    uuid: Reference
    name: str = Field(min_length=1, max_length=250)
    database: Reference
    schema_name: str | None = Field(None, max_length=250)
    table: str | None = Field(None, max_length=250)
    sql: str | None = None
    time_column: str | None = Field(None, max_length=250)
    zone: str = Field("UTC", max_length=64)
    is_local: bool = False
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
    ttl_s: int | None = Field(None, ge=0)
    refresh_key: RefreshKey = None
    refresh_every_s: RefreshEvery = 30
    description: str | None = None
    columns: tuple[ColumnSpec, ...] = Field((), max_length=5000)
    metrics: tuple[MetricSpec, ...] = Field((), max_length=2000)

    @model_validator(mode="after")
    def _one_source(self) -> BundleDataset:
        if (self.table is None) == (self.sql is None):
            raise ValueError("A dataset has a table or a query (sql), not both.")
        return self


class BundleChart(Spec):
    """A chart; `options` are checked by its kind."""

    uuid: Reference
    name: str = Field(min_length=1, max_length=250)
    kind: str
    dataset: Reference | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    description: str | None = None
    ttl_s: int | None = Field(None, ge=0)
    tags: Annotated[tuple[TagName, ...], AfterValidator(in_order)] = Field((), max_length=50)


class BundleDashboard(Spec):
    """A dashboard; its layout names charts and datasets by reference."""

    uuid: Reference
    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,148}$")
    title: str = Field(min_length=1, max_length=250)
    description: str | None = None
    is_published: bool = True
    tags: Annotated[tuple[TagName, ...], AfterValidator(in_order)] = Field((), max_length=50)
    layout: Annotated[Layout, BeforeValidator(resolved)]


class Bundle(Spec):
    """Objects that belong together; each may lean on what is here or on the server already."""

    dashapp: Literal[1] = Field(description="Version of this format.")
    databases: tuple[BundleDatabase, ...] = Field((), max_length=1000)
    datasets: tuple[BundleDataset, ...] = Field((), max_length=5000)
    charts: tuple[BundleChart, ...] = Field((), max_length=10_000)
    dashboards: tuple[BundleDashboard, ...] = Field((), max_length=5000)

    @model_validator(mode="after")
    def _unique(self) -> Bundle:
        for name in ("databases", "datasets", "charts", "dashboards"):
            counts = Counter(one.uuid for one in getattr(self, name))
            twice = [str(uuid) for uuid, count in counts.items() if count > 1]
            if twice:
                raise ValueError(f"Two {name} have the same UUID: {', '.join(sorted(twice))}.")
        return self
