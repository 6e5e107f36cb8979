"""The door before every route, Dash's own included: nothing passes that is not listed.

Order: host, odd characters, who asks, origin and token of what changes something.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from dashapp.errors import Malformed, SignInRequired
from dashapp.services import embed
from dashapp.settings import LOOPBACK, settings
from dashapp.ui import texts
from dashapp.web import csrf, headers, session, statics
from dashapp.web.pages import Pages
from dashapp.web.routes import ANYONE, GUESTS, PEOPLE, ROUTES, Access, Route

BODY_BYTES = 4 * 1024 * 1024
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
HEALTH = "/health"
STRANGE_HOST = (
    "This server does not go by that name. An administrator can add it to DASHAPP_ALLOWED_HOSTS."
)
PAGE_RULES = frozenset({"/", "/<path:path>"})


def install(app: Flask, pages: Pages) -> None:
    """Put the guard before every request. Call before Dash gets the server."""
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_BYTES
    app.before_request(lambda: check(pages))
    app.after_request(finish)


def check(pages: Pages) -> None:
    """Refuse the request, or let it through with its viewer in `g.asker`."""
    g.request_id = secrets.token_hex(8)
    texts.use(settings().default_locale)
    if request.path != HEALTH:  # Load balancers ask by address.
        check_host()
    check_text()
    route = ROUTES.get(request.url_rule.rule) if request.url_rule else None
    access = access_of(route, pages)
    if access is not ANYONE:
        try:
            asker = session.identify(access)
        except embed.TokenExpired as error:
            headers.frame_by(error.origins)  # So that the page it was for can say so.
            raise
        if asker is None:
            raise SignInRequired("Please sign in.")
        admit(asker)
    if request.method not in csrf.SAFE_METHODS:
        check_change(route)


def admit(asker: session.Asker) -> None:
    """Remember who asks, and who may frame the answer."""
    g.asker = asker
    texts.use(asker.viewer.locale)
    if asker.guest is not None:
        headers.frame_by(asker.guest.origins)


def access_of(route: Route | None, pages: Pages) -> Access:
    """Who may pass here. What is not listed is for people who are signed in."""
    if route is None:
        return PEOPLE
    if route.rule in PAGE_RULES:
        match = pages.match(request.path)
        is_embedded = match is not None and match.page.embedded
        return GUESTS if is_embedded or request.path.startswith("/embed/") else PEOPLE
    return route.access


def check_host() -> None:
    """Malformed for a Host header that is not ours."""
    try:
        parts = urlsplit(f"//{request.host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise Malformed(STRANGE_HOST) from None
    if parts.username or parts.path or not ({name, f"{name}:{port}"} & own_hosts()):
        raise Malformed(STRANGE_HOST)


def own_hosts() -> set[str]:
    """The host names requests may carry, in lower case."""
    chosen = settings()
    if chosen.allowed_hosts:
        return {host.lower() for host in chosen.allowed_hosts}
    base = urlsplit(chosen.base_url or "").hostname
    return {base} if base else {*LOOPBACK, chosen.host}


def check_text() -> None:
    """BadRequest for NUL in path or query, which no page sends and some databases choke on."""
    if "\0" in request.path or b"%00" in request.query_string:
        raise BadRequest


def check_change(route: Route | None) -> None:
    """Refuse a change that does not come from our own page."""
    asker = g.get("asker")
    if asker is not None and asker.by == "key":
        check_json()
        return
    csrf.check_origin(request)
    if route is not None and route.is_json:
        check_json()
    elif any("\0" in value for value in request.form.values()):
        raise BadRequest
    if asker is not None and asker.by == "guest":
        return  # No cookie made this request a guest's, so no other site could have.
    csrf.check_token(request, str(asker.session_id) if asker else None)


def check_json() -> None:
    """UnsupportedMediaType unless the body says it is JSON; BadRequest for NUL in it."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    if NUL.search(request.get_data()):
        raise BadRequest


def finish(response: Response) -> Response:
    """Headers on every answer; no cookie ever on one for a guest."""
    headers.add(response)
    asker = g.get("asker")
    is_guest = asker is not None and asker.by == "guest"
    if is_guest or request.path.startswith("/embed/") or statics.is_static(request.path):
        response.headers.pop("Set-Cookie", None)
    elif asker is not None and asker.by == "session" and response.mimetype == "text/html":
        keep_token(response, str(asker.session_id))
    return response


def keep_token(response: Response, session_id: str) -> None:
    """Give the page its token again if the browser lost or never had it."""
    token = csrf.token_for(session_id)
    if not response.headers.getlist("Set-Cookie") and request.cookies.get(csrf.COOKIE) != token:
        csrf.give(response, token)
