"""Arrow tables of the few types that the rest of the house knows.

Those are bool, int64, float64, string, date32, timestamp[us] and timestamp[us, tz=UTC].
Whole numbers wider than 64 bits (sums of integers, unsigned, decimals without places) come as
int64 where they fit; all else (times of day, JSON, UUIDs, lists, bytes) as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dashapp.errors import QueryFailed, ResultTooLarge

TIME = pa.timestamp("us")
TIME_UTC = pa.timestamp("us", "UTC")


HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
# What Python's calendar holds, in the units of each type; moments so that every zone's clock can
# show them. The third is what stands for all that comes later: the last day.
CALENDAR = {
    pa.date32(): (FIRST_DAY, LAST_DAY, LAST_DAY),
    TIME: (FIRST_DAY * DAY_US, (LAST_DAY + 1) * DAY_US - 1, LAST_DAY * DAY_US),
    TIME_UTC: (
        FIRST_DAY * DAY_US + 12 * HOUR_US, (LAST_DAY + 1) * DAY_US - 14 * HOUR_US - 1, LAST_DAY * DAY_US,
    ),
}  # fmt: skip

# The stubs know neither extension types nor what is null in them.
Array = Any
Field = Any


class Unreadable(Exception):
    """A driver gave a column in a form that only it understands."""


def unique(names: Iterable[str]) -> list[str]:
    """Names without doubles: a second `x` becomes `x_1`."""
    result: list[str] = []
    for name in names:
        chosen, count = name, 0
        while chosen in result:
            count += 1
            chosen = f"{name}_{count}"
        result.append(chosen)
    return result


def no_rows(schema: pa.Schema) -> pa.RecordBatch:
    """A batch of that schema without rows."""
    columns = [column.combine_chunks() for column in schema.empty_table().columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def normal(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with unique names and only our types. Raises Unreadable, QueryFailed."""
    columns = [normal_column(c, f) for c, f in zip(batch.columns, batch.schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, names=unique(batch.schema.names))


def normal_column(column: Array, field: Field) -> Array:
    """One column as one of our types."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(column, field)
    if pa.types.is_dictionary(kind):
        return normal_column(column.cast(kind.value_type), field)
    if pa.types.is_integer(kind):
        return _whole(column)
    if pa.types.is_decimal(kind):
        # Arrow multiplies by 0.01 where the nearest double is that of a division: 0.35000000000000003.
        return _whole(column) if kind.scale == 0 else column.cast(pa.string()).cast(pa.float64())
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind):
        return dated(column.cast(TIME if kind.tz is None else TIME_UTC, safe=False))
    if pa.types.is_date(kind):
        return dated(column.cast(pa.date32()))
    if pa.types.is_boolean(kind) or kind == pa.string():
        return column
    return _text(column)


def dated(column: Array) -> Array:
    """Times beyond Python's calendar (infinity, the year 20000) as its first or last day."""
    numbers = column.view(pa.int32() if column.type == pa.date32() else pa.int64())
    first, last, end = (pa.scalar(n, numbers.type) for n in CALENDAR[column.type])
    ends = pc.min_max(numbers)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if low is None or (low >= first.as_py() and high <= last.as_py()):
        return column
    kept = pc.if_else(pc.greater(numbers, last), end, numbers)
    return pc.if_else(pc.less(kept, first), first, kept).view(column.type)


def _whole(column: Array) -> Array:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column.cast(pa.float64(), safe=False)


def _extension(column: Array, field: Field) -> Array:
    name = getattr(column.type, "type_name", column.type.extension_name)
    if name == "numeric":
        return column.storage.cast(pa.float64())
    if isinstance(column.type, pa.OpaqueType):
        raise Unreadable(name)
    if pa.types.is_string(column.type.storage_type):
        return column.storage
    return _text(column)


def _text(column: Array) -> Array:
    kind = column.type
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_time(kind):
        return column.cast(pa.string())
    return pa.array([as_text(v) for v in column.to_pylist()], pa.string())


def as_text(value: Any) -> str | None:
    """How a value without a type of ours reads: JSON for lists and structs, hex for bytes."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, pa.MonthDayNano):
        return _interval(value)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=as_text, ensure_ascii=False)
    return str(value)


def _interval(value: pa.MonthDayNano) -> str:
    seconds = value.nanoseconds / 1e9
    parts = [(value.months, "months"), (value.days, "days"), (seconds, "seconds")]
    return " ".join(f"{n:g} {unit}" for n, unit in parts if n) or "0 seconds"


def collect(
    schema: pa.Schema | None, batches: Iterator[pa.RecordBatch], max_rows: int, max_bytes: int
) -> tuple[pa.Table, bool]:
    """At most `max_rows` rows as one table, and whether there were more.

    Stops reading as soon as that is known. Batches may differ in type (a wide whole number that
    turned float64, values of SQLite); the table has the narrowest type that holds them all.
    Raises ResultTooLarge beyond `max_bytes`.
    """
    kept: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        room = max_rows - rows
        size += batch.slice(0, room).nbytes
        if size > max_bytes:
            raise ResultTooLarge(
                f"The answer is larger than {max_bytes / 1e6:,.0f} MB; ask for fewer rows or columns."
            )
        rows += batch.num_rows
        kept.append(batch.slice(0, room))
        if rows > max_rows:
            next(batches, None)  # Mostly there is no more, and the driver may finish in peace.
            break
    return table(schema, kept), rows > max_rows


def table(schema: pa.Schema | None, batches: list[pa.RecordBatch]) -> pa.Table:
    """The batches as one table; `schema` says what an empty answer looks like."""
    schemas = [b.schema for b in batches]
    if not schemas:
        return (schema or pa.schema([])).empty_table()
    merged = filled(common(schemas), schema)
    return pa.Table.from_batches([conform(b, merged) for b in batches], merged)


def common(schemas: list[pa.Schema]) -> pa.Schema:
    """The narrowest schema that holds all; columns by position."""
    first = schemas[0]
    if all(s.equals(first) for s in schemas):
        return first
    kinds = list(first.types)
    for schema in schemas[1:]:
        kinds = [_wider(a, b) for a, b in zip(kinds, schema.types, strict=True)]
    return pa.schema(list(zip(first.names, kinds, strict=True)))


def filled(found: pa.Schema, wanted: pa.Schema | None) -> pa.Schema:
    """`found` with `wanted` types (text otherwise) for columns that have no value at all."""
    kinds = list(wanted.types) if wanted is not None else [pa.string()] * len(found)
    pairs = zip(found, kinds, strict=True)
    return pa.schema([(f.name, k if pa.types.is_null(f.type) else f.type) for f, k in pairs])


def _wider(a: pa.DataType, b: pa.DataType) -> pa.DataType:
    if a == b or pa.types.is_null(b):
        return a
    if pa.types.is_null(a):
        return b
    if {a, b} == {pa.int64(), pa.float64()}:
        return pa.float64()
    return pa.string()


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in `schema`, whose types are equal or wider."""
    if batch.schema.equals(schema):
        return batch
    columns = [
        c if c.type == f.type else c.cast(f.type, safe=False)
        for c, f in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def steady(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches in the first one's schema. Raises QueryFailed where a value does not fit."""
    schema: pa.Schema | None = None
    for batch in batches:
        schema = schema or batch.schema
        if common([schema, batch.schema]) != schema:
            raise QueryFailed(
                "A whole number is too large for an export; cast that column to DOUBLE.",
                reason="number_too_large",
            )
        yield conform(batch, schema)


def scaled(column: Array, factor: float) -> Array:
    """The column times `factor`, as float64."""
    return pc.multiply(column.cast(pa.float64()), pa.scalar(factor))
