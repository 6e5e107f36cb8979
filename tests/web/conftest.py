"""A server and people at its door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web import server as doors


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Flask]:
    """A server with the viewer anna and the administrator adam."""
    with doors.serving(tmp_path) as app:
        doors.make_user(app, "anna")
        doors.make_user(app, "adam", "admin")
        yield app


@pytest.fixture
def stranger(server: Flask) -> FlaskClient:
    """A browser without a session."""
    return server.test_client()


@pytest.fixture
def anna(server: Flask) -> FlaskClient:
    """A browser in which the viewer anna is signed in."""
    return doors.enter(server, "anna")


@pytest.fixture
def adam(server: Flask) -> FlaskClient:
    """A browser in which the administrator adam is signed in."""
    return doors.enter(server, "adam")
