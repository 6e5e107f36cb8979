"""Lines of the query log are written behind the requests, and none is lost when a process ends."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from flask import Flask

from dashapp.errors import QueryFailed
from dashapp.query.result import Result
from dashapp.services import querylog
from dashapp.services.querylog import Entry
from dashapp.settings import Settings
from models import QueryLog, db
from tests.services.metadata import person, statements, user

ENDS = """
import sys
from datetime import UTC, datetime
import pyarrow as pa
from flask import Flask
from dashapp.query.result import Result
from dashapp.services import querylog
from dashapp.viewer import SYSTEM
from models import db

app = Flask("ends")
app.config["SQLALCHEMY_DATABASE_URI"] = sys.argv[1]
db.init_app(app)
with app.app_context():
    for n in range(30):
        answer = Result(pa.table({"a": [n]}), str(n), "select 1", "warehouse", 0.5, datetime.now(UTC))
        querylog.record(SYSTEM, [querylog.Entry(answer)])
"""


def answer(rung: str = "warehouse") -> Entry:
    table = pa.table({"a": [1, 2]})
    return Entry(Result(table, "k", "select 1", rung, 0.5, datetime.now(UTC)))  # type: ignore[arg-type]


def lines() -> list[QueryLog]:
    querylog.flush()
    return list(db.session.scalars(sa.select(QueryLog).order_by(QueryLog.id)))


def test_a_request_waits_for_no_line(app: Flask) -> None:
    ann = user()
    viewer = person(ann.id)
    with statements() as seen:
        querylog.record(viewer, [answer(), Entry(QueryFailed("Gone.", sql="select 2"))])
        in_request = [s for s in seen if "query_log" in s]
    assert in_request == []
    first, second = lines()
    assert (first.user_id, first.rung, first.rows, first.seconds) == (ann.id, "warehouse", 2, 0.5)
    assert (second.error, second.sql, second.rung) == ("Gone.", "select 2", None)


def test_lines_of_many_requests_are_written_together(app: Flask) -> None:
    viewer = person(user().id)
    with statements() as seen:
        for _ in range(50):
            querylog.record(viewer, [answer()])
        querylog.flush()
    assert sum("INSERT INTO query_log" in s for s in seen) < 50
    assert len(lines()) == 50


def test_answers_from_a_cache_leave_no_line(app: Flask) -> None:
    querylog.record(person(user().id), [answer("memory"), answer("redis"), answer("disk")])
    assert lines() == []


def test_a_line_of_somebody_who_is_gone_stays_with_the_name(app: Flask) -> None:
    querylog.record(person(user().id), [answer()])
    querylog.record(person(4711), [answer()])
    assert [(line.user_id, line.viewer_name) for line in lines()] == [
        (1, "person 1"), (None, "person 4711"),
    ]  # fmt: skip


def test_a_process_that_ends_writes_its_lines_first(app: Flask, chosen: Settings) -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", ENDS, chosen.metadata_url], check=True, cwd=root)
    assert sorted(int(line.key or -1) for line in lines()) == list(range(30))


def test_a_forked_child_writes_its_own_lines(app: Flask) -> None:
    viewer = person(user().id)
    querylog.record(viewer, [answer()])
    querylog.flush()
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            querylog.record(viewer, [answer()])
            querylog.flush()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert len(lines()) == 2
