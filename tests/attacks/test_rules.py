"""Row-level rules against people who may make datasets (R8, R13, R15, G8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dashapp import query
from dashapp.errors import AppError, Forbidden, NotFound
from dashapp.permissions import GUEST
from dashapp.services import bundles, databases, datasets, sources
from dashapp.services.dashboards import Opened
from dashapp.settings import settings
from dashapp.specs import ColumnSpec, DatasetSpec, QuerySpec
from dashapp.viewer import SYSTEM, GuestRule, Viewer
from models import Dataset, db
from tests.services import market
from tests.services.market import ORDERS
from tests.services.metadata import person, rule, user

pytestmark = pytest.mark.parametrize("ann", ["sqlite", "duckdb"], indirect=True)


@pytest.fixture
def orders(ann: Viewer, eve: Viewer) -> Dataset:
    """Eve's dataset, of which everybody may see the North only."""
    row = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    row.owner_id = eve.user_id
    rule(row, "region = 'North'", applies_to_all=True)
    return row


def regions(viewer: Viewer, dataset: UUID, column: str = "city") -> set[str]:
    """What a viewer sees of a dataset."""
    source = sources.load(viewer, [dataset])[dataset]
    spec = QuerySpec(dataset=dataset, columns=(column,))
    context = query.Context(zone="UTC", now=datetime.now(UTC))
    return {str(v).split()[0] for v in query.run(source, spec, context).table[column].to_pylist()}


def mine(viewer: Viewer, **changes: Any) -> UUID:
    """A dataset of one's own, like the market's but for some changes."""
    spec = datasets.get(viewer, ORDERS)
    own = {"uuid": uuid4(), "name": "Mine", "metrics": (), "time_column": None, **changes}
    datasets.save(viewer, spec.model_copy(update=own))
    return UUID(str(own["uuid"]))


CITY = ColumnSpec(name="city")
COLUMNS = {
    "a constant": (ColumnSpec(name="region", expression="'North'"), CITY),
    "another column": (ColumnSpec(name="region", expression="coalesce('North', city)"), CITY),
    "other case": (ColumnSpec(name="REGION", expression="'North'"), CITY),
    "two steps": (
        ColumnSpec(name="region", expression="step"),
        ColumnSpec(name="step", expression="'North'"),
        CITY,
    ),
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("sql", [None, "select * from orders"])
def test_a_calculated_column_of_the_same_name_lifts_no_rule(
    orders: Dataset, eve: Viewer, columns: tuple[ColumnSpec, ...], sql: str | None
) -> None:
    table = {"table": None, "sql": sql} if sql else {}
    assert regions(eve, mine(eve, columns=columns, **table)) == {"North"}


def test_a_query_that_calls_something_else_region_lifts_no_rule(
    orders: Dataset, eve: Viewer
) -> None:
    sql = "select 'North' as region, city from orders"
    assert regions(eve, mine(eve, table=None, sql=sql, columns=(CITY,))) == {"North"}


CHANGES: dict[str, dict[str, Any]] = {
    "another table": {"table": "stores"},
    "another schema": {"schema_name": "main"},
    "a query": {"table": None, "sql": "select 'North' as region, * from stores"},
    "the rule's column calculated": {"columns": COLUMNS["a constant"], "time_column": None},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_owner_cannot_change_what_a_rule_means(
    orders: Dataset, eve: Viewer, change: dict[str, Any]
) -> None:
    spec = datasets.get(eve, ORDERS).model_copy(update={"metrics": (), **change})
    with pytest.raises(Forbidden, match="Row-level rules lean on this dataset"):
        datasets.save(eve, spec)
    db.session.rollback()
    assert regions(eve, mine(eve)) == {"North"}


def test_an_owner_may_change_the_rest(orders: Dataset, eve: Viewer) -> None:
    spec = datasets.get(eve, ORDERS)
    more = ColumnSpec(name="shout", expression="upper(city)")
    datasets.save(eve, spec.model_copy(update={"columns": (*spec.columns, more), "name": "New"}))
    assert regions(eve, ORDERS) == {"North"}


def test_a_rule_leaves_with_its_dataset_only_by_who_manages_rules(
    orders: Dataset, eve: Viewer
) -> None:
    with pytest.raises(Forbidden, match="only an administrator"):
        datasets.delete(eve, ORDERS)
    assert regions(eve, mine(eve)) == {"North"}


def test_a_rule_on_a_calculated_column_holds_for_every_dataset_of_the_table(
    orders: Dataset, eve: Viewer
) -> None:
    admin = person(user("root", "admin").id, "admin")
    spec = datasets.get(admin, ORDERS)
    side = ColumnSpec(name="side", expression="substr(region, 1, 1)")
    datasets.save(admin, spec.model_copy(update={"columns": (*spec.columns, side)}))
    orders.rules[0].clause = "side = 'S'"
    db.session.commit()
    assert regions(eve, ORDERS) == {"South"}
    assert regions(eve, mine(eve, columns=(CITY,))) == {"South"}
    lying = (ColumnSpec(name="side", expression="'S'"), CITY)
    assert regions(eve, mine(eve, name="Lying", columns=lying)) == {"South"}
    changed = datasets.get(eve, ORDERS)
    columns = (*(c for c in changed.columns if c.name != "side"), lying[0])
    with pytest.raises(Forbidden):
        datasets.save(eve, changed.model_copy(update={"columns": columns}))


def test_a_guests_rule_whose_dataset_is_gone_shows_nothing(ann: Viewer, opened: Opened) -> None:
    rules = (GuestRule("region = 'North'", uuid4()),)
    who = Viewer(
        kind="guest", name="g", permissions=GUEST, dashboard=opened.uuid, rules=rules
    )  # fmt: skip
    with pytest.raises(NotFound):
        market.reopened(who)


def test_a_database_imported_again_under_its_uuid_is_another_one(ann: Viewer) -> None:
    """Its version counts from one again, and so does its dataset's."""
    kind = settings().data_dir.joinpath("warehouses", "market.sqlite").exists()
    name = "sqlite" if kind else "duckdb"
    seen = regions(ann, ORDERS)
    assert seen == {"North", "South", "East"}
    for table in ("dashboards", "charts", "datasets", "databases"):
        db.session.execute(sa.delete(db.metadatas[None].tables[table]))
    db.session.commit()
    folder = settings().data_dir / "warehouses"
    market.warehouses.dispose()
    (folder / f"market.{name}").unlink()
    (market._fill_sqlite if name == "sqlite" else market._fill_duckdb)(folder / f"other.{name}")
    _empty(folder / f"other.{name}", name)
    text = market.BUNDLE.replace("market.KIND", f"other.{name}").replace("KIND", name)
    bundles.apply(SYSTEM, bundles.parse(text))
    assert regions(ann, ORDERS) == set()


def _empty(path: Any, name: str) -> None:
    if name == "sqlite":
        with market.sqlite3.connect(path) as connection:
            connection.execute("delete from orders")
        connection.close()
        return
    with market.duckdb.connect(str(path)) as duck:
        duck.execute("delete from orders")


def test_only_admins_could_reach_the_same_rows_by_a_second_connection(
    orders: Dataset, eve: Viewer
) -> None:
    """Rules hold per connection; who may make one could read everything anyway."""
    spec: DatasetSpec = datasets.get(eve, ORDERS)
    row = orders.database
    again = sources.database_spec(row).model_copy(update={"uuid": uuid4(), "name": "Again"})
    with pytest.raises(Forbidden):
        databases.save(eve, again)
    text = bundles.export(SYSTEM, ["market"])
    with pytest.raises(AppError):
        bundles.apply(eve, bundles.parse(text))
    assert spec.database == row.uuid
