"""Charts, dashboards with their versions and rights, tags, saved queries, embedding."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import Group, User
from models.base import TABLE_ARGS, Audited, Base, Identified, Versioned, owner_key
from models.sources import Database, Dataset
from models.types import JSON, LongText, UTCDateTime, utcnow


def _tagged(table: str, column: str, target: str) -> sa.Table:
    """The table that says which objects of one kind carry which tags."""
    return sa.Table(
        table,
        Base.metadata,
        sa.Column(column, sa.ForeignKey(target, ondelete="CASCADE"), primary_key=True),
        sa.Column(
            "tag_id", sa.ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
        ),
        **TABLE_ARGS,
    )


def _shown(table: str, column: str, target: str) -> sa.Table:
    """The table that says which objects of one kind a dashboard's layout names."""
    return sa.Table(
        table,
        Base.metadata,
        sa.Column(
            "dashboard_id", sa.ForeignKey("dashboards.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column(column, sa.ForeignKey(target, ondelete="CASCADE"), primary_key=True, index=True),
        **TABLE_ARGS,
    )


dashboard_tags = _tagged("dashboard_tags", "dashboard_id", "dashboards.id")
chart_tags = _tagged("chart_tags", "chart_id", "charts.id")
dataset_tags = _tagged("dataset_tags", "dataset_id", "datasets.id")


class Tag(Identified, Base):
    """A word that people put on things to find them again."""

    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(sa.String(100), unique=True)

    dashboards: Mapped[list[Dashboard]] = relationship(
        secondary=dashboard_tags, back_populates="tags"
    )
    charts: Mapped[list[Chart]] = relationship(secondary=chart_tags, back_populates="tags")
    datasets: Mapped[list[Dataset]] = relationship(secondary=dataset_tags)


class Chart(Identified, Audited, Versioned, Base):
    """A chart: its kind (a key of KINDS) and that kind's options."""

    __tablename__ = "charts"

    name: Mapped[str] = mapped_column(sa.String(250), index=True)
    kind: Mapped[str] = mapped_column(sa.String(50))
    dataset_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("datasets.id", ondelete="RESTRICT"), index=True
    )
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    description: Mapped[str | None] = mapped_column(sa.Text)
    ttl_s: Mapped[int | None]
    owner_id: Mapped[int | None] = owner_key()

    dataset: Mapped[Dataset | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=owner_id)
    tags: Mapped[list[Tag]] = relationship(
        secondary=chart_tags, back_populates="charts", order_by="Tag.name"
    )


# What a dashboard's current layout shows and offers in its filters. Derived from the layout by
# `models.links`, so that rights on charts and datasets can be asked in SQL.
dashboard_charts = _shown("dashboard_charts", "chart_id", "charts.id")
dashboard_datasets = _shown("dashboard_datasets", "dataset_id", "datasets.id")


class Dashboard(Identified, Audited, Versioned, Base):
    """A dashboard as people see it now; `layout` is a `specs.Layout`."""

    __tablename__ = "dashboards"

    slug: Mapped[str] = mapped_column(sa.String(150), unique=True)
    title: Mapped[str] = mapped_column(sa.String(250), index=True)
    description: Mapped[str | None] = mapped_column(sa.Text)
    owner_id: Mapped[int | None] = owner_key()
    is_published: Mapped[bool] = mapped_column(default=False)
    layout: Mapped[dict[str, Any]] = mapped_column(JSON)

    owner: Mapped[User | None] = relationship(foreign_keys=owner_id)
    grants: Mapped[list[DashboardGrant]] = relationship(
        back_populates="dashboard", cascade="all, delete-orphan", passive_deletes=True
    )
    versions: Mapped[list[DashboardVersion]] = relationship(
        back_populates="dashboard",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="DashboardVersion.number.desc()",
    )
    charts: Mapped[list[Chart]] = relationship(secondary=dashboard_charts)
    filter_datasets: Mapped[list[Dataset]] = relationship(secondary=dashboard_datasets)
    tags: Mapped[list[Tag]] = relationship(
        secondary=dashboard_tags, back_populates="dashboards", order_by="Tag.name"
    )
    embed: Mapped[EmbedConfig | None] = relationship(
        back_populates="dashboard", cascade="all, delete-orphan", passive_deletes=True
    )


class DashboardVersion(Base):
    """A dashboard as it was saved once; `number` is the dashboard's version of that save."""

    __tablename__ = "dashboard_versions"
    __table_args__ = (sa.UniqueConstraint("dashboard_id", "number"), TABLE_ARGS)

    id: Mapped[int] = mapped_column(primary_key=True)
    dashboard_id: Mapped[int] = mapped_column(sa.ForeignKey("dashboards.id", ondelete="CASCADE"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(250))
    layout: Mapped[dict[str, Any]] = mapped_column(JSON)
    message: Mapped[str | None] = mapped_column(sa.String(500))
    saved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    dashboard: Mapped[Dashboard] = relationship(back_populates="versions")
    saved_by: Mapped[User | None] = relationship()


class DashboardGrant(Base):
    """One person or one group may see or edit a dashboard. With any grant, only grantees see it."""

    __tablename__ = "dashboard_grants"
    __table_args__ = (
        sa.UniqueConstraint("dashboard_id", "user_id"),
        sa.UniqueConstraint("dashboard_id", "group_id"),
        sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="one_grantee"),
        sa.CheckConstraint("level IN ('view', 'edit')", name="level"),
        TABLE_ARGS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dashboard_id: Mapped[int] = mapped_column(sa.ForeignKey("dashboards.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    group_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("groups.id", ondelete="CASCADE"), index=True
    )
    level: Mapped[str] = mapped_column(sa.String(10), default="view")

    dashboard: Mapped[Dashboard] = relationship(back_populates="grants")
    user: Mapped[User | None] = relationship()
    group: Mapped[Group | None] = relationship()


class Favourite(Base):
    """A dashboard that a person starred."""

    __tablename__ = "favourites"

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    dashboard_id: Mapped[int] = mapped_column(
        sa.ForeignKey("dashboards.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Visit(Base):
    """When a person opened a dashboard last: one row per pair."""

    __tablename__ = "visits"
    __table_args__ = (sa.Index("ix_visits_recent", "user_id", "at"), TABLE_ARGS)

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    dashboard_id: Mapped[int] = mapped_column(
        sa.ForeignKey("dashboards.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class SavedQuery(Identified, Audited, Versioned, Base):
    """SQL that a person keeps."""

    __tablename__ = "saved_queries"

    name: Mapped[str] = mapped_column(sa.String(250))
    database_id: Mapped[int] = mapped_column(
        sa.ForeignKey("databases.id", ondelete="CASCADE"), index=True
    )
    schema_name: Mapped[str | None] = mapped_column(sa.String(250))
    sql: Mapped[str] = mapped_column(LongText)
    description: Mapped[str | None] = mapped_column(sa.Text)
    owner_id: Mapped[int | None] = owner_key()

    database: Mapped[Database] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=owner_id)


class EmbedConfig(Identified, Audited, Versioned, Base):
    """Where a dashboard may be embedded. With `requires_rules`, tokens must carry rules."""

    __tablename__ = "embed_configs"

    dashboard_id: Mapped[int] = mapped_column(
        sa.ForeignKey("dashboards.id", ondelete="CASCADE"), unique=True
    )
    allowed_origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    requires_rules: Mapped[bool] = mapped_column(default=False)

    dashboard: Mapped[Dashboard] = relationship(back_populates="embed")
