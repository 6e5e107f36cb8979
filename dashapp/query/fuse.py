"""The page plan: questions of one page put together into few queries, and taken apart again.

Questions to the same rows are covered by one plain GROUP BY over the dimensions of all. What they
leave out alike stays a condition; what only some leave out becomes a dimension of the cover, and
is decided when the cover is taken apart. Which questions go together is decided by cost (`cheapest`)
or by size (`rollups`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from pydantic import ValidationError

from dashapp.errors import AppError
from dashapp.query.asked import Asked, asked
from dashapp.query.atoms import Atom, bounds_of, hull
from dashapp.query.grains import EVERY
from dashapp.query.lattice import Cut, refines
from dashapp.query.measures import FROM_GROUPING, Stat
from dashapp.query.passing import fits
from dashapp.query.plan import Need, rollup_need, scope_of
from dashapp.query.profile import UNKNOWN, Profile
from dashapp.query.subsume import Holding, Shape, answerable
from dashapp.query.timerange import absolute
from dashapp.specs import Dimension, Filter, QuerySpec, SqlFilter

CELLS_SKETCHED = 1_000_000  # Of a question with approximate metrics; more are asked exactly.
CELLS_KEPT = 400_000  # A cover that turns out larger is given up.
Member = tuple[Need, Asked]


@dataclass(frozen=True)
class Cover:
    """One query for several questions."""

    need: Need
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Group:
    """Questions and the cuts, conditions and statistics of a query that covers them."""

    members: tuple[Member, ...]
    cuts: tuple[Cut, ...]
    baked: frozenset[Atom]
    widest: Atom | None  # A range that holds those of all, where they differ.
    stats: frozenset[Stat]
    cells: float


def grouped(needs: Sequence[Need]) -> list[list[Member]]:
    """Questions that may be asked together, by the rows they are about; others are left out."""
    found: dict[tuple[str, frozenset[str], bool], list[Member]] = {}
    for need in needs:
        if need.is_rollup or need.spec.offset:
            continue
        question = asked(need)
        if question is None:
            continue
        scope = scope_of(need.source, need.context, need.version)
        name = (scope, question.shape.opaque, need.context.force)
        found.setdefault(name, []).append((need, question))
    return [members for members in found.values() if len(members) > 1]


def from_sketches(member: Member, profile: Profile | None) -> Cover | None:
    """The query of a question with approximate metrics; None where too many groups are expected."""
    group = group_of([member], profile or UNKNOWN)
    if group is None or (profile is not None and group.cells > CELLS_SKETCHED):
        return None
    return cover_of(group, CELLS_SKETCHED)


def columns_of(members: Iterable[Member]) -> set[str]:
    """The columns that a profile has to tell of."""
    found: set[str] = set()
    for _, question in members:
        found |= {c.column for c in question.shape.cuts} | {a.column for a in question.shape.atoms}
        found |= {s.column for s in question.stats if s.kind in FROM_GROUPING and s.column}
    return found


def group_of(
    members: Sequence[Member], profile: Profile, more: Mapping[str, frozenset[Cut]] | None = None
) -> Group | None:
    """What covers these questions and what else is cut for each (`more`, by their keys).

    None where nothing does.
    """
    shapes = [question.shape for _, question in members]
    common = reduce(frozenset.__and__, (s.atoms for s in shapes))
    stats = frozenset(s for _, question in members for s in question.stats)
    widest = _widest(shapes, common)
    baked = common | ({widest} if widest else set())
    cuts = {c for s in shapes for c in s.cuts}
    cuts |= {s.cut for s in stats if s.kind == "distinct" and s.cut}
    cuts |= {c for need, _ in members for c in (more or {}).get(need.key, ())}
    residual = {a for s in shapes for a in s.atoms - common}
    for found in sorted(residual, key=repr):
        if not any(fits(found, c, shapes[0].week_start) for c in cuts):
            cut = _promoted(found, cuts, shapes[0])
            if cut is None:
                return None
            cuts.add(cut)
    # Sketches are not needed where the values themselves are there.
    cuts |= {s.cut for s in stats if s.cut and Cut(s.cut.column) not in cuts}
    plain = {p for s in stats if (p := s.part)} | {s for s in stats if s.kind not in FROM_GROUPING}
    kept = _absorbed(cuts)
    cells = profile.cells(kept, baked)
    return Group(tuple(members), kept, common, widest, frozenset(plain), cells)


def _widest(shapes: Sequence[Shape], common: frozenset[Atom]) -> Atom | None:
    """A time range that holds the ranges of all questions, where each has one of its own."""
    ranged = [s.ranged for s in shapes if s.ranged is not None and s.ranged not in common]
    if len(ranged) < len(shapes) or len({a.column for a in ranged}) > 1:
        return None
    return hull(ranged)


def _promoted(found: Atom, cuts: set[Cut], shape: Shape) -> Cut | None:
    """The coarsest cut by which an atom can be told: a grain that its edges are on, or values."""
    if found.kind == "times":
        for grain in reversed(EVERY):
            cut = Cut(found.column, grain)
            if grain not in ("week", "quarter") and fits(found, cut, shape.week_start):
                return cut
        return None
    if found.kind == "bins":
        return Cut(found.column, bin=found.width)
    return Cut(found.column)


def _absorbed(cuts: set[Cut]) -> tuple[Cut, ...]:
    """Cuts without those that follow from others, in one order."""
    kept = [c for c in cuts if not any(f != c and refines(f, c) for f in cuts)]
    return tuple(sorted(kept, key=lambda c: c.name))


def cover_of(group: Group, most_cells: int = CELLS_KEPT) -> Cover | None:
    """The query of a group; None where it cannot be put or would not serve all."""
    needs = [need for need, _ in group.members]
    strictest = min(needs, key=lambda need: need.max_age_s)
    try:
        spec = _spec(group, strictest)
        made = rollup_need(strictest.source, spec, strictest.context, most_cells)
    except (ValidationError, AppError):
        return None
    askers = frozenset(a for need in needs for a in need.askers)
    life = max(need.life_s for need in needs)
    cover = replace(made, askers=askers, max_age_s=strictest.max_age_s, life_s=life)
    whole = asked(cover)
    if whole is None:
        return None
    stats = {stat: stat.name for stat in group.stats}
    held = Holding(whole.shape, tuple(c.name for c in group.cuts), stats)
    ways = (answerable(held, q.shape, q.stats) for _, q in group.members)
    return None if any(isinstance(way, str) for way in ways) else Cover(cover, group.members)


def _spec(group: Group, need: Need) -> QuerySpec:
    """The query of a group, with its conditions as one of its questions has them."""
    shape = group.members[0][1].shape
    written: Mapping[Atom | str, Filter | SqlFilter] = shape.written
    filters: list[Filter] = []
    where = [w for text in sorted(shape.opaque) if isinstance(w := written[text], SqlFilter)]
    filters += [f for text in sorted(shape.opaque) if isinstance(f := written[text], Filter)]
    ranged = group.widest
    for found in sorted(group.baked, key=repr):
        item = written.get(found)
        if isinstance(item, Filter):
            filters.append(item)
        elif found == shape.ranged:
            ranged = found
        else:
            raise ValueError("A condition that nobody wrote.")
    changes: dict[str, object] = {}
    if ranged is not None:
        bounds = bounds_of(ranged, need.context.zone)
        changes = {"time_range": absolute(bounds), "time_column": ranged.column}
    return QuerySpec.model_validate(
        {
            "dataset": need.spec.dataset,
            "dimensions": tuple(
                Dimension(column=c.column, grain=c.grain, bin=c.bin, sketch=c.sketch, label=c.name)
                for c in group.cuts
            ),
            "metrics": tuple(s.metric() for s in sorted(group.stats, key=lambda s: s.name)),
            "filters": tuple(filters),
            "where": tuple(where),
            **changes,
        }
    )
