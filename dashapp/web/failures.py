"""Errors as answers: a page for people, JSON for programs, never a trace."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from dash.exceptions import DependencyException, InvalidResourceError, PreventUpdate
from flask import Flask, Response, g, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from dashapp.errors import AppError, Invalid, SignInRequired, TooMany, Unexpected
from dashapp.permissions import discreet
from dashapp.web.routes import ROUTES

logger = logging.getLogger(__name__)

TITLES = {
    400: "That request makes no sense",
    401: "Please sign in",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not possible here",
    413: "Too much",
    415: "Wrong kind of content",
    429: "Too many tries",
}
SENTENCES = {
    400: "The server did not understand this request.",
    404: "There is nothing here, or you may not see it.",
    405: "This address does not do that.",
    413: "This is more than the server takes in one piece.",
    415: "The server does not take this kind of content.",
}
CODES = {400: "malformed", 404: "not_found", 413: "too_large", 415: "wrong_content_type"}


def install(app: Flask) -> None:
    """Answer every error ourselves. Call after Dash put in its own handlers."""
    app.register_error_handler(AppError, refusal)
    app.register_error_handler(HTTPException, http_error)
    for unknown_file in (DependencyException, InvalidResourceError):
        app.register_error_handler(unknown_file, lambda _error: answer(404))
    app.register_error_handler(PreventUpdate, lambda _error: Response(status=204))
    app.register_error_handler(Exception, bug)


def refusal(error: AppError) -> Response:
    """An AppError; people who are not signed in are sent to the sign-in page."""
    if isinstance(error, SignInRequired) and goes_to_sign_in():
        target = quote(request.full_path.rstrip("?"), safe="")
        return _plain(redirect(f"/login?next={target}"))
    if (asker := g.get("asker")) is not None:
        error = discreet(asker.viewer, error)
    fields = error.fields if isinstance(error, Invalid) else {}
    return wait(error, answer(error.status, error.message, error.code, fields))


def wait(error: AppError | None, response: Response) -> Response:
    """Say after how many seconds to try again, where that is the reason."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.detail.get("retry_after_s", 60))
    return response


def http_error(error: HTTPException) -> Response:
    """An error of the web framework; its text is replaced by ours, redirects pass."""
    if error.response is not None or error.code is None or error.code < 400:
        return _plain(error.get_response())
    response = answer(error.code)
    if allow := dict(error.get_headers()).get("Allow"):
        response.headers["Allow"] = allow
    return response


def bug(_error: Exception) -> Response:
    """Anything else is a bug: all of it into the log, the id to the person."""
    request_id = g.get("request_id", "-")
    logger.exception("Request failed, id %s", request_id)
    failure = Unexpected(request_id)
    return answer(failure.status, failure.message, failure.code)


def answer(
    status: int, message: str | None = None, code: str = "", fields: dict[str, str] | None = None
) -> Response:
    """An error as JSON or as a page in our theme."""
    message = message or SENTENCES.get(status, "The server cannot do this.")
    request_id = g.get("request_id", "-")
    if not is_page():
        error: dict[str, Any] = {
            "code": code or CODES.get(status, "error"),
            "message": message,
            "fields": fields or {},
            "request_id": request_id,
        }
        response = jsonify({"error": error})
    else:
        asker = g.get("asker")
        page = render_template(
            "error.html",
            title=TITLES.get(status, "Something went wrong"),
            message=message,
            status=status,
            request_id=request_id,
            is_embedded=is_embedded(),
            origins=str(g.get("ancestors", "")).split(),
            theme=asker.viewer.theme if asker else "auto",
        )
        response = Response(page)
    response.status_code = status
    return response


def is_page() -> bool:
    """Whether a person looks at the answer, rather than a program."""
    rule = request.url_rule.rule if request.url_rule else request.path
    route = ROUTES.get(rule)
    if (route and route.is_json) or request.path.startswith(("/api/", "/_")):
        return False
    if request.method not in ("GET", "HEAD") and not request.form:
        return False
    accepts = request.accept_mimetypes
    return accepts.accept_html or not accepts.accept_json


def is_embedded() -> bool:
    """Whether the page stands in somebody else's page."""
    return request.path.startswith("/embed/")


def goes_to_sign_in() -> bool:
    """Whether the sign-in page is the answer to somebody unknown."""
    return request.method in ("GET", "HEAD") and is_page() and not is_embedded()


def _plain(response: Any) -> Response:
    """Werkzeug's response as Flask's."""
    return Response(response.get_data(), response.status_code, response.headers)
