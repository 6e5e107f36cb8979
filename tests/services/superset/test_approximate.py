"""Approximate metrics leave for Superset as exact ones, and that is told."""

from __future__ import annotations

from uuid import UUID

from dashapp.services.superset.written import Out, expression
from dashapp.specs import DatasetSpec, SimpleMetric

VISITS = DatasetSpec(uuid=UUID(int=1), name="visits", database=UUID(int=2), table="visits")


def test_an_approximate_count_is_exact_in_superset_and_that_is_told() -> None:
    people = SimpleMetric(
        aggregate="count_distinct", column="person", approximate=True, label="people"
    )
    out = Out(VISITS)
    assert out.metric(people)["aggregate"] == "COUNT_DISTINCT"
    assert expression(people, out) == "COUNT(DISTINCT person)"
    assert out.notes == ["people is approximate here and exact in Superset."]


def test_what_superset_has_no_aggregate_for_is_told() -> None:
    least = SimpleMetric(aggregate="least_hash", column="person", label="least")
    out = Out(VISITS)
    assert out.metric(least)["sqlExpression"] == "NULL"
    assert out.notes == ["Superset has no least_hash."]
