"""Stores on a real Redis and on disk; the same tests hold for both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashapp.settings import Settings
from tests.cache.factories import serving


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Settings]:
    """Settings in force, with everything in a folder."""
    with serving(tmp_path) as chosen:
        yield chosen


@pytest.fixture
def on_redis(tmp_path: Path, redis_url: str) -> Iterator[Settings]:
    """Settings in force, with an empty Redis."""
    with serving(tmp_path, redis_url) as chosen:
        yield chosen


@pytest.fixture(params=["disk", "redis"])
def chosen(request: pytest.FixtureRequest) -> Settings:
    """Settings in force, in turn on disk and on Redis."""
    found: Settings = request.getfixturevalue(f"on_{request.param}")
    return found
