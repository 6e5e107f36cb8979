"""Times that are kept as numbers or texts become times, in every database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from dashapp.query.sqlguard import check_expression
from dashapp.services.superset.kept_times import expression
from dashapp.specs import ColumnType
from tests.servers import plain

DIALECTS = {"sqlite": "sqlite", "duckdb": "duckdb", "postgresql": "postgres", "mysql": "mysql"}
CASES: list[tuple[ColumnType, str, str, str]] = [
    ("integer", "epoch_s", "1041724800", "2003-01-05 00:00:00"),
    ("integer", "epoch_ms", "1041724800000", "2003-01-05 00:00:00"),
    ("integer", "%Y", "2003", "2003-01-01 00:00:00"),
    ("text", "%Y", "'2003'", "2003-01-01 00:00:00"),
    ("text", "%Y-%m-%d", "'2003-01-05'", "2003-01-05 00:00:00"),
    ("text", "%d/%m/%Y %H:%M:%S", "'05/01/2003 06:07:08'", "2003-01-05 06:07:08"),
    ("integer", "%Y%m%d", "20030105", "2003-01-05 00:00:00"),
]


def asked(kind: str, request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Runs SQL on a database of that kind; the first cell."""
    if kind == "sqlite":
        return lambda sql: sqlite3.connect(":memory:").execute(sql).fetchone()[0]
    if kind == "duckdb":
        return lambda sql: duckdb.sql(sql).fetchall()[0][0]
    if kind == "postgresql":
        url = plain(request.getfixturevalue("postgres_url"))
        return lambda sql: _postgres(url, sql)
    url = request.getfixturevalue("mariadb_url")
    return lambda sql: _mariadb(url, sql)


def _postgres(url: str, sql: str) -> Any:
    with psycopg.connect(url) as database:
        return (database.execute(sql.encode()).fetchone() or [None])[0]


def _mariadb(url: str, sql: str) -> Any:
    engine = sa.create_engine(url)
    with engine.connect() as database:
        found = database.exec_driver_sql(sql.replace("%", "%%")).scalar()
    engine.dispose()
    return found


@pytest.mark.parametrize("kind", DIALECTS)
def test_kept_times_become_times(kind: str, request: pytest.FixtureRequest):
    run = asked(kind, request)
    mark = "`at it`" if kind == "mysql" else '"at it"'
    for held, fmt, cell, wanted in CASES:
        sql = expression(kind, "at it", held, fmt)
        assert sql is not None
        check_expression(sql, DIALECTS[kind])
        for value, told in ((cell, wanted), (f"NULLIF({cell}, {cell})", None)):
            found = run(f"SELECT {sql} FROM (SELECT {value} AS {mark}) AS t")
            if isinstance(found, str):
                found = datetime.fromisoformat(found)
            assert (found and found.isoformat(" ")) == told, (held, fmt)


@pytest.mark.parametrize(
    ("held", "fmt"),
    [("text", "epoch_s"), ("text", "%b %Y"), ("text", "%d.%m"), ("number", "%Y%m"), ("text", "%"),
     ("text", "%Y'"), ("text", "%Y %Y")],
)  # fmt: skip
def test_what_cannot_be_read_for_sure_is_left_alone(held: ColumnType, fmt: str):
    assert expression("sqlite", "x", held, fmt) is None
