"""The tables of the example bundles in a SQLite, a DuckDB and a PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from tests.servers import plain

BATCH = 2_000
_SQLITE: Final = {"timestamp": "TIMESTAMP", "double": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN"}
_POSTGRES: Final = {
    "timestamp": "TIMESTAMP", "double": "DOUBLE PRECISION", "int": "BIGINT", "bool": "BOOLEAN",
}  # fmt: skip


def tables(folder: Path) -> list[Path]:
    """The files, one per table, named after it."""
    return sorted(folder.glob("*.parquet"))


def sqlite(files: Iterable[Path], place: Path) -> str:
    """A SQLite copy: its URL. Times are text as Superset's own loader writes them."""
    with sqlite3.connect(place) as database:
        for file in files:
            schema = pq.read_schema(file)
            columns = _columns(schema, _SQLITE)
            database.execute(f"CREATE TABLE {_quoted(file.stem)} ({columns})")
            marks = ", ".join("?" for _ in schema.names)
            for rows in _batches(file):
                database.executemany(f"INSERT INTO {_quoted(file.stem)} VALUES ({marks})", rows)
    database.close()
    return f"sqlite:///{place}"


def duckdb_file(files: Iterable[Path], place: Path) -> str:
    """A DuckDB copy: its URL."""
    with duckdb.connect(str(place)) as database:
        for file in files:
            kinds = {f.name: f.type for f in pq.read_schema(file)}
            texts = [n for n, t in kinds.items() if pa.types.is_null(t)]
            casts = ", ".join(f"CAST({_quoted(n)} AS VARCHAR) AS {_quoted(n)}" for n in texts)
            replaced = f" REPLACE ({casts})" if casts else ""
            times = [n for n, t in kinds.items() if pa.types.is_timestamp(t)]
            database.execute(
                f"CREATE TABLE {_quoted(file.stem)} AS SELECT *{replaced} FROM read_parquet(?)",
                [str(file)],
            )
            for name in times:
                database.execute(
                    f"ALTER TABLE {_quoted(file.stem)} ALTER {_quoted(name)} TYPE TIMESTAMP"
                )
    return f"duckdb:///{place}"


def postgresql(files: Iterable[Path], url: str) -> str:
    """A PostgreSQL copy: the URL of the database that it was made in."""
    with psycopg.connect(plain(url)) as database, database.cursor() as cursor:
        for file in files:
            columns = _columns(pq.read_schema(file), _POSTGRES)
            cursor.execute(f"CREATE TABLE {_quoted(file.stem)} ({columns})".encode())
            with cursor.copy(f"COPY {_quoted(file.stem)} FROM STDIN".encode()) as copy:
                for rows in _batches(file):
                    for row in rows:
                        copy.write_row(row)
    return url


def _columns(schema: pa.Schema, types: dict[str, str]) -> str:
    def told(kind: pa.DataType) -> str:
        return next((sql for start, sql in types.items() if str(kind).startswith(start)), "TEXT")

    return ", ".join(f"{_quoted(f.name)} {told(f.type)}" for f in schema)


def _batches(file: Path) -> Iterable[list[tuple[Any, ...]]]:
    for batch in pq.ParquetFile(file).iter_batches(BATCH):
        columns = [_plain(column) for column in batch.columns]
        yield list(zip(*columns, strict=True))


def _plain(column: Any) -> list[Any]:
    """A column of Arrow as Python has it, times as text."""
    if not pa.types.is_timestamp(column.type):
        return [None if v != v else v for v in column.to_pylist()]
    return [None if t is None else _text(t) for t in column.cast("timestamp[us]").to_pylist()]


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S.%f")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


COPIES: Final[dict[str, Callable[[Iterable[Path], Any], str]]] = {
    "sqlite": sqlite,
    "duckdb": duckdb_file,
    "postgresql": postgresql,
}
