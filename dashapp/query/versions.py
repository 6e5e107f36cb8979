"""Versions of data: a word per dataset that is another one when its data is, part of every key.

In this order a version is made of: how often somebody said that the data changed; the value of
the dataset's refresh key or else the database's own marker; nothing more where there is neither,
so that answers are asked again by their age alone.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

import pyarrow as pa
import sqlalchemy as sa

from dashapp import cache, warehouses
from dashapp.cache import Entry
from dashapp.errors import AppError, Misdefined
from dashapp.query.dialects import Rows
from dashapp.query.keys import key
from dashapp.query.sqlguard import check_query, written
from dashapp.specs import Source

How = Literal["invalidated", "refresh key", "database", "age"]
log = logging.getLogger(__name__)
FRESH_S = 1.0  # So long a process believes what it found out.
PINNED_S = 120.0  # So long all questions of one action are about one version.
ASK_S = 5.0  # A refresh key may take so long.
KEPT_S = 30 * 86_400  # Its last value is remembered so long.
MOST_REMEMBERED = 5000
HERE = "here:"


@dataclass(frozen=True)
class DataVersion:
    """Which data an answer is of.

    Versions of one dataset with equal tokens are of the same data as far as anybody can tell.
    `since` (UTC) is when it became so; None where nobody knows. `how` is what told.
    """

    token: str
    since: datetime | None
    how: How


UNKNOWN = DataVersion("", None, "age")


@dataclass(frozen=True)
class Look:
    """What a refresh key said: its value (hashed; None: never any) since when, and its failure."""

    value: str | None
    since: datetime | None
    failure: str | None


def version_of(source: Source, action: str | None = None, *, force: bool = False) -> DataVersion:
    """The version of a dataset's data now, the same for all viewers.

    All who name one `action` within two minutes get the version that the first of them got, in
    whatever process. `force` looks anew. Without a look at anything where this process looked
    less than a second ago. Never raises AppError: what cannot be found out is left out.
    """
    if action is None:
        return _current(source, force)
    name = (f"{action}:{int(force)}", _identity(source))
    pinned = _remembered(_pins, name)
    return pinned if pinned is not None else _pin(source, name, force)


def once() -> str:
    """An action that nobody else names: for questions that one call asks together."""
    return HERE + secrets.token_hex(8)


def failure_of(source: Source) -> str | None:
    """Why a dataset's refresh key cannot be read, as a sentence; None when it can."""
    return _looked(source, force=False).failure if source.dataset.refresh_key else None


def forget() -> None:
    """Forget what this process found out: the next question looks again."""
    global _lock
    _lock = threading.Lock()
    _now.clear()
    _pins.clear()


_Identity = tuple[Any, ...]
_Kept = dict[Any, tuple[float, DataVersion]]
_now: _Kept = {}
_pins: _Kept = {}
_lock = threading.Lock()


def _identity(source: Source) -> _Identity:
    """All that a version follows from, except what is looked at."""
    dataset, database = source.dataset, source.database
    return (
        dataset.uuid, dataset.version, dataset.data_version, dataset.invalidated_at,
        dataset.schema_name, dataset.table, dataset.sql, dataset.refresh_key,
        database.uuid, database.version, database.kind, database.url.get_secret_value(),
    )  # fmt: skip


def _remembered(kept: _Kept, name: Any) -> DataVersion | None:
    until, version = kept.get(name, (0.0, UNKNOWN))
    return version if until > time.monotonic() else None


def _remember(kept: _Kept, name: Any, version: DataVersion, life_s: float) -> DataVersion:
    with _lock:
        now = time.monotonic()
        if len(kept) >= MOST_REMEMBERED:
            for old in [n for n, (until, _) in kept.items() if until <= now]:
                del kept[old]
            if len(kept) >= MOST_REMEMBERED:
                kept.clear()
        kept[name] = now + life_s, version
    return version


def _current(source: Source, force: bool) -> DataVersion:
    name = _identity(source)
    known = None if force else _remembered(_now, name)
    return known or _remember(_now, name, _found(source, force), FRESH_S)


def _pin(source: Source, name: tuple[str, _Identity], force: bool) -> DataVersion:
    """The version of the first who names the action; nobody's pin lives longer than its first."""
    version, end = _current(source, force), time.time() + PINNED_S
    if not name[0].startswith(HERE):
        mine = _text(version, end)
        flag = (
            f"version:{hashlib.sha256(repr((name[0], source.dataset.uuid)).encode()).hexdigest()}"
        )
        version, end = _parsed(cache.flags().claim(flag, PINNED_S, mine)) or (version, end)
    return _remember(_pins, name, version, end - time.time())


def _text(version: DataVersion, end: float) -> str:
    since = version.since.isoformat() if version.since else None
    return json.dumps([version.token, since, version.how, end])


def _parsed(text: str) -> tuple[DataVersion, float] | None:
    try:
        token, since, how, end = json.loads(text)
        moment = datetime.fromisoformat(since) if since else None
        return DataVersion(str(token), moment, how), float(end)
    except (ValueError, TypeError):
        return None


def _found(source: Source, force: bool) -> DataVersion:
    dataset = source.dataset
    at = dataset.invalidated_at
    parts: list[Any] = [dataset.data_version, at.isoformat() if at else None]
    told: list[tuple[datetime | None, How]] = [(at, "invalidated")] if dataset.data_version else []
    look = _looked(source, force) if dataset.refresh_key else None
    if look is not None and look.value is not None:
        # A value that comes back is another version: what was kept meanwhile may be of both.
        parts += ["refresh key", look.value, look.since.isoformat() if look.since else None]
        told.append((look.since, "refresh key"))
    elif (marker := _marker(source)) is not None:
        parts += ["database", marker.text]
        told.append((marker.since, "database"))
    if not told:
        return UNKNOWN
    since, how = max(told, key=lambda one: one[0].timestamp() if one[0] else 0.0)
    token = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    return DataVersion(token, since, how)


def _marker(source: Source) -> warehouses.Marker | None:
    dataset = source.dataset
    try:
        return warehouses.marker(source.database, dataset.schema_name, dataset.table)
    except AppError:  # Its URL is not allowed (any more), which the question itself will say.
        return None


def _looked(source: Source, force: bool) -> Look:
    """What the refresh key says, asked once by one of all processes in `refresh_every_s` seconds."""
    dataset = source.dataset
    name = key(
        "refresh", dataset.refresh_key, source=source, version="", fingerprint="", zone="",
        locale="",
    )  # fmt: skip
    kept = None if force else cache.results().get(name, dataset.refresh_every_s)
    if kept is not None:
        return _read(kept.entry)
    try:
        landed = cache.single_flight(
            name,
            lambda: _built(source, name),
            ttl_s=KEPT_S,
            max_age_s=dataset.refresh_every_s,
            wait_s=2 * ASK_S,
            force=force,
        )
    except AppError as error:
        last = cache.results().get(name)
        return _read(last.entry) if last else Look(None, None, error.message)
    return _read(landed.entry)


def _built(source: Source, name: str) -> Entry:
    """The refresh key's value now; when it fails, the last one stays."""
    last = cache.results().get(name)
    before = _read(last.entry) if last is not None else Look(None, None, None)
    at = datetime.now(UTC)
    try:
        value = _value(source)
    except AppError as error:
        if before.failure is None:
            log.warning("The refresh key of dataset %s fails: %s", source.dataset.uuid, error)
        return _entry(Look(before.value, before.since, error.message), at)
    since = before.since if value == before.value else at
    return _entry(Look(value, since, None), at)


def _value(source: Source) -> str:
    """The one value of the refresh key, hashed. No row-level rule narrows it: it is nobody's answer.

    Raises Misdefined when it gives anything but one value, and what the database raises.
    """
    warehouse = warehouses.pool(source.database)
    dialect = warehouse.sqlglot_dialect
    text = written(check_query(source.dataset.refresh_key or "", dialect), dialect)
    fetched = warehouse.fetch(
        sa.select(sa.text("*")).select_from(Rows(text, "refresh")).limit(2),
        query_id=f"refresh-{uuid4()}",
        timeout_s=min(ASK_S, source.database.timeout_s),
        max_rows=2,
        max_bytes=1_000_000,
    )
    table = fetched.table
    if (table.num_rows, table.num_columns) != (1, 1):
        raise Misdefined("A refresh key must give one value: one column in one row.")
    value = table.column(0)[0].as_py()
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()


def _entry(look: Look, at: datetime) -> Entry:
    since = look.since.isoformat() if look.since else None
    row = {"value": look.value, "since": since, "failure": look.failure}
    schema = pa.schema([(name, pa.string()) for name in row])
    return Entry(pa.Table.from_pylist([row], schema=schema), at, 0.0, "")


def _read(entry: Entry) -> Look:
    row = entry.table.to_pylist()[0]
    since = datetime.fromisoformat(row["since"]) if row["since"] else None
    return Look(row["value"], since, row["failure"])


os.register_at_fork(after_in_child=forget)
