"""Kinds of warehouses, ours and others'."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashapp import warehouses
from dashapp.errors import Invalid, QueryFailed
from dashapp.specs import Spec
from dashapp.warehouses import WAREHOUSES, guard
from dashapp.warehouses.base import limited

PLUGIN = """
from dashapp.warehouses.sqlite import Sqlite

class Other(Sqlite):
    kind = "other"
"""


def test_every_kind_can_be_drawn_as_a_form() -> None:
    assert list(WAREHOUSES) == ["sqlite", "duckdb", "postgresql", "mysql"]
    for slug, cls in WAREHOUSES.items():
        assert cls.kind == slug
        assert cls.title
        assert cls.icon
        assert cls.default_port == cls.rule.port
        assert issubclass(cls.Options, Spec)
        assert all(field.description for field in cls.Options.model_fields.values())


def test_kinds_come_from_entry_points(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(PLUGIN)
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dashapp.warehouses]\nother = other:Other\n")
    code = "from dashapp.warehouses import WAREHOUSES; print(*WAREHOUSES)"
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout.split()[-1] == "other"


def test_a_limit_is_added_only_where_there_is_none() -> None:
    one = sa.select(sa.literal_column("1", sa.Integer))
    assert str(limited(one, 5)).endswith("LIMIT :param_1")
    for statement in (one.limit(3), one.fetch(3), sa.text("SELECT 1")):
        assert limited(statement, 5) is statement


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'a;b', \"c;d\" FROM t;", "(SELECT 1)", "-- c;\nSELECT 1", "/* ; /* ; */ ; */ SELECT 1",
        "SELECT $$;$$, $x$ ; $$ ; $x$", "SELECT E'\\';'", "WITH a AS (SELECT 1) TABLE a", "VALUES (1)",
        "SELECT 'into'", "SELECT $1",
    ],
)  # fmt: skip
def test_the_guard_of_postgresql_lets_queries_pass(sql: str) -> None:
    guard.postgresql(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "", ";", "SELECT 1; SELECT 2", "SELECT ';'; SELECT 2", "/* SELECT */ DELETE FROM t", "SELECT 'a\\'; DROP TABLE t; --'",
        "SELECT $a$ $b$ ; $a$; DROP TABLE t", "SELECT a$b$; DROP TABLE t; $b$", "/* /* */ ; SELECT 1 */ DROP TABLE t",
        "SELECT 1 -- '\n; DROP TABLE t", "SELECT U&'\\'; DROP TABLE t; --'",
    ],
)  # fmt: skip
def test_the_guard_of_postgresql_refuses_the_rest(sql: str) -> None:
    with pytest.raises(QueryFailed, match="single statement"):
        guard.postgresql(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'into', \"outfile\", `into` FROM t # into", "SELECT 'a\\'; into' -- into", "SELECT 1 /* into */",
        "SELECT /*+ x */ 1",
    ],
)  # fmt: skip
def test_the_guard_of_mysql_lets_queries_pass(sql: str) -> None:
    guard.mysql(sql)


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(Invalid, match="nothing"):
        warehouses.parse_url("nothing", "nothing://x")
