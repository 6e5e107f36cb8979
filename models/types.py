"""Column types that mean the same on SQLite, PostgreSQL, MySQL and MariaDB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

# Dialect names of servers that speak MySQL's protocol.
MYSQL = ("mysql", "mariadb")


def utcnow() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: aware datetimes in, aware UTC out, microseconds kept. Naive ones are refused."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The engine's own type that keeps microseconds."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        if dialect.name in MYSQL:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC for the engine; without offset where the engine keeps none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored.")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC, whatever the engine's session zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# An empty value is SQL NULL. Values are replaced, never changed in place.
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

# Native on PostgreSQL, 32 hexadecimal digits elsewhere (MariaDB and MySQL alike).
Uuid = sa.Uuid().with_variant(sa.Uuid(native_uuid=False), *MYSQL)

# Text of any length a person may write: MySQL's TEXT ends at 64 KB.
LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), *MYSQL)
