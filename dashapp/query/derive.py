"""Answers made of kept answers: the smallest one that holds the question, never a part of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from dashapp import cache
from dashapp.cache import Entry, Memory
from dashapp.errors import AppError
from dashapp.query import shelf
from dashapp.query.asked import Asked, asked
from dashapp.query.atoms import Atom, Unsure
from dashapp.query.identity import ByIdentity
from dashapp.query.plan import Need, scope_of
from dashapp.query.result import Rung
from dashapp.query.rollup import Rollup
from dashapp.query.ruled import rule_atoms
from dashapp.query.shelf import Kept
from dashapp.query.subsume import Holding, answerable, dialect_of, holding
from dashapp.settings import settings
from dashapp.specs import Source

Check = Callable[[Source], None]
Made = tuple[Entry, Rung]
MB = 1024 * 1024


def from_kept(needs: Sequence[Need], check: Check) -> dict[str, Made]:
    """The needs that kept answers hold, answered; no warehouse is asked.

    A viewer under rules is served from rollups of all rows too, where the rules can be told from
    their groups. `check` raises AppError where rules cannot be kept at all.
    """
    found: dict[str, Made] = {}
    shelves: dict[str, list[Kept]] = {}
    for need in needs:
        if need.context.force or need.max_age_s <= 0 or need.is_rollup:
            continue
        question = asked(need)
        if question is None:
            continue
        made = _first(need, question, _places(need, shelves, check))
        if made is not None:
            found[need.key] = made
            cache.results().remember(need.key, made[0], None)
    return found


_unruled: ByIdentity[Source] = ByIdentity(1000)
_Place = tuple[str, Kept, tuple[Atom, ...]]


def _places(need: Need, shelves: dict[str, list[Kept]], check: Check) -> Iterator[_Place]:
    """Kept answers that may hold a need, with the rules to be applied to them."""
    source = need.source
    scopes: list[tuple[str, tuple[Atom, ...]]] = [
        (scope_of(source, need.context, need.version), ())
    ]
    if source.rules:
        rules = rule_atoms(source, dialect_of(source))
        if rules is not None and _may_serve(source, check):
            bare = _unruled.get((source,), None, lambda: source.model_copy(update={"rules": ()}))
            scopes.append((scope_of(bare, need.context, need.version), rules))
    for scope, rules_ in scopes:
        if scope not in shelves:
            shelves[scope] = shelf.known(scope)
        yield from ((scope, kept, rules_) for kept in shelves[scope])


def _may_serve(source: Source, check: Check) -> bool:
    try:
        check(source)
    except AppError:
        return False
    return True


def _first(need: Need, question: Asked, places: Iterable[_Place]) -> Made | None:
    for scope, kept, rules in places:
        held = shelf.held(scope, kept, need)
        if held is None:
            continue
        found = (
            cache.results().get(kept.key, need.max_age_s)
            if _serves(held, question, rules)
            else None
        )
        if found is None or found.entry.truncated:
            continue
        made = answered(found.entry, kept.key, held, question, rules)
        if made is not None:
            return made, "rollup" if kept.is_rollup else "derived"
    return None


def _serves(held: Holding, question: Asked, rules: tuple[Atom, ...]) -> bool:
    return not isinstance(answerable(held, question.shape, question.stats, rules), str)


def answered(
    entry: Entry, key: str, held: Holding, question: Asked, rules: tuple[Atom, ...] = ()
) -> Entry | None:
    """The answer to a question from a whole answer; None where it does not hold it for sure."""
    way = answerable(held, question.shape, question.stats, rules)
    if isinstance(way, str):
        return None
    try:
        table, is_cut = rollup_of(entry, key, held).answer(question, way)
    except Unsure:
        return None
    return replace(entry, table=table, seconds=0.0, sql="", truncated=is_cut)


def from_cover(entry: Entry, cover: Need, question: Asked) -> Entry | None:
    """A member's answer from that of the query that was asked for several."""
    whole = asked(cover)
    if whole is None or entry.truncated:
        return None
    held = holding(cover.source, cover.spec, whole.shape)
    return answered(entry, cover.key, held, question)


def rollup_of(entry: Entry, key: str, held: Holding) -> Rollup:
    """The entry as a rollup, remembered in this process. Raises Unsure."""
    name = f"{key}:{entry.as_of.isoformat()}:{entry.flight}"
    made = _rollups().get(name)
    if made is None:
        made = Rollup(held, entry.table)
        _rollups().put(name, made, made.nbytes)
    return made


_made: Memory[Rollup] | None = None


def _rollups() -> Memory[Rollup]:
    global _made
    if _made is None:
        _made = Memory(settings().cache_memory_mb * 2 * MB)
    return _made


def _forget() -> None:
    global _made
    _made = None


os.register_at_fork(after_in_child=_forget)
