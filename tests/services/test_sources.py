"""Datasets as the query engine gets them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from dashapp.errors import NotFound
from dashapp.permissions import GUEST
from dashapp.services import sources
from dashapp.specs import ColumnSpec, MetricSpec, Spec
from dashapp.specs import RowRule as RuleSpec
from dashapp.viewer import SYSTEM, GuestRule, Viewer
from models import Base, DatasetColumn, DatasetMetric, Group, db
from tests.services.metadata import (
    add,
    chart,
    dashboard,
    database,
    dataset,
    person,
    rule,
    statements,
    user,
)

EU = RuleSpec(clause="region = 'EU'", table="orders")
EDITOR = person(1, "editor")


def test_dataset_travels_whole_with_its_open_database(app: Flask) -> None:
    row = dataset(database(url="sqlite:////data/shop.db"), zone="Europe/Berlin")
    row.metrics = [
        DatasetMetric(
            name="n",
            definition={"kind": "simple", "aggregate": "count", "label": "n"},
            format=",d",
        )
    ]
    db.session.commit()
    source = sources.load(EDITOR, [row.uuid])[row.uuid]
    assert source.database.url.get_secret_value() == "sqlite:////data/shop.db"
    assert (source.dataset.table, source.dataset.zone) == ("orders", "Europe/Berlin")
    assert [c.name for c in source.dataset.columns] == ["region"]
    assert [(m.name, m.format) for m in source.dataset.metrics] == [("n", ",d")]
    assert source.rules == ()


@pytest.mark.parametrize("count", [1, 20])
def test_statements_do_not_grow_with_the_datasets(app: Flask, count: int) -> None:
    shop = database()
    rows = [dataset(shop, f"t{n}") for n in range(count)]
    for row in rows:
        rule(row, applies_to_all=True)
    uuids = [row.uuid for row in rows]
    db.session.expunge_all()
    with statements() as cold:
        sources.load(EDITOR, uuids)
    with statements() as warm:
        sources.load(EDITOR, uuids)
    assert (len(cold), len(warm)) == (4, 2)


def test_change_of_a_column_is_seen_at_once(app: Flask) -> None:
    row = dataset(database())
    sources.load(EDITOR, [row.uuid])
    row.columns.append(DatasetColumn(name="amount", position=1, type="number"))
    db.session.commit()
    dataset_spec = sources.load(EDITOR, [row.uuid])[row.uuid].dataset
    assert [c.name for c in dataset_spec.columns] == ["region", "amount"]
    assert dataset_spec == sources.dataset_spec(row)


def test_rules_apply_by_everybody_user_group_and_role(app: Flask) -> None:
    ann, group = user(), add(Group(name="EU"))
    row = dataset(database())
    rule(row, "1 = 1", applies_to_all=True)
    rule(row, "2 = 2", users=[ann])
    rule(row, "3 = 3", groups=[group])
    rule(row, "4 = 4", roles=["editor"])
    dashboard("d", chart(row), is_published=True)

    def clauses(viewer: Viewer) -> list[str]:
        return [r.clause for r in sources.load(viewer, [row.uuid])[row.uuid].rules]

    assert clauses(person(ann.id, "editor", (group.id,))) == ["1 = 1", "2 = 2", "3 = 3", "4 = 4"]
    assert clauses(person(99, "viewer", (group.id,))) == ["1 = 1", "3 = 3"]
    assert clauses(person(99, "admin")) == ["1 = 1"]
    assert clauses(person(99, "viewer")) == ["1 = 1"]
    assert clauses(SYSTEM) == []


def test_table_rules_reach_every_dataset_of_the_database(app: Flask) -> None:
    shop = database()
    orders, customers = dataset(shop), dataset(shop, "customers", schema_name="crm")
    virtual = dataset(shop, None, sql="SELECT * FROM orders JOIN crm.customers USING (id)")
    other = dataset(database("elsewhere"))
    rule(orders, EU.clause, applies_to_all=True)
    rule(customers, "vip", applies_to_all=True)
    rule(virtual, "own", applies_to_all=True)
    loaded = sources.load(EDITOR, [d.uuid for d in (orders, customers, virtual, other)])
    vip = RuleSpec(clause="vip", table="customers", schema_name="crm")
    assert loaded[orders.uuid].rules == loaded[customers.uuid].rules == (vip, EU)
    assert loaded[virtual.uuid].rules == (RuleSpec(clause="own"), vip, EU)
    assert loaded[other.uuid].rules == ()


def test_groups_of_rules_are_kept_apart_by_dataset(app: Flask) -> None:
    shop = database()
    one, same_table = dataset(shop), dataset(shop)
    for clause in ("a", "b"):
        rule(one, clause, group_key="g", applies_to_all=True)
    rule(same_table, "c", group_key="g", applies_to_all=True)
    rules = sources.load(EDITOR, [one.uuid])[one.uuid].rules
    by_clause = {r.clause: r.group for r in rules}
    assert by_clause["a"] == by_clause["b"] != by_clause["c"] != ""


def test_equal_rights_are_equal_rules_whoever_gave_them(app: Flask) -> None:
    row = dataset(database())
    ann, bob = user("ann"), user("bob")
    rule(row, users=[ann])
    rule(row, users=[bob])
    rules = [sources.load(person(p.id, "editor"), [row.uuid])[row.uuid].rules for p in (ann, bob)]
    assert rules[0] == rules[1] == (EU,)


def test_guests_get_the_rules_of_their_token_and_those_for_all(app: Flask) -> None:
    shop = database()
    orders, other = dataset(shop), dataset(shop, "other")
    virtual = dataset(shop, None, sql="SELECT * FROM orders")
    rule(orders, "all", applies_to_all=True)
    rule(orders, "editors", roles=["editor"])
    shown = dashboard("d", chart(orders), chart(virtual), chart(other))
    viewer = Viewer(
        kind="guest",
        name="guest",
        permissions=GUEST,
        dashboard=shown.uuid,
        rules=(GuestRule("tenant = 1", orders.uuid), GuestRule("everywhere")),
    )
    loaded = sources.load(viewer, [orders.uuid, virtual.uuid, other.uuid])
    expected = (
        RuleSpec(clause="everywhere"),
        RuleSpec(clause="all", table="orders"),
        RuleSpec(clause="tenant = 1", table="orders"),
    )
    assert [loaded[d.uuid].rules for d in (orders, virtual, other)] == [expected] * 3


def test_what_one_may_not_see_does_not_exist(app: Flask) -> None:
    seen, hidden = dataset(database()), dataset(database("b"), "hidden")
    dashboard("d", chart(seen), is_published=True)
    viewer = person(5)
    assert set(sources.load(viewer, [seen.uuid])) == {seen.uuid}
    for wanted in ([hidden.uuid], [seen.uuid, hidden.uuid], [uuid4()]):
        with pytest.raises(NotFound):
            sources.load(viewer, wanted)


def test_nothing_asked_costs_nothing(app: Flask) -> None:
    with statements() as seen:
        assert sources.load(EDITOR, []) == {}
    assert seen == []


@pytest.mark.parametrize(
    ("spec", "model"), [(ColumnSpec, DatasetColumn), (MetricSpec, DatasetMetric)]
)
def test_tables_keep_every_field_of_the_shapes(spec: type[Spec], model: type[Base]) -> None:
    assert set(spec.model_fields) == set(model.__table__.columns.keys()) - {
        "id", "dataset_id", "position",
    }  # fmt: skip
