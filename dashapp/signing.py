"""Signed texts for cookies, tickets and tokens: one key per purpose, derived from the secret key.

A text signed for one purpose is worthless for every other.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import Any, Literal

from itsdangerous import BadData, URLSafeTimedSerializer

from dashapp.settings import settings

Purpose = Literal["session", "door", "csrf", "ticket", "guest", "handles"]


def sign(purpose: Purpose, value: Any) -> str:
    """`value` (JSON types) as URL-safe text with the time and a signature."""
    return _serializer(purpose).dumps(value)


def unsign(purpose: Purpose, text: str, *, age_s: int | None = None) -> Any:
    """What was signed for `purpose` at most `age_s` seconds ago; None for anything else."""
    try:
        return _serializer(purpose).loads(text, max_age=age_s)
    except BadData:
        return None


def mac(purpose: Purpose, text: str) -> str:
    """A keyed fingerprint of `text`, 64 hex digits."""
    return hmac.digest(_mac_key(purpose, settings().key), text.encode(), "sha256").hex()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())


@lru_cache(maxsize=64)
def _mac_key(purpose: Purpose, key: str) -> bytes:
    return hmac.digest(key.encode(), f"dashapp.mac.{purpose}".encode(), "sha256")


def _serializer(purpose: Purpose) -> URLSafeTimedSerializer:
    chosen = settings()
    earlier = tuple(key.get_secret_value() for key in reversed(chosen.old_secret_keys))
    return _made(purpose, (*earlier, chosen.key))


@lru_cache(maxsize=64)
def _made(purpose: Purpose, keys: tuple[str, ...]) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        list(keys),
        salt=f"dashapp.{purpose}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
