"""The command line as people use it, in processes of its own where that makes a difference."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psutil
import pytest
from click.testing import CliRunner

from dashapp import cache, cli, warehouses
from dashapp.services import sources
from tests.jobs.browser import until
from tests.servers import free_port

ROOT = Path(__file__).parents[1]
DASHAPP = [sys.executable, "-m", "dashapp.cli"]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment without settings of this machine, and with these."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("DASHAPP_")}
    named = {f"DASHAPP_{name.upper()}": value for name, value in settings.items()}
    return plain | {"DASHAPP_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)} | named


def process(
    folder: Path, *arguments: str, text: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process of its own."""
    return subprocess.run(
        [*DASHAPP, *arguments], input=text, capture_output=True, text=True, timeout=120,
        env=environment(folder, **settings), cwd=folder, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What a command left, named as `subprocess` names it."""

    returncode: int
    stdout: str
    stderr: str


def dashapp(folder: Path, *arguments: str, text: str = "", **settings: str) -> Done:
    """Run a command to its end, in this process: a process of its own takes seconds to start."""
    cache.reset()
    sources.forget()
    env = {name: None for name in os.environ if name.startswith("DASHAPP_")}
    env |= environment(folder, **settings)
    with (
        CliRunner().isolation(text, env) as (out, err, _),
        mock.patch.object(sys, "argv", ["dashapp", *arguments]),
        mock.patch("dashapp.settings._current", None),
    ):
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            warehouses.dispose()
            cache.reset()
    return Done(code, out.getvalue().decode(), err.getvalue().decode())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the newest tables."""
    folder = tmp_path_factory.mktemp("template")
    assert process(folder, "db", "upgrade").returncode == 0
    return folder


@pytest.fixture
def migrated(template: Path, tmp_path: Path) -> Path:
    """A data folder with the newest tables for one test."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"host": "0.0.0.0"}, "DASHAPP_SECRET_KEY is missing; only embedded mode"),
        ({"secret_key": "changeme"}, "DASHAPP_SECRET_KEY is weak"),
        ({"mode": "cluster"}, "Cluster mode needs DASHAPP_SECRET_KEY"),
        ({"port": "many"}, "DASHAPP_PORT: Input should be a valid integer"),
        ({"allowed_hosts": "[oops"}, 'error parsing value for field "allowed_hosts"'),
        ({"secret_key": "short hunter22"}, "DASHAPP_SECRET_KEY is weak"),
    ],
)
def test_wrong_settings_are_one_clear_line(
    tmp_path: Path, settings: dict[str, str], line: str
) -> None:
    done = dashapp(tmp_path, "db", "current", **settings)
    assert done.returncode == 1
    assert line in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hunter22" not in done.stderr


def test_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    wrong = {"secret_key": "short hunter22"}
    inside, outside = (run(tmp_path, "db", "current", **wrong) for run in (dashapp, process))
    assert (inside.returncode, inside.stdout) == (outside.returncode, outside.stdout)
    assert inside.stderr == outside.stderr


def test_tables_go_up_and_down(tmp_path: Path) -> None:
    assert dashapp(tmp_path, "db", "current").stdout.startswith("none (the newest is")
    assert "has revision 0" in dashapp(tmp_path, "db", "upgrade").stdout
    assert "(the newest)" in dashapp(tmp_path, "db", "current").stdout
    assert "revision none" in dashapp(tmp_path, "db", "downgrade", "base", "--yes").stdout


def test_without_tables_commands_say_what_to_do(tmp_path: Path) -> None:
    done = dashapp(tmp_path, "export")
    assert done.returncode == 1
    assert done.stderr == (
        "The metadata database has not the newest tables; run `dashapp db upgrade`.\n"
    )


def test_an_admin_is_made_once(migrated: Path) -> None:
    make = ("create-admin", "ann", "--password-stdin")
    assert "ann may sign in" in dashapp(migrated, *make, text="a good long phrase\n").stdout
    again = dashapp(migrated, *make, text="a good long phrase\n")
    assert again.returncode == 1
    assert "ann already" in again.stderr


def test_a_weak_password_is_refused_and_not_repeated(migrated: Path) -> None:
    done = dashapp(migrated, "create-admin", "ann", "--password-stdin", text="hunter2\n")
    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr


def test_a_bundle_goes_in_and_comes_out(migrated: Path) -> None:
    bundle = migrated / "in.yaml"
    layout = "{tabs: [{key: t, title: T}]}"
    bundle.write_text(
        f"dashapp: 1\ndashboards:\n- {{uuid: a, slug: a, title: Alpha, layout: {layout}}}\n"
    )
    assert "new" in dashapp(migrated, "import", str(bundle), "--plan").stdout
    assert dashapp(migrated, "import", str(bundle)).returncode == 0
    assert "title: Alpha" in dashapp(migrated, "export", "a").stdout
    assert dashapp(migrated, "export", "-o", str(migrated / "out.yaml")).returncode == 0
    assert "title: Alpha" in (migrated / "out.yaml").read_text()
    missing = dashapp(migrated, "export", "b")
    assert (missing.returncode, missing.stderr) == (1, "There is no dashboard b.\n")


def test_a_wrong_bundle_is_refused_in_sentences(migrated: Path) -> None:
    bundle = migrated / "in.yaml"
    bundle.write_text("dashapp: 1\ncharts: 7\n")
    done = dashapp(migrated, "import", str(bundle))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "charts" in done.stderr


def test_a_dashboard_is_opened_to_guests_and_closed_again(migrated: Path) -> None:
    bundle = migrated / "in.yaml"
    layout = "{tabs: [{key: t, title: T}]}"
    bundle.write_text(
        f"dashapp: 1\ndashboards:\n- {{uuid: a, slug: a, title: A, layout: {layout}}}\n"
    )
    dashapp(migrated, "import", str(bundle))
    opened = dashapp(migrated, "embed", "a", "https://portal.example.com")
    assert opened.stdout == "a may be embedded in pages of https://portal.example.com.\n"
    assert dashapp(migrated, "embed", "a").stdout == "a may be embedded nowhere.\n"
    wrong = dashapp(migrated, "embed", "a", "portal.example.com")
    assert (wrong.returncode, "is no origin" in wrong.stderr) == (1, True)


def test_a_program_gets_keys(migrated: Path) -> None:
    keys = [dashapp(migrated, "create-key", "bot", "--scope", "embed.mint") for _ in range(2)]
    assert len({key.stdout for key in keys}) == 2
    assert all(re.fullmatch(r"dap_\S+\n", key.stdout) for key in keys)
    wrong = dashapp(migrated, "create-key", "bot", "--scope", "everything")
    assert (wrong.returncode, "no such scope" in wrong.stderr) == (1, True)


def test_data_is_said_to_have_changed_by_name(migrated: Path) -> None:
    assert "no dataset nothing" in dashapp(migrated, "invalidate", "nothing").stderr
    bundle = migrated / "one.yaml"
    bundle.write_text(
        "dashapp: 1\n"
        "databases: [{uuid: d, name: d, kind: sqlite, url: 'sqlite:///{warehouses}/d.db'}]\n"
        "datasets: [{uuid: s, name: Sales, database: d, table: sales}]\n"
    )
    (migrated / "warehouses").mkdir(parents=True, exist_ok=True)
    (migrated / "warehouses" / "d.db").touch()
    assert dashapp(migrated, "import", str(bundle)).returncode == 0
    assert dashapp(migrated, "invalidate", "Sales").stdout == "Sales has data version 1 now.\n"
    assert "no dataset x" in dashapp(migrated, "invalidate", "Sales", "x").stderr
    assert "version 2" in dashapp(migrated, "invalidate", "Sales").stdout


def test_keys_are_rotated(migrated: Path) -> None:
    assert "0 secrets" in dashapp(migrated, "rotate-key").stdout


def test_the_doctor_exits_with_1_when_something_is_wrong(migrated: Path) -> None:
    done = dashapp(migrated, "doctor")
    assert done.returncode == 1
    assert "NOT Worker: No worker is running" in done.stdout
    assert "ok  Metadata database" in done.stdout


def test_a_metadata_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://dash:hunter22@127.0.0.1:{free_port()}/dash"
    done = process(tmp_path, "db", "upgrade", database_url=url)
    assert done.returncode == 1
    assert "dashapp doctor" in done.stderr
    assert "hunter22" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@contextmanager
def running(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """`dashapp run` and its messages."""
    log = folder / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*DASHAPP, "run"], env=environment(folder, port=str(port)), cwd=folder,
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until(lambda: "Make the first account" in log.read_text(), seconds=90)
        yield process, log
    finally:
        process.kill()
        process.wait()


def test_run_serves_restarts_what_dies_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port) as (server, log):
        link = re.search(rf"http://127.0.0.1:{port}/first-admin/\S+", log.read_text())
        assert link is not None
        with urllib.request.urlopen(link[0]) as page:
            assert page.status == 200
        until(lambda: "ok  Worker" in dashapp(tmp_path, "doctor").stdout)
        worker = next(
            child for child in psutil.Process(server.pid).children() if "celery" in child.cmdline()
        )
        worker.kill()
        until(lambda: "The worker was killed by SIGKILL" in log.read_text())
        until(lambda: "ok  Worker" in dashapp(tmp_path, "doctor").stdout)
        second = process(tmp_path, "run", port=str(free_port()))
        assert (second.returncode, "already" in second.stderr) == (1, True)
        children = psutil.Process(server.pid).children(recursive=True)
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        assert not any(child.is_running() for child in children)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_that_is_taken_is_one_line(migrated: Path) -> None:
    port = free_port()
    web = subprocess.Popen(
        [*DASHAPP, "web"], env=environment(migrated, port=str(port)), cwd=migrated
    )
    try:
        until(lambda: answers(port), seconds=90)
        other = migrated / "other"
        other.mkdir()
        done = process(other, "run", port=str(port))
    finally:
        web.terminate()  # Politely: what it started ends with it.
        web.wait(30)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
