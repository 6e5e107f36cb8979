"""The door's own pages: sign-in, the links that make an admin or a new password, the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.exceptions import BadRequest

from dashapp.errors import AppError, Conflict, Invalid, NotFound, SignInRequired, TooMany
from dashapp.services import accounts
from dashapp.ui.texts import t
from dashapp.web import csrf, failures, redirects, session
from models import User, db

door = Blueprint("door", __name__)

LOCALES = {"en": "English", "de": "Deutsch"}
THEMES = {"auto": "Like the system", "light": "Light", "dark": "Dark"}
LONGEST = 1000


@door.get("/login")
def sign_in_page() -> Response:
    """The sign-in form; people who are signed in go on."""
    if session.by_cookie() is not None:
        return _go(redirects.local(request.args.get("next")))
    return _login({"next": redirects.local(request.args.get("next"))})


@door.post("/login")
def sign_in() -> Response:
    """Open a session. The one that was open in this browser ends."""
    username, password = _field("username"), _field("password")
    target = redirects.local(_field("next", longest=10_000))
    try:
        user = accounts.sign_in(username, password, request.remote_addr or "-")
    except (SignInRequired, TooMany) as error:
        return _login({"next": target, "username": username}, error)
    return _enter(user, target)


@door.get("/logout")
def sign_out_page() -> Response:
    """A button that signs out: a link alone must not."""
    return _page("signout.html", csrf_token=_session_token())


@door.post("/logout")
def sign_out() -> Response:
    """End the session on the server and in the browser."""
    asker = session.current_asker()
    if asker.session_id is not None:
        accounts.close_session(asker.session_id)
    return _leave()


@door.get("/first-admin/<token>")
def first_admin_page(token: str) -> Response:
    """The form that makes the first administrator."""
    return _link_page(token, "first_admin")


@door.post("/first-admin/<token>")
def first_admin(token: str) -> Response:
    """Make the first administrator and sign in."""
    return _redeem(token, "first_admin")


@door.get("/new-password/<token>")
def new_password_page(token: str) -> Response:
    """The form that sets a new password."""
    return _link_page(token, "reset")


@door.post("/new-password/<token>")
def new_password(token: str) -> Response:
    """Set the new password and sign in."""
    return _redeem(token, "reset")


@door.get("/account")
def account_page() -> Response:
    """One's own settings."""
    return _account({}, done=request.args.get("done"))


@door.post("/account")
def account() -> Response:
    """Change one part of the account: preferences, password, or all sessions."""
    action = {"preferences": _preferences, "password": _password, "sessions": _sessions}.get(
        _field("action")
    )
    if action is None:
        raise BadRequest
    try:
        return action()
    except (Invalid, TooMany) as error:
        return _account(request.form, error)


def _preferences() -> Response:
    viewer = session.current_viewer()
    chosen = {name: _field(name) for name in ("name", "zone", "locale", "theme")}
    accounts.preferences(viewer, **chosen)
    return _go("/account?done=preferences")


def _password() -> Response:
    """Every session ends with the old password; this browser gets a new one."""
    if _field("new") != _field("again"):
        fault = "The two new passwords differ."
        raise Invalid(fault, {"again": fault})
    viewer = session.current_viewer()
    try:
        accounts.change_password(viewer, _field("old"), _field("new"))
    except Invalid as error:
        fields = {"new" if name == "password" else name: e for name, e in error.fields.items()}
        raise Invalid(error.message, fields) from error
    user = db.session.get(User, viewer.user_id)
    if user is None:
        raise SignInRequired("Please sign in.")
    return _enter(user, "/account?done=password")


def _sessions() -> Response:
    accounts.close_all(session.current_viewer())
    return _leave()


def _redeem(token: str, purpose: str) -> Response:
    _require_link(token, purpose)
    try:
        if _field("password") != _field("again"):
            fault = "The two passwords differ."
            raise Invalid(fault, {"again": fault})
        user = accounts.redeem_link(
            token,
            password=_field("password"),
            username=_field("username") or None,
            name=_field("name") or None,
            address=request.remote_addr,
        )
    except (Invalid, Conflict) as error:
        return _link_form(purpose, request.form, error)
    return _enter(user, "/")


def _link_page(token: str, purpose: str) -> Response:
    _require_link(token, purpose)
    return _link_form(purpose, {})


def _require_link(token: str, purpose: str) -> None:
    if accounts.link_purpose(token) != purpose:
        raise NotFound("This link was used already, or is too old. Ask for a new one.")


def _link_form(purpose: str, values: Mapping[str, str], error: AppError | None = None) -> Response:
    return _with_door_token("link.html", error, purpose=purpose, values=values)


def _login(values: Mapping[str, str], error: AppError | None = None) -> Response:
    return _with_door_token("login.html", error, values=values)


def _with_door_token(template: str, error: AppError | None, **values: Any) -> Response:
    """A form for somebody without a session: its token is in the page and in a cookie."""
    token = request.cookies.get(csrf.COOKIE, "")
    if not csrf.is_door_token(token):
        token = csrf.door_token()
    response = _page(template, error, csrf_token=token, **values)
    csrf.give(response, token)
    return response


def _account(
    values: Mapping[str, str], error: AppError | None = None, done: str | None = None
) -> Response:
    viewer = session.current_viewer()
    return _page(
        "account.html",
        error,
        viewer=viewer,
        theme=viewer.theme,
        values=values,
        done=done,
        csrf_token=_session_token(),
        zones=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        locales=list(({viewer.locale: viewer.locale} | LOCALES).items()),
        themes=[(key, t(text)) for key, text in THEMES.items()],
    )


def _page(template: str, error: AppError | None = None, **values: Any) -> Response:
    fields = error.fields if isinstance(error, Invalid) else {}
    message = error.message if error else None
    text = render_template(template, message=message, fields=fields, **values)
    return failures.wait(error, Response(text, error.status if error else 200))


def _session_token() -> str:
    return csrf.token_for(str(session.current_asker().session_id))


def _enter(user: User, target: str) -> Response:
    """Sign in with a new session id, so that one known before is worth nothing."""
    if (before := session.cookie_session()) is not None:
        accounts.close_session(before)
    agent = request.user_agent.string[:250]
    response = _go(target)
    session.give(response, accounts.open_session(user, address=request.remote_addr, agent=agent))
    return response


def _leave() -> Response:
    response = _go("/login")
    session.take(response)
    return response


def _go(target: str) -> Response:
    return Response(status=303, headers={"Location": redirect(target).location})


def _field(name: str, longest: int = LONGEST) -> str:
    """One field of the form. BadRequest if it comes twice or is absurdly long."""
    values = request.form.getlist(name)
    if len(values) > 1 or any(len(value) > longest for value in values):
        raise BadRequest
    return values[0] if values else ""
