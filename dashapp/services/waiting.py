"""What one does before waiting for somebody else."""

from __future__ import annotations

from models import db


def let_go() -> None:
    """Give the metadata connection back before a warehouse is asked, which may take minutes.

    Otherwise a few people who wait for a slow warehouse hold every connection there is. What was
    read so far is read again when it is looked at; changes not yet committed keep the connection.
    """
    session = db.session
    if not (session.new or session.dirty or session.deleted):
        session.rollback()
