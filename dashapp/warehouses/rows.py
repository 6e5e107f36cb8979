"""Arrow columns from the rows of a driver's cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import sqlalchemy as sa

from dashapp.warehouses.arrow import TIME, TIME_UTC, Array, as_text, dated, unique

Row = Sequence[Any]
# What a column holds, as far as a statement or a driver can tell; None: look at the values.
Kind = Literal["text", "integer", "number", "boolean", "time", "time_utc", "date"]
TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": TIME,
    "time_utc": TIME_UTC,
    "date": pa.date32(),
}
MAX_INT = 2**63 - 1
MIN_INT = -(2**63)
EPOCH_MS = 1e11  # Unix times beyond this are in milliseconds (seconds would be after year 5138).
_YEAR_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}")


def kinds(statement: sa.Executable) -> list[Kind | None]:
    """What the statement says its columns are; empty where it says nothing (plain text)."""
    if not isinstance(statement, sa.SelectBase):
        return []
    return [_kind(column.type) for column in statement.exported_columns]


def _kind(kind: sa.types.TypeEngine[Any]) -> Kind | None:
    matches: tuple[tuple[type[sa.types.TypeEngine[Any]], Kind], ...] = (
        (sa.Boolean, "boolean"),
        (sa.DateTime, "time"),
        (sa.Date, "date"),
        (sa.Integer, "integer"),
        (sa.Numeric, "number"),
        (sa.Float, "number"),
        (sa.String, "text"),
    )
    return next((name for cls, name in matches if isinstance(kind, cls)), None)


def batch(names: Sequence[str], found: Iterable[Array]) -> pa.RecordBatch:
    """A batch of those columns, names made unique."""
    return pa.RecordBatch.from_arrays(list(found), names=unique(names))


def empty(names: Sequence[str], wanted: Sequence[Kind | None]) -> pa.Schema:
    """What an answer without rows looks like."""
    types = [TYPES[k] if k else pa.string() for k in wanted]
    return pa.schema(list(zip(unique(names), types, strict=True)))


def typed(values: Sequence[Any], kind: Kind | None) -> Array:
    """Values of a driver whose columns have one type, as that type."""
    if kind is None or kind == "text":
        return pa.array([as_text(v) for v in values], pa.string())
    return CONVERT[kind](values)


def guessed(values: Sequence[Any]) -> Array:
    """Values of any types: int64, float64 or text, whichever is narrow enough; null if none."""
    seen = {type(v) for v in values} - {type(None)}
    if not seen:
        return pa.nulls(len(values))
    if seen == {int}:
        return whole(values)
    if seen <= {int, float}:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([as_text(v) for v in values], pa.string())


def whole(values: Sequence[Any]) -> Array:
    """Whole numbers as int64, as float64 if one does not fit."""
    found = [None if v is None else int(v) for v in values]
    if all(v is None or MIN_INT <= v <= MAX_INT for v in found):
        return pa.array(found, pa.int64())
    return pa.array([None if v is None else float(v) for v in found], pa.float64())


def numbers(values: Sequence[Any]) -> Array:
    """Numbers of any kind as float64."""
    return pa.array([None if v is None else float(v) for v in values], pa.float64())


def booleans(values: Sequence[Any]) -> Array:
    """0 and 1, or truth values, as bool."""
    return pa.array([None if v is None else bool(v) for v in values], pa.bool_())


def times(values: Sequence[Any]) -> Array:
    """Times, ISO text or Unix times as timestamp[us]; what is none of these is null."""
    found = _at_once(values)
    return pa.array([moment(v) for v in values], TIME) if found is None else found


def times_utc(values: Sequence[Any]) -> Array:
    """The same for times that are meant in UTC."""
    return dated(times(values).cast(TIME_UTC))


def dates(values: Sequence[Any]) -> Array:
    """Dates as date32; what is none is null."""
    return times(values).cast(pa.date32(), safe=False)


def _at_once(values: Sequence[Any]) -> Array | None:
    """Times that Arrow reads by itself: all without a zone, or all text of the usual form."""
    seen = {type(v) for v in values} - {type(None)}
    try:
        if seen == {datetime} and not any(v.tzinfo for v in values if v is not None):
            return pa.array(values, TIME)
        if seen == {date}:
            return pa.array(values, pa.date32()).cast(TIME)
        if seen == {str}:
            return dated(pa.array(values, pa.string()).cast(TIME))
    except pa.ArrowInvalid:
        return None
    return None


CONVERT: dict[Kind, Callable[[Sequence[Any]], Array]] = {
    "integer": whole,
    "number": numbers,
    "boolean": booleans,
    "time": times,
    "time_utc": times_utc,
    "date": dates,
}


def moment(value: Any) -> datetime | None:
    """A value as a time without a zone (UTC if it had one); None if it cannot be one."""
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  naive on purpose
    try:
        if isinstance(value, str) and _YEAR_FIRST.match(value):
            return moment(datetime.fromisoformat(value.strip()))
        if isinstance(value, (int, float, Decimal)):
            number = float(value)
            seconds = number / 1000 if abs(number) > EPOCH_MS else number
            return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
    return None
