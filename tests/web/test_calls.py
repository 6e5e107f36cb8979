"""Callbacks take nothing from the browser on trust."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.server import call, call_body


def test_callback_answers_for_the_viewer_of_the_session(anna: FlaskClient) -> None:
    answer = call(anna, call_body(clicks=2, parts=[1, 4]))
    assert answer.json == {"multi": True, "response": {"sum": {"children": "user Anna: 7"}}}


def test_identity_in_the_body_is_ignored(anna: FlaskClient) -> None:
    forged = call_body() | {"viewer": {"kind": "system"}, "user_id": 2, "viewer_id": 2}
    assert b"user Anna" in call(anna, forged).data


def test_callback_of_an_admin_page_is_refused(anna: FlaskClient, adam: FlaskClient) -> None:
    answer = call(anna, call_body("admin"))
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["error"]["code"] == "forbidden"
    assert b"administered" in call(adam, call_body("admin")).data


def test_bug_shows_an_id_and_no_detail(anna: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = call(anna, call_body(clicks=13))
    assert answer.status_code == 200
    assert b"hunter2" not in answer.data
    assert answer.headers["X-Request-Id"] in answer.text
    assert answer.headers["X-Request-Id"] in caplog.text


VALUES: list[Any] = [
    {"$gt": 1}, ["a"], "abc", True, 1.5, {"values": []}, "\u2028", {"a": {"b": [1]}}, "1; DROP",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_values_of_another_type_are_400(anna: FlaskClient, value: Any) -> None:
    for body in (call_body(clicks=value), call_body(parts=[value])):
        answer = call(anna, body)
        if value is not True:  # JSON's true is 1 to a number.
            assert answer.status_code == 400
            assert answer.json is not None
            assert answer.json["error"]["fields"]


BODIES: list[Any] = [
    True, [], ["a"], "text", 5, {}, {"output": None}, {"output": ["sum.children"]},
    call_body() | {"inputs": None}, call_body() | {"inputs": []}, call_body() | {"inputs": {}},
    call_body() | {"inputs": [[]]}, call_body() | {"inputs": ["add"]},
    call_body() | {"inputs": [{"id": "other", "property": "n_clicks", "value": 1}]},
    call_body() | {"inputs": [{"id": "add", "property": "children", "value": 1}]},
    call_body() | {"inputs": [{"id": {"a": [1]}, "property": "n_clicks"}]},
    call_body() | {"inputs": call_body()["inputs"] * 2}, call_body() | {"state": None},
    call_body() | {"state": [{"id": "add", "property": "value", "value": 1}]},
    call_body() | {"state": [[{"id": {"kind": "x", "key": 1}, "property": "value"}]]},
    call_body() | {"state": [[{"id": {"kind": "part"}, "property": "value"}]]},
    call_body() | {"outputs": None}, call_body() | {"outputs": []},
    call_body() | {"outputs": {"id": "admin", "property": "children"}},
    call_body() | {"outputs": {"id": "sum", "property": "style"}},
    call_body() | {"outputs": [{"id": "sum", "property": "children"}] * 2},
    call_body() | {"changedPropIds": "add"}, call_body() | {"changedPropIds": [{}]},
    call_body() | {"changedPropIds": ["{broken.n_clicks"]},
    call_body() | {"changedPropIds": ["{\"a\":1"]},
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_strange_calls_are_400(anna: FlaskClient, body: Any) -> None:
    answer = call(anna, body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]["request_id"]


def test_unknown_callback_is_404(anna: FlaskClient) -> None:
    for name in ("other.children", "__class__", "..sum.children.."):
        assert call(anna, call_body() | {"output": name}).status_code == 404


@pytest.mark.parametrize(
    "text", ["{", "NaN", '{"a": 1e309}', "[" * 3000 + "]" * 3000, '"\\ud800"', "", "\xff"]
)
def test_broken_json_is_400(anna: FlaskClient, text: str) -> None:
    cookie = anna.get_cookie("_csrf_token")
    assert cookie is not None
    answer = anna.post(
        "/_dash-update-component",
        data=text.encode("latin-1"),
        content_type="application/json",
        headers={"X-CSRFToken": cookie.value},
    )
    assert answer.status_code == 400


def test_guests_parameter_is_not_a_session(stranger: FlaskClient) -> None:
    answer = stranger.post("/_dash-update-component?guest_token=x", json=call_body())
    assert answer.status_code == 401
