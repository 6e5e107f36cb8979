"""Cells of an answer as values that fit into JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

Plain = str | int | float | bool | None
# Whole numbers beyond this lose digits in JavaScript; they travel as text.
_SAFE = 2**53


def plain(value: Any, zone: str | None = None) -> Plain:
    """A cell as JSON: times as ISO text, durations as seconds, anything odd as text.

    Aware times are told on the clock of `zone`, with their distance to UTC behind them. Empty and not-a-number become None; whole numbers that JavaScript cannot hold become text.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return plain(float(value))
    if isinstance(value, datetime) and value.tzinfo is not None and zone:
        return value.astimezone(ZoneInfo(zone)).isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return f"0x{value[:32].hex()}" + ("…" if len(value) > 32 else "")
    return str(value)


def column(table: pa.Table, name: str, zone: str | None = None) -> list[Plain]:
    """One column's cells as JSON values; all empty where the table lacks the column."""
    if name not in table.column_names:
        return [None] * table.num_rows
    return [plain(v, zone) for v in table.column(name).to_pylist()]


def records(
    table: pa.Table, fields: Iterable[str] | None = None, zone: str | None = None
) -> list[dict[str, Plain]]:
    """Rows as dicts of JSON values, with these columns (all by default) in this order."""
    names = list(fields) if fields is not None else table.column_names
    cells = [column(table, n, zone) for n in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def number(value: Any) -> float | None:
    """A cell as a number; None where it is empty or no number."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
