"""From a logical query to one SQL statement."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from dashapp.errors import Invalid, Misdefined
from dashapp.query.canonical import canonical
from dashapp.query.dialects import Element
from dashapp.query.filters import bin_index, having, predicate, within
from dashapp.query.metrics import aggregate, sketch
from dashapp.query.reading import Reading, unknown
from dashapp.query.timerange import Range, resolve
from dashapp.query.times import Predicate, truncated
from dashapp.query.zones import wall, zone_of
from dashapp.specs import Dimension, Order, QuerySpec, SeriesLimit, Source, metric_name
from dashapp.specs.query import Metric

__all__ = ["canonical", "names", "read", "statement"]
Query = sa.Select[*tuple[Any, ...]]
OTHER = "Other"
LABEL_BYTES = 60  # PostgreSQL cuts names off after 63.


def statement(
    source: Source,
    spec: QuerySpec,
    dialect: Dialect,
    sqlglot_dialect: str,
    *,
    zone: str,
    now: datetime,
    row_limit: int,
    is_ordered: bool = True,
) -> Query:
    """The SELECT that answers `spec` for the viewer whose rules `source` carries.

    Its columns are those of `names`, in that order. Times are naive, as clocks in `zone` show them; a bin is its lower edge. `now` is
    aware. One row more than `row_limit` is asked for when the query does not ask for less, so
    that a cut is noticed. Without `is_ordered` groups come in any order. Raises Invalid, with a
    sentence, for what cannot be asked.
    """
    reading, bounds = read(source, spec, dialect, sqlglot_dialect, zone=zone, now=now)
    conditions = _conditions(reading, spec, bounds, now)
    if spec.is_grouped:
        query = _grouped(reading, spec, conditions)
    else:
        query = _raw(reading, spec, conditions)
    if not is_ordered:
        query = query.order_by(None)
    most = row_limit + 1 if spec.limit is None or spec.limit > row_limit else spec.limit
    query = query.limit(most)
    return query.offset(spec.offset) if spec.offset else query


def names(spec: QuerySpec) -> list[str]:
    """Names of the answer's columns, in order, before post-processing.

    The statement labels its columns so too, except for names that some database cannot hold
    (long ones, emoji): those need renaming by position.
    """
    if not spec.is_grouped:
        return list(dict.fromkeys(spec.columns))
    return [d.name for d in spec.dimensions] + [metric_name(m) for m in spec.metrics]


def read(
    source: Source,
    spec: QuerySpec,
    dialect: Dialect,
    sqlglot_dialect: str,
    *,
    zone: str,
    now: datetime,
) -> tuple[Reading, Range]:
    """What the query reads, and its time range as moments."""
    zone_of(zone)
    dataset = source.dataset
    bounds: Range = (None, None)
    if spec.time_range:
        bounds = resolve(spec.time_range, zone, now, dataset.week_start)
    walls = tuple(None if b is None else wall(b, dataset.zone) for b in bounds)
    timed = spec.time_column or dataset.time_column
    return Reading(source, dialect, sqlglot_dialect, zone, (walls[0], walls[1]), timed), bounds


def _conditions(reading: Reading, spec: QuerySpec, bounds: Range, now: datetime) -> list[Predicate]:
    found = []
    if bounds != (None, None):
        if reading.timed is None:
            raise Misdefined(
                f"The dataset '{reading.source.dataset.name}' has no time column, so it takes "
                "no time range.",
                {"time_range": "no time column"},
            )
        found.append(within(reading, reading.column(reading.timed), bounds))
    found += [predicate(reading, item, now) for item in spec.filters]
    for written in spec.where:
        text = reading.expression(written.expression)
        found.append(sa.literal_column(f"({text})", sa.Boolean()))
    return found


def _raw(reading: Reading, spec: QuerySpec, conditions: list[Predicate]) -> Query:
    labels = names(spec)
    columns = [reading.column(name) for name in labels]
    elements = [reading.local(column) for column in columns]
    sortable = [n for n, c in zip(labels, columns, strict=True) if c.type != "other"]
    ties = sortable if spec.order else []
    order = _order(reading, spec.order, labels, elements, ties, grouped=())
    query = sa.select(*_labelled(elements, labels))
    return query.select_from(reading.rows).where(*conditions).order_by(*order)


def _grouped(reading: Reading, spec: QuerySpec, conditions: list[Predicate]) -> Query:
    cuts = [cut(reading, d) for d in spec.dimensions]
    measures = [aggregate(reading, m) for m in spec.metrics]
    rows: sa.FromClause = reading.rows
    if spec.series:
        rows, cuts = _limited(reading, spec, spec.series, cuts, conditions)
    elements = [*cuts, *measures]
    labels = names(spec)
    query = sa.select(*_labelled(elements, labels))
    query = query.select_from(rows).where(*conditions).group_by(*_positions(len(cuts)))
    query = query.having(*(having(aggregate(reading, h.metric), h) for h in spec.having))
    ties = labels[: len(cuts)]
    return query.order_by(*_order(reading, spec.order, labels, elements, ties, grouped=ties))


def cut(reading: Reading, dimension: Dimension) -> Element:
    """The SQL of a dimension: the column, the start of its grain, or the edge of its bin."""
    column = reading.column(dimension.column)
    if dimension.grain:
        if column.type not in ("time", "date"):
            raise Invalid(
                f"'{column.spec.title}' holds no times, so it has no grain.",
                {dimension.column: "not a time"},
            )
        return truncated(reading, column, dimension.grain)
    if dimension.bin:
        edge = bin_index(reading, column, dimension.bin) * sa.literal(dimension.bin, sa.Float())
        return sa.type_coerce(edge, sa.Float())
    if dimension.sketch:
        return sketch(reading, column, dimension.sketch)
    return reading.local(column)


def _limited(
    reading: Reading,
    spec: QuerySpec,
    series: SeriesLimit,
    cuts: list[Element],
    conditions: list[Predicate],
) -> tuple[sa.FromClause, list[Element]]:
    """Rows joined to the largest members, and dimensions that call the rest 'Other'.

    The rest is grouped by the warehouse from its own rows, so that averages, ratios and
    distinct counts of 'Other' are right.
    """
    there = [d.name for d in spec.dimensions]
    missing = [n for n in series.dimensions if n not in there]
    if missing:
        raise unknown(missing[0], dict.fromkeys(there), "series dimension")
    at = [there.index(n) for n in dict.fromkeys(series.dimensions)]
    ranked_by = series.by if series.by is not None else next(iter(spec.metrics), None)
    if ranked_by is None:
        raise Invalid("A series limit needs a metric to rank by.", {"series": "no metric"})
    top = _members(reading, [cuts[i] for i in at], ranked_by, series, conditions)
    same = (reading.flavour.is_same(cuts[i], top.c[f"member_{k}"]) for k, i in enumerate(at))
    rows = reading.rows.join(top, sa.and_(*same), isouter=series.other)
    if series.other:
        cuts = [_or_other(reading, c, top) if i in at else c for i, c in enumerate(cuts)]
    return rows, cuts


def _members(
    reading: Reading,
    members: list[Element],
    ranked_by: Metric,
    series: SeriesLimit,
    conditions: list[Predicate],
) -> sa.CTE:
    rank = aggregate(reading, ranked_by)
    labels = [m.label(f"member_{k}") for k, m in enumerate(members)]
    here = sa.literal_column("1", sa.BigInteger()).label("is_member")
    count = len(members)
    order = reading.flavour.order(rank, count + 2, series.descending)
    for k, member in enumerate(members):
        order += reading.flavour.order_members(member, k + 1, False)
    return (
        sa.select(*labels, here, rank.label("rank_value"))
        .select_from(reading.rows)
        .where(*conditions)
        .group_by(*_positions(count))
        .order_by(*order)
        .limit(series.limit)
        .cte("top")
    )


def _or_other(reading: Reading, member: Element, top: sa.CTE) -> Element:
    text = member if isinstance(member.type, sa.String) else reading.flavour.text(member)
    other = sa.literal_column(f"'{OTHER}'", sa.String())
    return sa.case((top.c.is_member.is_not(None), text), else_=other)


def _labelled(elements: list[Element], labels: list[str]) -> list[sa.Label[Any]]:
    """Columns under their names, or under a number where a database cannot hold the name."""
    return [
        e.label(name if _is_holdable(name) else f"column_{i + 1}")
        for i, (e, name) in enumerate(zip(elements, labels, strict=True))
    ]


def _is_holdable(name: str) -> bool:
    is_short = len(name.encode("utf-8", "surrogatepass")) <= LABEL_BYTES
    return is_short and name.isprintable() and max(name) <= "\uffff" and name == name.strip()


def _positions(count: int) -> list[Element]:
    """GROUP BY by position: an expression with values in it is not repeated."""
    return [sa.literal_column(str(i + 1)) for i in range(count)]


def _order(
    reading: Reading,
    order: tuple[Order, ...],
    labels: list[str],
    elements: list[Element],
    ties: list[str],
    grouped: Collection[str],
) -> list[Element]:
    """As asked, then by all of `ties`, so that equal questions have equal answers.

    Texts that rows are `grouped` by are sorted by Unicode code point, on every database.
    """
    asked = {o.by: o for o in reversed(order)}
    found: list[Element] = []
    for name in dict.fromkeys([*(o.by for o in order), *ties]):
        wish = asked.get(name, Order(by=name))
        if name in labels:
            at = labels.index(name)
            sort = reading.flavour.order_members if name in grouped else reading.flavour.order
            found += sort(elements[at], at + 1, wish.descending)
        elif wish.metric is not None:
            measure = aggregate(reading, wish.metric)
            found += reading.flavour.order_by(measure, measure, wish.descending)
        else:
            raise unknown(name, dict.fromkeys(labels), "answer's column")
    return found
