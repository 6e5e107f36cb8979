"""Drivers' errors as sentences for a person: no values of rows, no secrets, no driver's prose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from dashapp.errors import AppError, QueryFailed, QueryTimeout, WarehouseDown


class Row(NamedTuple):
    """An error is this one if its state matches; `words` finds the name put into the sentence.

    Where the driver gives no state, or the sentence takes a name, `words` must be found. Patterns that take a name start at the
    beginning, as the rest of a message may quote a row. Reason "down" means the warehouse itself
    cannot be used.
    """

    states: str
    words: str
    sentence: str
    reason: str


def _found(rows: Sequence[Row], state: str, text: str) -> AppError | None:
    """What the first row says that fits."""
    for row in rows:
        match = re.search(row.words, text) if row.words else None
        takes_name = "{}" in row.sentence
        if (takes_name and not match) or not (
            re.match(f"(?:{row.states})", state) if state else match
        ):
            continue
        named = {"name": match[1]} if takes_name and match else {}
        message = row.sentence.format(*named.values())
        if row.reason == "down":
            return WarehouseDown(message, **named)
        return QueryFailed(message, reason=row.reason, **named)
    return None


def syntax_error(near: str | None = None) -> QueryFailed:
    """The statement cannot be read."""
    where = f" near “{near}”" if near else ""
    return QueryFailed(f"The SQL has a syntax error{where}.", reason="syntax")


def not_a_query() -> QueryFailed:
    """The statement would do something else than read."""
    return QueryFailed("Only a single statement that reads data may run here.", reason="read_only")


def _near(text: str) -> str | None:
    match = re.search(r'near "([^"]{1,60})"', text)
    return match[1] if match else None


def sqlite(error: BaseException) -> AppError:
    """SQLite's error, by its name, or by its words where the name is as good as none."""
    if isinstance(error, OSError):
        return WarehouseDown("The file is gone, or cannot be opened.")
    text = str(error)
    state = str(getattr(error, "sqlite_errorname", "")).replace("SQLITE_ERROR", "")
    if "syntax error" in text or "incomplete input" in text:
        return syntax_error(_near(text))
    if "one statement at a time" in text:
        return not_a_query()
    found = _found(SQLITE, state, text)
    return found or QueryFailed("SQLite refused the query.", reason="refused")


SQLITE = (
    Row("-", r"^no such column: (\S+)", "There is no column {}.", "missing_column"),
    Row("-", r"^no such table: (\S+)", "There is no table {}.", "missing_table"),
    Row("-", r"^no such function: (\S+)", "There is no function {}.", "missing_function"),
    Row("-", r"^ambiguous column name: (\S+)",
        "Several tables have the column {}; say which is meant.", "ambiguous_column"),
    Row("-", r"misuse of aggregate", "An aggregate stands where none may stand.", "not_grouped"),
    Row("-", r"integer overflow|too large to convert", "A number in the query is too large.",
        "number_too_large"),
    Row("-", r"decode", "A text in the file is not UTF-8.", "encoding"),
    Row("SQLITE_AUTH", r"not authorized|prohibited", "The query asks for what is not allowed here.",
        "not_allowed"),
    Row("SQLITE_READONLY", "", "The database is read-only here.", "read_only"),
    Row("SQLITE_BUSY|SQLITE_LOCKED", "", "The file is locked by another program; try again.", "down"),
    Row("SQLITE_CANTOPEN", r"unable to open", "The file cannot be opened.", "down"),
    Row("SQLITE_NOTADB", "", "The file is not a SQLite database.", "down"),
    Row("SQLITE_CORRUPT", "", "The file is damaged.", "down"),
    Row("SQLITE_IOERR", "", "The file cannot be read.", "down"),
    Row("SQLITE_TOOBIG", r"too big|too many|too large", "The query, or a value in it, is too long.",
        "too_big"),
    Row("SQLITE_NOMEM", "", "The query needs more memory than there is.", "memory"),
)  # fmt: skip


def duckdb(error: BaseException) -> AppError:
    """DuckDB's error, by its words: it has no states."""
    text = str(error)
    found = _found(DUCKDB, "", text)
    if found is None and ("syntax error" in text or "Parser Error" in text):
        return syntax_error(_near(text))
    return found or QueryFailed("DuckDB refused the query.", reason="refused")


DUCKDB = (
    Row("-", r'^Binder Error: Referenced column "([^"]+)" not found', "There is no column {}.", "missing_column"),
    Row("-", r'^Binder Error: .* does not have a column named "([^"]+)"', "There is no column {}.", "missing_column"),
    Row("-", r"^Catalog Error: (?:Table|View) with name (.+?) does not exist", "There is no table {}.", "missing_table"),
    Row("-", r"^Catalog Error: [\w ]*Function with name (\S+?) does not exist", "There is no function {}.", "missing_function"),
    Row("-", r'^Binder Error: column "?([^"\s]+)"? must appear in the GROUP BY',
     "The column {} must be grouped by or aggregated.", "not_grouped"),
    Row("-", r"No function matches", "A function or operator does not fit the types it is given.", "types"),
    Row("-", r"Could not convert|Conversion Error|Cannot compare",
     "A value cannot be turned into the type that the query asks for.", "conversion"),
    Row("-", r"[Dd]ivision by zero", "The query divides by zero.", "division_by_zero"),
    Row("-", r"Out of Range|Overflow", "A number in the query is too large for its type.", "number_too_large"),
    Row("-", r"Out of Memory", "The query needs more memory than the database may use.", "memory"),
    Row("-", r"Permission Error|configuration has been locked|disabled by configuration",
     "The query asks for what is not allowed here.", "not_allowed"),
    Row("-", r"^IO Error: Could not set lock", "The file is locked by another program; try again.", "down"),
    Row("-", r"^Connection Error: .*different configuration", "The file is being written by this server; try again.", "down"),
    Row("-", r"^IO Error: .*not a valid DuckDB", "The file is not a DuckDB database.", "down"),
    Row("-", r"^IO Error: .*database does not exist", "The file is gone.", "down"),
    Row("-", r"^IO Error: .*(?:newer|older) version", "The file was written by another version of DuckDB.", "down"),
    Row("-", r"^IO Error", "The file cannot be read.", "down"),
    Row("-", r"read-only", "The database is read-only here.", "read_only"),
)  # fmt: skip


def postgresql(error: BaseException) -> AppError:
    """PostgreSQL's error, by its SQLSTATE, or by its words where the driver lost that."""
    text, state = _words(error), getattr(error, "sqlstate", None) or ""
    if state == "57014" or "canceling statement" in text:
        return QueryTimeout("The query took longer than the database allows.")
    if state == "42601":
        return syntax_error(_near(text))
    found = _found(POSTGRESQL, state, text)
    return found or QueryFailed("PostgreSQL refused the query.", reason="refused")


def _words(error: BaseException) -> str:
    """PostgreSQL's own line of an error: no context, no copy of the statement."""
    text = str(error)
    match = re.search(r"(?:ERROR|FATAL):\s+(.*)", text)
    return match[1] if match else text.partition("\n")[0]


POSTGRESQL = (
    Row("42703", r'^column "?([^"\s]+)"? does not exist', "There is no column {}.", "missing_column"),
    Row("42P01", r'^relation "([^"]+)" does not exist', "There is no table {}.", "missing_table"),
    Row("3F000", r'^schema "([^"]+)" does not exist', "There is no schema {}.", "missing_schema"),
    Row("42883", r"^function ([^\s(]+)\(.*does not exist", "There is no function or operator {} for these types.",
     "missing_function"),
    Row("42883|42725", "", "A function or operator does not fit the types it is given.", "types"),
    Row("42702", r'^column reference "([^"]+)" is ambiguous',
     "Several tables have the column {}; say which is meant.", "ambiguous_column"),
    Row("42803", r'^column "([^"]+)" must appear in the GROUP BY',
     "The column {} must be grouped by or aggregated.", "not_grouped"),
    Row("42501", r"^permission denied for \w+ (\S+)",
     "The database's account may not read {}.", "permission"),
    Row("42501", r"^permission denied", "The database's account may not do this.", "permission"),
    Row("25006|25001|0A000", r"read-only transaction|read-write mode", "The database is read-only here.", "read_only"),
    Row("22012", r"division by zero", "The query divides by zero.", "division_by_zero"),
    Row("22003", r"out of range", "A number in the query is too large for its type.",
     "number_too_large"),
    Row("22|42804|42846", r"invalid input syntax|cannot cast",
     "A value cannot be turned into the type that the query asks for.", "conversion"),
    Row("28", r"authentication failed|no password supplied|pg_hba|role \S+ does not exist",
     "The database refused the user name or password.", "down"),
    Row("3D000", r'^database "([^"]+)" does not exist', "There is no database {} on the server.",
     "down"),
    Row("53300", r"too many (?:connections|clients)|remaining connection slots",
     "The database has no free connection; try again.", "down"),
    Row("53|54", r"out of memory|No space left", "The query needs more than the database may use.",
     "memory"),
    Row("55P03", r"lock timeout", "The table is locked by another program; try again.", "locked"),
    Row("57P|08", r"starting up|shutting down|terminating connection|server closed",
     "The database went away; try again.", "down"),
    Row("-", r"Connection refused|translate host name|timeout expired|unreachable",
     "The database cannot be reached.", "down"),
    Row("-", r"SSL|certificate", "No safe (TLS) connection to the database is possible.",
     "down"),
    Row("-", r"[Ff]ailed to connect|connection failed|lost|timed out",
     "The database cannot be reached.", "down"),
)  # fmt: skip


def mysql(error: BaseException) -> AppError:
    """MySQL's and MariaDB's error, by its number."""
    if isinstance(error, OSError):
        return WarehouseDown("The database cannot be reached.")
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[1]) if len(error.args) > 1 else ""
    if number in TIMEOUTS:
        return QueryTimeout("The query took longer than the database allows.")
    if number == 1064:
        near = re.search(r"near '(\S{1,60})", text)
        return syntax_error(near[1].rstrip("'") if near else None)
    found = _found(MYSQL, str(number), text)
    return found or QueryFailed("The database refused the query.", reason="refused")


TIMEOUTS = {1028, 1317, 1969, 3024}
MYSQL = (
    Row("1054$", r"column '([^']+)'", "There is no column {}.", "missing_column"),
    Row("1146$|1051$", r"[Tt]able '(?:[^'.]+\.)?([^']+)'", "There is no table {}.", "missing_table"),
    Row("1305$|1630$", r"FUNCTION (\S+) does", "There is no function {}.", "missing_function"),
    Row("1052$", r"[Cc]olumn '([^']+)'", "Several tables have the column {}; say which is meant.",
     "ambiguous_column"),
    Row("1055$|1140$", r"'([^']+)'", "The column {} must be grouped by or aggregated.", "not_grouped"),
    Row("1142$|1143$|1370$|1227$", r"for (?:table|column) [`']?(?:[^'`]+`?\.`?)?([^'`]+)",
     "The database's account may not read {}.", "permission"),
    Row("1142$|1143$|1370$|1227$", "", "The database's account may not do this.", "permission"),
    Row("1792$|1290$", "", "The database is read-only here.", "read_only"),
    Row("1365$", "", "The query divides by zero.", "division_by_zero"),
    Row("1264$|1690$", "", "A number in the query is too large for its type.", "number_too_large"),
    Row("1292$|1366$|1411$", "", "A value cannot be turned into the type that the query asks for.",
     "conversion"),
    Row("1044$|1045$|1698$", "", "The database refused the user name or password.", "down"),
    Row("1049$", r"database '([^']+)'", "There is no database {} on the server.", "down"),
    Row("1040$|1203$|1226$", "", "The database has no free connection; try again.", "down"),
    Row("1205$|1213$", "", "The table is locked by another program; try again.", "locked"),
    Row("1037$|1038$|1041$|1114$|3$", "", "The query needs more than the database may use.", "memory"),
    Row("2003$|2002$|2005$", "", "The database cannot be reached.", "down"),
    Row("2006$|2013$|2014$|1053$|1077$|1927$", "", "The database went away; try again.", "down"),
    Row("2026$|3159$", "", "No safe (TLS) connection to the database is possible.", "down"),
)  # fmt: skip
