"""The queue of files: whole messages, each to one reader, none lost with a reader."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from dashapp.jobs import transport
from tests.jobs.conftest import ROOT


def connection(folder: Path) -> Connection:
    return Connection("files://", transport_options=transport.options(folder))


def put(folder: Path, *values: Any) -> None:
    with connection(folder) as opened:
        queue = opened.SimpleQueue("work")
        for value in values:
            queue.put(value)
        queue.close()


def take(folder: Path, count: int) -> list[Any]:
    with connection(folder) as opened:
        queue, found = opened.SimpleQueue("work"), []
        for _ in range(count):
            message = queue.get(timeout=5)
            found.append(message.payload)
            message.ack()
        queue.close()
    return found


def files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("**/*") if path.is_file()]


def test_messages_come_in_order_and_are_gone_when_done(tmp_path: Path) -> None:
    put(tmp_path, *range(20))
    assert take(tmp_path, 20) == list(range(20))
    assert files(tmp_path) == []


def test_no_message_is_read_half_or_twice(tmp_path: Path) -> None:
    found: list[Any] = []
    readers = [threading.Thread(target=lambda: found.extend(take(tmp_path, 250))) for _ in range(2)]
    writers = [
        threading.Thread(target=put, args=(tmp_path, *({"n": n, "x": "x" * 5000} for n in part)))
        for part in (range(250), range(250, 500))
    ]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in [*readers, *writers]:
        thread.join()
    assert sorted(value["n"] for value in found) == list(range(500))


def test_a_message_that_was_not_acknowledged_goes_back(tmp_path: Path) -> None:
    put(tmp_path, "a")
    with connection(tmp_path) as opened:
        queue = opened.SimpleQueue("work")
        queue.get(timeout=5).requeue()
        queue.close()
    assert take(tmp_path, 1) == ["a"]


def test_a_reader_that_closes_gives_back_what_it_took(tmp_path: Path) -> None:
    put(tmp_path, "a")
    with connection(tmp_path) as opened:
        queue = opened.SimpleQueue("work")
        queue.get(timeout=5)
        queue.close()
    assert take(tmp_path, 1) == ["a"]


def test_what_a_killed_reader_took_goes_back(tmp_path: Path) -> None:
    put(tmp_path, "a")
    code = (
        "import sys, time; from pathlib import Path; from tests.jobs import test_transport as t;"
        "c = t.connection(Path(sys.argv[1])); q = c.SimpleQueue('work'); q.get(timeout=5);"
        "print('taken', flush=True); time.sleep(60)"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    with reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"taken\n"
        os.kill(reader.pid, signal.SIGKILL)
        reader.wait()
    assert take(tmp_path, 1) == ["a"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"properties": {}}'])
def test_files_that_are_no_messages_are_dropped(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, "first")
    (tmp_path / "ready" / "!.work.msg").write_bytes(content)
    assert take(tmp_path, 1) == ["first"]
    assert files(tmp_path) == []


def test_nobody_else_on_the_machine_reads_the_queue(tmp_path: Path) -> None:
    put(tmp_path / "queue", "a")
    assert stat.S_IMODE((tmp_path / "queue").stat().st_mode) == 0o700


def test_clearing_drops_what_an_earlier_run_left(tmp_path: Path) -> None:
    put(tmp_path, "a", "b")
    (tmp_path / "results.db").touch()
    assert transport.clear(tmp_path) == 2
    assert files(tmp_path) == []
    assert transport.clear(tmp_path / "missing") == 0
