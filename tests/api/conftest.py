"""A server, a program with an API key, and a dashboard to embed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask

from dashapp.services import accounts
from dashapp.viewer import SYSTEM
from models import Database, Dataset, db
from tests.web import server as doors


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Flask]:
    """A server with the viewer anna and the dashboards sales, closed and strict."""
    with doors.serving(tmp_path) as app:
        doors.make_user(app, "anna")
        doors.make_dashboard(app, "sales")
        doors.make_dashboard(app, "closed", is_enabled=False)
        doors.make_dashboard(app, "strict", requires_rules=True)
        yield app


def make_key(app: Flask, *scopes: str) -> str:
    """An API key of a program."""
    with app.app_context():
        user = accounts.create_user(SYSTEM, f"bot-{uuid4().hex[:8]}", is_service=True)
        return accounts.create_key(SYSTEM, "key", scopes, user=user.uuid)[1]


@pytest.fixture
def key(server: Flask) -> str:
    """An API key that may mint."""
    return make_key(server, "embed.mint")


@pytest.fixture
def dataset(server: Flask) -> UUID:
    """A dataset on SQLite."""
    with server.app_context():
        database = Database(name="d", kind="sqlite", url_encrypted="x")
        dataset = Dataset(name="orders", database=database, table="orders")
        db.session.add(dataset)
        db.session.commit()
        return dataset.uuid
