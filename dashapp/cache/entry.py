"""What the cache keeps: an answer as an Arrow table, and when and how it was got."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Metadata = dict[bytes | str, bytes | str]
OURS = b"dashapp"
MIN_ROWS_TO_ENCODE = 64
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True)
class Entry:
    """A kept answer.

    `as_of` (UTC) is when the warehouse was asked, `seconds` how long it took, `sql` what it was
    asked, `truncated` whether it has more rows. `until` is when the cache forgets it, `flight`
    names the run that made it; both are set by the cache. `late` is never kept: it says why the
    entry was taken though it is past its age.
    """

    table: pa.Table
    as_of: datetime
    seconds: float
    sql: str
    truncated: bool = False
    until: datetime | None = None
    flight: str = ""
    late: str = ""

    @property
    def size_bytes(self) -> int:
        """Memory the entry holds on to."""
        return self.table.get_total_buffer_size() + 2 * len(self.sql) + 512

    def is_fresh(self, max_age_s: float, now: datetime) -> bool:
        """Whether the entry may still be shown to somebody who accepts this age, in seconds."""
        alive = self.until is None or now < self.until
        return alive and (now - self._arrived).total_seconds() < max_age_s

    def living(self, ttl_s: float) -> Entry:
        """The entry with its end set."""
        return replace(self, until=self._arrived + timedelta(seconds=ttl_s))

    @property
    def _arrived(self) -> datetime:
        """When it was complete: a slow answer is not old at once."""
        return self.as_of + timedelta(seconds=self.seconds)


def encode(entry: Entry) -> memoryview:
    """The entry as an Arrow IPC stream: lz4, repeated strings as dictionaries, no pickle."""
    fields, columns, encoded = [], [], []
    for field, column in zip(entry.table.schema, entry.table.columns, strict=True):
        packed = _packed(column)
        encoded.append(packed is not None)
        columns.append(column if packed is None else packed)
        fields.append(field.with_type(columns[-1].type))
    metadata = {**_metadata(entry.table), OURS: _described(entry, encoded)}
    table = pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=OPTIONS) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def decode(payload: bytes | memoryview) -> Entry | None:
    """The entry that `encode` wrote; None when it is not one of this version."""
    try:
        with pa.ipc.open_stream(pa.py_buffer(payload)) as reader:
            table = reader.read_all()
        metadata = _metadata(table)
        about = json.loads(metadata.pop(OURS))
        return _entry(_unpacked(table, about["encoded"], metadata), about)
    except (pa.ArrowException, KeyError, TypeError, ValueError, OSError):
        return None


def _metadata(table: pa.Table) -> Metadata:
    return {key: value for key, value in (table.schema.metadata or {}).items()}  # noqa: C416


def _described(entry: Entry, encoded: list[bool]) -> bytes:
    about = {
        "as_of": entry.as_of.isoformat(),
        "seconds": entry.seconds,
        "sql": entry.sql,
        "truncated": entry.truncated,
        "until": entry.until.isoformat() if entry.until else None,
        "flight": entry.flight,
        "encoded": encoded,
    }
    return json.dumps(about).encode()


def _entry(table: pa.Table, about: dict[str, Any]) -> Entry:
    until = about["until"]
    return Entry(
        table=table,
        as_of=datetime.fromisoformat(about["as_of"]).astimezone(UTC),
        seconds=float(about["seconds"]),
        sql=str(about["sql"]),
        truncated=bool(about["truncated"]),
        until=datetime.fromisoformat(until).astimezone(UTC) if until else None,
        flight=str(about["flight"]),
    )


def _packed(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any] | None:
    """The column as a dictionary where that saves space."""
    if not pa.types.is_string(column.type) or len(column) < MIN_ROWS_TO_ENCODE:
        return None
    packed = pc.dictionary_encode(column)
    distinct = packed.chunk(0).dictionary  # type: ignore[attr-defined]
    return packed if len(distinct) * 2 <= len(column) else None


def _unpacked(table: pa.Table, encoded: list[bool], metadata: Metadata) -> pa.Table:
    fields, columns = [], []
    for field, column, was_packed in zip(table.schema, table.columns, encoded, strict=True):
        fields.append(field.with_type(pa.string()) if was_packed else field)
        columns.append(column.cast(pa.string()) if was_packed else column)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata or None))
