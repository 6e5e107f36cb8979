"""Versions of data: a word per dataset that is another one when its data is, part of every key.

In this order a version is made of: how often somebody said that the data changed; the value of
the dataset's refresh key or else the database's own marker; nothing more where there is neither,
so that answers are asked again by their age alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from dashapp import cache, warehouses
from dashapp.errors import AppError
from dashapp.query.refresh import looked
from dashapp.specs import Source
from dashapp.warehouses import Marker

How = Literal["invalidated", "refresh key", "database", "age"]
FRESH_S = 1.0  # So long a process believes what it found out.
PINNED_S = 120.0  # So long all questions of one action are about one version.
KEPT_S = 7 * 86_400.0  # So long the last marker of a database that is away stands.
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


def forget() -> None:
    """Forget what this process found out: the next question looks again."""
    global _lock
    _lock = threading.Lock()
    _now.clear()
    _pins.clear()
    _seen.clear()


_Identity = tuple[Any, ...]
_Kept = dict[Any, tuple[float, DataVersion]]
_now: _Kept = {}
_pins: _Kept = {}
_seen: dict[str, Marker] = {}
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
        flag = _flag("version", name[0], source.dataset.uuid)
        first = cache.flags().claim(flag, PINNED_S, _text(version, end))
        version, end = _parsed(first) or (version, end)
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
    look = looked(source, force=force) if dataset.refresh_key else None
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


def _marker(source: Source) -> Marker | None:
    """The database's marker; while it is away, the last one, so that kept answers can be shown."""
    dataset, database = source.dataset, source.database
    if not warehouses.has_marker(database.kind):
        return None
    url = database.url.get_secret_value()
    flag = _flag("marker", database.uuid, url, dataset.schema_name, dataset.table)
    try:
        found = warehouses.pool(database).marker(dataset.schema_name, dataset.table)
    except AppError:  # There is no such file, or it is not allowed; the question says so.
        found = None
    if found is None:
        text = cache.flags().get(flag)
        return _marked(text) if text else None
    if _seen.get(flag) != found:
        since = found.since.isoformat() if found.since else None
        cache.flags().set(flag, KEPT_S, json.dumps([found.text, since]))
        if len(_seen) >= MOST_REMEMBERED:
            _seen.clear()
        _seen[flag] = found
    return found


def _flag(kind: str, *parts: Any) -> str:
    return f"{kind}:{hashlib.sha256(repr(parts).encode('utf-8', 'surrogatepass')).hexdigest()}"


def _marked(text: str) -> Marker | None:
    try:
        told, since = json.loads(text)
        return Marker(str(told), datetime.fromisoformat(since) if since else None)
    except (ValueError, TypeError):
        return None


os.register_at_fork(after_in_child=forget)
