"""People and groups: sign-in, accounts, roles, preferences.

Sessions, links and API keys have modules of their own; their verbs are offered here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast, get_args
from uuid import UUID
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from dashapp.errors import Conflict, Forbidden, Invalid, SignInRequired
from dashapp.permissions import ROLES, found, require
from dashapp.services import audit, tries
from dashapp.services.keys import api_viewer, create_key, own_keys, revoke_key
from dashapp.services.links import (
    first_admin_link,
    has_admin,
    link_purpose,
    redeem_link,
    reset_link,
)
from dashapp.services.passwords import hashed, is_outdated, matches, require_good
from dashapp.services.sessions import (
    Theme,
    close_all,
    close_session,
    end_sessions,
    open_session,
    session_viewer,
    user_viewer,
    viewer_of,
)
from dashapp.services.usernames import is_username, normal, require_username
from dashapp.settings import settings
from dashapp.viewer import Role, Viewer
from models import Group, User, db, utcnow
from models.revision import NOTE

__all__ = [
    "add_to_group",
    "api_viewer",
    "change_password",
    "close_all",
    "close_session",
    "create_group",
    "create_key",
    "create_user",
    "deactivate",
    "first_admin_link",
    "has_admin",
    "link_purpose",
    "open_session",
    "own_keys",
    "preferences",
    "reactivate",
    "redeem_link",
    "remove_from_group",
    "reset_link",
    "revoke_key",
    "session_viewer",
    "set_role",
    "sign_in",
    "user_viewer",
    "users",
    "viewer_of",
]

# Who signs in is not known yet.
NOBODY = Viewer(kind="guest", name="anonymous")
WRONG = "The user name or the password is wrong."


def sign_in(username: str, password: str, address: str) -> User:
    """The user with this name and password.

    Raises SignInRequired, the same for every reason, and TooMany after
    `settings().sign_in_tries` failures a minute of the account or from the address.
    """
    name, limit, source = normal(username), settings().sign_in_tries, f"address:{address}"
    account = f"account:{name}"
    tries.require_open(source)
    tries.spend(account, limit)
    user = _by_name(name)
    known = matches(user.password_hash if user is not None else None, password)
    if user is None or not known or not user.is_active or user.is_service:
        tries.failed(source, limit)
        typed = name if is_username(name) else ""
        audit.record(NOBODY, "user.sign_in_refused", user, address=address, username=typed)
        db.session.commit()
        raise SignInRequired(WRONG)
    tries.forgive(account)
    if user.password_hash is not None and is_outdated(user.password_hash):
        user.password_hash = hashed(password)
    now = utcnow()
    noted = (
        sa.update(User)
        .where(User.id == user.id)
        .values(last_sign_in_at=now, changed_at=User.changed_at)
    )
    db.session.execute(noted.execution_options(**{NOTE: True}))
    audit.record(viewer_of(user), "user.sign_in", user, address=address)
    db.session.commit()
    return user


def users(viewer: Viewer) -> list[User]:
    """Everybody, by name, for those who manage people."""
    require(viewer, "user.manage")
    return list(db.session.scalars(sa.select(User).order_by(sa.func.lower(User.name), User.id)))


def create_user(
    viewer: Viewer,
    username: str,
    *,
    name: str | None = None,
    password: str | None = None,
    role: Role = "viewer",
    email: str | None = None,
    is_service: bool = False,
) -> User:
    """A new account. Without a password, nobody can sign in with it until a link sets one."""
    require(viewer, "user.manage")
    username = require_username(username)
    _require_role(role)
    if password is not None:
        require_good(password, username, name)
    user = User(
        username=username,
        name=(name or username)[:250],
        email=email,
        role=role,
        is_service=is_service,
        password_hash=hashed(password) if password is not None and not is_service else None,
        created_by_id=viewer.user_id,
    )
    db.session.add(user)
    audit.record(viewer, "user.create", user, username=username, role=role)
    _commit(f"There is a user {username} already.", "username")
    return user


def change_password(viewer: Viewer, old: str, new: str) -> None:
    """Change one's own password; every session ends, the door opens a new one."""
    user = _self(viewer)
    limit, account = settings().sign_in_tries, f"account:{user.username}"
    tries.spend(account, limit)
    if not matches(user.password_hash, old):
        fault = "The present password is wrong."
        raise Invalid(fault, {"old": fault})
    tries.forgive(account)
    require_good(new, user.username, user.name)
    user.password_hash = hashed(new)
    end_sessions(user)
    audit.record(viewer, "user.password", user)
    db.session.commit()


def set_role(viewer: Viewer, user: UUID, role: Role) -> None:
    """Give a user another role; their sessions end. The last admin stays one."""
    row = _managed(viewer, user)
    _require_role(role)
    if row.role == role:
        return
    if role != "admin":
        _require_other_admin(row)
    audit.record(viewer, "user.role", row, before=row.role, after=role)
    row.role = role
    end_sessions(row)
    db.session.commit()


def deactivate(viewer: Viewer, user: UUID) -> None:
    """Close an account: sessions end, keys and password stop working. Not the last admin's."""
    row = _managed(viewer, user)
    _require_other_admin(row)
    row.is_active = False
    end_sessions(row)
    audit.record(viewer, "user.deactivate", row)
    db.session.commit()


def reactivate(viewer: Viewer, user: UUID) -> None:
    """Open a closed account again, with the password it had."""
    row = _managed(viewer, user)
    row.is_active = True
    audit.record(viewer, "user.reactivate", row)
    db.session.commit()


def preferences(
    viewer: Viewer,
    *,
    name: str | None = None,
    zone: str | None = None,
    locale: str | None = None,
    theme: str | None = None,
) -> Viewer:
    """Save one's name, time zone (IANA), language and theme; what is None stays.

    Answers the new viewer.
    """
    user = _self(viewer)
    if name is not None and not 1 <= len(name.strip()) <= 250:
        raise Invalid("A name has 1 to 250 characters.", {"name": "1 to 250 characters."})
    user.name = name.strip() if name is not None else user.name
    if zone is not None and zone not in available_timezones():
        raise Invalid("There is no such time zone.", {"zone": "Choose one from the list."})
    if theme is not None and theme not in get_args(Theme):
        raise Invalid("There is no such theme.", {"theme": "Choose auto, light or dark."})
    if locale is not None and not (locale.replace("_", "").isalnum() and len(locale) <= 20):
        raise Invalid("There is no such language.", {"locale": "Choose one from the list."})
    user.zone = zone if zone is not None else user.zone
    user.locale = locale if locale is not None else user.locale
    user.theme = theme if theme is not None else user.theme
    db.session.commit()
    return viewer_of(user)


def create_group(viewer: Viewer, name: str, members: Iterable[UUID] = ()) -> Group:
    """A new group with these people."""
    require(viewer, "user.manage")
    if not 0 < len(name.strip()) <= 250:
        raise Invalid("A group needs a name.", {"name": "Use 1 to 250 characters."})
    group = Group(name=name.strip(), created_by_id=viewer.user_id)
    group.members = list(db.session.scalars(sa.select(User).where(User.uuid.in_(set(members)))))
    db.session.add(group)
    audit.record(viewer, "group.create", group, name=group.name)
    _commit(f"There is a group {group.name} already.", "name")
    return group


def add_to_group(viewer: Viewer, group: UUID, user: UUID) -> None:
    """Make a user a member; row-level rules of the group apply from the next request on."""
    row, member = _group(viewer, group), _managed(viewer, user)
    if member not in row.members:
        row.members.append(member)
        audit.record(viewer, "group.add", row, username=member.username)
        db.session.commit()


def remove_from_group(viewer: Viewer, group: UUID, user: UUID) -> None:
    """End a membership; effective from the next request on."""
    row, member = _group(viewer, group), _managed(viewer, user)
    if member in row.members:
        row.members.remove(member)
        audit.record(viewer, "group.remove", row, username=member.username)
        db.session.commit()


def _by_name(name: str) -> User | None:
    if not is_username(name):
        return None
    return db.session.scalar(sa.select(User).where(User.username == name))


def _self(viewer: Viewer) -> User:
    user = db.session.get(User, viewer.user_id) if viewer.user_id is not None else None
    if user is None or viewer.kind != "user":
        raise Forbidden("Only people with an account have preferences and passwords.")
    return user


def _managed(viewer: Viewer, user: UUID) -> User:
    require(viewer, "user.manage")
    return found(db.session.scalar(sa.select(User).where(User.uuid == user)), "user")


def _group(viewer: Viewer, group: UUID) -> Group:
    require(viewer, "user.manage")
    return found(db.session.scalar(sa.select(Group).where(Group.uuid == group)), "group")


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid("There is no such role.", {"role": f"Choose one of {', '.join(ROLES)}."})


def _require_other_admin(user: User) -> None:
    if user.role != "admin" or not user.is_active:
        return
    others = sa.select(sa.func.count()).where(
        User.role == "admin",
        User.is_active.is_(True),
        User.is_service.is_(False),
        User.id != user.id,
    )
    if not cast(int, db.session.scalar(others)):
        raise Conflict("This is the only admin. Make somebody else admin first.")


def _commit(taken: str, field: str) -> None:
    try:
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise Invalid(taken, {field: taken}) from error
