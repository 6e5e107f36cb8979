"""Background callbacks: started by who may, seen and stopped by who started them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dash import Input, Output
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dashapp.errors import SignInRequired
from dashapp.factory import create_server
from dashapp.jobs import celery_app
from dashapp.jobs.app import queue_folder
from dashapp.services import accounts
from dashapp.settings import settings
from dashapp.ui.wiring import SetProgress, Wiring
from dashapp.viewer import SYSTEM, Viewer
from dashapp.web import tickets
from models import User, db
from tests.web import server as doors
from tests.web.server import PAGES, cookie

wiring = Wiring("jobs")


@wiring.background(
    Output("sum", "children"), Input("add", "n_clicks"), permission="export.run", interval=100
)
def write(viewer: Viewer, set_progress: SetProgress, clicks: int) -> str:
    """Takes long."""
    return f"written for {viewer.name}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Flask]:
    """A server with a queue that nobody works on, and the viewers anna and ben."""
    with doors.serving(tmp_path) as plain:
        doors.make_user(plain, "anna")
        doors.make_user(plain, "ben")
        app = create_server(PAGES, (wiring,), celery_app())
        yield app
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def page_load(client: FlaskClient) -> str:
    """The signed name of one opening of a page."""
    found = re.search(r'"end_id":"([^"]+)"', client.get("/shelves/books").text)
    assert found
    return found[1]


def ask(client: FlaskClient, clicks: Any = 1, **args: str) -> TestResponse:
    body = {
        "output": "sum.children",
        "outputs": {"id": "sum", "property": "children"},
        "inputs": [{"id": "add", "property": "n_clicks", "value": clicks}],
        "changedPropIds": ["add.n_clicks"],
    }
    headers = {"X-CSRFToken": cookie(client, "_csrf_token")}
    path = "/_dash-update-component"
    return client.post(path, json=body, query_string=args, headers=headers)


def started(client: FlaskClient) -> dict[str, str]:
    """A started job: what its polls carry."""
    end = page_load(client)
    answer = ask(client, endId=end)
    assert answer.json is not None
    return {"endId": end, "cacheKey": answer.json["cacheKey"], "job": answer.json["job"]}


def test_only_the_one_who_started_a_job_may_ask_for_it(server: Flask) -> None:
    anna, ben = doors.enter(server, "anna"), doors.enter(server, "ben")
    handles = started(anna)
    assert ask(anna, None, **handles).status_code == 200
    assert ask(ben, None, **handles).status_code == 404
    assert ask(anna, None, **handles).status_code == 200


def test_forged_handles_name_nothing(server: Flask) -> None:
    anna = doors.enter(server, "anna")
    handles = started(anna)
    other = handles | {"endId": page_load(anna)}
    forged = handles | {"cacheKey": handles["cacheKey"] + "x", "job": "1~2"}
    for strange in (other, forged):
        answer = ask(anna, None, **strange)
        assert (answer.status_code, answer.data) == (204, b"")


def test_jobs_take_typed_inputs(server: Flask) -> None:
    anna = doors.enter(server, "anna")
    assert ask(anna, {"$gt": 1}, endId=page_load(anna)).status_code == 400


def test_a_right_that_is_gone_stops_polls_and_waiting_jobs(server: Flask) -> None:
    anna = doors.enter(server, "anna")
    handles = started(anna)
    with server.app_context():
        ticket = queued_ticket()
        assert tickets.admit(ticket).name == "Anna"
        user = db.session.scalars(sa.select(User).where(User.username == "anna")).one()
        accounts.deactivate(SYSTEM, user.uuid)
        with pytest.raises(SignInRequired):
            tickets.admit(ticket)
    assert ask(anna, None, **handles).status_code == 401


def queued() -> list[str]:
    """The messages that wait for a worker."""
    return [path.read_text() for path in queue_folder(settings()).rglob("*.msg")]


def queued_ticket() -> str:
    body = json.loads(base64.b64decode(json.loads(queued()[0])["body"]))
    return str(body[0][3]["ticket"])


def test_messages_carry_no_cookie_and_no_header(server: Flask) -> None:
    anna = doors.enter(server, "anna")
    started(anna)
    (message,) = queued()
    assert cookie(anna, "dashapp") not in message
    assert cookie(anna, "_csrf_token") not in message
    body = json.loads(base64.b64decode(json.loads(message)["body"]))
    context = body[0][3]
    assert context["cookies"] == context["headers"] == {}
