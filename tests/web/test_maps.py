"""What maps need of the server: outlines from here, and tiles from one place at most."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from dashapp.settings import Settings
from dashapp.ui.cards import GRAPH_CONFIG
from tests.web import server as doors

TILES = "https://tiles.example.com:8443/osm/{z}/{x}/{y}.png?key=1"


@pytest.mark.parametrize("name", ["world_110m", "world_50m", "usa_110m"])
def test_outlines_come_from_here_and_are_kept(anna: FlaskClient, name: str) -> None:
    url = f"{GRAPH_CONFIG['topojsonURL']}{name}.json"
    packed = {"Accept-Encoding": "gzip"}
    answer = anna.get(url, headers=packed, buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    layers = anna.get(url, buffered=True).json["objects"]
    assert {"coastlines", "land", "ocean", "lakes", "rivers", "countries", "subunits"} <= set(
        layers
    )


def test_pages_fetch_from_nowhere_else_by_default(anna: FlaskClient) -> None:
    policy = anna.get("/login").headers["Content-Security-Policy"]
    assert "connect-src 'self';" in policy
    assert "img-src 'self' data: blob:;" in policy


def test_pages_may_fetch_tiles_from_the_chosen_server_alone(tmp_path: Path) -> None:
    with doors.serving(tmp_path, map_tiles_url=TILES) as app:
        policy = app.test_client().get("/login").headers["Content-Security-Policy"]
    assert "connect-src 'self' https://tiles.example.com:8443;" in policy
    assert "img-src 'self' data: blob: https://tiles.example.com:8443;" in policy
    assert "script-src 'self' 'nonce-" in policy


@pytest.mark.parametrize(
    "url",
    [
        "tiles.example.com/{z}/{x}/{y}", "https://tiles.example.com/", "ftp://a/{z}/{x}/{y}",
        "https://a; script-src */{z}/{x}/{y}", "https://a b/{z}/{x}/{y}", "https:///{z}/{x}/{y}",
        "https://user:pw@a/{z}/{x}/{y}", "https://a/{z}/{x}/{y}'; b", "javascript:{z}{x}{y}",
    ],
)  # fmt: skip
def test_what_is_no_tile_server_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(map_tiles_url=url)
