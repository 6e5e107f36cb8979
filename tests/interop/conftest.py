"""The example bundles and their data, where they are; servers that they moved to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers

SHARED = Path(__file__).parents[3] / "shared" / "superset-examples"


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of the example bundles, their data and Superset's answers."""
    if not SHARED.is_dir():
        pytest.skip("The example bundles of Superset are not beside this checkout.")
    return SHARED


@pytest.fixture(scope="session")
def interop_postgres(postgres_server: str) -> Iterator[str]:
    """A PostgreSQL database for a copy of the data: its URL."""
    with servers.postgres_database(postgres_server) as url:
        yield url
