"""A market, its people and their server, for those who attack it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from dashapp.services.dashboards import Opened
from dashapp.viewer import Viewer
from tests.services import market
from tests.services.conftest import app, chosen
from tests.services.metadata import person, user

__all__ = ["app", "chosen"]


@pytest.fixture(params=["sqlite"])
def ann(app: Flask, request: pytest.FixtureRequest) -> Iterator[Viewer]:
    """A viewer of the market."""
    market.open_market(request.param)
    yield person(user("ann").id)
    market.forget()


@pytest.fixture
def eve(ann: Viewer) -> Viewer:
    """An editor."""
    return person(user("eve", "editor").id, "editor")


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    """The market's dashboard as ann sees it."""
    return market.reopened(ann)
