"""Guests see one dashboard, in a frame of the origins it allows, without any cookie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from freezegun import freeze_time

from dashapp.errors import SignInRequired
from dashapp.services import embed
from dashapp.services.embed import GuestUser, RuleClaim, TokenRequest
from dashapp.signing import sign
from dashapp.specs import FilterValue
from dashapp.viewer import SYSTEM, GuestRule, Viewer
from dashapp.web import tickets
from dashapp.web.session import Asker
from models import EmbedConfig, db
from tests.web import server as doors
from tests.web.server import PARENT, call_body

ASKED = TokenRequest(
    dashboard="sales",
    rules=(RuleClaim(clause="region = 'EU'"),),
    locked_filters={"region": FilterValue(values=("EU",))},
    user=GuestUser(name="Ann", zone="Europe/Berlin"),
)


@pytest.fixture
def token(server: Flask) -> str:
    """A guest token for the dashboard sales."""
    doors.make_dashboard(server)
    with server.app_context():
        return embed.mint(SYSTEM, ASKED).token


def call(client: FlaskClient, token: str, **headers: str) -> Any:
    sent = {"X-Guest-Token": token, "Origin": "http://localhost"} | headers
    return client.post("/_dash-update-component", json=call_body(), headers=sent)


def test_guest_sees_the_embedded_page_and_gets_no_cookie(stranger: FlaskClient, token: str) -> None:
    page = stranger.get(f"/embed/sales?guest_token={token}")
    assert page.status_code == 200
    assert '"embedded":true' in page.text
    assert token not in page.text
    answer = call(stranger, token)
    assert b"guest Ann" in answer.data
    layout = {"X-Guest-Token": token, "Referer": "http://localhost/embed/sales"}
    rest = [stranger.get(p, headers=layout) for p in ("/_dash-layout", "/_dash-dependencies")]
    assert [a.status_code for a in rest] == [200, 200]
    assert not any("Set-Cookie" in a.headers for a in (page, answer, *rest))


def test_exactly_the_allowed_origins_may_frame_it(stranger: FlaskClient, token: str) -> None:
    page = stranger.get(f"/embed/sales?guest_token={token}")
    assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors {PARENT}")
    assert "X-Frame-Options" not in page.headers
    assert "frame-ancestors 'self'" in stranger.get("/login").headers["Content-Security-Policy"]


def test_origins_cannot_smuggle_policy(server: Flask, stranger: FlaskClient, token: str) -> None:
    with server.app_context():
        strange = ["https://a.example; script-src *", "*", "'self'", "https://b.example/x"]
        db.session.execute(sa.update(EmbedConfig).values(allowed_origins=strange))
        db.session.commit()
    policy = stranger.get(f"/embed/sales?guest_token={token}").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'none'")


@pytest.mark.parametrize("path", ["/", "/shelves/books", "/admin", "/account", "/_reload-hash"])
def test_guest_passes_no_other_door(stranger: FlaskClient, token: str, path: str) -> None:
    for headers in ({"X-Guest-Token": token}, {"X-Guest-Token": token, "Accept": "text/html"}):
        assert stranger.get(path, headers=headers).status_code in (302, 401)
    assert stranger.get(f"{path}?guest_token={token}").status_code in (302, 401)


def test_guest_may_call_only_what_names_a_permission_of_guests(
    stranger: FlaskClient, token: str
) -> None:
    for output in ("admin", "own"):
        headers = {"X-Guest-Token": token}
        body = call_body(output)
        answer = stranger.post("/_dash-update-component", json=body, headers=headers)
        assert answer.status_code == 403


def test_token_counts_before_a_cookie(anna: FlaskClient, token: str) -> None:
    assert b"guest Ann" in call(anna, token).data
    assert call(anna, "forged").status_code == 401
    page = anna.get("/embed/sales")
    assert page.status_code == 401
    assert "Set-Cookie" not in page.headers


def test_people_do_not_get_the_embedded_layout(anna: FlaskClient, token: str) -> None:
    referrer = {"Referer": "http://localhost/embed/sales"}
    assert anna.get("/_dash-layout", headers=referrer).status_code == 404


def test_call_from_another_origin_is_refused(stranger: FlaskClient, token: str) -> None:
    assert call(stranger, token, Origin=PARENT).status_code == 403


def claims(**changes: Any) -> dict[str, Any]:
    viewer = Viewer(kind="guest", name="Eve", dashboard=UUID(int=1))
    return embed.claims_of(viewer) | {"exp": 4e9} | changes


@pytest.mark.parametrize("purpose", ["session", "ticket", "csrf"])
def test_texts_of_other_purposes_are_no_token(
    stranger: FlaskClient, token: str, purpose: Any
) -> None:
    assert stranger.get(f"/embed/sales?guest_token={sign(purpose, claims())}").status_code == 401


@pytest.mark.parametrize(
    "forged",
    [
        "", "x", "eyJhbGciOiJub25lIn0.e30.", "a.b.c", "\u2028", "é",
        sign.__name__, "x" * 20_000,
    ],
)  # fmt: skip
def test_forged_tokens_are_401(stranger: FlaskClient, token: str, forged: str) -> None:
    for text in (forged, token[:-2], token + "x", token.swapcase()):
        assert stranger.get("/embed/sales", query_string={"guest_token": text}).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "dashapp.api"}, {"aud": None}, {"exp": 0}, {"exp": "never"}, {"dashboard": "x"},
        {"rules": "1=1"}, {"role": "admin"}, {"user": {"name": "E", "permissions": ["x"]}},
    ],
)  # fmt: skip
def test_signed_claims_of_another_shape_are_401(
    stranger: FlaskClient, token: str, changes: dict[str, Any]
) -> None:
    strange = sign("guest", claims(**changes))
    assert stranger.get("/embed/sales", query_string={"guest_token": strange}).status_code == 401


def test_token_ends_and_the_page_that_says_so_may_be_framed(server: Flask) -> None:
    doors.make_dashboard(server)
    with freeze_time("2026-01-01 12:00:00") as clock:
        with server.app_context():
            token = embed.mint(SYSTEM, ASKED).token
        client = server.test_client()
        path = f"/embed/sales?guest_token={token}"
        clock.tick(299)
        assert client.get(path).status_code == 200
        clock.tick(2)
        page = client.get(path)
        assert page.status_code == 401
        assert call(client, token).status_code == 401
    assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors {PARENT}")
    assert PARENT in page.text
    forged = client.get("/embed/sales?guest_token=x")
    assert "frame-ancestors 'self'" in forged.headers["Content-Security-Policy"]


@pytest.mark.parametrize("values", [{"is_enabled": False}, {"requires_rules": True}])
def test_switching_off_holds_at_once(server: Flask, values: dict[str, bool]) -> None:
    doors.make_dashboard(server)
    asked = TokenRequest(dashboard="sales")
    with server.app_context():
        token = embed.mint(SYSTEM, asked).token
        client = server.test_client()
        assert call(client, token).status_code == 200
        db.session.execute(sa.update(EmbedConfig).values(**values))
        db.session.commit()
    assert call(client, token).status_code == 401


@pytest.fixture
def guest(server: Flask, token: str) -> Iterator[Viewer]:
    """The viewer of the token."""
    with server.app_context():
        yield embed.admit(token).viewer


def test_guest_is_what_the_token_says(guest: Viewer) -> None:
    assert (guest.kind, guest.name, guest.zone) == ("guest", "Ann", "Europe/Berlin")
    assert guest.permissions == {"dashboard.view"}
    assert guest.rules == (GuestRule("region = 'EU'"),)
    assert guest.locked_filters == {"region": FilterValue(values=("EU",))}
    assert (guest.role, guest.user_id, guest.is_admin) == (None, None, False)


def test_ticket_carries_a_guest_to_the_worker(guest: Viewer) -> None:
    ticket = tickets.make(Asker(guest, "guest"))
    assert tickets.admit(ticket) == guest
    db.session.execute(sa.update(EmbedConfig).values(is_enabled=False))
    with pytest.raises(SignInRequired):
        tickets.admit(ticket)


def test_tickets_end_and_cannot_be_forged(guest: Viewer) -> None:
    ticket = tickets.make(Asker(guest, "guest"))
    guest_token = sign("guest", embed.claims_of(guest))
    with patch.object(tickets, "TICKET_S", -1), pytest.raises(SignInRequired):
        tickets.admit(ticket)
    for forged in ("", ticket + "x", guest_token):
        with pytest.raises(SignInRequired):
            tickets.admit(forged)
    assert embed.readmit(embed.claims_of(guest)) == guest
