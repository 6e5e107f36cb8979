"""A small table of flights with everything that goes wrong, on every engine."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from dashapp.query.compile import statement
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    MetricSpec,
    QuerySpec,
    RatioMetric,
    RowRule,
    SimpleMetric,
    Source,
    SqlMetric,
)

NOW = datetime(2013, 4, 10, 15, 30, 20, tzinfo=UTC)
DATASET, DATABASE = UUID(int=1), UUID(int=2)
SQLGLOT = {"sqlite": "sqlite", "duckdb": "duckdb", "postgresql": "postgres", "mysql": "mysql"}
TABLE = sa.Table(
    "flights",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ts", sa.DateTime),
    sa.Column("day", sa.Date),
    sa.Column("carrier", sa.String(50)),
    sa.Column("Dep Delay", sa.Float),
    sa.Column("seats", sa.Integer),
    sa.Column("late", sa.Boolean),
    sa.Column('we"ird', sa.String(50)),
)
CARRIERS = ["UA", "B6", "ua", None, "O'Hare", "100%", "a_b", "Other 1", "", "DL"]


def _row(i: int) -> dict[str, Any]:
    """Row i: times cross both clock changes of Berlin and New York, values repeat."""
    start = datetime(2013, 3, 1) if i % 2 else datetime(2013, 10, 25)
    ts = None if i % 13 == 5 else start + timedelta(minutes=37 * i * 7)
    if ts and i % 5 == 0:
        ts = ts.replace(minute=0, second=0)
    return {
        "id": i,
        "ts": ts,
        "day": None if i % 11 == 3 else date(2012, 12, 20) + timedelta(days=i),
        "carrier": CARRIERS[i * 7 % 10],
        "Dep Delay": None if i % 9 == 4 else (i * 37 % 200) / 4 - 20,
        "seats": None if i % 10 == 6 else i * 13 % 45 - 5,
        "late": None if i % 7 == 2 else i % 3 == 0,
        'we"ird': ["%s", ":x", "🛫", "%(a)s", None][i % 5],
    }


ROWS = [_row(i) for i in range(180)]
COLUMNS = (
    ColumnSpec(name="id", type="integer"),
    ColumnSpec(name="ts", type="time"),
    ColumnSpec(name="day", type="date"),
    ColumnSpec(name="carrier", type="text"),
    ColumnSpec(name="Dep Delay", type="number"),
    ColumnSpec(name="seats", type="integer"),
    ColumnSpec(name="late", type="boolean"),
    ColumnSpec(name='we"ird', type="text"),
    ColumnSpec(name="double seats", type="integer", expression="seats * 2"),
)
METRICS = (
    MetricSpec(name="n", definition=SimpleMetric(aggregate="count", label="n")),
    MetricSpec(
        name="seats", definition=SimpleMetric(aggregate="sum", column="seats", label="seats")
    ),
    MetricSpec(
        name="late",
        definition=SqlMetric(expression="sum(case when late then 1 else 0 end)", label="late"),
    ),
    MetricSpec(
        name="late share",
        definition=RatioMetric(numerator="late", denominator="n", scale=100, label="late share"),
    ),
)


class Median:
    """The middle of the values of a group."""

    how = staticmethod(statistics.median)

    def __init__(self) -> None:
        self.values: list[float] = []

    def step(self, value: float | None) -> None:
        """One value of the group."""
        if value is not None:
            self.values.append(value)

    def finalize(self) -> float | None:
        """What the group comes to."""
        return self.how(self.values) if len(self.values) > 1 else None


class Deviation(Median):
    """The sample standard deviation of a group."""

    how = staticmethod(statistics.stdev)


@dataclass(frozen=True)
class World:
    """An engine that holds the table."""

    name: str
    engine: sa.Engine

    def source(self, rules: tuple[RowRule, ...] = (), **changes: Any) -> Source:
        """The flights as a dataset, for a viewer with these rules."""
        fields: dict[str, Any] = {
            "uuid": DATASET,
            "name": "Flights",
            "database": DATABASE,
            "table": "flights",
            "columns": COLUMNS,
            "metrics": METRICS,
            "time_column": "ts",
        }
        dataset = DatasetSpec(**{**fields, **changes})
        database = DatabaseSpec(uuid=DATABASE, name="w", kind=self.name, url="x://", options={})
        return Source(dataset=dataset, database=database, rules=rules)

    def statement(self, source: Source | None = None, zone: str = "UTC", **spec: Any) -> sa.Select:
        """The compiled question."""
        return statement(
            source or self.source(),
            QuerySpec(dataset=DATASET, **spec),
            self.engine.dialect,
            SQLGLOT[self.name],
            zone=zone,
            now=NOW,
            row_limit=10_000,
        )

    def ask(self, source: Source | None = None, zone: str = "UTC", **spec: Any) -> list[tuple]:
        """The rows that answer the question, in order."""
        with self.engine.connect() as connection:
            rows = connection.execute(self.statement(source, zone, **spec)).all()
        return [tuple(r) for r in rows]

    def ids(self, *filters: Any, **spec: Any) -> set[int]:
        """Ids of the rows that pass the filters."""
        return {r[0] for r in self.ask(columns=("id",), filters=filters, **spec)}


def world(name: str, url: str) -> World:
    """The table on a new engine; in-memory databases keep their one connection."""
    options = {} if name in ("postgresql", "mysql") else {"poolclass": StaticPool}
    engine = sa.create_engine(url, **options)
    with engine.begin() as connection:
        if name == "sqlite":  # As our warehouse does.
            raw = connection.connection.driver_connection
            raw.create_aggregate("median", 1, Median)
            raw.create_aggregate("stddev_samp", 1, Deviation)
        TABLE.create(connection, checkfirst=False)
        connection.execute(TABLE.insert(), ROWS)
    return World(name, engine)


def kept(test: Any, rows: Iterable[dict[str, Any]] = ROWS) -> set[int]:
    """Ids of the rows for which a test in Python holds."""
    return {r["id"] for r in rows if test(r)}
