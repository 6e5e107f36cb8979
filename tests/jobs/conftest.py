"""A worker in a process of its own and the page's server, in both modes."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import psutil
import pytest
import redis
from dash.background_callback.managers import BaseBackgroundCallbackManager
from flask.testing import FlaskClient

from dashapp.jobs import pulse
from dashapp.settings import Settings, using
from tests.jobs.browser import Press, until

ROOT = Path(__file__).parents[2]


@contextmanager
def worker(chosen: Settings, log: Path, application: str = "tests.jobs.page") -> Iterator[int]:
    """A Celery worker with two processes; its process id."""
    environment = os.environ | {"DASHAPP_DATA_DIR": str(chosen.data_dir), "PYTHONPATH": str(ROOT)}
    if chosen.secret_key:
        environment["DASHAPP_SECRET_KEY"] = chosen.secret_key.get_secret_value()
    if chosen.redis_url:
        environment["DASHAPP_REDIS_URL"] = chosen.redis_url.get_secret_value()
    command = [sys.executable, "-m", "celery", "-A", f"{application}:celery", "worker", "-c", "2"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--loglevel", "INFO"], cwd=ROOT, env=environment, stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield process.pid
    finally:
        kill_all(process.pid)
        process.wait()


def kill_all(pid: int) -> None:
    """Kill a worker and its processes, which are a process group of their own."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass
class Bench:
    """The page's server in this process, and how to start workers for it."""

    page: ModuleType
    settings: Settings
    client: FlaskClient
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def press(self, name: str, *values: object, who: str = "anna") -> Press:
        return Press(self.client, name, *values, who=who)

    @contextmanager
    def worker(self) -> Iterator[int]:
        with worker(self.settings, self.folder / "worker.log") as pid:
            store = pulse.store_of(self.page.celery)
            until(lambda: pulse.workers(store))
            yield pid

    def pids(self, pid: int) -> list[int]:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]


@contextmanager
def bench(chosen: Settings, folder: Path) -> Iterator[Bench]:
    with using(chosen):
        sys.modules.pop("tests.jobs.page", None)
        # Dash registers every callback ever made in this process with every new app.
        BaseBackgroundCallbackManager.functions.clear()
        BaseBackgroundCallbackManager.managers.clear()
        page = importlib.import_module("tests.jobs.page")
        yield Bench(page, chosen, page.server.test_client(), folder)
        page.celery.backend.close()
        page.celery.close()


def settings_for(mode: str, folder: Path, request: pytest.FixtureRequest) -> Settings:
    url = request.getfixturevalue("redis_server") if mode == "redis" else None
    if url:
        with redis.Redis.from_url(url) as client:
            client.flushall()
    return Settings(data_dir=folder / "data", redis_url=url)


@pytest.fixture(scope="module", params=["embedded", "redis"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A server with a worker that nobody kills, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp("jobs")
    with bench(settings_for(request.param, folder, request), folder) as made, made.worker():
        yield made


@pytest.fixture(params=["embedded", "redis"])
def stopped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A server without a worker yet."""
    with bench(settings_for(request.param, tmp_path, request), tmp_path) as made:
        yield made
