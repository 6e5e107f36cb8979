"""Static files and tiles travel compressed, pages do not."""

from __future__ import annotations

import gzip

from flask import Flask
from flask.testing import FlaskClient

from dashapp.web import statics

ZIP = {"Accept-Encoding": "gzip"}


def test_static_files_are_compressed_for_who_takes_it(server: Flask) -> None:
    client, url = server.test_client(), statics.url("theme.css")
    plain, small = client.get(url, buffered=True), client.get(url, headers=ZIP, buffered=True)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Accept-Encoding" in small.headers["Vary"]
    assert client.get(url, headers=ZIP, buffered=True).data == small.data


def test_a_known_static_file_is_not_sent_again(server: Flask) -> None:
    client = server.test_client()
    first = client.get("/assets/theme.css", headers=ZIP, buffered=True)
    known = {**ZIP, "If-None-Match": first.headers["ETag"]}
    again = client.get("/assets/theme.css", headers=known, buffered=True)
    assert again.status_code == 304


def test_pages_that_hold_tokens_are_not_compressed(server: Flask, anna: FlaskClient) -> None:
    assert "Content-Encoding" not in server.test_client().get("/login", headers=ZIP).headers
    assert "Content-Encoding" not in anna.get("/", headers=ZIP).headers
