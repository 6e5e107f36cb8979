"""Programs run as one: what dies is started again and told, and all stop together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from dashapp.jobs import supervise
from dashapp.jobs.supervise import Program, Supervisor
from tests.jobs.browser import until
from tests.jobs.conftest import ROOT

# Notes its process id, has a child, and ends 0.2 s after SIGTERM.
STEADY = """
import pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
def end(*_):
    time.sleep(0.2); child.kill(); child.wait(); sys.exit(0)
signal.signal(signal.SIGTERM, end)
path = pathlib.Path(sys.argv[1])
with path.open("a") as file:
    file.write(f"{__import__('os').getpid()} {child.pid}\\n")
time.sleep(600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def program(name: str, code: str, *arguments: object) -> Program:
    return Program(name, [sys.executable, "-c", code, *map(str, arguments)])


def run(
    programs: list[Program], meanwhile: Callable[[list[str]], None], stop_s: float = 10
) -> tuple[int, list[str]]:
    """Run under a supervisor; SIGTERM comes when `meanwhile` (in a thread) has returned."""
    said: list[str] = []

    def outside() -> None:
        try:
            meanwhile(said)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=outside)
    supervisor = Supervisor(programs, said.append, stop_s=stop_s)
    thread.start()
    code = supervisor.run()
    thread.join()
    return code, said


def lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pids(path: Path) -> list[list[int]]:
    text = path.read_text() if path.exists() else ""
    return [[int(word) for word in line.split()] for line in text.splitlines() if " " in line]


def test_all_stop_when_asked_to(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    code, said = run(
        [program(path.name, STEADY, path) for path in paths],
        lambda _: until(lambda: all(pids(path) for path in paths)),
    )
    assert code == 0
    assert len(said) == 1
    assert said[0].startswith("Stopping")
    assert not any(lives(pid) for path in paths for line in pids(path) for pid in line)


def test_what_is_killed_is_started_again_and_leaves_no_child(tmp_path: Path) -> None:
    path = tmp_path / "pids"

    def kill(_: list[str]) -> None:
        until(lambda: pids(path))
        os.kill(pids(path)[0][0], signal.SIGKILL)
        until(lambda: len(pids(path)) == 2)
        assert not lives(pids(path)[0][1])

    code, said = run([program("The worker", STEADY, path)], kill)
    assert code == 0
    assert said[0] == "The worker was killed by SIGKILL and is started again in 1 s."


def test_what_cannot_stay_up_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "LONGEST_WAIT_S", 0.01)
    said: list[str] = []
    steady = program("Steady", STEADY, tmp_path / "pids")
    broken = program("The web server", "raise SystemExit(3)")
    assert Supervisor([steady, broken], said.append).run() == 1
    assert said[0] == "The web server ended with code 3 and is started again in 0.01 s."
    assert (
        said[-1] == "The web server ended with code 3 and does not stay up; everything is stopped."
    )
    assert not any(lives(pid) for line in pids(tmp_path / "pids") for pid in line)


def test_what_does_not_stop_in_time_is_killed() -> None:
    code, said = run([program("Deaf", DEAF)], lambda _: time.sleep(1), stop_s=0.3)
    assert code == 0
    assert said[-1] == "Deaf did not stop in time and is killed."


def test_a_second_signal_stops_at_once() -> None:
    def twice(said: list[str]) -> None:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: said)

    assert run([program("Deaf", DEAF)], twice, stop_s=600)[1][-1].endswith("is killed.")


def test_programs_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "pids"
    code = (
        "import sys; from tests.jobs.test_supervise import *;"
        "Supervisor([program('a', STEADY, sys.argv[1])], lambda text: None).run()"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT)
    until(lambda: pids(path))
    supervisor.kill()
    supervisor.wait()
    until(lambda: not any(lives(pid) for line in pids(path) for pid in line))
