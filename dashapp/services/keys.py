"""API keys: how programs say who they are. Only a hash of a key is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from dashapp.errors import Forbidden, Invalid
from dashapp.permissions import PERMISSIONS, found, granted, require
from dashapp.services import audit
from dashapp.services.sessions import as_viewer
from dashapp.viewer import Viewer
from models import ApiKey, User, db, group_members, utcnow
from models.revision import NOTE

USED_EVERY = timedelta(minutes=1)
PREFIX_CHARS = 10
# "dap_", the prefix by which the row is found, the secret.
TOKEN = re.compile(rf"dap_([A-Za-z0-9]{{{PREFIX_CHARS}}})_([A-Za-z0-9_-]{{43}})")
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def create_key(
    viewer: Viewer,
    name: str,
    scopes: Iterable[str],
    *,
    user: UUID | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its token, which is shown this once and never again.

    For oneself with at most one's own permissions; for a service account (`user`) by those who
    manage people.
    """
    owner = _owner(viewer, user)
    wanted = frozenset(scopes)
    unknown = wanted - PERMISSIONS.keys()
    if unknown:
        raise Invalid("There is no such scope.", {"scopes": ", ".join(sorted(unknown))})
    if not owner.is_service and not wanted <= viewer.permissions:
        raise Forbidden("A key may not do more than you may.")
    secret = secrets.token_urlsafe(32)
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_CHARS))
    key = ApiKey(
        name=name[:250] or "key",
        user_id=owner.id,
        prefix=prefix,
        key_hash=_hash(secret),
        scopes=sorted(wanted),
        expires_at=expires_at,
    )
    db.session.add(key)
    audit.record(viewer, "key.create", key, name=key.name, scopes=key.scopes, owner=owner.username)
    db.session.commit()
    return key, f"dap_{prefix}_{secret}"


def revoke_key(viewer: Viewer, uuid: UUID) -> None:
    """End a key: one's own, or any for those who manage people."""
    key = found(db.session.scalar(sa.select(ApiKey).where(ApiKey.uuid == uuid)), "key")
    if key.user_id != viewer.user_id and not viewer.may("user.manage"):
        found(None, "key")
    key.revoked_at = key.revoked_at or utcnow()
    audit.record(viewer, "key.revoke", key, name=key.name)
    db.session.commit()


def own_keys(viewer: Viewer) -> list[ApiKey]:
    """The viewer's keys that were not revoked, newest first."""
    return list(
        db.session.scalars(
            sa.select(ApiKey)
            .where(ApiKey.user_id == viewer.user_id, ApiKey.revoked_at.is_(None))
            .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
        )
    )


def api_viewer(token: str) -> Viewer | None:
    """Whose key this is, with what both the key and its owner may do; None when it is no good."""
    parts = TOKEN.fullmatch(token)
    if parts is None:
        return None
    rows = db.session.execute(
        sa.select(ApiKey, User, group_members.c.group_id)
        .join(User, ApiKey.user_id == User.id)
        .outerjoin(group_members, group_members.c.user_id == User.id)
        .where(ApiKey.prefix == parts[1])
        .execution_options(populate_existing=True)
    ).all()
    now = utcnow()
    if not rows or not _is_good(rows[0][0], rows[0][1], parts[2], now):
        return None
    key, user, _ = rows[0]
    scopes = frozenset(key.scopes) & (PERMISSIONS.keys() if user.is_service else granted(user.role))
    viewer = as_viewer(user, frozenset(r[2] for r in rows if r[2] is not None), frozenset(scopes))
    if key.last_used_at is None or now - key.last_used_at >= USED_EVERY:
        noted = sa.update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now)
        db.session.execute(noted.execution_options(**{NOTE: True}))
        db.session.commit()
    return viewer


def _is_good(key: ApiKey, user: User, secret: str, now: datetime) -> bool:
    return (
        hmac.compare_digest(key.key_hash, _hash(secret))
        and user.is_active
        and key.revoked_at is None
        and (key.expires_at is None or now < key.expires_at)
    )


def _owner(viewer: Viewer, user: UUID | None) -> User:
    if user is None:
        return found(db.session.get(User, viewer.user_id or 0), "user")
    require(viewer, "user.manage")
    owner = found(db.session.scalar(sa.select(User).where(User.uuid == user)), "user")
    if not owner.is_service and owner.id != viewer.user_id:
        raise Forbidden("People make their own keys.")
    return owner


def _hash(secret: str) -> str:
    # The secret has 256 random bits: nothing to guess, so a fast hash is enough.
    return hashlib.sha256(secret.encode()).hexdigest()
