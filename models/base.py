"""What all tables of the metadata database share, and the session they are used with."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, registry

from models.engine import options_for, tune
from models.revision import watch
from models.types import UTCDateTime, Uuid, utcnow

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
# Compare text byte by byte everywhere, as SQLite and PostgreSQL do.
TABLE_ARGS: dict[str, Any] = {
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mysql_engine": "InnoDB",
}


class Base(DeclarativeBase):
    """Base of all tables. Subclasses state `__tablename__`."""

    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMES),
        type_annotation_map={datetime: UTCDateTime(), UUID: Uuid},
    )
    __table_args__: Any = TABLE_ARGS


class Metadata(SQLAlchemy):
    """Flask-SQLAlchemy over engines tuned for the metadata database."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Any) -> sa.Engine:
        chosen = options_for(options["url"]) | options
        return watch(tune(super()._make_engine(bind_key, chosen, app)))


db = Metadata(model_class=Base, disable_autonaming=True)


class Identified:
    """A number inside the database, and a UUID by which the object travels.

    The UUID exists as soon as the object does, before it is flushed.
    """

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-2)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True, sort_order=-1)


@event.listens_for(Identified, "init", propagate=True)
def _give_uuid(_target: object, _args: object, values: dict[str, Any]) -> None:
    values.setdefault("uuid", uuid4())


class Audited:
    """When and by whom a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)

    @declared_attr
    @classmethod
    def created_by_id(cls) -> Mapped[int | None]:
        """Who made it; empty for the system, or when that person is gone."""
        return mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))

    @declared_attr
    @classmethod
    def changed_by_id(cls) -> Mapped[int | None]:
        """Who changed it last; empty for the system, or when that person is gone."""
        return mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))


class Versioned:
    """Counts saves. A save over a version that is not the newest raises StaleDataError."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        """Every UPDATE and DELETE says `WHERE version = ...`."""
        return {"version_id_col": cls.version}


def owner_key() -> Mapped[int | None]:
    """The column of an owner: a user, or nobody once that user is gone."""
    return mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"), index=True)
