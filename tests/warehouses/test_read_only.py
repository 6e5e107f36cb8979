"""Nothing but reading, even for statements that no parser looked at before."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashapp import warehouses
from dashapp.errors import QueryFailed
from dashapp.warehouses import Warehouse
from tests.warehouses.conftest import database, fetch, write

EVERYWHERE = (
    "INSERT INTO sales (id) VALUES (9)",
    "UPDATE sales SET id = 9",
    "DELETE FROM sales",
    "DROP TABLE sales",
    "CREATE TABLE other (id integer)",
    "CREATE TEMPORARY TABLE other AS SELECT 1 AS id",
    "CREATE VIEW other AS SELECT 1 AS id",
    "ALTER TABLE sales ADD x integer",
    "SELECT 1; DROP TABLE sales",
    "SELECT 1; SELECT 2",
    "/* SELECT */ DELETE FROM sales",
    "BEGIN",
    "COMMIT",
    "EXPLAIN SELECT 1",
)
BY_KIND = {
    "sqlite": (
        "ATTACH '/tmp/dashapp-out.db' AS x", "VACUUM", "VACUUM INTO '/tmp/dashapp-out.db'", "PRAGMA writable_schema=1",
        "PRAGMA table_info(sales)", "SELECT load_extension('x')", "REPLACE INTO sales (id) VALUES (1)",
        "SELECT length(zeroblob(300000000))", "SELECT hex(zeroblob(40000000))",
        "SELECT sql FROM sqlite_master", "SELECT * FROM pragma_database_list",
        "WITH x AS (SELECT 1) INSERT INTO sales (id) SELECT 1", "DETACH main", "REINDEX", "ANALYZE",
        "SELECT fts3_tokenizer('simple')",
    ),
    "duckdb": (
        "ATTACH '/tmp/dashapp-out.db'", "COPY sales TO '/tmp/dashapp-out.csv'", "SET threads = 1", "INSTALL httpfs",
        "LOAD parquet", "PRAGMA database_list", "CALL pragma_version()", "EXPORT DATABASE '/tmp/dashapp-out'",
        "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'", "SELECT * FROM glob('/etc/*')", "CHECKPOINT", "USE memory",
        "SET VARIABLE x = 1", "PREPARE a AS SELECT 1", "SELECT getenv('HOME')",
        "WITH x AS (INSERT INTO sales (id) VALUES (1) RETURNING id) SELECT * FROM x",
        "SELECT * FROM SECRET_OF_PYTHON",
    ),
    "postgresql": (
        "COPY sales TO '/tmp/dashapp-out.csv'", "COPY sales TO PROGRAM 'id'", "SET ROLE postgres",
        "SET default_transaction_read_only = off", "SET TRANSACTION READ WRITE", "SELECT 1 INTO other",
        "WITH x AS (DELETE FROM sales RETURNING id) SELECT * FROM x", "CALL x()", "DO 'begin end'",
        "SELECT pg_read_file('/etc/passwd')", "SELECT pg_ls_dir('/')", "LISTEN x", "VACUUM",
        "SELECT set_config('transaction_read_only', 'off', true)", "PREPARE a AS SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM sales", "SELECT nextval('numbers')", "LOCK sales",
        "SELECT lo_import('/etc/passwd')", "GRANT ALL ON sales TO public", "SELECT * FROM sales FOR UPDATE",
        "SHOW data_directory",
        "SELECT E'\\';DROP TABLE sales; --'; DROP TABLE sales",
    ),
    "mysql": (
        "SELECT * FROM sales INTO OUTFILE '/tmp/dashapp-out'", "SELECT load_file('/etc/passwd')",
        "SELECT id INTO @x FROM sales", "SELECT @x := 1", "SELECT get_lock('x', 1)", "SET @x = 1",
        "/*!50000 DELETE FROM sales */", "SELECT 1 /*!50000 INTO OUTFILE '/tmp/dashapp-out' */",
        "SELECT 1 /*M! INTO OUTFILE '/tmp/dashapp-out' */", "SET SESSION TRANSACTION READ WRITE",
        "START TRANSACTION READ WRITE", "LOAD DATA INFILE '/etc/passwd' INTO TABLE sales", "CALL x()",
        "DO sleep(0)", "HANDLER sales OPEN", "LOCK TABLES sales WRITE", "KILL 1", "SHOW GRANTS",
        "SELECT '\\'' INTO OUTFILE '/tmp/dashapp-out'", "REPLACE INTO sales (id) VALUES (1)",
        "SELECT * FROM sales FOR UPDATE",
    ),
}  # fmt: skip
SECRET_OF_PYTHON = sa  # DuckDB's client would look for variables of this name.


def test_only_reading_is_possible(sales: Warehouse) -> None:
    through = []
    for sql in (*EVERYWHERE, *BY_KIND[sales.kind]):
        with suppress(QueryFailed):
            fetch(sales, sql)
            through.append(sql)
    harmless = {"mysql": "SELECT * FROM sales FOR UPDATE", "sqlite": "EXPLAIN SELECT 1"}
    assert set(through) <= {harmless.get(sales.kind)}
    assert fetch(sales, "SELECT count(*) AS n FROM sales").table["n"].to_pylist() == [3]
    assert [name for _, name, _ in sales.tables()] == ["sales"]


def test_the_engine_refuses_without_our_guard(
    sales: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashapp.warehouses.guard._only_query", lambda words: None)
    monkeypatch.setattr("dashapp.warehouses.duckdb._only_query", lambda cursor, sql: None)
    for sql in EVERYWHERE[:4]:
        with pytest.raises(QueryFailed):
            fetch(sales, sql)
    assert fetch(sales, "SELECT count(*) AS n FROM sales").table["n"].to_pylist() == [3]


def test_nothing_is_left_for_the_next_query(url: str, kind: str) -> None:
    sales = warehouses.pool(database(kind, url, slots=1))
    leave, look = {
        "sqlite": ("SELECT 1 AS x", "SELECT NULL AS x"),
        "duckdb": ("SELECT 1 AS x", "SELECT getvariable('x') AS x"),
        "postgresql": (
            "SELECT set_config('my.x', 'left', false) AS x, pg_advisory_lock(7)",
            "SELECT nullif(current_setting('my.x', true), '') AS x, pg_try_advisory_lock(7) AS free",
        ),
        "mysql": ("SELECT last_insert_id(77) AS x", "SELECT nullif(last_insert_id(), 0) AS x"),
    }[kind]
    fetch(sales, leave)
    assert fetch(sales, look).table.to_pylist()[0]["x"] is None


def test_a_write_role_of_postgresql_does_not_help(postgres_url: str) -> None:
    write("postgresql", postgres_url, "CREATE SEQUENCE numbers",
          "CREATE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS "
          "$$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); "
          "CREATE TABLE other (id int); RETURN 1; END $$")  # fmt: skip
    sales = warehouses.pool(database("postgresql", postgres_url))
    for sql in ("SELECT sneak()", "SELECT nextval('numbers')"):
        with pytest.raises(QueryFailed, match="read-only|may not"):
            fetch(sales, sql)


def test_no_file_was_written() -> None:
    assert not [
        p
        for p in ("/tmp/dashapp-out", "/tmp/dashapp-out.csv", "/tmp/dashapp-out.db")
        if Path(p).exists()
    ]
