"""Versions of data as people meet them: on a dashboard, from a program, in a bundle."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from callbacks.dashboard import Ask
from dashapp import cache, warehouses
from dashapp.errors import Forbidden, Invalid, NotFound
from dashapp.permissions import GUEST
from dashapp.query import versions
from dashapp.services import bundles, charts, datasets, doctor, gathering, rules, sources
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.settings import settings
from dashapp.specs import DatasetSpec
from dashapp.viewer import SYSTEM, GuestRule, Viewer
from models import AuditEvent, Dataset, db
from tests.services import market
from tests.services.market import ORDERS, STORES, show, table
from tests.services.metadata import person, user

FILE = "market.sqlite"
KEY = "SELECT max(amount) FROM orders"


@pytest.fixture
def ann(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Viewer]:
    monkeypatch.setattr(versions, "FRESH_S", 0.0)
    market.open_market()
    yield person(user("ann").id)
    market.forget()


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    return market.reopened(ann)


@pytest.fixture
def editor(ann: Viewer) -> Viewer:
    return person(user("eve").id, "editor")


def change(sql: str = "UPDATE orders SET amount = amount + 1") -> None:
    with closing(sqlite3.connect(settings().data_dir / "warehouses" / FILE)) as file, file:
        file.execute(sql)


def orders() -> DatasetSpec:
    return datasets.get(SYSTEM, ORDERS)


def keyed(viewer: Viewer, sql: str | None) -> None:
    datasets.save(viewer, orders().model_copy(update={"refresh_key": sql}))


def owned_by(viewer: Viewer) -> None:
    """Make somebody the owner of all datasets."""
    db.session.execute(sa.update(Dataset).values(owner_id=viewer.user_id))
    db.session.commit()


def test_a_picture_of_older_data_is_no_longer_right(ann: Viewer, opened: Opened) -> None:
    shown = {key: a.shown for key, a in show(ann, opened).items()}
    assert charts.answers(ann, opened, list(shown), Want(), shown) == {}
    change()
    found = charts.answers(ann, opened, list(shown), Want(), shown)
    assert set(found) == set(shown) - {"text"}
    assert table(found["total"]) == {None: sum(range(48)) + 48.0}


def test_groups_of_one_action_that_ask_while_data_changes_show_one_version(
    app: Flask, ann: Viewer, opened: Opened
) -> None:
    keys = ["total", "regions", "products", "days"]

    def group(key: str) -> charts.Answer:
        with app.app_context():
            change()
            found = show(ann, opened, None, key, page="p", action="a1")[key]
            change()
            return found

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(group, keys))
    assert all(a.error is None for a in found)
    assert len({a.version for a in found}) == 1


def test_tiles_that_come_with_the_page_and_those_asked_first_are_of_one_version(
    ann: Viewer, opened: Opened
) -> None:
    first = show(ann, opened)
    opening = Want(page="p", action="open")
    known = charts.known(ann, opened, ["total"], opening)
    change()
    asked = charts.answers(ann, opened, ["regions"], opening)["regions"]
    assert asked.version == known["total"].version == first["total"].version
    assert charts.answers(ann, opened, ["regions"], Want())["regions"].version != asked.version


def test_an_action_is_of_one_viewer_and_one_page(ann: Viewer, opened: Opened) -> None:
    mine = show(ann, opened, None, "total", page="p", action="a")["total"].version
    change()
    bob = person(user("bob").id)
    assert show(ann, opened, None, "total", page="p", action="a")["total"].version == mine
    for viewer, page in ((bob, "p"), (ann, "q")):
        other = show(viewer, opened, None, "total", page=page, action="a")["total"].version
        assert other != mine


@pytest.mark.parametrize("name", ["", "A", "here:1", "x" * 33, "a b", "\n", 5, ["a"]])
def test_odd_names_of_actions_are_refused(name: object) -> None:
    with pytest.raises(ValueError, match="action"):
        Ask.model_validate({"seq": 1, "tiles": [], "action": name})


def test_refreshing_finds_the_newest_version(ann: Viewer, opened: Opened) -> None:
    before = show(ann, opened, None, "total", page="p", action="a")["total"]
    change()
    after = show(ann, opened, None, "total", page="p", action="b", force=True)["total"]
    assert after.version != before.version
    assert table(after) == {None: sum(range(48)) + 48.0}


def test_guests_see_new_versions_within_their_rules(ann: Viewer, opened: Opened) -> None:
    rule = GuestRule(dataset=ORDERS, clause="city = 'North 0'")
    guest = Viewer(kind="guest", name="g", permissions=GUEST, dashboard=opened.uuid, rules=(rule,))
    at_first = market.reopened(guest)
    before = show(guest, at_first, None, "regions", page="p", action="a")["regions"]
    everybody = show(ann, opened, None, "regions")["regions"]
    assert before.version == everybody.version
    change("INSERT INTO orders SELECT * FROM orders")
    after = show(guest, at_first, None, "regions", page="p", action="b", force=True)["regions"]
    assert after.version != before.version
    assert table(after) == {name: 2 * total for name, total in table(before).items()}
    assert set(table(after)) == {"North"}


def test_invalidating_asks_again_and_is_no_save(
    ann: Viewer, opened: Opened, editor: Viewer
) -> None:
    before = show(ann, opened)
    spec = orders()
    assert datasets.invalidate(editor, ORDERS) == 1
    assert datasets.invalidate(editor, ORDERS) == 2
    after = show(ann, market.reopened(ann))
    assert after["total"].version != before["total"].version
    assert after["total"].shown != before["total"].shown
    assert after["stores"].version == before["stores"].version
    again = orders()
    assert (again.data_version, again.version) == (2, spec.version)
    assert again.invalidated_at is not None
    datasets.save(SYSTEM, spec)  # Who had it open may still save it, and undoes nothing.
    assert orders().data_version == 2
    events = [e.action for e in db.session.scalars(sa.select(AuditEvent))]
    assert events.count("dataset.invalidate") == 2


def test_who_may_not_edit_datasets_may_not_invalidate(ann: Viewer) -> None:
    with pytest.raises(Forbidden):
        datasets.invalidate(ann, ORDERS)
    assert orders().data_version == 0


def test_datasets_are_named_by_name_or_uuid(ann: Viewer) -> None:
    assert datasets.named(SYSTEM, "Orders") == datasets.named(SYSTEM, str(ORDERS)) == ORDERS
    with pytest.raises(NotFound):
        datasets.named(SYSTEM, "None")
    db.session.execute(sa.update(Dataset).values(name="Same"))
    with pytest.raises(Invalid, match=str(STORES)):
        datasets.named(SYSTEM, "Same")


def test_a_refresh_key_is_checked_like_every_query(ann: Viewer) -> None:
    for sql in ("", "DELETE FROM orders", "SELECT 1; SELECT 2", "SELECT * FROM sqlite_master"):
        with pytest.raises(Invalid):
            keyed(SYSTEM, sql)
    keyed(SYSTEM, KEY)
    assert orders().refresh_key == KEY


def test_refresh_keys_travel_in_bundles_and_counts_do_not(ann: Viewer) -> None:
    keyed(SYSTEM, KEY)
    datasets.invalidate(SYSTEM, ORDERS)
    text = gathering.export(SYSTEM, [], datasets=[ORDERS])
    assert KEY in text
    assert "data_version" not in text
    assert "invalidated_at" not in text
    assert {c.action for c in bundles.plan(SYSTEM, bundles.parse(text))} == {"equal"}
    keyed(SYSTEM, None)
    assert "changed" in {c.action for c in bundles.apply(SYSTEM, bundles.parse(text))}
    assert (orders().refresh_key, orders().data_version) == (KEY, 1)


def test_a_refresh_key_that_reads_guarded_tables_takes_the_right_to_manage_rules(
    ann: Viewer, editor: Viewer
) -> None:
    owned_by(editor)
    change("CREATE VIEW seen AS SELECT amount AS a FROM orders")
    keyed(editor, KEY)
    keyed(editor, None)
    rules.save(
        SYSTEM,
        rules.RuleInput(name="r", dataset=ORDERS, clause="region = 'EU'", applies_to_all=True),
    )
    stores = datasets.get(editor, STORES)
    for sql in (KEY, "SELECT max(a) FROM seen", 'SELECT count(*) FROM "ORDERS"'):
        with pytest.raises(Forbidden, match="refresh key"):
            datasets.save(editor, stores.model_copy(update={"refresh_key": sql}))
    datasets.save(editor, stores.model_copy(update={"refresh_key": "SELECT count(*) FROM stores"}))
    keyed(SYSTEM, KEY)
    datasets.save(editor, orders().model_copy(update={"description": "who changes no key may"}))
    assert orders().refresh_key == KEY


def test_the_doctor_tells_of_a_refresh_key_that_fails(ann: Viewer) -> None:
    keyed(SYSTEM, "SELECT amount FROM orders")
    found = {f.what: f for f in doctor.examine(SYSTEM)}["Refresh key of Orders"]
    assert (found.is_well, "one value" in found.sentence) == (False, True)
    keyed(SYSTEM, KEY)
    assert {f.what: f for f in doctor.examine(SYSTEM)}["Refresh key of Orders"].is_well


def test_row_rules_and_a_change_do_not_mix(ann: Viewer, opened: Opened) -> None:
    keyed(SYSTEM, KEY)
    rules.save(
        SYSTEM,
        rules.RuleInput(name="r", dataset=ORDERS, clause="city = 'North 0'", roles=("viewer",)),
    )
    admin = person(user("adam", "admin").id, "admin")
    narrow, wide = (show(v, market.reopened(v), None, "regions")["regions"] for v in (ann, admin))
    assert narrow.version == wide.version
    assert set(table(narrow)) == {"North"}
    assert set(table(wide)) == {"North", "South", "East"}


def test_the_version_costs_no_metadata_statement(
    ann: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources.load(ann, [ORDERS])[ORDERS]
    db.session.rollback()
    with monkeypatch.context() as patch:
        patch.setattr(db.session, "execute", None)
        patch.setattr(db.session, "scalar", None)
        versions.version_of(source, "a", force=True)


def test_a_file_is_looked_at_once_a_second_whatever_is_asked(
    ann: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "FRESH_S", 60.0)
    versions.forget()
    seen: list[str] = []
    kind = warehouses.warehouse("sqlite")
    marker = kind.marker
    monkeypatch.setattr(
        kind, "marker", lambda self, *about: seen.append("x") or marker(self, *about)
    )
    for n in range(5):
        show(ann, opened, page="p", action=f"a{n}")
    assert len(seen) <= 2  # Per dataset.
    cache.reset()


def test_opened_dashboards_know_a_new_count(ann: Viewer, opened: Opened) -> None:
    datasets.invalidate(SYSTEM, ORDERS)
    assert market.reopened(ann).sources[ORDERS].dataset.data_version == 1
    assert replace(opened, title="x").sources[ORDERS].dataset.data_version == 0
