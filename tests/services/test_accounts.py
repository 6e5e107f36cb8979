"""Sign-in, sessions, accounts, links and keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from freezegun import freeze_time

from dashapp.errors import Conflict, Forbidden, Invalid, NotFound, SignInRequired, TooMany
from dashapp.permissions import granted
from dashapp.services import accounts, passwords, tries
from dashapp.settings import Settings, using
from dashapp.viewer import SYSTEM
from models import AuditEvent, Group, SignInLink, User, UserSession, db
from models.revision import WORD
from tests.services.metadata import add, person, statements, user

GOOD = "correct horse battery"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def ann(app: Flask) -> User:
    """An editor who can sign in."""
    return accounts.create_user(SYSTEM, "Ann", name="Ann", password=GOOD, role="editor")


@pytest.fixture
def clock(app: Flask) -> Iterator[Any]:
    """A clock to be moved."""
    with freeze_time(START) as clock:
        yield clock


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)))


def test_name_in_any_spelling_and_password_sign_in(ann: User) -> None:
    assert accounts.sign_in("  ANN ", GOOD, "::1").id == ann.id
    assert ann.last_sign_in_at is not None
    assert actions() == ["user.create", "user.sign_in"]


@pytest.mark.parametrize("name", ["ann", "bob", "", "a\0b", "*)(uid=*", "\ud800", "x" * 9999])
def test_every_refused_sign_in_is_the_same_to_the_reader(ann: User, name: str) -> None:
    with pytest.raises(SignInRequired) as refused:
        accounts.sign_in(name, "wrong password", "::1")
    assert refused.value.message == accounts.WRONG
    assert actions() == ["user.create", "user.sign_in_refused"]


def test_unknown_name_costs_a_check_too(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:
            checked.append(str(hash)[:28])
            return super().verify(hash, password)

    counting = Counting(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", counting)
    for name in ("ann", "nobody"):
        with pytest.raises(SignInRequired):
            accounts.sign_in(name, "wrong password", "::1")
    assert len(checked) == 2
    assert len(set(checked)) == 1


def test_closed_and_service_accounts_cannot_sign_in(ann: User) -> None:
    accounts.create_user(SYSTEM, "robot", password=GOOD, is_service=True)
    accounts.deactivate(SYSTEM, ann.uuid)
    for name in ("ann", "robot"):
        with pytest.raises(SignInRequired):
            accounts.sign_in(name, GOOD, "::1")


def test_password_is_hashed_again_when_parameters_grew(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ann.password_hash
    stronger = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", stronger)
    accounts.sign_in("ann", GOOD, "::1")
    assert ann.password_hash != before
    assert not passwords.is_outdated(str(ann.password_hash))


def test_account_is_closed_for_a_minute_after_too_many_tries(ann: User, chosen: Settings) -> None:
    for n in range(chosen.sign_in_tries):
        with pytest.raises(SignInRequired):
            accounts.sign_in("ann", "wrong password", f"10.0.0.{n}")
    with pytest.raises(TooMany):
        accounts.sign_in("ann", GOOD, "10.0.1.1")
    tries.forgive("account:ann")  # the minute is over
    assert accounts.sign_in("ann", GOOD, "10.0.1.1") is ann


def test_address_that_tries_many_names_is_closed(ann: User, chosen: Settings) -> None:
    for n in range(chosen.sign_in_tries):
        with pytest.raises(SignInRequired):
            accounts.sign_in(f"guess{n}", "wrong password", "10.0.0.1")
    with pytest.raises(TooMany):
        accounts.sign_in("ann", GOOD, "10.0.0.1")
    assert accounts.sign_in("ann", GOOD, "10.0.0.2") is ann


def test_right_passwords_are_never_too_many(ann: User, chosen: Settings) -> None:
    for _ in range(chosen.sign_in_tries * 2):
        accounts.sign_in("ann", GOOD, "::1")


@pytest.mark.parametrize(
    "password",
    ["short", "annabella1", "password123", "0123456789", "aaaaaaaaaaaa", "x" * 1001, "1llebanna"],
)
def test_bad_passwords_are_refused_with_a_reason(app: Flask, password: str) -> None:
    with pytest.raises(Invalid) as refused:
        accounts.create_user(SYSTEM, "annabella1", password=password)
    assert refused.value.fields["password"]


@pytest.mark.parametrize("name", ["", "a b", "a\0", "<b>", "x" * 151])
def test_odd_user_names_are_refused(app: Flask, name: str) -> None:
    with pytest.raises(Invalid):
        accounts.create_user(SYSTEM, name)


def test_user_name_is_taken_in_every_spelling(ann: User) -> None:
    with pytest.raises(Invalid, match="already"):
        accounts.create_user(SYSTEM, "ANN")


def test_only_those_who_manage_people_make_them(ann: User) -> None:
    with pytest.raises(Forbidden):
        accounts.create_user(accounts.viewer_of(ann), "eve", role="admin")


def test_session_knows_its_viewer(ann: User) -> None:
    group = add(Group(name="EU", members=[ann]))
    ann.zone = "Europe/Berlin"
    session = accounts.open_session(ann, address="::1", agent="x" * 999)
    viewer = accounts.session_viewer(session)
    assert viewer is not None
    assert (viewer.kind, viewer.user_id, viewer.role) == ("user", ann.id, "editor")
    assert (viewer.groups, viewer.zone) == (frozenset({group.id}), "Europe/Berlin")
    assert viewer.permissions == granted("editor")


def test_session_costs_one_statement(ann: User) -> None:
    session = accounts.open_session(ann)
    with statements() as seen:
        accounts.session_viewer(session)
    assert len(seen) == 1


def change_password(ann: User) -> None:
    accounts.change_password(accounts.viewer_of(ann), GOOD, "another good one")


@pytest.mark.parametrize(
    "end",
    [
        change_password,
        lambda ann: accounts.set_role(SYSTEM, ann.uuid, "viewer"),
        lambda ann: accounts.deactivate(SYSTEM, ann.uuid),
        lambda ann: accounts.close_all(accounts.viewer_of(ann)),
    ],
)
def test_sessions_end_at_once_when_the_account_changes(ann: User, end: Any) -> None:
    sessions = [accounts.open_session(ann) for _ in range(2)]
    end(ann)
    assert [accounts.session_viewer(s) for s in sessions] == [None, None]


def test_signing_out_ends_one_session(ann: User) -> None:
    one, other = accounts.open_session(ann), accounts.open_session(ann)
    accounts.close_session(one)
    assert accounts.session_viewer(one) is None
    assert accounts.session_viewer(other) is not None


def test_session_that_outlived_its_version_is_no_good(ann: User) -> None:
    session = accounts.open_session(ann)
    ann.session_version += 1
    db.session.commit()
    assert accounts.session_viewer(session) is None


def test_idle_and_old_sessions_end(ann: User, clock: Any, chosen: Settings) -> None:
    idle = accounts.open_session(ann)
    clock.tick(timedelta(hours=chosen.session_idle_hours, seconds=1))
    assert accounts.session_viewer(idle) is None
    used = accounts.open_session(ann)
    for _ in range(chosen.session_hours):
        assert accounts.session_viewer(used) is not None
        clock.tick(timedelta(hours=1))
    assert accounts.session_viewer(used) is None


def test_session_is_marked_as_seen_once_a_minute(ann: User, clock: Any) -> None:
    session = accounts.open_session(ann)
    moments = []
    for _ in range(5):
        clock.tick(30)
        accounts.session_viewer(session)
        moments.append(db.session.scalar(sa.select(UserSession.seen_at)))
    assert [m - START for m in moments if m] == [
        timedelta(seconds=s) for s in (0, 60, 60, 120, 120)
    ]


def test_wrong_present_password_changes_nothing(ann: User) -> None:
    with pytest.raises(Invalid, match="present password"):
        accounts.change_password(accounts.viewer_of(ann), "wrong password", "another good one")
    assert accounts.sign_in("ann", GOOD, "::1") is ann


def test_last_admin_stays(app: Flask) -> None:
    admin = accounts.create_user(SYSTEM, "root", role="admin")
    for change in (
        lambda: accounts.set_role(SYSTEM, admin.uuid, "viewer"),
        lambda: accounts.deactivate(SYSTEM, admin.uuid),
    ):
        with pytest.raises(Conflict, match="only admin"):
            change()
    accounts.create_user(SYSTEM, "second", role="admin")
    accounts.set_role(SYSTEM, admin.uuid, "viewer")
    assert admin.role == "viewer"


def test_first_admin_link_works_once(app: Flask) -> None:
    token = accounts.first_admin_link()
    assert accounts.link_purpose(token) == "first_admin"
    admin = accounts.redeem_link(token, username="Root", password=GOOD)
    assert (admin.role, admin.username) == ("admin", "root")
    assert accounts.sign_in("root", GOOD, "::1") is admin
    assert accounts.link_purpose(token) is None
    with pytest.raises(NotFound):
        accounts.redeem_link(token, username="eve", password=GOOD)
    with pytest.raises(Conflict):
        accounts.first_admin_link()


def test_refused_input_does_not_use_the_link_up(app: Flask) -> None:
    token = accounts.first_admin_link()
    for name, password in (("root", "short"), ("no name", GOOD)):
        with pytest.raises(Invalid):
            accounts.redeem_link(token, username=name, password=password)
    accounts.redeem_link(token, username="root", password=GOOD)


def test_links_end_after_15_minutes_and_when_a_newer_one_is_made(app: Flask, clock: Any) -> None:
    first, second = accounts.first_admin_link(), accounts.first_admin_link()
    assert accounts.link_purpose(first) is None
    clock.tick(timedelta(minutes=15))
    with pytest.raises(NotFound):
        accounts.redeem_link(second, username="root", password=GOOD)


def test_tokens_are_not_kept(app: Flask, ann: User) -> None:
    token = accounts.first_admin_link()
    _, key = accounts.create_key(accounts.viewer_of(ann), "ci", ["dashboard.view"])
    raw = db.session.connection().connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    kept = "\n".join(raw.iterdump())
    assert token not in kept
    assert key not in kept
    assert key.rpartition("_")[2] not in kept
    assert db.session.scalar(sa.select(sa.func.count(SignInLink.id))) == 1


def test_reset_link_sets_a_password_and_ends_sessions(ann: User) -> None:
    session = accounts.open_session(ann)
    token = accounts.reset_link(SYSTEM, ann.uuid)
    accounts.redeem_link(token, password="a brand new phrase")
    assert accounts.session_viewer(session) is None
    assert accounts.sign_in("ann", "a brand new phrase", "::1") is ann


def test_key_may_what_it_and_its_owner_may(ann: User) -> None:
    _, token = accounts.create_key(accounts.viewer_of(ann), "ci", ["dashboard.view", "chart.edit"])
    viewer = accounts.api_viewer(token)
    assert viewer is not None
    assert viewer.permissions == {"dashboard.view", "chart.edit"}
    accounts.set_role(SYSTEM, ann.uuid, "viewer")
    viewer = accounts.api_viewer(token)
    assert viewer is not None
    assert viewer.permissions == {"dashboard.view"}


def test_service_account_may_exactly_its_scopes(app: Flask) -> None:
    robot = accounts.create_user(SYSTEM, "portal", is_service=True)
    _, token = accounts.create_key(SYSTEM, "portal", ["embed.mint"], user=robot.uuid)
    viewer = accounts.api_viewer(token)
    assert viewer is not None
    assert (viewer.kind, viewer.permissions) == ("service", {"embed.mint"})


def test_key_is_never_more_than_its_maker(ann: User) -> None:
    viewer = accounts.viewer_of(ann)
    with pytest.raises(Forbidden):
        accounts.create_key(viewer, "ci", ["user.manage"])
    with pytest.raises(Forbidden):
        accounts.create_key(viewer, "ci", [], user=ann.uuid)
    with pytest.raises(Invalid):
        accounts.create_key(viewer, "ci", ["everything"])


def test_bad_revoked_expired_and_closed_keys_are_nobody(ann: User, clock: Any) -> None:
    viewer = accounts.viewer_of(ann)
    row, revoked = accounts.create_key(viewer, "a", ["dashboard.view"])
    soon = START + timedelta(hours=1)
    _, expired = accounts.create_key(viewer, "b", ["dashboard.view"], expires_at=soon)
    _, good = accounts.create_key(viewer, "c", ["dashboard.view"])
    accounts.revoke_key(viewer, row.uuid)
    clock.tick(timedelta(hours=1))
    for token in (revoked, expired, good[:-1] + "x", good + "x", "", "dap__", "\0"):
        assert accounts.api_viewer(token) is None
    assert accounts.api_viewer(good) is not None
    accounts.deactivate(SYSTEM, ann.uuid)
    assert accounts.api_viewer(good) is None


def test_foreign_keys_do_not_exist_for_others(ann: User) -> None:
    row, _ = accounts.create_key(accounts.viewer_of(ann), "ci", [])
    with pytest.raises(NotFound):
        accounts.revoke_key(accounts.viewer_of(user("bob")), row.uuid)
    assert [k.name for k in accounts.own_keys(accounts.viewer_of(ann))] == ["ci"]


def test_preferences_are_checked_and_kept(ann: User) -> None:
    viewer = accounts.preferences(accounts.viewer_of(ann), zone="Asia/Kolkata", theme="dark")
    assert (viewer.zone, viewer.theme) == ("Asia/Kolkata", "dark")
    for wrong in ({"zone": "Moon/Base"}, {"theme": "pink"}, {"locale": "<b>"}):
        with pytest.raises(Invalid):
            accounts.preferences(viewer, **wrong)


def test_group_membership_counts_from_the_next_request_on(ann: User) -> None:
    session = accounts.open_session(ann)
    group = accounts.create_group(SYSTEM, "EU")
    accounts.add_to_group(SYSTEM, group.uuid, ann.uuid)
    viewer = accounts.session_viewer(session)
    assert viewer is not None
    assert viewer.groups == {group.id}
    accounts.remove_from_group(SYSTEM, group.uuid, ann.uuid)
    assert getattr(accounts.session_viewer(session), "groups", None) == frozenset()


def test_nothing_is_managed_without_the_right(ann: User) -> None:
    viewer = person(ann.id, "editor")
    nobody = UUID(int=0)
    for act in (
        lambda: accounts.users(viewer),
        lambda: accounts.set_role(viewer, ann.uuid, "admin"),
        lambda: accounts.deactivate(viewer, nobody),
        lambda: accounts.reset_link(viewer, nobody),
        lambda: accounts.create_group(viewer, "x"),
        lambda: accounts.add_to_group(viewer, nobody, nobody),
    ):
        with pytest.raises(Forbidden):
            act()


def test_events_tell_who_and_never_secrets(ann: User) -> None:
    change_password(ann)
    accounts.set_role(SYSTEM, ann.uuid, "admin")
    events = list(db.session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id)))
    assert [(e.action, e.actor) for e in events] == [
        ("user.create", "system"), ("user.password", "Ann"), ("user.role", "system"),
    ]  # fmt: skip
    assert events[2].detail == {"before": "editor", "after": "admin"}
    assert {e.object_uuid for e in events} == {ann.uuid}
    with pytest.raises(ValueError, match="password"):
        accounts.audit.record(SYSTEM, "x", password="canary")


def test_zone_falls_back_to_the_servers(ann: User, chosen: Settings) -> None:
    with using(chosen.model_copy(update={"default_zone": "Europe/Paris"})):
        assert accounts.viewer_of(ann).zone == "Europe/Paris"


def test_who_signs_in_makes_nobody_read_the_metadata_anew(app: Flask) -> None:
    accounts.create_user(SYSTEM, "carol", password=GOOD)
    before = db.session.scalar(WORD)
    db.session.commit()
    accounts.sign_in("carol", GOOD, "203.0.113.9")
    session = accounts.open_session(accounts.sign_in("carol", GOOD, "203.0.113.9"))
    assert accounts.session_viewer(session) is not None
    db.session.commit()
    assert db.session.scalar(WORD) == before
