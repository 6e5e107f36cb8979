"""Types that one engine alone has, and values that do not fit their column."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
import sqlalchemy as sa

from dashapp import warehouses
from dashapp.specs import ColumnSpec
from dashapp.warehouses import Warehouse
from tests.warehouses.conftest import database, fetch, write

MOMENT = datetime.fromisoformat("2020-01-02 03:04:05.5")


def made(kind: str, url: str, *statements: str) -> Warehouse:
    write(kind, url, *statements)
    return warehouses.pool(database(kind, url))


def types(columns: list[ColumnSpec]) -> dict[str, str]:
    return {c.name: c.type for c in columns}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_sqlite_columns_get_the_narrowest_type_of_all_values(url: str, kind: str) -> None:
    sales = made(kind, url, "CREATE TABLE t (whole, mixed, odd, none, bytes)",
                 "INSERT INTO t VALUES (1, 1, 1, NULL, x'00ff'), (NULL, 2.5, 'two', NULL, NULL)")  # fmt: skip
    table = fetch(sales, "SELECT * FROM t").table
    assert table.schema.types == [pa.int64(), pa.float64(), pa.string(), pa.string(), pa.string()]
    assert table.to_pylist()[0] == {
        "whole": 1,
        "mixed": 1.0,
        "odd": "1",
        "none": None,
        "bytes": "00ff",
    }


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_sqlite_types_hold_over_many_batches(url: str, kind: str, is_streamed: bool) -> None:
    sales = made(kind, url, "CREATE TABLE t (a, b)",
                 "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 25000) "
                 "INSERT INTO t SELECT CASE n WHEN 24000 THEN 1.5 ELSE n END, "
                 "CASE n WHEN 15000 THEN 'odd' ELSE NULL END FROM x")  # fmt: skip
    if is_streamed:
        batches = list(sales.stream(sa.text("SELECT * FROM t"), query_id="q", timeout_s=20))
        table = pa.Table.from_batches(batches)
    else:
        table = fetch(sales, "SELECT * FROM t", max_rows=50_000).table
    assert table.num_rows == 25_000
    assert table.schema.types == [pa.float64(), pa.string()]
    assert table["b"].null_count == 24_999


@pytest.mark.parametrize("kind", ["sqlite"])
def test_sqlite_text_becomes_a_time_only_where_the_statement_says_so(url: str, kind: str) -> None:
    sales = made(kind, url, "CREATE TABLE t (at, day, odd)",
                 "INSERT INTO t VALUES ('2020-01-02 03:04:05.5', '2020-01-02', 'x'), "
                 "('2020-01-02T05:04:05.5+02:00', '2020-01-02 00:00:00', 'y'), (1577934245.5, NULL, NULL), "
                 "('not a time', NULL, NULL)")  # fmt: skip
    columns = (
        sa.column("at", sa.DateTime),
        sa.column("day", sa.Date),
        sa.column("odd", sa.DateTime),
    )
    table = fetch(sales, sa.select(*columns).select_from(sa.table("t"))).table
    assert table.schema.types == [pa.timestamp("us"), pa.date32(), pa.string()]
    assert table["at"].to_pylist() == [MOMENT, MOMENT, MOMENT, None]
    assert table["day"].to_pylist()[:2] == [date(2020, 1, 2)] * 2
    assert fetch(sales, "SELECT day FROM t").table["day"].to_pylist()[0] == "2020-01-02"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_sqlite_times_are_bound_as_its_functions_write_them(url: str, kind: str) -> None:
    sales = made(
        kind, url, "CREATE TABLE t (at text)", "INSERT INTO t VALUES ('2020-01-02 03:04:05')"
    )
    at = sa.column("at", sa.DateTime)
    statement = sa.select(at).select_from(sa.table("t")).where(at >= MOMENT.replace(microsecond=0))
    found = fetch(sales, statement)
    assert found.table.num_rows == 1
    assert "'2020-01-02 03:04:05'" in found.sql


@pytest.mark.parametrize("kind", ["sqlite"])
def test_sqlite_has_median_and_deviation(sales: Warehouse) -> None:
    table = fetch(
        sales, "SELECT median(id) AS m, stddev_samp(id) AS s, median(note) AS n FROM sales"
    ).table
    assert table.to_pylist() == [{"m": 2.0, "s": 1.0, "n": None}]


@pytest.mark.parametrize("kind", ["duckdb"])
def test_duckdb_types(url: str, kind: str) -> None:
    sales = made(kind, url, "CREATE TYPE mood AS ENUM ('sad', 'ok')", """CREATE TABLE t AS SELECT
        3::hugeint AS huge, 18446744073709551615::ubigint AS wide, 1.50::decimal(10, 2) AS price,
        true AS flag, 'ok'::mood AS mood, [1, 2] AS list, {'a': 1} AS struct, interval 90 second AS span,
        time '10:00:00' AS tod, 'a'::blob AS bytes, uuid '00000000-0000-0000-0000-000000000001' AS id,
        timestamptz '2020-01-02 03:04:05.5+00' AS at, timestamp_ns '2020-01-02 03:04:05.5' AS ns""")  # fmt: skip
    assert fetch(sales, "SELECT * FROM t").table.to_pylist() == [{
        "huge": 3, "wide": 18446744073709551616.0, "price": 1.5, "flag": True, "mood": "ok",
        "list": "[1, 2]", "struct": '{"a": 1}', "span": "90 seconds", "tod": "10:00:00.000000",
        "bytes": "61", "id": "00000000-0000-0000-0000-000000000001",
        "at": MOMENT.replace(tzinfo=UTC), "ns": MOMENT,
    }]  # fmt: skip
    assert types(sales.columns("t")) == {
        "huge": "integer", "wide": "integer", "price": "number", "flag": "boolean", "mood": "text",
        "list": "other", "struct": "other", "span": "other", "tod": "text", "bytes": "other",
        "id": "text", "at": "time", "ns": "time",
    }  # fmt: skip


PG_TABLE = """CREATE TABLE t AS SELECT 1::smallint AS small, 2.50::numeric AS price, 'NaN'::numeric AS nan,
    '12.50'::money AS money, true AS flag, 'ok'::mood AS mood, '{"a": 1}'::jsonb AS json,
    '00000000-0000-0000-0000-000000000001'::uuid AS id, array[1, 2] AS list, time '10:00' AS tod,
    timestamptz '2020-01-02 03:04:05.5+00' AS at, '\\x61'::bytea AS bytes, 'c'::char(3) AS c"""


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize("extra", ["", ", '10.0.0.1'::inet AS ip"])
def test_postgresql_types_by_either_driver(url: str, kind: str, extra: str) -> None:
    sales = made(kind, url, "CREATE TYPE mood AS ENUM ('sad', 'ok')", PG_TABLE + extra)
    (row,) = fetch(sales, "SELECT * FROM t").table.to_pylist()
    assert row.pop("nan") != row.pop("price") == 2.5
    assert row.pop("ip", "10.0.0.1") == "10.0.0.1"
    assert row.pop("tod").startswith("10:00:00")
    assert row.pop("money") in (12.5, "$12.50")
    assert row == {
        "small": 1, "flag": True, "mood": "ok", "json": '{"a": 1}', "list": "[1, 2]",
        "id": "00000000-0000-0000-0000-000000000001", "at": MOMENT.replace(tzinfo=UTC),
        "bytes": "61", "c": "c  ",
    }  # fmt: skip
    assert types(sales.columns("t"))["mood"] == "text"


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mood", "ok"),
        ("id", "00000000-0000-0000-0000-000000000001"),
        ("at", datetime(2020, 1, 2, 3, 4, 5, 500_000, UTC)),
    ],
)
def test_postgresql_compares_text_with_enums_and_uuids(
    url: str, kind: str, name: str, value: object
) -> None:
    sales = made(kind, url, "CREATE TYPE mood AS ENUM ('sad', 'ok')", PG_TABLE)
    column = sa.column(name, sa.types.NullType())
    statement = sa.select(column).select_from(sa.table("t"))
    assert fetch(sales, statement.where(column == value)).table.num_rows == 1
    none = fetch(sales, statement.where(column != value)).table
    assert (none.num_rows, none.schema.names) == (0, [name])


@pytest.mark.parametrize("kind", ["mysql"])
def test_mysql_types(url: str, kind: str) -> None:
    sales = made(kind, url, """CREATE TABLE t (flag boolean, bits bit(4), wide bigint unsigned, price decimal(10, 2),
        year year, tod time, json json, mood enum('sad', 'ok'), bytes blob, zero date, at datetime(6))""",
        "SET sql_mode = ''", "INSERT INTO t VALUES (1, b'101', 18446744073709551615, 1.5, 2020, '10:00:00', "
        "'[1]', 'ok', x'ff00', '0000-00-00', '2020-01-02 03:04:05.5')")  # fmt: skip
    assert fetch(sales, "SELECT * FROM t").table.to_pylist() == [{
        "flag": 1, "bits": 5, "wide": 18446744073709551616.0, "price": 1.5, "year": 2020, "tod": "10:00:00",
        "json": "[1]", "mood": "ok", "bytes": "ff00", "zero": None, "at": MOMENT,
    }]  # fmt: skip
    statement = sa.select(
        sa.column("flag", sa.Boolean),
        sa.func.date_format(sa.column("at"), "%Y-%m-01", type_=sa.Date).label("month"),
    ).select_from(sa.table("t"))
    assert fetch(sales, statement).table.to_pylist() == [{"flag": True, "month": date(2020, 1, 1)}]
    assert types(sales.columns("t"))["flag"] == "boolean"
