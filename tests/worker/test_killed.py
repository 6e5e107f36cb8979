"""An export whose process is killed in the middle leaves no file and no job that runs for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp import cache, warehouses
from dashapp.services import exports, jobs
from dashapp.settings import settings
from dashapp.viewer import SYSTEM, Viewer
from models import Job, db, utcnow
from tests.jobs.browser import until
from tests.jobs.conftest import ROOT
from tests.services import metadata
from tests.services.conftest import KEY, app, chosen  # noqa: F401
from tests.services.shop import open_shop

# Writes 50,000 rows and then waits for more that do not come.
EXPORT = """
import sys, time
import pyarrow as pa
from dashapp import query
from dashapp.services import exports
from dashapp.web.core import create_core
from tests.services.metadata import person

def endless(*_):
    for _ in range(5):
        yield pa.record_batch({"region": ["x" * 50] * 10_000})
    print("half", flush=True)
    time.sleep(600)

query.stream = endless
request = exports.ExportRequest(dashboard="sales", tile="bars", format=sys.argv[1])
with create_core().app_context():
    exports.write(person(int(sys.argv[2])), request, lambda share, text: None)
"""


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_killed_export_leaves_nothing_half(app: Flask, format: str, tmp_path: Path) -> None:  # noqa: F811
    open_shop()
    warehouses.dispose()
    ann: Viewer = metadata.person(metadata.user("ann").id)
    environment = os.environ | {"DASHAPP_DATA_DIR": str(tmp_path), "DASHAPP_SECRET_KEY": KEY}
    process = subprocess.Popen(
        [sys.executable, "-c", EXPORT, format, str(ann.user_id)], cwd=ROOT,
        env=environment, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        os.kill(process.pid, signal.SIGKILL)
    job = db.session.scalars(sa.select(Job)).one()
    assert job.state == "running"
    assert cache.files().size(str(job.uuid)) is None
    db.session.execute(sa.update(Job).values(lease_until=utcnow() - timedelta(seconds=1)))
    jobs.sweep(SYSTEM)
    exports.expire(SYSTEM)
    db.session.expire_all()
    assert db.session.scalars(sa.select(Job.state)).one() == "failed"
    files = settings().data_dir / "files"
    until(lambda: not files.exists() or list(files.iterdir()) == [])
