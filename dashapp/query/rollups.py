"""Rollups made ahead: what answers a page under any choice in its filters, checked when built.

For the questions of a page, each with the cuts by which its filters may narrow it, few rollups are
planned: one for all if it stays small, smaller ones per question besides. A rollup is used only
after its totals were compared with totals asked by themselves, under one version of the data.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from dashapp import cache
from dashapp.cache import Entry
from dashapp.errors import AppError
from dashapp.query import derive, fuse, page, profile, shelf
from dashapp.query.asked import asked
from dashapp.query.atoms import Unsure
from dashapp.query.fetch import check_rules, fetched
from dashapp.query.fuse import Group, Member
from dashapp.query.lattice import Cut
from dashapp.query.measures import Stat
from dashapp.query.plan import Context, Need, planned, scope_of
from dashapp.query.profile import Profile
from dashapp.query.rollup import Rollup
from dashapp.query.statistics import column_of
from dashapp.query.subsume import holding
from dashapp.settings import settings
from dashapp.specs import QuerySpec, Source

log = logging.getLogger(__name__)
NEAR = 1e-9
GIVEN_UP_S = 86_400  # A rollup that was too large or wrong is not tried again for so long.
_GIVEN_UP = "no-rollup:"
SMALL_CELLS = 60_000  # Questions share a rollup of so many groups, whatever their own.
TRIED = 4  # Estimates are often too high: so many times the cells allowed are tried once.
MOST_MEMBERS = 5_000  # Columns with more are asked of the warehouse when they are filtered.
ROWS = Stat("rows")
SUMMED = ("rows", "n", "sum")


@dataclass(frozen=True)
class Built:
    """What became of one rollup: its cells, or why it is not used; `cells` 0 then."""

    dimensions: tuple[str, ...]
    cells: int
    seconds: float = 0.0
    problem: str = ""
    bytes: int = 0


def members_of(
    questions: Sequence[tuple[Source, QuerySpec]], context: Context
) -> list[list[Member]]:
    """Questions that rollups may answer, by the rows they are about; also those that are alone."""
    found: dict[tuple[str, frozenset[str]], dict[str, Member]] = {}
    for source, spec in questions:
        try:
            needs = planned(source, spec, context).needs
        except AppError:
            continue
        for need in needs:
            question = asked(need)
            if question is not None and not need.spec.offset:
                name = (scope_of(source, context, need.version), question.shape.opaque)
                found.setdefault(name, {})[need.key] = (need, question)
    return [list(members.values()) for members in found.values()]


def build(members: Sequence[Member], more: Mapping[str, frozenset[Cut]]) -> list[Built]:
    """Make the rollups of questions of one scope, the largest first, and put them on the shelf.

    `more` are cuts by which each (by its key) may be narrowed. What is there already, or was given
    up lately, is left alone.
    """
    known = page.profiled(members, {c.column for cuts in more.values() for c in cuts})
    if known is None:
        return []
    return [_built(group) for group in plan(members, more, _reaching(members, more, known))]


def _reaching(
    members: Sequence[Member], more: Mapping[str, frozenset[Cut]], known: Profile
) -> Profile:
    """The profile with the number of rows and how far times reach, which costs a query."""
    need = members[0][0]
    cuts = {c for cuts in more.values() for c in cuts} | {
        c for _, q in members for c in q.shape.cuts
    }
    wanted = profile.extent_need(need.source, {c.column for c in cuts if c.grain}, need.context)
    answer = page.kept([wanted]).get(wanted.key) or fetched([wanted])[wanted.key]
    return known if isinstance(answer, AppError) else profile.reaching(known, answer[0].table)


def plan(
    members: Sequence[Member], more: Mapping[str, frozenset[Cut]], known: Profile
) -> list[Group]:
    """The rollups for questions, the largest first: all in one, and few for some each."""
    most = settings().rollup_cells
    more = {
        name: frozenset(c for c in cuts if c.grain or known.groups(c) <= MOST_MEMBERS)
        for name, cuts in more.items()
    }
    every = frozenset(c for cuts in more.values() for c in cuts)
    own = {need.key: frozenset(question.shape.cuts) for need, question in members}
    all_cuts = every.union(*own.values())
    whole = fuse.group_of(members, known, dict.fromkeys(own, all_cuts))
    groups = _joined(members, more, known)
    small = [group for group in groups if group.cells <= TRIED * most]
    if whole is not None and whole.cells <= 2 * most and whole.cuts not in {g.cuts for g in small}:
        small.append(whole)
    return sorted(small, key=lambda group: -group.cells)


def _is_similar(made: Group, one: Group, other: Group) -> bool:
    """Whether a cover is small, or about as large as each: small ones stay quick by themselves."""
    return made.cells <= SMALL_CELLS or made.cells <= 2 * min(one.cells, other.cells)


def _joined(
    members: Sequence[Member], more: Mapping[str, frozenset[Cut]], known: Profile
) -> list[Group]:
    """Groups of questions joined pair by pair, the pair with the smallest cover first."""
    groups = [g for m in members if (g := fuse.group_of([m], known, more)) is not None]
    numbered = dict(enumerate(groups))
    pairs: dict[tuple[int, int], Group] = {}

    def consider(one: int, others: Iterable[int]) -> None:
        for other in others:
            made = fuse.group_of([*numbered[one].members, *numbered[other].members], known, more)
            if made is not None and _is_similar(made, numbered[one], numbered[other]):
                pairs[min(one, other), max(one, other)] = made

    for at in list(numbered):
        consider(at, range(at))
    fresh = len(numbered)
    while pairs:
        best = min(pairs, key=lambda pair: (pairs[pair].cells, pair))
        made = pairs[best]
        for gone in best:
            del numbered[gone]
        pairs = {pair: g for pair, g in pairs.items() if not set(pair) & set(best)}
        others = list(numbered)
        numbered[fresh] = made
        consider(fresh, others)
        fresh += 1
    return list(numbered.values())


def _built(group: Group) -> Built:
    """One rollup: made of a kept one if one holds it, else asked; checked; put on the shelf."""
    group = replace(group, stats=group.stats | {ROWS})
    names = tuple(cut.name for cut in group.cuts)
    cover = fuse.cover_of(group, settings().rollup_cells)
    if cover is None:
        return Built(names, 0, problem="its conditions cannot be put into one query")
    need = cover.need
    kept = page.kept([need]).get(need.key)
    # One that is kept but on no shelf was never checked: who made it died before.
    if kept is not None and not isinstance(kept, AppError) and _is_shelved(need):
        return Built(names, kept[0].table.num_rows, bytes=kept[0].table.nbytes)
    if cache.flags().has(_GIVEN_UP + need.key):
        return Built(names, 0, problem="it was given up a while ago")
    made = _made_of_kept(need)
    answer = made or fetched([need])[need.key]
    if isinstance(answer, AppError):
        return Built(names, 0, problem=answer.message)
    entry = answer[0]
    problem = "" if made is not None else _problem(need, entry)
    if problem:
        cache.flags().set(_GIVEN_UP + need.key, GIVEN_UP_S)
        cache.results().delete(need.key)
        log.warning("A rollup by %s is not used: %s", ", ".join(names), problem)
        return Built(names, 0, entry.seconds, problem)
    entry = _packed(need, entry)
    cache.results().put(need.key, entry, need.life_s)
    shelf.add(scope_of(need.source, need.context, need.version), [(need, entry)])
    return Built(names, entry.table.num_rows, entry.seconds, bytes=entry.table.nbytes)


def _is_shelved(need: Need) -> bool:
    scope = scope_of(need.source, need.context, need.version)
    return any(found.key == need.key for found in shelf.known(scope))


def _packed(need: Need, entry: Entry) -> Entry:
    """The rollup as it is read fastest; as it came where it cannot be grouped here."""
    whole = asked(need)
    if whole is None:
        return entry
    held = holding(need.source, need.spec, whole.shape)
    try:
        return replace(entry, table=Rollup(held, entry.table).packed())
    except Unsure:
        return entry


def _made_of_kept(need: Need) -> tuple[Entry, str] | None:
    """The rollup from a larger one that is kept."""
    plain = replace(need, is_rollup=False)
    found = derive.from_kept([plain], check_rules).get(need.key)
    return None if found is None or found[0].truncated else found


def _problem(need: Need, entry: Entry) -> str:
    """Why a rollup is not to be used; empty if its totals are those of the base."""
    if entry.truncated:
        return f"it has more than {need.row_limit:,} cells"
    whole = asked(need)
    if whole is None:
        return "it cannot be compared"
    held = holding(need.source, need.spec, whole.shape)
    stats = [s for s in held.stats if s.kind in SUMMED]
    spec = need.spec.model_copy(
        update={"dimensions": (), "metrics": tuple(s.metric() for s in stats)}
    )
    context = replace(need.context, force=True)
    control = planned(need.source, spec, context).main
    answer = fetched([control])[control.key]
    if isinstance(answer, AppError):
        return f"its totals could not be asked: {answer.message}"
    for stat in stats:
        base = answer[0].table.column(stat.name)[0].as_py()
        try:
            total = _total(entry.table, held.stats[stat])
        except Unsure:
            return f"its {stat.name} is no finite number"
        if not _agree(base or 0, total):
            return f"its {stat.name} is {total:,}, and that of the rows is {base or 0:,}"
    return ""


def _total(table: pa.Table, name: str) -> float | int:
    found = column_of(table.column(name))
    values = found.values if found.valid is None else found.values[found.valid]
    return values.sum().item() if len(values) else 0


def _agree(base: float | int, total: float | int) -> bool:
    if isinstance(base, int) and isinstance(total, int):
        return base == total
    return bool(np.isclose(float(base), float(total), rtol=NEAR, atol=1e-6))
