"""Warehouses: the databases that dashboards ask, read-only, with their answers in Arrow.

`pool(database)` gives the one warehouse of this process for a database; `parse_url` checks a
URL; `cancel` stops a query. Further kinds come from entry points of the group
"dashapp.warehouses" (name: the kind's slug, value: a subclass of Warehouse).
"""

from __future__ import annotations

import hashlib
import os
import threading
from importlib.metadata import entry_points
from uuid import UUID

from sqlalchemy.engine import URL

from dashapp.errors import Invalid
from dashapp.specs import DatabaseSpec
from dashapp.warehouses import urls
from dashapp.warehouses.base import Fetched, Warehouse
from dashapp.warehouses.duckdb import DuckDB
from dashapp.warehouses.marks import Marker
from dashapp.warehouses.mysql import MySQL
from dashapp.warehouses.postgresql import PostgreSQL
from dashapp.warehouses.running import cancel
from dashapp.warehouses.sqlite import Sqlite

WAREHOUSES: dict[str, type[Warehouse]] = {
    cls.kind: cls for cls in (Sqlite, DuckDB, PostgreSQL, MySQL)
}
WAREHOUSES |= {e.name: e.load() for e in entry_points(group="dashapp.warehouses")}

_open: dict[UUID, tuple[str, Warehouse]] = {}
_lock = threading.Lock()
_parents: list[dict[UUID, tuple[str, Warehouse]]] = []


def warehouse(kind: str) -> type[Warehouse]:
    """The class of a kind. Raises Invalid if there is no such kind."""
    if kind not in WAREHOUSES:
        raise Invalid(f"There is no kind of database called {kind}.", {"kind": "Unknown kind."})
    return WAREHOUSES[kind]


def parse_url(kind: str, url: str) -> URL:
    """The URL in canonical form, with its secrets. Raises Invalid saying what is not allowed."""
    return urls.checked(warehouse(kind).rule, url).url


def check(database: DatabaseSpec) -> None:
    """Refuse a database whose kind, URL or options are wrong, without connecting. Raises Invalid."""
    cls = warehouse(database.kind)
    urls.checked(cls.rule, database.url.get_secret_value())
    cls.checked_options(database.options)


def pool(database: DatabaseSpec) -> Warehouse:
    """The warehouse of a database, one per process until the database is changed.

    Raises Invalid if its URL or options are not allowed (any more).
    """
    mark = _mark(database)
    with _lock:
        known = _open.get(database.uuid)
        if known and known[0] == mark:
            return known[1]
        made = warehouse(database.kind)(database)
        _open[database.uuid] = mark, made
    if known:
        known[1].dispose()
    return made


def has_marker(kind: str) -> bool:
    """Whether databases of a kind tell when their data changed."""
    return warehouse(kind).marker is not Warehouse.marker


def dispose() -> None:
    """Close all idle connections and forget all warehouses of this process."""
    with _lock:
        known = list(_open.values())
        _open.clear()
    for _, one in known:
        one.dispose()


def _mark(database: DatabaseSpec) -> str:
    """Changes with whatever a connection depends on."""
    secret = hashlib.sha256(database.url.get_secret_value().encode()).hexdigest()
    return repr((database.version, database.kind, secret, database.options, database.slots))


def _forget() -> None:
    """A forked child makes its own warehouses; the parent's stay untouched in memory."""
    global _open, _lock
    _parents.append(_open)
    _open, _lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_forget)

__all__ = [
    "WAREHOUSES",
    "Fetched",
    "Marker",
    "Warehouse",
    "cancel",
    "check",
    "dispose",
    "has_marker",
    "parse_url",
    "pool",
    "warehouse",
]
