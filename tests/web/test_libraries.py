"""Scripts of the libraries: kept for good, packed small, and only those that a page needs."""

from __future__ import annotations

import gzip
import re
import time
from pathlib import Path

import pyarrow as pa
import pytest
from dash import html
from dash.development.base_component import Component
from flask import Flask
from flask.testing import FlaskClient

from dashapp.ui.page import Scripts, scripted
from dashapp.web import packed, statics
from tests.web import server as doors

OWN = {"Sec-Fetch-Site": "same-origin", "Accept-Encoding": "gzip, br, zstd"}


def sources(page: str) -> list[str]:
    """What the scripts of a page are loaded from."""
    return re.findall(r'<script[^>]* src="([^"]+)"', page)


def test_every_script_of_a_page_may_be_kept_forever(anna: FlaskClient) -> None:
    found = sources(anna.get("/").text)
    assert [s for s in found if s.startswith(statics.LIBRARIES)]
    for source in found:
        answer = anna.get(source, buffered=True)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, statics.FOREVER)


def test_parts_that_scripts_load_later_are_beside_them(anna: FlaskClient) -> None:
    core = next(s for s in sources(anna.get("/").text) if s.endswith("/dash_core_components.js"))
    part = core.rpartition("/")[0] + "/async-graph.js"
    answer = anna.get(part, buffered=True)
    assert answer.headers["Cache-Control"] == statics.FOREVER
    assert f'<link rel="preload" as="script" href="{part}">' in anna.get("/").text
    known = anna.get(part, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
    assert known.status_code == 304


def test_another_version_is_answered_but_not_for_long(anna: FlaskClient) -> None:
    answer = anna.get("/libraries/old/dash/dcc/async-graph.js", buffered=True)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, statics.SHORT)


@pytest.mark.parametrize(
    "path", ["dash/dash.py", "os/path.py", "dash/../dash.py", "dash/%2e%2e/x.js", "none/x.js"]
)
def test_nothing_but_registered_files_is_served(anna: FlaskClient, path: str) -> None:
    assert anna.get(f"/libraries/x/{path}").status_code in (308, 404)


def test_the_script_of_tables_is_left_out_where_no_table_is(anna: FlaskClient) -> None:
    assert "dash_ag_grid" not in "".join(sources(anna.get("/").text))


@pytest.mark.parametrize(
    ("scripts", "wanted", "other"),
    [
        (Scripts("cartesian", draws=True), "plotly-cartesian", "plotly.min.js"),
        (Scripts("full", draws=True), "plotly.min.js", "plotly-cartesian"),
    ],
)
def test_a_page_names_one_bundle_of_plotly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts: Scripts, wanted: str, other: str
) -> None:
    def layout(_visit: object) -> Component:
        return scripted(html.Div("Drawn later"), scripts)

    monkeypatch.setattr(doors, "PAGES", (doors.Page("/", layout, "Home"),))
    with doors.serving(tmp_path) as app:
        doors.make_user(app, "anna")
        page = doors.enter(app, "anna").get("/").text
    assert page.count(wanted) == 2  # Preloaded, and told to the script that loads it.
    assert other not in page


def test_a_page_that_says_nothing_may_draw_everything(anna: FlaskClient) -> None:
    page = anna.get("/").text
    assert "plotly.min.js" in page
    assert "plotly-cartesian" not in page


def test_static_files_come_as_brotli_where_browsers_offer_it(anna: FlaskClient) -> None:
    url = statics.url("theme.css")
    plain = anna.get(url, buffered=True).data
    best = anna.get(url, headers={"Accept-Encoding": "gzip, deflate, br, zstd"}, buffered=True)
    assert best.headers["Content-Encoding"] == "br"
    unpacked = pa.Codec("brotli").decompress(best.data, len(plain), asbytes=True)
    assert unpacked == plain
    plain_http = anna.get(url, headers={"Accept-Encoding": "gzip, deflate"}, buffered=True)
    assert gzip.decompress(plain_http.data) == plain


def test_the_smallest_form_is_made_beside_requests_and_kept(server: Flask) -> None:
    shelf, plain = packed.Shelf(), (statics.FOLDER / "theme.css").read_bytes()
    quick = shelf.form("theme.css 1", "br", plain)
    deadline = time.monotonic() + 20
    while not (kept := list(packed.folder().glob("*.br"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    smallest = kept[0].read_bytes()
    assert len(smallest) < len(quick)
    assert pa.Codec("brotli").decompress(smallest, len(plain), asbytes=True) == plain
    assert packed.Shelf().form("theme.css 1", "br", plain) == smallest


def test_a_page_is_packed_only_when_nobody_else_made_the_browser_ask(anna: FlaskClient) -> None:
    def packing(path: str, **headers: str) -> str | None:
        return anna.get(path, headers={**OWN, **headers}).headers.get("Content-Encoding")

    assert packing("/") == "zstd"
    assert packing("/", **{"Sec-Fetch-Site": "none"}) == "zstd"
    assert packing("/", **{"Sec-Fetch-Site": "cross-site"}) is None
    assert packing("/", **{"Sec-Fetch-Site": "same-site"}) is None
    assert packing("/?f=guess") is None
    assert packing("/account") is None
    assert "Sec-Fetch-Site" in anna.get("/", headers=OWN).headers["Vary"]


def test_tiles_come_as_zstd_where_browsers_offer_it(anna: FlaskClient) -> None:
    parts = [1] * 800
    answer = doors.call(anna, doors.call_body(parts=parts), **{"Accept-Encoding": "gzip, zstd"})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") in (None, "zstd")
