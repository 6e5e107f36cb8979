"""Datasets know how to find out that their data changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = ("refresh_key", "refresh_every_s", "data_version", "invalidated_at")


def upgrade() -> None:
    """Add what tells the version of a dataset's data."""
    for column in (
        sa.Column("refresh_key", types.LongText),
        sa.Column("refresh_every_s", sa.Integer, nullable=False, server_default="30"),
        sa.Column("data_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("invalidated_at", types.UTCDateTime),
    ):
        op.add_column("datasets", column)


def downgrade() -> None:
    """Take it away again."""
    for name in reversed(COLUMNS):
        op.drop_column("datasets", name)
