"""Times that a database keeps as numbers or texts, as Superset's `python_date_format` says."""

from __future__ import annotations

import re
from typing import Final

from dashapp.services.superset.written import quoted
from dashapp.specs import ColumnType

# SQL of a number of seconds since 1970, and of a year, as a time; {0} is the column.
_SECONDS: Final = {
    "sqlite": "datetime({0}, 'unixepoch')",
    "duckdb": "make_timestamp(CAST(CAST({0} AS DOUBLE) * 1000000 AS BIGINT))",
    "postgresql": "CAST(TIMESTAMP '1970-01-01' + {0} * INTERVAL '1' SECOND AS TIMESTAMP)",
    "mysql": "TIMESTAMPADD(SECOND, {0}, CAST('1970-01-01' AS DATETIME))",
}
_YEARS: Final = {
    "sqlite": "CAST({0} AS INTEGER) || '-01-01 00:00:00'",
    "duckdb": "make_timestamp(CAST({0} AS BIGINT), 1, 1, 0, 0, 0)",
    "postgresql": "make_timestamp(CAST({0} AS INTEGER), 1, 1, 0, 0, 0)",
    "mysql": "CAST(MAKEDATE({0}, 1) AS DATETIME)",
}
_WIDTHS: Final = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_POSTGRES: Final = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH24", "%M": "MI", "%S": "SS"}
_DIRECTIVE: Final = re.compile(r"%[a-zA-Z]")


def expression(kind: str, column: str, held: ColumnType, python_format: str) -> str | None:
    """SQL that makes a time of the column, in the SQL of a kind of warehouse; None if unknown.

    `held` is what the column really holds. Formats are `epoch_s`, `epoch_ms` and those of
    strptime with digits only.
    """
    if kind not in _YEARS:
        return None
    name, is_number = _identifier(kind, column), held in ("integer", "number")
    if python_format in ("epoch_s", "epoch_ms"):
        seconds = name if python_format == "epoch_s" else f"({name} / 1000.0)"
        return _SECONDS[kind].format(seconds) if is_number else None
    if python_format == "%Y":
        whole = "SIGNED" if kind == "mysql" else "INTEGER"
        return _YEARS[kind].format(name if is_number else f"CAST({name} AS {whole})")
    if held not in ("text", "integer"):
        return None
    parts = _DIRECTIVE.findall(python_format)
    if "%Y" not in parts or len(set(parts)) < len(parts) or set(parts) - _WIDTHS.keys():
        return None
    if "'" in python_format or "%" in _DIRECTIVE.sub("", python_format):
        return None
    return _parsed(kind, name, is_number, python_format)


def _identifier(kind: str, column: str) -> str:
    if kind != "mysql":
        return quoted(column)
    return "`" + column.replace("`", "``") + "`"


def _parsed(kind: str, name: str, is_number: bool, python_format: str) -> str:
    """A text of digits in places that the format names."""
    text = f"CAST({name} AS {'CHAR' if kind == 'mysql' else 'VARCHAR'})" if is_number else name
    if kind == "duckdb":
        return f"CAST(strptime({text}, '{python_format}') AS TIMESTAMP)"
    if kind == "postgresql":
        pattern = _DIRECTIVE.sub(lambda m: _POSTGRES[m[0]], python_format)
        return f"CAST(to_timestamp({text}, '{pattern}') AS TIMESTAMP)"
    if kind == "mysql":
        pattern = python_format.replace("%M", "%i").replace("%S", "%s")
        return f"CAST(STR_TO_DATE({text}, '{pattern}') AS DATETIME)"
    return _sliced(text, python_format)


def _sliced(text: str, python_format: str) -> str:
    """SQLite cuts the text where the format says its parts are."""
    places: dict[str, str] = {}
    at = 1
    for piece in re.split(r"(%[a-zA-Z])", python_format):
        width = _WIDTHS.get(piece)
        if width:
            places[piece] = f"substr({text}, {at}, {width})"
        at += width or len(piece)
    day = " || '-' || ".join(places.get(p, "'01'") for p in ("%Y", "%m", "%d"))
    clock = " || ':' || ".join(places.get(p, "'00'") for p in ("%H", "%M", "%S"))
    return f"{day} || ' ' || {clock}"
