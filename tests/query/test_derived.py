"""What is derived from kept answers is what the warehouse would say, under rules and odd types."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest
from pydantic import SecretStr

from dashapp import cache, query, warehouses
from dashapp.errors import AppError
from dashapp.query import plan, shelf
from dashapp.query.passing import roughly
from dashapp.query.plan import scope_of
from dashapp.query.ruled import rule_atoms
from dashapp.query.versions import UNKNOWN
from dashapp.settings import Settings, using
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    Dimension,
    Filter,
    MetricSpec,
    QuerySpec,
    RowRule,
    SimpleMetric,
    Source,
)

KEY = "kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA"
CONTEXT = query.Context("UTC", datetime(2024, 7, 1, 12, tzinfo=UTC))
SET, BASE = UUID(int=0xD1), UUID(int=0xD2)
COUNT = SimpleMetric(aggregate="count", label="n")
IDS = SimpleMetric(aggregate="sum", column="id", label="ids")
COLUMNS = {
    "id": "integer", "name": "text", "loose": "text", "whole": "integer", "price": "number",
    "small": "number", "uuid": "text",
}  # fmt: skip
LITE = """
CREATE TABLE t (id INTEGER, name TEXT COLLATE NOCASE, loose, whole INTEGER, price REAL,
  small NUMERIC, uuid TEXT);
INSERT INTO t VALUES (1, 'EU', '1', 1, 0.1, 1, 'a'), (2, 'eu', 1, 9007199254740992, 0.35, '1', 'b'),
  (4, 'US', 1.0, 9007199254740993, 0.57, 'x', 'c'), (8, NULL, NULL, NULL, NULL, NULL, NULL),
  (16, 'Straße', '01', 9223372036854775807, -0.0, 2, 'd');
"""
DUCK = """
CREATE TABLE t (id INTEGER, name VARCHAR COLLATE NOCASE, loose VARCHAR, whole HUGEINT,
  price DECIMAL(10, 2), small FLOAT, uuid UUID);
INSERT INTO t VALUES
  (1, 'EU', '1', 1, 0.1, 0.1, '00000000-0000-0000-0000-00000000000a'),
  (2, 'eu', '01', 9007199254740992, 0.35, 0.3, '00000000-0000-0000-0000-00000000000b'),
  (4, 'US', '1.0', 9007199254740993, 0.57, 0.7, NULL),
  (8, NULL, NULL, 36893488147419103232, NULL, NULL, NULL);
"""


@dataclass(frozen=True)
class Place:
    """A database with the table, and its dataset for a viewer with rules."""

    kind: str
    url: str

    def source(self, *rules: str, **changes: Any) -> Source:
        """The table, for a viewer with these rules."""
        columns = tuple(ColumnSpec(name=n, type=t) for n, t in COLUMNS.items())
        dataset = DatasetSpec(
            uuid=SET, name="t", database=BASE, table="t", columns=columns, **changes
        )
        database = DatabaseSpec(uuid=BASE, name="w", kind=self.kind, url=self.url, options={})
        return Source(dataset=dataset, database=database, rules=[RowRule(clause=r) for r in rules])


@pytest.fixture(scope="module", params=["sqlite", "duckdb"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The table on SQLite and DuckDB."""
    folder = tmp_path_factory.mktemp("derived")
    (folder / "warehouses").mkdir()
    file = folder / "warehouses" / f"t.{request.param}"
    if request.param == "sqlite":
        with sqlite3.connect(file) as lite:
            lite.executescript(LITE)
        lite.close()
    else:
        with duckdb.connect(str(file)) as duck:
            duck.execute(DUCK)
    return Place(request.param, f"{request.param}:///{file}")


@pytest.fixture(autouse=True)
def _cold(place: Place) -> Iterator[None]:
    folder = Path(place.url.split("///")[1]).parents[1]
    with using(Settings(data_dir=folder, secret_key=SecretStr(KEY))):
        cache.reset()
        yield
        cache.reset()
        warehouses.dispose()


def _rows(source: Source, spec: QuerySpec, context: query.Context) -> Any:
    found = query.run_many([(source, spec, context)])[0]
    if isinstance(found, AppError):
        return type(found), found.message
    return sorted((tuple(row.values()) for row in found.table.to_pylist()), key=repr)


def _both(place: Place, column: str, *rules: str, **asked: Any) -> tuple[Any, Any]:
    """The answer after everybody's rows by a column were kept, and the warehouse's own."""
    kept = QuerySpec(dataset=SET, dimensions=(Dimension(column=column),), metrics=(COUNT, IDS))
    assert not isinstance(_rows(place.source(), kept, CONTEXT), tuple)
    spec = QuerySpec(dataset=SET, metrics=(COUNT, IDS), **asked)
    source = place.source(*rules)
    return _rows(source, spec, CONTEXT), _rows(source, spec, replace(CONTEXT, force=True))


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("whole", "whole = 9007199254740993"),
        ("whole", "whole IN (9007199254740993, 1)"),
        ("whole", "whole <= 9007199254740992"),
        ("whole", "whole < 9007199254740993"),
        ("whole", "whole > 9007199254740992"),
        ("whole", "whole > 9007199254740991"),
        ("whole", "whole < 1.5"),
        ("loose", "loose = '1'"),
        ("loose", "loose IN ('1', '01')"),
        ("name", "name = 'EU'"),
        ("name", "name = 'eU'"),
        ("name", "name = 'US' OR name IS NULL"),
        ("price", "price = 0.35"),
        ("price", "price <= 0.1"),
        ("price", "price > 0.35"),
        ("small", "small = 0.1"),
        ("small", "small < 0.7"),
        ("small", "small > 0.3"),
        ("uuid", "uuid = '0000000000000000000000000000000A'"),
    ],
)
def test_rules_let_the_same_rows_pass_whoever_answers(place: Place, column: str, rule: str) -> None:
    derived, asked = _both(place, column, rule)
    assert derived == asked


@pytest.mark.parametrize(
    ("column", "op", "value"),
    [
        ("whole", "=", 9007199254740992),
        ("whole", "<=", 9007199254740992),
        ("whole", "!=", 9007199254740992),
        ("whole", ">", 9007199254740991),
        ("price", "=", 0.35),
        ("price", "in", (0.57, 0.1)),
        ("price", "<=", 0.57),
        ("small", "=", 1),
        ("small", "!=", 1),
        ("small", "<", 0.7),
        ("name", "!=", "eu"),
        ("name", "not in", ("Us", "STRASSE")),
    ],
)
def test_filters_let_the_same_rows_pass_whoever_answers(
    place: Place, column: str, op: Any, value: Any
) -> None:
    item = Filter(column=column, op=op, value=value)
    derived, asked = _both(place, column, filters=(item,))
    assert derived == asked


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a-b", "ab"), ("a b", "A  B"), ("Straße", "STRASSE"), ("ß", "s"), ("Ærø", "aero"), ("🛫", ""),
        ("0000-000a", "0000000A"), ("é\u200b", "e"), ("Łódź", "lodz"),
    ],
)  # fmt: skip
def test_texts_that_some_collation_takes_for_one_are_roughly_one(one: str, other: str) -> None:
    assert roughly(one) == roughly(other)


def test_numbers_in_texts_are_roughly_themselves() -> None:
    assert len({roughly(text) for text in ("1", "10", "100", "1000", "11")}) == 5


def test_a_draft_whose_metric_means_something_else_shares_nothing(place: Place) -> None:
    def meaning(column: str) -> Source:
        metric = SimpleMetric(aggregate="sum", column=column, label="total")
        return place.source(metrics=(MetricSpec(name="total", definition=metric),))

    def total(source: Source, *names: str) -> Any:
        dimensions = tuple(Dimension(column=name) for name in names)
        return _rows(
            source, QuerySpec(dataset=SET, dimensions=dimensions, metrics=("total",)), CONTEXT
        )

    total(meaning("id"), "name")
    draft = meaning("price")
    kept = total(draft)
    cache.reset()
    assert kept == total(draft)
    scopes = {scope_of(meaning(column), CONTEXT, UNKNOWN) for column in ("id", "price")}
    assert len(scopes) == 2


def test_questions_with_thousands_of_values_are_not_remembered(place: Place) -> None:
    before = len(plan._keys._kept)
    item = Filter(column="name", op="in", value=tuple(f"name {n}" for n in range(10_000)))
    spec = QuerySpec(dataset=SET, metrics=(COUNT,), filters=(item,))
    assert _rows(place.source(), spec, CONTEXT) == [(0,)]
    assert len(plan._keys._kept) == before
    need = plan.planned(place.source(), spec, CONTEXT).main
    kept = shelf.known(scope_of(need.source, CONTEXT, need.version))
    assert need.key not in {one.key for one in kept}


def test_rules_by_whole_numbers_are_left_to_mysql() -> None:
    column = ColumnSpec(name="yr", type="integer")
    dataset = DatasetSpec(uuid=SET, name="d", database=BASE, table="t", columns=(column,))
    database = DatabaseSpec(
        uuid=BASE, name="m", kind="mysql", url=SecretStr("mysql://h/d"), options={}
    )
    source = Source(dataset=dataset, database=database, rules=(RowRule(clause="yr > 50"),))
    assert rule_atoms(source, "mysql") is None  # A YEAR takes 50 for 2050.
    assert rule_atoms(source, "duckdb") is not None
