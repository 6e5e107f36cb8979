"""Runs migrations over the connection that `models.migrate` put into the configuration."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from models import Base, types

# Own types by name in migrations that are generated.
OWN = {
    id(types.JSON): "types.JSON",
    id(types.Uuid): "types.Uuid",
    id(types.LongText): "types.LongText",
}


def render(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """How a generated migration writes a type of ours."""
    name = OWN.get(id(item)) if kind == "type" else None
    if kind == "type" and isinstance(item, types.UTCDateTime):
        name = "types.UTCDateTime()"
    if name is None:
        return False
    autogen_context.imports.add("from models import types")
    return name


connection: sa.Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter most things: tables are built anew and copied.
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render,
    compare_type=True,
    transaction_per_migration=True,
)
context.run_migrations()
