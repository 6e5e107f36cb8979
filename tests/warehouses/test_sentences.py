"""Driver errors as sentences."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from dashapp import warehouses
from dashapp.errors import AppError, Invalid, QueryFailed, WarehouseDown
from dashapp.warehouses import Warehouse
from tests import servers
from tests.warehouses.conftest import SALES, database, fetch, write

SERVERS = ("postgresql", "mysql")


def refusal(sales: Warehouse, sql: str) -> AppError:
    with pytest.raises(QueryFailed) as caught:
        fetch(sales, sql)
    return caught.value


def refused_stream(sales: Warehouse, sql: str) -> AppError:
    with pytest.raises(QueryFailed) as caught:
        list(sales.stream(sa.text(sql), query_id="q", timeout_s=5))
    return caught.value


def test_a_missing_column_is_named(sales: Warehouse) -> None:
    error = refusal(sales, "SELECT nowhere FROM sales")
    assert error.message == "There is no column nowhere."
    assert error.detail == {"reason": "missing_column", "name": "nowhere"}


def test_a_missing_table_is_named(sales: Warehouse) -> None:
    assert refusal(sales, "SELECT * FROM nowhere").message == "There is no table nowhere."


def test_a_missing_function_is_named(sales: Warehouse) -> None:
    error = refusal(sales, "SELECT nofunction(1)")
    assert error.detail["reason"] == "missing_function"
    assert "nofunction" in error.message


def test_a_syntax_error_is_named(sales: Warehouse) -> None:
    error = refusal(sales, "SELECT FROM FROM sales")
    assert error.message == "The SQL has a syntax error near “FROM”."


@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])  # The others cast anything.
def test_nothing_of_a_row_is_in_the_sentence(sales: Warehouse) -> None:
    quoted = 'ERROR: column "tea" does not exist Table with name tea does not exist'
    sql = f"SELECT CAST(name || '{quoted}' AS integer) FROM sales"
    for run in (refusal, refused_stream):
        error = run(sales, sql)
        assert error.detail == {"reason": "conversion"}
        assert "tea" not in error.message


@pytest.mark.parametrize("kind", ["postgresql"])  # The others give an empty value.
def test_division_by_zero_is_a_sentence(sales: Warehouse) -> None:
    assert refusal(sales, "SELECT 1 / (id - id) FROM sales").message == "The query divides by zero."
    statement = sa.select(sa.literal(1) / (SALES.c.id - sa.literal(1)))
    with pytest.raises(QueryFailed, match="divides by zero"):
        list(sales.stream(statement, query_id="q", timeout_s=5))


@pytest.mark.parametrize("kind", SERVERS)
def test_a_table_without_rights_is_named(kind: str, url: str) -> None:
    poor = {
        "postgresql": ("CREATE ROLE poor LOGIN", "postgres@", "poor@"),
        "mysql": (
            "CREATE USER poor@'127.0.0.1' IDENTIFIED BY 'hidden-word'",
            "dashapp:pass-word-1@", "poor:hidden-word@",
        ),
    }[kind]  # fmt: skip
    make, old, new = poor
    grant = [
        "CREATE TABLE open_table (id integer)",
        "GRANT SELECT ON open_table TO poor@'127.0.0.1'",
    ]
    drop = "DROP USER poor" if kind == "postgresql" else "DROP USER poor@'127.0.0.1'"
    write(kind, url, make, *(grant if kind == "mysql" else ()))
    try:
        sales = warehouses.pool(database(kind, url.replace(old, new)))
        error = refusal(sales, "SELECT * FROM sales")
        assert error.message == "The database's account may not read sales."
    finally:
        warehouses.dispose()
        write(kind, url, drop)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_wrong_password_is_a_sentence_without_it(kind: str, url: str) -> None:
    wrong = {
        "postgresql": url.replace("postgres@", "nobody:hidden-word@"),
        "mysql": url.replace("pass-word-1", "hidden-word"),
    }[kind]
    with pytest.raises(WarehouseDown) as caught:
        warehouses.pool(database(kind, wrong)).test()
    assert caught.value.message == "The database refused the user name or password."
    assert "hidden-word" not in f"{caught.value!r}{caught.value.__cause__!r}"


@pytest.mark.parametrize("kind", SERVERS)
def test_a_closed_port_is_a_sentence(kind: str) -> None:
    url = f"{kind}://someone:hidden-word@127.0.0.1:{servers.free_port()}/sales"
    with pytest.raises(WarehouseDown, match=r"^The database cannot be reached\.$"):
        warehouses.pool(database(kind, url)).test()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_missing_database_is_named(kind: str, url: str) -> None:
    gone = sa.make_url(url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(WarehouseDown, match=r"There is no database nowhere on the server\."):
        warehouses.pool(database(kind, gone)).test()


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_another_kind_of_file_is_a_sentence(kind: str, tmp_path: Path) -> None:
    (tmp_path / "data/warehouses/x.db").write_text("not a database\n" * 1000)
    with pytest.raises(WarehouseDown, match="is not a"):
        warehouses.pool(database(kind, f"{kind}:///x.db")).test()


@pytest.mark.parametrize("kind", ["duckdb"])
def test_a_file_that_is_being_written_is_a_sentence(kind: str, url: str) -> None:
    with (
        duckdb.connect(str(sa.make_url(url).database)),
        pytest.raises(WarehouseDown, match="written"),
    ):
        warehouses.pool(database(kind, url)).test()


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_new_file_at_the_same_place_is_seen(kind: str, url: str) -> None:
    sales = warehouses.pool(database(kind, url))
    assert fetch(sales, "SELECT count(*) AS n FROM sales").table["n"].to_pylist() == [3]
    path = str(sa.make_url(url).database)
    write(kind, f"{kind}:///{path}.new", "CREATE TABLE sales AS SELECT 1 AS id")
    os.replace(f"{path}.new", path)
    assert fetch(sales, "SELECT count(*) AS n FROM sales").table["n"].to_pylist() == [1]


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_gone_is_a_sentence(kind: str, url: str) -> None:
    sales = warehouses.pool(database(kind, url))
    sales.test()
    os.unlink(str(sa.make_url(url).database))
    for ask in (sales.test, sales.tables, lambda: fetch(sales, "SELECT * FROM sales")):
        with pytest.raises(WarehouseDown, match="gone"):
            ask()


@pytest.mark.parametrize("kind", ["duckdb"])
def test_changed_options_are_used_once_no_query_runs(kind: str, url: str) -> None:
    spec = database(kind, url, options={"threads": 1})
    sql = "SELECT current_setting('threads') AS n"
    assert fetch(warehouses.pool(spec), sql).table["n"].to_pylist() == [1]
    other = spec.model_copy(update={"version": 2, "options": {"threads": 2}})
    assert fetch(warehouses.pool(other), sql).table["n"].to_pylist() == [2]


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_hung_up_is_asked_again(kind: str, url: str) -> None:
    hang_up = {
        "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'dashapp'",
        "mysql": None,
    }
    sales = warehouses.pool(database(kind, url))
    fetch(sales, sa.select(SALES))
    ids = fetch(sales, "SELECT connection_id() AS id").table["id"][0] if kind == "mysql" else None
    write(kind, url, hang_up[kind] or f"KILL {ids}")
    assert fetch(sales, sa.select(SALES)).table.num_rows == 3


def test_wrong_options_name_their_field(kind: str, url: str) -> None:
    with pytest.raises(Invalid) as caught:
        warehouses.pool(database(kind, url, options={"creator": "os.system"}))
    assert "creator" in caught.value.fields


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Invalid, match="oracle"):
        warehouses.pool(database("oracle", "oracle://x"))
