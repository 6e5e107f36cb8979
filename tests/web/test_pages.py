"""Pages: one HTML that brings everything, headers on every answer, errors as pages or JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web import server as doors

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
HTML = {"Accept": "text/html,*/*;q=0.8"}


def scripts(answer: TestResponse) -> list[tuple[str, str]]:
    return SCRIPT.findall(answer.text)


def held(answer: TestResponse, name: str) -> object:
    """The JSON of an inline script."""
    text = next(body for start, body in scripts(answer) if f'id="{name}"' in start)
    return json.loads(text)


def test_page_brings_its_layout_and_callbacks(anna: FlaskClient) -> None:
    page = anna.get("/", headers=HTML)
    assert "<title>Home of Anna · Dashapp</title>" in page.text
    referrer = {"Referer": "http://localhost/"}
    assert held(page, "boot-layout") == anna.get("/_dash-layout", headers=referrer).json
    assert held(page, "boot-dependencies") == anna.get("/_dash-dependencies").json


def test_every_inline_script_carries_the_nonce_of_the_policy(anna: FlaskClient) -> None:
    page = anna.get("/")
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
    assert nonce
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]
    for start, body in scripts(page):
        is_data = 'type="application/json"' in start
        assert is_data or "src=" in start or f'nonce="{nonce[1]}"' in start, (start, body)
    assert nonce[1] not in anna.get("/").headers["Content-Security-Policy"]


def test_text_in_the_layout_stays_text(anna: FlaskClient) -> None:
    page = anna.get("/")
    assert doors.HOME not in page.text
    assert doors.HOME in json.dumps(held(page, "boot-layout"))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/shelves/none", 404), ("/shelves/secret", 403), ("/admin", 403)],
)
def test_refusals_are_pages_for_people_and_json_for_programs(
    anna: FlaskClient, path: str, status: int
) -> None:
    page = anna.get(path, headers=HTML)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert page.headers["X-Request-Id"] in page.text
    answer = anna.get(path, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert answer.json is not None
    assert set(answer.json["error"]) == {"code", "message", "fields", "request_id"}


@pytest.mark.parametrize("referrer", ["", "http://evil.example/", "http://localhost/embed/sales"])
def test_layout_is_given_to_our_own_pages_only(anna: FlaskClient, referrer: str) -> None:
    assert anna.get("/_dash-layout", headers={"Referer": referrer}).status_code == 404


@pytest.mark.parametrize("path", ["/admin", "/shelves/secret"])
def test_layout_is_as_closed_as_its_page(anna: FlaskClient, path: str) -> None:
    headers = {"Referer": f"http://localhost{path}"}
    assert anna.get("/_dash-layout", headers=headers).status_code == 403


PATHS = ("/", "/login", "/account", "/nowhere", "/health", "/api/v1/health", "/_dash-layout",
         "/_dash-dependencies", "/assets/boot.js", "/assets/none.js", "/favicon.ico",
         "/_dash-component-suites/dash/dcc/async-graph.js")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_headers_are_on_every_answer(anna: FlaskClient, path: str) -> None:
    answer = anna.get(path, buffered=True)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"]
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in answer.headers
    is_file = path.startswith(("/assets/boot", "/_dash-comp", "/favicon"))
    assert ("no-store" in answer.headers["Cache-Control"]) != is_file


def test_https_is_remembered_by_browsers(tmp_path: Path) -> None:
    with doors.serving(tmp_path, base_url="https://bi.example.com") as app:
        answer = app.test_client().get("/login", base_url="https://bi.example.com")
    assert answer.headers["Strict-Transport-Security"]
    assert "Secure" in answer.headers["Set-Cookie"]


def test_files_named_by_content_are_kept_for_ever(anna: FlaskClient) -> None:
    page = anna.get("/")
    found = re.search(r'src="(/assets/boot\.js\?v=[^"]+)"', page.text)
    assert found
    assert "immutable" in anna.get(found[1], buffered=True).headers["Cache-Control"]
    other = anna.get("/assets/boot.js?v=other", buffered=True)
    assert "immutable" not in other.headers["Cache-Control"]


XSS = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "path",
    [
        f"/{XSS}", f"/login?next=/{XSS}", f"/?f={XSS}", f"/shelves/{XSS}", f"/api/{XSS}",
        f"/_dash-component-suites/{XSS}/x.js", f"/_dash-component-suites/dash/{XSS}.js",
        f"/first-admin/{XSS}", f"/account?done={XSS}", f"/assets/{XSS}.js",
    ],
)  # fmt: skip
def test_nothing_in_the_url_becomes_markup(anna: FlaskClient, path: str) -> None:
    for headers in (HTML, {"Accept": "application/json"}):
        assert XSS not in anna.get(path, headers=headers).text


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-component-suites/..%2f..%2fetc%2fpasswd", "/_dash-component-suites/dash/../x.js",
        "/_dash-component-suites/os/path.py", "/_dash-component-suites/dash/dash.py",
        "/assets/..%2f..%2ffactory.py", "/assets/%2e%2e/guard.py", "/assets/..\\guard.py",
        "/assets/%252e%252e/guard.py", "/assets//etc/passwd",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_static_files(stranger: FlaskClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code in (302, 308, 404)
    assert "import" not in answer.text


def test_pages_follow_the_theme_and_language_of_the_viewer(
    server: Flask, anna: FlaskClient
) -> None:
    page = anna.get("/").text
    assert 'lang="en"' in page
    assert 'data-theme="auto"' in page
    assert "prefers-color-scheme" in page


def test_bug_in_a_page_shows_an_id_and_no_detail(
    server: Flask, anna: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise RuntimeError("the password is hunter2")

    server._got_first_request = False
    server.add_url_rule("/broken", view_func=broken)
    page = anna.get("/broken")
    assert page.status_code == 500
    assert "hunter2" not in page.text
    assert page.headers["X-Request-Id"] in page.text
    assert "hunter2" in caplog.text


def test_flask_itself_sets_no_cookie(server: Flask) -> None:
    answer = server.test_client().get("/health")
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers


def test_library_list_is_not_told(anna: FlaskClient) -> None:
    answer = anna.get("/_dash-component-suites/none/x.js")
    assert answer.status_code == 404
    assert "dash_ag_grid" not in answer.text
    assert "sys.version" not in anna.get("/").text


def test_dash_version_of_python_is_not_told(anna: FlaskClient) -> None:
    config = held(anna.get("/"), "_dash-config")
    assert isinstance(config, dict)
    assert config["python_version"] == ""
