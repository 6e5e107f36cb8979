"""Remembers what follows from objects that never change, by which objects they are.

Equality would not do: 1, 1.0 and true are equal, and so are questions that hold them, but their
keys differ.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """The `most` values used last. The objects are held, so that no other takes their place."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[tuple[object, ...], T]] = OrderedDict()

    def get(self, objects: tuple[object, ...], more: Hashable, make: Callable[[], T]) -> T:
        """What `make` answers for these very objects and `more`; errors are not remembered."""
        name = (*map(id, objects), more)
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
                return found[1]
        made = make()
        with self._lock:
            self._kept[name] = (objects, made)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
