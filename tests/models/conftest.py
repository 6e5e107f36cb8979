"""Metadata databases on every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

ENGINES = ("sqlite", "postgresql", "mariadb")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh SQLite file: SQLAlchemy URL."""
    return f"sqlite:///{tmp_path / 'metadata.db'}"


@pytest.fixture(params=ENGINES)
def metadata_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each engine in turn: SQLAlchemy URL."""
    names = {"sqlite": "sqlite_url", "postgresql": "postgres_url", "mariadb": "mariadb_url"}
    url: str = request.getfixturevalue(names[request.param])
    return url
