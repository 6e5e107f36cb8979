"""A page that was closed: who may say so, and of which page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashapp import query
from dashapp.services import embed
from dashapp.viewer import SYSTEM
from tests.web import server as doors

LEAVE = "/api/v1/pages/leave"


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages that were left."""
    found: list[str] = []
    monkeypatch.setattr(query, "leave", found.append)
    return found


def leave(client: FlaskClient, body: Any, **headers: str) -> int:
    sent = {"X-CSRFToken": doors.cookie(client, "_csrf_token"), "Origin": "http://localhost"}
    return client.post(LEAVE, json=body, headers=sent | headers).status_code


def test_people_leave_their_own_pages(server: Flask, left: list[str]) -> None:
    doors.make_user(server, "ben")
    for name in ("anna", "ben"):
        assert leave(doors.enter(server, name), {"page": "p"}) == 204
    assert len(set(left)) == 2


def test_guests_leave_theirs_by_their_token(server: Flask, left: list[str]) -> None:
    with server.app_context():
        token = embed.mint(SYSTEM, embed.TokenRequest(dashboard="sales")).token
    headers = {"X-Guest-Token": token, "Origin": "http://localhost"}
    answer = server.test_client().post(LEAVE, json={"page": "p"}, headers=headers)
    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers
    assert len(left) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-CSRFToken": ""}, 403),
        ({"X-CSRFToken": "x"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Guest-Token": "x"}, 401),
    ],
)
def test_nobody_else_can_say_so(
    server: Flask, left: list[str], headers: dict[str, str], status: int
) -> None:
    assert leave(doors.enter(server, "anna"), {"page": "p"}, **headers) == status
    assert left == []


def test_strangers_have_no_pages(server: Flask, left: list[str]) -> None:
    assert leave(server.test_client(), {"page": "p"}) == 401
    assert left == []


@pytest.mark.parametrize("body", [{}, [], {"page": ""}, {"page": 1}, {"page": "p" * 101}, {"page": "p", "x": 1}])  # fmt: skip
def test_other_bodies_are_refused(server: Flask, left: list[str], body: Any) -> None:
    assert leave(doors.enter(server, "anna"), body) == 400
    assert left == []
