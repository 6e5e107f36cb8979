"""Many people who open the same dashboard at the same moment, in several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dashapp.permissions import granted
from dashapp.services import charts, dashboards
from dashapp.services.charts import Want
from dashapp.settings import Settings
from dashapp.viewer import Viewer
from dashapp.web.core import create_core
from tests.acceptance.canaries import CHARTS, SLUG
from tests.services.market import asked_of_warehouses

ROOT = Path(__file__).parents[2]


def environment(chosen: Settings) -> dict[str, str]:
    """The variables by which another process has these settings."""
    found = os.environ | {"PYTHONPATH": str(ROOT), "DASHAPP_DATA_DIR": str(chosen.data_dir)}
    found["DASHAPP_PRIVATE_HOSTS"] = json.dumps(chosen.private_hosts)
    for name in ("secret_key", "database_url", "redis_url", "broker_url"):
        secret = getattr(chosen, name)
        if secret is not None:
            found[f"DASHAPP_{name.upper()}"] = secret.get_secret_value()
    return found


def crowd(
    chosen: Settings, users: Sequence[int], group: int, *, processes: int
) -> tuple[list[str], int]:
    """Let all open the dashboard; the SQL that reached warehouses, and how many tiles drew."""
    shares = [list(users[n::processes]) for n in range(processes)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.crowd", json.dumps([share, group])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env=environment(chosen),
        )
        for share in shares
    ]  # fmt: skip
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    return [sql for one in told for sql in one["asked"]], sum(one["answered"] for one in told)


def main(users: list[int], group: int) -> None:
    """One process of the crowd."""
    app = create_core()
    gate = threading.Barrier(len(users))

    def visit(user: int) -> int:
        viewer = Viewer(
            kind="user", name=str(user), user_id=user, role="editor",
            permissions=granted("editor"), groups=frozenset({group}),
        )  # fmt: skip
        with app.app_context():
            gate.wait(60)
            opened = dashboards.open(viewer, SLUG)
            answers = charts.answers(viewer, opened, list(CHARTS), Want())
        return sum(answer.error is None for answer in answers.values())

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with asked_of_warehouses() as seen, ThreadPoolExecutor(len(users)) as pool:
        answered = sum(pool.map(visit, users))
    sys.stdout.write(json.dumps({"asked": seen, "answered": answered}))


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
