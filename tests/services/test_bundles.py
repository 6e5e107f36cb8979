"""Bundles: what goes out comes in again, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from flask import Flask

from dashapp.errors import Forbidden, Invalid, NotFound
from dashapp.services import bundles, charts, dashboards, secrets
from dashapp.services.charts import Want
from dashapp.viewer import SYSTEM
from models import (
    AuditEvent,
    Base,
    Chart,
    Dashboard,
    DashboardVersion,
    Database,
    Dataset,
    db,
)
from tests.services import market
from tests.services.metadata import metadata, person, user

HEAD = "dashapp: 1\n"
ORDERS_URL = "sqlite:///{warehouses}/market.sqlite"


@pytest.fixture
def shop(app: Flask) -> Iterator[Flask]:
    market.open_market()
    yield app
    market.forget()


def counts() -> dict[str, int]:
    return {m.__name__: db.session.query(m).count() for m in (Database, Dataset, Chart, Dashboard)}


def emptied() -> None:
    """Drop all objects as a new server would be."""
    db.session.remove()
    Base.metadata.drop_all(db.engine)
    Base.metadata.create_all(db.engine)


def actions(changes: list[bundles.Change]) -> set[str]:
    return {change.action for change in changes}


def content(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_an_export_imported_elsewhere_exports_byte_for_byte_the_same(shop: Flask) -> None:
    first = bundles.export(SYSTEM)
    emptied()
    assert actions(bundles.apply(SYSTEM, bundles.parse(first))) == {"new"}
    assert bundles.export(SYSTEM) == first
    found = market.show(SYSTEM, market.reopened(SYSTEM))
    assert market.table(found["total"]) == {None: sum(range(48))}


def test_importing_again_changes_nothing(shop: Flask) -> None:
    text = bundles.export(SYSTEM)
    versions = db.session.query(DashboardVersion).count()
    assert actions(bundles.apply(SYSTEM, bundles.parse(text))) == {"equal"}
    assert db.session.query(DashboardVersion).count() == versions
    assert bundles.export(SYSTEM) == text


def test_a_hand_written_bundle_equals_its_own_import(shop: Flask) -> None:
    text = market.BUNDLE.replace("KIND", "sqlite")
    assert actions(bundles.apply(SYSTEM, bundles.parse(text))) == {"equal"}


def test_one_dashboard_takes_along_what_it_leans_on_and_no_more(shop: Flask) -> None:
    chart = Chart(name="Alone", kind="markdown", options={"text": "x"})
    db.session.add_all(
        [chart, Dashboard(slug="other", title="Other", layout={"tabs": [{"key": "t"}]})]
    )
    db.session.commit()
    whole, one = content(bundles.export(SYSTEM)), content(bundles.export(SYSTEM, ["market"]))
    assert (len(whole["charts"]), len(whole["dashboards"])) == (8, 2)
    assert (len(one["charts"]), len(one["datasets"]), len(one["databases"])) == (7, 2, 1)
    assert [d["slug"] for d in one["dashboards"]] == ["market"]
    assert "datasets" not in content(bundles.export(SYSTEM, ["other"]))
    with pytest.raises(NotFound, match="nowhere"):
        bundles.export(SYSTEM, ["market", "nowhere"])


def test_a_plan_says_what_would_happen_and_does_nothing(shop: Flask) -> None:
    text = bundles.export(SYSTEM).replace("name: By region", "name: By area")
    text += "- {uuid: fresh, slug: fresh, title: Fresh, layout: {tabs: [{key: t}]}}\n"
    before = counts()
    changes = bundles.plan(SYSTEM, bundles.parse(text))
    done = {(c.kind, c.name): c.action for c in changes if c.action != "equal"}
    assert done == {("chart", "By area"): "changed", ("dashboard", "fresh"): "new"}
    assert counts() == before
    assert db.session.query(Chart).filter_by(name="By area").count() == 0


def test_a_changed_object_gets_a_version_and_an_event(shop: Flask) -> None:
    text = bundles.export(SYSTEM).replace("title: Market", "title: Bazaar")
    changes = bundles.apply(SYSTEM, bundles.parse(text))
    assert [(c.kind, c.action) for c in changes if c.action != "equal"] == [
        ("dashboard", "changed")
    ]
    assert dashboards.open(SYSTEM, "market").title == "Bazaar"
    last = db.session.query(DashboardVersion).order_by(DashboardVersion.number.desc()).first()
    assert last is not None
    assert (last.title, last.number) == ("Bazaar", 2)
    assert db.session.query(AuditEvent).filter_by(action="dashboard.import").count() == 2


REFUSED = {
    "a missing dataset": "charts: [{uuid: c, name: C, kind: markdown, dataset: nowhere}]",
    "a missing chart": "dashboards: [{uuid: d, slug: d, title: D, layout: {tabs: [{key: t, items: "
    "[{item: tile, key: x, chart: nowhere}]}]}}]",
    "a filter over a missing dataset": "dashboards: [{uuid: d, slug: d, title: D, layout: {tabs: "
    "[{key: t}], filters: [{key: f, title: F, kind: select, dataset: nowhere, column: c}]}}]",
    "an unknown kind": "charts: [{uuid: c, name: C, kind: spiral}]",
    "wrong options": "charts: [{uuid: c, name: C, kind: markdown, options: {colour: red}}]",
    "a taken slug": "dashboards: [{uuid: d, slug: market, title: D, layout: {tabs: [{key: t}]}}]",
    "a taken name": f"databases: [{{uuid: d, name: Market, kind: sqlite, url: '{ORDERS_URL}'}}]",
    "an unknown warehouse": "databases: [{uuid: d, name: D, kind: oracle, url: 'oracle://x'}]",
    "a file elsewhere": "databases: [{uuid: d, name: D, kind: sqlite, url: 'sqlite:////etc/passwd'}]",
    "the metadata": "databases: [{uuid: d, name: D, kind: sqlite, url: 'sqlite:///{warehouses}/../metadata.db'}]",
}


@pytest.mark.parametrize("what", REFUSED)
def test_one_refused_object_keeps_out_all(shop: Flask, what: str) -> None:
    text = HEAD + REFUSED[what]
    if "charts:" not in text:
        text += "\ncharts: [{uuid: good, name: Good, kind: markdown, options: {text: x}}]"
    before = counts()
    with pytest.raises(Invalid, match="Nothing was imported") as caught:
        bundles.apply(SYSTEM, bundles.parse(text))
    assert len(caught.value.fields) == 1
    assert counts() == before
    changes = bundles.plan(SYSTEM, bundles.parse(text))
    assert [c.action for c in changes].count("refused") == 1
    assert all(c.problems for c in changes if c.action == "refused")


def test_every_refused_object_is_named(shop: Flask) -> None:
    wrong = [f"{{uuid: c{n}, name: C{n}, kind: spiral}}" for n in range(3)]
    with pytest.raises(Invalid) as caught:
        bundles.apply(SYSTEM, bundles.parse(f"{HEAD}charts: [{', '.join(wrong)}]"))
    assert set(caught.value.fields) == {"chart C0", "chart C1", "chart C2"}


def test_what_leans_on_a_refused_object_is_refused_too(shop: Flask) -> None:
    text = (
        HEAD
        + """
databases: [{uuid: d, name: D, kind: oracle, url: x}]
datasets: [{uuid: s, name: S, database: d, table: t}]
charts: [{uuid: c, name: C, kind: bar, dataset: s, options: {metrics: [x]}}]
"""
    )
    assert actions(bundles.plan(SYSTEM, bundles.parse(text))) == {"refused"}


WRONG_SHAPES = {
    "not a bundle": "hello",
    "a list": "[1, 2]",
    "nothing": "",
    "no version": "charts: []",
    "an unknown version": "dashapp: 2",
    "an unknown key": HEAD + "chart: []",
    "a text for a list": HEAD + "charts: many",
    "a wrong type deep inside": HEAD + "datasets: [{uuid: a, name: A, database: d, table: t, "
    "columns: [{name: x, type: integral}]}]",
    "table and query": HEAD + "datasets: [{uuid: a, name: A, database: d, table: t, sql: select 1}]",
    "an owner": HEAD + "charts: [{uuid: a, name: A, kind: bar, owner_id: 1}]",
    "two alike": HEAD + "charts: [{uuid: a, name: A, kind: bar}, {uuid: a, name: B, kind: bar}]",
    "a bad slug": HEAD + "dashboards: [{uuid: a, slug: '../x', title: A, layout: {tabs: [{key: t}]}}]",
    "keys twice": HEAD + "dashboards: [{uuid: a, slug: a, title: A, layout: {tabs: [{key: t}, {key: t, "
    "items: [{item: divider, key: x}, {item: divider, key: x}]}]}}]",
    "a number for a name": HEAD + "charts: [{uuid: a, name: 5, kind: bar}]",
    "a list for a uuid": HEAD + "charts: [{uuid: [a], name: A, kind: bar}]",
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_SHAPES)
def test_what_is_no_bundle_is_refused_with_a_sentence(what: str) -> None:
    with pytest.raises(Invalid) as caught:
        bundles.parse(WRONG_SHAPES[what])
    assert caught.value.fields
    assert len(caught.value.message) < 1000


def test_all_problems_are_told_by_their_path() -> None:
    text = HEAD + "charts: [{uuid: a, name: ''}, {name: B, kind: 5}]\ndatasets: [{uuid: s}]"
    with pytest.raises(Invalid, match="problems") as caught:
        bundles.parse(text)
    assert {"charts.0.name", "charts.0.kind", "charts.1.uuid", "datasets.0.name"} <= set(
        caught.value.fields
    )


LAUGHS = "\n".join(
    ["a: &a [lol, lol, lol]", *(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi"))]  # noqa: B905
)  # fmt: skip
BOMBS = {
    "billion laughs": (LAUGHS, "aliases"),
    "merged keys": ("a: &a {x: 1}\nb: {<<: *a}", "aliases"),
    "a loop": ("&a [*a]", "aliases"),
    "python objects": ("!!python/object/apply:os.system ['true']", "not YAML"),
    "python names": ("a: !!python/name:os.system", "not YAML"),
    "deep lists": ("[" * 100_000, "nested too deeply"),
    "deep maps": ("{a: " * 10_000, "nested too deeply"),
    "a key twice": ("dashapp: 1\ndashapp: 1", "dashapp is there twice"),
    "a key twice inside": ("dashapp: 1\ncharts: [{uuid: a, uuid: b}]", "uuid is there twice"),
    "a list as a key": ("? [a, b]\n: 1", "not YAML"),
    "two documents": ("dashapp: 1\n---\ndashapp: 1", "not YAML"),
    "half a file": ("charts: [{name: ", "not YAML"),
    "a control character": ("a: \x00", "not YAML"),
    "a huge file": ("a: " + "x" * 21_000_000, "larger than 20 MB"),
    "a huge number": ("dashapp: " + "9" * 5000, "."),
    "an endless time of day": ("dashapp: 1" + ":59" * 300_000, "."),
    "an endless time with a fraction": ("dashapp: 1" + ":59" * 300_000 + ".5", "."),
    "a million values": ("a: [" + "1," * 1_000_001 + "]", "more than can be read"),
    "a yes that is none": ("a: !!bool x", "not YAML"),
    "a time that is none": ("a: !!timestamp x", "not YAML"),
    "an odd date": ("dashapp: 2024-99-99", "not YAML"),
    "binary": ("dashapp: !!binary '§'", "not YAML"),
}


@pytest.mark.parametrize("what", BOMBS)
def test_bombs_do_not_go_off(what: str) -> None:
    text, sentence = BOMBS[what]
    with pytest.raises(Invalid, match=sentence):
        bundles.parse(text)


@pytest.fixture
def hidden(app: Flask) -> str:
    url = "postgresql://ann:s3cr3t-w0rd@93.184.215.14/shop"
    text = f"{HEAD}databases: [{{uuid: pg, name: PG, kind: postgresql, url: '{url}'}}]"
    bundles.apply(SYSTEM, bundles.parse(text))
    return url


def stored() -> str:
    row = db.session.query(Database).filter_by(name="PG").one()
    return secrets.reveal(row, "url_encrypted")


def test_passwords_never_travel_and_are_kept_where_they_are_known(hidden: str) -> None:
    before = stored()
    assert "s3cr3t-w0rd" in before
    text = bundles.export(SYSTEM)
    assert "s3cr3t" not in text
    assert "***" in text
    assert actions(bundles.apply(SYSTEM, bundles.parse(text))) == {"equal"}
    bundles.apply(SYSTEM, bundles.parse(text.replace("/shop", "/store")))
    assert stored() == before.replace("/shop", "/store")


def test_a_mask_is_no_password_on_another_server(hidden: str) -> None:
    text = bundles.export(SYSTEM)
    emptied()
    with pytest.raises(Invalid, match="[Pp]assword"):
        bundles.apply(SYSTEM, bundles.parse(text))


def test_a_known_password_is_not_sent_to_another_host(hidden: str) -> None:
    text = bundles.export(SYSTEM).replace("93.184.215.14", "93.184.215.15")
    with pytest.raises(Invalid, match="[Pp]assword"):
        bundles.apply(SYSTEM, bundles.parse(text))
    assert "93.184.215.15" not in stored()


def test_only_who_may_imports_and_exports(shop: Flask) -> None:
    bundle = bundles.parse(HEAD)
    viewer = person(user("ann").id)
    editor = person(user("eve", "editor").id, "editor")
    for who in (viewer, editor):
        for verb in (bundles.plan, bundles.apply):
            with pytest.raises(Forbidden):
                verb(who, bundle)
    with pytest.raises(Forbidden):
        bundles.export(viewer)
    assert "slug: market" in bundles.export(editor)


def test_an_editor_exports_only_what_they_see(shop: Flask) -> None:
    db.session.query(Dashboard).update({"is_published": False})
    db.session.commit()
    editor = person(user("eve", "editor").id, "editor")
    assert "slug: market" not in bundles.export(editor)
    with pytest.raises(NotFound):
        bundles.export(editor, ["market"])


def test_who_imports_owns_what_is_new_only(shop: Flask) -> None:
    admin = person(user("root", "admin").id, "admin")
    text = bundles.export(SYSTEM).replace("title: Market", "title: Bazaar")
    text += "- {uuid: fresh, slug: fresh, title: Fresh, layout: {tabs: [{key: t}]}}\n"
    owner = user("owner").id
    db.session.query(Dashboard).filter_by(slug="market").update({"owner_id": owner})
    db.session.commit()
    bundles.apply(admin, bundles.parse(text))
    owners = dict(db.session.query(Dashboard.slug, Dashboard.owner_id).all())
    assert owners == {"market": owner, "fresh": admin.user_id}


def test_bundles_travel_between_databases_of_metadata(shop: Flask, postgres_url: str) -> None:
    text = bundles.export(SYSTEM)
    with metadata(postgres_url):
        bundles.apply(SYSTEM, bundles.parse(text))
        assert bundles.export(SYSTEM) == text
        assert actions(bundles.apply(SYSTEM, bundles.parse(text))) == {"equal"}
        opened = dashboards.open(SYSTEM, "market")
        assert not charts.answers(SYSTEM, opened, ["total"], Want())["total"].error
