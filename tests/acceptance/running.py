"""The whole server with its examples, as processes, in both modes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import duckdb
import psutil
import psycopg
from pydantic import SecretStr

from dashapp import cache, warehouses
from dashapp.services import accounts, bundles, examples, sources
from dashapp.settings import Settings, using
from dashapp.viewer import SYSTEM
from dashapp.web.core import create_core
from models import db, migrate
from tests import servers
from tests.acceptance.crowd import ROOT, environment
from tests.services.conftest import KEY

PASSWORD = "correct horse battery staple"
ALONE = ("-m", "dashapp.cli", "run")
WEB = ("-m", "granian", "--interface", "wsgi", "app:server", "--no-ws", "--blocking-threads", "16")
WORKER = ("-m", "celery", "-A", "app:celery", "worker", "--concurrency", "2", "--loglevel", "INFO")


@dataclass
class Running:
    """A server that serves, and the processes it consists of."""

    mode: str
    base: str
    settings: Settings
    log: Path
    redis: subprocess.Popen[bytes] | None = None
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Python with these arguments."""
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, stdout=output, stderr=output,
                start_new_session=True,
                env=environment(self.settings) | {"DASHAPP_PORT": self.base.rsplit(":", 1)[1]},
            )  # fmt: skip
        self.processes.append(process)
        return process

    def workers(self) -> list[psutil.Process]:
        """The processes of the worker, the one that the others belong to first."""
        return [
            found
            for process in self.processes
            for found in (psutil.Process(process.pid), *_children(process.pid))
            if "celery" in _command(found) and "worker" in _command(found)
        ]

    def kill_workers(self) -> None:
        """Kill the worker as a machine that fails does."""
        for process in self.workers():
            process.kill()

    def start_worker(self) -> None:
        """Start another worker."""
        self.start(*WORKER)

    def tail(self) -> str:
        """The end of what the processes said, for the message of a failed test."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """End everything: politely, then for good."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _children(pid: int) -> Sequence[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return ()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def running(mode: str, folder: Path) -> Iterator[Running]:
    """A server with the examples and the administrator ada."""
    with ExitStack() as stack:
        chosen, warehouse, redis = Settings(data_dir=folder, secret_key=SecretStr(KEY)), "", None
        if mode == "cluster":
            server = stack.enter_context(servers.postgres_server())
            metadata = stack.enter_context(servers.postgres_database(server))
            warehouse = stack.enter_context(servers.postgres_database(server))
            url, redis = stack.enter_context(servers.redis_server())
            chosen = Settings(
                data_dir=folder, secret_key=SecretStr(KEY), redis_url=SecretStr(url),
                database_url=SecretStr(metadata), private_hosts=("127.0.0.1",),
            )  # fmt: skip
        prepare(chosen, warehouse)
        base = f"http://127.0.0.1:{servers.free_port()}"
        made = Running(mode, base, chosen, folder / "server.log", redis)
        try:
            if mode == "embedded":
                made.start(*ALONE)
            else:
                made.start(*WEB, "--port", base.rsplit(":", 1)[1])
                made.start_worker()
            servers.wait_for(lambda: answers(base), f"The server ({made.log})", 60)
            yield made
        finally:
            made.stop()


def answers(base: str) -> None:
    """Whether a server serves pages; an error if not."""
    with urllib.request.urlopen(f"{base}/login", timeout=2) as answer:
        assert answer.status == 200


def prepare(chosen: Settings, warehouse: str) -> None:
    """Tables, examples (in PostgreSQL where `warehouse` is one) and a person."""
    with using(chosen):
        cache.reset()
        sources.forget()
        migrate.upgrade(chosen.metadata_url)
        with create_core().app_context():
            examples.load(SYSTEM)
            if warehouse:
                move(chosen.data_dir / "warehouses" / examples.DUCKDB, warehouse)
            accounts.create_user(SYSTEM, "ada", name="Ada", password=PASSWORD, role="admin")
            db.session.remove()
            db.engine.dispose()
        warehouses.dispose()
        cache.reset()


STRFTIME = re.compile(r"strftime\(scheduled, '([^']*)'\)")


def weekday(found: re.Match[str]) -> str:
    """DuckDB's way to write a day as PostgreSQL's."""
    return f"to_char(scheduled, '{found[1].replace('%u', 'ID').replace('%a', 'Dy')}')"


def move(file: Path, warehouse: str) -> None:
    """Copy flights and countries to PostgreSQL and let the examples read them there."""
    url = servers.plain(warehouse)
    with duckdb.connect(str(file), read_only=True) as duck, psycopg.connect(url) as post:
        for table in ("flights", "countries"):
            columns = duck.execute(f"DESCRIBE {table}").fetchall()
            types = ", ".join(
                f'"{name}" {"double precision" if kind == "DOUBLE" else kind}'
                for name, kind, *_ in columns
            )
            post.execute(f"CREATE TABLE {table} ({types})".encode())
            csv = file.with_suffix(f".{table}.csv")
            duck.execute(f"COPY {table} TO '{csv}' (HEADER false)")
            with post.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)".encode()) as copy:
                copy.write(csv.read_bytes())
            csv.unlink()
        post.commit()
        post.execute(b"ANALYZE")
        post.commit()
    for name in ("world", "flights"):
        text = (resources.files("dashapp") / "examples" / f"{name}.yaml").read_text("utf-8")
        text = text.replace("kind: duckdb", "kind: postgresql")
        text = text.replace("duckdb:///{warehouses}/examples.duckdb", json.dumps(url)[1:-1])
        text = STRFTIME.sub(weekday, text)
        bundles.apply(SYSTEM, bundles.parse(text))
