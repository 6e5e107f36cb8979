"""The example bundles and their data, where they are; servers that they moved to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import servers
from tests.interop import copies

SHARED = Path(__file__).parents[3] / "shared" / "superset-examples"


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of the example bundles, their data and Superset's answers."""
    if not SHARED.is_dir():
        pytest.skip("The example bundles of Superset are not beside this checkout.")
    return SHARED


@pytest.fixture(scope="session")
def interop_postgres(postgres_server: str, examples: Path) -> Iterator[str]:
    """A PostgreSQL database with a copy of the data that nobody changes: its URL."""
    with servers.postgres_database(postgres_server) as url:
        yield copies.postgresql(copies.tables(examples / "data"), url)


@pytest.fixture(scope="session")
def interop_files(
    examples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Answers with a copy of the data as a file of "sqlite" or "duckdb", made once."""
    folder = tmp_path_factory.mktemp("copies")

    @cache
    def made(engine: str) -> Path:
        place = folder / f"moved.{engine}"
        copy = copies.sqlite if engine == "sqlite" else copies.duckdb_file
        copy(copies.tables(examples / "data"), place)
        return place

    return made
