"""A small table `sales` on every kind of warehouse."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg
import pymysql
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from dashapp import warehouses
from dashapp.settings import Settings, using
from dashapp.specs import DatabaseSpec
from dashapp.warehouses import Fetched, Warehouse

KINDS = ("sqlite", "duckdb", "postgresql", "mysql")
COLUMNS = (
    "id integer, name varchar(20), price double precision, cost decimal(10,2), "
    "day date, sold timestamp, note varchar(20)"
)
ROWS = (
    "(1, 'tea', 1.5, 1.25, '2013-01-31', '2013-01-31 05:00:00', NULL), "
    "(2, 'it''s \"%', 2, NULL, '2013-02-01', '2013-02-01 23:59:59', NULL), "
    "(3, 'Käse', NULL, 0.10, NULL, NULL, NULL)"
)
SALES = sa.table(
    "sales",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("price", sa.Float),
    sa.column("cost", sa.Numeric),
    sa.column("day", sa.Date),
    sa.column("sold", sa.DateTime),
    sa.column("note", sa.String),
)
Make = Callable[..., DatabaseSpec]


@pytest.fixture(autouse=True)
def chosen(tmp_path: Path) -> Iterator[Settings]:
    """Settings with an empty data folder, and every host allowed."""
    (tmp_path / "data" / "warehouses").mkdir(parents=True)
    with using(Settings(data_dir=tmp_path / "data", private_hosts=("*",))) as found:
        yield found
    warehouses.dispose()


def database(kind: str, url: str, **how: Any) -> DatabaseSpec:
    """A database of that kind."""
    return DatabaseSpec(uuid=uuid4(), name="test", kind=kind, url=SecretStr(url), **how)


def write(kind: str, url: str, *statements: str) -> None:
    """Run statements outside the warehouse, with the rights to write."""
    parsed = sa.make_url(url)
    if kind == "sqlite":
        with sqlite3.connect(parsed.database or "") as lite:
            lite.executescript(";".join(statements))
        lite.close()
    elif kind == "duckdb":
        with duckdb.connect(parsed.database or "") as duck:
            for statement in statements:
                duck.execute(statement)
    elif kind == "postgresql":
        plain = url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as post:
            for statement in statements:
                post.execute(statement.encode())
    else:
        with pymysql.connect(
            host=parsed.host, port=parsed.port or 0, user=parsed.username,
            password=parsed.password or "", database=parsed.database, autocommit=True,
        ) as my, my.cursor() as cursor:  # fmt: skip
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind in turn."""
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of that kind with the table `sales`."""
    if kind in ("sqlite", "duckdb"):
        made = f"{kind}:///{tmp_path}/data/warehouses/sales.db"
    else:
        name = {"postgresql": "postgres_url", "mysql": "mariadb_url"}[kind]
        made = str(request.getfixturevalue(name))
    write(kind, made, f"CREATE TABLE sales ({COLUMNS})", f"INSERT INTO sales VALUES {ROWS}")
    return made


@pytest.fixture
def sales(kind: str, url: str) -> Warehouse:
    """The warehouse of that database."""
    return warehouses.pool(database(kind, url))


def fetch(warehouse: Warehouse, statement: sa.Executable | str, **how: Any) -> Fetched:
    """Fetch with generous limits."""
    asked = sa.text(statement.replace(":", "\\:")) if isinstance(statement, str) else statement
    limits = {"query_id": "q", "timeout_s": 20.0, "max_rows": 1000, "max_bytes": 10_000_000}
    return warehouse.fetch(asked, **{**limits, **how})
