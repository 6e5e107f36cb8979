"""What was asked of the warehouses, by whom, how long it took."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dashapp.errors import AppError
from dashapp.permissions import require
from dashapp.query.result import Result
from dashapp.viewer import Viewer
from models import QueryLog, db

KEPT_DAYS = 90
GATHER_S = 0.25  # So long lines are gathered before they are written together.
MOST_WAITING = 20_000  # Lines that wait to be written; older ones are left out.
ASKED = frozenset({"warehouse"})  # Rungs that asked a warehouse.
Line = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One question and its outcome, with the objects it was asked for."""

    outcome: Result | AppError
    dataset: UUID | None = None
    chart: UUID | None = None
    dashboard: UUID | None = None


def record(viewer: Viewer, entries: Iterable[Entry]) -> None:
    """Log what reached a warehouse or failed; answers from a cache leave no line.

    The lines are written within half a second by a thread of their own, at the latest when the
    process ends; `flush` waits for them.
    """
    at = datetime.now(UTC)
    lines = [
        _line(viewer, entry, at)
        for entry in entries
        if isinstance(entry.outcome, AppError) or entry.outcome.rung in ASKED
    ]
    if lines:
        _writer.add(db.engine, lines)


def flush() -> None:
    """Wait until all lines of this process are written."""
    _writer.flush()


class _Writer:
    """Writes lines behind the requests. What cannot be written for long is left out, with a word."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[tuple[sa.Engine, Line]] = deque(maxlen=MOST_WAITING)
        # Python waits for the threads of pools before it ends.
        self._pool = ThreadPoolExecutor(1, "dashapp-log")
        self._turn: Future[None] | None = None
        self._hurry = threading.Event()

    def add(self, engine: sa.Engine, lines: Iterable[Line]) -> None:
        """Write these lines soon."""
        with self._lock:
            self._lines.extend((engine, line) for line in lines)
            if self._turn is None or self._turn.done():
                self._turn = self._pool.submit(self._work)

    def flush(self) -> None:
        """Write all lines now."""
        self._hurry.set()
        while (turn := self._waiting()) is not None:
            turn.result()
        self._hurry.clear()

    def _waiting(self) -> Future[None] | None:
        with self._lock:
            if not self._lines and (self._turn is None or self._turn.done()):
                return None
            if self._turn is None or self._turn.done():
                self._turn = self._pool.submit(self._work)
            return self._turn

    def _work(self) -> None:
        self._hurry.wait(GATHER_S)
        while lines := self._taken():
            for engine in {id(e): e for e, _ in lines}.values():
                _write(engine, [line for e, line in lines if e is engine])

    def _taken(self) -> list[tuple[sa.Engine, Line]]:
        with self._lock:
            lines = list(self._lines)
            self._lines.clear()
            if not lines:
                self._turn = None  # Whoever comes now needs another turn.
            return lines


def _write(engine: sa.Engine, lines: list[Line]) -> None:
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(QueryLog), lines)
    except sa.exc.IntegrityError:
        if len(lines) > 1:
            for line in lines:
                _write(engine, [line])
        elif lines[0]["user_id"] is not None:  # Somebody who is gone by now.
            _write(engine, [lines[0] | {"user_id": None}])
    except sa.exc.SQLAlchemyError:
        log.exception("%s lines of the query log could not be written", len(lines))


_writer = _Writer()


def _start_anew() -> None:
    """A forked child has none of its parent's threads."""
    global _writer
    _writer = _Writer()


os.register_at_fork(after_in_child=_start_anew)


def purge(viewer: Viewer) -> int:
    """Delete lines older than `KEPT_DAYS`; answers how many."""
    require(viewer, "admin.panel")
    oldest = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
    gone = db.session.execute(sa.delete(QueryLog).where(QueryLog.at < oldest))
    db.session.commit()
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _line(viewer: Viewer, entry: Entry, at: datetime) -> Line:
    line: Line = {
        "at": at, "user_id": viewer.user_id, "viewer_name": viewer.name[:250],
        "chart_uuid": entry.chart, "dataset_uuid": entry.dataset,
        "dashboard_uuid": entry.dashboard, "key": None, "rung": None, "rows": None,
        "seconds": None, "sql": None, "error": None,
    }  # fmt: skip
    outcome = entry.outcome
    if isinstance(outcome, AppError):
        sql = str(outcome.detail.get("sql") or "") or None
        return line | {"error": outcome.message, "sql": sql}
    return line | {
        "key": outcome.key, "rung": outcome.rung, "rows": outcome.rows,
        "seconds": outcome.seconds, "sql": outcome.sql,
    }  # fmt: skip
