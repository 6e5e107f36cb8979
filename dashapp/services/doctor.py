"""Checks everything a server leans on, and says in sentences what is wrong and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from dashapp import jobs as work
from dashapp import permissions, warehouses
from dashapp.errors import AppError
from dashapp.query.refresh import looked
from dashapp.services import jobs, secrets, sources
from dashapp.settings import settings
from dashapp.specs import Source
from dashapp.viewer import Viewer
from models import Database, Dataset, db, migrate, utcnow

LEAST_FREE_BYTES = 1024**3
MOST_SKEW_S = 5.0
CONNECT_S = 3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, whether it is well, and a sentence."""

    what: str
    is_well: bool
    sentence: str


class Unwell(Exception):
    """What is wrong and what to do."""


def examine(viewer: Viewer) -> Iterator[Finding]:
    """Look at everything, one after the other; nothing is changed."""
    permissions.require(viewer, "admin.panel")
    for what, look in LOOKS:
        yield _found(what, look)
    for row in _databases():
        yield _found(f"Database {row.name}", lambda row=row: _warehouse(row))  # type: ignore[misc]
    for one in _refreshed():
        yield _found(f"Refresh key of {one.name}", lambda one=one: _refresh_key(one))  # type: ignore[misc]


def _found(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except Unwell as error:
        return Finding(what, False, str(error))
    except AppError as error:
        return Finding(what, False, error.message)
    except (SQLAlchemyError, redis.RedisError, OSError) as error:
        db.session.rollback()
        return Finding(what, False, f"It does not answer ({type(error).__name__}).")


def _settings() -> str:
    chosen = settings()
    if chosen.mode == "embedded":
        return f"Embedded mode; data is in {chosen.data_dir.absolute()}."
    return "Cluster mode."


def _metadata() -> str:
    url = settings().metadata_url
    shown = secrets.masked(url)
    try:
        revision = migrate.current(url)
    except SQLAlchemyError as error:
        raise Unwell(
            f"{shown} cannot be opened ({type(error).__name__}); check DASHAPP_DATABASE_URL "
            "and that the server runs."
        ) from error
    if revision != migrate.head():
        raise Unwell(f"{shown} has not the newest tables; run `dashapp db upgrade`.")
    return f"{shown} answers and has the newest tables."


def _secrets() -> str:
    secrets.check()
    return "Every stored password can be read with the secret key."


def _redis() -> str:
    url = settings().redis_url
    if url is None:
        return "Not used; results and locks are kept on disk."
    shown = secrets.masked(url.get_secret_value())
    options = {"socket_timeout": CONNECT_S, "socket_connect_timeout": CONNECT_S}
    try:
        with redis.Redis.from_url(url.get_secret_value(), **options) as client:
            client.ping()
            policy = _policy(client)
    except redis.RedisError as error:
        raise Unwell(
            f"{shown} does not answer ({type(error).__name__}); dashboards work uncached "
            "meanwhile. Check DASHAPP_REDIS_URL and that Redis runs."
        ) from error
    if (
        settings().broker_url is None
        and policy not in ("", "noeviction")
        and "volatile" not in policy
    ):
        raise Unwell(
            f"{shown} may drop queued work when full (maxmemory-policy {policy}); set it to "
            "volatile-lru, or give the queue its own Redis with DASHAPP_BROKER_URL."
        )
    return f"{shown} answers."


def _policy(client: redis.Redis) -> str:
    """What Redis drops when it is full; empty where it does not tell."""
    try:
        found = client.config_get("maxmemory-policy")
    except redis.ResponseError:
        return ""
    return str(found.get("maxmemory-policy", ""))


def _queue() -> str:
    work.check_queue()
    return "Takes work."


def _worker() -> str:
    if not work.has_worker():
        raise Unwell("No worker is running; exports wait. Start `dashapp run` or `dashapp worker`.")
    return "At least one is running."


def _disk() -> str:
    folder = settings().data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    shown = f"{free / 1024**3:.1f} GB free in {folder}"
    if free < LEAST_FREE_BYTES:
        raise Unwell(f"Only {shown}; free some, or set DASHAPP_DATA_DIR to a larger disk.")
    if not _is_writable(folder):
        raise Unwell(f"{folder} may not be written to; change its owner or DASHAPP_DATA_DIR.")
    return f"{shown}."


def _is_writable(folder: Path) -> bool:
    try:
        probe = folder / ".dashapp-doctor"
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _clock() -> str:
    skew_s = abs((jobs.now() - utcnow()).total_seconds())
    if skew_s > MOST_SKEW_S:
        raise Unwell(
            f"This machine and the metadata database differ by {skew_s:.0f} s; "
            "let both follow a time server (NTP)."
        )
    return "This machine and the metadata database agree."


def _databases() -> list[Database]:
    try:
        return list(db.session.scalars(sa.select(Database).order_by(Database.name)))
    except SQLAlchemyError:
        db.session.rollback()
        return []  # The metadata database has its own line.


def _warehouse(row: Database) -> str:
    spec = sources.database_spec(row)
    warehouses.pool(spec).test()
    return f"{secrets.masked(spec.url.get_secret_value())} answers."


def _refreshed() -> list[Dataset]:
    """The datasets with a refresh key."""
    wanted = sa.select(Dataset).where(Dataset.refresh_key.is_not(None)).order_by(Dataset.name)
    try:
        return list(db.session.scalars(wanted))
    except SQLAlchemyError:
        db.session.rollback()
        return []  # The metadata database has its own line.


def _refresh_key(row: Dataset) -> str:
    source = Source(dataset=sources.dataset_spec(row), database=sources.database_spec(row.database))
    failure = looked(source).failure
    if failure is not None:
        raise Unwell(f"{failure} Until it is mended, its last value stands.")
    return f"Gives one value; looked at every {row.refresh_every_s} s at most."


LOOKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("Settings", _settings),
    ("Metadata database", _metadata),
    ("Secrets", _secrets),
    ("Redis", _redis),
    ("Queue", _queue),
    ("Worker", _worker),
    ("Disk", _disk),
    ("Clock", _clock),
)
