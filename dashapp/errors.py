"""Errors whose message is a sentence for the person who reads it.

Raise them where the fact is known; doors (pages, REST, CLI, worker) translate them once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class AppError(Exception):
    """A refusal that a person can understand; everything else is a bug.

    `message` is a sentence for the reader, `code` a stable slug, `status` the HTTP status,
    `detail` data for the door (JSON types only).
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail: dict[str, Any] = detail


class NotFound(AppError):
    """There is no such object, or the viewer may not see it."""

    code, status = "not_found", 404


class Forbidden(AppError):
    """The viewer sees the object but may not do this."""

    code, status = "forbidden", 403


class SignInRequired(AppError):
    """Nobody is signed in, or the session ended."""

    code, status = "sign_in_required", 401


class Invalid(AppError):
    """Input is wrong; `fields` maps a field's path to what is wrong with it."""

    code, status = "invalid", 422

    def __init__(self, message: str, fields: Mapping[str, str] | None = None, **detail: Any):
        super().__init__(message, **detail)
        self.fields: dict[str, str] = dict(fields or {})


class Misdefined(Invalid):
    """What somebody defined (a chart, dataset or rule) makes no sense; the message names its parts."""

    code = "misdefined"


class Conflict(AppError):
    """Somebody else saved first; the newer version is in `detail`."""

    code, status = "conflict", 412


class TooMany(AppError):
    """A limit on tries or on concurrent work is reached."""

    code, status = "too_many", 429


class QueryFailed(AppError):
    """The warehouse refused the query; the sentence says why."""

    code, status = "query_failed", 422


class QueryTimeout(QueryFailed):
    """The query ran longer than it may."""

    code, status = "query_timeout", 504


class QueryCancelled(QueryFailed):
    """Somebody cancelled the query."""

    code, status = "query_cancelled", 409


class QueryTooCostly(QueryFailed):
    """The database expects more work than a query may make; `cost`, `most`, `unit` in `detail`."""

    code, status = "query_too_costly", 422


class ResultTooLarge(QueryFailed):
    """The answer has more rows or bytes than allowed."""

    code, status = "result_too_large", 413


class WarehouseDown(QueryFailed):
    """The warehouse cannot be reached."""

    code, status = "warehouse_down", 503


class Malformed(Invalid):
    """Input of a type that no page of ours sends; answered as 400, never shown in a card."""

    code, status = "malformed", 400


class Unexpected(AppError):
    """A bug: what happened is in the log under `detail["request_id"]`, not in the message."""

    code, status = "unexpected", 500

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Something went wrong on the server (id {request_id}).")
        self.detail["request_id"] = request_id
