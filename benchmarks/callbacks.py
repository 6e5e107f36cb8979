"""The round trip of one tile's callback, per chart kind: the whole server but its sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

import callbacks
import pages
from benchmarks.measure import Times, ms, ratio, repeat, table
from benchmarks.stage import NAME
from dashapp.charts import KINDS
from dashapp.factory import create_server
from dashapp.services import accounts, dashboards
from dashapp.services.dashboards import Opened
from dashapp.signing import sign
from dashapp.ui import ids
from dashapp.viewer import SYSTEM
from dashapp.web import csrf
from models import User, db
from pages.dashboard import grouped

SLUGS = ("new-york-flights-2013", "world-development", "new-york-weather-2013")
KNOWN, FORCED = 40, 12
HEAD = (
    "kind", "known, median ms", "p95", "to the door", "asked again, median ms", "p95", "to known",
)  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """A signed-in browser that posts callbacks; `outputs` are their names in Dash."""

    client: FlaskClient
    token: str
    outputs: tuple[str, ...]

    def post(self, body: dict[str, Any]) -> int:
        """Run a callback: bytes that came. Raises RuntimeError when it or its tile failed."""
        headers = {"X-CSRFToken": self.token, "Origin": "http://localhost"}
        answer = self.client.post("/_dash-update-component", json=body, headers=headers)
        if answer.status_code not in (200, 204) or b"state failed" in answer.data:
            raise RuntimeError(answer.text[:500])
        return len(answer.data)

    def times(self, body: dict[str, Any], count: int) -> Times:
        """How long a callback takes."""
        return repeat(lambda: self.post(body), count)


def run() -> str:
    """A row per kind that the examples have."""
    app = create_server(pages.PAGES, callbacks.WIRINGS)
    caller = entered(app)
    door = caller.times(nothing(), KNOWN)
    rows = [("nothing: the door alone", ms(door.median), ms(door.p95), "1.0×", "", "", "")]
    tiles = tile_per_kind(app)
    for slug in (slug for slug in KINDS if slug in tiles):
        known = caller.times(ask(caller, *tiles[slug], force=False), KNOWN)
        forced = caller.times(ask(caller, *tiles[slug], force=True), FORCED)
        rows.append(
            (slug, ms(known.median), ms(known.p95), ratio(known.median, door.median),
             ms(forced.median), ms(forced.p95), ratio(forced.median, known.median))
        )  # fmt: skip
    return table(HEAD, rows)


def tile_per_kind(app: Flask) -> dict[str, tuple[Opened, str]]:
    """The first tile of each kind: its dashboard and key."""
    found: dict[str, tuple[Opened, str]] = {}
    with app.app_context():
        for slug in SLUGS:
            opened = dashboards.open(SYSTEM, slug)
            for _, tile in opened.layout.tiles():
                found.setdefault(opened.chart(tile).kind, (opened, tile.key))
    return found


def entered(app: Flask) -> Caller:
    """A browser in which the administrator is signed in."""
    with app.app_context():
        user = db.session.scalars(sa.select(User).where(User.username == NAME)).one()
        session_id = str(accounts.open_session(user))
    client, token = app.test_client(), csrf.token_for(session_id)
    client.set_cookie("dashapp", sign("session", session_id))
    client.set_cookie("_csrf_token", token)
    declared: Any = client.get("/_dash-dependencies").json
    return Caller(client, token, tuple(one["output"] for one in declared))


def nothing() -> dict[str, Any]:
    """A call that does nothing: what the door costs."""
    return {
        "output": f"{ids.CANCELLED}.data",
        "outputs": {"id": ids.CANCELLED, "property": "data"},
        "inputs": [{"id": ids.ACTION, "property": "data", "value": None}],
        "changedPropIds": [],
        "state": [{"id": ids.PAGE, "property": "data", "value": {"slug": "x", "page": "x"}}],
    }


def ask(caller: Caller, opened: Opened, key: str, *, force: bool) -> dict[str, Any]:
    """What the browser posts to have one tile drawn."""
    group = grouped(opened)[key]
    body, foot = ids.tile("body", key, group), ids.tile("foot", key, group)
    asked, answered = ids.group("ask", group), ids.group("answered", group)
    wish = {"seq": 1, "tiles": [key], "force": force, "tick": False, "shown": {}}
    page = {"slug": opened.slug, "page": "bench"}
    changed = json.dumps(asked, separators=(",", ":"), sort_keys=True)
    return {
        "output": next(name for name in caller.outputs if '"part":"answered"' in name),
        "outputs": [
            [{"id": body, "property": "children"}],
            [{"id": foot, "property": "children"}],
            {"id": answered, "property": "data"},
        ],
        "inputs": [{"id": asked, "property": "data", "value": wish}],
        "changedPropIds": [f"{changed}.data"],
        "state": [
            {"id": ids.FILTERS, "property": "data", "value": {}},
            {"id": ids.PAGE, "property": "data", "value": page},
            [{"id": body, "property": "id", "value": body}],
        ],
    }
