"""A small table with everything that goes wrong, alike on SQLite, DuckDB and PostgreSQL."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

import math
import random
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import psycopg

from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    MetricSpec,
    RatioMetric,
    RowRule,
    SimpleMetric,
    Source,
    SqlMetric,
)

NOW = datetime(2013, 4, 10, 15, 30, 20, tzinfo=UTC)
DATASET = UUID(int=0xF022)
DATABASES = {
    name: UUID(int=0xF100 + n) for n, name in enumerate(("sqlite", "duckdb", "postgresql"))
}
REGIONS = ("EU", "EU", "US", "US", "eu", "ASIA", "", None)
NAMES = (
    "abc", "ABC", "Äbc", "äbc", "abc ", " abc", "O'Hare", 'say "hi"', "🛫", "ﬀ", "100%", "a_b",
    "Other", "null", "Z", "z", None, "",
)  # fmt: skip
# Hours that clocks show twice or never in Berlin and New York, ends of years, leap days.
EDGES = (
    datetime(1999, 12, 31, 23, 59, 59), datetime(2011, 12, 31, 23, 59, 59),
    datetime(2012, 1, 1), datetime(2012, 2, 28, 23, 59, 59), datetime(2012, 2, 29),
    datetime(2012, 2, 29, 12, 30), datetime(2012, 3, 1), datetime(2012, 12, 31, 23, 45),
    datetime(2013, 1, 1, 0, 0, 1), datetime(2013, 3, 10, 1, 59, 59), datetime(2013, 3, 10, 2, 30),
    datetime(2013, 3, 10, 3, 0), datetime(2013, 3, 31, 0, 59, 59), datetime(2013, 3, 31, 1, 0),
    datetime(2013, 3, 31, 2, 30), datetime(2013, 3, 31, 3, 15), datetime(2013, 10, 27, 0, 30),
    datetime(2013, 10, 27, 1, 30), datetime(2013, 10, 27, 2, 30), datetime(2013, 10, 27, 2, 0),
    datetime(2013, 11, 3, 0, 30), datetime(2013, 11, 3, 1, 30), datetime(2013, 11, 3, 5, 30),
    datetime(2013, 11, 3, 6, 30), datetime(2013, 11, 3, 2, 0), datetime(2016, 2, 29, 23, 59, 59),
)  # fmt: skip
NAMES_OF_COLUMNS = (
    "id", "ts", "moment", "day", "region", "name", "qty", "big", "price", "odd", "part", "flag",
)  # fmt: skip
TYPES = {
    "sqlite": (
        "INTEGER", "DATETIME", "DATETIME", "DATE", "TEXT", "TEXT", "INTEGER", "BIGINT", "DOUBLE",
        "DOUBLE", "INTEGER", "BOOLEAN",
    ),
    "duckdb": (
        "INTEGER", "TIMESTAMP", "TIMESTAMPTZ", "DATE", "VARCHAR", "VARCHAR", "INTEGER", "BIGINT",
        "DOUBLE", "DOUBLE", "INTEGER", "BOOLEAN",
    ),
    "postgresql": (
        "INTEGER", "TIMESTAMP", "TIMESTAMPTZ", "DATE", "VARCHAR(50)", "TEXT", "INTEGER", "BIGINT",
        "DOUBLE PRECISION", "DOUBLE PRECISION", "INTEGER", "BOOLEAN",
    ),
}  # fmt: skip
COLUMNS = (
    ColumnSpec(name="id", type="integer"),
    ColumnSpec(name="ts", type="time"),
    ColumnSpec(name="moment", type="time", zoned=True),
    ColumnSpec(name="day", type="date"),
    ColumnSpec(name="region", type="text"),
    ColumnSpec(name="name", type="text"),
    ColumnSpec(name="qty", type="integer"),
    ColumnSpec(name="big", type="integer"),
    ColumnSpec(name="price", type="number"),
    ColumnSpec(name="odd", type="number"),
    ColumnSpec(name="part", type="integer"),
    ColumnSpec(name="flag", type="boolean"),
    ColumnSpec(name="twice", type="integer", expression="qty * 2"),
    ColumnSpec(
        name="sign",
        type="text",
        expression="CASE WHEN qty > 0 THEN 'plus' WHEN qty <= 0 THEN 'Minus' END",
    ),
)
METRICS = (
    MetricSpec(name="n", definition=SimpleMetric(aggregate="count", label="n")),
    MetricSpec(
        name="revenue", definition=SimpleMetric(aggregate="sum", column="price", label="revenue")
    ),
    MetricSpec(name="units", definition=SimpleMetric(aggregate="sum", column="qty", label="units")),
    MetricSpec(
        name="flagged",
        definition=SqlMetric(expression="SUM(CASE WHEN flag THEN 1 ELSE 0 END)", label="flagged"),
    ),
    MetricSpec(
        name="flagged share",
        definition=RatioMetric(
            numerator="flagged", denominator="n", scale=100, label="flagged share"
        ),
    ),
    MetricSpec(
        name="per unit",
        definition=RatioMetric(numerator="revenue", denominator="units", label="per unit"),
    ),
)
Row = tuple[Any, ...]


def _rows(count: int) -> list[Row]:
    dice = random.Random(20130410)
    return [_row(n, dice) for n in range(count)]


def _row(n: int, dice: random.Random) -> Row:
    region = dice.choice(REGIONS)
    if n < 3 * len(EDGES):
        ts: datetime | None = EDGES[n % len(EDGES)]
    else:
        start = datetime(2013, 4, 1) if n % 3 == 0 else datetime(2012, 1, 1)
        span = 14 if n % 3 == 0 else 800
        ts = start + timedelta(seconds=dice.randrange(span * 86400))
        ts = ts.replace(microsecond=250_000) if n % 17 == 0 else ts
        ts = ts.replace(minute=0, second=0) if n % 5 == 0 else ts
    ts = None if n % 19 == 7 else ts
    moment = None if n % 23 == 5 or ts is None else ts.replace(tzinfo=UTC)
    days = (date(2012, 12, 28), date(2012, 2, 28), date(2013, 4, 5), date(2013, 12, 29))
    day = None if n % 13 == 4 else days[n % 4] + timedelta(days=dice.randrange(7))
    qty = None if dice.random() < 0.12 else dice.choice((0, 0, 1, 2, 3, 7, 10, 15, 20, -1, -5, -10))
    big = (
        None if dice.random() < 0.1 else 2**53 - dice.randrange(3) if n % 7 else -dice.randrange(9)
    )
    price = None if dice.random() < 0.15 else dice.randrange(-80, 400) / 4
    odd = (
        None if dice.random() < 0.15 else dice.choice((0.1, 0.2, 0.3, 0.7, -0.1, 1 / 3, 1e6, 99.95))
    )
    part = None if region in ("US", "") or dice.random() < 0.3 else dice.randrange(-3, 4)
    flag = dice.choice((True, False, False, None))
    return (n, ts, moment, day, region, dice.choice(NAMES), qty, big, price, odd, part, flag)


def _wild(rows: list[Row]) -> list[Row]:
    """Rows with ends of the calendar, sums beyond 64 bits, and numbers that are none."""
    times = (datetime(9999, 12, 31, 23, 59, 59), datetime(9999, 12, 31), datetime(1, 1, 1, 12))
    floats = (math.nan, math.inf, -math.inf, -0.0, 0.0, 1e300, -1e300)
    found = []
    for n, row in enumerate(rows):
        cells = dict(zip(NAMES_OF_COLUMNS, row, strict=True))
        if n % 6 == 0:
            time = times[n // 6 % 3]
            cells |= {"ts": time, "day": time.date()}
        if n % 5 == 1:
            cells["price"] = floats[n // 5 % 7]
        if n % 7 == 3:
            cells["big"] = 2**62 + n
        found.append(tuple(cells[name] for name in NAMES_OF_COLUMNS))
    return found


ROWS = _rows(700)
TABLES = {"land": ROWS, "barren": [], "wild": _wild(ROWS[:150])}


@dataclass(frozen=True)
class Land:
    """An engine that holds the table; `url` leads the warehouse there."""

    kind: str
    url: str

    def source(self, rules: tuple[RowRule, ...] = (), **changes: Any) -> Source:
        """The table as a dataset, for a viewer with these rules."""
        fields: dict[str, Any] = {
            "uuid": DATASET, "name": "Land", "database": DATABASES[self.kind], "table": "land",
            "columns": COLUMNS, "metrics": METRICS, "time_column": "ts",
        }  # fmt: skip
        database = DatabaseSpec(
            uuid=DATABASES[self.kind], name="w", kind=self.kind, url=self.url, options={}
        )
        return Source(dataset=DatasetSpec(**fields | changes), database=database, rules=rules)


def sqlite_land(folder: Path) -> Land:
    """The table in a new file of SQLite."""
    with sqlite3.connect(folder / "land.sqlite") as connection:
        for table, rows in TABLES.items():
            connection.execute(_create(table, "sqlite"))
            connection.executemany(_insert(table, "?"), [_as_texts(row) for row in rows])
    connection.close()
    return Land("sqlite", f"sqlite:///{folder / 'land.sqlite'}")


def duckdb_land(folder: Path) -> Land:
    """The table in a new file of DuckDB."""
    with duckdb.connect(str(folder / "land.duckdb")) as connection:
        for table, rows in TABLES.items():
            connection.execute(_create(table, "duckdb"))
            if rows:
                connection.executemany(_insert(table, "?"), rows)
    return Land("duckdb", f"duckdb:///{folder / 'land.duckdb'}")


def postgresql_land(url: str) -> Land:
    """The table in a database of PostgreSQL."""
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain) as connection, connection.cursor() as cursor:
        for table, rows in TABLES.items():
            cursor.execute(_create(table, "postgresql").encode())
            cursor.executemany(_insert(table, "%s").encode(), rows)
    return Land("postgresql", plain)


def _create(table: str, kind: str) -> str:
    columns = ", ".join(f"{n} {t}" for n, t in zip(NAMES_OF_COLUMNS, TYPES[kind], strict=True))
    return f"CREATE TABLE {table} ({columns})"


def _insert(table: str, mark: str) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join([mark] * len(NAMES_OF_COLUMNS))})"


def _as_texts(row: Row) -> Row:
    """Times as SQLite's own functions write them."""
    return tuple(
        (v.replace(tzinfo=None) if isinstance(v, datetime) else v).isoformat(
            *((" ",) if isinstance(v, datetime) else ())
        )
        if isinstance(v, date)
        else v
        for v in row
    )
