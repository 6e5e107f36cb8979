"""Signed-in people against each other: queries, files, rights that change meanwhile (L11, Z9, R13, K4, N3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp import permissions
from dashapp.errors import AppError, Forbidden, NotFound, QueryCancelled, TooMany
from dashapp.permissions import GUEST
from dashapp.query import cancelling
from dashapp.services import charts, dashboards, exports
from dashapp.services.asking import query_id
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.services.exports import ExportRequest
from dashapp.specs import FilterValue
from dashapp.specs.bundle import named
from dashapp.viewer import GuestRule, Viewer
from dashapp.web import failures
from models import Chart, Dashboard, DashboardGrant, Dataset, User, db
from tests.attacks.doors import Caller, market_server
from tests.services import market
from tests.services.market import ORDERS, asked_of_warehouses, show
from tests.services.metadata import add, person, rule, user


def guest(opened: Opened, **more: Any) -> Viewer:
    return Viewer(
        kind="guest", name="g", permissions=GUEST, dashboard=opened.uuid, **more
    )  # fmt: skip


# Cancelling


def test_every_viewer_has_names_of_their_own_for_what_a_page_waits_for(opened: Opened) -> None:
    people = [
        person(1), person(2), guest(opened), guest(opened, rules=(GuestRule("1 = 1"),)),
        guest(opened, locked_filters={"region": FilterValue(values=("North",))}),
        replace(person(1), kind="service"),
    ]  # fmt: skip
    names = [query_id(who, page, key) for who in people for page in "ab" for key in ("x", "y")]
    assert len(set(names)) == len(names)
    # A renewed token is the same guest.
    assert query_id(guest(opened), "a", "x") == query_id(guest(opened), "a", "x")


def test_names_cannot_be_put_together(opened: Opened) -> None:
    ann = person(1)
    assert query_id(ann, "a:b", "c") != query_id(ann, "a", "b:c")
    assert query_id(ann, "export", "x") != "export:x"
    assert len(query_id(ann, "p" * 10**6, "k" * 10**6)) == 32


@pytest.mark.parametrize("ann", ["duckdb"], indirect=True)
def test_nobody_cancels_what_another_waits_for(app: Flask, ann: Viewer, opened: Opened) -> None:
    row = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    row.table, row.sql = None, "select a.range as amount from range(1000000) a, range(1000000) b"
    slow = db.session.query(Chart).filter_by(uuid=named("market total")).one()
    metric = {"kind": "sql", "expression": "sum(amount % 7)", "label": "m"}
    slow.options = {"metric": metric}
    db.session.commit()
    found: list[Any] = []

    def ask() -> None:
        with app.app_context():
            mine = dashboards.open(ann, "market")
            found.append(charts.answers(ann, mine, ["total"], Want(page="p"))["total"].error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    name = query_id(ann, "p", "total")
    while not _is_under_way(name):
        assert waiting.is_alive(), found
    for other in (person(99), guest(opened), person(98, "admin")):
        assert not charts.cancel(other, "p", "total")
    assert _is_under_way(name)
    assert charts.cancel(ann, "p", "total")
    waiting.join(30)
    assert [type(e) for e in found] == [QueryCancelled]


def _is_under_way(name: str) -> bool:
    return bool(cancelling._watch.of(name))


# Files


def write(who: Viewer, **more: Any) -> Any:
    request = ExportRequest(dashboard="market", tile="list", **more)
    return exports.write(who, request, lambda share, text: None)


def test_a_file_is_not_given_out_after_the_rights_changed(ann: Viewer, eve: Viewer) -> None:
    made, rows = write(ann), write(ann, what="rows")
    orders = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    exports.open(ann, made.uuid)
    narrower = rule(orders, "region = 'North'", applies_to_all=True)
    for one in (made, rows):
        with pytest.raises(NotFound, match="rights changed"):
            exports.open(ann, one.uuid)
    db.session.delete(narrower)
    db.session.commit()
    exports.open(ann, made.uuid)
    less = replace(ann, permissions=ann.permissions - {"rows.view"})
    exports.open(less, made.uuid)
    with pytest.raises(Forbidden):
        exports.open(less, rows.uuid)
    board = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == "market")).one()
    add(DashboardGrant(dashboard_id=board.id, user_id=eve.user_id, level="view"))
    with pytest.raises(NotFound):
        exports.open(ann, made.uuid)


def test_a_dashboard_that_is_shared_with_others_ends_open_pages(
    ann: Viewer, eve: Viewer, opened: Opened
) -> None:
    board = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == "market")).one()
    add(DashboardGrant(dashboard_id=board.id, user_id=eve.user_id, level="view"))
    with pytest.raises(NotFound):
        dashboards.open(ann, "market")
    assert [d.slug for d in dashboards.listed(ann)] == []
    with pytest.raises(NotFound):
        dashboards.set_favourite(ann, "market", True)
    with pytest.raises(NotFound):
        write(ann)


# Rules and caches


def test_rules_of_the_role_viewer_hold_for_guests(ann: Viewer, opened: Opened) -> None:
    orders = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    rule(orders, "region = 'North'", roles=["viewer"])
    for who in (ann, guest(opened)):
        assert set(market.table(show(who, market.reopened(who), None, "regions")["regions"])) == {
            "North"
        }
    eve = person(user("eva", "editor").id, "editor")
    assert len(market.table(show(eve, market.reopened(eve), None, "regions")["regions"])) == 3


def test_answers_are_not_shared_over_language_zone_and_rules(ann: Viewer, opened: Opened) -> None:
    """K4: warm by one, read by the others, in any order."""
    orders = db.session.scalars(sa.select(Dataset).where(Dataset.uuid == ORDERS)).one()
    ben = person(user("ben").id)
    mine = rule(orders, "amount < 10")
    mine.users = [db.session.get(User, ben.user_id)]
    db.session.commit()
    people = [ann, ben, replace(ann, locale="de"), replace(ann, zone="Asia/Tokyo"), guest(opened)]
    for _ in range(2):
        for who in people:
            found = market.table(show(who, market.reopened(who), None, "total")["total"])
            assert found[None] == (45 if who is ben else 1128)


def test_a_guest_who_refreshes_again_and_again_costs_one_query(ann: Viewer, opened: Opened) -> None:
    who = guest(opened)
    with asked_of_warehouses() as seen:
        for _ in range(5):
            show(who, market.reopened(who), None, "total", force=True)
    assert len(seen) == 1
    with asked_of_warehouses() as seen:
        show(ann, market.reopened(ann), None, "total", force=True)
    assert len(seen) == 1


# Limits and doors


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with market_server(tmp_path_factory.mktemp("people")) as app:
        yield app


def test_too_many_says_when_to_come_again(server: Flask) -> None:
    with server.test_request_context("/"):
        answer = failures.refusal(TooMany("Wait.", retry_after_s=10))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")


@pytest.mark.parametrize(
    ("output", "inputs", "state"),
    [
        ("drawer.is_open", [{"act": "drop", "tile": "total"}], [{}, {"slug": "market", "page": "p"}, None]),
        ("drawer.is_open", [{"act": "sql", "tile": ["total"]}], [{}, {"slug": "market", "page": "p"}, None]),
        ("drawer.is_open", [{"act": "rows", "tile": "total"}], [{}, {"slug": 1, "page": "p"}, None]),
        ("drawer.is_open", [{"act": "rows", "tile": "total"}], [{}, {"slug": "m", "page": "p", "user_id": 2}, None]),
        ("cancelled.data", [{"act": "cancel", "tile": ["total"]}], [{"slug": "market", "page": "p"}]),
        ("data-until", [{"slug": {"$ne": 1}, "page": "p"}], []),
        ("home-list", [{"select": 1}, ""], []), ("home-list", ["", ["tag"]], []),
        ("search-results", [1e300, True], []), ("search-results", ["x", "yes please"], []),
        ("export-done.children", [{"tile": "list", "what": "all", "format": "csv"}], [{}, {"slug": "m", "page": "p"}]),
        ("export-done.children", [{"tile": "list", "what": "data", "format": "exe"}], [{}, {"slug": "m", "page": "p"}]),
    ],
)  # fmt: skip
def test_calls_of_another_shape_are_400(
    server: Flask, output: str, inputs: list[Any], state: list[Any]
) -> None:
    assert Caller.person(server, "anna").post(output, inputs, state).status_code == 400


ROWS: list[dict[str, Any]] = [
    {"startRow": -1}, {"startRow": "0; drop"}, {"endRow": None}, {"startRow": 10**9}, {"startRow": 1e18},
    {"sortModel": [{"colId": "", "sort": "asc"}]}, {"sortModel": [{"colId": "x" * 251, "sort": "asc"}]},
    {"sortModel": {"colId": "x"}}, {"filterModel": {"": {"type": "equals", "filter": "x"}}},
    {"filterModel": {"x" * 251: {"type": "equals", "filter": "x"}}}, {"filterModel": [1]},
    {"filterModel": {"city": {"type": "equals", "filter": {"a": 1}}}}, {"sortModel": [{"colId": "a"}] * 21},
    {"filterModel": {f"c{n}": {"type": "blank"} for n in range(101)}},
]  # fmt: skip


@pytest.mark.parametrize("request_", ROWS, ids=range(len(ROWS)))
@pytest.mark.parametrize("kind", ["rows", "grid"])
def test_pages_of_another_shape_are_400(server: Flask, kind: str, request_: dict[str, Any]) -> None:
    anna = Caller.person(server, "anna")
    assert anna.rows("list", kind, **request_).status_code == 400


@pytest.mark.parametrize(
    "request_",
    [
        {"endRow": 10**15}, {"startRow": 10**7}, {"sortModel": [{"colId": "__class__", "sort": "asc"}]},
        {"sortModel": [{"colId": "amount; drop table orders", "sort": "asc"}]},
        {"filterModel": {"city": {"type": "drop", "filter": "x"}}},
        {"filterModel": {"note": {"type": "contains", "filter": "' or 1=1"}}},
        {"filterModel": {"amount": {"filterType": "number", "type": "inRange", "filter": None}}},
        {"filterModel": {"amount": {"filterType": "number", "type": "equals", "filter": "9" * 400}}},
        {"filterModel": {"city": {"type": "contains", "filter": "\x01"}}},
    ],
)  # fmt: skip
def test_pages_that_make_no_sense_are_empty(server: Flask, request_: dict[str, Any]) -> None:
    anna = Caller.person(server, "anna")
    for kind in ("rows", "grid"):
        answer = anna.rows("list", kind, **request_)
        assert answer.status_code == 200
        assert len(answer.text) < 60_000
    assert anna.rows("list").text.count('"region"') == 48


def test_a_viewer_is_refused_what_the_menu_does_not_offer(server: Flask) -> None:
    anna = Caller.person(server, "anna")
    sql = anna.open("sql", "list").text
    assert "SELECT" not in sql
    assert permissions.PERMISSIONS["sql.view"].description in sql
    assert "SELECT" in Caller.person(server, "eve").open("sql", "list").text


@pytest.mark.parametrize("uuid", ["00000000-0000-0000-0000-000000000000", "x", "..%2f..", "'--"])
def test_files_that_are_not_ones_own_are_not_there(server: Flask, uuid: str) -> None:
    for name in ("anna", "adam"):
        assert Caller.person(server, name).see(f"/exports/{uuid}").status_code == 404


def test_an_error_of_a_service_is_no_page(server: Flask) -> None:
    with server.test_request_context("/dashboards/x"):
        answer = failures.refusal(AppError("<script>alert(1)</script>"))
    assert b"<script>alert(1)" not in answer.data
