"""What tests of services share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from pydantic import SecretStr

from dashapp import cache
from dashapp.services import passwords, sources
from dashapp.settings import Settings, using
from tests.services.metadata import metadata

KEY = "kP3vX9tQ2mZ7wR5yB8nD1cF6hJ4gL0sA"


@pytest.fixture
def chosen(tmp_path: Path) -> Iterator[Settings]:
    """Settings with a key, and a data folder of the test's own."""
    with using(Settings(data_dir=tmp_path, secret_key=SecretStr(KEY))) as settings:
        cache.reset()
        yield settings
        cache.reset()


@pytest.fixture
def app(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An empty metadata database in an application context; hashing is made cheap."""
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    passwords._decoy.cache_clear()
    sources.forget()
    with metadata(chosen.metadata_url) as made:
        yield made
    passwords._decoy.cache_clear()
