"""The page plan by cost: which questions are asked together, and in what cuts.

The pair of groups that saves most is joined first, then single questions move to where they cost
less. Bins and months are grouped by the values or days they are made of where that is cheaper; so a question may have a
cover of its own, and has where its members are ranked before they are grouped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, prod

from dashapp.query.atoms import Atom
from dashapp.query.costs import SERIES, cost, rates_of
from dashapp.query.fuse import Cover, Group, Member, cover_of, group_of
from dashapp.query.grains import MONTHS
from dashapp.query.lattice import Cut, refines
from dashapp.query.profile import UNKNOWN, Profile

MOST_CELLS = 60_000  # Estimated, of a cover of different questions.
MOST_VALUES = 3_000  # A column with more is grouped by its bins.
LEAST_GAIN = 0.8  # A question has a cover of its own where that costs so much less.
MOST_UNITS = 48  # More are planned in parts: each pair is priced.


MOST_MOVES = 30
MOST_MOVED = 16  # Of more questions none is moved: that would take longer than it saves.


@dataclass(frozen=True)
class _Priced:
    """Questions with their cover, and what it costs; for one question, how it goes best."""

    group: Group
    cost: float
    is_cover: bool


class _Prices:
    """The covers of sets of questions, each worked out once."""

    def __init__(self, units: Sequence[Sequence[Member]], profile: Profile) -> None:
        self._units, self._profile = units, profile
        self._known: dict[frozenset[int], _Priced | None] = {}

    def of(self, numbers: frozenset[int]) -> _Priced | None:
        """The cheapest way to ask these units of questions; None where there is none together."""
        if numbers not in self._known:
            members = [m for at in sorted(numbers) for m in self._units[at]]
            self._known[numbers] = _priced(members, self._profile)
        return self._known[numbers]

    def cost(self, numbers: frozenset[int]) -> float:
        """What these units cost, nothing if there are none; endless where they do not go together."""
        if not numbers:
            return 0.0
        found = self.of(numbers)
        return inf if found is None else found.cost


def covers(members: Sequence[Member], profile: Profile | None) -> list[Cover]:
    """Few queries for these questions of one scope; those that go best alone are in none."""
    known = profile or UNKNOWN
    return [cover for part in _parts(_units(members, known)) for cover in _planned(part, known)]


def _parts(units: list[list[Member]]) -> list[list[list[Member]]]:
    """Units in parts of at most MOST_UNITS, alike ones together: the time to plan grows faster."""
    if len(units) <= MOST_UNITS:
        return [units]

    def kind(unit: list[Member]) -> tuple[list[str], list[str]]:
        shape = unit[0][1].shape
        return sorted(map(repr, shape.atoms)), sorted(cut.name for cut in shape.cuts)

    ordered = sorted(units, key=kind)
    return [ordered[at : at + MOST_UNITS] for at in range(0, len(ordered), MOST_UNITS)]


def _planned(units: Sequence[Sequence[Member]], known: Profile) -> list[Cover]:
    prices = _Prices(units, known)
    each = [frozenset({at}) for at in range(len(units))]
    alone = [one for one in each if prices.of(one) is not None]
    found = [prices.of(numbers) for numbers in _improved(_joined(alone, prices), prices)]
    made = [cover_of(p.group) for p in found if p is not None and p.is_cover]
    return [cover for cover in made if cover is not None]


def _units(members: Sequence[Member], profile: Profile) -> list[list[Member]]:
    """Questions that go together whatever else does: one follows from another for nothing more."""
    alike: dict[object, list[Member]] = {}
    for need, question in members:
        name = frozenset(question.shape.cuts), question.shape.atoms, need.spec.series is not None
        alike.setdefault(name, []).append((need, question))
    units = sorted(alike.values(), key=lambda unit: len(unit[0][1].shape.cuts))
    for unit in [*units]:
        hosts = [other for other in units if other is not unit and _holds(other[0], unit[0])]
        if hosts:
            units.remove(unit)
            best = min(hosts, key=lambda host: _adds(host, unit, profile))
            best.extend(unit)
    return units


def _holds(host: Member, guest: Member) -> bool:
    """Whether a question's groups make up those of another to the same rows."""
    one, other = host[1].shape, guest[1].shape
    return one.atoms == other.atoms and all(
        any(refines(fine, cut) for fine in one.cuts) for cut in other.cuts
    )


def _adds(host: list[Member], guest: list[Member], profile: Profile) -> tuple[int, float]:
    """What a guest adds to a host: statistics; and how many groups the host has."""
    there = {stat for _, question in host for stat in question.stats}
    wanted = {stat for _, question in guest for stat in question.stats}
    shape = host[0][1].shape
    return len(wanted - there), prod(profile.groups(cut, shape.atoms) for cut in shape.cuts)


def _joined(groups: list[frozenset[int]], prices: _Prices) -> list[frozenset[int]]:
    """Groups joined pair by pair, the pair that saves most first."""
    left = list(groups)
    while True:
        saved, best = 0.0, None
        for at, one in enumerate(left):
            for other in left[:at]:
                gain = prices.cost(one) + prices.cost(other) - prices.cost(one | other)
                if gain > saved:
                    saved, best = gain, (one, other)
        if best is None:
            return left
        left = [group for group in left if group not in best] + [best[0] | best[1]]


def _improved(groups: list[frozenset[int]], prices: _Prices) -> list[frozenset[int]]:
    """Groups after single units moved to where they cost less, the best move first."""
    for _ in range(MOST_MOVES if sum(map(len, groups)) <= MOST_MOVED else 0):
        saved, best = 0.0, None
        for one in groups:
            for unit in one if len(groups) > 1 or len(one) > 1 else ():
                moved = frozenset({unit})
                gone = prices.cost(one) - prices.cost(one - moved)
                for other in (*groups, frozenset[int]()):
                    if other != one and (other or len(one) > 1):
                        gain = gone - (prices.cost(other | moved) - prices.cost(other))
                        if gain > saved * 1.0001:
                            saved, best = gain, (one, other, moved)
        if best is None:
            return groups
        one, other, moved = best
        groups = [g for g in (*(g for g in groups if g not in (one, other)), one - moved) if g]
        groups.append(other | moved)
    return groups


def _priced(members: Sequence[Member], profile: Profile) -> _Priced | None:
    """The cheapest way to ask these questions together; None where there is none."""
    plain = group_of(members, profile)
    if plain is None:
        return None
    found = min(_ways(plain, profile), key=lambda group: _cost(group, profile))
    spent, is_one = _cost(found, profile), len(members) == 1
    if not is_one and found.cells > MOST_CELLS and found.cells > _largest(members, profile):
        return None
    alone = _alone(members[0], profile) if is_one else inf
    if is_one and spent > LEAST_GAIN * alone:
        return _Priced(found, alone, False)
    return _Priced(found, spent, True)


def _ways(plain: Group, profile: Profile) -> list[Group]:
    """The cover as its questions have it, and in values and days instead of bins and months."""
    finer = {_cheaper(cut, profile) for cut in plain.cuts}
    if finer == set(plain.cuts):
        return [plain]
    kept = [c for c in finer if not any(f != c and refines(f, c) for f in finer)]
    cuts = tuple(sorted(kept, key=lambda c: c.name))
    cells = prod(profile.groups(cut, _known(plain)) for cut in cuts)
    other = replace(plain, cuts=cuts, cells=cells)
    return [plain, other] if cells <= MOST_CELLS else [plain]


def _cheaper(cut: Cut, profile: Profile) -> Cut:
    """What the same groups follow from, and what is often grouped by faster."""
    if cut.bin and profile.members.get(cut.column, MOST_VALUES) < MOST_VALUES:
        return Cut(cut.column)
    return Cut(cut.column, "day") if cut.grain in MONTHS else cut


def _known(group: Group) -> frozenset[Atom]:
    return group.baked | ({group.widest} if group.widest else set())


def _cost(group: Group, profile: Profile) -> float:
    source = group.members[0][0].source
    rates = rates_of(source.database.kind)
    return cost(rates, source.dataset, group.cuts, _known(group), group.stats, profile)


def _largest(members: Sequence[Member], profile: Profile) -> float:
    """Groups of the question that has most."""
    shapes = [question.shape for _, question in members]
    return max(prod(profile.groups(cut, s.atoms) for cut in s.cuts) for s in shapes)


def _alone(member: Member, profile: Profile) -> float:
    """What a question costs as it is."""
    need, question = member
    shape, source = question.shape, need.source
    rates = rates_of(source.database.kind)
    found = cost(rates, source.dataset, shape.cuts, shape.atoms, question.stats, profile)
    return found * (SERIES if need.spec.series else 1.0)
