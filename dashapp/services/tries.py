"""Limits on tries per minute, shared by all processes; in this one alone when sharing fails."""

from __future__ import annotations

import hashlib

from dashapp.cache import flags
from dashapp.errors import TooMany

WINDOW_S = 60


def spend(subject: str, limit: int) -> None:
    """Count a try of the subject before it is made. Raises TooMany beyond `limit` a minute.

    Tries made at the same moment are counted too; `forgive` those that succeed.
    """
    if flags().increment(_key(subject), WINDOW_S) > limit:
        raise _too_many()


def forgive(subject: str) -> None:
    """Start the count of a subject anew."""
    flags().clear(_key(subject))


def require_open(subject: str) -> None:
    """Raise TooMany when the subject failed too often; successes do not count."""
    if flags().has(f"{_key(subject)}.closed"):
        raise _too_many()


def failed(subject: str, limit: int) -> None:
    """Count a failure; after `limit` within a minute the subject is closed for a minute."""
    if flags().increment(_key(subject), WINDOW_S) >= limit:
        flags().set(f"{_key(subject)}.closed", WINDOW_S)


def _too_many() -> TooMany:
    return TooMany("Too many tries. Wait a minute, then try again.", retry_after_s=WINDOW_S)


def _key(subject: str) -> str:
    # Names and addresses come from outside: any length, any characters.
    return f"tries.{hashlib.sha256(subject.encode('utf-8', 'surrogatepass')).hexdigest()}"
