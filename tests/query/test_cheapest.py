"""Planning a page stays short, however many questions somebody puts on it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from typing import Any
from unittest import mock
from uuid import UUID

from dashapp import query
from dashapp.query import cheapest, fuse
from dashapp.query.plan import Need, planned
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    Dimension,
    QuerySpec,
    SimpleMetric,
    Source,
)

SET, BASE = UUID(int=0xC1), UUID(int=0xC2)
CONTEXT = query.Context("UTC", datetime(2024, 7, 1, tzinfo=UTC))
NAMES = [f"c{n}" for n in range(11)]


def _needs(count: int) -> list[Need]:
    columns = tuple(ColumnSpec(name=name) for name in NAMES)
    dataset = DatasetSpec(uuid=SET, name="t", database=BASE, table="t", columns=columns)
    database = DatabaseSpec(uuid=BASE, name="w", kind="mysql", url="x://", options={})
    source = Source(dataset=dataset, database=database)
    every = [QuerySpec(
        dataset=SET, dimensions=tuple(Dimension(column=name) for name in names),
        metrics=(SimpleMetric(aggregate="count", label="n"),),
    ) for names in combinations(NAMES, 3)]  # fmt: skip
    return [planned(source, spec, CONTEXT).main for spec in every[:count]]


def _groups(count: int) -> int:
    """How many groups of questions are looked at to plan so many."""
    with mock.patch.object(cheapest, "group_of", side_effect=fuse.group_of) as looked:
        for members in fuse.grouped(_needs(count)):
            assert len(members) == count
            cheapest.covers(members, None)
    return looked.call_count


def test_three_times_the_questions_take_three_times_the_plans() -> None:
    most = cheapest.MOST_UNITS
    assert _groups(3 * most) <= 4 * _groups(most)


def test_all_questions_of_a_large_page_are_planned_once() -> None:
    members = fuse.grouped(_needs(120))[0]
    parts: list[Any] = cheapest._parts([[member] for member in members])
    assert max(map(len, parts)) <= cheapest.MOST_UNITS
    found = [need.key for part in parts for unit in part for need, _ in unit]
    assert sorted(found) == sorted(need.key for need, _ in members)
