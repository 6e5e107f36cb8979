"""The three engines, and how many questions to ask them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dashapp import cache, warehouses
from dashapp.settings import Settings, using
from tests import servers
from tests.query.fuzz import tally
from tests.query.fuzz.data import Land, duckdb_land, postgresql_land, sqlite_land

KEY = "kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA"


@pytest.fixture(scope="session")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a data folder for the session."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "warehouses").mkdir()
    return Settings(data_dir=folder, secret_key=SecretStr(KEY), private_hosts=("*",))


def _land(name: str, folder: Path, request: pytest.FixtureRequest, stack: ExitStack) -> Land:
    if name == "sqlite":
        return sqlite_land(folder)
    if name == "duckdb":
        return duckdb_land(folder)
    server = request.getfixturevalue("postgres_server")
    return postgresql_land(stack.enter_context(servers.postgres_database(server)))


@pytest.fixture(scope="session", params=["sqlite", "duckdb", "postgresql"])
def built(request: pytest.FixtureRequest, chosen: Settings) -> Iterator[Land]:
    """The table on one engine after the other."""
    with ExitStack() as stack:
        made = _land(request.param, chosen.data_dir / "warehouses", request, stack)
        yield made
        warehouses.dispose()


@pytest.fixture
def land(built: Land, chosen: Settings) -> Iterator[Land]:
    """The table on one engine after the other, with a cold cache."""
    with using(chosen):
        cache.reset()
        yield built
        cache.reset()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where processes share the tests, each tells its numbers."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["asked"] = {engine: dict(counts) for engine, counts in tally.asked.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The numbers of a process that is done."""
    for engine, counts in node.workeroutput.get("asked", {}).items():
        tally.asked.setdefault(engine, Counter()).update(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many questions were asked, and who answered."""
    for line in tally.lines():
        terminalreporter.write_line(line)
