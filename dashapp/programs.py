"""The programs a server consists of, and all of them as one command."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dashapp
from dashapp.errors import AppError
from dashapp.jobs import clear_queue
from dashapp.jobs.supervise import Program, Supervisor
from dashapp.services import links
from dashapp.settings import LOOPBACK, Settings
from dashapp.web.core import create_core
from models import migrate

Say = Callable[[str], None]
ROOT = Path(dashapp.__file__).parents[1]
STOP_S = 20
# Granian warns of more threads than cores, which waiting for databases needs.
GRANIAN = {"WARNING": "error"}


def web(chosen: Settings) -> Program:
    """The web server: Granian with as many processes and threads as set."""
    command = [
        sys.executable, "-m", "granian", "app:server", "--interface", "wsgi", "--no-ws",
        "--host", chosen.host, "--port", str(chosen.port),
        "--workers", str(chosen.web_workers), "--blocking-threads", str(chosen.web_threads),
        "--respawn-failed-workers", "--workers-kill-timeout", str(STOP_S),
        "--log-level", GRANIAN.get(chosen.log_level, chosen.log_level.lower()),
    ]  # fmt: skip
    return Program("The web server", command)


def worker(chosen: Settings) -> Program:
    """The worker: Celery with as many processes as set."""
    command = [
        sys.executable, "-m", "celery", "--quiet", "--app", "app:celery", "worker",
        "--concurrency", str(chosen.worker_processes), "--loglevel", chosen.log_level,
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip
    return Program("The worker", command)


def beat() -> Program:
    """What queues regular work."""
    return Program("Beat", [sys.executable, "-m", "dashapp.cli", "beat"])


def environment(chosen: Settings) -> dict[str, str]:
    """The environment of a program: settings that were made here, and where our modules are."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "DASHAPP_PORT": str(chosen.port),
        "DASHAPP_LOG_LEVEL": chosen.log_level,
        "DASHAPP_DATA_DIR": str(chosen.data_dir.absolute()),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def run(chosen: Settings, say: Say) -> int:
    """Serve until stopped; the exit code. Tables are brought to the newest first."""
    with alone(chosen):
        migrate.upgrade(chosen.metadata_url)
        chosen = chosen.model_copy(update={"port": free_port(chosen)})
        quiet = chosen.model_copy(update={"log_level": quieter(chosen.log_level)})
        clear_queue(chosen)
        ready = Ready(chosen, say)
        programs = (web(quiet), worker(quiet), beat())
        return Supervisor(programs, say, environment(quiet), tick=ready.look).run()


def quieter(level: str) -> str:
    """The level of the programs' own messages under `run`: INFO would drown ours."""
    return "WARNING" if level == "INFO" else level


@contextmanager
def alone(chosen: Settings) -> Iterator[None]:
    """Hold the data folder. Raises AppError when another server runs on it."""
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    with (chosen.data_dir / "run.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AppError(
                f"Dashapp runs on {chosen.data_dir.absolute()} already; stop it first, or set "
                "DASHAPP_DATA_DIR to another folder."
            ) from error
        yield


def free_port(chosen: Settings) -> int:
    """The port to listen on, one that is free when it is set to 0. AppError when it is taken."""
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((chosen.host, chosen.port))
        except OSError as error:
            raise AppError(
                f"Port {chosen.port} on {chosen.host} cannot be used ({error.strerror}); stop what "
                "uses it, or set DASHAPP_PORT."
            ) from error
        return int(probe.getsockname()[1])


def address(chosen: Settings) -> str:
    """The URL that people open."""
    if chosen.base_url:
        return chosen.base_url.rstrip("/")
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    if host in ("0.0.0.0", "[::]"):  # noqa: S104  # Not a binding.
        host = "127.0.0.1"
    return f"http://{host}:{chosen.port}"


class Ready:
    """Says where the server is and how to sign in, as soon as it answers."""

    def __init__(self, chosen: Settings, say: Say) -> None:
        self.chosen = chosen
        self.say = say
        self.is_told = False

    def look(self) -> None:
        """Look whether the server answers."""
        if self.is_told or not self._answers():
            return
        self.is_told = True
        self.say(f"Dashapp serves on {address(self.chosen)}")
        with create_core().app_context():
            if not links.has_admin():
                link = f"{address(self.chosen)}/first-admin/{links.first_admin_link()}"
                self.say(f"Make the first account here, once, within 15 minutes: {link}")
            else:
                self.say("Sign in with your account. Ctrl-C stops the server.")

    def _answers(self) -> bool:
        host = self.chosen.host if self.chosen.host in LOOPBACK else "127.0.0.1"
        try:
            socket.create_connection((host, self.chosen.port), timeout=0.2).close()
        except OSError:
            return False
        return True
