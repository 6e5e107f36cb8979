"""Real servers for tests, on loopback and free ports, stopped by their own process id."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pymysql
import redis


class Unavailable(Exception):
    """The server's program is not on this machine."""


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, *folders: str) -> str:
    """Path of a program from PATH or `folders` (glob patterns), newest last. Raises Unavailable."""
    found = shutil.which(name) or next(
        (
            path
            for folder in folders
            for path in sorted(glob.glob(f"{folder}/{name}"), reverse=True)
        ),
        None,
    )
    if found is None:
        raise Unavailable(f"{name} is not installed.")
    return found


def wait_for(check: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until `check` stops raising."""
    end = time.monotonic() + seconds
    while True:
        try:
            check()
            return
        except Exception as error:
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come up: {error}") from error
            time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], seconds: float = 15) -> None:
    """End a process that we started: politely, then for good."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def redis_server(*options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis without persistence: (URL, process)."""
    port = free_port()
    process = subprocess.Popen(
        [
            program("redis-server"),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            *options,
        ],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        with redis.Redis.from_url(url) as client:
            wait_for(client.ping, "Redis")
        yield url, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
        stop(process)


@contextmanager
def owned_folder(account: str) -> Iterator[Path]:
    """A temporary folder that `account` owns when we are root, we otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="dashapp-"))
    try:
        if os.geteuid() == 0:
            entry = pwd.getpwnam(account)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_account(account: str) -> dict[str, Any]:
    """Popen options that run a program as `account` when we are root (servers refuse root)."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(account)
    except KeyError as error:
        raise Unavailable(f"There is no account {account}.") from error
    return {"user": entry.pw_uid, "group": entry.pw_gid}


@contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL cluster of its own: URL of its superuser's database."""
    initdb = program("initdb", "/usr/lib/postgresql/*/bin", "/usr/local/bin")
    postgres = program("postgres", "/usr/lib/postgresql/*/bin")
    if Path(postgres).parent != Path(initdb).parent:
        postgres = str(Path(initdb).parent / "postgres")
    account = as_account("postgres")
    with owned_folder("postgres") as folder:
        data, port = folder / "data", free_port()
        subprocess.run(
            [initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **account,
        )  # fmt: skip
        process = subprocess.Popen(
            [postgres, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder),
             "-c", "fsync=off", "-c", "max_connections=200"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **account,
        )  # fmt: skip
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        try:
            wait_for(lambda: psycopg.connect(plain(url)).close(), "PostgreSQL")
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            stop(process)


def plain(url: str) -> str:
    """A PostgreSQL URL as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """A fresh database on `server`, dropped afterwards: its SQLAlchemy URL."""
    name = f"t_{uuid4().hex}"
    with psycopg.connect(plain(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield server.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(plain(server), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@contextmanager
def mariadb_server() -> Iterator[str]:
    """A MariaDB of its own: SQLAlchemy URL (database `test`)."""
    install = program("mariadb-install-db")
    server = program("mariadbd", "/usr/sbin")
    account = as_account("mysql")
    with owned_folder("mysql") as folder:
        data, port = folder / "data", free_port()
        subprocess.run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db"],
            check=True, capture_output=True, cwd=folder, **account,
        )  # fmt: skip
        process = subprocess.Popen(
            [server, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
             f"--socket={folder}/s.sock", f"--pid-file={folder}/pid", "--innodb-flush-log-at-trx-commit=0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **account,
        )  # fmt: skip
        try:
            wait_for(lambda: maria(port).close(), "MariaDB", 60)
            with maria(port) as connection, connection.cursor() as cursor:
                cursor.execute("CREATE USER 'dashapp'@'127.0.0.1' IDENTIFIED BY 'pass-word-1'")
                cursor.execute("GRANT ALL ON *.* TO 'dashapp'@'127.0.0.1' WITH GRANT OPTION")
            yield f"mysql+pymysql://dashapp:pass-word-1@127.0.0.1:{port}/"
        finally:
            stop(process)


def maria(port: int) -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
    """A root connection to our MariaDB."""
    return pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)


@contextmanager
def mariadb_database(server: str) -> Iterator[str]:
    """A fresh database on `server`, dropped afterwards: its SQLAlchemy URL."""
    name, port = f"t_{uuid4().hex}", int(server.rsplit(":", 1)[1].rstrip("/"))
    with maria(port) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield f"{server}{name}?charset=utf8mb4"
    finally:
        with maria(port) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
