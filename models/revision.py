"""One word that is another one after every change of what people may see or how it looks.

What a process remembers of the metadata database is right as long as the word is the same. It
changes in the transaction of the change itself, as its last statement: whoever reads the new word
reads the change too, and nobody holds the row while waiting for another one. Every writing
statement counts, of whatever kind, unless its table is listed as a mere record.
"""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import scoped_session

from models.types import Uuid

# Tables that record what happened. Nothing that is remembered is read from them.
RECORDS: Final = frozenset(
    {
        "alembic_version",
        "audit_events",
        "favourites",
        "jobs",
        "query_log",
        "revision",
        "schedule_runs",
        "sign_in_links",
        "user_sessions",
        "visits",
    }
)
NOTE: Final = "is_note"  # Execution option of a statement that only notes down a time of use.
_MOVED: Final = "dashapp.moved"
_WRITING: Final = re.compile(
    r"(?:\s|\(|/\*.*?\*/|--[^\n]*\n)*(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|TRUNCATE|COPY|LOAD|CALL|DO"
    r"|WITH\b.*\b(?:INSERT|UPDATE|DELETE|MERGE))\b",
    re.IGNORECASE | re.DOTALL,
)


_TABLE: Final = sa.table("revision", sa.column("id", sa.Integer), sa.column("word", Uuid))
WORD: Final = sa.select(_TABLE.c.word).where(_TABLE.c.id == 1)
FIRST: Final = sa.insert(_TABLE).values(id=1)


def watch(engine: sa.Engine) -> sa.Engine:
    """Make every change through `engine` move the word."""

    @event.listens_for(engine, "before_cursor_execute")
    def _note(
        conn: sa.Connection,
        _cursor: object,
        text: str,
        _values: object,
        context: Any,
        _many: object,
    ) -> None:
        if changes(text, context):
            conn.info[_MOVED] = True

    @event.listens_for(engine, "commit")
    def _move(conn: sa.Connection) -> None:
        if conn.info.pop(_MOVED, False):
            move(conn)

    @event.listens_for(engine, "rollback")
    def _forget(conn: sa.Connection) -> None:
        if not conn.invalidated:
            conn.info.pop(_MOVED, None)

    return engine


def move(connection: sa.Connection) -> None:
    """Another word, with the running transaction."""
    moved = connection.execute(sa.update(_TABLE).where(_TABLE.c.id == 1).values(word=uuid4()))
    if not moved.rowcount:
        connection.execute(FIRST.values(word=uuid4()))


def changes(text: str, context: Any) -> bool:
    """Whether a statement may change what is remembered. What is not understood does."""
    if context is not None and (context.isinsert or context.isupdate or context.isdelete):
        table = getattr(context.compiled.statement, "table", None)
        is_note = context.execution_options.get(NOTE, False)
        return not is_note and getattr(table, "name", None) not in RECORDS
    return _WRITING.match(text) is not None


def is_moving(session: scoped_session[Any]) -> bool:
    """Whether the session has changes that are not committed: what it reads, others do not."""
    if session.new or session.dirty or session.deleted:
        return True
    return session().in_transaction() and _MOVED in session.connection().info


def word(session: scoped_session[Any]) -> UUID | None:
    """The word now; None while the session itself is changing something."""
    found: UUID | None = None if is_moving(session) else session.connection().scalar(WORD)
    return found
