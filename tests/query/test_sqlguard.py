"""What people may write in SQL, and what is refused before any warehouse sees it."""

from __future__ import annotations

import pytest

from dashapp.errors import Invalid
from dashapp.query.sqlguard import check_expression, check_query, tables_of, written

DIALECTS = ["sqlite", "duckdb", "postgres", "mysql"]


def text(sql: str, dialect: str = "postgres", allow_aggregates: bool = True) -> str:
    checked = check_expression(sql, dialect, allow_aggregates=allow_aggregates)
    return checked.sql(lambda column: f"<{column.name}>")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("sum(a) / count(*)", "SUM(<a>) / COUNT(*)"),
        ("SUM(a)-- a comment", "SUM(<a>)"),
        ("sum(a) /* and /* another */", "SUM(<a>)"),
        ("count(distinct t.a)", "COUNT(DISTINCT <a>)"),
        ("sum(case when a > 1 then 1 else 0 end)", "SUM(CASE WHEN <a> > 1 THEN 1 ELSE 0 END)"),
        ("floor(avg(a)) * 100", "FLOOR(AVG(<a>)) * 100"),
        ("max(coalesce(a, 'it''s %(x)s :y ?'))", "MAX(COALESCE(<a>, 'it''s %(x)s :y ?'))"),
    ],
)
def test_what_is_understood_is_written_anew(dialect, sql, expected):
    if sql.count("/*") == 2 and dialect in ("postgres", "duckdb"):
        with pytest.raises(Invalid):  # Comments nest there, so this one never ends.
            text(sql, dialect)
    else:
        assert text(sql, dialect) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        "", " ", "a b", "a, b", "a; b", "1;", "select 1", "(select 1)", "exists (select 1)",
        "a in (select b from c)", "a = any (select 1)", "case when (select 1) = 1 then 1 end",
        "a union select 1", "sum(a) over ()", "row_number() over (order by (select 1))",
        "delete from t", "drop table t", "set x = 1", "attach 'x'", "pragma x", "a limit 1",
        ":a", "?", "{{ a }}", "{% if a %}", "a\0", "*", "t.*", "a.b.c", "current_user",
        "pg_sleep(1)", "pg_read_file('x')", "load_extension('x')", "read_csv('x')", "sleep(1)",
        "benchmark(1, 1)", "load_file('x')", "getenv('HOME')", "query('select 1')", "nextval('s')",
        "set_config('a', 'b', false)", "dblink('a', 'b')", "lo_import('a')", "version()", "user()",
        '"pg_sleep"(1)', "pg_catalog.pg_sleep(1)", "query_to_xml('select 1', true, true, '')",
        "current_setting('x')", "a'", "'a", '"a', "(a", "a)", "case when a then 1", "a = = 1",
        "columns('x')", "a as b", "interval", "from t", "table t", "values (1)", "a into b",
        "randomblob(1)", "zeroblob(300000000)", "readfile('x')", "writefile('a', 'b')",
    ],
)  # fmt: skip
def test_what_is_not_one_harmless_expression_is_refused(dialect, sql):
    with pytest.raises(Invalid) as caught:
        text(sql, dialect)
    assert caught.value.message.endswith((".", "'"))


@pytest.mark.parametrize(
    "sql", ["'x'::regclass", "cast('x' as regproc)", "a operator(pg_catalog.+) 1"]
)
def test_types_and_operators_of_the_catalog_are_refused(sql):
    with pytest.raises(Invalid):
        text(sql)


def test_a_row_expression_takes_no_aggregate_and_a_metric_no_bare_column():
    with pytest.raises(Invalid, match="aggregate"):
        text("sum(a) > 1", allow_aggregates=False)
    for sql in (
        "sum(a) + b",
        "a",
        "case when a > 1 then sum(b) end",
        "sum(a) filter (where true) + b",
    ):
        with pytest.raises(Invalid, match="outside an aggregate"):
            text(sql)
    assert text("sum(a) filter (where b > 1)") == "SUM(<a>) FILTER(WHERE <b> > 1)"
    assert text("1 + 1") == "1 + 1"
    assert text("max(a, b)", "sqlite", allow_aggregates=False) == "MAX(<a>, <b>)"


@pytest.mark.parametrize("dialect", ["mysql", "postgres", "duckdb"])
@pytest.mark.parametrize(
    "sql", [r"concat(a, '\\')", r"concat(a, '\\', 'or 1=1 -- ')", r"concat(a, 'x\'y')"]
)
def test_strings_are_closed_where_the_database_closes_them(dialect, sql):
    try:
        again = text(sql, dialect, allow_aggregates=False)
    except Invalid:
        return
    assert text(again.replace("<a>", "a"), dialect, allow_aggregates=False) == again


HUGE = {
    "text of 1 MB": "x" * 1_000_000,
    "10,000 parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "4,000 parentheses": "(" * 4_000 + "1" + ")" * 4_000,
    "50,000 ORs": " or ".join(["a"] * 50_000),
    "10,000 CASEs": "case when a then " * 10_000 + "1" + " end" * 10_000,
    "300 CASEs": "case when a then " * 300 + "1" + " end" * 300,
    "2,000 NOTs": "not " * 2_000 + "a",
    "9,000 signs": "+ " * 4_500 + "1",
    "900 functions": "abs(" * 900 + "a" + ")" * 900,
    "4,000 brackets": "[" * 4_000 + "1" + "]" * 4_000,
}


@pytest.mark.parametrize("name", list(HUGE))
def test_what_is_too_large_or_too_deep_is_refused_and_not_crashed_on(name):
    for dialect in DIALECTS:
        with pytest.raises(Invalid):
            check_expression(HUGE[name], dialect)
        with pytest.raises(Invalid):
            check_query(f"select {HUGE[name]}", dialect)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 as x",
        "select a from t where b = 'x' group by a having count(*) > 1 order by 1 limit 3 offset 1",
        "with x as (select * from t) select count(*) from x join t using (a)",
        "select a, row_number() over (partition by b order by c desc) as r from t",
        "select a from t union all select b from s.u except select 1",
        "select * from (select a, sum(b) as s from t group by a) q where s > 1",
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select n from r",
        "select date(ts) as d, count(*) from t group by 1",
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_queries_that_read_are_allowed(dialect, sql):
    tree = check_query(sql, dialect)
    assert written(tree, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        "", ";", "select 1; select 2", "select 1;", "insert into t values (1)", "update t set a = 1",
        "delete from t", "with d as (delete from t returning *) select * from d", "drop table t",
        "with d as (insert into t values (1) returning *) select * from d", "create table x as select 1",
        "alter table t add x int", "truncate t", "select * into x from t", "select * from t for update",
        "select * from t lock in share mode", "explain analyze delete from t", "explain select 1",
        "describe t", "show tables", "set role postgres", "reset role", "begin", "commit", "vacuum",
        "vacuum into 'x'", "copy t to program 'id'", "copy (select 1) to 'x'", "call p()", "do 1",
        "prepare p as select 1", "execute p", "grant all on t to x", "lock table t", "listen x",
        "attach 'x' as y", "detach y", "pragma table_info(t)", "install httpfs", "load httpfs",
        "export database 'x'", "import database 'x'", "use x", "load data local infile 'x' into table t",
        "replace into t values (1)", "handler t open", "merge into a using b on true when matched then delete",
        "select * from t into outfile 'x'", "select * from t procedure analyse()", "checkpoint",
        "refresh materialized view x", "analyze", "reindex", "exec xp_cmdshell 'x'", "select pg_sleep(1)",
        "select * from read_csv('/etc/passwd')", "select * from '/etc/passwd'", "from '/etc/passwd'",
        'select * from "a.parquet"', "select * from read_text('x')", "select * from glob('*')",
        "select * from pg_ls_dir('/')", "select * from pg_read_file('x')", "select * from pg_shadow",
        "select * from pg_catalog.pg_authid", "select * from information_schema.tables",
        "select * from mysql.user", "select * from sqlite_master", "select * from duckdb_secrets()",
        "select load_file('x')", "select * from pragma_table_info('t')",
        "select * from t where a = :x", "select * from t where a = ?", "select * from dblink('a', 'b') as t(a int)",
        "select getenv('HOME')", "select current_user", "select * from query('select 1')", "summarize t",
        "pivot t on a using count(*)", "select * from rows from (f())", "select {{ x }}", "select '\x00'",
    ],
)  # fmt: skip
def test_everything_else_is_refused(dialect, sql):
    if dialect != "duckdb" and sql in (
        "select * from '/etc/passwd'",
        "from '/etc/passwd'",
        'select * from "a.parquet"',
    ):
        pytest.skip("Only DuckDB reads a table's name as a file's.")
    with pytest.raises(Invalid):
        check_query(sql, dialect)


def test_what_only_some_databases_know_is_refused_there():
    for sql, dialect in (
        ("select /*+ set_var(a = 1) */ 1", "mysql"),
        ("select @@version", "mysql"),
        ("select 5 in t", "sqlite"),
        ("select * from data.csv", "duckdb"),
        ('select * from "data"."Parquet"', "duckdb"),
        ('select * from "/etc"."x"', "duckdb"),
        ("select * from t partition (p0)", "mysql"),
        ("select * from t use index (x)", "mysql"),
    ):
        with pytest.raises(Invalid):
            check_query(sql, dialect)
    assert written(check_query("values (1), (2)", "postgres"), "postgres") == "VALUES (1), (2)"
    assert "50000" not in written(check_query("select /*!50000 1 + */ 2", "mysql"), "mysql")


def test_tables_are_those_read_and_not_those_named():
    sql = "with x as (select * from a), y as (select * from x, s.b) select * from y, (select * from c) q"
    assert tables_of(sql, "postgres") == {(None, "a"), ("s", "b"), (None, "c")}
    assert tables_of("with a as (select * from a) select * from a", "postgres") == {(None, "a")}
    assert tables_of("select 1", "duckdb") == frozenset()
