"""Keys that are at hand are the keys that would be made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from dashapp import query
from dashapp.query.identity import ByIdentity
from dashapp.settings import Settings, settings, using
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    Filter,
    QuerySpec,
    RowRule,
    SimpleMetric,
    Source,
)
from dashapp.specs.post import Compare

ONE, TWO = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
COUNT = SimpleMetric(aggregate="count", label="n")


@pytest.fixture(autouse=True)
def _server(tmp_path: Path) -> Iterator[None]:
    key = SecretStr("kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA")
    with using(Settings(secret_key=key, data_dir=tmp_path)):
        yield


def source(*rules: RowRule, version: int = 1) -> Source:
    columns = (ColumnSpec(name="day", type="time", zoned=True), ColumnSpec(name="product"))
    dataset = DatasetSpec(
        uuid=ONE, name="sales", database=TWO, table="sales", time_column="day", columns=columns,
        version=version,
    )  # fmt: skip
    database = DatabaseSpec(
        uuid=TWO, name="db", kind="sqlite", url=SecretStr("sqlite://"), options={}
    )
    return Source(dataset=dataset, database=database, rules=rules)


def asked(**more: Any) -> QuerySpec:
    return QuerySpec(dataset=ONE, metrics=(COUNT,), **more)


def named(where: Source, spec: QuerySpec, now: datetime = NOW, **more: Any) -> str:
    return query.key_of(where, spec, query.Context(zone=more.pop("zone", "UTC"), now=now, **more))


def test_what_is_made_once_is_found_by_the_very_object_alone() -> None:
    kept: ByIdentity[object] = ByIdentity(2)
    one, other, third = [1], [1], [1]
    first = kept.get((one,), "a", object)
    assert kept.get((one,), "a", object) is first
    assert kept.get((one,), "b", object) is not first
    assert kept.get((other,), "a", object) is not first
    kept.get((third,), "a", object)
    assert kept.get((one,), "a", object) is not first


def test_equal_questions_with_other_kinds_of_values_keep_other_keys() -> None:
    where = source()
    specs = [
        asked(filters=(Filter(column="elsewhere", op="in", value=(value,)),))
        for value in (1, 1.0, True, "1")
    ]
    assert len({named(where, spec) for spec in specs}) == 4
    assert [named(where, spec) for spec in specs] == [
        named(source(), spec.model_copy()) for spec in specs
    ]


def test_a_key_at_hand_moves_with_the_clock_the_zone_the_rules_and_the_limit() -> None:
    where, spec = source(), asked(time_range="last 7 days")
    first = named(where, spec)
    assert named(where, spec, NOW + timedelta(minutes=1)) == first
    others = [
        named(where, spec, NOW + timedelta(days=1)),
        named(where, spec, zone="Asia/Tokyo"),
        named(where, spec, locale="de"),
        named(where, spec, row_limit=7),
        named(source(RowRule(clause="product = 'tea'", table="sales")), spec),
        named(source(version=2), spec),
    ]
    assert len({first, *others}) == 7


def test_the_hour_that_comes_twice_has_two_keys() -> None:
    where, spec = source(), asked(time_range="last 30 minutes")
    twice = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 in Berlin, and again an hour later.
    keys = {named(where, spec, twice + timedelta(hours=n), zone="Europe/Berlin") for n in (0, 1)}
    assert len(keys) == 2


def test_a_comparison_at_hand_is_the_one_that_would_be_made() -> None:
    where = source()
    spec = asked(time_range="last 7 days", post=(Compare(metrics=("n",), offset="1 week"),))
    first = named(where, spec)
    assert named(where, spec) == first == named(source(), spec.model_copy())
    assert named(where, spec, NOW + timedelta(days=1)) != first


def test_another_secret_makes_other_keys() -> None:
    where, spec = source(RowRule(clause="product = 'tea'", table="sales")), asked()
    first = named(where, spec)
    other = SecretStr("aX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fB")
    with using(settings().model_copy(update={"secret_key": other})):
        settings().__dict__.pop("key", None)
        assert named(where, spec) != first
