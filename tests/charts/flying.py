"""A dataset of flights for chart kinds, and a real DuckDB that holds it."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pandas as pd
import pyarrow as pa

from dashapp import cache, query, warehouses
from dashapp.charts import kind
from dashapp.charts.base import Drawing, Look
from dashapp.charts.colors import PALETTES, dressed
from dashapp.settings import Settings, using
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    MetricSpec,
    RatioMetric,
    SimpleMetric,
    Source,
)

LOOK = Look(palette=PALETTES["dashapp"])
DATABASE = UUID(int=22)


def _metric(name: str, aggregate: str, column: str | None = None, **more: str) -> MetricSpec:
    definition = SimpleMetric.model_validate(
        {"aggregate": aggregate, "column": column, "label": name}
    )
    return MetricSpec(name=name, definition=definition, **more)


FLIGHTS = DatasetSpec(
    uuid=UUID(int=21),
    name="flights",
    database=DATABASE,
    table="flights",
    time_column="day",
    columns=(
        ColumnSpec(name="day", type="time", label="Day"),
        ColumnSpec(name="origin", label="Origin"),
        ColumnSpec(name="carrier", label="Carrier"),
        ColumnSpec(name="delay", type="number", label="Delay", format=",.1f"),
        ColumnSpec(name="tail", label="Aircraft"),
        ColumnSpec(name="late", type="boolean"),
    ),
    metrics=(
        _metric("flights", "count", label="Flights"),
        _metric("mean_delay", "avg", "delay", label="Mean delay", format=",.1f"),
        _metric("aircraft", "count_distinct", "tail", label="Aircraft"),
        _metric("delay_sum", "sum", "delay", currency="USD"),
        MetricSpec(
            name="per_aircraft",
            definition=RatioMetric(
                numerator="flights", denominator="aircraft", label="per_aircraft"
            ),
        ),
    ),
)

FRAME = pd.DataFrame(
    {
        "day": [datetime(2013, 1, 1) + timedelta(days=i * 7 % 90) for i in range(400)],
        "origin": [("EWR", "JFK", "LGA")[i * 5 % 3] for i in range(400)],
        "carrier": [("UA", "B6", None, "DL")[(i * 3 + i // 7) % 4] for i in range(400)],
        "delay": [None if i % 9 == 4 else float(i * 37 % 120 - 20) for i in range(400)],
        "tail": [f"N{i * 13 % 61}" for i in range(400)],
        "late": [i % 5 == 0 for i in range(400)],
    }
)


@contextmanager
def flying(folder: Path) -> Iterator[Source]:
    """The flights in a DuckDB of their own."""
    file = folder / "data" / "warehouses" / "flights.duckdb"
    file.parent.mkdir(parents=True)
    with duckdb.connect(str(file)) as connection:
        arrow = pa.Table.from_pandas(FRAME, preserve_index=False)
        connection.register("frame", arrow)
        connection.execute("CREATE TABLE flights AS SELECT * FROM frame")
    chosen = Settings(secret_key="kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA", data_dir=folder / "data")
    database = DatabaseSpec(
        uuid=DATABASE, name="flights", kind="duckdb", url=f"duckdb:///{file}", options={}
    )
    with using(chosen):
        yield Source(dataset=FLIGHTS, database=database)
    cache.reset()
    warehouses.dispose()


def drawn(slug: str, tables: dict[str, pa.Table], look: Look = LOOK, **options: object) -> Drawing:
    """A chart of these tables."""
    found = kind(slug)
    chosen = found.Options.model_validate(options)
    return found.figure(chosen, tables, FLIGHTS, dressed(look, chosen))


def asked(slug: str, source: Source, /, **options: object) -> Drawing:
    """A chart of what the warehouse answers."""
    found = kind(slug)
    chosen = found.Options.model_validate(options)
    context = query.Context(zone="UTC", now=datetime(2013, 4, 10, tzinfo=UTC))
    tables = {
        name: query.run(source, spec, context).table
        for name, spec in found.queries(chosen, FLIGHTS).items()
    }
    return found.figure(chosen, tables, FLIGHTS, LOOK)
