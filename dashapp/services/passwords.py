"""Passwords: rules for choosing one, hashing, and checking in a time that tells nothing."""

from __future__ import annotations

import secrets
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dashapp.errors import Invalid

MIN_CHARS = 10
MAX_CHARS = 1000
MIN_DISTINCT = 5
# argon2id with OWASP's parameters: 19 MiB, so that many sign-ins at once fit into memory.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# The worst of those that are long enough; what is only repeated or counted up falls to a rule.
WORST = frozenset(
    {
        "1q2w3e4r5t", "1qaz2wsx3edc", "adminadmin", "administrator", "changeme123", "dashapp123",
        "dashboard1", "iloveyou123", "letmein123", "password01", "password11", "password12",
        "password123", "password1234", "passw0rd123", "p@ssw0rd123", "p@ssword123", "qwerty1234",
        "qwerty12345", "qwertyuiop", "qwertyuiop1", "welcome123", "welcome1234", "zaq12wsxcde3",
    }
)  # fmt: skip
RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "98765432109876543210")


def require_good(password: str, *names: str | None) -> None:
    """Raise Invalid unless the password is fit for a person called `names`."""
    fault = _fault(password, [name for name in names if name])
    if fault:
        raise Invalid(fault, {"password": fault})


def _fault(password: str, names: list[str]) -> str | None:
    plain = password.casefold()
    if len(password) < MIN_CHARS:
        return f"Use at least {MIN_CHARS} characters."
    if len(password) > MAX_CHARS:
        return f"Use at most {MAX_CHARS} characters."
    if any(plain in (n.casefold(), n.casefold()[::-1], n.casefold() * 2) for n in names):
        return "The password must not be your name."
    if plain in WORST or any(plain in run for run in RUNS) or len(set(plain)) < MIN_DISTINCT:
        return "This password is among the first that others would try."
    return None


def hashed(password: str) -> str:
    """The password's argon2id hash, for keeping."""
    return HASHER.hash(_bytes(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed.

    Without a hash (nobody of that name) it takes as long, and is false.
    """
    try:
        known = HASHER.verify(password_hash or _decoy(), _bytes(password[:MAX_CHARS]))
    except (VerificationError, InvalidHashError):
        return False
    return known and password_hash is not None and len(password) <= MAX_CHARS


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return HASHER.check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return hashed(secrets.token_urlsafe())


def _bytes(password: str) -> bytes:
    # The same characters can be typed in several ways; lone surrogates must not raise.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
