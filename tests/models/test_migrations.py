"""Migrations lead to the models and back, on every engine."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from models import Base, make_engine, migrate

START_TWICE = """
import sys
from models import migrate
sys.stdin.readline()
migrate.upgrade(sys.argv[1])
"""


def tables(url: str) -> set[str]:
    engine = make_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def test_up_down_and_up_again_gives_the_models(metadata_url: str) -> None:
    assert migrate.current(metadata_url) is None
    migrate.upgrade(metadata_url)
    assert tables(metadata_url) == set(Base.metadata.tables)
    migrate.downgrade(metadata_url)
    assert tables(metadata_url) == set()
    migrate.upgrade(metadata_url)
    migrate.upgrade(metadata_url)
    assert migrate.is_current(metadata_url)
    engine = make_engine(metadata_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_migrated_constraints_bear_the_names_of_the_models(metadata_url: str) -> None:
    migrate.upgrade(metadata_url)
    migrated = constraints(metadata_url)
    migrate.downgrade(metadata_url)
    engine = make_engine(metadata_url)
    Base.metadata.create_all(engine)
    engine.dispose()
    assert migrated == constraints(metadata_url)
    assert all(migrated.values())


def constraints(url: str) -> dict[str, set[tuple[str | None, str | None]]]:
    """Names of each kind of constraint, with their tables."""
    engine = make_engine(url)
    look = sa.inspect(engine)
    found: dict[str, Any] = {
        "check": look.get_multi_check_constraints(),
        "foreign": look.get_multi_foreign_keys(),
        "index": look.get_multi_indexes(),
        "unique": look.get_multi_unique_constraints(),
    }
    engine.dispose()
    return {
        kind: {(table, row["name"]) for (_, table), rows in by_table.items() for row in rows}
        for kind, by_table in found.items()
    }


def test_two_processes_that_start_together_migrate_once(metadata_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", START_TWICE, metadata_url]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in started]
    assert [p.returncode for p in started] == [0, 0], errors
    assert migrate.is_current(metadata_url)


def test_failed_migration_leaves_nothing_behind(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE tags (id INTEGER)")
    engine.dispose()
    with pytest.raises(sa.exc.OperationalError, match="tags already exists"):
        migrate.upgrade(sqlite_url)
    assert tables(sqlite_url) == {"tags"}
    assert migrate.current(sqlite_url) is None
