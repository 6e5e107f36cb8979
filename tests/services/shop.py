"""A small shop on SQLite with a published dashboard, for tests that need the whole way down."""

from __future__ import annotations

import sqlite3

from dashapp.services import bundles
from dashapp.settings import settings
from dashapp.viewer import SYSTEM

BUNDLE = """
dashapp: 1
databases:
- {uuid: shop, name: Shop, kind: sqlite, url: 'sqlite:///{warehouses}/shop.sqlite'}
datasets:
- uuid: orders
  name: Orders
  database: shop
  table: orders
  columns: [{name: region}, {name: note}, {name: amount, type: number}]
  metrics:
  - {name: total, definition: {kind: simple, aggregate: sum, column: amount, label: total}}
charts:
- uuid: by region
  name: Sales by region
  kind: bar
  dataset: orders
  options: {x: {column: region}, metrics: [total]}
dashboards:
- uuid: sales
  slug: sales
  title: Sales
  is_published: true
  layout:
    filters: [{key: region, title: Region, kind: select, dataset: orders, column: region}]
    tabs: [{key: all, title: All, items: [{item: tile, key: bars, chart: by region, x: 0, y: 0}]}]
"""


def open_shop(rows: int = 6) -> None:
    """Make the shop with so many orders; every other one is in the North."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / "shop.sqlite")
    connection.execute("create table orders (region text, note text, amount real)")
    connection.executemany(
        "insert into orders values (?, ?, ?)",
        ((("North", "South")[n % 2], f"=note {n}", float(n)) for n in range(rows)),
    )
    connection.commit()
    connection.close()
    bundles.apply(SYSTEM, bundles.parse(BUNDLE))
