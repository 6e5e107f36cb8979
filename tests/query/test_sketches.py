"""Approximate metrics: near the truth, the same from any rollup, and never taken for exact ones."""

from __future__ import annotations

import math
import random
import sqlite3
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from dashapp import cache, query, warehouses
from dashapp.query import sketches
from dashapp.query.run import run_planned
from dashapp.settings import Settings, using
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    Dimension,
    Filter,
    MetricFilter,
    MetricSpec,
    Order,
    QuerySpec,
    RatioMetric,
    RowRule,
    SeriesLimit,
    SimpleMetric,
    Source,
)
from dashapp.warehouses import sketching
from tests import servers

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
DATASET = UUID(int=0x5E7C)
ENGINES = ("sqlite", "duckdb", "postgresql", "mysql")
SIGMAS = 3.5
TABLE = sa.Table(
    "visits",
    sa.MetaData(),
    sa.Column("region", sa.String(10)),
    sa.Column("browser", sa.String(10)),
    sa.Column("person", sa.String(20)),
    sa.Column("number", sa.BigInteger),
    sa.Column("price", sa.Double),
)
COLUMNS = (
    ColumnSpec(name="region"), ColumnSpec(name="browser"), ColumnSpec(name="person"),
    ColumnSpec(name="number", type="integer"), ColumnSpec(name="price", type="number"),
)  # fmt: skip
PEOPLE = SimpleMetric(aggregate="count_distinct", column="person", approximate=True, label="people")
EXACT = PEOPLE.model_copy(update={"approximate": False})
MIDDLE = SimpleMetric(aggregate="median", column="price", approximate=True, label="middle")
COUNT = SimpleMetric(aggregate="count", label="n")
METRICS = (
    MetricSpec(name="people", definition=PEOPLE),
    MetricSpec(name="n", definition=COUNT),
    MetricSpec(
        name="each", definition=RatioMetric(numerator="n", denominator="people", label="each")
    ),
)
Row = tuple[Any, ...]


def _rows(count: int) -> list[Row]:
    dice = random.Random(7)
    regions = ("EU", "US", "ASIA", "few", None)
    found: list[Row] = []
    for n in range(count):
        region = dice.choices(regions, (50, 30, 15, 1, 4))[0]
        person = None if dice.random() < 0.1 else f"person {dice.randrange(9_000)}"
        price = None if n % 11 == 0 else round(math.exp(dice.gauss(3, 2)), 4)
        price = 0.0 if n % 50 == 1 else -price if price and n % 9 == 2 else price
        found.append((region, dice.choice("abc"), person, n * 977, price))
    return [*found, ("none", "a", None, None, None)]


ROWS = _rows(20_000)


@dataclass(frozen=True)
class Land:
    """An engine that holds the visits."""

    kind: str
    url: str

    def source(self, *rules: str, **changes: Any) -> Source:
        """The visits, for a viewer under these rules."""
        fields: dict[str, Any] = {
            "uuid": DATASET, "name": "visits", "database": UUID(int=9), "table": "visits",
            "columns": COLUMNS, "metrics": METRICS,
        }  # fmt: skip
        database = DatabaseSpec(
            uuid=UUID(int=9), name="w", kind=self.kind, url=self.url, options={}
        )
        return Source(
            dataset=DatasetSpec(**fields | changes), database=database,
            rules=tuple(RowRule(clause=rule) for rule in rules),
        )  # fmt: skip


def _land(name: str, folder: Path, request: pytest.FixtureRequest, stack: ExitStack) -> Land:
    if name == "duckdb":
        with duckdb.connect(str(folder / "visits.duckdb")) as lite:
            lite.execute(
                "CREATE TABLE visits (region VARCHAR, browser VARCHAR, person VARCHAR,"
                " number BIGINT, price DOUBLE)"
            )
            columns = zip(TABLE.columns.keys(), zip(*ROWS, strict=True), strict=True)
            lite.register("incoming", pa.table(dict(columns)))
            lite.execute("INSERT INTO visits SELECT * FROM incoming")
        return Land(name, f"duckdb:///{folder / 'visits.duckdb'}")
    if name == "sqlite":
        url = f"sqlite:///{folder / 'visits.sqlite'}"
    elif name == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = stack.enter_context(servers.postgres_database(server))
    else:
        server = request.getfixturevalue("mariadb_server")
        url = stack.enter_context(servers.mariadb_database(server))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        TABLE.create(connection)
        names = list(TABLE.columns.keys())
        rows = [dict(zip(names, row, strict=True)) for row in ROWS]
        connection.execute(TABLE.insert(), rows)
    engine.dispose()
    return Land(name, url.replace("postgresql+psycopg://", "postgresql://"))


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a data folder of the module's own."""
    folder = tmp_path_factory.mktemp("sketches")
    (folder / "warehouses").mkdir()
    key = SecretStr("kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA")
    return Settings(data_dir=folder, secret_key=key, private_hosts=("*",))


@pytest.fixture(scope="module", params=ENGINES)
def built(request: pytest.FixtureRequest, chosen: Settings) -> Iterator[Land]:
    """The visits on one engine after the other."""
    with ExitStack() as stack:
        yield _land(request.param, chosen.data_dir / "warehouses", request, stack)
        warehouses.dispose()


@pytest.fixture
def land(built: Land, chosen: Settings) -> Iterator[Land]:
    """An engine, with nothing kept."""
    with using(chosen):
        cache.reset()
        _clear(chosen.data_dir)
        yield built
        cache.reset()


def _clear(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file() and "warehouses" not in file.parts:
            file.unlink()


@pytest.fixture(scope="module")
def lite_built(chosen: Settings, tmp_path_factory: pytest.TempPathFactory) -> Land:
    """The visits on SQLite alone."""
    folder = chosen.data_dir / "warehouses"
    with sqlite3.connect(folder / "alone.sqlite") as connection:
        connection.execute(
            "CREATE TABLE visits (region TEXT, browser TEXT, person TEXT, number BIGINT, price REAL)"
        )
        connection.executemany("INSERT INTO visits VALUES (?, ?, ?, ?, ?)", ROWS)
    connection.close()
    return Land("sqlite", f"sqlite:///{folder / 'alone.sqlite'}")


@pytest.fixture
def lite(lite_built: Land, chosen: Settings) -> Iterator[Land]:
    """SQLite alone, for what does not differ between engines."""
    with using(chosen):
        cache.reset()
        _clear(chosen.data_dir)
        yield lite_built
        cache.reset()
        warehouses.dispose()


def asked(*metrics: Any, by: Sequence[str] = (), **more: Any) -> QuerySpec:
    """A question for metrics by columns."""
    dimensions = tuple(Dimension(column=name) for name in by)
    return QuerySpec(dataset=DATASET, dimensions=dimensions, metrics=metrics, **more)


def context(**more: Any) -> query.Context:
    """How tests ask."""
    return query.Context(**{"zone": "UTC", "now": NOW, **more})


def people(rows: Sequence[Row]) -> int:
    """How many different people there are."""
    return len({row[2] for row in rows} - {None})


def near(found: float, true: float) -> bool:
    """Whether a count is within its error, and half a value."""
    return bool(abs(found - true) <= SIGMAS * sketches.COUNT_ERROR * true + 0.5)


def test_counts_are_within_their_error(land: Land) -> None:
    result = query.run(land.source(), asked(PEOPLE, COUNT, by=("region",)), context())
    assert result.errors == {"people": sketches.COUNT_ERROR}
    found = {row["region"]: (row["people"], row["n"]) for row in result.table.to_pylist()}
    assert set(found) == {row[0] for row in ROWS}
    for region, (count, n) in found.items():
        own = [row for row in ROWS if row[0] == region]
        assert n == len(own)
        assert near(count, people(own))
    assert found["none"] == (0, 1)
    assert near(
        query.run(land.source(), asked(PEOPLE), context()).table["people"][0].as_py(), 8_000
    )


def test_numbers_are_counted_like_texts(land: Land) -> None:
    for column in ("number", "price"):
        metric = SimpleMetric(
            aggregate="count_distinct", column=column, approximate=True, label="x"
        )
        found = query.run(land.source(), asked(metric), context()).table["x"][0].as_py()
        at = {"number": 3, "price": 4}[column]
        assert near(found, len({row[at] for row in ROWS} - {None}))


def test_medians_are_within_one_percent(land: Land) -> None:
    result = query.run(land.source(), asked(MIDDLE, by=("region",)), context())
    assert result.errors == {"middle": 0.01}
    for row in result.table.to_pylist():
        own = [r[4] for r in ROWS if r[0] == row["region"] and r[4] is not None]
        if not own:
            assert row["middle"] is None
        else:
            assert math.isclose(row["middle"], statistics.median(own), rel_tol=0.0101)


def test_any_choice_is_answered_from_one_rollup_as_it_would_be_directly(land: Land) -> None:
    source = land.source()
    wide = asked(PEOPLE, COUNT, by=("region", "browser"))
    assert query.run(source, wide, context()).rung == "warehouse"
    dice = random.Random(3)
    for _ in range(4):
        regions = tuple(dice.sample(["EU", "US", "ASIA", "few"], dice.randrange(1, 4)))
        by = dice.choice([(), ("browser",), ("region",)])
        narrow = asked(PEOPLE, by=by, filters=(Filter(column="region", op="in", value=regions),))
        derived = query.run(source, narrow, context())
        assert derived.rung in ("rollup", "derived")
        assert derived.errors == {"people": sketches.COUNT_ERROR}
        direct = query.run(source, narrow, context(force=True))
        assert direct.rung == "warehouse"
        assert derived.table.equals(direct.table)


def test_medians_are_the_same_from_a_rollup(land: Land) -> None:
    source = land.source()
    query.run(source, asked(MIDDLE, by=("region", "browser")), context())
    chosen = Filter(column="browser", op="in", value=("a", "c"))
    narrow = asked(MIDDLE, by=("region",), filters=(chosen,))
    derived = query.run(source, narrow, context())
    assert derived.rung in ("rollup", "derived")
    assert derived.table.equals(query.run(source, narrow, context(force=True)).table)


def test_databases_make_the_registers_and_bins_that_are_told(land: Land) -> None:
    cut = Dimension(column="price", sketch="bin", label="bin")
    spec = QuerySpec(dataset=DATASET, dimensions=(cut,), metrics=(COUNT,))
    found = {r["bin"]: r["n"] for r in query.run(land.source(), spec, context()).table.to_pylist()}
    wanted: dict[int | None, int] = {}
    for row in ROWS:
        place = sketching.log_bin(row[4])
        wanted[place] = wanted.get(place, 0) + 1
    assert found == wanted
    cut = Dimension(column="person", sketch="register", label="register")
    least = SimpleMetric(aggregate="least_hash", column="person", label="least")
    spec = QuerySpec(dataset=DATASET, dimensions=(cut,), metrics=(least,))
    table = query.run(land.source(), spec, context()).table.to_pylist()
    assert {r["register"] for r in table} <= {None, *range(sketching.REGISTERS)}
    assert [r["least"] for r in table if r["register"] is None] == [None]
    lows = [r["least"] for r in table if r["least"] is not None]
    assert all(0 <= low < sketching.HASHES for low in lows)
    assert abs(statistics.mean(lows) / sketching.HASHES - 0.25) < 0.05


def test_an_exact_count_is_never_made_of_a_sketch(lite: Land) -> None:
    source = lite.source()
    rough = query.run(source, asked(PEOPLE, by=("region",)), context())
    exact = query.run(source, asked(EXACT, by=("region",)), context())
    assert (exact.rung, exact.errors) == ("warehouse", {})
    assert rough.key != exact.key
    for row in exact.table.to_pylist():
        assert row["people"] == people([r for r in ROWS if r[0] == row["region"]])


def test_where_the_values_are_there_it_is_exact(lite: Land) -> None:
    source = lite.source()
    query.run(source, asked(COUNT, by=("region", "person")), context(row_limit=100_000))
    found = query.run(source, asked(PEOPLE, by=("region",)), context())
    assert (found.rung, found.errors) == ("derived", {})
    for row in found.table.to_pylist():
        assert row["people"] == people([r for r in ROWS if r[0] == row["region"]])


def test_ratios_series_conditions_and_order_take_approximate_metrics(lite: Land) -> None:
    spec = asked(
        "each", "people", by=("region",),
        series=SeriesLimit(dimensions=("region",), limit=2, by="people"),
        having=(MetricFilter(metric="people", op=">", value=10),),
        order=(Order(by="people", descending=True),),
    )  # fmt: skip
    found = query.run(lite.source(), spec, context())
    assert found.errors == {"each": sketches.COUNT_ERROR, "people": sketches.COUNT_ERROR}
    assert found.table["region"].to_pylist() == ["EU", "US", "Other"]
    rest = [r for r in ROWS if r[0] not in ("EU", "US")]
    assert near(found.table["people"][2].as_py(), people(rest))


def test_tiles_of_a_page_share_one_sketch(lite: Land) -> None:
    source = lite.source()
    specs = [asked(PEOPLE), asked(PEOPLE, COUNT, by=("region",)), asked(COUNT, by=("browser",))]
    results, report = run_planned([(source, spec, context()) for spec in specs])
    assert all(isinstance(result, query.Result) for result in results)
    assert report.queries < 3


def test_under_rules_only_rows_that_one_may_see_are_counted(lite: Land) -> None:
    query.run(lite.source(), asked(PEOPLE, by=("region",)), context())
    found = query.run(lite.source("region = 'US'"), asked(PEOPLE), context())
    assert near(found.table["people"][0].as_py(), people([r for r in ROWS if r[0] == "US"]))


def test_the_error_is_kept_with_the_answer(lite: Land) -> None:
    spec = asked(PEOPLE, by=("region",))
    first = query.run(lite.source(), spec, context())
    cache.reset()
    again = query.run(lite.source(), spec, context())
    assert again.rung == "disk"
    assert again.errors == first.errors


def test_what_makes_too_many_groups_is_counted_exactly(
    lite: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashapp.query.fuse.CELLS_SKETCHED", 100)
    found = query.run(lite.source(), asked(PEOPLE), context())
    assert (found.table["people"][0].as_py(), found.errors) == (people(ROWS), {})


def test_the_exact_question_has_exact_metrics_only(lite: Land) -> None:
    source, spec = sketches.exactly(lite.source(), asked("people", "each"))
    found = query.run(source, spec, context())
    assert found.errors == {}
    assert found.table["people"][0].as_py() == people(ROWS)
