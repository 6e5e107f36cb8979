"""Who is signed in: sessions live in the metadata database and end there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID

import sqlalchemy as sa

from dashapp.permissions import granted
from dashapp.services import remembered
from dashapp.settings import settings
from dashapp.viewer import Role, Viewer
from models import User, UserSession, db, group_members, utcnow
from models.revision import WORD

SEEN_EVERY = timedelta(minutes=1)
Theme = Literal["auto", "light", "dark"]


def viewer_of(user: User) -> Viewer:
    """The viewer that a user is, with all the rights of the role."""
    groups = db.session.scalars(
        sa.select(group_members.c.group_id).where(group_members.c.user_id == user.id)
    )
    return as_viewer(user, frozenset(groups))


def user_viewer(user_id: int) -> Viewer | None:
    """The viewer that a user is now, for work that goes on without a session; None if closed."""
    user = db.session.get(User, user_id, populate_existing=True)
    return viewer_of(user) if user is not None and user.is_active else None


def as_viewer(
    user: User | sa.Row[*tuple[Any, ...]],
    groups: frozenset[int],
    permissions: frozenset[str] | None = None,
) -> Viewer:
    """The viewer that a user with these groups is; the role's permissions unless others."""
    role = cast(Role, user.role)
    return Viewer(
        kind="service" if user.is_service else "user",
        name=user.name,
        user_id=user.id,
        role=role,
        permissions=granted(role) if permissions is None else permissions,
        groups=groups,
        zone=user.zone or settings().default_zone,
        locale=user.locale or settings().default_locale,
        theme=cast(Theme, user.theme),
    )


def open_session(user: User, *, address: str | None = None, agent: str | None = None) -> UUID:
    """Sign a user in; answers the new session's id, which the door keeps in its cookie."""
    now = utcnow()
    db.session.execute(
        sa.delete(UserSession).where(UserSession.user_id == user.id, UserSession.ends_at < now)
    )
    session = UserSession(
        user_id=user.id,
        created_at=now,
        seen_at=now,
        ends_at=now + timedelta(hours=settings().session_hours),
        session_version=user.session_version,
        address=address[:64] if address else None,
        agent=agent[:250] if agent else None,
    )
    db.session.add(session)
    db.session.commit()
    return session.id


_SESSION = UserSession.__table__.c
_USER = User.__table__.c
_ALIVE = (
    sa.select(
        _SESSION.seen_at, _SESSION.ends_at, _USER.id, _USER.is_service, _USER.name, _USER.role,
        _USER.zone, _USER.locale, _USER.theme, group_members.c.group_id, WORD.scalar_subquery().label("word"),
    )
    .select_from(UserSession.__table__)
    .join(User.__table__, _SESSION.user_id == _USER.id)
    .outerjoin(group_members, group_members.c.user_id == _USER.id)
    .where(
        _SESSION.id == sa.bindparam("session"),
        _SESSION.session_version == _USER.session_version,
        _USER.is_active,
        ~_USER.is_service,
    )
)  # fmt: skip


def session_viewer(session_id: UUID) -> Viewer | None:
    """Whose session this is; None when it ended, idled out, or its user may no longer use it.

    One statement reads it, with what tells whether anything else changed (`remembered`).
    """
    rows = db.session.connection().execute(_ALIVE, {"session": session_id}).all()
    if not rows:
        return None
    first, now = rows[0], utcnow()
    idle_since = first.seen_at + timedelta(hours=settings().session_idle_hours)
    if now >= first.ends_at or now >= idle_since:
        return None
    if now - first.seen_at >= SEEN_EVERY:
        _seen(session_id, now)
    remembered.told(first.word)
    return as_viewer(first, frozenset(row.group_id for row in rows if row.group_id is not None))


def _seen(session_id: UUID, now: datetime) -> None:
    db.session.execute(
        sa.update(UserSession)
        .where(UserSession.id == session_id, UserSession.seen_at <= now - SEEN_EVERY)
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def close_session(session_id: UUID) -> None:
    """Sign out: the session is gone, a copied cookie too."""
    db.session.execute(sa.delete(UserSession).where(UserSession.id == session_id))
    db.session.commit()


def end_sessions(user: User) -> None:
    """End every session of a user, with the current transaction (the caller commits)."""
    user.session_version = user.session_version + 1
    db.session.execute(sa.delete(UserSession).where(UserSession.user_id == user.id))


def close_all(viewer: Viewer) -> None:
    """Sign the viewer out everywhere."""
    user = db.session.get(User, viewer.user_id) if viewer.user_id is not None else None
    if user is not None:
        end_sessions(user)
        db.session.commit()


def sweep() -> int:
    """Delete the rows of sessions that ended; answers how many."""
    result = db.session.execute(sa.delete(UserSession).where(UserSession.ends_at < utcnow()))
    db.session.commit()
    return int(result.rowcount)  # type: ignore[attr-defined]
