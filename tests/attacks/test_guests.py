"""Guests who post what their page would not: other dashboards, other filters, other kinds (G4, D1, D5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp.services import bundles, dashboards, embed
from dashapp.viewer import SYSTEM
from models import Dashboard, EmbedConfig, db
from tests.attacks.doors import TILES, Caller, guest_token, market_server
from tests.services import market
from tests.services.market import ORDERS

NORTH = {"values": ["North"]}
OTHER = """
dashapp: 1
dashboards:
- uuid: market two
  slug: other
  title: Hidden board
  tags: [hidden tag]
  layout:
    filters:
    - {key: secret filter, title: Secret, kind: select, dataset: market orders, column: product}
    tabs: [{key: t, items: [{item: tile, key: hidden-tile, chart: market total}]}]
""".replace("secret filter", "secret")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with market_server(tmp_path_factory.mktemp("guests")) as app:
        with app.app_context():
            bundles.apply(SYSTEM, bundles.parse(OTHER))
        yield app


@contextmanager
def relaid(app: Flask, slug: str = "market", **changes: Any) -> Iterator[None]:
    """The dashboard with another layout (`filters=...`) or state (`is_published=...`) for a while."""
    with app.app_context():
        row = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == slug)).one()
        before = {"layout": row.layout, "is_published": row.is_published}
        row.is_published = changes.pop("is_published", True)
        row.layout = {**row.layout, **changes}
        db.session.commit()
    try:
        yield
    finally:
        with app.app_context():
            row = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == slug)).one()
            row.layout, row.is_published = before["layout"], before["is_published"]
            db.session.commit()


@contextmanager
def closed(app: Flask) -> Iterator[None]:
    """Embedding switched off for a while."""
    for is_enabled in (False, True):
        with app.app_context():
            db.session.query(EmbedConfig).update({"is_enabled": is_enabled})
            db.session.commit()
        if not is_enabled:
            yield


def filters_of(app: Flask) -> list[dict[str, Any]]:
    """The market's filters."""
    with app.app_context():
        row = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == "market")).one()
        return [dict(f) for f in row.layout["filters"]]


def total(who: Caller, state: Any = None) -> str:
    """What the number tile shows."""
    return who.draw("total", state=state).text


def test_a_token_opens_no_other_dashboard(server: Flask) -> None:
    guest = Caller.guest(server)
    guest.slug = "other"
    for name, answer in guest.everything().items():
        for word in ("Hidden", "hidden tag", "hidden-tile", "Secret"):
            assert word not in answer.text, name
        assert "1128" not in answer.text.replace(",", ""), name
    assert guest.see("/embed/other").status_code == 404
    assert "There is no such dashboard" in total(guest)


def test_search_and_home_show_a_guest_their_own_dashboard_alone(server: Flask) -> None:
    guest = Caller.guest(server)
    for answer in (
        guest.post("search-results", ["", True], []),
        guest.post("home-list", ["", ""], []),
        guest.post("search-results", ["Hidden", True], []),
        guest.post("home-list", ["", "hidden tag"], []),
    ):
        assert answer.status_code == 200
        assert "Hidden" not in answer.text
        assert "other" not in answer.text


@pytest.mark.parametrize("name", ["anna", "guest"])
def test_what_may_not_be_seen_is_like_what_is_not_there(server: Flask, name: str) -> None:
    who = Caller.guest(server) if name == "guest" else Caller.person(server, "anna")
    path = "embed" if name == "guest" else "dashboards"

    def answers(slug: str) -> Any:
        who.slug = slug
        options = who.options("secret").text
        return (
            who.draw("total").text, options, who.see(f"/{path}/{slug}").status_code,
            who.open("table").text, who.rows("total", "grid").status_code,
        )  # fmt: skip

    with relaid(server, "other", is_published=False):
        assert answers("other") == answers("never-was")


def test_only_a_persons_callbacks_are_a_persons(server: Flask) -> None:
    guest = Caller.guest(server)
    star = guest.post('"kind":"favourite"', [1], [{"key": "market"}, "false"], key="market")
    assert "bi-star-fill" not in star.text
    ask = {"tile": "list", "what": "data", "format": "csv"}
    assert guest.post("export-done.children", [ask], [{}, guest.page]).status_code == 403
    theme = guest.client.get("/_dash-dependencies", headers=dict(guest.headers)).json or []
    assert theme
    assert guest.rows("list").status_code == 403
    for act in ("rows", "sql"):
        text = guest.open(act, "list").text
        assert "note" not in text
        assert "SELECT" not in text


@pytest.mark.parametrize(
    "forged",
    [
        {"low": 0.0}, {"high": 1e308}, {"range": "last 7 days"}, {"grain": "year"},
        {"values": ["North"], "low": 1.0},
    ],
)  # fmt: skip
def test_a_choice_of_another_kind_is_refused(server: Flask, forged: dict[str, Any]) -> None:
    guest = Caller.guest(server)
    text = total(guest, {"values": {"region": forged}})
    assert "takes no such value" in text
    assert "1128" not in text.replace(",", "")


TYPES: list[Any] = [
    {"values": {"region": NORTH["values"]}}, {"values": {"region": {"values": [{"a": 1}]}}},
    {"values": {"region": {"values": [["North"]]}}}, {"values": {"region": {"values": "North"}}},
    {"values": {"region": {"low": "x"}}}, {"values": {"region": {"low": [1]}}},
    {"values": {"region": {"rang": "x"}}}, {"values": {"re gion": NORTH}}, {"values": {"": NORTH}},
    {"values": {"region": {"values": ["x"] * 10_001}}}, {"values": []}, [], "x", 1, True,
    {"clicks": {"a": 1}}, {"clicks": [{"source": "a"}]}, {"user_id": 2}, {"rules": []},
    {"clicks": [{"source": "a", "dataset": str(ORDERS), "column": "x", "values": []}]},
    {"clicks": [{"source": "a", "dataset": "1 or 1=1", "column": "x", "values": [1]}]},
    {"clicks": [{"source": "a", "dataset": str(ORDERS), "column": "x", "values": [1], "bin": 0}]},
]  # fmt: skip


@pytest.mark.parametrize("state", TYPES, ids=range(len(TYPES)))
def test_a_state_of_another_shape_is_400(server: Flask, state: Any) -> None:
    guest = Caller.guest(server)
    assert guest.draw("total", state=state or [0]).status_code == 400
    assert guest.rows("list", "grid", state=state or [0]).status_code == 400
    assert guest.open("table", state=state or [0]).status_code == 400


HOSTILE = [
    "' OR 1=1--",
    "North' OR 'a'='a",
    '"; DROP TABLE orders; --',
    "%",
    "_",
    "\\",
    "(select 1)",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_a_value(server: Flask, value: str) -> None:
    guest = Caller.guest(server)
    rows = guest.rows("list", "grid", state={"values": {"region": {"values": [value]}}})
    assert rows.json
    assert '"rowData":[]' in rows.text
    options = guest.options("city", value).text
    assert '"options":[]' in options or "did not" in options or "North" not in options
    assert guest.rows("list", "grid").text.count('"region"') == 48


def test_ten_thousand_values_are_answered_or_refused_in_a_sentence(server: Flask) -> None:
    guest = Caller.guest(server)
    many = [f"value {n}" for n in range(10_000)]
    state = {"values": {key: {"values": many} for key in ("region", "city", "without")}}
    answer = guest.draw(*TILES, state=state)
    assert answer.status_code == 200
    assert "Something went wrong" not in answer.text


def test_tiles_that_are_not_there_or_asked_often_are_answered_once(server: Flask) -> None:
    guest = Caller.guest(server)
    ask = {"tiles": ["total"] * 400 + ["never"], "seq": 1}
    shown = {"total": "x" * 100_000, "never": "1", "__proto__": "2"}
    answer = guest.draw("total", "never", **(ask | {"shown": shown}))
    assert answer.status_code == 200
    assert answer.text.count("number-value") == 1
    assert "no longer on the dashboard" in answer.text


def test_fixed_filters_hold_in_every_answer(server: Flask) -> None:
    guest = Caller.guest(server, locked_filters={"region": NORTH})
    wide = {"values": {"region": {"values": ["South", "East"]}}}
    cross = {"source": "x", "dataset": str(ORDERS), "column": "region", "values": ["South"]}
    for state in (None, wide, {"values": {"region": {}}}, {"clicks": [cross]}):
        for name, answer in guest.everything(state).items():
            assert "South" not in answer.text, (name, state)
            assert '"East' not in answer.text, (name, state)
    parents = {"region": {"values": ["South"]}}
    assert "South" not in guest.options("city", "", parents).text
    found = guest.see('/embed/market?f={"values":{"region":{"values":["South"]}}}')
    assert found.status_code == 200
    assert "South" not in found.text


@pytest.mark.parametrize(("fixed", "free"), [("when", "also"), ("also", "when")])
def test_a_second_range_does_not_replace_a_fixed_one(server: Flask, fixed: str, free: str) -> None:
    more = {"key": "also", "title": "Also", "kind": "time", "dataset": str(ORDERS)}
    with relaid(server, filters=[*filters_of(server), more]):
        guest = Caller.guest(server, locked_filters={fixed: {"range": "2024-01"}})
        january = guest.rows("list", "grid").text
        assert january.count('"region"') == 12
        for wide in ("no filter", "2024"):
            state = {"values": {free: {"range": wide}}}
            assert guest.rows("list", "grid", state=state).text == january
        state = {"values": {free: {"range": "2024-02"}}}
        assert '"rowData":[]' in guest.rows("list", "grid", state=state).text
        assert "15 Jan 2024" in guest.post("data-until", [guest.page], []).text


def test_a_fixed_filter_that_is_gone_closes_the_dashboard(server: Flask) -> None:
    guest = Caller.guest(server, locked_filters={"region": NORTH})
    kept = [{**f, "parents": []} for f in filters_of(server) if f["key"] != "region"]
    with relaid(server, filters=kept):
        assert "South" not in guest.draw("regions").text
        assert guest.see("/embed/market").status_code == 404


def test_filters_are_fixed_with_choices_of_their_kind_only(server: Flask) -> None:
    with pytest.raises(Exception, match="takes no such value"):
        guest_token(server, locked_filters={"region": {"range": "2024"}})


def test_switching_off_ends_open_pages_at_once(server: Flask) -> None:
    guest = Caller.guest(server)
    assert guest.draw("total").status_code == 200
    calls = [(guest.draw, "total"), (guest.open, "table"), (guest.see, "/embed/market")]
    posted = guest._declared
    declared = {name: posted(name) for name in ('"part":"body"', "drawer.is_open")}
    guest._declared = declared.__getitem__  # type: ignore[method-assign]
    with closed(server):
        assert {call(argument).status_code for call, argument in calls} == {401}


def test_what_the_page_is_told_of_a_fixed_filter_is_its_choice(server: Flask) -> None:
    """Not the default, which may name another customer."""
    named = [
        {**f, "default": {"values": ["East"]}} if f["key"] == "region" else f
        for f in filters_of(server)
    ]
    with relaid(server, filters=named):
        text = Caller.guest(server, locked_filters={"region": NORTH}).see("/embed/market").text
    assert "North" in text
    assert "East" not in text


def test_equal_guests_share_and_others_never_do(server: Flask) -> None:
    """The same tile, warm, for people, guests and guests with rules in turn."""
    north = Caller.guest(server, rules=[{"clause": "region = 'North'"}])
    south = Caller.guest(server, rules=[{"clause": "region = 'South'", "dataset": str(ORDERS)}])
    free, anna = Caller.guest(server), Caller.person(server, "anna")
    for _ in range(2):
        seen = [w.rows("regions", "grid").text for w in (anna, north, south, free)]
        assert [("North" in t, "South" in t, "East" in t) for t in seen] == [
            (True, True, True), (True, False, False), (False, True, False), (True, True, True),
        ]  # fmt: skip


def test_services_say_the_same_without_a_door(server: Flask) -> None:
    with server.app_context():
        token = guest_token(server, locked_filters={"region": NORTH})
        guest = embed.admit(token).viewer
        opened = dashboards.open(guest, "market")
        found = market.show(guest, opened, None, "regions")["regions"]
        assert market.table(found) == {"North": 360.0}
