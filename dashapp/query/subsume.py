"""The one test of subsumption: whether a kept answer holds the answer to a question.

A question and a kept answer are compared as `Shape`s: groupings (cuts), what passes (atoms), and
measures. A kept answer serves when

1. it is of the same rows: dataset version, rules, zone (its scope; see `scope_of`), and whole;
2. whatever it left out, the question leaves out too (each of its atoms is implied);
3. what the question leaves out besides can be told from its groups (the atom fits a cut);
4. each grouping of the question follows from one of its cuts;
5. it has the statistics of all measures.

Conditions on groups, order and limits come after that, so they never matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dashapp import warehouses
from dashapp.errors import AppError
from dashapp.query import atoms
from dashapp.query.atoms import Atom, Clock, Unsure
from dashapp.query.canonical import canonical_filter
from dashapp.query.grains import BELOW_DAY, WeekStart
from dashapp.query.lattice import Cut, refines
from dashapp.query.measures import BINS, FROM_GROUPING, Measure, Stat, given, measure
from dashapp.query.passing import fits
from dashapp.query.timerange import absolute, resolve
from dashapp.specs import DatasetSpec, Dimension, Filter, QuerySpec, Source, SqlFilter
from dashapp.specs.query import Metric


@dataclass(frozen=True)
class Shape:
    """What a bare grouped query is about, whatever way it was put.

    `opaque` are filters that cannot be compared but for being the same, `written` all filters as a
    query has them, by their atoms or opaque texts; `ranged` is the atom of the time range.
    `measures` follow the query's metrics.
    """

    cuts: tuple[Cut, ...]
    atoms: frozenset[Atom]
    opaque: frozenset[str]
    measures: tuple[Measure | None, ...]
    week_start: WeekStart
    written: Mapping[Atom | str, Filter | SqlFilter] = field(default_factory=dict, compare=False)
    ranged: Atom | None = field(default=None, compare=False)

    @property
    def needs(self) -> frozenset[Stat]:
        """Statistics of all measures."""
        return frozenset(s for m in self.measures if m is not None for s in m.needs)


@dataclass(frozen=True)
class Holding:
    """What a kept answer holds: its shape, and its statistics with the columns they stand in."""

    shape: Shape
    names: tuple[str, ...]
    stats: Mapping[Stat, str]


@dataclass(frozen=True)
class Way:
    """How a kept answer serves: the cut behind each grouping, and which atoms to apply to which."""

    sources: tuple[int, ...]
    residual: tuple[tuple[Atom, int], ...]


def dialect_of(source: Source) -> str:
    """Sqlglot's name of the dialect in which people write to a dataset."""
    return warehouses.WAREHOUSES[source.database.kind].sqlglot_dialect


def cut_of(dataset: DatasetSpec, dimension: Dimension) -> Cut | None:
    """A dimension as a cut; None for one that does not exist or has no order of ours."""
    column = dataset.column(dimension.column)
    if column is None or column.type == "other":
        return None
    grain = dimension.grain
    if grain and column.type == "date" and grain in BELOW_DAY:
        grain = "day"
    return Cut(dimension.column, grain, dimension.bin, dimension.sketch)


def shape_of(source: Source, spec: QuerySpec, clock: Clock) -> Shape | None:
    """The shape of a query without steps; None for raw rows and what makes no sense."""
    if not spec.is_grouped:
        return None
    cuts = [cut_of(source.dataset, d) for d in spec.dimensions]
    known = [c for c in cuts if c is not None]
    if len(known) < len(cuts):
        return None
    written = _written(source, spec, clock)
    try:
        ranged = _ranged(source, spec, clock)
    except Unsure:
        return None
    dialect = dialect_of(source)
    found = {a for a in (*written, ranged) if isinstance(a, Atom) and not _is_open(a)}
    return Shape(
        cuts=tuple(known),
        atoms=frozenset(found),
        opaque=frozenset(text for text in written if isinstance(text, str)),
        measures=tuple(measure(source.dataset, m, dialect) for m in spec.metrics),
        week_start=source.dataset.week_start,
        written=written,
        ranged=ranged,
    )


def _written(source: Source, spec: QuerySpec, clock: Clock) -> dict[Atom | str, Filter | SqlFilter]:
    """The filters of a query by their atoms, or by a text where they are opaque."""
    found: dict[Atom | str, Filter | SqlFilter] = {f"sql {w.expression}": w for w in spec.where}
    for item in spec.filters:
        fixed = settled(source, item, clock)
        try:
            found[atoms.atom(clock, item)] = fixed
        except Unsure:
            found[_text(source, item, clock)] = fixed
    return found


def settled(source: Source, item: Filter, clock: Clock) -> Filter:
    """The filter with a relative time range made absolute."""
    if item.op != "time range":
        return item
    bounds = resolve(str(item.value), clock.zone, clock.now, source.dataset.week_start)
    return item.model_copy(update={"value": absolute(bounds)})


def tried_shape(source: Source, spec: QuerySpec, clock: Clock) -> Shape | None:
    """`shape_of`, without telling what is wrong with a query: the warehouse's side says it."""
    try:
        return shape_of(source, spec, clock)
    except AppError:
        return None


def _ranged(source: Source, spec: QuerySpec, clock: Clock) -> Atom | None:
    """The time range of a query as an atom. Raises Unsure."""
    if not spec.time_range:
        return None
    dataset = source.dataset
    bounds = resolve(spec.time_range, clock.zone, clock.now, dataset.week_start)
    if bounds == (None, None):
        return None
    column = dataset.column(spec.time_column or dataset.time_column or "")
    if column is None or column.type not in ("time", "date"):
        raise Unsure
    return atoms.within(clock, column, bounds)


def _is_open(found: Atom) -> bool:
    """Whether an atom lets everything pass."""
    return found.kind == "values" and found.negated and not found.values and found.null


def _text(source: Source, item: Filter, clock: Clock) -> str:
    return repr(canonical_filter(source, item, clock.zone, clock.now))


def holding(source: Source, spec: QuerySpec, shape: Shape) -> Holding:
    """What the whole answer to a query holds for others."""
    dialect, stats = dialect_of(source), dict[Stat, str]()
    for metric in spec.metrics:
        found = given(source.dataset, metric, dialect)
        if found is not None:
            stats.setdefault(found, _label(metric))
    return Holding(shape, tuple(d.name for d in spec.dimensions), stats)


def _label(metric: Metric) -> str:
    return metric if isinstance(metric, str) else metric.label


def has_members(held: Holding, stat: Stat) -> bool:
    """Whether a kept answer has the grouping that a statistic is read from."""
    part, cut = stat.part, stat.cut
    has_part = part is None or part in held.stats
    if Cut(stat.column or "") in held.shape.cuts:
        return stat.kind != BINS or has_part
    return has_part and cut in held.shape.cuts


def is_whole(spec: QuerySpec, rows: int) -> bool:
    """Whether an answer of so many rows that was not cut off holds all groups of its query."""
    if spec.having or spec.series or spec.offset:
        return False
    return spec.limit is None or rows < spec.limit


def answerable(
    held: Holding, asked: Shape, stats: Iterable[Stat], rules: Iterable[Atom] = ()
) -> Way | str:
    """How a kept answer of the same scope serves a question, or why it does not.

    `stats` is all that the question measures. `rules` are atoms that have to be told from groups
    besides, whatever was left out.
    """
    kept = held.shape
    if kept.opaque != asked.opaque:
        return "other conditions in SQL"
    for baked in kept.atoms:
        if not any(atoms.implies(a, baked) for a in asked.atoms):
            return f"it leaves out rows by '{baked.column}'"
    residual: list[tuple[Atom, int]] = []
    for found in [a for a in asked.atoms if a not in kept.atoms] + list(rules):
        at = next((i for i, c in enumerate(kept.cuts) if fits(found, c, kept.week_start)), None)
        if at is None:
            return f"it is not cut so by '{found.column}'"
        residual.append((found, at))
    sources: list[int] = []
    for cut in asked.cuts:
        at = next((i for i, c in enumerate(kept.cuts) if refines(c, cut)), None)
        if at is None:
            return f"it is not grouped so by '{cut.column}'"
        sources.append(at)
    for stat in stats:
        if stat.kind in FROM_GROUPING:
            if not has_members(held, stat):
                return f"members of '{stat.column}' are not in it"
        elif stat not in held.stats:
            return f"it has no {stat.name}"
    return Way(tuple(sources), tuple(residual))
