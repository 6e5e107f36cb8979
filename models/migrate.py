"""Brings the metadata database to a revision: once, however many processes start together."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from models.engine import make_engine
from models.revision import move

FOLDER = Path(__file__).parent / "migrations"
LOCK_NAME = "dashapp_migrations"
LOCK_NUMBER = 7_246_011_930
LOCK_WAIT_S = 600


def upgrade(url: str | sa.URL, revision: str = "head") -> None:
    """Migrate the database at `url` up to `revision`; nothing happens when it is there already."""
    with _locked(url) as connection:
        command.upgrade(_config(connection), revision)
        if sa.inspect(connection).has_table("revision"):  # Who runs already may have read before.
            move(connection)
            connection.commit()


def downgrade(url: str | sa.URL, revision: str = "base") -> None:
    """Migrate the database at `url` down to `revision`; data of dropped tables is lost."""
    with _locked(url) as connection:
        command.downgrade(_config(connection), revision)


def current(url: str | sa.URL) -> str | None:
    """The revision of the database at `url`; none when it was never migrated."""
    engine = make_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision of this program."""
    revision = ScriptDirectory(str(FOLDER)).get_current_head()
    if revision is None:
        raise RuntimeError("There are no migrations.")
    return revision


def is_current(url: str | sa.URL) -> bool:
    """Whether the database at `url` has the newest revision."""
    return current(url) == head()


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _locked(url: str | sa.URL) -> Iterator[sa.Connection]:
    """A connection to migrate with, while nobody else migrates the same database."""
    address = sa.make_url(url)
    kind = address.get_backend_name()
    if kind == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(address, foreign_keys=False, poolclass=NullPool)
    lock = _file_lock(address) if kind == "sqlite" else _server_lock(engine, kind)
    with lock, engine.connect() as connection:
        yield connection


@contextmanager
def _file_lock(url: sa.URL) -> Iterator[None]:
    """Held through a file beside the SQLite database; the system frees it if the process dies."""
    if not url.database or url.database == ":memory:":
        yield
        return
    with Path(f"{url.database}.migrate").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _server_lock(engine: sa.Engine, kind: str) -> Iterator[None]:
    """Held by a connection of its own; the server frees it if the process dies."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if kind == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK_NUMBER)))
            yield
            connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK_NUMBER)))
            return
        # MySQL's names are per server, so the database's name is part of it (64 characters).
        name = f"{LOCK_NAME}:{engine.url.database}"[:64]
        if connection.scalar(sa.select(sa.func.get_lock(name, LOCK_WAIT_S))) != 1:
            raise TimeoutError("Another process has been migrating the database for too long.")
        yield
        connection.execute(sa.select(sa.func.release_lock(name)))
