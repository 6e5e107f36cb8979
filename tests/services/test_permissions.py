"""Who may do and see what."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp.errors import Forbidden, NotFound
from dashapp.permissions import (
    GUEST,
    PERMISSIONS,
    found,
    granted,
    may_edit,
    may_see,
    require,
    require_edit,
    visible_charts,
    visible_dashboards,
    visible_datasets,
)
from dashapp.viewer import SYSTEM, Viewer
from models import Chart, Dashboard, DashboardGrant, Dataset, Group, db
from tests.services.metadata import (
    add,
    chart,
    dashboard,
    database,
    dataset,
    layout,
    person,
    user,
)

# The rights of each role: a change here is a change of what people may do.
RIGHTS = {
    "viewer": {"dashboard.view", "rows.view", "export.run"},
    "editor": {
        "dashboard.view", "dashboard.edit", "chart.edit", "dataset.edit", "sql.view", "rows.view",
        "export.run", "bundle.export",
    },
    "admin": set(PERMISSIONS),
}  # fmt: skip


@pytest.mark.parametrize("role", RIGHTS)
def test_roles_have_the_rights_written_down_here(role: Any) -> None:
    assert granted(role) == RIGHTS[role]


def test_missing_right_is_a_sentence_and_unknown_one_a_bug() -> None:
    require(person(role="admin"), "user.manage")
    with pytest.raises(Forbidden, match="You may not manage people"):
        require(person(), "user.manage")
    with pytest.raises(KeyError):
        require(SYSTEM, "no.such")


def guest(row: Dashboard | None) -> Viewer:
    uuid = row.uuid if row is not None else None
    return Viewer(kind="guest", name="guest", permissions=GUEST, dashboard=uuid)


@pytest.fixture
def people(app: Flask) -> list[Viewer]:
    """Every sort of viewer."""
    for name in ("ann", "bob", "eve"):
        user(name)
    add(Group(name="EU"))
    return [
        person(1), person(1, "editor"), person(2), person(2, "editor"), person(3, groups=(1,)),
        person(3, "editor", groups=(1,)), person(9, "admin"), SYSTEM, guest(None),
        Viewer(kind="service", name="portal", user_id=4, role="viewer"),
    ]  # fmt: skip


def every_dashboard() -> list[Dashboard]:
    """All combinations of owner, publication and grants."""
    grants: list[list[dict[str, Any]]] = [
        [], [{"user_id": 2}], [{"user_id": 2, "level": "edit"}], [{"group_id": 1}],
        [{"group_id": 1, "level": "edit"}, {"user_id": 1}],
    ]  # fmt: skip
    return [
        dashboard(f"d{n}", owner_id=owner, is_published=published,
                  grants=[DashboardGrant(**g) for g in given])
        for n, (owner, published, given) in enumerate(
            itertools.product((None, 1), (False, True), grants)
        )
    ]  # fmt: skip


def test_list_of_dashboards_and_rule_of_one_agree(people: list[Viewer]) -> None:
    rows = every_dashboard()
    for viewer in [*people, guest(rows[0])]:
        listed = set(db.session.scalars(visible_dashboards(viewer)))
        assert listed == {row for row in rows if may_see(viewer, row)}, viewer
        assert {row for row in rows if may_edit(viewer, row)} <= listed


def test_published_is_for_all_until_it_is_shared_with_some(people: list[Viewer]) -> None:
    ann, bob, member = person(1), person(2), person(3, groups=(1,))
    row = dashboard("d", owner_id=1)
    assert [may_see(v, row) for v in (ann, bob, member)] == [True, False, False]
    row.is_published = True
    assert [may_see(v, row) for v in (ann, bob, member)] == [True, True, True]
    row.grants = [DashboardGrant(group_id=1)]
    assert [may_see(v, row) for v in (ann, bob, member)] == [True, False, True]


def test_owners_and_grantees_edit_within_their_role(people: list[Viewer]) -> None:
    row = dashboard("d", owner_id=1, grants=[DashboardGrant(user_id=2, level="edit")])
    editors = [person(1, "editor"), person(2, "editor"), person(9, "admin"), SYSTEM]
    assert all(may_edit(v, row) for v in editors)
    for viewer in (person(1), person(2), person(3, "editor"), guest(row)):
        with pytest.raises(Forbidden):
            require_edit(viewer, row)


def test_guest_sees_exactly_their_dashboard(people: list[Viewer]) -> None:
    orders, other = dataset(database()), dataset(database("b"), "other")
    mine = dashboard("mine", chart(orders))
    dashboard("other", chart(other), is_published=True)
    viewer = guest(mine)
    assert list(db.session.scalars(visible_dashboards(viewer))) == [mine]
    assert list(db.session.scalars(visible_charts(viewer))) == list(mine.charts)
    assert list(db.session.scalars(visible_datasets(viewer))) == [orders]


def test_datasets_are_visible_through_charts_and_filters(people: list[Viewer]) -> None:
    shop = database()
    charted, filtered, hidden = (dataset(shop, name) for name in ("a", "b", "c"))
    dashboard("d", chart(charted), filters=(filtered.uuid,), is_published=True)
    dashboard("draft", chart(hidden))
    names = visible_datasets(person(2)).with_only_columns(Dataset.name).order_by(Dataset.name)
    assert list(db.session.scalars(names)) == ["a", "b"]
    assert len(list(db.session.scalars(visible_datasets(person(2, "editor"))))) == 3


def test_chart_taken_off_a_dashboard_is_seen_no_more(people: list[Viewer]) -> None:
    one, other = chart(), chart()
    row = dashboard("d", one, other, is_published=True)
    row.layout = layout(other.uuid)
    db.session.commit()
    assert list(db.session.scalars(visible_charts(person(2)))) == [other]


def test_key_without_scopes_sees_nothing_even_an_admins(people: list[Viewer]) -> None:
    dashboard("d", chart(dataset(database())), is_published=True)
    viewer = Viewer(kind="user", name="ci", user_id=9, role="admin")
    for query in (visible_dashboards(viewer), visible_charts(viewer), visible_datasets(viewer)):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) == 0


def test_only_owners_and_admins_change_charts_and_datasets(people: list[Viewer]) -> None:
    rows: list[Chart | Dataset] = [chart(owner_id=1), dataset(database(), owner_id=1)]
    for row in rows:
        assert may_edit(person(1, "editor"), row)
        assert may_edit(person(9, "admin"), row)
        assert not may_edit(person(2, "editor"), row)
        assert not may_edit(person(1, "viewer"), row)


def test_missing_and_hidden_read_the_same() -> None:
    assert found(5) == 5
    with pytest.raises(NotFound, match="no such dashboard, or you may not see it"):
        found(None, "dashboard")
