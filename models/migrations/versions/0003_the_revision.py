"""One word that changes with everything that decides what people see."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from models import types
from models.base import TABLE_ARGS

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its one row."""
    table = op.create_table(
        "revision",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("word", types.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.CheckConstraint("id = 1", name="one_row"),
        **TABLE_ARGS,
    )
    op.bulk_insert(table, [{"id": 1, "word": uuid4()}])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("revision")
