"""Small bundles as Superset exports them, over a database with two tables."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from typing import Any
from uuid import UUID, uuid5

import duckdb
import yaml

from dashapp.services import bundles
from dashapp.settings import settings
from dashapp.viewer import SYSTEM

SPACE = UUID("00000000-0000-4000-8000-000000000000")
Files = dict[str, Any]


def uuid(name: str) -> str:
    """The UUID of an object of these bundles."""
    return str(uuid5(SPACE, name))


def packed(files: Files, root: str = "dashboard_export") -> bytes:
    """A zip archive of these files; values that are no text are written as YAML."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
            archive.writestr(f"{root}/{path}" if root else path, text)
    return held.getvalue()


def database(uri: str = "sqlite:///sales.db", **more: Any) -> Files:
    """databases/sales.yaml."""
    return {
        "database_name": "sales", "sqlalchemy_uri": uri, "uuid": uuid("sales"),
        "version": "1.0.0", "expose_in_sqllab": True, "extra": {},
    } | more  # fmt: skip


def column(name: str, kind: str | None = "VARCHAR", **more: Any) -> Files:
    """A column of a dataset."""
    return {"column_name": name, "type": kind, "is_dttm": False, "expression": None} | more


def dataset(**more: Any) -> Files:
    """datasets/sales/orders.yaml."""
    return {
        "table_name": "orders", "uuid": uuid("orders"), "database_uuid": uuid("sales"),
        "main_dttm_col": "day", "schema": "main", "sql": None, "version": "1.0.0", "offset": 0,
        "metrics": [
            {"metric_name": "revenue", "expression": 'SUM("amount")', "d3format": ",.2f"},
            {"metric_name": "count", "expression": "COUNT(*)", "verbose_name": "Orders"},
            {"metric_name": "mean", "expression": "SUM(amount) / COUNT(*)"},
        ],
        "columns": [
            column("day", "TIMESTAMP WITHOUT TIME ZONE", is_dttm=True),
            column("region"), column("amount", "BIGINT"),
            column("half", None, expression="amount / 2"),
        ],
    } | more  # fmt: skip


def chart(name: str = "total", viz_type: str = "big_number_total", **params: Any) -> Files:
    """charts/total_1.yaml."""
    return {
        "slice_name": name, "viz_type": viz_type, "uuid": uuid(name), "version": "1.0.0",
        "dataset_uuid": uuid("orders"), "params": {"metric": "revenue"} | params,
        "query_context": None, "cache_timeout": None,
    }  # fmt: skip


def node(kind: str, name: str, *children: str, **meta: Any) -> Files:
    """One node of a position tree."""
    return {name: {"id": name, "type": kind, "children": list(children), "meta": meta}}


def tile(number: int, name: str, **meta: Any) -> Files:
    """A CHART node of the chart `name`."""
    more = {"width": 4, "height": 50, "chartId": number, "uuid": uuid(name), "sliceName": name}
    return node("CHART", f"CHART-{name}", **(more | meta))


def position(*nodes: Files, root: tuple[str, ...] = ("GRID_ID",)) -> Files:
    """A position tree."""
    made: Files = {"DASHBOARD_VERSION_KEY": "v2"} | node("ROOT", "ROOT_ID", *root)
    for one in nodes:
        made |= one
    return made


def grid(*nodes: Files) -> Files:
    """A tree with these nodes below each other."""
    names = [next(iter(one)) for one in nodes]
    return position(node("GRID", "GRID_ID", *names), *nodes)


def dashboard(tree: Files | None = None, **metadata: Any) -> Files:
    """dashboards/Sales_1.yaml."""
    return {
        "dashboard_title": "Sales", "uuid": uuid("board"), "slug": None, "published": True,
        "version": "1.0.0", "position": tree or grid(tile(1, "total")), "metadata": metadata,
    }  # fmt: skip


def files(**changes: Any) -> Files:
    """A whole bundle; `dashboard=`, `dataset=`, `database=`, `chart=` replace its documents."""
    return {
        "metadata.yaml": {"version": "1.0.0", "type": "Dashboard"},
        "databases/sales.yaml": changes.get("database", database()),
        "datasets/sales/orders.yaml": changes.get("dataset", dataset()),
        "charts/total_1.yaml": changes.get("chart", chart()),
        "dashboards/Sales_1.yaml": changes.get("dashboard", dashboard()),
    }


ROWS = [("2024-01-01 00:00:00", "North", 7), ("2024-01-07 00:00:00", "South", 4)]


def make_sqlite(name: str = "sales.db") -> None:
    """The file that the bundle's own address names."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / name) as connection:
        connection.execute("create table orders (day timestamp, region text, amount integer)")
        connection.executemany("insert into orders values (?, ?, ?)", ROWS)
    connection.close()


def make_duckdb(name: str = "Warehouse") -> None:
    """A database on this server with the same table, in a schema of its own."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "house.duckdb")) as connection:
        connection.execute("create schema shop")
        connection.execute("create table shop.Orders (day timestamp, region text, amount bigint)")
        connection.executemany("insert into shop.Orders values (?, ?, ?)", ROWS)
    text = "duckdb:///{warehouses}/house.duckdb"
    entry = {"uuid": "house", "name": name, "kind": "duckdb", "url": text}
    bundles.apply(SYSTEM, bundles.parse(yaml.safe_dump({"dashapp": 1, "databases": [entry]})))
