"""Keys of a layout made from Superset's ids."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 64
_ODD = re.compile(r"[^A-Za-z0-9_-]")


class Keys:
    """Gives every id a key of its own; the same ids in the same order give the same keys."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self.of: dict[str, str] = {}

    def give(self, name: str) -> str:
        """A new key for an id, like it where that may be."""
        wanted = _ODD.sub("-", name)[:MOST] or "item"
        key, count = wanted, 1
        while key in self._taken:
            count += 1
            key = f"{wanted[: MOST - 5]}-{count}"
        self._taken.add(key)
        self.of.setdefault(name, key)
        return key
