"""Whose turn it is at a database: priorities, fair shares, and a bound on queries at once.

The same order holds for threads that ask and for slots of a database. Interactive goes before
warming, warming before scheduled; of one priority, the person with the fewest under way is next,
then who was served longest ago, then who waits longest. Background work never takes the last
place, so that a click always finds room.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Priority = Literal["interactive", "warming", "scheduled"]
RANKS: dict[Priority, int] = {"interactive": 0, "warming": 1, "scheduled": 2}
MOST_REMEMBERED = 1000  # People whose last turn is remembered.
T = TypeVar("T")


@dataclass(frozen=True)
class Turn:
    """For whom something is asked (None: nobody in particular), and how urgent it is."""

    person: str | None = None
    priority: Priority = "interactive"

    @property
    def is_background(self) -> bool:
        """Whether nobody looks at a page that waits for it."""
        return self.priority != "interactive"


ANYBODY = Turn()


@dataclass(eq=False)
class Place(Generic[T]):
    """A place in the line, and later among those under way."""

    item: T
    turn: Turn
    number: int
    is_up: bool = False
    is_urged: bool = False

    @property
    def rank(self) -> int:
        """0 goes first."""
        return 0 if self.is_urged else RANKS[self.turn.priority]


class Line(Generic[T]):
    """Who waits and who is under way; not safe between threads by itself."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.waiting: list[Place[T]] = []
        self.free = count
        self._background = 0
        self._under_way: Counter[str | None] = Counter()
        self._served: dict[str | None, int] = {}
        self._numbers = itertools.count(1)

    def join(self, item: T, turn: Turn) -> Place[T]:
        """Wait for a turn."""
        place = Place(item, turn, next(self._numbers))
        self.waiting.append(place)
        return place

    def call(self) -> Place[T] | None:
        """Who is next, now under way; None while nobody may."""
        able = [place for place in self.waiting if self._may(place)]
        if not able:
            return None
        place = min(able, key=self._order)
        self.waiting.remove(place)
        place.is_up = True
        self.free -= 1
        self._background += place.turn.is_background
        person = place.turn.person
        self._under_way[person] += 1
        if len(self._served) >= MOST_REMEMBERED:
            self._served.clear()
        self._served[person] = next(self._numbers)
        return place

    def leave(self, place: Place[T]) -> None:
        """Give up waiting, or end one's turn."""
        if not place.is_up:
            self.waiting.remove(place)
            return
        self.free += 1
        self._background -= place.turn.is_background
        person = place.turn.person
        self._under_way[person] -= 1
        if not self._under_way[person]:
            del self._under_way[person]

    def _may(self, place: Place[T]) -> bool:
        if self.free <= 0:
            return False
        is_back = place.turn.is_background and not place.is_urged
        return not is_back or self._background < max(1, self.count - 1)

    def _order(self, place: Place[T]) -> tuple[int, int, int, int]:
        person = place.turn.person
        return place.rank, self._under_way[person], self._served.get(person, 0), place.number
