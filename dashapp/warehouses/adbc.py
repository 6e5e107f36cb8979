"""Reading PostgreSQL's answers through ADBC: what it can read, and in our types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import adbc_driver_manager
import adbc_driver_manager.dbapi as adbc_api
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.warehouses import arrow
from dashapp.warehouses.running import Running

# PostgreSQL knows no operator for the types ADBC binds (text for an enum, bigint for an int).
RETRY_STATES = {"42883", "42804", "42846", "42P18", "42725"}

# PostgreSQL counts from 2000, Arrow from 1970.
EPOCH_DAYS = 10_957
EPOCH_US = EPOCH_DAYS * 86_400_000_000


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
            return arrow.normal(_told(self._reader.read_next_batch()))
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
    return arrow.normal(_told(arrow.no_rows(found))).schema


def _told(batch: pa.RecordBatch) -> pa.RecordBatch:
    """What ADBC gives in forms of its own as everybody has it: money, and infinite times."""
    columns = [
        arrow.scaled(c, 0.01) if _typname(f) == b"money" else _endless(c)
        for c, f in zip(batch.columns, batch.schema, strict=True)
    ]
    fields = [
        pa.field(f.name, c.type, metadata=f.metadata)
        for c, f in zip(columns, batch.schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _endless(column: arrow.Array) -> arrow.Array:
    """PostgreSQL's infinity, which ADBC counts round to just before minus infinity, at its end."""
    if pa.types.is_timestamp(column.type):
        numbers, bits, epoch = column.view(pa.int64()), 63, EPOCH_US
    elif column.type == pa.date32():
        numbers, bits, epoch = column.view(pa.int32()), 31, EPOCH_DAYS
    else:
        return column
    is_endless = pc.equal(numbers, pa.scalar(epoch - 1 - 2**bits, numbers.type))
    if not pc.any(is_endless).as_py():
        return column
    last = pa.scalar(2**bits - 1, numbers.type)
    return pc.if_else(is_endless, last, numbers).view(column.type)


def _typname(field: arrow.Field) -> bytes | None:
    metadata = field.metadata or {}
    return metadata.get(b"ADBC:postgresql:typname") or metadata.get(b"POSTGRESQL:type")
