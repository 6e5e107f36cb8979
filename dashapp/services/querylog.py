"""What was asked of the warehouses, by whom, how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from dashapp.errors import AppError
from dashapp.permissions import require
from dashapp.query.result import Result
from dashapp.viewer import Viewer
from models import QueryLog, db

KEPT_DAYS = 90


@dataclass(frozen=True)
class Entry:
    """One question and its outcome, with the objects it was asked for."""

    outcome: Result | AppError
    dataset: UUID | None = None
    chart: UUID | None = None
    dashboard: UUID | None = None


def record(viewer: Viewer, entries: Iterable[Entry]) -> None:
    """Log what reached a warehouse or failed; answers from a cache leave no line."""
    at = datetime.now(UTC)
    lines = [
        _line(viewer, entry, at)
        for entry in entries
        if isinstance(entry.outcome, AppError) or entry.outcome.rung == "warehouse"
    ]
    if lines:
        db.session.add_all(lines)
        db.session.commit()


def purge(viewer: Viewer) -> int:
    """Delete lines older than `KEPT_DAYS`; answers how many."""
    require(viewer, "admin.panel")
    oldest = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
    gone = db.session.execute(sa.delete(QueryLog).where(QueryLog.at < oldest))
    db.session.commit()
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _line(viewer: Viewer, entry: Entry, at: datetime) -> QueryLog:
    line = QueryLog(
        at=at, user_id=viewer.user_id, viewer_name=viewer.name[:250], chart_uuid=entry.chart,
        dataset_uuid=entry.dataset, dashboard_uuid=entry.dashboard,
    )  # fmt: skip
    outcome = entry.outcome
    if isinstance(outcome, AppError):
        line.error = outcome.message
        line.sql = str(outcome.detail.get("sql") or "") or None
    else:
        line.key, line.rung, line.rows = outcome.key, outcome.rung, outcome.rows
        line.seconds, line.sql = outcome.seconds, outcome.sql
    return line
