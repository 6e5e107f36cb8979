"""What answers look like, equal on every kind."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
import sqlalchemy as sa

from dashapp.errors import NotFound, ResultTooLarge
from dashapp.warehouses import Warehouse
from tests.warehouses.conftest import SALES, fetch, write

TYPES = [
    pa.int64(), pa.string(), pa.float64(), pa.float64(),
    pa.date32(), pa.timestamp("us"), pa.string(),
]  # fmt: skip
NAMES = ["id", "name", "price", "cost", "day", "sold", "note"]


def test_types_and_nulls_come_through(sales: Warehouse) -> None:
    table = fetch(sales, sa.select(SALES).order_by(SALES.c.id)).table
    at = table.schema.field("sold").type
    assert table.schema.names == NAMES
    # MySQL's TIMESTAMP is an instant.
    assert table.schema.types == [*TYPES[:5], at, TYPES[6]]
    assert at == (pa.timestamp("us", "UTC") if sales.kind == "mysql" else pa.timestamp("us"))
    zone = UTC if sales.kind == "mysql" else None
    assert list(table.to_pylist()[0].values()) == [
        1, "tea", 1.5, 1.25, date(2013, 1, 31), datetime(2013, 1, 31, 5, tzinfo=zone), None,
    ]  # fmt: skip
    assert table["name"].to_pylist() == ["tea", "it's \"%", "Käse"]
    assert table["day"].to_pylist()[2] is None


def test_an_empty_answer_keeps_its_names_and_types(sales: Warehouse) -> None:
    full = fetch(sales, sa.select(SALES)).table.schema
    empty = fetch(sales, sa.select(SALES).where(SALES.c.id < 0)).table
    assert empty.num_rows == 0
    assert empty.schema == full


def test_values_are_bound(sales: Warehouse) -> None:
    names = ["it's \"%", "x' OR '1'='1", "a\\"]
    statement = sa.select(SALES.c.id).where(SALES.c.name.in_(names))
    assert fetch(sales, statement).table["id"].to_pylist() == [2]


def test_times_and_numbers_are_bound(sales: Warehouse) -> None:
    start, end = datetime.fromisoformat("2013-01-31 05:00"), datetime(2013, 2, 1, tzinfo=UTC)
    statement = sa.select(SALES.c.id).where(
        SALES.c.sold >= start,
        SALES.c.sold < end,
        SALES.c.day == date(2013, 1, 31),
        SALES.c.cost > 1.2,
    )
    assert fetch(sales, statement).table["id"].to_pylist() == [1]


def test_aggregates_are_numbers(sales: Warehouse) -> None:
    statement = sa.select(
        sa.func.count().label("n"),
        sa.func.sum(SALES.c.id).label("ids"),
        sa.func.sum(SALES.c.cost).label("cost"),
        sa.func.avg(SALES.c.price).label("price"),
    ).group_by(SALES.c.note)
    table = fetch(sales, statement).table
    assert table.schema.types == [pa.int64(), pa.int64(), pa.float64(), pa.float64()]
    assert table.to_pylist() == [{"n": 3, "ids": 6, "cost": pytest.approx(1.35), "price": 1.75}]


def test_rows_beyond_the_cap_are_left_out_and_said_so(sales: Warehouse) -> None:
    whole, part = (
        fetch(sales, sa.select(SALES), max_rows=3),
        fetch(sales, sa.select(SALES), max_rows=2),
    )
    assert (whole.table.num_rows, whole.truncated) == (3, False)
    assert (part.table.num_rows, part.truncated) == (2, True)


def test_plain_text_is_capped_too(sales: Warehouse) -> None:
    found = fetch(sales, "SELECT a.id FROM sales a, sales b, sales c, sales d", max_rows=10)
    assert (found.table.num_rows, found.truncated) == (10, True)
    assert fetch(sales, "SELECT count(*) AS n FROM sales").table["n"].to_pylist() == [3]


def test_too_many_bytes_are_refused(sales: Warehouse) -> None:
    with pytest.raises(ResultTooLarge, match="MB"):
        fetch(sales, sa.select(SALES.c.name), max_bytes=4)


def test_the_sql_to_read_has_its_values(sales: Warehouse) -> None:
    statement = sa.select(SALES.c.id).where(SALES.c.name == "50%", SALES.c.id.in_([1, 2]))
    sql = fetch(sales, statement).sql
    assert "'50%'" in sql
    assert "IN (1, 2)" in sql


def test_names_are_unique(sales: Warehouse) -> None:
    table = fetch(sales, "SELECT id, id, name FROM sales").table
    assert table.schema.names == ["id", "id_1", "name"]


def test_a_stream_gives_batches_of_one_schema(sales: Warehouse) -> None:
    write_many(sales)
    statement = sa.select(SALES).where(SALES.c.id > 0).order_by(SALES.c.id)
    batches = list(sales.stream(statement, query_id="q", timeout_s=20, batch_rows=1000))
    assert sum(b.num_rows for b in batches) == 2503
    assert max(b.num_rows for b in batches) <= 1000
    assert {tuple(b.schema.types) for b in batches} == {
        tuple(fetch(sales, statement).table.schema.types)
    }


def test_an_empty_stream_tells_its_columns(sales: Warehouse) -> None:
    statement = sa.select(SALES).where(SALES.c.id < 0)
    (batch,) = sales.stream(statement, query_id="q", timeout_s=20)
    assert (batch.num_rows, batch.schema.names) == (0, NAMES)


def test_a_stream_may_be_left_early(sales: Warehouse) -> None:
    write_many(sales)
    stream = sales.stream(sa.select(SALES), query_id="q", timeout_s=20, batch_rows=10)
    assert next(stream).num_rows == 10
    stream.close()
    assert fetch(sales, sa.select(SALES.c.id).limit(1)).table.num_rows == 1


def test_tables_and_columns_are_told(sales: Warehouse) -> None:
    schema = {"postgresql": "public", "duckdb": "main"}.get(sales.kind)
    assert (schema, "sales", "table") in sales.tables()
    found = {c.name: c.type for c in sales.columns("sales", schema)}
    assert list(found) == NAMES
    assert list(found.values()) == ["integer", "text", "number", "number", "date", "time", "text"]


def test_an_unknown_table_has_no_columns(sales: Warehouse) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        sales.columns("nowhere")


def test_base_tables_are_found_in_subqueries(sales: Warehouse) -> None:
    sql = "WITH x AS (SELECT id FROM sales) SELECT (SELECT count(*) FROM sales) FROM x"
    assert {name for _, name in sales.base_tables(sql)} == {"sales"}


def test_base_tables_are_found_behind_views(kind: str, url: str, sales: Warehouse) -> None:
    views = (
        "CREATE VIEW inner_view AS SELECT id FROM sales",
        "CREATE VIEW outer_view AS SELECT id FROM inner_view",
    )
    write(kind, url, *views)
    found = sales.base_tables("SELECT id FROM outer_view")
    assert "sales" in {name for _, name in found}


def test_a_working_database_passes_its_test(sales: Warehouse) -> None:
    sales.test()


def write_many(sales: Warehouse) -> None:
    """2,500 more rows."""
    url = sales.address.url.render_as_string(hide_password=False)
    values = ", ".join(f"({n}, 'n{n}', {n}.5, 1, NULL, NULL, NULL)" for n in range(4, 2504))
    sales.dispose()
    write(sales.kind, url, f"INSERT INTO sales VALUES {values}")
