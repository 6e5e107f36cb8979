"""SQL of one engine in another's words."""

from __future__ import annotations

import pytest

from dashapp.errors import Invalid
from dashapp.services.superset.dialects import Translation, engine_of, week_start
from dashapp.specs import ColumnSpec

COLUMNS = (
    ColumnSpec(name="a", type="integer"), ColumnSpec(name="b", type="integer"),
    ColumnSpec(name="price", type="number"), ColumnSpec(name="day", type="time"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target", "sql", "wanted"),
    [
        ("sqlite", "sqlite", "a/b", "a/b"),
        ("sqlite", "duckdb", "a / 2", "CAST(TRUNC(a / 2) AS BIGINT)"),
        ("sqlite", "duckdb", "SUM(a) / SUM(b)", None),
        ("sqlite", "duckdb", "price / 2", "price / 2"),
        ("sqlite", "postgres", "a / b", "a / NULLIF(b, 0)"),
        ("duckdb", "postgres", "a / b", "CAST(a AS DOUBLE PRECISION) / b"),
        ("mysql", "postgres", "`a` + 1", '"a" + 1'),
        ("sqlite", "postgres", "strftime('%Y', day)", "TO_CHAR(day, 'YYYY')"),
        ("sqlite", "duckdb", "((", "(("),
        ("sqlite", "duckdb", "{{ x }}", "{{ x }}"),
        (None, "duckdb", "a/b", "a/b"),
    ],
)
def test_expressions_mean_the_same_in_the_other_engine(
    source: str | None, target: str, sql: str, wanted: str | None
) -> None:
    wanted = wanted or "CAST(TRUNC(SUM(a) / NULLIF(SUM(b), 0)) AS BIGINT)"
    assert Translation(source, target, COLUMNS).expression(sql) == wanted


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("a + b", "integer"), ("a * 1.5", "number"), ("CASE WHEN a > 1 THEN a ELSE 0 END", "integer"),
        ("a > b", "boolean"), ("upper('x')", "text"), ("day", "time"), ("((", None),
    ],
)  # fmt: skip
def test_the_type_of_an_expression_follows_from_its_columns(sql: str, kind: str | None) -> None:
    assert Translation("sqlite", "duckdb", COLUMNS).type_of(sql) == kind


def test_queries_are_translated_and_templates_refused() -> None:
    made = Translation("sqlite", "postgres", COLUMNS)
    assert "LIMIT 5" in made.query("select `a` from t limit 5")
    with pytest.raises(Invalid, match="Jinja"):
        made.query("select * from t where x = '{{ current_user() }}'")
    with pytest.raises(Invalid, match="cannot be translated"):
        made.query("select ((")


def test_engines_are_known_by_their_address() -> None:
    assert engine_of("postgresql+psycopg2://u@h/d") == "postgresql"
    assert (week_start("sqlite"), week_start("postgresql")) == ("sunday", "monday")
