"""Who asks: the viewer of the current request, from a session, a guest token or an API key.

The cookie holds a signed random session id and nothing else; the session is a row on the server,
read with every request, so it ends within one request of a new password, role or account state.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SessionInterface
from flask_login import LoginManager, UserMixin

from dashapp.errors import SignInRequired
from dashapp.services import accounts, embed
from dashapp.settings import settings
from dashapp.signing import sign, unsign
from dashapp.viewer import Viewer
from dashapp.web import csrf
from dashapp.web.routes import Access, Identity

GUEST_HEADER = "X-Guest-Token"
GUEST_PARAMETER = "guest_token"


@dataclass(frozen=True)
class Asker:
    """The viewer of a request and how it was identified.

    `session_id` is set for people in a browser, `guest` for guests.
    """

    viewer: Viewer
    by: Identity
    session_id: UUID | None = None
    guest: embed.Guest | None = None


class Person(UserMixin):  # type: ignore[misc]
    """The viewer as flask-login's `current_user`."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def get_id(self) -> str:
        """The user's number."""
        return str(self.viewer.user_id)


class NoSession(SessionInterface):
    """Flask's own session stays empty: nothing is ever kept in the cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """An empty session."""
        return SecureCookieSession()

    def save_session(self, app: Flask, session: object, response: Response) -> None:
        """Nothing is saved."""


def install(app: Flask) -> None:
    """Make `flask_login.current_user` the viewer, and Flask's own session powerless."""
    app.session_interface = NoSession()
    login = LoginManager()
    login.session_protection = None
    login.request_loader(lambda _request: Person(g.asker.viewer) if "asker" in g else None)
    login.init_app(app)


def current_viewer() -> Viewer:
    """Who asks. SignInRequired where nobody is signed in."""
    return current_asker().viewer


def current_asker() -> Asker:
    """Who asks, and how we know. SignInRequired where nobody is signed in."""
    asker = g.get("asker")
    if not isinstance(asker, Asker):
        raise SignInRequired("Please sign in.")
    return asker


def identify(access: Access) -> Asker | None:
    """Find out who asks, by the means that `access` allows; None if nobody.

    One means counts: an API key before a guest token before a cookie. A key or token that is
    wrong, or not allowed here, is refused and never falls back to the cookie.
    """
    if header := request.headers.get("Authorization"):
        return _by_key(header, access)
    token = request.headers.get(GUEST_HEADER)
    if token is None and "guest" in access and "session" not in access:
        token = request.args.get(GUEST_PARAMETER)
    if token is not None:
        if "guest" not in access:
            raise SignInRequired("A guest token is not accepted here.")
        guest = embed.admit(token)
        return Asker(guest.viewer, "guest", guest=guest)
    return by_cookie() if "session" in access else None


def _by_key(header: str, access: Access) -> Asker:
    scheme, _, token = header.partition(" ")
    if "key" not in access or scheme.lower() != "bearer":
        raise SignInRequired("An API key is not accepted here.")
    viewer = accounts.api_viewer(token.strip())
    if viewer is None:
        raise SignInRequired("This API key is not valid.")
    return Asker(viewer, "key")


def by_cookie() -> Asker | None:
    """Who is signed in in this browser; None if nobody."""
    session_id = cookie_session()
    viewer = None if session_id is None else accounts.session_viewer(session_id)
    return None if viewer is None else Asker(viewer, "session", session_id=session_id)


def cookie_name() -> str:
    """Name of the session cookie; on https the browser holds it to this host."""
    return "__Host-dashapp" if settings().is_https else "dashapp"


def cookie_session() -> UUID | None:
    """The session id in the request's cookie, if we signed it."""
    text = request.cookies.get(cookie_name())
    value = unsign("session", text, age_s=settings().session_hours * 3600) if text else None
    return UUID(value) if isinstance(value, str) else None


def give(response: Response, session_id: UUID) -> None:
    """Set the cookies of a session that just began."""
    response.set_cookie(
        cookie_name(),
        sign("session", str(session_id)),
        max_age=settings().session_hours * 3600,
        secure=settings().is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    csrf.give(response, csrf.token_for(str(session_id)))


def take(response: Response) -> None:
    """Remove the cookies of a session."""
    response.delete_cookie(
        cookie_name(), path="/", secure=settings().is_https, httponly=True, samesite="Lax"
    )
    response.delete_cookie(csrf.COOKIE, path="/")


def subject() -> str:
    """A stable name of who asks: to nobody else belong the background jobs they started."""
    viewer = current_viewer()
    if viewer.is_guest:
        return f"guest {embed.fingerprint(viewer)}"
    return f"{viewer.kind} {viewer.user_id}"
