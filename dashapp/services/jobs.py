"""Work as rows of the metadata database: who asked for what, who does it, how it ended.

Whoever does the work holds a lease and renews it; a lease that ran out tells that its holder is
gone. The number of the attempt is the fence: a holder that was given up cannot finish any more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dashapp.errors import AppError, Conflict, NotFound, TooMany
from dashapp.jobs import JobCancelled
from dashapp.services import embed
from dashapp.viewer import Viewer
from models import Dashboard, Job, User, UTCDateTime, db, utcnow

log = logging.getLogger(__name__)

LEASE_S = 60.0
RENEW_S = 10.0
MOST_ATTEMPTS = 3
# Rows of work that ended are kept this long, days.
KEPT_DAYS = 90
LIVE = ("queued", "running")
ENDED_BY_WORKER = "It stopped because its worker ended. Nothing was saved; try again."


@dataclass(frozen=True)
class Lease:
    """The right to do a job: its row, and which attempt this is.

    `lost` is set when the lease cannot be renewed: the job was cancelled or given to another.
    """

    id: int
    uuid: UUID
    attempt: int
    lost: threading.Event = field(default_factory=threading.Event, compare=False)

    def check(self) -> None:
        """Raise JobCancelled when the job is not ours any more."""
        if self.lost.is_set():
            raise JobCancelled("This was cancelled; nothing was saved.")


def now() -> datetime:
    """The database's clock where machines share one, so that theirs need not agree."""
    return _clock(db.session.connection())


def _clock(connection: sa.Connection) -> datetime:
    dialect = connection.dialect.name
    if dialect == "sqlite":
        return utcnow()
    mysql = dialect in ("mysql", "mariadb")
    clock = sa.func.utc_timestamp(6) if mysql else sa.func.clock_timestamp()
    return connection.scalar(sa.select(sa.type_coerce(clock, UTCDateTime))) or utcnow()


def subject(viewer: Viewer) -> dict[str, Any]:
    """Who a job belongs to, as it is stored. Guests of one name but other rules are others."""
    return {
        "kind": viewer.kind,
        "name": viewer.name,
        "user_id": viewer.user_id,
        "dashboard": str(viewer.dashboard) if viewer.dashboard else None,
        "claims": embed.fingerprint(viewer) if viewer.is_guest else None,
    }


def is_of(viewer: Viewer, job: Job) -> bool:
    """Whether the viewer made the job."""
    return job.viewer == subject(viewer)


def create(
    viewer: Viewer,
    kind: str,
    request: Mapping[str, Any],
    *,
    at_once: int | None = None,
    key: str | None = None,
) -> UUID:
    """A queued job. Raises TooMany when the viewer has `at_once` of that kind under way.

    `request` is JSON that says what is asked, without secrets. Equal `key`s are one job.
    """
    if key is not None:
        known = db.session.scalar(sa.select(Job.uuid).where(Job.key == key))
        if known is not None:
            return known
    _take_turn(viewer)
    job = Job(
        kind=kind, key=key, user_id=viewer.user_id, viewer=subject(viewer), request=dict(request)
    )
    db.session.add(job)
    db.session.flush()
    if at_once is not None and _others(viewer, job) >= at_once:
        db.session.rollback()
        raise TooMany(
            f"You have {at_once} under way already; wait for one to end or cancel it.",
            retry_after_s=10,
        )
    db.session.commit()
    return job.uuid


def _take_turn(viewer: Viewer) -> None:
    """Let one person's requests count each other one after the other, until the commit.

    On SQLite the insert that follows is what waits for other writers.
    """
    turn: sa.Select[Any] | None = None
    if viewer.user_id is not None:
        turn = sa.select(User.id).where(User.id == viewer.user_id)
    elif viewer.dashboard is not None:
        turn = sa.select(Dashboard.id).where(Dashboard.uuid == viewer.dashboard)
    if turn is not None:
        db.session.execute(turn.with_for_update())


def _others(viewer: Viewer, job: Job) -> int:
    """Jobs of the kind that the viewer has under way beside `job`."""
    moment = now()
    waiting = sa.and_(Job.state == "queued", Job.created_at > moment - timedelta(hours=1))
    running = sa.and_(Job.state == "running", Job.lease_until > moment)
    rows = db.session.scalars(
        sa.select(Job).where(
            Job.kind == job.kind,
            Job.id != job.id,
            Job.user_id == viewer.user_id if viewer.user_id else Job.user_id.is_(None),
            sa.or_(waiting, running),
        )
    )
    return sum(is_of(viewer, row) for row in rows)


def claim(uuid: UUID) -> Lease:
    """Take a job that waits, or whose holder is gone. Raises Conflict when somebody has it."""
    moment = now()
    free = sa.or_(Job.state == "queued", sa.and_(Job.state == "running", Job.lease_until <= moment))
    taken = _changed(
        sa.update(Job)
        .where(Job.uuid == uuid, free, Job.attempts < MOST_ATTEMPTS)
        .values(
            state="running", attempts=Job.attempts + 1, started_at=moment, heartbeat_at=moment,
            lease_until=moment + timedelta(seconds=LEASE_S),
        )
    )  # fmt: skip
    row = db.session.execute(sa.select(Job.id, Job.attempts).where(Job.uuid == uuid)).one_or_none()
    db.session.commit()
    if row is None:
        raise NotFound("There is no such job.")
    if not taken:
        raise Conflict("This job is done, or somebody does it.")
    return Lease(row.id, uuid, row.attempts)


def heartbeat(lease: Lease, progress: float, message: str) -> None:
    """Renew the lease and tell how far the work is (0 to 1). Raises JobCancelled when it is lost."""
    moment = now()
    if not _changed(
        _held(lease).values(
            progress=progress, message=message, heartbeat_at=moment,
            lease_until=moment + timedelta(seconds=LEASE_S),
        )
    ):  # fmt: skip
        lease.lost.set()
    db.session.commit()
    lease.check()


@contextmanager
def kept(lease: Lease, tell: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Renew the lease from a thread while the block works; `tell` is called once when it is lost."""
    engine, stop = db.engine, threading.Event()

    def renew() -> None:
        while not stop.wait(RENEW_S):
            try:
                with engine.begin() as connection:
                    has_it = _renew(connection, lease)
            except sa.exc.SQLAlchemyError:
                log.warning("The lease of job %s could not be renewed now.", lease.uuid)
                continue
            if not has_it:
                lease.lost.set()
                tell()
                return

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=RENEW_S)


def _renew(connection: sa.Connection, lease: Lease) -> bool:
    moment = _clock(connection)
    until = moment + timedelta(seconds=LEASE_S)
    renewed = connection.execute(_held(lease).values(heartbeat_at=moment, lease_until=until))
    return bool(renewed.rowcount)


def _held(lease: Lease) -> sa.Update:
    return sa.update(Job).where(
        Job.id == lease.id, Job.state == "running", Job.attempts == lease.attempt
    )


def finish(lease: Lease, result: Mapping[str, Any]) -> None:
    """The work is done. Raises JobCancelled when it is not ours any more."""
    if not _end(lease, "done", progress=1.0, message=None, result=dict(result)):
        lease.lost.set()
    lease.check()


def fail(lease: Lease, message: str) -> None:
    """The work failed; `message` is a sentence for the one who asked."""
    _end(lease, "failed", message=message)


def cancelled(lease: Lease) -> None:
    """The work stopped because it was cancelled."""
    _end(lease, "cancelled", message="Cancelled.")


def _end(lease: Lease, state: str, **values: Any) -> bool:
    db.session.rollback()
    ended = _changed(_held(lease).values(state=state, ended_at=now(), lease_until=None, **values))
    db.session.commit()
    return ended


def _changed(statement: sa.Update | sa.Delete) -> bool:
    done = db.session.execute(statement, execution_options={"synchronize_session": False})
    return bool(done.rowcount)  # type: ignore[attr-defined]


def cancel(viewer: Viewer, uuid: UUID) -> None:
    """Stop one's own job, waiting or running. Raises NotFound for others' jobs."""
    job = own(viewer, uuid)
    _changed(
        sa.update(Job)
        .where(Job.id == job.id, Job.state.in_(LIVE))
        .values(state="cancelled", ended_at=now(), lease_until=None, message="Cancelled.")
    )
    db.session.commit()


def own(viewer: Viewer, uuid: UUID) -> Job:
    """A job that the viewer made. Raises NotFound."""
    job = db.session.scalar(sa.select(Job).where(Job.uuid == uuid))
    if job is None or not is_of(viewer, job):
        raise NotFound("There is no such job, or it is not yours.")
    return job


def sweep(viewer: Viewer) -> int:
    """Fail jobs whose holder is gone or whom nobody took; forget old ones. How many failed."""
    _system(viewer)
    moment = now()
    lost = sa.or_(
        sa.and_(Job.state == "running", Job.lease_until <= moment),
        sa.and_(Job.state == "queued", Job.created_at <= moment - timedelta(hours=1)),
    )
    done = db.session.execute(
        sa.update(Job)
        .where(lost)
        .values(state="failed", ended_at=moment, lease_until=None, message=ENDED_BY_WORKER),
        execution_options={"synchronize_session": False},
    )
    _changed(sa.delete(Job).where(Job.ended_at < moment - timedelta(days=KEPT_DAYS)))
    db.session.commit()
    return int(done.rowcount)  # type: ignore[attr-defined]


def _system(viewer: Viewer) -> None:
    if viewer.kind != "system":
        raise AppError("Only the system itself does this.")
