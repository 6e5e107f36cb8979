"""Databases, datasets and rules, made and changed over a real warehouse."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from pydantic import SecretStr

from dashapp import warehouses
from dashapp.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from dashapp.services import databases, datasets, rules, sources
from dashapp.settings import Settings
from dashapp.specs import ColumnSpec, DatabaseSpec, DatasetSpec, MetricSpec, SqlMetric
from dashapp.viewer import SYSTEM
from models import Database, Group, db
from tests.services.metadata import add, chart, dashboard, person, user

EDITOR = person(1, "editor")
ADMIN = person(2, "admin")


@pytest.fixture
def file(chosen: Settings) -> Path:
    """An SQLite file with a table of orders."""
    path = chosen.data_dir / "warehouses" / "shop.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.execute("CREATE TABLE orders (id INTEGER, region TEXT, at TIMESTAMP, amount REAL)")
        shop.execute("INSERT INTO orders VALUES (1, 'EU', '2026-01-01 10:00:00', 5)")
    return path


@pytest.fixture
def shop(app: Flask, file: Path) -> Iterator[Database]:
    """That file as a database."""
    user("ann")
    user("bob")
    yield databases.save(SYSTEM, database_input(f"sqlite:///{file}"))
    warehouses.dispose()


def database_input(url: str, **values: Any) -> DatabaseSpec:
    given: dict[str, Any] = {"uuid": uuid4(), "name": "Shop", "kind": "sqlite"}
    return DatabaseSpec(**given | {"url": SecretStr(url)} | values)


def a_query(shop: Database, **values: Any) -> DatasetSpec:
    given: dict[str, Any] = {
        "uuid": uuid4(), "name": "by region", "database": shop.uuid,
        "sql": "SELECT region, amount FROM orders",
        "columns": (ColumnSpec(name="region"), ColumnSpec(name="amount", type="number")),
    }  # fmt: skip
    return DatasetSpec(**given | values)


def test_database_is_kept_sealed_and_answers(shop: Database, file: Path) -> None:
    assert str(file) not in shop.url_encrypted
    spec = sources.database_spec(shop)
    assert ("orders", "table") in [(t, kind) for _, t, kind in warehouses.pool(spec).tables()]
    databases.test(ADMIN, database_input(f"sqlite:///{file}"))


def test_database_changes_over_its_version_and_keeps_masked_secrets(shop: Database) -> None:
    form = databases.get(ADMIN, shop.uuid)
    changed = databases.save(ADMIN, form.model_copy(update={"name": "Store", "timeout_s": 5}))
    assert (changed.name, changed.timeout_s, changed.version) == ("Store", 5, 2)
    with pytest.raises(Conflict):
        databases.save(ADMIN, form)
    assert sources.database_spec(changed).url == form.url


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("sqlite", "sqlite:////etc/passwd"),
        ("sqlite", "postgresql://h/d"),
        ("oracle", "oracle://h/d"),
        ("postgresql", "postgresql://u:canary@127.0.0.1/d?options=x"),
    ],
)
def test_urls_that_are_not_allowed_are_not_kept(shop: Database, kind: str, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        databases.save(ADMIN, database_input(url, name="Other", kind=kind))
    assert "canary" not in refused.value.message
    assert len(databases.listed(ADMIN)) == 1


def test_metadata_is_no_warehouse(shop: Database, chosen: Settings) -> None:
    with pytest.raises(AppError):
        databases.save(ADMIN, database_input(chosen.metadata_url, name="Own"))


def test_name_of_a_database_is_taken_once(shop: Database, file: Path) -> None:
    with pytest.raises(Invalid, match="already"):
        databases.save(ADMIN, database_input(f"sqlite:///{file}"))


def test_database_with_datasets_stays(shop: Database) -> None:
    row = datasets.from_table(EDITOR, shop.uuid, "orders")
    with pytest.raises(Conflict, match="Delete them first"):
        databases.delete(ADMIN, shop.uuid)
    datasets.delete(EDITOR, row.uuid)
    databases.delete(ADMIN, shop.uuid)
    assert databases.listed(ADMIN) == []


def test_only_admins_connect_databases(shop: Database, file: Path) -> None:
    spec = database_input(f"sqlite:///{file}")
    for act in (
        lambda: databases.save(EDITOR, spec),
        lambda: databases.test(EDITOR, spec),
        lambda: databases.get(EDITOR, shop.uuid),
        lambda: databases.delete(EDITOR, shop.uuid),
        lambda: databases.listed(person(5)),
    ):
        with pytest.raises(Forbidden):
            act()


def test_dataset_of_a_table_has_its_columns_and_a_count(shop: Database) -> None:
    assert datasets.tables(EDITOR, shop.uuid) == [(None, "orders", "table")]
    spec = datasets.get(EDITOR, datasets.from_table(EDITOR, shop.uuid, "orders").uuid)
    assert [(c.name, c.type) for c in spec.columns] == [
        ("id", "integer"), ("region", "text"), ("at", "time"), ("amount", "number"),
    ]  # fmt: skip
    assert ([m.name for m in spec.metrics], spec.time_column) == (["count"], "at")
    with pytest.raises(NotFound):
        datasets.from_table(EDITOR, shop.uuid, "nothing")


def test_columns_follow_the_table_and_keep_what_people_wrote(shop: Database, file: Path) -> None:
    row = datasets.from_table(EDITOR, shop.uuid, "orders")
    spec = datasets.get(EDITOR, row.uuid)
    labelled = [c.model_copy(update={"label": f"The {c.name}"}) for c in spec.columns]
    net = ColumnSpec(name="net", type="number", expression="amount * 0.8")
    datasets.save(EDITOR, spec.model_copy(update={"columns": (*labelled, net)}))
    with closing(sqlite3.connect(file)) as warehouse, warehouse:
        warehouse.execute("ALTER TABLE orders ADD COLUMN paid BOOLEAN")
        warehouse.execute("ALTER TABLE orders DROP COLUMN at")
    synced = datasets.sync(EDITOR, row.uuid)
    assert (synced.added, synced.removed, synced.changed) == (("paid",), ("at",), ())
    columns = datasets.get(EDITOR, row.uuid).columns
    assert [c.name for c in columns] == ["id", "region", "amount", "paid", "net"]
    assert columns[1].label == "The region"
    version = row.version
    assert datasets.sync(EDITOR, row.uuid) == datasets.Synced()
    assert row.version == version


def test_save_keeps_rows_of_the_same_name_and_counts_up(shop: Database) -> None:
    spec = a_query(shop)
    row = datasets.save(EDITOR, spec)
    ids = {c.name: c.id for c in row.columns}
    flipped = spec.model_copy(update={"columns": spec.columns[::-1], "version": row.version})
    datasets.save(EDITOR, flipped)
    db.session.refresh(row)
    assert [c.name for c in row.columns] == ["amount", "region"]
    assert {c.name: c.id for c in row.columns} == ids
    assert (row.version, row.owner_id, row.changed_by_id) == (2, 1, 1)
    with pytest.raises(Conflict):
        datasets.save(EDITOR, spec)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sql": "DELETE FROM orders"},
        {"sql": "SELECT 1; SELECT 2"},
        {"sql": None},
        {"table": "orders"},
        {"time_column": "nothing"},
        {"columns": (ColumnSpec(name="a"), ColumnSpec(name="a"))},
        {"columns": (ColumnSpec(name="a", expression="(SELECT 1)"),)},
        {"metrics": (MetricSpec(name="m", definition=SqlMetric(expression="1; DROP", label="m")),)},
    ],
)
def test_unsound_datasets_are_refused(shop: Database, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        datasets.save(EDITOR, a_query(shop, **wrong))


def test_others_datasets_are_not_changed(shop: Database) -> None:
    row = datasets.save(EDITOR, a_query(shop))
    other = person(2, "editor")
    for act in (
        lambda: datasets.save(other, a_query(shop, uuid=row.uuid)),
        lambda: datasets.delete(other, row.uuid),
        lambda: datasets.save(person(5), a_query(shop)),
        lambda: datasets.tables(person(5), shop.uuid),
    ):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(NotFound):
        datasets.get(person(5), row.uuid)


def test_dataset_with_charts_stays(shop: Database) -> None:
    row = datasets.save(EDITOR, a_query(shop))
    chart(row)
    with pytest.raises(Conflict, match="Charts still use"):
        datasets.delete(EDITOR, row.uuid)
    assert datasets.listed(EDITOR) == [row]


def a_rule(dataset: UUID, **values: Any) -> rules.RuleInput:
    given: dict[str, Any] = {"name": "EU", "clause": "region = 'EU'", "applies_to_all": True}
    return rules.RuleInput(dataset=dataset, **given | values)


def test_rule_narrows_at_once_and_every_change_is_a_version(shop: Database) -> None:
    row = datasets.from_table(EDITOR, shop.uuid, "orders")
    group = add(Group(name="EU"))
    rule = a_rule(row.uuid, applies_to_all=False, groups=(group.uuid,))
    saved = rules.save(ADMIN, rule)
    member = person(1, "editor", (group.id,))
    assert [r.clause for r in sources.load(member, [row.uuid])[row.uuid].rules] == [rule.clause]
    assert sources.load(EDITOR, [row.uuid])[row.uuid].rules == ()
    rules.save(ADMIN, rule.model_copy(update={"groups": (), "applies_to_all": True}))
    assert len(sources.load(EDITOR, [row.uuid])[row.uuid].rules) == 1
    assert (saved.version, rules.listed(ADMIN, row.uuid)) == (2, [saved])
    with pytest.raises(Conflict):
        rules.save(ADMIN, rule)
    rules.delete(ADMIN, saved.uuid)
    assert sources.load(member, [row.uuid])[row.uuid].rules == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"clause": "1=1) OR (1=1"},
        {"clause": "region IN (SELECT 'EU')"},
        {"clause": "'EU'; --"},
        {"applies_to_all": False},
        {"users": (UUID(int=0),)},
    ],
)
def test_rules_that_are_no_condition_or_for_nobody_are_refused(
    shop: Database, wrong: dict[str, Any]
) -> None:
    row = datasets.from_table(EDITOR, shop.uuid, "orders")
    with pytest.raises(Invalid):
        rules.save(ADMIN, a_rule(row.uuid, **wrong))
    assert rules.listed(ADMIN) == []


def test_only_admins_make_rules(shop: Database) -> None:
    row = datasets.from_table(EDITOR, shop.uuid, "orders")
    dashboard("d", chart(row), is_published=True)
    for viewer in (EDITOR, person(5)):
        with pytest.raises(Forbidden):
            rules.save(viewer, a_rule(row.uuid))
        with pytest.raises(Forbidden):
            rules.listed(viewer)
