"""A query in normal form: equal questions are equal, whatever way they were put."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dashapp.errors import Invalid
from dashapp.query.grains import floor
from dashapp.query.timerange import Range, resolve
from dashapp.query.values import coerce
from dashapp.query.zones import wall
from dashapp.specs import Filter, QuerySpec, RatioMetric, Source, metric_name
from dashapp.specs.query import Metric, Scalar

MAX_NESTING = 10


def canonical(source: Source, spec: QuerySpec, zone: str, now: datetime) -> dict[str, Any]:
    """The query as JSON types, with nothing left open: made for keys.

    Time ranges are absolute (UTC), filters coerced, sorted and without repetitions, metrics and
    calculated columns spelled out. Order of dimensions, metrics and columns counts, since it is
    the order of the answer. Zone, rules and versions are not in it.
    """
    timed = spec.time_column or source.dataset.time_column
    filters = [canonical_filter(source, f, zone, now) for f in spec.filters]
    if spec.time_range:
        bounds = resolve(spec.time_range, zone, now, source.dataset.week_start)
        if bounds != (None, None):
            filters.append([timed, "range", *_bounds(bounds), None, None])
    return {
        "dimensions": [
            [d.name, d.column, _kind(source, d.column), d.grain, d.bin, d.sketch]
            for d in spec.dimensions
        ],
        "metrics": [[metric_name(m), _metric(source, m)] for m in spec.metrics],
        "columns": [[c, _kind(source, c)] for c in spec.columns],
        "filters": _unique(filters),
        "where": sorted({w.expression for w in spec.where}),
        "having": _unique([_metric(source, h.metric), h.op, _listed(h.value)] for h in spec.having),
        "series": _series(source, spec),
        "order": _order(source, spec),
        "limit": spec.limit,
        "offset": spec.offset,
        "post": [step.model_dump(mode="json") for step in spec.post],
        "calculated": [
            [c.name, c.type, c.expression] for c in source.dataset.columns if c.expression
        ],
    }


def bounds_of(
    source: Source, spec: QuerySpec, zone: str, now: datetime
) -> tuple[tuple[str | None, ...], ...]:
    """The ranges of time that a question names (UTC): all that its normal form takes from `now`."""
    texts = [str(f.value) for f in spec.filters if f.op == "time range"]
    named = [spec.time_range, *texts] if spec.time_range else texts
    week = source.dataset.week_start
    return tuple(tuple(_bounds(resolve(text, zone, now, week))) for text in named)


def _kind(source: Source, name: str) -> list[Any] | None:
    """What decides how a column is read: its type and whether its times carry an offset."""
    column = source.dataset.column(name)
    return [column.type, column.zoned] if column else None


def _metric(source: Source, metric: Metric, depth: int = 0) -> Any:
    """A metric's meaning without its label; a ratio with the meaning of its parts."""
    if depth > MAX_NESTING:
        raise Invalid("Ratios refer to each other in a circle.")
    if isinstance(metric, str):
        saved = source.dataset.metric(metric)
        return metric if saved is None else _metric(source, saved.definition, depth + 1)
    if isinstance(metric, RatioMetric):
        parts = (metric.numerator, metric.denominator)
        return ["ratio", metric.scale, *(_metric(source, p, depth + 1) for p in parts)]
    meaning = metric.model_dump(mode="json", exclude={"label"})
    column = meaning.get("column")
    return meaning | {"type": _kind(source, column)} if column else meaning


def canonical_filter(source: Source, item: Filter, zone: str, now: datetime) -> list[Any]:
    """Column, operator, values (a range's two ends), grain and bin."""
    column = source.dataset.column(item.column)
    if item.op == "time range":
        bounds = resolve(str(item.value), zone, now, source.dataset.week_start)
        return [item.column, "range", *_bounds(bounds), None, None]
    raw = item.value if isinstance(item.value, tuple) else (item.value,)
    op = {"=": "in", "!=": "not in"}.get(item.op, item.op)
    as_text = op.endswith(("contains", "with", "like")) or op.startswith("is")
    week = source.dataset.week_start

    def normal(value: Scalar) -> Any:
        if as_text or column is None:
            return value
        coerced = coerce(column, value)
        if not isinstance(coerced, datetime):
            return coerced
        shown = wall(coerced, zone) if coerced.tzinfo else coerced
        return ["time", (floor(shown, item.grain, week) if item.grain else shown).isoformat()]

    values = [normal(v) for v in raw]
    if op in ("in", "not in"):
        values = _unique(values)
    kind = _kind(source, item.column)
    return [item.column, op, values, kind, item.grain, item.bin]


def _order(source: Source, spec: QuerySpec) -> list[list[Any]]:
    """What rows are sorted by, ties by all dimensions as the statement breaks them.

    A metric that is shown is known by its name.
    """
    shown = {d.name for d in spec.dimensions} | {metric_name(m) for m in spec.metrics}
    wishes = {o.by: o for o in reversed(spec.order)}
    ties = (d.name for d in spec.dimensions)
    found: list[list[Any]] = []
    for name in dict.fromkeys([*(o.by for o in spec.order), *ties]):
        wish = wishes.get(name)
        metric = wish.metric if wish and name not in shown else None
        meaning = None if metric is None else _metric(source, metric)
        found.append([name, bool(wish and wish.descending), meaning])
    return found


def _series(source: Source, spec: QuerySpec) -> list[Any] | None:
    series = spec.series
    if series is None:
        return None
    by = series.by if series.by is not None else next(iter(spec.metrics), None)
    meaning = None if by is None else _metric(source, by)
    names = list(dict.fromkeys(series.dimensions))
    return [names, series.limit, meaning, series.descending, series.other]


def _bounds(bounds: Range) -> list[str | None]:
    return [None if b is None else b.astimezone(UTC).isoformat() for b in bounds]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _unique(items: Iterable[Any]) -> list[Any]:
    """Without repetitions, in one order; 1, 1.0, "1" and true stay apart."""
    return [item for _, item in sorted({repr(item): item for item in items}.items())]
