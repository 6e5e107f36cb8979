"""Databases, datasets with their columns and metrics, and row-level rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from models.accounts import Group, User
from models.base import TABLE_ARGS, Audited, Base, Identified, Versioned, owner_key
from models.types import JSON, LongText, utcnow


class Database(Identified, Audited, Versioned, Base):
    """A connection to a warehouse; `kind` is a key of WAREHOUSES. The URL is kept encrypted."""

    __tablename__ = "databases"

    name: Mapped[str] = mapped_column(sa.String(250), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(50))
    url_encrypted: Mapped[str] = mapped_column(LongText)
    description: Mapped[str | None] = mapped_column(sa.Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    timeout_s: Mapped[int] = mapped_column(default=60)
    slots: Mapped[int] = mapped_column(default=4)
    ttl_s: Mapped[int | None]
    is_uploadable: Mapped[bool] = mapped_column(default=False)

    datasets: Mapped[list[Dataset]] = relationship(
        back_populates="database", passive_deletes="all", order_by="Dataset.name"
    )


class Dataset(Identified, Audited, Versioned, Base):
    """A table or view (`schema_name`, `table`), or a query (`sql`), that may be asked.

    Any change of its columns or metrics is a new version too. What tells that the *data* changed:
    the one value of the query `refresh_key`, looked at every `refresh_every_s` seconds at most, and
    `data_version`, which counts how often somebody said so, last at `invalidated_at`.
    """

    __tablename__ = "datasets"
    __table_args__ = (
        sa.Index("ix_datasets_table", "database_id", "table"),
        sa.CheckConstraint(
            sa.column("table").is_(None) != sa.column("sql").is_(None), name="one_source"
        ),
        TABLE_ARGS,
    )

    name: Mapped[str] = mapped_column(sa.String(250), index=True)
    database_id: Mapped[int] = mapped_column(sa.ForeignKey("databases.id", ondelete="RESTRICT"))
    schema_name: Mapped[str | None] = mapped_column(sa.String(250))
    table: Mapped[str | None] = mapped_column(sa.String(250))
    sql: Mapped[str | None] = mapped_column(LongText)
    time_column: Mapped[str | None] = mapped_column(sa.String(250))
    zone: Mapped[str] = mapped_column(sa.String(64), default="UTC")
    is_local: Mapped[bool] = mapped_column(default=False)
    week_start: Mapped[str] = mapped_column(sa.String(10), default="monday")
    ttl_s: Mapped[int | None]
    refresh_key: Mapped[str | None] = mapped_column(LongText)
    refresh_every_s: Mapped[int] = mapped_column(default=30)
    data_version: Mapped[int] = mapped_column(default=0)
    invalidated_at: Mapped[datetime | None]
    description: Mapped[str | None] = mapped_column(sa.Text)
    owner_id: Mapped[int | None] = owner_key()

    database: Mapped[Database] = relationship(back_populates="datasets")
    owner: Mapped[User | None] = relationship(foreign_keys=owner_id)
    columns: Mapped[list[DatasetColumn]] = relationship(
        back_populates="dataset",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="DatasetColumn.position",
    )
    metrics: Mapped[list[DatasetMetric]] = relationship(
        back_populates="dataset",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="DatasetMetric.position",
    )
    rules: Mapped[list[RowRule]] = relationship(
        back_populates="dataset", cascade="all, delete-orphan", passive_deletes=True
    )


class DatasetColumn(Base):
    """A column of a dataset; with `expression` it is calculated."""

    __tablename__ = "dataset_columns"
    __table_args__ = (sa.UniqueConstraint("dataset_id", "name"), TABLE_ARGS)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(sa.String(250))
    type: Mapped[str] = mapped_column(sa.String(20), default="text")
    label: Mapped[str | None] = mapped_column(sa.String(250))
    description: Mapped[str | None] = mapped_column(sa.Text)
    expression: Mapped[str | None] = mapped_column(LongText)
    zoned: Mapped[bool] = mapped_column(default=False)
    groupable: Mapped[bool] = mapped_column(default=True)
    filterable: Mapped[bool] = mapped_column(default=True)
    format: Mapped[str | None] = mapped_column(sa.String(100))

    dataset: Mapped[Dataset] = relationship(back_populates="columns")


class DatasetMetric(Base):
    """A saved metric of a dataset; `definition` is a metric of `specs.query`."""

    __tablename__ = "dataset_metrics"
    __table_args__ = (sa.UniqueConstraint("dataset_id", "name"), TABLE_ARGS)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(sa.String(250))
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    label: Mapped[str | None] = mapped_column(sa.String(250))
    description: Mapped[str | None] = mapped_column(sa.Text)
    format: Mapped[str | None] = mapped_column(sa.String(100))
    currency: Mapped[str | None] = mapped_column(sa.String(10))

    dataset: Mapped[Dataset] = relationship(back_populates="metrics")


rule_groups = sa.Table(
    "rule_groups",
    Base.metadata,
    sa.Column("rule_id", sa.ForeignKey("row_rules.id", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "group_id", sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    **TABLE_ARGS,
)
rule_users = sa.Table(
    "rule_users",
    Base.metadata,
    sa.Column("rule_id", sa.ForeignKey("row_rules.id", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    **TABLE_ARGS,
)


class RowRule(Identified, Audited, Versioned, Base):
    """A predicate on the rows of a dataset for some people.

    It applies to whom `applies_to_all`, `roles`, `groups` or `users` says. Rules of one
    `group_key` are ORed, different ones ANDed; a rule without a key stands alone.
    """

    __tablename__ = "row_rules"

    name: Mapped[str] = mapped_column(sa.String(250))
    description: Mapped[str | None] = mapped_column(sa.Text)
    dataset_id: Mapped[int] = mapped_column(
        sa.ForeignKey("datasets.id", ondelete="CASCADE"), index=True
    )
    clause: Mapped[str] = mapped_column(LongText)
    group_key: Mapped[str] = mapped_column(sa.String(100), default="")
    applies_to_all: Mapped[bool] = mapped_column(default=False)
    roles: Mapped[list[str]] = mapped_column(JSON, default=list)

    dataset: Mapped[Dataset] = relationship(back_populates="rules")
    groups: Mapped[list[Group]] = relationship(secondary=rule_groups)
    users: Mapped[list[User]] = relationship(secondary=rule_users)


@event.listens_for(Session, "before_flush")
def _count_children(session: Session, _context: object, _instances: object) -> None:
    """A dataset whose columns or metrics change is changed itself: its version goes up."""
    changed = {o for o in session.dirty if isinstance(o, Dataset) and session.is_modified(o)}
    for child in (*session.new, *session.dirty, *session.deleted):
        if isinstance(child, DatasetColumn | DatasetMetric) and child.dataset is not None:
            changed.add(child.dataset)
    for dataset in changed:
        if object_session(dataset) is session and dataset not in session.deleted:
            dataset.changed_at = utcnow()
