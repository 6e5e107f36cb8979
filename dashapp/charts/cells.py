"""Columns of grids: what a cell holds, how it is told and coloured, as data for AG Grid.

Column definitions name only functions and renderers of `web/assets/grid.js`, as constant text;
formats, rules and scales travel in a column's `context`. No code comes from options or data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pyarrow as pa

from dashapp.charts import formats
from dashapp.charts.asks import dimension_column
from dashapp.charts.base import Look
from dashapp.charts.colors import BAD, EMPTY
from dashapp.charts.tones import ToneRule
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Grain

Holds = Literal["text", "number", "time", "boolean"]
Heat = Literal["none", "sequential", "diverging"]

_FORMAT: Final = {"function": "dashappFormat(params, d3)"}
STYLE: Final = {"function": "dashappStyle(params)"}
_FILTERED: Final = {"function": "dashappText(params, d3)"}
_BAR: Final = "DashappBar"
_FILTER: Final = {"buttons": ["reset"], "maxNumConditions": 1, "debounceMs": 300}


@dataclass(frozen=True)
class Cell:
    """How the cells of one column are told."""

    holds: Holds = "text"
    format: str | None = None
    currency: str | None = None
    grain: Grain | None = None
    bin: float | None = None
    empty: str = ""
    bar: bool = False
    heat: Heat = "none"
    rules: tuple[ToneRule, ...] = ()
    values: Iterable[float | None] = field(default=(), compare=False)  # for bars and heat


def holds(kind: pa.DataType) -> Holds:
    """What a column of this Arrow type holds, for people."""
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time"
    numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_duration)
    return "number" if any(test(kind) for test in numeric) else "text"


def fitting(fmt: str | None, holds: Holds) -> str | None:
    """The format if it suits what a column holds; a saved one may be older than the column."""
    if not fmt or holds not in ("number", "time"):
        return None
    try:
        formats.check_format(fmt, holds)
    except Invalid:
        return None
    return fmt


def column(name: str, title: str, cell: Cell, look: Look) -> dict[str, Any]:
    """The definition of one column; its rows carry values under `name`."""
    found: dict[str, Any] = {
        "field": name,
        "colId": name,
        "headerName": title,
        "headerTooltip": title,
        "cellDataType": False,
        "valueFormatter": _FORMAT,
        "context": context(cell, look),
    }
    if cell.holds == "number" and cell.bin is None:
        found |= {"cellClass": "is-number", "headerClass": "is-number"}
    if cell.bar:
        found["cellRenderer"] = _BAR
    if cell.rules or cell.heat != "none":
        found["cellStyle"] = STYLE
    return found


def filtered(found: dict[str, Any], cell: Cell, paged: bool) -> dict[str, Any]:
    """The definition with a column filter.

    In the browser, times and bins are searched by the text that is shown; the server searches
    raw values, so there only text and plain numbers have a filter.
    """
    if cell.holds == "number" and cell.bin is None:
        return found | {"filter": "agNumberColumnFilter", "filterParams": _FILTER}
    if cell.holds == "text":
        return found | {"filter": "agTextColumnFilter", "filterParams": _FILTER}
    if paged:
        return found | {"filter": False}
    shown = {"filterValueGetter": _FILTERED, "filterParams": _FILTER}
    return found | {"filter": "agTextColumnFilter"} | shown


def context(cell: Cell, look: Look) -> dict[str, Any]:
    """Everything that the grid's functions read about a column, as JSON."""
    found: dict[str, Any] = {"is": cell.holds, "empty": cell.empty}
    if cell.holds == "number":
        found |= formats.number_data(cell.format or "full", cell.currency, look.locale)
        if cell.bin is not None:
            found |= {"bin": cell.bin}
    elif cell.holds == "time":
        found |= formats.time_data(cell.format, cell.grain, look.locale)
    elif cell.holds == "boolean":
        found |= {"yes": "Yes", "no": "No"}
    if cell.rules:
        found["rules"] = [r.as_data() for r in cell.rules]
    if cell.bar or cell.heat != "none":
        found |= _scales(cell, look)
    return found


def told(value: Any, cell: Cell, look: Look) -> str:
    """A cell as text, as the grid tells it."""
    if value is None:
        return cell.empty
    if cell.holds == "boolean":
        return "Yes" if value else "No"
    if cell.holds == "time":
        return formats.time(value, cell.format, cell.grain, look.locale, look.zone)
    if cell.holds == "number" and not isinstance(value, str):
        low = formats.number(value, cell.format or "full", cell.currency, look.locale)
        if cell.bin is None:
            return low
        high = value + cell.bin
        return f"{low} – {formats.number(high, cell.format or 'full', cell.currency, look.locale)}"
    return str(value)


def total_row(names: Iterable[str], values: Mapping[str, Any], word: str) -> dict[str, Any]:
    """A row of totals, with its word in the first column that has no value.

    Words travel beside the values (`_words`), so that a click on one is not taken for a member.
    """
    first = next((n for n in names if n not in values), None)
    return {**values, "_words": {} if first is None else {first: word}}


def of_dimension(dimension: Dimension, table: pa.Table, dataset: DatasetSpec) -> Cell:
    """How the members of a dimension are told; an empty one is a member too."""
    column = dimension_column(dimension, dataset)
    kind = pa.null()
    if dimension.name in table.column_names:
        kind = table.schema.field(dimension.name).type
    found = holds(kind)
    return Cell(
        holds=found,
        format=None if dimension.grain else fitting(column.format, found),
        grain=dimension.grain or _finest(table, dimension.name, found),
        bin=dimension.bin if found == "number" else None,
        empty=EMPTY,
    )


def finest_of(table: pa.Table, name: str) -> Grain | None:
    """The grain at which a column's times are told apart; none where it holds no times."""
    found = holds(table.schema.field(name).type)
    return _finest(table, name, found)


def _finest(table: pa.Table, name: str, found: Holds) -> Grain | None:
    return formats.finest(table.column(name).to_pylist()) if found == "time" else None


def _scales(cell: Cell, look: Look) -> dict[str, Any]:
    """Ends of a column's bars and heat, and their colours (up and down)."""
    known = [v for v in cell.values if v is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    found: dict[str, Any] = {"up": look.palette[0], "down": BAD}
    if cell.bar:
        found["bar"] = {"low": min(0.0, low), "high": max(0.0, high)}
    if cell.heat == "sequential":
        found["heat"] = {"low": low, "middle": None, "high": high}
    if cell.heat == "diverging":
        reach = max(abs(low), abs(high))
        found["heat"] = {"low": -reach, "middle": 0.0, "high": reach}
    return found
