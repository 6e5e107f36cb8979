"""Stores on a real Redis and on disk; the same tests hold for both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashapp import cache
from dashapp.settings import Settings, using
from tests.cache.factories import make_settings


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Settings]:
    """Settings in force, with everything in a folder."""
    with using(make_settings(tmp_path)) as chosen:
        yield chosen
    cache.reset()


@pytest.fixture
def on_redis(tmp_path: Path, redis_url: str) -> Iterator[Settings]:
    """Settings in force, with an empty Redis."""
    with using(make_settings(tmp_path, redis_url)) as chosen:
        yield chosen
    cache.reset()


@pytest.fixture(params=["disk", "redis"])
def chosen(request: pytest.FixtureRequest) -> Settings:
    """Settings in force, in turn on disk and on Redis."""
    found: Settings = request.getfixturevalue(f"on_{request.param}")
    return found
