# ruff: noqa: DTZ001  (naive times are what some tables hold)
"""Files for spreadsheets: complete, exact, harmless, and never whole in memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.utils.escape import unescape

from dashapp.services import sheets

RISKS = [
    "=1+1", "+1", "-1+1", "@SUM(A1)", "|calc", "%0A", "\t=1", "\r=1", "\n=1", " =1+1",
    "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil\",\"x\")", "\uff1d1+1", "\uff0b1", "\uff0d1",
    "\uff20A1", "\u2212" + "1", '"=1+1', "\ufeff=1", "\u200b=1", "\u00a0=1", "DDE(\"cmd\")=",
    "=1,2;=3", "-1.5",
]  # fmt: skip
FIRST = "=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20\uff5c\uff05\u2212"


def table(**columns: Any) -> list[pa.RecordBatch]:
    return pa.table(columns).to_batches()


def as_csv(batches: Any, **options: Any) -> list[list[str]]:
    sink = io.BytesIO()
    sheets.write(batches, ["a"], "csv", sink, most_rows=options.pop("most_rows", 1000), **options)
    return list(csv.reader(io.StringIO(sink.getvalue().decode(), newline="")))


def as_xlsx(batches: Any, **options: Any) -> openpyxl.Workbook:
    sink = io.BytesIO()
    sheets.write(batches, ["a"], "xlsx", sink, most_rows=options.pop("most_rows", 1000), **options)
    return openpyxl.load_workbook(io.BytesIO(sink.getvalue()))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("text", RISKS)
def test_csv_cells_never_begin_a_formula(text: str, kind: pa.DataType) -> None:
    _, row = as_csv(table(a=pa.array([text], kind)))
    seen = row[0].lstrip(' \ufeff\u200b\u00a0"')
    assert row[0].startswith("'") or seen[0] not in FIRST
    assert row[0].replace("'", "") == text.replace("'", "")


def test_dictionary_columns_are_made_harmless_too() -> None:
    column = pa.array(["=1", "b"]).dictionary_encode()
    assert as_csv(table(a=column)) == [["a"], ["'=1"], ["b"]]


def test_csv_text_is_harmless_to_programs_that_split_at_semicolons() -> None:
    sink = io.BytesIO()
    sheets.write(table(a=["x;=1+1", "y\n@A1"]), [], "csv", sink, most_rows=9)
    assert "x;'=1+1" in sink.getvalue().decode()
    assert "y\n'@A1" in sink.getvalue().decode()


def test_csv_headers_are_harmless() -> None:
    assert as_csv(table(**{"=1+1": [1], "sep=;": [2]}))[0] == ["'=1+1", "'sep=;"]


def test_csv_keeps_numbers_times_and_quotes() -> None:
    got = as_csv(
        table(
            number=[-1.5, float("nan"), None],
            count=[-3, 2**60, None],
            text=['say "hi", you', "two\nlines", None],
            at=[datetime(2013, 1, 1, 5, 15), datetime(2013, 1, 1, 5, 15, 0, 250000), None],
            day=[date(2013, 1, 1), date(1850, 1, 1), None],
            sure=[True, False, None],
        )
    )
    assert got == [
        ["number", "count", "text", "at", "day", "sure"],
        ["-1.5", "-3", 'say "hi", you', "2013-01-01 05:15:00", "2013-01-01", "true"],
        ["", str(2**60), "two\nlines", "2013-01-01 05:15:00.250000", "1850-01-01", "false"],
        ["", "", "", "", "", ""],
    ]


def test_times_with_a_zone_are_shown_in_the_viewers_zone() -> None:
    at = pa.array([datetime(2013, 7, 1, 12, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    assert as_csv(table(at=at), zone="Europe/Berlin")[1] == ["2013-07-01 14:00:00+02:00"]
    sheet = as_xlsx(table(at=at), zone="Europe/Berlin").active
    assert sheet is not None
    assert sheet["A2"].value == datetime(2013, 7, 1, 14)


@pytest.mark.parametrize("text", RISKS)
def test_xlsx_cells_are_text_and_never_formulas(text: str) -> None:
    sheet = as_xlsx(table(**{text: [text]}), title=text).active
    assert sheet is not None
    for cell in (sheet["A1"], sheet["A2"]):
        assert cell.data_type == "s"
        assert not cell.hyperlink
    assert unescape(sheet["A2"].value) == text
    assert sheet.title[0] not in FIRST


def test_xlsx_cells_are_typed() -> None:
    sheet = as_xlsx(
        table(
            number=[-1.5, float("inf")], count=[7, 2**60], at=[datetime(2013, 1, 1, 5), None],
            day=[date(2013, 1, 2), date(1850, 1, 1)], sure=[True, None], nothing=[None, None],
        )
    ).active  # fmt: skip
    assert sheet is not None
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[1][:5] == [-1.5, 7, datetime(2013, 1, 1, 5), datetime(2013, 1, 2), True]
    assert rows[2][:4] == ["inf", str(2**60), None, "1850-01-01"]
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize(
    ("title", "shown"),
    [("a/b:[c]*?", "a b  c"), ("=x", "x"), ("", "Data"), ("History", "Data"), ("x" * 40, "x" * 31)],
)
def test_sheet_titles_are_what_excel_takes(title: str, shown: str) -> None:
    assert as_xlsx(table(a=[1]), title=title).sheetnames == [shown]


def test_a_full_sheet_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS", 4)
    book = as_xlsx(table(a=list(range(7))), title="Flights")
    assert book.sheetnames == ["Flights", "Flights (2)", "Flights (3)"]
    assert [[c.value for c in s["A"]] for s in book] == [["a", 0, 1, 2], ["a", 3, 4, 5], ["a", 6]]


def test_more_rows_than_allowed_are_left_out_and_it_shows() -> None:
    batches = pa.table({"a": list(range(10))}).to_batches(max_chunksize=3)
    sink = io.BytesIO()
    written = sheets.write(batches, [], "csv", sink, most_rows=7)
    assert written == sheets.Written(rows=7, truncated=True)
    assert sink.getvalue().count(b"\r\n") == 8
    assert as_xlsx(batches, most_rows=7).sheetnames == ["Data", "Incomplete"]


def test_exactly_as_many_rows_as_allowed_are_complete() -> None:
    written = sheets.write(table(a=[1, 2]), [], "csv", io.BytesIO(), most_rows=2)
    assert written == sheets.Written(rows=2, truncated=False)


@pytest.mark.parametrize("batches", [[], table(a=pa.array([], pa.string()))])
def test_an_empty_table_has_headers(batches: Any) -> None:
    assert as_csv(batches) == [["a"]]
    sheet = as_xlsx(batches).active
    assert sheet is not None
    assert sheet["A1"].value == "a"


def test_text_longer_than_a_cell_is_cut_visibly() -> None:
    sheet = as_xlsx(table(a=["x" * 40_000])).active
    assert sheet is not None
    assert len(sheet["A2"].value) == sheets.CELL_CHARS
    assert sheet["A2"].value.endswith("…")


class Nowhere:
    """Counts bytes and keeps none."""

    size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


def many(batches: int) -> Iterator[pa.RecordBatch]:
    for at in range(batches):
        numbers = range(at * 10_000, (at + 1) * 10_000)
        yield pa.record_batch({"n": list(numbers), "text": [f"row {n} of many" for n in numbers]})


@pytest.mark.parametrize(("format", "batches"), [("csv", 50), ("xlsx", 5)])
def test_memory_does_not_grow_with_the_rows(
    format: sheets.FileFormat, batches: int, tmp_path: Path
) -> None:
    sink, peaks = (tmp_path / "file").open("w+b"), []
    with sink:
        tracemalloc.start()
        sheets.write(
            many(batches), [], format, sink, most_rows=10**9, folder=tmp_path,
            on_rows=lambda rows: peaks.append(tracemalloc.get_traced_memory()[1]),
        )  # fmt: skip
        end = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert end < peaks[1] + 8_000_000
