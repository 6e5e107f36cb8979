"""A market, its people and their server, for those who attack it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from pydantic import SecretStr

from dashapp import cache
from dashapp.services import sources
from dashapp.services.dashboards import Opened
from dashapp.settings import Settings, using
from dashapp.viewer import Viewer
from tests.services import market
from tests.services.conftest import KEY, app, chosen
from tests.services.metadata import metadata, person, user

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


@pytest.fixture(scope="module")
def unmoved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A market for tests that change nothing: one for all of a module."""
    folder = tmp_path_factory.mktemp("unmoved")
    with using(Settings(data_dir=folder, secret_key=SecretStr(KEY))) as made:
        cache.reset()
        sources.forget()
        with metadata(made.metadata_url) as found:
            market.open_market()
            yield found
        market.forget()
