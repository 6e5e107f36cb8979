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
from dashapp.charts.colors import BAD, EMPTY, GOOD
from dashapp.charts.tones import ToneRule
from dashapp.charts.values import column as values_of
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Grain

Holds = Literal["text", "number", "time", "boolean"]
Heat = Literal["none", "sequential", "diverging"]
Align = Literal["left", "center", "right"]

_FORMAT: Final = {"function": "dashappFormat(params, d3)"}
_TOOLTIP: Final = {"function": "dashappTooltip(params, d3)"}
STYLE: Final = {"function": "dashappStyle(params)"}
_FILTERED: Final = {"function": "dashappText(params, d3)"}
_BAR: Final = "DashappBar"
_LINK: Final = "DashappLink"
_LINKS: Final = ("https://", "http://")
# A digit or letter of a cell and of a head, in the theme's type; what stands beside it.
_CHARACTER_PX, _DIGIT_PX, _BOLD_PX, _HEAD_PX, _PADDING_PX = 6.7, 7.4, 8.0, 7.2, 30
_NARROWEST_PX, _BAR_PX, _WIDEST_PX = 64, 110, 250
# The least of a narrow grid: beside digits, for the longest word of a head, for a text.
_TIGHT_PX, _HEAD_LEAST_PX, _TEXT_LEAST_PX = 28, 76, 120
SAMPLE: Final = 300  # Rows that a column's width is taken from.
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
    small: str | None = None  # the format of numbers between -1 and 1
    align: Align | None = None
    wrap: bool = False
    link: bool = False
    bar: bool = False
    bar_from: Literal["zero", "left"] = "zero"
    by_sign: bool = False  # bars and heat in green and red
    heat: Heat = "none"
    rules: tuple[ToneRule, ...] = ()
    values: Iterable[float | None] = field(default=(), compare=False)  # for bars, heat, gradients


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
        "tooltipValueGetter": _TOOLTIP,
        "context": context(cell, look),
    }
    is_right = cell.align == "right" or (
        cell.align is None and cell.holds == "number" and cell.bin is None
    )
    if is_right or cell.align:
        side = "is-number" if is_right else f"is-{cell.align}"
        found |= {"cellClass": side, "headerClass": side}
    if cell.bar or cell.link:
        found["cellRenderer"] = _BAR if cell.bar else _LINK
    if cell.rules or cell.heat != "none":
        found["cellStyle"] = STYLE
    if cell.wrap:
        found |= {"wrapText": True, "autoHeight": True}
    return found


def has_links(table: pa.Table, name: str) -> bool:
    """Whether a column of text has addresses of the web among its first cells."""
    if holds(table.schema.field(name).type) != "text":
        return False
    texts = table.column(name).slice(0, SAMPLE).to_pylist()
    return any(isinstance(text, str) and text.startswith(_LINKS) for text in texts)


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
        if cell.small:
            small = formats.number_data(cell.small, cell.currency, look.locale)
            found["small"] = small["format"]
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
    if any(r.gradient for r in cell.rules):
        low, high = _ends(cell)
        found["reach"] = {"low": low, "high": high}
    return found


def sized(found: dict[str, Any], cell: Cell, texts: Iterable[str]) -> dict[str, Any]:
    """The definition with a share of the grid's width that suits its texts and its title.

    Titles wrap, so they need room for half of themselves or their longest word. Where the grid is
    narrow, text and the room for bars give way first; numbers and times keep room for all digits.
    """
    title = str(found["headerName"])
    head = max([(len(title) + 1) // 2, *(len(word) for word in title.split())]) * _HEAD_PX
    longest = max((len(text) for text in texts), default=0)
    # Short texts are of capitals and wide letters more often.
    wide = max(longest * _CHARACTER_PX + min(longest, 8), head) + _PADDING_PX
    wide = min(max(wide, _BAR_PX if cell.bar else _NARROWEST_PX), _WIDEST_PX)
    digit = _BOLD_PX if cell.rules else _DIGIT_PX
    least = max(longest * digit + min(longest, 4), min(head, _HEAD_LEAST_PX)) + _TIGHT_PX
    if cell.holds == "text":
        least = min(least, _TEXT_LEAST_PX)
    least = min(max(least, _NARROWEST_PX), wide)
    return found | {"flex": round(wide), "minWidth": round(least)}


def told(value: Any, cell: Cell, look: Look) -> str:
    """A cell as text, as the grid tells it."""
    if value is None:
        return cell.empty
    if cell.holds == "boolean":
        return "Yes" if value else "No"
    if cell.holds == "time":
        return formats.time(value, cell.format, cell.grain, look.locale, look.zone)
    if cell.holds == "number" and not isinstance(value, str):
        is_small = cell.small and -1 < value < 1
        fmt = (cell.small if is_small else cell.format) or "full"
        low = formats.number(value, fmt, cell.currency, look.locale)
        if cell.bin is None:
            return low
        high = value + cell.bin
        return f"{low} – {formats.number(high, cell.format or 'full', cell.currency, look.locale)}"
    return str(value)


def texts(table: pa.Table, name: str, cell: Cell, look: Look) -> list[str]:
    """The first cells of a column as texts."""
    found = values_of(table.slice(0, SAMPLE), name, look.zone)
    return [told(v, cell, look) for v in found]


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
    low, high = _ends(cell)
    found: dict[str, Any] = {"up": GOOD if cell.by_sign else look.palette[0], "down": BAD}
    if cell.bar:
        found["bar"] = {"low": min(0.0, low), "high": max(0.0, high)}
        if cell.bar_from == "left":
            found["bar"]["from"] = "left"
    if cell.heat == "sequential":
        found["heat"] = {"low": low, "middle": None, "high": high}
    if cell.heat == "diverging":
        reach = max(abs(low), abs(high))
        found["heat"] = {"low": -reach, "middle": 0.0, "high": reach}
    return found


def _ends(cell: Cell) -> tuple[float, float]:
    """The lowest and the highest value of a column; zero where it has none."""
    known = [v for v in cell.values if v is not None]
    return (min(known), max(known)) if known else (0.0, 0.0)
