"""A server with the example dashboards and an administrator, in a folder of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from dashapp import cache, programs, warehouses
from dashapp.services import accounts, examples
from dashapp.settings import Settings, using
from dashapp.viewer import SYSTEM
from dashapp.web.core import create_core
from models import migrate

NAME, PASSWORD = "bench", "a bench of five words"
KEY = "bEnCh0123456789-only-for-measuring-ABCDEF"


@contextmanager
def prepared() -> Iterator[Settings]:
    """Settings of a fresh data folder with examples and an administrator, in use here."""
    with tempfile.TemporaryDirectory(prefix="dashapp-bench-") as folder:
        chosen = Settings(data_dir=Path(folder), secret_key=SecretStr(KEY), log_level="WARNING")
        with using(chosen):
            migrate.upgrade(chosen.metadata_url)
            with create_core().app_context():
                examples.load(SYSTEM, lambda _text: None)
                accounts.create_user(SYSTEM, NAME, password=PASSWORD, role="admin")
            yield chosen
            cache.reset()
            warehouses.dispose()


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(chosen: Settings) -> Iterator[str]:
    """The web server as a process on a port of its own: its address."""
    chosen = chosen.model_copy(update={"port": free_port()})
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DASHAPP_")}
    environment |= programs.environment(chosen) | {
        "DASHAPP_SECRET_KEY": KEY,
        "DASHAPP_SQLITE_FOLDERS": json.dumps([str(folder) for folder in chosen.sqlite_folders]),
        "DASHAPP_PRIVATE_HOSTS": json.dumps(chosen.private_hosts),
    }
    command = programs.web(chosen).command
    process = subprocess.Popen(
        command, env=environment, cwd=programs.ROOT, stdout=subprocess.DEVNULL
    )
    base = programs.address(chosen)
    try:
        wait_for(f"{base}/api/v1/health")
        yield base
    finally:
        process.terminate()
        process.wait()


def wait_for(address: str, seconds: float = 60) -> None:
    """Wait until a server answers. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{address} does not answer.")
