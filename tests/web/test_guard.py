"""Nothing passes the door that may not: every route, every origin, every host."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashapp.web import redirects
from dashapp.web.routes import ANYONE, ROUTES, document
from tests.web import server as doors

DASH = ("/_dash-layout", "/_dash-dependencies", "/_reload-hash")
PARAMETERS = {
    "<path:path>": "shelves/books",
    "<token>": "none",
    "<path:filename>": "boot.js",
    "<string:package_name>/<path:fingerprinted_path>": "nothing/here.js",
    "<uuid:uuid>": "00000000-0000-0000-0000-000000000001",
}


def address(rule: str) -> str:
    for part, value in PARAMETERS.items():
        rule = rule.replace(part, value)
    return rule


@pytest.mark.parametrize("rule", [r for r, route in ROUTES.items() if route.access is not ANYONE])
def test_strangers_pass_no_closed_route(stranger: FlaskClient, rule: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        answer = stranger.open(address(rule), method=method, json={} if method != "GET" else None)
        assert answer.status_code in (302, 401), (method, answer.status_code)
        assert answer.status_code == 401 or answer.location.startswith("/login?next=")


@pytest.mark.parametrize("path", DASH)
def test_strangers_learn_nothing_from_dash(stranger: FlaskClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"]["code"] == "sign_in_required"


def test_strangers_may_have_library_files_and_health(stranger: FlaskClient) -> None:
    assert stranger.get("/health").text == "ok"
    assert stranger.get("/api/v1/health").json == {"status": "ok"}
    assert stranger.get("/assets/boot.js", buffered=True).status_code == 200
    suite = "/_dash-component-suites/dash/dcc/async-graph.js"
    assert stranger.get(suite).status_code == 200


def test_unlisted_routes_need_a_person(server: Flask) -> None:
    server._got_first_request = False
    server.add_url_rule("/plugin", view_func=lambda: "plugin", endpoint="plugin")
    assert server.test_client().get("/plugin").status_code == 302
    client = doors.enter(server, "anna")
    assert client.get("/plugin").text == "plugin"


def test_every_route_is_listed_and_nothing_else(server: Flask) -> None:
    assert {rule.rule for rule in server.url_map.iter_rules()} == set(ROUTES)


def test_routes_are_documented() -> None:
    page = Path(__file__).parents[2] / "docs" / "routes.md"
    assert page.read_text("utf-8") == document()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": "", "Referer": "https://evil.example/x"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-CSRFToken": ""},
        {"X-CSRFToken": "0" * 64},
    ],
)
def test_calls_from_elsewhere_are_refused(anna: FlaskClient, headers: dict[str, str]) -> None:
    answer = doors.call(anna, doors.call_body(), **headers)
    assert answer.status_code == 403
    assert doors.call(anna, doors.call_body()).status_code == 200


def test_token_of_another_session_is_refused(anna: FlaskClient, adam: FlaskClient) -> None:
    token = doors.cookie(adam, "_csrf_token")
    assert doors.call(anna, doors.call_body(), **{"X-CSRFToken": token}).status_code == 403


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
@pytest.mark.parametrize("rule", [r for r in ROUTES if "<" not in r])
def test_cross_site_forms_change_nothing(anna: FlaskClient, rule: str, kind: str) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = anna.post(rule, data="action=sessions", content_type=kind, headers=headers)
    assert answer.status_code in (400, 401, 403, 405, 415)
    assert anna.get("/").status_code == 200


def test_callbacks_take_json_only(anna: FlaskClient) -> None:
    token = doors.cookie(anna, "_csrf_token")
    answer = anna.post(
        "/_dash-update-component", data="{}", headers={"X-CSRFToken": token},
        content_type="text/plain",
    )  # fmt: skip
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "localhost, evil", "a@localhost", "localhost:x", ""],
)
def test_other_hosts_are_refused(stranger: FlaskClient, host: str) -> None:
    answer = stranger.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_forwarded_host_counts_behind_a_proxy_only(tmp_path: Path) -> None:
    with doors.serving(tmp_path, allowed_hosts=("bi.example.com",)) as app:
        forwarded = {"Host": "bi.example.com", "X-Forwarded-Host": "evil.example"}
        assert app.test_client().get("/login", headers=forwarded).status_code == 200
    with doors.serving(tmp_path, allowed_hosts=("bi.example.com",), proxies=1) as app:
        assert app.test_client().get("/login", headers=forwarded).status_code == 400
        assert app.test_client().get("/health", headers=forwarded).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//e", "////e", "/\\e", "https:e", "\t//e", "/\t/e", "http:/e", "javascript:alert(1)",
        "/login/../..//e", "http://localhost@e/", "/%5ce", "/%2f/e", "/a//b", "/..", "\\\\e",
        "/login?next=//e", "/logout", "/_dash-layout", "/" + "a" * 5000, "/a b", "/x?\n", "",
    ],
)  # fmt: skip
def test_next_is_a_path_of_ours_or_home(server: Flask, target: str) -> None:
    assert redirects.local(target) == "/"
    answer = doors.sign_in(server.test_client(), "anna", next=target)
    assert (answer.status_code, answer.location) == (303, "/")


def test_next_leads_back(stranger: FlaskClient) -> None:
    answer = stranger.get("/shelves/books?f=%7B%7D&tab=2")
    assert answer.location == "/login?next=%2Fshelves%2Fbooks%3Ff%3D%257B%257D%26tab%3D2"
    assert redirects.local("/shelves/books?f=%7B%7D") == "/shelves/books?f=%7B%7D"


def test_bodies_have_a_cap(anna: FlaskClient) -> None:
    answer = doors.call(anna, doors.call_body(clicks="x" * 5_000_000))
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["error"]["message"]


def test_nul_is_refused(anna: FlaskClient) -> None:
    assert anna.get("/shelves/%00").status_code == 400
    assert anna.get("/?f=%00").status_code == 400
    assert doors.call(anna, doors.call_body(clicks="\0")).status_code == 400
    assert doors.sign_in(anna, "an\0na").status_code in (400, 403)


def test_nobody_is_taken_for_another(server: Flask) -> None:
    people = [(name.title(), doors.enter(server, name)) for name in ("anna", "adam")] * 4

    def ask(person: tuple[str, FlaskClient]) -> set[str]:
        name, client = person
        copy = server.test_client()
        for cookie in ("dashapp", "_csrf_token"):
            copy.set_cookie(cookie, doors.cookie(client, cookie))
        answers = [doors.call(copy, doors.call_body(clicks=n)).text for n in range(12)]
        return {"mixed up" for answer in answers if f"user {name}:" not in answer}

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(ask, people)) == set()
