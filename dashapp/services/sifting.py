"""Pages of an answer that is at hand: searched, sorted and cut here instead of in the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from dashapp.errors import Invalid
from dashapp.specs import Filter, Order

MAX_ROWS_OF_A_PAGE = 1000


@dataclass(frozen=True)
class RowsPage:
    """Which rows of a long table: from `start`, `size` of them, sorted and narrowed further."""

    start: int = 0
    size: int = 100
    order: tuple[Order, ...] = ()
    filters: tuple[Filter, ...] = ()


def sifted(table: pa.Table, page: RowsPage) -> pa.Table:
    """The rows of a page. Filters read like those of a query: texts whatever their case, empty
    cells only where they are asked for. Raises Invalid for columns and values that do not fit.
    """
    for one in page.filters:
        table = table.filter(_kept(_column(table, one.column), one))
    if page.order:
        table = table.take(pc.sort_indices(table, [_key(table, o) for o in page.order]))
    return table.slice(page.start, min(page.size, MAX_ROWS_OF_A_PAGE))


def _key(table: pa.Table, order: Order) -> tuple[str, Literal["ascending", "descending"]]:
    _column(table, order.by)
    return order.by, "descending" if order.descending else "ascending"


def _column(table: pa.Table, name: str) -> pa.ChunkedArray[Any]:
    if name not in table.column_names:
        raise Invalid("This table has no such column.")
    return table.column(name)


def _kept(column: pa.ChunkedArray[Any], one: Filter) -> Any:
    """Which cells meet a filter; where that is unknown they do not."""
    if one.op in ("is null", "is not null"):
        is_null = pc.is_null(column, nan_is_null=True)
        return is_null if one.op == "is null" else pc.invert(is_null)
    if one.op in TEXTS:
        return pc.fill_null(TEXTS[one.op](_texts(column), str(one.value)), False)
    parts: list[tuple[str, Any]] = [(one.op, one.value)]
    if one.op == "between" and isinstance(one.value, tuple):
        ends = zip((">=", "<="), one.value, strict=True)
        parts = [(op, value) for op, value in ends if value is not None]
    kept: Any = pc.is_valid(column)
    for op, value in parts:
        if op not in COMPARED:
            raise Invalid(f"Rows cannot be narrowed by “{op}”.")
        kept = pc.and_(kept, pc.fill_null(COMPARED[op](column, _value(column, value)), False))
    return kept


def _texts(column: pa.ChunkedArray[Any]) -> Any:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _value(column: pa.ChunkedArray[Any], value: Any) -> Any:
    """A filter's value as the column's type, numbers as they are."""
    is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if is_number and isinstance(value, int | float) and not isinstance(value, bool):
        return pa.scalar(float(value))
    try:
        return pa.scalar(str(value)).cast(column.type)
    except pa.ArrowInvalid:
        raise Invalid("A value that is searched for does not fit its column.") from None


Compare = Callable[[Any, Any], Any]


def _contains(cells: Any, text: str) -> Any:
    return pc.match_substring(cells, text, ignore_case=True)


TEXTS: dict[str, Callable[[Any, str], Any]] = {
    "contains": _contains,
    "not contains": lambda cells, text: pc.invert(_contains(cells, text)),
    "starts with": lambda cells, text: pc.starts_with(cells, text, ignore_case=True),
    "ends with": lambda cells, text: pc.ends_with(cells, text, ignore_case=True),
}
COMPARED: dict[str, Compare] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
