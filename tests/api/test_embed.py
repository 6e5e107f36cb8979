"""Guest tokens: who may mint them, and what must be in them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from dashapp.errors import Forbidden, Invalid
from dashapp.services import embed
from dashapp.viewer import SYSTEM, Viewer
from models import Dashboard, db
from tests.api.conftest import make_key
from tests.web import server as doors

TOKENS = "/api/v1/embed/tokens"


def mint(app: Flask, key: str | None, **body: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    return app.test_client().post(TOKENS, json={"dashboard": "sales"} | body, headers=headers)


def fields(answer: TestResponse) -> set[str]:
    """What was found wrong."""
    assert answer.json is not None
    return set(answer.json["error"]["fields"])


def test_program_with_the_right_key_gets_a_token(server: Flask, key: str) -> None:
    answer = mint(server, key, user={"name": "Ann"}, ttl_s=60)
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["expires_in_s"] == 60
    assert answer.json["path"] == f"/embed/sales?guest_token={answer.json['token']}"
    assert "Set-Cookie" not in answer.headers


def test_dashboard_may_be_named_by_uuid(server: Flask, key: str) -> None:
    uuid = doors.make_dashboard(server, "other")
    assert mint(server, key, dashboard=str(uuid)).status_code == 201


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer x", "Basic YTpi", "bearer dap_x_y", "x"])
def test_other_keys_are_401(server: Flask, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = server.test_client().post(TOKENS, json={"dashboard": "sales"}, headers=headers)
    assert answer.status_code == 401


def test_a_key_without_the_scope_is_403(server: Flask) -> None:
    assert mint(server, make_key(server, "dashboard.view")).status_code == 403


def test_a_session_is_no_key(server: Flask) -> None:
    doors.make_user(server, "adam", "admin")
    client = doors.enter(server, "adam")
    headers = {"X-CSRFToken": doors.cookie(client, "_csrf_token")}
    assert client.post(TOKENS, json={"dashboard": "sales"}, headers=headers).status_code == 401


def test_a_guest_token_is_no_key_and_a_key_no_guest_token(server: Flask, key: str) -> None:
    token = (mint(server, key).json or {})["token"]
    assert mint(server, token).status_code == 401
    client = server.test_client()
    guest = {"X-Guest-Token": token, "Authorization": f"Bearer {key}"}
    assert client.post(TOKENS, json={}, headers={"X-Guest-Token": token}).status_code == 401
    assert client.get(f"/embed/sales?guest_token={key}").status_code == 401
    assert client.get("/_dash-layout", headers=guest).status_code == 401
    assert client.get("/", headers={"Authorization": f"Bearer {key}"}).status_code == 302


@pytest.mark.parametrize("name", ["nothing", str(UUID(int=404)), "SALES", "sales'--"])
def test_unknown_dashboards_are_404(server: Flask, key: str, name: str) -> None:
    assert mint(server, key, dashboard=name).status_code == 404


def test_dashboards_the_program_may_not_see_are_404(server: Flask, key: str) -> None:
    with server.app_context():
        db.session.execute(sa.update(Dashboard).values(is_published=False))
        db.session.commit()
    assert mint(server, key).status_code == 404


def test_embedding_must_be_switched_on(server: Flask, key: str) -> None:
    assert mint(server, key, dashboard="closed").status_code == 403


def test_rules_that_a_dashboard_requires_must_be_there(server: Flask, key: str) -> None:
    answer = mint(server, key, dashboard="strict")
    assert (answer.status_code, fields(answer)) == (422, {"rules"})
    assert mint(server, key, dashboard="strict", rules=[]).status_code == 422
    rules = [{"clause": "region = 'EU'"}]
    assert mint(server, key, dashboard="strict", rules=rules).status_code == 201


@pytest.mark.parametrize(
    "clause",
    ["region =", "1=1; DROP TABLE x", "region = 'EU') OR (1=1", "x IN (SELECT 1)", "sum(x)"],
)
def test_rules_must_be_conditions(server: Flask, key: str, dataset: UUID, clause: str) -> None:
    answer = mint(server, key, rules=[{"clause": clause, "dataset": str(dataset)}])
    assert (answer.status_code, fields(answer)) == (422, {"rules.0.clause"})
    good = {"clause": "region = 'EU'", "dataset": str(dataset)}
    assert mint(server, key, rules=[good]).status_code == 201


def test_rules_must_name_known_datasets(server: Flask, key: str) -> None:
    answer = mint(server, key, rules=[{"clause": "a = 1", "dataset": str(uuid4())}])
    assert (answer.status_code, fields(answer)) == (422, {"rules.0.dataset"})


def test_locked_filters_must_exist(server: Flask, key: str) -> None:
    answer = mint(server, key, locked_filters={"other": {"values": ["EU"]}})
    assert (answer.status_code, fields(answer)) == (422, {"locked_filters"})
    locked = {"region": {"values": ["EU"]}}
    assert mint(server, key, locked_filters=locked).status_code == 201


WRONG: list[Any] = [
    {"dashboard": {"select": 1}}, {"dashboard": ["a"]}, {"dashboard": True}, {"dashboard": None},
    {"dashboard": ""}, {"dashboard": "x" * 1000}, {"ttl_s": 301}, {"ttl_s": 0}, {"ttl_s": -1},
    {"ttl_s": "1e309"}, {"ttl_s": None}, {"rules": {}}, {"rules": [{}]}, {"rules": ["a = 1"]},
    {"rules": [{"clause": "a = 1", "dataset": 5}]}, {"rules": [{"clause": "a"}] * 101},
    {"locked_filters": []}, {"locked_filters": {"region": "EU"}}, {"user": {"name": 5}},
    {"user": {"zone": "Moon/Base"}}, {"user": {"theme": "pink"}}, {"admin": True},
    {"user": {"role": "admin"}},
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_bodies_of_another_shape_are_400(server: Flask, key: str, body: Any) -> None:
    answer = mint(server, key, **body)
    assert answer.status_code == 400
    assert fields(answer)


def test_body_must_be_json(server: Flask, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    client = server.test_client()
    assert client.post(TOKENS, data={"dashboard": "sales"}, headers=headers).status_code == 415
    sent = {"data": "{", "content_type": "application/json", "headers": headers}
    assert client.post(TOKENS, **sent).status_code == 400
    assert client.post(TOKENS, json=["sales"], headers=headers).status_code == 400


def test_a_dashboard_is_opened_to_pages_of_its_origins_only(server: Flask) -> None:
    with server.app_context():
        embed.allow(SYSTEM, "closed", ["https://a.example", "https://a.example"])
        dashboard = db.session.scalars(sa.select(Dashboard).filter_by(slug="closed")).one()
        assert dashboard.embed is not None
        assert dashboard.embed.allowed_origins == ["https://a.example"]
        assert embed.admit(embed.mint(SYSTEM, embed.TokenRequest(dashboard="closed")).token)
        embed.allow(SYSTEM, "closed", [])
        with pytest.raises(Forbidden):
            embed.mint(SYSTEM, embed.TokenRequest(dashboard="closed"))


@pytest.mark.parametrize("origin", ["*", "https://a.example/x", "a.example", "null", "https://a;b"])
def test_what_is_no_origin_is_refused(server: Flask, origin: str) -> None:
    with server.app_context(), pytest.raises(Invalid, match="is no origin"):
        embed.allow(SYSTEM, "sales", [origin])


def test_who_may_not_mint_may_not_open(server: Flask) -> None:
    editor = Viewer(kind="user", name="e", user_id=1, role="editor")
    with server.app_context(), pytest.raises(Forbidden):
        embed.allow(editor, "sales", ["https://a.example"])
