"""Sketches of columns: the constants, and what they are made of where a database has no functions.

A count of different values is sketched by the least hash in each of many registers, a median by
the number of values in bins whose edges grow by a constant factor. `dashapp.query.sketches` tells
how both are read.
"""

from __future__ import annotations

import math
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

REGISTER_BITS: Final = 11
REGISTERS: Final = 1 << REGISTER_BITS
HASH_BITS: Final = 32  # Of the part of a hash that is compared within its register.
HASHES: Final = 1 << HASH_BITS
ACCURACY: Final = 0.01  # Most that a bin's value differs from those in it, relatively.
GROWTH: Final = (1 + ACCURACY) / (1 - ACCURACY)  # Each bin's edge times this is the next one's.
ZERO: Final = 1e-300  # What is smaller is zero.
OFFSET: Final = 40_000  # Bins of positive numbers are above it, of negative ones below minus it.


def register(value: Any) -> int | None:
    """The register that a value belongs to; None for an empty one."""
    return None if value is None else _hashed(value) & (REGISTERS - 1)


def least_hash(value: Any) -> int | None:
    """The part of a value's hash that is compared within its register; None for an empty one."""
    return None if value is None else (_hashed(value) >> REGISTER_BITS) & (HASHES - 1)


def log_bin(value: Any) -> int | None:
    """The bin of a number: 0 for zero, negative for negative ones, in the order of numbers."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    size = abs(float(value))
    if size < ZERO:
        return 0
    place = OFFSET + math.ceil(math.log(size) * (1 / math.log(GROWTH)))
    return place if value > 0 else -place


@lru_cache(maxsize=4096)
def _hashed(value: Any) -> int:
    """64 bits; of equal values (1 and 1.0) equal ones."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    kind = b"t" if isinstance(value, str) else b"b" if isinstance(value, bytes) else b"n"
    return int.from_bytes(blake2b(kind + plain, digest_size=8).digest(), "big")
