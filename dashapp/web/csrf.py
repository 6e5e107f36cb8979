"""Requests that change something must come from our own pages.

Two independent checks: the Origin header, and a token that only our pages can read. The token is
bound to the session by a key; on the sign-in page to a random word in the same cookie.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Request, Response

from dashapp.errors import Forbidden
from dashapp.settings import settings
from dashapp.signing import mac, same

COOKIE = "_csrf_token"  # Dash's renderer reads this cookie and sends the header.
HEADER = "X-CSRFToken"
FIELD = "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def token_for(session_id: str) -> str:
    """The token of a session."""
    return mac("csrf", session_id)


def door_token() -> str:
    """A token for somebody without a session."""
    word = secrets.token_urlsafe(16)
    return f"{word}.{mac('door', word)}"


def is_door_token(token: str) -> bool:
    """Whether `token` is one of ours."""
    word, _, signature = token.partition(".")
    return bool(word) and same(signature, mac("door", word))


def check_origin(request: Request) -> None:
    """Forbidden if another site sent this request."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("This request came from another site.")
    origin = request.headers.get("Origin")
    if origin is None and (referrer := request.headers.get("Referer")):
        parts = urlsplit(referrer)
        origin = f"{parts.scheme}://{parts.netloc}"
    if origin is not None and origin not in own_origins(request):
        raise Forbidden("This request came from another site.")


def own_origins(request: Request) -> set[str]:
    """The origins of our own pages: as configured, and as this request was addressed."""
    own = {f"{request.scheme}://{request.host}"}
    if base := settings().base_url:
        parts = urlsplit(base)
        own.add(f"{parts.scheme}://{parts.netloc}")
    return own


def check_token(request: Request, session_id: str | None) -> None:
    """Forbidden without the token of the session, or of the sign-in page's cookie."""
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if session_id is not None:
        is_right = same(sent, token_for(session_id))
    else:
        cookie = request.cookies.get(COOKIE, "")
        is_right = is_door_token(sent) and same(sent, cookie)
    if not is_right:
        raise Forbidden("This page is too old to send that. Reload it and try again.")


def give(response: Response, token: str) -> None:
    """Set the cookie that our pages read the token from."""
    response.set_cookie(
        COOKIE, token, secure=settings().is_https, samesite="Lax", path="/", httponly=False
    )
