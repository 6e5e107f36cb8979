"""Hostile bundles and layouts: refused as a whole, with a sentence per object (U, F, L, I, N2, Z6)."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
import yaml
from flask import Flask

from dashapp.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from dashapp.services import bundles, dashboards, datasets
from dashapp.services.dashboards import Opened
from dashapp.settings import settings
from dashapp.specs.bundle import named
from dashapp.viewer import SYSTEM, Viewer
from models import AuditEvent, Chart, Dashboard, Database, Dataset, RowRule, User, db
from tests.services import market
from tests.services.market import ORDERS, show
from tests.services.metadata import add, person, rule, user

COUNTED = (Database, Dataset, Chart, Dashboard, AuditEvent)


def rows() -> list[int]:
    """How many objects of each kind there are."""
    return [db.session.scalar(sa.select(sa.func.count()).select_from(m)) or 0 for m in COUNTED]


def refused(content: dict[str, Any]) -> str:
    """Why a bundle is not imported; nothing of it is."""
    before = rows()
    text = yaml.dump({"dashapp": 1, **content}, Dumper=yaml.CSafeDumper)
    with pytest.raises(AppError) as caught:
        bundles.apply(SYSTEM, bundles.parse(text))
    db.session.rollback()
    assert rows() == before
    return caught.value.message


URLS = [
    ("sqlite", "sqlite:////etc/passwd"), ("sqlite", "sqlite:///../metadata.db"),
    ("sqlite", "sqlite:///{warehouses}/../secret_key"), ("sqlite", "sqlite://"),
    ("sqlite", "sqlite:///:memory:"), ("sqlite", "sqlite:///file:x?mode=rwc"),
    ("sqlite", "sqlite+pysqlcipher:///market.sqlite"), ("duckdb", "duckdb:////proc/self/environ"),
    ("duckdb", "duckdb:///:memory:"), ("duckdb", "duckdb:///md:x"), ("duckdb", "duckdb:///market.sqlite?x=1"),
    ("postgresql", "postgresql://u:p@127.0.0.1/x"), ("postgresql", "postgresql://u:p@localhost./x"),
    ("postgresql", "postgresql://u:p@[::1]/x"), ("postgresql", "postgresql://u:p@0.0.0.0/x"),
    ("postgresql", "postgresql://u:p@169.254.169.254/x"), ("postgresql", "postgresql://u:p@10.0.0.1/x"),
    ("postgresql", "postgresql://u:p@2130706433/x"), ("postgresql", "postgresql://u:p@0x7f.1/x"),
    ("postgresql", "postgresql://u:p@[::ffff:127.0.0.1]/x"), ("postgresql", "postgresql://a@b@evil/x"),
    ("postgresql", "postgresql:///x?host=/var/run/postgresql"), ("postgresql", "postgresql://h/x?options=-c"),
    ("postgresql", "postgresql://h/x?sslkey=/etc/passwd"), ("postgresql", "postgresql+pg8000://h/x"),
    ("mysql", "mysql://u:p@127.0.0.1/x"), ("mysql", "mysql+pymysql://h/x?local_infile=1"),
    ("mysql", "mysql://h/x?unix_socket=/x"), ("mysql", "mysql://h/x?read_default_file=/etc/passwd"),
    ("postgresql", "sqlite:///market.sqlite"), ("oracle", "oracle://h/x"), ("http", "http://h/x"),
    ("sqlite", "sqlite:///market.sqlite\n"), ("postgresql", "postgresql://h%0d%0a/x"),
    ("postgresql", "postgresql://" + "h" * 3000 + "/x"), ("sqlite", "redis://localhost/0"), ("sqlite", "%%%"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "url"), URLS)
def test_connections_to_where_nothing_should_lead_are_refused(
    unmoved: Flask, kind: str, url: str
) -> None:
    database = {"uuid": "new", "name": "New", "kind": kind, "url": url}
    message = refused({"databases": [database]})
    assert "Traceback" not in message


@pytest.mark.parametrize(
    "options",
    [
        {"creator": "os.system"}, {"poolclass": "x"}, {"module": "os"}, {"connect_args": {}},
        {"execution_options": {"a": 1}}, {"": 1}, {"__class__": 1},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgresql", "mysql"])
def test_options_that_no_form_has_are_refused(
    unmoved: Flask, kind: str, options: dict[str, Any]
) -> None:
    url = "sqlite:///market.sqlite" if kind == "sqlite" else f"{kind}://u:p@example.com/x"
    if kind == "duckdb":
        (settings().data_dir / "warehouses" / "a.duckdb").touch()
        url = "duckdb:///a.duckdb"
    database = {"uuid": "new", "name": "New", "kind": kind, "url": url, "options": options}
    if kind in ("postgresql", "mysql"):
        url = ""  # Where names cannot be resolved, the URL is refused first.
    assert refused({"databases": [database]})


def dataset(**changes: Any) -> dict[str, Any]:
    """A dataset of the market's database."""
    made = {"uuid": "new", "name": "New", "database": "market", "table": "orders", **changes}
    return {"datasets": [{k: v for k, v in made.items() if v is not None}]}


DATASETS: dict[str, dict[str, Any]] = {
    "writes": {"table": None, "sql": "delete from orders"},
    "two statements": {"table": None, "sql": "select 1; drop table orders"},
    "attaches": {"table": None, "sql": "attach 'x' as y"},
    "catalog": {"table": "sqlite_master"},
    "catalog in SQL": {"table": None, "sql": "select * from sqlite_master"},
    "hidden in WITH": {"table": None, "sql": "with d as (delete from orders returning *) select 1"},
    "template": {"table": None, "sql": "select * from {{ 'orders' }}"},
    "function": {"table": None, "sql": "select load_extension('x')"},
    "long": {"table": None, "sql": "select " + "1 + " * 100_000 + "1"},
    "deep": {"table": None, "sql": "select " + "(" * 5000 + "1" + ")" * 5000},
    "no name": {"table": " \x00"},
    "table and SQL": {"sql": "select 1"},
    "neither": {"table": None},
    "column that selects": {"columns": [{"name": "a", "expression": "(select 1)"}]},
    "column that aggregates": {"columns": [{"name": "a", "expression": "sum(amount)"}]},
    "twice": {"columns": [{"name": "a"}, {"name": "a"}]},
    "metric that selects": {
        "metrics": [
            {"name": "m", "definition": {"kind": "sql", "expression": "(select 1)", "label": "m"}}
        ]
    },
    "metric with a window": {
        "metrics": [
            {"name": "m", "definition": {"kind": "sql", "expression": "sum(1) over ()", "label": "m"}}
        ]
    },
    "zone": {"zone": "../../etc/passwd"},
    "other zone": {"zone": "Mars/Base"},
    "time column": {"time_column": "never"},
    "long name": {"columns": [{"name": "a" * 251}]},
    "long label": {"columns": [{"name": "a", "label": "a" * 251}]},
    "long table": {"table": "t" * 251},
    "too many columns": {"columns": [{"name": f"c{n}"} for n in range(5001)]},
    "remote": {"data": "http://evil.example/data.csv"},
    "owner": {"owner": 1},
    "rules": {"rules": [{"clause": "1=1"}]},
}  # fmt: skip


@pytest.mark.parametrize("change", DATASETS.values(), ids=DATASETS)
def test_datasets_that_no_form_takes_are_refused(unmoved: Flask, change: dict[str, Any]) -> None:
    assert refused(dataset(**change))


BAR = {"x": {"column": "region"}, "metrics": ["total"]}
CHARTS: dict[str, dict[str, Any]] = {
    "unknown kind": {"kind": "evil"},
    "dotted kind": {"kind": "os.system"},
    "limit 0": {"options": {**BAR, "limit": 0}},
    "negative limit": {"options": {**BAR, "limit": -1}},
    "huge limit": {"options": {**BAR, "limit": 10**18}},
    "limit of text": {"options": {**BAR, "limit": "10; drop table x"}},
    "other option": {"options": {**BAR, "dangerously_allow_html": True}},
    "raw figure": {"options": {**BAR, "figure": {"data": []}}},
    "many filters": {"options": {**BAR, "filters": [{"column": "a", "op": "is null"}] * 201}},
    "many metrics": {"options": {**BAR, "metrics": ["total"] * 1001}},
    "operator": {"options": {**BAR, "filters": [{"column": "a", "op": "; --", "value": 1}]}},
    "long condition": {"options": {**BAR, "where": [{"expression": "a" * 10_001}]}},
    "colour": {"options": {**BAR, "colors": {"a": "url(javascript:alert(1))"}}},
    "no dataset": {"dataset": "never was"},
    "long name": {"name": "n" * 251},
    "list for options": {"options": [1]},
}


@pytest.mark.parametrize("change", CHARTS.values(), ids=CHARTS)
def test_charts_that_no_form_takes_are_refused(unmoved: Flask, change: dict[str, Any]) -> None:
    chart = {
        "uuid": "new",
        "name": "New",
        "kind": "bar",
        "dataset": "market orders",
        "options": BAR,
    }
    assert refused({"charts": [{**chart, **change}]})


def tiles(count: int, **more: Any) -> dict[str, Any]:
    """A layout of so many tiles, 400 on a tab."""
    keys = [f"t{n}" for n in range(count)]
    tabs = [
        {
            "key": f"tab{at}",
            "items": [
                {"item": "tile", "key": key, "chart": "market total", "y": n}
                for n, key in enumerate(keys[at : at + 400])
            ],
        }
        for at in range(0, count, 400)
    ]
    return {"tabs": tabs, **more}


def nested(depth: int) -> dict[str, Any]:
    """Tabs in tabs in tabs."""
    inner: dict[str, Any] = {"key": "k", "items": []}
    for n in range(depth):
        inner = {"key": f"n{n}", "items": [{"item": "tabs", "key": f"i{n}", "tabs": [inner]}]}
    return {"tabs": [inner]}


ONE = tiles(1)
SELECT = {
    "key": "f",
    "title": "F",
    "kind": "select",
    "dataset": "market orders",
    "column": "region",
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "1,001 tiles": tiles(1001),
    "101 filters": {**ONE, "filters": [{**SELECT, "key": f"f{n}"} for n in range(101)]},
    "deep tabs": nested(40),
    "key twice": {"tabs": [*ONE["tabs"], *ONE["tabs"]]},
    "key with markup": {"tabs": [{"key": "<b>", "items": []}]},
    "key with quotes": {"tabs": [{"key": 'a"]', "items": []}]},
    "unknown chart": {"tabs": [{"key": "t", "items": [{"item": "tile", "key": "a", "chart": "never"}]}]},
    "unknown dataset": {**ONE, "filters": [{**SELECT, "dataset": "never"}]},
    "unknown parent": {**ONE, "filters": [{**SELECT, "parents": ["never"]}]},
    "beyond the grid": {"tabs": [{"key": "t", "items": [{"item": "divider", "key": "a", "x": 11, "w": 2}]}]},
    "far down": {"tabs": [{"key": "t", "items": [{"item": "divider", "key": "a", "y": 10**9}]}]},
    "refresh": {**ONE, "refresh_s": 1},
    "script": {**ONE, "script": "alert(1)"},
    "css": {**ONE, "css": "@import url(//evil)"},
    "format": {**ONE, "format": 99},
    "no tabs": {"tabs": []},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_that_nobody_could_make_are_refused(unmoved: Flask, layout: dict[str, Any]) -> None:
    board = {"uuid": "new", "slug": "new", "title": "New", "layout": layout}
    assert refused({"dashboards": [board]})


@pytest.mark.parametrize(
    "more",
    [
        {"slug": "../x"}, {"slug": "a/b"}, {"slug": "<b>"}, {"slug": ""}, {"slug": "market"},
        {"owner": "root"}, {"grants": []}, {"tags": ["x" * 101]}, {"tags": [""]}, {"embed": {}},
        {"title": ""}, {"tags": [f"t{n}" for n in range(51)]}, {"version": 9},
    ],
)  # fmt: skip
def test_dashboards_that_no_form_takes_are_refused(unmoved: Flask, more: dict[str, Any]) -> None:
    board = {"uuid": "new", "slug": "new", "title": "New", "layout": ONE}
    assert refused({"dashboards": [{**board, **more}]})


def test_an_import_of_what_is_there_changes_neither_owner_nor_grants(eve: Viewer) -> None:
    row = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == "market")).one()
    row.owner_id = eve.user_id
    db.session.commit()
    admin = person(user("root", "admin").id, "admin")
    text = bundles.export(SYSTEM, ["market"]).replace("title: Market", "title: Renamed")
    bundles.apply(admin, bundles.parse(text))
    again = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == "market")).one()
    assert (again.title, again.owner_id) == ("Renamed", eve.user_id)


LIFTS: dict[str, tuple[str, str]] = {
    "another table": ("table: orders", "table: stores"),
    "another schema": ("table: orders", "schema_name: main\n  table: orders"),
    "its column calculated": ("- name: region\n", "- name: region\n    expression: lower(city)\n"),
}


@pytest.mark.parametrize("lift", LIFTS.values(), ids=LIFTS)
def test_no_import_of_everything_changes_what_a_row_rule_means(
    ann: Viewer, lift: tuple[str, str]
) -> None:
    row = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    rule(row, "region = 'North'", applies_to_all=True)
    admin = person(user("root", "admin").id, "admin")
    text = bundles.export(SYSTEM, ["market"])
    assert lift[0] in text
    bundle = bundles.parse(text.replace(*lift, 1))
    for viewer in (SYSTEM, admin):
        for chosen in (None, {ORDERS}):
            with pytest.raises(Invalid, match="Row-level rules lean on it"):
                bundles.apply(viewer, bundle, chosen)
    assert bundles.export(SYSTEM, ["market"]) == text
    told = [c.notes for c in bundles.plan(admin, bundle, {ORDERS}, {ORDERS}) if c.notes]
    assert "row-level rules" in told[0][0]
    bundles.apply(admin, bundle, {ORDERS}, {ORDERS})
    assert bundles.export(SYSTEM, ["market"]) != text


def test_an_import_may_change_the_rest_of_a_dataset_with_rules(ann: Viewer) -> None:
    row = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    rule(row, "region = 'North'", applies_to_all=True)
    text = bundles.export(SYSTEM, ["market"])
    more = text.replace("table: orders", "table: orders\n  description: More", 1)
    bundles.apply(SYSTEM, bundles.parse(more))
    assert "description: More" in bundles.export(SYSTEM, ["market"])


def test_an_import_that_meets_another_one_is_told_so(
    ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes the dashboard's name between our look and our write."""
    bundle = bundles.parse(bundles.export(SYSTEM, ["market"]))
    twin = bundle.dashboards[0].model_copy(update={"uuid": uuid4()})
    monkeypatch.setattr(bundles._Import, "_free", lambda *one: None)
    before = rows()
    with pytest.raises(Conflict, match="Nothing was imported"):
        bundles.apply(SYSTEM, bundle.model_copy(update={"dashboards": (twin,)}))
    assert rows() == before


def test_texts_that_no_database_keeps_are_refused(ann: Viewer) -> None:
    text = bundles.export(SYSTEM, ["market"]).replace("title: Market", 'title: "Mar\\0ket"')
    with pytest.raises(Invalid, match="NUL"):
        bundles.parse(text)


def test_editors_import_nothing_and_export_no_secrets(eve: Viewer) -> None:
    text = bundles.export(eve)
    with pytest.raises(Forbidden):
        bundles.plan(eve, bundles.parse(text))
    for secret in (str(settings().data_dir), "url_encrypted", "password", settings().key):
        assert secret not in text


# Layouts that are saved


def layout_of(*charts: UUID, filters: Any = ()) -> dict[str, Any]:
    items = [{"item": "tile", "key": f"t{n}", "chart": str(c)} for n, c in enumerate(charts)]
    return {"tabs": [{"key": "t", "items": items}], "filters": list(filters)}


@pytest.fixture
def own(eve: Viewer) -> Dashboard:
    """A dashboard of eve's."""
    row: Dashboard = add(
        Dashboard(slug="own", title="Own", owner_id=eve.user_id, layout=layout_of())
    )
    return row


def test_a_saved_layout_names_only_what_is_there(eve: Viewer, own: Dashboard) -> None:
    total = named("market total")
    select = {**SELECT, "dataset": str(ORDERS)}
    for wrong in (
        layout_of(uuid4()), layout_of(total, uuid4()), layout_of(filters=[{**select, "dataset": str(uuid4())}]),
        layout_of(filters=[{**select, "targets": {str(uuid4()): "region"}}]),
    ):  # fmt: skip
        with pytest.raises(Invalid, match="is missing"):
            dashboards.save(eve, "own", 1, wrong)
        db.session.rollback()
    assert dashboards.save(eve, "own", 1, layout_of(total, filters=[select])) == 2


def test_a_tile_whose_chart_was_deleted_does_not_stop_a_save(eve: Viewer, own: Dashboard) -> None:
    chart = add(Chart(name="short-lived", kind="markdown", options={"text": "x"}))
    gone = chart.uuid
    dashboards.save(eve, "own", 1, layout_of(gone))
    db.session.delete(db.session.get(Chart, chart.id))
    db.session.commit()
    found = show(eve, dashboards.open(eve, "own"))
    assert isinstance(found["t0"].error, NotFound)
    assert dashboards.save(eve, "own", 2, layout_of(gone, named("market total"))) == 3


def test_a_dashboard_whose_filter_lost_its_dataset_opens(
    ann: Viewer, eve: Viewer, own: Dashboard
) -> None:
    spec = datasets.get(eve, ORDERS)
    lone = spec.model_copy(update={"uuid": uuid4(), "name": "Lone"})
    datasets.save(eve, lone)
    select = {**SELECT, "dataset": str(lone.uuid), "required": False}
    dashboards.save(eve, "own", published(own), layout_of(named("market total"), filters=[select]))
    datasets.delete(eve, lone.uuid)
    opened = dashboards.open(ann, "own")
    assert show(ann, opened)["t0"].error is None


def test_charts_of_a_hidden_dashboard_show_their_rows_as_the_reader_may_see_them(
    ann: Viewer, eve: Viewer, own: Dashboard, opened: Opened
) -> None:
    """Z6: whoever put the chart there, the reader's rules hold."""
    orders = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    market_rule(orders, "region = 'East'", ann)
    dashboards.save(eve, "own", published(own), layout_of(named("market regions")))
    mine = show(ann, dashboards.open(ann, "own"))["t0"]
    hers = show(eve, dashboards.open(eve, "own"))["t0"]
    assert set(market.table(mine)) == {"East"}
    assert set(market.table(hers)) == {"East", "North", "South"}


def published(row: Dashboard) -> int:
    """The version of a dashboard that everybody may see from now on."""
    row.is_published = True
    db.session.commit()
    return row.version


def market_rule(orders: Dataset, clause: str, viewer: Viewer) -> None:
    who = db.session.get(User, viewer.user_id)
    add(RowRule(name=clause, dataset=orders, clause=clause, users=[who]))
