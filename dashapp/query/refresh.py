"""Refresh keys: queries of one value that tells whether a dataset's data changed."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
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

log = logging.getLogger(__name__)
ASK_S = 5.0  # A refresh key may take so long.
KEPT_S = 30 * 86_400  # Its last value is remembered so long.


@dataclass(frozen=True)
class Look:
    """What a refresh key said: its value (hashed; None: never any) since when, and its failure."""

    value: str | None
    since: datetime | None
    failure: str | None


def looked(source: Source, *, force: bool = False) -> Look:
    """What the refresh key says, asked at most every `refresh_every_s` seconds by all processes."""
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
