"""Tables as files for spreadsheets, written batch by batch: CSV and XLSX.

A spreadsheet runs text that looks like a formula. So text is made harmless: in CSV such text gets
an apostrophe in front and all text is quoted; in XLSX every text is a text cell, never a formula.
Numbers stay numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

FileFormat = Literal["csv", "xlsx"]
# Called after each batch with the number of rows written so far; may raise to stop.
OnRows = Callable[[int], None]

# What may begin a formula, also as the wide and small forms that some programs fold.
RISKY = "=+\\-@|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05\ufe66\ufe62\ufe63\ufe6b\ufe6a\u2212"
UNSEEN = '[\\s\\p{Cf}\\p{Cc}\\p{Zs}"]'
AT_START = f"^({UNSEEN}*[{RISKY}]|[\\t\\r\\n]|(?i:sep=))"
# Where a program that takes another separator, or no quotes, would begin a new cell.
INSIDE = f"([;\\t\\r\\n]{UNSEEN}*)([{RISKY}])"

SHEET_ROWS = 1_048_576
CELL_CHARS = 32_767
EXACT = 2**53
SHEET_TITLE_CHARS = 31
WIDEST, NARROWEST = 60, 8


class Sink(Protocol):
    """Where a file's bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


@dataclass(frozen=True)
class Written:
    """How many rows a file got, and whether there were more."""

    rows: int
    truncated: bool


def write(
    batches: Iterable[pa.RecordBatch],
    columns: Sequence[str],
    format: FileFormat,
    sink: Sink,
    *,
    most_rows: int,
    on_rows: OnRows = lambda rows: None,
    title: str = "Data",
    zone: str = "UTC",
    folder: Path | None = None,
) -> Written:
    """Write a table as `format` into `sink`, at most `most_rows` rows of it.

    `columns` are the headers if there is no batch at all. Times with a zone are shown in `zone`.
    `folder` is for the temporary files that XLSX needs.
    """
    rows = Capped(batches, most_rows, on_rows)
    if format == "csv":
        _write_csv(rows, columns, sink, zone)
    else:
        _write_xlsx(rows, columns, sink, title, zone, folder)
    return Written(rows.count, rows.truncated)


class Capped:
    """Batches up to a number of rows, counted as they go."""

    def __init__(self, batches: Iterable[pa.RecordBatch], most_rows: int, on_rows: OnRows) -> None:
        self.count = 0
        self.truncated = False
        self.most_rows = most_rows
        self._batches = batches
        self._on_rows = on_rows

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            left = self.most_rows - self.count
            if batch.num_rows > left:
                self.truncated = True
                batch = batch.slice(0, left)
            yield batch
            self.count += batch.num_rows
            self._on_rows(self.count)
            if self.truncated:
                return


# CSV: RFC 4180 in UTF-8, rendered by column.


def _write_csv(
    batches: Iterable[pa.RecordBatch], columns: Sequence[str], sink: Sink, zone: str
) -> None:
    has_header = False
    for batch in batches:
        if not has_header:
            sink.write(_header(batch.schema.names))
            has_header = True
        if batch.num_rows:
            sink.write(_lines(batch, zone))
    if not has_header:
        sink.write(_header(columns))


def _header(names: Sequence[str]) -> bytes:
    cells = quoted(pa.array(list(names), pa.string())).to_pylist()
    return (",".join(map(str, cells)) + "\r\n").encode()


def _lines(batch: pa.RecordBatch, zone: str) -> bytes:
    cells = [_rendered(column, zone) for column in batch.columns]
    lines: pa.Array[Any] = pc.binary_join_element_wise(  # type: ignore[call-overload]
        *cells, pa.scalar(",", pa.large_string()), null_handling="replace", null_replacement=""
    )
    return ("\r\n".join(map(str, lines.to_pylist())) + "\r\n").encode()


def _rendered(column: pa.Array[Any], zone: str) -> pa.Array[Any]:
    """The column's cells as they stand in the file; empty stays empty."""
    kind = column.type
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
        return pc.cast(column, pa.large_string())
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return pc.cast(column, pa.large_string())
    if not _is_text(kind):
        shown = [None if v is None else shown_text(v, zone) for v in column.to_pylist()]
        column = pa.array(shown, pa.string())
    return quoted(column)


def quoted(column: pa.Array[Any]) -> pa.Array[Any]:
    """Text made harmless and quoted; empty stays empty."""
    safe = harmless(pc.cast(column, pa.large_string()))
    doubled = pc.replace_substring(safe, '"', '""')
    mark, nothing = pa.scalar('"', pa.large_string()), pa.scalar("", pa.large_string())
    joined: pa.Array[Any] = pc.binary_join_element_wise(  # type: ignore[call-overload]
        mark, doubled, mark, nothing
    )
    return joined


def harmless(column: pa.Array[Any]) -> pa.Array[Any]:
    """Text that no spreadsheet takes for a formula: an apostrophe before what may begin one."""
    inside = pc.replace_substring_regex(column, INSIDE, "\\1'\\2")
    safe: pa.Array[Any] = pc.replace_substring_regex(inside, AT_START, "'\\1")
    return safe


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def shown_text(value: Any, zone: str) -> str:
    """A value that is neither number nor text, as text."""
    if isinstance(value, datetime):
        local = value if value.tzinfo is None else value.astimezone(ZoneInfo(zone))
        return local.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


# XLSX: rows go to a temporary file as they come; the archive is made at the end.


def _write_xlsx(
    batches: Capped, columns: Sequence[str], sink: Sink, title: str, zone: str, folder: Path | None
) -> None:
    options = {
        "constant_memory": True, "tmpdir": None if folder is None else str(folder),
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
    }  # fmt: skip
    with xlsxwriter.Workbook(sink, options) as book:
        book.use_zip64()
        sheets = Sheets(book, title, zone)
        for batch in batches:
            sheets.add(batch)
        if sheets.sheet is None:
            sheets.begin(columns)
        if batches.truncated:
            note = book.add_worksheet("Incomplete")
            note.write_string(
                0, 0, f"This file has the first {batches.count:,} rows; there are more."
            )


class Sheets:
    """The sheets of a workbook; a further one begins when one is full."""

    def __init__(self, book: xlsxwriter.Workbook, title: str, zone: str) -> None:
        self.book = book
        self.title = sheet_title(title)
        self.zone = ZoneInfo(zone)
        self.sheet: Worksheet | None = None
        self.number = 0
        self.row = 0
        self.head = book.add_format({"bold": True, "bg_color": "#E9EDF2", "bottom": 1})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.second = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def begin(self, names: Sequence[str]) -> Worksheet:
        """A new sheet with these headers."""
        self.number += 1
        end = "" if self.number == 1 else f" ({self.number})"
        self.sheet = self.book.add_worksheet(self.title[: SHEET_TITLE_CHARS - len(end)] + end)
        for at, name in enumerate(names):
            self.sheet.write_string(0, at, cut(name), self.head)
        self.sheet.freeze_panes(1, 0)
        self.row = 1
        return self.sheet

    def add(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""
        names = batch.schema.names
        columns = [column.to_pylist() for column in batch.columns]
        for at in range(batch.num_rows):
            if self.sheet is None or self.row == SHEET_ROWS:
                self._widen(self.begin(names), names, columns)
            for column, values in enumerate(columns):
                self._cell(column, values[at])
            self.row += 1
        if self.sheet is None:
            self.begin(names)

    def _widen(self, sheet: Worksheet, names: Sequence[str], columns: list[list[Any]]) -> None:
        for at, (name, values) in enumerate(zip(names, columns, strict=True)):
            longest = max((len(str(v)) for v in values[:200] if v is not None), default=0)
            width = min(WIDEST, max(NARROWEST, len(name) + 2, longest + 1))
            sheet.set_column(at, at, width)

    def _cell(self, column: int, value: Any) -> None:
        sheet = self.sheet
        if value is None or sheet is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(self.row, column, value)
        elif isinstance(value, int) and abs(value) <= EXACT:
            sheet.write_number(self.row, column, value)
        elif isinstance(value, float):
            if math.isfinite(value):
                sheet.write_number(self.row, column, value)
            elif not math.isnan(value):
                sheet.write_string(self.row, column, str(value))
        elif isinstance(value, date) and value.year >= 1900:
            self._moment(sheet, column, value)
        else:
            text = value if isinstance(value, str) else shown_text(value, self.zone.key)
            sheet.write_string(self.row, column, cut(text))

    def _moment(self, sheet: Worksheet, column: int, value: date) -> None:
        chosen: Format = self.day
        if isinstance(value, datetime):
            chosen = self.second
            if value.tzinfo is not None:
                value = value.astimezone(self.zone).replace(tzinfo=None)
            value = value.replace(microsecond=0)  # Rounded up, the last second has no day.
        sheet.write_datetime(self.row, column, value, chosen)


def cut(text: str) -> str:
    """Text that fits a cell; what does not ends with an ellipsis."""
    return text if len(text) <= CELL_CHARS else text[: CELL_CHARS - 1] + "…"


def sheet_title(text: str) -> str:
    """A title that Excel takes for a sheet and that begins no formula."""
    plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", text)
    plain = (
        plain.lstrip(" '\"=+-@|%＝＋－＠｜％﹦﹢﹣﹫﹪−")
        .rstrip(" '")[:SHEET_TITLE_CHARS]
        .strip(" '")
    )
    return "Data" if not plain or plain.lower() in ("history", "incomplete") else plain


def stamp(moment: datetime, zone: str) -> str:
    """A moment for the name of a file."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H%M")
