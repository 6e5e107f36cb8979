"""Reading PostgreSQL's answers through ADBC: what it can read, and in our types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import adbc_driver_manager
import adbc_driver_manager.dbapi as adbc_api
import pyarrow as pa

from dashapp.warehouses import arrow
from dashapp.warehouses.running import Running

# PostgreSQL knows no operator for the types ADBC binds (text for an enum, bigint for an int).
RETRY_STATES = {"42883", "42804", "42846", "42P18", "42725"}


class Unfit(Exception):
    """ADBC cannot bind these values or read these columns."""


class Batches:
    """Normal batches of a reader, and whether it was read to the end."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self._reader = reader
        self.is_done = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        try:
            return arrow.normal(_money(self._reader.read_next_batch()))
        except StopIteration:
            self.is_done = True
            raise


@contextmanager
def reader(cursor: adbc_api.Cursor, sql: str, values: list[Any]) -> Iterator[pa.RecordBatchReader]:
    """A reader of the answer. Raises Unfit where psycopg has to do it."""
    try:
        cursor.execute(sql, values or None)
        found = cursor.fetch_record_batch()
        normal_schema(found.schema)
    except adbc_driver_manager.Error as error:
        if error.sqlstate in RETRY_STATES:
            raise Unfit from None
        raise
    except (arrow.Unreadable, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise Unfit from None
    with closing(found):
        yield found


def stop(cursor: adbc_api.Cursor, query: Running) -> None:
    """Let the server forget the rest of an answer; the connection is not used again."""
    query.disarm()
    query.was_interrupted = True
    with suppress(adbc_driver_manager.Error):
        cursor.adbc_cancel()


def normal_schema(found: pa.Schema) -> pa.Schema:
    """What an answer of that schema becomes. Raises Unreadable."""
    return arrow.normal(_money(arrow.no_rows(found))).schema


def _money(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Columns of PostgreSQL's money, which ADBC gives in hundredths, as numbers."""
    columns = [
        arrow.scaled(c, 0.01) if _typname(f) == b"money" else c
        for c, f in zip(batch.columns, batch.schema, strict=True)
    ]
    fields = [
        pa.field(f.name, c.type, metadata=f.metadata)
        for c, f in zip(columns, batch.schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _typname(field: arrow.Field) -> bytes | None:
    metadata = field.metadata or {}
    return metadata.get(b"ADBC:postgresql:typname") or metadata.get(b"POSTGRESQL:type")
