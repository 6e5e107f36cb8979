"""What this process remembers of the metadata database, as long as nobody changed anything there.

The word of `models.revision` is read with every request, so a change holds with the next one, in
every process. What depends on the time of day is never remembered.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, Generic, TypeVar
from uuid import UUID

from models import db
from models.revision import is_moving, word

T = TypeVar("T")

OLDEST_S = 60  # What somebody changed past this program, by SQL of their own, holds by then.
_READ = "dashapp.word"
_all: weakref.WeakSet[Remembered[Any]] = weakref.WeakSet()


class Remembered(Generic[T]):
    """The `most` values used last; each is right under the word that it was made under.

    Values are shared by threads and viewers and never changed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[UUID, float, T]] = OrderedDict()
        _all.add(self)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`; made anew after any change, and after `OLDEST_S`."""
        now = current()
        if now is None:
            return make()
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
        if found is not None and found[0] == now and monotonic() - found[1] < OLDEST_S:
            return found[2]
        began = monotonic()
        db.session.expire_all()  # What this session saw before may be older than the word.
        made = make()
        with self._lock:
            self._kept[key] = (now, began, made)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Start anew."""
        with self._lock:
            self._kept.clear()


def forget() -> None:
    """Forget all that this process remembers (tests)."""
    for one in list(_all):
        one.forget()


def told(found: UUID | None) -> None:
    """Note the word that was read along with something else: it serves the next `current`."""
    db.session.info[_READ] = found


def current() -> UUID | None:
    """The word now; None while the session itself is changing something.

    It is read with a statement, unless it was just read along with the session of the request.
    """
    found: UUID | None = db.session.info.pop(_READ, None)
    if found is not None and not is_moving(db.session):
        return found
    return word(db.session)
