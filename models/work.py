"""Jobs, schedules and their runs, the query log, audit events, the revision."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import User
from models.base import TABLE_ARGS, Audited, Base, Identified, Versioned, owner_key
from models.revision import FIRST
from models.types import JSON, LongText, UTCDateTime, Uuid, utcnow


class Job(Identified, Base):
    """Work for the worker: the row is the truth, the queue only wakes somebody.

    `state` is queued, running, done, failed or cancelled. A worker holds it until `lease_until`;
    `attempts` tells a late worker that another one took over. Equal `key`s are one job.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
        sa.Index("ix_jobs_state", "state", "lease_until"),
        sa.Index("ix_jobs_user", "user_id", "created_at"),
        TABLE_ARGS,
    )

    kind: Mapped[str] = mapped_column(sa.String(50))
    key: Mapped[str | None] = mapped_column(sa.String(128), unique=True)
    state: Mapped[str] = mapped_column(sa.String(20), default="queued")
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    viewer: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    request: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    progress: Mapped[float] = mapped_column(sa.Double, default=0.0)
    message: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User | None] = relationship()


class Schedule(Identified, Audited, Versioned, Base):
    """An alert or a report and when it is due; `cron` is read in `zone`."""

    __tablename__ = "schedules"
    __table_args__ = (sa.CheckConstraint("kind IN ('alert', 'report')", name="kind"), TABLE_ARGS)

    name: Mapped[str] = mapped_column(sa.String(250))
    kind: Mapped[str] = mapped_column(sa.String(20))
    spec: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    cron: Mapped[str] = mapped_column(sa.String(100))
    zone: Mapped[str] = mapped_column(sa.String(64), default="UTC")
    is_active: Mapped[bool] = mapped_column(default=True, index=True)
    owner_id: Mapped[int | None] = owner_key()

    owner: Mapped[User | None] = relationship(foreign_keys=owner_id)
    runs: Mapped[list[ScheduleRun]] = relationship(
        back_populates="schedule",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="ScheduleRun.tick.desc()",
    )


class ScheduleRun(Identified, Base):
    """One tick of a schedule: at most one row each, whoever finds it due."""

    __tablename__ = "schedule_runs"
    __table_args__ = (
        sa.UniqueConstraint("schedule_id", "tick"),
        sa.Index("ix_schedule_runs_state", "state", "lease_until"),
        TABLE_ARGS,
    )

    schedule_id: Mapped[int] = mapped_column(sa.ForeignKey("schedules.id", ondelete="CASCADE"))
    tick: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(sa.String(20), default="queued")
    message: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    schedule: Mapped[Schedule] = relationship(back_populates="runs")


class QueryLog(Base):
    """A query that was answered or refused, from which rung, and how long it took, seconds."""

    __tablename__ = "query_log"
    __table_args__ = (sa.Index("ix_query_log_user", "user_id", "at"), TABLE_ARGS)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    viewer_name: Mapped[str] = mapped_column(sa.String(250))
    dataset_uuid: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    chart_uuid: Mapped[UUID | None] = mapped_column(Uuid)
    dashboard_uuid: Mapped[UUID | None] = mapped_column(Uuid)
    key: Mapped[str | None] = mapped_column(sa.String(128))
    rung: Mapped[str | None] = mapped_column(sa.String(30))
    rows: Mapped[int | None] = mapped_column(sa.BigInteger)
    seconds: Mapped[float | None] = mapped_column(sa.Double)
    sql: Mapped[str | None] = mapped_column(LongText)
    error: Mapped[str | None] = mapped_column(sa.Text)


class AuditEvent(Base):
    """Who did what to which object. `actor` stays readable when the user is gone."""

    __tablename__ = "audit_events"
    __table_args__ = (
        sa.Index("ix_audit_events_object", "object_type", "object_uuid"),
        TABLE_ARGS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    user_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    actor: Mapped[str] = mapped_column(sa.String(250))
    action: Mapped[str] = mapped_column(sa.String(100), index=True)
    object_type: Mapped[str | None] = mapped_column(sa.String(50))
    object_uuid: Mapped[UUID | None] = mapped_column(Uuid)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    address: Mapped[str | None] = mapped_column(sa.String(64))


class Revision(Base):
    """One row whose `word` is another one after every change that `models.revision` watches."""

    __tablename__ = "revision"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"), TABLE_ARGS)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    word: Mapped[UUID]


@event.listens_for(Revision.__table__, "after_create")
def _first_word(_table: object, connection: sa.Connection, **_more: Any) -> None:
    connection.execute(FIRST.values(word=uuid4()))
