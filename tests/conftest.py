"""Real engines for tests; each skips with a reason where its program is not installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from hypothesis import settings as hypothesis

from tests import servers

# How long an example takes says something of the machine, nothing of the code.
hypothesis.register_profile("patient", deadline=None)
hypothesis.load_profile("patient")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL for the session: URL of its superuser's database."""
    try:
        with servers.postgres_server() as url:
            yield url
    except servers.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh PostgreSQL database: SQLAlchemy URL."""
    with servers.postgres_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """A MariaDB for the session: SQLAlchemy URL without a database."""
    try:
        with servers.mariadb_server() as url:
            yield url
    except servers.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def mariadb_url(mariadb_server: str) -> Iterator[str]:
    """A fresh MariaDB database: SQLAlchemy URL."""
    with servers.mariadb_database(mariadb_server) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A Redis for the session: URL."""
    try:
        with servers.redis_server() as (url, _):
            yield url
    except servers.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis: URL."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium."""
    try:
        return servers.program("chromium")
    except servers.Unavailable as error:
        pytest.skip(str(error))
