"""Tiles answered together: each once, none disturbed by another, guests within their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from dashapp.charts.categories import Bar
from dashapp.errors import Forbidden, Invalid, NotFound, QueryFailed, WarehouseDown
from dashapp.permissions import GUEST
from dashapp.services import charts, filters, querylog
from dashapp.services.charts import RowsPage, Want
from dashapp.services.dashboards import Opened
from dashapp.specs import Filter, FilterState, FilterValue, Order
from dashapp.viewer import GuestRule, Viewer
from dashapp.warehouses.base import Warehouse
from models import Chart, QueryLog, db
from tests.services import market
from tests.services.market import asked_of_warehouses, click, show, state, table
from tests.services.metadata import person, user

NORTH = sum(range(0, 48, 3))


@pytest.fixture
def ann(app: Flask) -> Iterator[Viewer]:
    market.open_market()
    yield person(user("ann").id)
    market.forget()


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    return market.reopened(ann)


def options_of(name: str, **options: Any) -> None:
    """Change a chart as an editor would."""
    row = db.session.query(Chart).filter_by(name=name).one()
    row.options = {**row.options, **options}
    db.session.commit()


def test_tiles_whose_picture_is_still_right_are_not_answered(ann: Viewer, opened: Opened) -> None:
    first = show(ann, opened)
    shown = {key: a.shown for key, a in first.items()}
    keys = list(first)
    assert charts.answers(ann, opened, keys, Want(), shown) == {}
    # The tile that was clicked is not narrowed by its own click.
    clicked = Want(state=state([click("regions", "region", "North")]))
    assert "regions" not in charts.answers(ann, opened, keys, clicked, shown)
    city = Want(state=state(city=["North 0"]))
    assert set(charts.answers(ann, opened, keys, city, shown)) == set(keys) - {"stores", "text"}


def test_while_the_database_is_down_the_last_good_answer_is_shown_with_the_error(
    ann: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = show(ann, opened)["regions"]

    def down(*_: Any, **__: Any) -> None:
        raise WarehouseDown("The database cannot be reached.")

    monkeypatch.setattr(Warehouse, "fetch", down)
    late = charts.answers(ann, opened, ["regions"], Want(force=True))["regions"]
    assert (late.drawing, late.as_of) == (good.drawing, good.as_of)
    assert isinstance(late.error, WarehouseDown)
    assert late.shown == ""  # Asked again with the next change.
    never = Want(state=state(city=["North 0"]))
    unknown = charts.answers(ann, opened, ["regions"], never)["regions"]
    assert unknown.drawing is None


def test_a_changed_chart_is_another_picture(ann: Viewer, opened: Opened) -> None:
    shown = {"regions": show(ann, opened, None, "regions")["regions"].shown}
    options_of("By region", subtitle="New")
    again = market.reopened(ann)
    assert set(charts.answers(ann, again, ["regions"], Want(), shown)) == {"regions"}


def test_refreshing_asks_again_though_nothing_changed(ann: Viewer, opened: Opened) -> None:
    shown = {"total": show(ann, opened, None, "total")["total"].shown}
    with asked_of_warehouses() as seen:
        found = charts.answers(ann, opened, ["total"], Want(force=True), shown)
    assert len(seen) == 1
    assert found["total"].results["main"].rung == "warehouse"
    with asked_of_warehouses() as seen:
        charts.answers(ann, opened, ["total"], Want(max_age_s=3600), shown)
    assert seen == []


def test_equal_queries_of_several_tiles_run_once(ann: Viewer, opened: Opened) -> None:
    layout = opened.layout.model_dump(mode="json")
    tile = layout["tabs"][0]["items"][1]
    layout["tabs"][0]["items"] += [tile | {"key": f"copy{n}"} for n in range(5)]
    copies = replace(opened, layout=type(opened.layout).model_validate(layout))
    show(ann, opened)
    with asked_of_warehouses() as alone:
        show(ann, opened, force=True)
    with asked_of_warehouses() as seen:
        found = show(ann, copies, force=True)
    assert len(found) == 12
    assert len(set(seen)) == len(seen)
    assert sorted(seen) == sorted(alone)
    assert table(found["copy4"]) == table(found["regions"])


def test_a_second_viewer_with_equal_rights_costs_no_query(ann: Viewer, opened: Opened) -> None:
    show(ann, opened)
    ben = person(user("ben").id)
    with asked_of_warehouses() as seen:
        found = show(ben, market.reopened(ben))
        known = charts.known(ben, market.reopened(ben), list(found), Want())
    assert seen == []
    assert set(known) == set(found)


def test_what_is_not_known_is_not_asked_for_a_page(ann: Viewer, opened: Opened) -> None:
    show(ann, opened, None, "total")
    with asked_of_warehouses() as seen:
        assert set(charts.known(ann, opened, ["total", "regions", "text"], Want())) == {
            "total", "text",
        }  # fmt: skip
    assert seen == []


def test_a_tile_that_fails_does_not_disturb_the_others(ann: Viewer, opened: Opened) -> None:
    options_of("By region", x={"column": "gone"})
    options_of("By product", no_such_option=1)
    editor = person(user("eve", "editor").id, "editor")
    found = show(editor, market.reopened(editor))
    assert isinstance(found["regions"].error, Invalid)
    assert "gone" in found["regions"].error.message
    assert "no_such_option" in str(found["products"].error)
    assert table(found["total"]) == {None: sum(range(48))}
    assert [k for k, a in found.items() if a.error] == ["products", "regions"] or [
        k for k, a in found.items() if a.error
    ] == ["regions", "products"]


def test_a_chart_that_is_gone_says_so_in_its_tile(ann: Viewer, opened: Opened) -> None:
    gone = replace(opened, charts={u: c for u, c in opened.charts.items() if c.kind != "pie"})
    found = show(ann, gone)
    assert isinstance(found["products"].error, NotFound)
    assert [k for k, a in found.items() if a.error] == ["products"]


def test_a_bug_in_one_kind_does_not_disturb_the_others(
    ann: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Bar, "figure", broken)
    found = show(ann, opened)
    error = found["regions"].error
    assert error is not None
    assert "secret" not in error.message
    assert table(found["total"]) == {None: sum(range(48))}


def test_a_broken_warehouse_is_a_sentence_per_tile(ann: Viewer, opened: Opened) -> None:
    market.forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Warehouse, "fetch",
            lambda *a, **k: (_ for _ in ()).throw(QueryFailed("The disk is gone.", sql="select 1")),
        )  # fmt: skip
        found = show(ann, opened)
    assert {str(a.error) for k, a in found.items() if k != "text"} == {"The disk is gone."}
    assert found["text"].error is None
    querylog.flush()
    lines = db.session.query(QueryLog).filter(QueryLog.error.is_not(None)).all()
    assert len(lines) == 6
    assert {(line.error, line.sql) for line in lines} == {("The disk is gone.", "select 1")}
    # Who tries again gets the answer.
    assert table(show(ann, opened, None, "total", force=True)["total"]) == {None: sum(range(48))}


def test_the_query_log_has_what_reached_a_warehouse_and_nothing_else(
    ann: Viewer, opened: Opened
) -> None:
    show(ann, opened)
    show(ann, opened)
    querylog.flush()
    lines = db.session.query(QueryLog).all()
    assert len(lines) == 6
    assert {(line.user_id, line.rung, line.dashboard_uuid) for line in lines} == {
        (ann.user_id, "warehouse", opened.uuid)
    }
    assert all(line.sql and line.chart_uuid and line.dataset_uuid for line in lines)


def test_underlying_rows_come_in_pages_sorted_and_narrowed(ann: Viewer, opened: Opened) -> None:
    want = Want(state=state(region=["North"]))
    page = RowsPage(
        start=2, size=3, order=(Order(by="amount", descending=True),),
        filters=(Filter(column="city", op="=", value="North 0"),),
    )  # fmt: skip
    rows = charts.page_of(ann, opened, "regions", want, "rows", page).table.to_pylist()
    assert [row["amount"] for row in rows] == [30, 24, 18]
    assert list(rows[0]) == ["day", "region", "city", "product", "amount", "note"]


def test_pages_of_a_table_know_its_columns_only(ann: Viewer, opened: Opened) -> None:
    def page(**more: Any) -> list[Any]:
        found = charts.page_of(ann, opened, "list", Want(), "data", RowsPage(size=2, **more))
        return found.table.column("amount").to_pylist()

    assert page(order=(Order(by="amount", descending=True),)) == [47, 46]
    assert page(filters=(Filter(column="amount", op=">", value=40),), start=5) == [46, 47]
    # What is not shown can neither be searched nor sorted by: its order would tell of it.
    for hidden in ({"filters": (Filter(column="note", op="=", value="note 1"),)},
                   {"order": (Order(by="note"),)}):  # fmt: skip
        with pytest.raises(Invalid):
            page(**hidden)


def test_rows_and_sql_are_rights_of_their_own(ann: Viewer, opened: Opened) -> None:
    with pytest.raises(Forbidden):
        charts.statements(ann, opened, "total", Want())
    less = replace(ann, permissions=ann.permissions - {"rows.view"})
    with pytest.raises(Forbidden):
        charts.page_of(less, opened, "total", Want(), "rows", RowsPage())
    editor = person(user("eve", "editor").id, "editor")
    [(name, result)] = charts.statements(
        editor, opened, "total", Want(state=state(region=["East"]))
    )
    assert name == "main"
    assert "'East'" in result.sql
    with pytest.raises(Invalid, match="no data"):
        charts.page_of(ann, opened, "text", Want(), "rows", RowsPage())


def guest(opened: Opened, **more: Any) -> Viewer:
    return Viewer(
        kind="guest", name="guest", permissions=GUEST, dashboard=opened.uuid, **more
    )  # fmt: skip


def test_locked_filters_of_a_guest_cannot_be_changed(ann: Viewer, opened: Opened) -> None:
    who = guest(opened, locked_filters={"region": FilterValue(values=("North",))})
    for tried in (None, state(region=["East"]), state(region=["East", "North", "South"])):
        assert table(show(who, opened, tried, "total")["total"]) == {None: NORTH}
    emptied = FilterState.model_validate({"values": {"region": {}}})
    assert table(show(who, opened, emptied, "total")["total"]) == {None: NORTH}


def test_guests_may_click_on_declared_columns_only(ann: Viewer, opened: Opened) -> None:
    who = guest(opened)
    found = show(who, opened, state([click("regions", "region", "North")]), "total")
    assert table(found["total"]) == {None: NORTH}
    for made in (click("list", "note", "note 1"), click("days", "day", "2024-01-01", grain="day")):
        with pytest.raises(Invalid, match="declared filters"):
            show(who, opened, state([made]))


def test_rules_of_a_guests_token_narrow_every_tile(ann: Viewer, opened: Opened) -> None:
    show(ann, opened)
    who = guest(opened, rules=(GuestRule("region = 'North'"),))
    found = show(who, market.reopened(who))
    assert table(found["total"]) == {None: NORTH}
    assert table(found["stores"]) == {"North": 1}


def test_guests_have_neither_rows_nor_sql_nor_exports(ann: Viewer, opened: Opened) -> None:
    who = guest(opened)
    with pytest.raises(Forbidden):
        charts.page_of(who, opened, "total", Want(), "rows", RowsPage())
    with pytest.raises(Forbidden):
        charts.statements(who, opened, "total", Want())
    with pytest.raises(Forbidden):
        charts.asked(who, opened, "total", Want(), "data")


def test_who_waits_for_a_warehouse_holds_no_metadata_connection(
    ann: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    steps: list[int] = []
    fetch, pool = Warehouse.fetch, db.engine.pool

    def noting(self: Warehouse, *asked: Any, **how: Any) -> Any:
        held.append(pool.checkedout())  # type: ignore[attr-defined]
        return fetch(self, *asked, **how)

    monkeypatch.setattr(Warehouse, "fetch", noting)
    reopened = market.reopened(ann)
    show(ann, reopened)
    steps.append(len(held))
    market.reopened(ann)
    charts.page_of(ann, reopened, "list", Want(), "rows", RowsPage())
    steps.append(len(held))
    market.reopened(ann)
    filters.options(ann, reopened, "city", "", FilterState())
    assert 0 < steps[0] < steps[1] < len(held)
    assert set(held) == {0}
