"""A failed build, told to those who waited for it and to who asks the same right after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dashapp.cache.seal import seal, unseal
from dashapp.cache.store import Shared
from dashapp.errors import AppError, Invalid

LIFE_S = 3.0
OUTCOME = "outcome:"


@dataclass(frozen=True)
class Failure:
    """How a flight ended without a shared answer: an error, or (None) an answer too large to share."""

    flight: str
    error: AppError | None


class Failures:
    """Short-lived notes beside the answers, sealed like them."""

    def __init__(self, shared: Shared, secret: bytes) -> None:
        self._shared = shared
        self._secret = secret

    def note(self, key: str, flight: str, error: AppError | None) -> None:
        """Tell others for three seconds how the flight ended."""
        name = OUTCOME + key
        about = {"flight": flight, "error": _described(error) if error else None}
        self._shared.write(name, seal(self._secret, name, json.dumps(about).encode()), LIFE_S)

    def look(self, key: str) -> Failure | None:
        """How the last flight of `key` failed, if that is less than three seconds ago."""
        name = OUTCOME + key
        sealed = self._shared.read([name])[0]
        payload = unseal(self._secret, name, sealed) if sealed is not None else None
        if payload is None:
            return None
        about = json.loads(bytes(payload))
        return Failure(about["flight"], _rebuilt(about["error"]) if about["error"] else None)


def again(error: AppError) -> AppError:
    """The same error as a new object, to be raised in another thread."""
    return _rebuilt(_described(error))


def _described(error: AppError) -> dict[str, Any]:
    fields = error.fields if isinstance(error, Invalid) else {}
    about = {"code": error.code, "message": error.message, "fields": fields}
    return {**about, "detail": json.loads(json.dumps(error.detail, default=str))}


def _rebuilt(about: dict[str, Any]) -> AppError:
    kind = {k.code: k for k in _kinds(AppError)}.get(about["code"], AppError)
    error = kind(about["message"], **about["detail"])
    if isinstance(error, Invalid):
        error.fields = dict(about["fields"])
    return error


def _kinds(base: type[AppError]) -> Iterator[type[AppError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)
