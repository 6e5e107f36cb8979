"""Queries that their database expects to be too costly are refused before they run."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from dashapp import warehouses
from dashapp.errors import QueryFailed, QueryTooCostly
from dashapp.warehouses import Warehouse
from tests.warehouses.conftest import SALES, database, fetch, write
from tests.warehouses.test_limits import ENDLESS

OPTION = {"duckdb": "max_rows_read", "postgresql": "max_cost", "mysql": "max_rows_read"}


@pytest.fixture(params=list(OPTION))
def kind(request: pytest.FixtureRequest) -> str:
    """The kinds that can tell."""
    return str(request.param)


def limited(kind: str, url: str, most: float, **how: Any) -> Warehouse:
    """The sales, of which a query may cost that much."""
    return warehouses.pool(database(kind, url, options={OPTION[kind]: most}, **how))


def test_a_query_above_the_limit_is_refused_without_running(kind: str, url: str) -> None:
    sales = limited(kind, url, 100_000, slots=1)
    with pytest.raises(QueryTooCostly, match="shorter time range") as refused:
        fetch(sales, ENDLESS[kind])
    assert refused.value.detail["cost"] > refused.value.detail["most"] == 100_000
    assert fetch(sales, sa.select(SALES.c.id)).table.num_rows == 3


def test_streams_are_weighed_too(kind: str, url: str) -> None:
    sales = limited(kind, url, 100_000)
    with pytest.raises(QueryTooCostly):
        next(sales.stream(sa.text(ENDLESS[kind]), query_id="q", timeout_s=20))


def test_values_are_bound_when_a_query_is_weighed(kind: str, url: str) -> None:
    sales = limited(kind, url, 100_000)
    asked = sa.select(SALES.c.id).where(
        SALES.c.name.in_(["tea", "it's \"%"]), SALES.c.price >= 1, SALES.c.id < 2
    )
    assert fetch(sales, asked).table.column(0).to_pylist() == [1]
    with pytest.raises(QueryTooCostly):
        fetch(limited(kind, url, 1e-9 if kind == "postgresql" else 1), sa.select(SALES))


def test_weighing_runs_one_query_only(kind: str, url: str) -> None:
    with pytest.raises(QueryFailed):
        fetch(limited(kind, url, 1000), "SELECT 1; SELECT 2")


def test_who_sets_no_limit_pays_no_round_trip(
    kind: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashapp.warehouses.costs.check", None)
    assert fetch(warehouses.pool(database(kind, url)), sa.select(SALES)).table.num_rows == 3


def test_a_shorter_range_costs_less(kind: str, url: str) -> None:
    generated = {
        "duckdb": "SELECT i AS id FROM range(200000) r(i)",
        "postgresql": "SELECT i AS id FROM generate_series(1, 200000) r(i)",
        "mysql": "SELECT seq AS id FROM seq_1_to_200000",
    }[kind]
    write(kind, url, f"CREATE TABLE many AS {generated}")
    if kind != "duckdb":
        write(kind, url, "CREATE INDEX by_id ON many (id)")
        write(kind, url, "ANALYZE TABLE many" if kind == "mysql" else "ANALYZE many")
    sales = limited(kind, url, {"duckdb": 50_000, "postgresql": 500, "mysql": 1000}[kind])
    many = sa.table("many", sa.column("id", sa.Integer))
    rest = many.c.id % 7
    counted = sa.select(rest, sa.func.count()).group_by(rest)
    with pytest.raises(QueryTooCostly):
        fetch(sales, counted)
    few = counted.where(many.c.id.between(5, 7))
    assert fetch(sales, few).table.column(1).to_pylist() == [1, 1, 1]
