"""A market with two datasets and a dashboard of two tabs, on SQLite or DuckDB."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashapp import cache, warehouses
from dashapp.services import bundles, charts, dashboards
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.settings import settings
from dashapp.specs import FilterState
from dashapp.specs.bundle import named
from dashapp.viewer import SYSTEM, Viewer
from dashapp.warehouses.base import Warehouse

ORDERS, STORES = named("market orders"), named("market stores")
REGIONS = ("North", "South", "East")
PRODUCTS = ("apple", "pear", None)

BUNDLE = """
dashapp: 1
databases:
- {uuid: market, name: Market, kind: KIND, url: 'KIND:///{warehouses}/market.KIND'}
datasets:
- uuid: market orders
  name: Orders
  database: market
  table: orders
  time_column: day
  columns:
  - {name: day, type: time}
  - {name: region}
  - {name: city}
  - {name: product}
  - {name: amount, type: number}
  - {name: note, filterable: false}
  metrics:
  - {name: total, definition: {kind: simple, aggregate: sum, column: amount, label: total}}
  - {name: orders, definition: {kind: simple, aggregate: count, label: orders}}
- uuid: market stores
  name: Stores
  database: market
  table: stores
  columns: [{name: region}, {name: town}, {name: amount}]
  metrics:
  - {name: stores, definition: {kind: simple, aggregate: count, label: stores}}
charts:
- {uuid: market total, name: Total, kind: big_number, dataset: market orders, options: {metric: total}}
- {uuid: market regions, name: By region, kind: bar, dataset: market orders, options: {x: {column: region}, metrics: [total]}}
- {uuid: market products, name: By product, kind: pie, dataset: market orders, options: {dimension: {column: product}, metric: orders}}
- {uuid: market days, name: By month, kind: line, dataset: market orders, options: {metrics: [total], grain: month}}
- {uuid: market stores bar, name: Stores, kind: bar, dataset: market stores, options: {x: {column: region}, metrics: [stores]}}
- {uuid: market list, name: List, kind: table, dataset: market orders, options: {mode: raw, columns: [day, region, city, product, amount]}}
- {uuid: market text, name: Text, kind: markdown, options: {text: hello}}
dashboards:
- uuid: market
  slug: market
  title: Market
  description: What people buy
  tags: [food, trade]
  layout:
    filters:
    - {key: region, title: Region, kind: select, dataset: market orders, column: region}
    - {key: city, title: City, kind: select, dataset: market orders, column: city, parents: [region, when]}
    - {key: without, title: Without, kind: select, dataset: market orders, column: product, exclude: true}
    - {key: amount, title: Amount, kind: range, dataset: market orders, column: amount}
    - {key: when, title: When, kind: time, dataset: market orders}
    - {key: grain, title: Grain, kind: grain}
    tabs:
    - key: one
      items:
      - {item: tile, key: total, chart: market total}
      - {item: tile, key: regions, chart: market regions, y: 40}
      - {item: tile, key: products, chart: market products, y: 80}
      - {item: tile, key: days, chart: market days, y: 120}
      - {item: tile, key: stores, chart: market stores bar, y: 160}
    - key: two
      items:
      - {item: tile, key: list, chart: market list}
      - {item: tile, key: text, chart: market text, y: 40}
"""


def orders() -> list[tuple[Any, ...]]:
    """48 orders of four months: region, city, product and amount take turns."""
    start = datetime(2024, 1, 15)  # noqa: DTZ001 - as databases keep it
    return [
        (
            start + timedelta(days=31 * (n % 4)), REGIONS[n % 3], f"{REGIONS[n % 3]} {n % 2}",
            PRODUCTS[n // 3 % 3], float(n), f"note {n}",
        )
        for n in range(48)
    ]  # fmt: skip


STORES_ROWS = [("North", "North 0", "12"), ("South", "South 1", "13"), ("West", "West 0", "14")]


def open_market(kind: str = "sqlite") -> None:
    """Make the market's warehouse and import its dashboard."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"market.{kind}"
    (_fill_sqlite if kind == "sqlite" else _fill_duckdb)(path)
    bundles.apply(SYSTEM, bundles.parse(BUNDLE.replace("KIND", kind)))


TABLES = """
create table orders (day timestamp, region text, city text, product text, amount double precision,
    note text);
create table stores (region text, town text, amount text);
"""


def _fill_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(TABLES)
    rows = [(f"{day:%Y-%m-%d %H:%M:%S}", *rest) for day, *rest in orders()]
    connection.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", rows)
    connection.executemany("insert into stores values (?, ?, ?)", STORES_ROWS)
    connection.commit()
    connection.close()


def _fill_duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
        connection.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", orders())
        connection.executemany("insert into stores values (?, ?, ?)", STORES_ROWS)


def state(clicks: Any = (), **values: Any) -> FilterState:
    """A filter state: `region=["North"]`, `amount=(5, 9)`, `when="2024-01"`, `grain_=…`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key == "grain":
            found[key] = {"grain": value}
        elif isinstance(value, tuple):
            found[key] = {"low": value[0], "high": value[1]}
        else:
            found[key] = {"range": value} if isinstance(value, str) else {"values": value}
    return FilterState.model_validate({"values": found, "clicks": clicks})


def click(source: str, column: str, *values: Any, dataset: Any = ORDERS, **more: Any) -> Any:
    """A cross-filter."""
    return {"source": source, "dataset": dataset, "column": column, "values": values, **more}


def show(
    viewer: Viewer, opened: Opened, chosen: FilterState | None = None, *keys: str, **want: Any
) -> dict[str, charts.Answer]:
    """The answers of tiles, of all by default."""
    wanted = keys or [tile.key for _, tile in opened.layout.tiles()]
    return charts.answers(viewer, opened, wanted, Want(state=chosen or FilterState(), **want))


def table(answer: charts.Answer) -> dict[Any, Any]:
    """First column → second column of a tile's main answer; a lone value under None."""
    assert answer.error is None, answer.error.message
    rows = [tuple(row.values())[:2] for row in answer.results["main"].table.to_pylist()]
    return {row[0] if len(row) > 1 else None: row[-1] for row in rows}


def relaid(opened: Opened, **filters: dict[str, Any]) -> Opened:
    """The dashboard with some of its filters changed: `region={"required": True}`."""
    layout = opened.layout.model_dump(mode="json")
    for spec in layout["filters"]:
        spec.update(filters.pop(spec["key"], {}))
    assert not filters
    return replace(opened, layout=type(opened.layout).model_validate(layout))


def reopened(viewer: Viewer) -> Opened:
    """The market's dashboard."""
    return dashboards.open(viewer, "market")


def forget() -> None:
    """Forget answers and connections."""
    cache.reset()
    warehouses.dispose()


@contextmanager
def asked_of_warehouses() -> Iterator[list[str]]:
    """Collects the SQL that reaches warehouses."""
    seen: list[str] = []
    fetch = Warehouse.fetch

    def noted(self: Warehouse, statement: Any, **more: Any) -> Any:
        seen.append(self.readable(statement))
        return fetch(self, statement, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "fetch", noted)
        yield seen
