"""Single-use links: the first admin's, and those to choose a new password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from dashapp.errors import Conflict, NotFound
from dashapp.permissions import found, require
from dashapp.services import audit
from dashapp.services.passwords import hashed, require_good
from dashapp.services.sessions import end_sessions, viewer_of
from dashapp.services.usernames import require_username
from dashapp.viewer import SYSTEM, Viewer
from models import SignInLink, User, db, utcnow

LIFE = timedelta(minutes=15)
GONE = "This link was used or is too old. Ask for a new one."


def has_admin() -> bool:
    """Whether somebody can administer this server."""
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    User.role == "admin", User.is_active.is_(True), User.is_service.is_(False)
                )
            )
        )
    )


def first_admin_link() -> str:
    """The token of a link that makes the first admin: once, within 15 minutes.

    Earlier ones end. Raises Conflict as soon as there is an admin.
    """
    if has_admin():
        raise Conflict("There is an admin already.")
    db.session.execute(
        sa.delete(SignInLink).where(
            SignInLink.purpose == "first_admin", SignInLink.used_at.is_(None)
        )
    )
    return _issue(SYSTEM, "first_admin", None)


def reset_link(viewer: Viewer, user: UUID) -> str:
    """The token of a link by which a person chooses a new password, for those who manage people."""
    require(viewer, "user.manage")
    row = found(db.session.scalar(sa.select(User).where(User.uuid == user)), "user")
    return _issue(viewer, "reset", row)


def link_purpose(token: str) -> str | None:
    """What a link is for (`first_admin` or `reset`), without using it; None when it is no good."""
    link = _good(token)
    return link.purpose if link is not None else None


def redeem_link(
    token: str,
    *,
    password: str,
    username: str | None = None,
    name: str | None = None,
    address: str | None = None,
) -> User:
    """Use a link: make the first admin (`username` needed), or set the new password.

    Input that is refused does not use the link up. Raises NotFound for links that are no good.
    """
    link = _good(token)
    if link is None:
        raise NotFound(GONE)
    username = link.user.username if link.user is not None else require_username(username or "")
    require_good(password, username, name)
    _use(link)
    user = link.user or _first_admin(username, name)
    user.password_hash = hashed(password)
    if link.user is not None:
        end_sessions(user)
    db.session.flush()
    audit.record(viewer_of(user), f"link.{link.purpose}", user, address=address)
    db.session.commit()
    return user


def _first_admin(username: str, name: str | None) -> User:
    if has_admin():
        db.session.rollback()
        raise NotFound(GONE)
    user = db.session.scalar(sa.select(User).where(User.username == username))
    if user is not None:
        db.session.rollback()
        raise Conflict("This user name is taken.")
    user = User(username=username, name=name or username, role="admin")
    db.session.add(user)
    return user


def _issue(viewer: Viewer, purpose: str, user: User | None) -> str:
    now = utcnow()
    db.session.execute(sa.delete(SignInLink).where(SignInLink.expires_at < now))
    token = secrets.token_urlsafe(32)
    link = SignInLink(
        token_hash=_hash(token), purpose=purpose, user=user, created_at=now, expires_at=now + LIFE
    )
    db.session.add(link)
    audit.record(viewer, f"link.{purpose}.issue", user)
    db.session.commit()
    return token


def _good(token: str) -> SignInLink | None:
    link = db.session.scalar(sa.select(SignInLink).where(SignInLink.token_hash == _hash(token)))
    if link is None or link.used_at is not None or utcnow() >= link.expires_at:
        return None
    if link.purpose == "first_admin" and has_admin():
        return None
    if link.user is not None and not link.user.is_active:
        return None
    return link


def _use(link: SignInLink) -> None:
    """Of two that use a link at once, one gets through."""
    used = db.session.execute(
        sa.update(SignInLink)
        .where(SignInLink.id == link.id, SignInLink.used_at.is_(None))
        .values(used_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise NotFound(GONE)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
