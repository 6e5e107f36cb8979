"""A number explained: its meaning, what narrows it, who may know what; and asked again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pydantic import ValidationError

from dashapp.charts.explained import Meaning, Reason
from dashapp.charts.pinning import Cell, Part
from dashapp.errors import Forbidden, Invalid, NotFound
from dashapp.permissions import GUEST
from dashapp.services import charts, querylog, why
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.settings import settings
from dashapp.specs import FilterValue, SqlMetric
from dashapp.viewer import GuestRule, Viewer
from models import Chart, Dataset, QueryLog, RowRule, db
from tests.services import market
from tests.services.market import asked_of_warehouses, click, state
from tests.services.metadata import add, person, user

NORTH = sum(range(0, 48, 3))


@pytest.fixture
def ann(app: Flask) -> Iterator[Viewer]:
    market.open_market()
    yield person(user("ann").id)
    market.forget()


@pytest.fixture
def eve(ann: Viewer) -> Viewer:
    return person(user("eve", "editor").id, "editor")


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    return market.reopened(ann)


def guest(opened: Opened, **values: Any) -> Viewer:
    return Viewer("guest", "Guest", permissions=GUEST, dashboard=opened.uuid, **values)


def region(name: Any, **more: Any) -> Cell:
    return Cell(parts=(Part(column="region", value=name),), **more)


def options_of(name: str, **options: Any) -> None:
    """Change a chart as an editor would."""
    row = db.session.query(Chart).filter_by(name=name).one()
    row.options = {**row.options, **options}
    db.session.commit()


def order(*row: Any) -> None:
    """One more order in the warehouse."""
    path = settings().data_dir / "warehouses" / "market.sqlite"
    with closing(sqlite3.connect(path)) as lite, lite:
        lite.execute("insert into orders values (?, ?, ?, ?, ?, ?)", row)


def rule(clause: str, **values: Any) -> None:
    on = db.session.query(Dataset).filter_by(name="Orders").one()
    add(RowRule(name="rule", dataset=on, clause=clause, applies_to_all=True, **values))


def test_a_mark_is_told_with_its_meaning_and_how_it_came_about(ann: Viewer, opened: Opened) -> None:
    told = why.explain(ann, opened, "regions", Want(), region("North"))
    assert told.row == {"region": "North", "total": NORTH}
    (meaning,) = told.meanings
    assert (meaning.title, meaning.column, meaning.is_saved) == ("Total", "Amount", True)
    assert told.result.rung == "warehouse"
    assert told.named == {"region": "North"}


def test_asked_again_only_the_one_row_is_asked_for(ann: Viewer, opened: Opened) -> None:
    charts.answers(ann, opened, ["regions"], Want())
    with asked_of_warehouses() as seen:
        again = why.again(ann, opened, "regions", Want(), region("North"))
    assert (again.is_equal, again.is_alone) == (True, True)
    (sql,) = seen
    assert "'North'" in sql
    assert again.result.rows == 1
    querylog.flush()
    assert db.session.query(QueryLog).filter_by(rung="warehouse").count() >= 1


def test_changed_data_is_told_beside_what_the_page_shows(ann: Viewer, opened: Opened) -> None:
    told = why.explain(ann, opened, "regions", Want(), region("North"))
    order("2024-01-20 00:00:00", "North", "North 0", "apple", 1000.0, "late")
    again = why.again(ann, opened, "regions", Want(), region("North"), told.seen)
    assert (again.is_equal, again.changed) == (False, ("total",))
    assert again.before["total"] == NORTH
    assert again.now is not None
    assert again.now["total"] == NORTH + 1000
    assert again.as_of == told.result.as_of


def test_members_that_are_empty_are_reproduced(ann: Viewer, opened: Opened) -> None:
    cell = Cell(parts=(Part(column="product", value=None),))
    again = why.again(ann, opened, "products", Want(), cell)
    assert again.is_equal
    assert again.shown.row is not None
    assert (again.shown.row["product"], again.shown.row["orders"]) == (None, 15)
    options_of("By region", x={"column": "product"})
    alone = why.again(ann, market.reopened(ann), "regions", Want(), cell)
    assert (alone.is_equal, alone.is_alone) == (True, True)


def test_shares_are_asked_as_a_whole(ann: Viewer, opened: Opened) -> None:
    again = why.again(
        ann, opened, "products", Want(), Cell(parts=(Part(column="product", value="apple"),))
    )
    assert (again.is_equal, again.is_alone) == (True, False)


def test_the_rest_of_a_series_is_asked_as_a_whole(ann: Viewer, opened: Opened) -> None:
    options_of("By region", x={"column": "product"}, members=1, members_other=True)
    fresh = market.reopened(ann)
    rows = why.explain(ann, fresh, "regions", Want(), Cell()).rows.to_pylist()
    (top,) = (row["product"] for row in rows if row["product"] != "Other")
    for name, is_alone in (("Other", False), (top, True)):
        again = why.again(ann, fresh, "regions", Want(), Cell(named={"product": name}))
        assert (again.is_equal, again.is_alone) == (True, is_alone)


@pytest.mark.parametrize("value", ["2024-02-01", "2024-02-01T00:00:00"])
def test_a_month_is_found_by_its_grain(ann: Viewer, opened: Opened, value: str) -> None:
    cell = Cell(parts=(Part(column="day", grain="month", value=value),))
    again = why.again(ann, opened, "days", Want(), cell)
    assert (again.is_equal, again.is_alone) == (True, True)
    assert (
        why.explain(ann, opened, "days", Want(), Cell(parts=(Part(column="day", value=value),))).row
        is None
    )


def test_a_bin_is_found_by_its_width(ann: Viewer, opened: Opened) -> None:
    options_of("By region", x={"column": "amount", "bin": 10.0}, metrics=["orders"])
    cell = Cell(parts=(Part(column="amount", bin=10.0, value=20),))
    again = why.again(ann, market.reopened(ann), "regions", Want(), cell)
    assert (again.is_equal, again.is_alone) == (True, True)
    assert again.shown.row == {"amount": 20.0, "orders": 10}


def test_every_filter_says_where_it_comes_from(ann: Viewer, opened: Opened) -> None:
    options_of("By region", filters=[{"column": "amount", "op": ">", "value": 5}],
               where=[{"expression": "note <> 'secret'"}])  # fmt: skip
    chosen = state(
        [click("stores", "region", "North", "South")], city=["North 0"], without=["pear"],
        amount=(1, 40), when="2024-01-01 : 2024-03-01",
    )  # fmt: skip
    told = why.explain(ann, market.reopened(ann), "regions", Want(state=chosen), Cell())
    said = {(r.origin, r.title): r for r in told.reasons}
    assert said["chart", "Amount"].values == (5,)
    assert said["filter", "City"].values == ("North 0",)
    assert said["filter", "Without"].op == "not in"
    assert said["filter", "Amount"].values == (1, 40)
    bounds = said["filter", "When"].bounds
    assert bounds is not None
    assert [str(b)[:10] for b in bounds] == ["2024-01-01", "2024-03-01"]
    assert said["click", "Region"].values == ("North", "South")
    assert said["chart", ""] == Reason("chart", op="sql")  # Viewers read no SQL.


def test_a_click_of_the_tile_itself_is_no_filter(ann: Viewer, opened: Opened) -> None:
    chosen = Want(state=state([click("regions", "region", "North")]))
    assert why.explain(ann, opened, "regions", chosen, Cell()).reasons == ()


def test_sql_and_rules_are_told_to_those_who_may_see_them(
    ann: Viewer, eve: Viewer, opened: Opened
) -> None:
    rule("region <> 'East'")
    options_of("Total", metric={"kind": "sql", "expression": "sum(amount)", "label": "sum"})
    fresh = market.reopened(ann)
    plain = why.explain(ann, fresh, "total", Want(), Cell())
    assert (plain.sql, plain.rules.apply, plain.rules.clauses) == ("", True, ())
    assert plain.meanings == (Meaning("sum", "sum"),)
    whole = why.explain(eve, market.reopened(eve), "total", Want(), Cell())
    assert whole.rules.clauses == ("region <> 'East'",)
    assert "East" in whole.sql
    assert isinstance(whole.meanings[0].definition, SqlMetric)
    stranger = why.explain(guest(fresh), market.reopened(guest(fresh)), "total", Want(), Cell())
    assert (stranger.sql, stranger.rules.apply, stranger.meanings[0].definition) == (
        "",
        False,
        None,
    )


def test_rules_hold_for_what_is_asked_again(ann: Viewer, opened: Opened) -> None:
    rule("region <> 'North'")
    fresh = market.reopened(ann)
    with pytest.raises(NotFound):
        why.explain(ann, fresh, "regions", Want(), region("North"))
    again = why.again(ann, fresh, "total", Want(), Cell())
    assert again.now == {"total": sum(range(48)) - NORTH}


def test_rules_of_tables_that_are_not_read_are_not_told_of(ann: Viewer, opened: Opened) -> None:
    rule("region <> 'North'")
    fresh = market.reopened(ann)
    assert not why.explain(ann, fresh, "stores", Want(), Cell()).rules.apply


def test_guests_are_told_titles_and_choices_only(ann: Viewer, opened: Opened) -> None:
    options_of("By region", filters=[{"column": "note", "op": "!=", "value": "secret"}])
    locked = {"city": FilterValue(values=("North 0",))}
    viewer = guest(opened, locked_filters=locked, rules=(GuestRule("amount < 40"),))
    told = why.explain(viewer, market.reopened(viewer), "regions", Want(), Cell())
    assert told.row == {"region": "North", "total": sum(range(0, 40, 6))}
    assert told.reasons == (
        Reason("chart"), Reason("fixed", "City", "in", ("North 0",)),
    )  # fmt: skip
    assert not told.rules.apply
    assert told.meanings[0].definition is None


def test_guests_who_ask_again_get_an_answer_of_the_last_seconds(
    ann: Viewer, opened: Opened
) -> None:
    viewer = guest(opened)
    fresh = market.reopened(viewer)
    first = why.again(viewer, fresh, "regions", Want(), region("North"))
    with asked_of_warehouses() as seen:
        again = why.again(viewer, fresh, "regions", Want(), region("North"))
    assert (first.is_equal, again.is_equal, seen) == (True, True, [])


def test_guests_choose_among_declared_filters_only(ann: Viewer, opened: Opened) -> None:
    viewer = guest(opened)
    strange = Want(state=state([click("stores", "note", "note 1")]))
    with pytest.raises(Invalid):
        why.explain(viewer, market.reopened(viewer), "regions", strange, Cell())


def test_a_mark_that_is_gone_says_so(ann: Viewer, opened: Opened) -> None:
    with pytest.raises(NotFound, match="no longer"):
        why.explain(ann, opened, "regions", Want(), region("Atlantis"))
    with pytest.raises(NotFound):
        why.explain(ann, opened, "gone", Want(), Cell())
    with pytest.raises(NotFound, match="no such question"):
        why.explain(ann, opened, "regions", Want(), Cell(question="other"))


def test_a_row_that_went_meanwhile_is_told(ann: Viewer, opened: Opened) -> None:
    order("2024-01-20 00:00:00", "West", "West 0", "apple", 7.0, "brief")
    told = why.explain(ann, opened, "regions", Want(), region("West"))
    assert told.row == {"region": "West", "total": 7.0}
    path = settings().data_dir / "warehouses" / "market.sqlite"
    held = why.explain
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(why, "explain", lambda *a, **k: told)
        with closing(sqlite3.connect(path)) as lite, lite:
            lite.execute("delete from orders where region = 'West'")
        again = why.again(ann, opened, "regions", Want(), region("West"))
    assert held is why.explain
    assert (again.now, again.is_equal) == (None, False)


@pytest.mark.parametrize(
    "value", ["' OR 1=1 --", "\0", "\ud800", "{{ 1 }}", "9" * 400, 1e308, -1, True, 2**70, ""]
)
def test_hostile_values_find_nothing(ann: Viewer, opened: Opened, value: Any) -> None:
    for tile, column in (("regions", "region"), ("products", "product")):
        with pytest.raises(NotFound), asked_of_warehouses() as seen:
            why.explain(ann, opened, tile, Want(), Cell(parts=(Part(column=column, value=value),)))
        assert not any(str(value) in sql for sql in seen if value not in ("", -1, True))


def test_names_that_are_not_in_the_answer_are_not_looked_at(ann: Viewer, opened: Opened) -> None:
    with asked_of_warehouses() as seen:
        told = why.explain(
            ann, opened, "regions", Want(), Cell(named={"note": "note 1", "region": "North"})
        )
    assert told.row == {"region": "North", "total": NORTH}
    assert not any("note" in sql for sql in seen)


def test_shapes_that_are_not_cells_are_refused() -> None:
    for bad in (
        {"parts": [{"column": "x", "value": [1]}]}, {"parts": [{"column": "x", "bin": -1}]},
        {"named": {"x": {"y": 1}}}, {"question": ""}, {"sql": "select 1"},
        {"parts": [{"column": "x", "grain": "century"}]}, {"parts": [{"column": "x"}] * 51},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            Cell.model_validate(bad)


def test_without_the_right_there_is_nothing(ann: Viewer, opened: Opened) -> None:
    nobody = replace(ann, permissions=frozenset(), role=None)
    with pytest.raises((Forbidden, NotFound)):
        market.reopened(nobody)


def test_tiles_without_data_say_so(ann: Viewer, opened: Opened) -> None:
    with pytest.raises(Invalid):
        why.explain(ann, opened, "text", Want(), Cell())
    with pytest.raises(Invalid, match="Choose one"):
        why.again(ann, opened, "regions", Want(), Cell())


def test_raw_rows_are_found_by_all_their_values(ann: Viewer, opened: Opened) -> None:
    told = why.explain(ann, opened, "list", Want(), Cell())
    assert told.rows.num_rows == told.result.rows
    named = told.rows.slice(3, 1).to_pylist()[0]
    named["day"] = named["day"].isoformat()
    again = why.again(ann, opened, "list", Want(), Cell(question="main", named=named))
    assert (again.is_equal, again.is_alone, again.shown.alike) == (True, True, 1)


def test_rows_are_searched_by_their_names(ann: Viewer, opened: Opened) -> None:
    told = why.explain(ann, opened, "regions", Want(), Cell(), search="OUT")
    assert told.rows.column("region").to_pylist() == ["South"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True), (1, 2, False), (0.1 + 0.2, 0.3, True), (1.0, 1.0 + 1e-6, False),
        (None, None, True), (None, 0, False), (None, 0.0, False), (float("nan"), float("nan"), True),
        ("a", "a", True), (2**63, str(2**63), True), (3, 3.0, True),
    ],
)  # fmt: skip
def test_numbers_are_the_same_exactly_or_but_for_rounding(one: Any, other: Any, same: bool) -> None:
    assert why.is_same(one, other) is same
