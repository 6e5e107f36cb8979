"""All queries of one page action: from what is kept, together where that is cheaper, or alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Literal

import pyarrow as pa

from dashapp import cache
from dashapp.cache import Entry, Memory
from dashapp.errors import AppError, QueryCancelled, QueryTimeout, WarehouseDown
from dashapp.query import cheapest, derive, fuse, late, profile, shelf, sketches
from dashapp.query.asked import asked
from dashapp.query.fetch import Answer, check_rules, fetched, refresh
from dashapp.query.fuse import Cover, Member
from dashapp.query.plan import Need, scope_of
from dashapp.query.profile import Profile

How = Literal["kept", "derived", "together", "alone"]
SAME_PAGE_S = 2  # So long who opens the same page counts as coming at once.
# What stops a query for several would stop each of them.
FINAL = (QueryCancelled, QueryTimeout, WarehouseDown)


@dataclass(frozen=True)
class Step:
    """One thing that was done for some of the questions, named by their keys.

    `sql`, `seconds` and `rows` are those of the query that was asked, if one was.
    """

    how: How
    keys: tuple[str, ...]
    sql: str = ""
    seconds: float = 0.0
    rows: int = 0


@dataclass(frozen=True)
class Report:
    """How the questions of a page action were answered together."""

    steps: tuple[Step, ...]

    @property
    def questions(self) -> int:
        """Different questions that were asked."""
        return sum(len(step.keys) for step in self.steps)

    @property
    def queries(self) -> int:
        """Queries that reached a warehouse."""
        return sum(step.how in ("together", "alone") for step in self.steps)


def known(needs: Sequence[Need]) -> dict[str, Answer]:
    """Answers that are kept, or that follow from kept ones; no warehouse is asked."""
    found = kept(needs)
    found.update(derive.from_kept([n for n in needs if n.key not in found], check_rules))
    return found


def kept(needs: Sequence[Need]) -> dict[str, Answer]:
    """Answers that are kept and new enough."""
    ages = {need.key: float(need.max_age_s) for need in needs if need.max_age_s > 0}
    found = cache.results().get_many(ages)
    return {name: (one.entry, one.rung) for name, one in found.items()}


def answered(needs: Sequence[Need]) -> tuple[dict[str, Answer], Report]:
    """All answers by key, errors in their place, and what was done for them."""
    answers = kept([need for need in needs if not need.context.force])
    steps = [Step("kept", tuple(answers))] if answers else []
    left = [need for need in needs if need.key not in answers]
    derived = derive.from_kept(left, check_rules)
    if derived:
        answers.update(derived)
        steps.append(Step("derived", tuple(derived)))
    left = [need for need in left if need.key not in answers]
    served = late.served(left, refresh)
    if served:
        answers.update(served)
        steps.append(Step("kept", tuple(served)))
    left = [need for need in left if need.key not in answers]
    if left:
        asked, more = _once(needs, left)
        answers.update(asked)
        steps += more
    return answers, Report(tuple(steps))


def _once(needs: Sequence[Need], left: Sequence[Need]) -> tuple[dict[str, Answer], list[Step]]:
    """What is `left` of a page's questions; of all who open the same page at once, one asks.

    Otherwise who comes a moment later would find some answers there, and plan other queries for
    the rest.
    """
    if len(needs) == 1 or any(n.context.force or n.max_age_s <= 0 for n in left):
        return _asked(left)
    made: list[tuple[dict[str, Answer], list[Step]]] = []

    def ask() -> Entry:
        made.append(_asked(left))
        return Entry(pa.table({}), datetime.now(UTC), 0.0, "")

    name = f"page:{blake2b(' '.join(sorted(n.key for n in needs)).encode()).hexdigest()}"
    wait_s = max(n.source.database.timeout_s for n in left)
    with suppress(QueryTimeout):
        cache.single_flight(name, ask, ttl_s=SAME_PAGE_S, wait_s=wait_s)
    if made:
        return made[0]
    found = kept(left)
    missing = [need for need in left if need.key not in found]
    asked, steps = _asked(missing) if missing else ({}, [])
    return {**found, **asked}, [*([Step("kept", tuple(found))] if found else []), *steps]


def _asked(needs: Sequence[Need]) -> tuple[dict[str, Answer], list[Step]]:
    """Answers from warehouses: several questions by one query where that is planned."""
    covers = _covers(needs)
    covered = {need.key for cover in covers for need, _ in cover.members}
    alone = [need for need in needs if need.key not in covered]
    found = fetched([*alone, *(cover.need for cover in covers)])
    steps = [_step("alone", need, found[need.key], (need.key,)) for need in alone]
    answers = {need.key: found[need.key] for need in alone}
    lost: list[Need] = []
    for cover in covers:
        taken, missing = _taken_apart(cover, found[cover.need.key])
        answers.update(taken)
        lost += missing
        steps.append(_step("together", cover.need, found[cover.need.key], tuple(taken)))
    _shelve([*alone, *(cover.need for cover in covers)], found)
    if lost:
        again = fetched(lost)
        answers.update(again)
        steps += [_step("alone", need, again[need.key], (need.key,)) for need in lost]
        _shelve(lost, again)
    return answers, steps


def _step(how: How, need: Need, answer: Answer, keys: tuple[str, ...]) -> Step:
    if isinstance(answer, AppError):
        return Step(how, keys)
    entry = answer[0]
    return Step(how, keys, entry.sql, entry.seconds, entry.table.num_rows)


def _taken_apart(cover: Cover, answer: Answer) -> tuple[dict[str, Answer], list[Need]]:
    """The answers of a cover's questions, and those that have to be asked alone after all."""
    if isinstance(answer, FINAL):
        return {need.key: answer for need, _ in cover.members}, []
    if isinstance(answer, AppError):  # Of one question perhaps: the others shall not suffer.
        return {}, [need for need, _ in cover.members]
    entry, rung = answer
    found: dict[str, Answer] = {}
    lost: list[Need] = []
    for need, question in cover.members:
        made = derive.from_cover(entry, cover.need, question)
        if made is None:
            lost.append(need)
            continue
        own = replace(made, sql=entry.sql, seconds=entry.seconds)
        cache.results().put(need.key, own, need.life_s)
        found[need.key] = (own, rung)
    return found, lost


def _shelve(needs: Sequence[Need], found: Mapping[str, Answer]) -> None:
    """Tell all processes which new answers others may be made of."""
    fresh: dict[str, list[tuple[Need, Entry]]] = {}
    for need in needs:
        answer = found[need.key]
        if isinstance(answer, AppError) or answer[1] != "warehouse" or need.life_s <= 0:
            continue
        scope = scope_of(need.source, need.context, need.version)
        fresh.setdefault(scope, []).append((need, answer[0]))
    for scope, landed in fresh.items():
        shelf.add(scope, landed)


def _covers(needs: Sequence[Need]) -> list[Cover]:
    """Queries for several questions each."""
    found: list[Cover] = []
    for members in fuse.grouped(needs):
        found += cheapest.covers(members, profiled(members))
    covered = {need.key for cover in found for need, _ in cover.members}
    return found + [c for n in needs if n.key not in covered and (c := _sketched(n))]


def _sketched(need: Need) -> Cover | None:
    """The query of a question with approximate metrics; None for others, and where it is exact."""
    if need.is_rollup or need.spec.offset:
        return None
    question = asked(need)
    if question is None or not sketches.uses(question.stats):
        return None
    member = (need, question)
    return fuse.from_sketches(member, profiled([member]))


def profiled(members: Sequence[Member], more: Collection[str] = ()) -> Profile | None:
    """What a sample tells of the columns that matter, `more` besides; asked once and remembered.

    None where it would cost a whole query.
    """
    need = members[0][0]
    wanted = profile.need(need.source, fuse.columns_of(members).union(more), need.context)
    if wanted is None:
        return None
    seen = _profiles.get(wanted.key)
    if seen is not None:
        return seen
    wanted = replace(wanted, askers=frozenset(a for one, _ in members for a in one.askers))
    answer = kept([wanted]).get(wanted.key) or fetched([wanted])[wanted.key]
    if isinstance(answer, AppError):
        return None
    made = profile.read(need.source.dataset, answer[0].table)
    _profiles.put(wanted.key, made, 1)
    return made


_profiles: Memory[Profile] = Memory(2000)
