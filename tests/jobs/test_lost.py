"""Workers that are killed, stopped or missing: whoever waits hears of it, nothing is left."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from dashapp.jobs import pulse
from tests.jobs.browser import until
from tests.jobs.conftest import Bench, kill_all

LOST = "its worker ended. Nothing was saved"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks for a job gives it up soon after its signs are gone."""
    monkeypatch.setattr(pulse, "PATIENCE_S", 0.5)
    monkeypatch.setattr(pulse, "DOUBT_S", 0.5)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers may take long to start."""
    monkeypatch.setattr(pulse, "PATIENCE_S", 60)


@pytest.mark.usefixtures("hasty")
def test_a_worker_killed_with_all_its_processes_is_told(stopped: Bench, tmp_path: Path) -> None:
    with stopped.worker() as pid:
        press = stopped.press("slow", 60, str(tmp_path / "pid"))
        until((tmp_path / "pid").exists)
        kill_all(pid)
        assert LOST in press.result(interval=0.1)


@pytest.mark.usefixtures("hasty")
def test_without_any_worker_a_job_does_not_wait_for_ever(stopped: Bench) -> None:
    assert LOST in stopped.press("echo", 1).result(interval=0.1)


def test_a_job_given_up_is_not_run_by_the_next_worker(
    stopped: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hasty:
        hasty.setattr(pulse, "PATIENCE_S", 0.5)
        assert LOST in stopped.press("slow", 1, str(tmp_path / "pid")).result(interval=0.1)
    with stopped.worker():
        assert stopped.press("echo", 1).result()["value"] == 1
        assert not (tmp_path / "pid").exists()


@pytest.mark.usefixtures("patient")
def test_a_job_that_waits_while_the_worker_starts_again_is_done(stopped: Bench) -> None:
    press = stopped.press("echo", 5)
    assert "response" not in press.poll()
    with stopped.worker():
        assert press.result()["value"] == 5


def test_jobs_that_a_killed_worker_had_taken_but_not_begun_are_settled(
    stopped: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "PATIENCE_S", 4)
    with stopped.worker() as pid:
        for number in range(2):
            stopped.press("slow", 60, str(tmp_path / f"pid{number}"))
        until(lambda: all((tmp_path / f"pid{n}").exists() for n in range(2)))
        waiting = stopped.press("echo", 9)
        kill_all(pid)
    with stopped.worker():
        answer = waiting.result(interval=0.1)
    assert LOST in answer if isinstance(answer, str) else answer["value"] == 9


def test_a_worker_asked_to_stop_finishes_its_job_first(stopped: Bench, tmp_path: Path) -> None:
    with stopped.worker() as pid:
        press = stopped.press("slow", 1.5, str(tmp_path / "pid"))
        until((tmp_path / "pid").exists)
        os.kill(pid, signal.SIGTERM)
        assert press.result(interval=0.1) == "done"
        psutil.Process(pid).wait(20)
        assert not pulse.workers(pulse.store_of(stopped.page.celery))


@pytest.mark.usefixtures("hasty")
def test_a_store_that_was_emptied_ends_the_waiting(stopped: Bench) -> None:
    press = stopped.press("echo", 1)
    store = pulse.store_of(stopped.page.celery)
    for what in ("queued", "doubt"):
        store.delete(f"dashapp:job:{what}:{press.handles['job'].partition('~')[0]}")
    assert LOST in press.result(interval=0.1)


def test_a_cancelled_job_that_does_not_listen_is_killed(stopped: Bench, tmp_path: Path) -> None:
    with stopped.worker() as pid:
        press = stopped.press("deaf", 60, str(tmp_path / "pid"))
        until((tmp_path / "pid").exists)
        deaf = int(until((tmp_path / "pid").read_text))
        press.ask({"oldJob": press.handles["job"]} | press.handles)
        until(lambda: deaf not in stopped.pids(pid))
        assert stopped.press("echo", 1).result()["value"] == 1


def test_a_suspended_machine_is_not_taken_for_a_dead_worker(stopped: Bench, tmp_path: Path) -> None:
    with stopped.worker() as pid:
        press = stopped.press("slow", 3, str(tmp_path / "pid"))
        until((tmp_path / "pid").exists)
        os.killpg(pid, signal.SIGSTOP)
        time.sleep(pulse.SIGN_S + 1)
        os.killpg(pid, signal.SIGCONT)
        assert press.result(interval=0.5) == "done"
