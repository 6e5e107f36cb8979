"""Bytes that only we can have written, bound to the name they are kept under."""

from __future__ import annotations

import hmac
from hashlib import sha256

MAGIC = b"DASHAPP1"
HEAD_BYTES = len(MAGIC) + sha256().digest_size
Payload = bytes | memoryview


def derived_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose; keys of different purposes tell nothing of each other."""
    return hmac.digest(secret.encode(), b"dashapp/" + purpose.encode(), "sha256")


def seal(key: bytes, name: str, payload: Payload) -> bytes:
    """`payload` with a head that proves who wrote it and for which `name`."""
    return b"".join((MAGIC, _mac(key, name, payload), payload))


def unseal(key: bytes, name: str, sealed: bytes) -> memoryview | None:
    """The payload of `sealed`; None when it is broken, foreign or meant for another name."""
    view = memoryview(sealed)
    if len(view) < HEAD_BYTES or view[: len(MAGIC)] != MAGIC:
        return None
    payload = view[HEAD_BYTES:]
    mac = bytes(view[len(MAGIC) : HEAD_BYTES])
    return payload if hmac.compare_digest(mac, _mac(key, name, payload)) else None


def head(sealed: bytes) -> bytes:
    """The first bytes of `sealed`: equal heads mean equal content."""
    return sealed[:HEAD_BYTES]


def _mac(key: bytes, name: str, payload: Payload) -> bytes:
    encoded = name.encode()
    mac = hmac.new(key, len(encoded).to_bytes(8, "big") + encoded, sha256)
    mac.update(payload)
    return mac.digest()
