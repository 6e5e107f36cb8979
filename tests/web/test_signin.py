"""Signing in and out, links, the account page, and when a session ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from dashapp.services import accounts
from dashapp.settings import PUBLISHED_KEYS
from dashapp.signing import sign
from dashapp.viewer import SYSTEM
from dashapp.web import csrf
from models import SignInLink, User, UserSession, db
from tests.web import server as doors
from tests.web.server import PASSWORD, call, call_body, cookie, sign_in

NEW = "another long and good phrase"


def copy_of(server: Flask, client: FlaskClient) -> FlaskClient:
    """Another browser with a copy of the cookies."""
    thief = server.test_client()
    for name in ("dashapp", "_csrf_token"):
        thief.set_cookie(name, cookie(client, name))
    return thief


def is_out(client: FlaskClient) -> bool:
    """Whether pages and open pages' calls are both refused."""
    return (client.get("/").status_code, call(client, call_body()).status_code) == (302, 401)


def test_sign_in_needs_the_right_password(stranger: FlaskClient) -> None:
    answer = sign_in(stranger, "anna", "wrong")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert is_out(stranger)
    assert sign_in(stranger, "anna").status_code == 303
    assert stranger.get("/").status_code == 200


def test_missing_and_wrong_look_the_same(server: Flask) -> None:
    def answer(name: str) -> str:
        told = sign_in(server.test_client(), name, "wrong").text
        return told.replace(name, "NAME").partition("<form")[0].partition("<body")[2]

    assert answer("anna") == answer("nobody")


def test_many_wrong_passwords_are_refused_for_account_and_address(server: Flask) -> None:
    statuses = []
    for n in range(8):
        client = server.test_client()
        client.environ_base["HTTP_X_FORWARDED_FOR"] = f"10.0.0.{n}"
        statuses.append(sign_in(client, "anna", "wrong").status_code)
    assert statuses[-1] == 429
    answer = sign_in(server.test_client(), "adam", "wrong")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]


def test_session_open_in_this_browser_ends_at_sign_in(server: Flask, anna: FlaskClient) -> None:
    before, thief = cookie(anna, "dashapp"), copy_of(server, anna)
    token = csrf.door_token()
    anna.set_cookie("_csrf_token", token)
    data = {"username": "adam", "password": PASSWORD, "csrf_token": token}
    assert anna.post("/login", data=data).status_code == 303
    assert cookie(anna, "dashapp") != before
    assert not is_out(anna)
    assert is_out(thief)


def test_planted_session_is_not_adopted(server: Flask) -> None:
    client = server.test_client()
    client.set_cookie("dashapp", sign("session", str(uuid4())))
    planted = cookie(client, "dashapp")
    assert sign_in(client, "anna").status_code == 303
    assert cookie(client, "dashapp") != planted


def test_sign_out_ends_copied_cookies(server: Flask, anna: FlaskClient) -> None:
    thief = copy_of(server, anna)
    assert not is_out(thief)
    answer = anna.post("/logout", data={"csrf_token": cookie(anna, "_csrf_token")})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert cookie(anna, "dashapp") == ""
    assert is_out(thief)


def test_link_to_sign_out_does_not_sign_out(anna: FlaskClient) -> None:
    assert 'method="post"' in anna.get("/logout").text
    assert anna.post("/logout").status_code == 403
    assert not is_out(anna)


def user(name: str) -> User:
    return db.session.scalars(sa.select(User).where(User.username == name)).one()


@pytest.mark.parametrize(
    "change",
    [
        lambda: accounts.set_role(SYSTEM, user("anna").uuid, "editor"),
        lambda: accounts.deactivate(SYSTEM, user("anna").uuid),
        lambda: accounts.change_password(accounts.viewer_of(user("anna")), PASSWORD, NEW),
        lambda: accounts.close_all(accounts.viewer_of(user("anna"))),
    ],
    ids=["role", "account", "password", "session"],
)
def test_sessions_end_with_the_next_request(
    server: Flask, anna: FlaskClient, change: Callable[[], object]
) -> None:
    assert not is_out(anna)
    with server.app_context():
        change()
    assert is_out(anna)


@pytest.mark.parametrize("column", ["ends_at", "seen_at"])
def test_sessions_end_with_time(server: Flask, anna: FlaskClient, column: str) -> None:
    with server.app_context():
        session = db.session.scalars(sa.select(UserSession)).first()
        assert session is not None
        setattr(session, column, session.seen_at - timedelta(days=15))
        db.session.commit()
    assert is_out(anna)


@pytest.mark.parametrize("key", [*sorted(PUBLISHED_KEYS), "x" * 40, ""])
def test_cookies_of_other_keys_are_worthless(server: Flask, anna: FlaskClient, key: str) -> None:
    with server.app_context():
        session_id = db.session.scalars(sa.select(UserSession.id)).first()
    forged = URLSafeTimedSerializer(
        key or "empty", salt="dashapp.session", signer_kwargs={"key_derivation": "hmac"}
    ).dumps(str(session_id))
    anna.set_cookie("dashapp", forged)
    assert is_out(anna)


def test_signed_texts_of_other_purposes_are_no_session(server: Flask, anna: FlaskClient) -> None:
    with server.app_context():
        session_id = str(db.session.scalars(sa.select(UserSession.id)).first())
    for purpose in ("ticket", "guest", "csrf"):
        anna.set_cookie("dashapp", sign(purpose, session_id))
        assert is_out(anna)


def test_cookies_are_closed(server: Flask, tmp_path: Path) -> None:
    answer = sign_in(server.test_client(), "anna")
    session = answer.headers.getlist("Set-Cookie")[0]
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    with doors.serving(tmp_path / "https", base_url="https://localhost") as app:
        doors.make_user(app, "eve")
        client = app.test_client()
        token = client.get("/login", base_url="https://localhost").headers["Set-Cookie"]
        assert "Secure" in token


def first_admin_form(client: FlaskClient, link: str, **form: str) -> int:
    client.get("/login")
    data = {
        "csrf_token": cookie(client, "_csrf_token"), "username": "root", "name": "Root",
        "password": NEW, "again": NEW,
    } | form  # fmt: skip
    return client.post(link, data=data).status_code


def test_first_admin_link_works_once(tmp_path: Path) -> None:
    with doors.serving(tmp_path) as app:
        with app.app_context():
            link = f"/first-admin/{accounts.first_admin_link()}"
        assert first_admin_form(app.test_client(), link, again="other") == 422
        client = app.test_client()
        assert first_admin_form(client, link) == 303
        assert client.get("/admin").status_code == 200
        assert app.test_client().get(link).status_code == 404
        assert first_admin_form(app.test_client(), link) == 404


def test_first_admin_link_ends(tmp_path: Path) -> None:
    with doors.serving(tmp_path) as app:
        with app.app_context():
            token = accounts.first_admin_link()
            link = db.session.scalars(sa.select(SignInLink)).one()
            link.expires_at -= timedelta(minutes=16)
            db.session.commit()
        assert app.test_client().get(f"/first-admin/{token}").status_code == 404


def test_set_up_is_over_once_there_is_an_admin(server: Flask) -> None:
    assert server.test_client().get("/first-admin/anything").status_code == 404
    assert first_admin_form(server.test_client(), "/first-admin/anything") == 404


def test_link_for_a_new_password(server: Flask, anna: FlaskClient) -> None:
    with server.app_context():
        token = accounts.reset_link(SYSTEM, user("anna").uuid)
    assert server.test_client().get(f"/first-admin/{token}").status_code == 404
    client = server.test_client()
    client.get(f"/new-password/{token}")
    data = {"csrf_token": cookie(client, "_csrf_token"), "password": NEW, "again": NEW}
    assert client.post(f"/new-password/{token}", data=data).status_code == 303
    assert client.get("/").status_code == 200
    assert is_out(anna)
    assert client.post(f"/new-password/{token}", data=data).status_code in (403, 404)


def change(client: FlaskClient, **form: str) -> int:
    data = {"csrf_token": cookie(client, "_csrf_token")} | form
    return client.post("/account", data=data).status_code


def test_preferences_are_kept(anna: FlaskClient) -> None:
    wanted = {"name": "Anna B.", "zone": "Asia/Tokyo", "locale": "de", "theme": "dark"}
    assert change(anna, action="preferences", **wanted) == 303
    page = anna.get("/account").text
    assert 'value="Asia/Tokyo" selected' in page
    assert "Anna B." in page
    assert 'lang="de"' in page
    assert 'data-bs-theme="dark"' in anna.get("/").text
    for wrong in ({"zone": "Moon/Base"}, {"theme": "pink"}, {"name": " "}, {"locale": "<x>"}):
        assert change(anna, action="preferences", **(wanted | wrong)) == 422


def test_new_password_signs_out_other_browsers(server: Flask, anna: FlaskClient) -> None:
    other = server.test_client()
    sign_in(other, "anna")
    wrong = {"action": "password", "old": "wrong", "new": NEW, "again": NEW}
    assert change(anna, **wrong) == 422
    assert change(anna, **(wrong | {"old": PASSWORD, "again": "x"})) == 422
    assert change(anna, **(wrong | {"old": PASSWORD})) == 303
    assert not is_out(anna)
    assert is_out(other)
    assert sign_in(server.test_client(), "anna").status_code == 401
    assert sign_in(server.test_client(), "anna", NEW).status_code == 303


def test_sign_out_everywhere(server: Flask, anna: FlaskClient) -> None:
    other = server.test_client()
    sign_in(other, "anna")
    assert change(anna, action="sessions") == 303
    assert is_out(anna)
    assert is_out(other)


@pytest.mark.parametrize("action", ["", "nothing", "__class__"])
def test_unknown_actions_are_refused(anna: FlaskClient, action: str) -> None:
    assert change(anna, action=action) == 400


@pytest.mark.parametrize("value", ["x" * 1001, "\0"])
def test_absurd_credentials_are_refused(stranger: FlaskClient, value: str) -> None:
    assert sign_in(stranger, value).status_code == 400
    assert sign_in(stranger, "anna", value).status_code == 400


def test_json_is_no_way_to_sign_in(stranger: FlaskClient) -> None:
    for body in ({"username": {"select": 1}}, ["a"], True, None):
        assert stranger.post("/login", json=body).status_code == 403


def test_signed_in_people_skip_the_form(anna: FlaskClient) -> None:
    assert anna.get("/login?next=/admin").location == "/admin"
    assert anna.get("/login?next=//evil").location == "/"
