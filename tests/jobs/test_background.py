"""Background callbacks with a real worker, over files and over Redis."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kombu import Exchange, Queue

from tests.jobs.browser import until
from tests.jobs.conftest import Bench


def test_the_worker_knows_the_ticket_and_no_secret_of_the_request(running: Bench) -> None:
    assert running.press("echo", 7).result() == {
        "value": 7, "ticket": "ticket of anna", "secrets": [{}, {}, ""], "context": True,
    }  # fmt: skip


def test_no_result_is_lost_when_jobs_end_between_two_reads(running: Bench) -> None:
    values = []
    for first in range(0, 400, 20):
        presses = [running.press("echo", n) for n in range(first, first + 20)]
        values += [press.result(interval=0.0005)["value"] for press in presses]
    assert values == list(range(400))


def test_equal_calls_of_two_people_are_two_jobs(running: Bench) -> None:
    one, other = running.press("echo", 1), running.press("echo", 1, who="ben")
    assert one.result()["ticket"] == "ticket of anna"
    assert other.result()["ticket"] == "ticket of ben"


def test_another_persons_job_is_neither_read_nor_cancelled(running: Bench, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    mine = running.press("slow", 1.5, str(path))
    until(path.exists)
    mine.who = "eve"
    assert "There is no such job" in mine.result()
    mine.ask({"oldJob": mine.handles["job"]} | mine.handles)
    mine.who = "anna"
    assert mine.result() == "done"


def test_forged_handles_read_nothing(running: Bench) -> None:
    press = running.press("echo", 3)
    press.handles = {"cacheKey": "x" * 64, "job": "y" * 64}
    assert press.poll() == {"nothing": True}


def test_progress_arrives_while_the_job_runs(running: Bench, tmp_path: Path) -> None:
    press = running.press("slow", 0.5, str(tmp_path / "pid"))
    assert press.result() == "done"
    assert {"bar.value": 1} in press.progress


def test_a_cancelled_job_ends_and_its_process_lives(running: Bench, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    press = running.press("slow", 60, str(path))
    until(path.exists)
    press.ask({"oldJob": press.handles["job"]} | press.handles)
    until((tmp_path / "pid.cancelled").exists)
    assert running.press("echo", 1).result()["value"] == 1
    assert "killed" not in running.log


def test_a_refusal_in_the_worker_is_the_same_sentence_on_the_page(running: Bench) -> None:
    assert running.press("bad", 1).result() == "refused: There is no such tile."


def test_a_bug_in_the_worker_shows_an_id_and_no_detail(running: Bench) -> None:
    shown = running.press("bad", 2).result()
    assert shown.startswith("refused: Something went wrong")
    assert "secret text" not in shown
    assert "secret text" in running.log


def test_no_update_changes_nothing(running: Bench) -> None:
    assert running.press("bad", 0).result() is None


def test_a_process_killed_while_it_works_is_told_at_once(running: Bench) -> None:
    assert "its worker ended. Nothing was saved" in running.press("die", 1).result()
    assert running.press("echo", 1).result()["value"] == 1


@pytest.mark.parametrize("content_type", ["application/x-python-serialize", "application/x-yaml"])
def test_messages_that_are_not_json_are_refused_unread(running: Bench, content_type: str) -> None:
    task = next(name for name in running.page.celery.tasks if name.startswith("background"))
    headers = {"task": task, "id": content_type, "lang": "py"}
    send(running, b"cos\nsystem\n(S'touch /tmp/pwned'\ntR.", content_type, headers)
    assert running.press("echo", 1).result()["value"] == 1
    assert "Refusing to deserialize untrusted content" in running.log
    assert f"({content_type})" in running.log


def test_unknown_tasks_are_refused_and_the_worker_lives(running: Bench) -> None:
    headers = {"task": "os.system", "id": "unknown-1", "lang": "py"}
    send(running, json.dumps([["true"], {}, {}]).encode(), "application/json", headers)
    send(running, b'"no task at all"', "application/json", {})
    assert running.press("echo", 1).result()["value"] == 1
    assert "os.system" in running.log


def send(running: Bench, body: bytes, content_type: str, headers: dict[str, str]) -> None:
    """Put a message of another kind into the queue."""
    queue = Queue("dashapp", Exchange("dashapp"), routing_key="dashapp")
    with running.page.celery.connection_for_write() as connection:
        producer = connection.Producer()
        producer.publish(
            body, exchange=queue.exchange, routing_key="dashapp", declare=[queue],
            content_type=content_type, content_encoding="binary", headers=headers,
        )  # fmt: skip
