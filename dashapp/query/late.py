"""Older answers of slow and failing databases: shown at once with their age, and asked again once.

An answer is *late* when it is past its age but still kept, and its database took long for it the
last time, timed out on it, or could not be reached within the last minute. One process of all asks
again in the background; who asks then gets the new answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dashapp import cache
from dashapp.cache import Entry
from dashapp.cache.store import Rung
from dashapp.errors import AppError, QueryTimeout, WarehouseDown
from dashapp.query.plan import Need

SLOW_S = 2.0
DOWN_S = 60  # So long a failure is remembered.
AGAIN_S = 15  # A refresh that failed or died is tried again after this.
_DOWN, _REFRESH = "down:", "refresh:"
Asking = Callable[[Need], None]


def note(need: Need, error: AppError) -> None:
    """Remember that a database could not be reached, or took too long for an answer."""
    if isinstance(error, WarehouseDown):
        cache.flags().set(f"{_DOWN}{need.source.database.uuid}", DOWN_S)
    elif isinstance(error, QueryTimeout):
        cache.flags().set(_DOWN + need.key, DOWN_S)


def served(needs: Sequence[Need], ask: Asking) -> dict[str, tuple[Entry, Rung]]:
    """Late answers of those needs that take one; `ask` is told to ask for each of them again.

    Only one call among all processes is told so per answer, until it is `done`.
    """
    able = [n for n in needs if n.context.may_be_late and not n.context.force and n.max_age_s > 0]
    if not able:
        return {}
    kept = cache.results().get_many({need.key: float("inf") for need in able})
    found: dict[str, tuple[Entry, Rung]] = {}
    for need in able:
        old = kept.get(need.key)
        why = _why(need, old.entry) if old else ""
        if old is None or not why:
            continue
        found[need.key] = replace(old.entry, late=why), old.rung
        if cache.flags().increment(_REFRESH + need.key, AGAIN_S) == 1:
            ask(in_background(need))
    return found


def in_background(need: Need) -> Need:
    """The same for nobody in particular, after all who wait."""
    context = replace(
        need.context, person=None, priority="warming", query_id=None, page=None, sequence=None,
        may_be_late=False,
    )  # fmt: skip
    return replace(need, context=context, askers=frozenset())


def done(need: Need) -> None:
    """The new answer is there."""
    cache.flags().clear(_REFRESH + need.key)


def _why(need: Need, entry: Entry) -> str:
    if cache.flags().has(f"{_DOWN}{need.source.database.uuid}"):
        return "down"
    if entry.seconds > SLOW_S or cache.flags().has(_DOWN + need.key):
        return "slow"
    return ""
