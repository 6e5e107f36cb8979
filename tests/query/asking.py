"""A shop on a real file, and processes that ask it and leave a line per warehouse query."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import duckdb

from dashapp import cache, query, warehouses
from dashapp.cache import redis as link_module
from dashapp.settings import Settings, using
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    Dimension,
    QuerySpec,
    RowRule,
    SimpleMetric,
    Source,
)
from dashapp.warehouses import Warehouse

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
SALES, SHOP = UUID(int=11), UUID(int=12)
CREATE = "CREATE TABLE sales (region VARCHAR(10), owner VARCHAR(10), amount DOUBLE, day TIMESTAMP)"
REGIONS = ("EU", "US", "ASIA")
ROWS = [
    (REGIONS[n % 3], f"user {n % 20}", float(n), f"2024-0{1 + n % 6}-1{n % 9} 00:00:00")
    for n in range(600)
]
COLUMNS = (
    ColumnSpec(name="region"),
    ColumnSpec(name="owner"),
    ColumnSpec(name="amount", type="number"),
    ColumnSpec(name="day", type="time"),
)
TOTAL = SimpleMetric(aggregate="sum", column="amount", label="total")
FETCH = Warehouse.fetch
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["dashapp.query", "dashapp.warehouses"])


@dataclass(frozen=True)
class Shop:
    """A database file of one kind, and the settings to ask it with; travels to processes."""

    kind: str
    folder: Path
    redis_url: str | None = None

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "data" / "warehouses" / f"shop.{self.kind}"

    @property
    def queries(self) -> list[str]:
        """The warehouse queries so far."""
        log = self.folder / "queries"
        return log.read_text().splitlines() if log.exists() else []

    def source(
        self, *rules: str, ttl_s: int | None = None, version: int = 1, **more: Any
    ) -> Source:
        """The sales, for a viewer with these rules."""
        dataset = DatasetSpec(
            uuid=SALES, name="sales", database=SHOP, table="sales", columns=COLUMNS,
            time_column="day", ttl_s=ttl_s, version=version,
        )  # fmt: skip
        about = {"uuid": SHOP, "name": "shop", "kind": self.kind, **more}
        database = DatabaseSpec(url=f"{self.kind}:///{self.file}", **about)
        return Source(dataset=dataset, database=database, rules=[RowRule(clause=r) for r in rules])

    @contextmanager
    def opened(self, hold_s: float = 0.0, **settings: Any) -> Iterator[None]:
        """Ask with this file's settings; each warehouse query leaves a line and takes a while."""

        def logged(warehouse: Warehouse, statement: Any, **how: Any) -> Any:
            with (self.folder / "queries").open("a") as log:
                log.write(f"{threading.get_ident()}\n")
            time.sleep(hold_s)
            return FETCH(warehouse, statement, **how)

        chosen = Settings(
            secret_key="kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA", data_dir=self.folder / "data",
            redis_url=self.redis_url, **settings,
        )  # fmt: skip
        patient = mock.patch.object(link_module, "PATIENCE_S", 10)  # However busy the machine.
        with using(chosen), patient, mock.patch.object(Warehouse, "fetch", logged):
            yield
        cache.reset()
        warehouses.dispose()

    def create(self) -> None:
        """Write the file."""
        self.file.parent.mkdir(parents=True)
        connect: Any = sqlite3.connect if self.kind == "sqlite" else duckdb.connect
        connection = connect(str(self.file))
        connection.execute(CREATE)
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", ROWS)
        connection.execute("CREATE VIEW sales_view AS SELECT * FROM sales")
        connection.commit()
        connection.close()


def context(**more: Any) -> query.Context:
    """How tests ask."""
    return query.Context(**{"zone": "UTC", "now": NOW, **more})


def by(*names: str, **more: Any) -> QuerySpec:
    """Totals by these columns."""
    dimensions = tuple(Dimension(column=name) for name in names)
    return QuerySpec(dataset=SALES, **{"dimensions": dimensions, "metrics": (TOTAL,), **more})


def totals(result: query.Result) -> dict[str, float]:
    """The answer of `by` one column."""
    names, values = (result.table.column(n).to_pylist() for n in range(2))
    return dict(zip(names, values, strict=True))


def truth(column: int, *keep: str) -> dict[str, float]:
    """What `by` must answer, computed by hand from the rows whose cells have all of `keep`."""
    found: dict[str, float] = {}
    for row in ROWS:
        if all(k in row for k in keep):
            found[str(row[column])] = found.get(str(row[column]), 0.0) + row[2]
    return found
