"""Engines that hold the table of `worlds`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests import servers
from tests.query.worlds import World, world

URLS = {"sqlite": "sqlite://", "duckdb": "duckdb:///:memory:"}


@pytest.fixture(scope="session", params=["sqlite", "duckdb", "postgresql", "mysql"])
def flights(request: pytest.FixtureRequest) -> Iterator[World]:
    """The flights on one engine after the other."""
    name = request.param
    with ExitStack() as stack:
        if name == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(servers.postgres_database(server))
        elif name == "mysql":
            server = request.getfixturevalue("mariadb_server")
            url = stack.enter_context(servers.mariadb_database(server))
        else:
            url = URLS[name]
        made = world(name, url)
        yield made
        made.engine.dispose()


@cache
def _lite() -> World:
    return world("sqlite", URLS["sqlite"])


@pytest.fixture
def lite() -> World:
    """The flights on SQLite alone, for what does not differ between engines."""
    return _lite()
