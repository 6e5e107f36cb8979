"""What is remembered between requests: few statements, and no right that outlives its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp.services import dashboards
from dashapp.services.dashboards import Opened
from dashapp.specs import Layout
from dashapp.ui import painted
from dashapp.viewer import SYSTEM
from models import Dashboard, db
from tests.attacks import doors
from tests.attacks.doors import TILES, market_server

# Runs one change after the other, each in a transaction of its own, as another web process would.
ELSEWHERE = """
import sys
import sqlalchemy as sa
from models import make_engine
engine = make_engine(sys.argv[1])
for line in sys.stdin:
    with engine.begin() as connection:
        connection.execute(sa.text(line))
    print("done", flush=True)
"""


class Elsewhere:
    """Another process that changes the metadata database."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", ELSEWHERE, url], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def change(self, sql: str) -> None:
        """Run a statement there and wait until it is committed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(sql, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        """Let it go."""
        self._process.communicate()


class Caller(doors.Caller):
    """A browser that read the list of callbacks with its page."""

    known: ClassVar[dict[str, dict[str, Any]]] = {}

    def _declared(self, output: str) -> dict[str, Any]:
        if output not in self.known:
            self.known[output] = super()._declared(output)
        return self.known[output]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Flask]:
    with market_server(tmp_path) as app:
        yield app


@pytest.fixture
def elsewhere(server: Flask) -> Iterator[Elsewhere]:
    with server.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    made = Elsewhere(url)
    yield made
    made.end()


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that the metadata database gets."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(*args: Any) -> None:
        seen.append(args[2])

    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


def enlarge(app: Flask, copies: int) -> list[str]:
    """Give the market so many copies of a tile; their keys."""
    with app.app_context():
        row = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == "market")).one()
        layout = Layout.model_validate(row.layout).model_dump(mode="json", exclude_defaults=True)
        tile = layout["tabs"][0]["items"][1]
        keys = [f"copy{copies}-{n}" for n in range(copies)]
        layout["tabs"][0]["items"] += [tile | {"key": key} for key in keys]
        row.layout = layout
        row.is_published = True
        db.session.commit()
    return keys


def texts(caller: doors.Caller, *tiles: str) -> str:
    answer = caller.draw(*tiles)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_group_of_forty_tiles_makes_the_statements_of_one(server: Flask) -> None:
    keys = enlarge(server, 40)
    anna = Caller.person(server, "anna")
    for tiles in ([keys[0]], keys):
        anna.draw(*tiles)
    counts = []
    for tiles in ([keys[0]], keys):
        with counted(server) as seen:
            texts(anna, *tiles)
        counts.append(len(seen))
    assert counts == [1, 1]  # Session, person, groups and the revision in one.


def test_the_first_look_makes_as_many_statements_for_ten_tiles_as_for_two_hundred(
    server: Flask,
) -> None:
    counts = []
    for copies, name in ((10, "anna"), (190, "ben")):
        enlarge(server, copies)
        Caller.person(server, "adam").see("/dashboards/market")
        somebody = Caller.person(server, name)
        with counted(server) as seen:
            assert somebody.see("/dashboards/market").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_picture_of_another_viewer_is_not_drawn_again_and_one_under_other_rules_is(
    server: Flask,
) -> None:
    anna, ben = Caller.person(server, "anna"), Caller.person(server, "ben")
    first = texts(anna, "total")
    texts(anna, "total")
    before = painted.size_bytes()
    assert figure(texts(ben, "total")) == figure(first)
    assert painted.size_bytes() == before
    rule(server, "ben")
    assert figure(texts(ben, "total")) != figure(first)
    assert figure(texts(anna, "total")) == figure(first)


def figure(text: str) -> str:
    """The number in a tile."""
    return text.partition("number-value")[0].rpartition('"children"')[2]


def rule(app: Flask, name: str) -> None:
    """Narrow what somebody sees to the region North."""
    with app.app_context():
        db.session.execute(sa.text(RULE))
        db.session.execute(sa.text(FOR.format(name=name)))
        db.session.commit()


RULE = (
    "INSERT INTO row_rules (uuid, version, name, dataset_id, clause, group_key, applies_to_all, roles, "
    "created_at, changed_at) SELECT '00000000000000000000000000000009', 1, 'north', id, "
    "'region = ''North''', '', 0, '[]', created_at, changed_at FROM datasets WHERE \"table\" = 'orders'"
)
FOR = (
    "INSERT INTO rule_users (rule_id, user_id) SELECT r.id, u.id FROM row_rules r, users u "
    "WHERE r.name = 'north' AND u.username = '{name}'"
)
ANNA = "(SELECT id FROM users WHERE username = 'anna')"
ENDS = {
    "the session is closed": f"DELETE FROM user_sessions WHERE user_id = {ANNA}",
    "the password is another": "UPDATE users SET session_version = 2 WHERE username = 'anna'",
    "the account is closed": "UPDATE users SET is_active = 0 WHERE username = 'anna'",
    "the session is over": f"UPDATE user_sessions SET ends_at = '2020-01-01' WHERE user_id = {ANNA}",
}
TAKEN = {
    "the dashboard is a draft": "UPDATE dashboards SET is_published = 0 WHERE slug = 'market'",
    "others were given it": (
        "INSERT INTO dashboard_grants (dashboard_id, user_id, level) SELECT d.id, u.id, 'view' "
        "FROM dashboards d, users u WHERE d.slug = 'market' AND u.username = 'ben'"
    ),
    "it is gone": "DELETE FROM dashboards WHERE slug = 'market'",
}


@pytest.mark.parametrize("sql", ENDS.values(), ids=ENDS)
def test_a_session_that_ended_elsewhere_is_over_with_the_next_request(
    server: Flask, elsewhere: Elsewhere, sql: str
) -> None:
    anna = Caller.person(server, "anna")
    texts(anna, *TILES)
    elsewhere.change(sql)
    answer = anna.draw("total")
    assert (answer.status_code, "number-value" in answer.text) == (401, False)


@pytest.mark.parametrize("sql", TAKEN.values(), ids=TAKEN)
def test_a_dashboard_that_was_taken_away_elsewhere_is_gone_with_the_next_request(
    server: Flask, elsewhere: Elsewhere, sql: str
) -> None:
    anna = Caller.person(server, "anna")
    assert "number-value" in texts(anna, "total")
    elsewhere.change(sql)
    assert "number-value" not in texts(anna, "total")
    assert anna.see("/dashboards/market").status_code == 404


def test_a_rule_that_was_made_elsewhere_holds_with_the_next_request(
    server: Flask, elsewhere: Elsewhere
) -> None:
    anna = Caller.person(server, "anna")
    everything, again = texts(anna, "total"), texts(anna, "total")
    assert figure(everything) == figure(again)
    elsewhere.change(RULE)
    assert figure(texts(anna, "total")) == figure(everything)
    elsewhere.change(FOR.format(name="anna"))
    assert figure(texts(anna, "total")) != figure(everything)
    elsewhere.change("DELETE FROM row_rules")
    assert figure(texts(anna, "total")) == figure(everything)


def test_a_role_that_was_taken_elsewhere_is_gone_with_the_next_request(
    server: Flask, elsewhere: Elsewhere
) -> None:
    eve = Caller.person(server, "eve")
    texts(eve, "total")
    assert "SELECT" in eve.open("sql").text
    elsewhere.change("UPDATE users SET role = 'viewer' WHERE username = 'eve'")
    assert "SELECT" not in eve.open("sql").text


def test_a_guest_whose_dashboard_was_closed_elsewhere_is_out_with_the_next_request(
    server: Flask, elsewhere: Elsewhere
) -> None:
    guest = Caller.guest(server)
    assert "number-value" in texts(guest, "total")
    elsewhere.change("UPDATE embed_configs SET is_enabled = 0")
    assert guest.draw("total").status_code == 401


def test_a_star_is_personal_and_seen_at_once(server: Flask) -> None:
    anna, ben = Caller.person(server, "anna"), Caller.person(server, "ben")
    for caller in (anna, ben):
        assert '"aria-pressed":"true"' not in caller.see("/dashboards/market").text
    with server.app_context():
        db.session.execute(
            sa.text(
                "INSERT INTO favourites (user_id, dashboard_id, created_at) SELECT "
                f"{ANNA}, id, created_at FROM dashboards WHERE slug = 'market'"
            )
        )
        db.session.commit()
    assert '"aria-pressed":"true"' in anna.see("/dashboards/market").text
    assert '"aria-pressed":"true"' not in ben.see("/dashboards/market").text


def test_an_opened_dashboard_is_shared_and_cannot_be_changed(server: Flask) -> None:
    with server.app_context():
        opened: Opened = dashboards.open(SYSTEM, "market")
        assert dashboards.open(SYSTEM, "market") is opened
        before = json.dumps([c.model_dump(mode="json") for c in opened.charts.values()])
        with pytest.raises(AttributeError):
            opened.charts.clear()  # type: ignore[attr-defined]
        with pytest.raises(TypeError):
            opened.sources[next(iter(opened.sources))] = None  # type: ignore[index]
    texts(Caller.person(server, "eve"), *TILES)
    with server.app_context():
        after = dashboards.open(SYSTEM, "market")
        assert json.dumps([c.model_dump(mode="json") for c in after.charts.values()]) == before
