"""What a number means and which rows it counts, as far as a viewer may know.

Without the right to see SQL there is none: not of metrics, not of conditions, not of rules. Guests
are told what the page shows them anyway: titles, and what is chosen in filters.
"""

from __future__ import annotations

from collections.abc import Iterator

from dashapp.charts.explained import Meaning, Origin, Reason, Rules
from dashapp.query.rules import applying
from dashapp.query.timerange import Range, resolve
from dashapp.services import narrowing
from dashapp.services.asking import Asked, locked
from dashapp.services.dashboards import Opened
from dashapp.specs import (
    DatasetSpec,
    FilterSpec,
    FilterState,
    FilterValue,
    QuerySpec,
    RatioMetric,
    SqlMetric,
    metric_name,
)
from dashapp.specs.query import Metric
from dashapp.viewer import Viewer
from dashapp.warehouses import WAREHOUSES

MOST_NESTED = 10


def meanings(viewer: Viewer, dataset: DatasetSpec, spec: QuerySpec) -> tuple[Meaning, ...]:
    """What each metric of a question means."""
    return tuple(_meaning(viewer, dataset, metric) for metric in spec.metrics)


def _meaning(viewer: Viewer, dataset: DatasetSpec, metric: Metric, depth: int = 0) -> Meaning:
    name = metric_name(metric)
    saved = dataset.metric(metric) if isinstance(metric, str) else None
    definition = saved.definition if saved else None if isinstance(metric, str) else metric
    parts: tuple[Meaning, ...] = ()
    if isinstance(definition, RatioMetric) and depth < MOST_NESTED:
        ends = (definition.numerator, definition.denominator)
        parts = tuple(_meaning(viewer, dataset, end, depth + 1) for end in ends)
    is_hidden = viewer.is_guest or (
        isinstance(definition, SqlMetric) and not viewer.may("sql.view")
    )
    return Meaning(
        name=name, title=saved.title if saved else name,
        description=(saved.description or "") if saved else "",
        definition=None if is_hidden else definition,
        column="" if is_hidden else _title(dataset, getattr(definition, "column", None)),
        parts=() if viewer.is_guest else parts, is_saved=saved is not None,
    )  # fmt: skip


def _title(dataset: DatasetSpec, column: str | None) -> str:
    found = dataset.column(column) if column else None
    return found.title if found else column or ""


def reasons(
    viewer: Viewer, opened: Opened, a: Asked, name: str, state: FilterState
) -> tuple[Reason, ...]:
    """All that narrows one of a tile's questions: the chart's own conditions, then the page's."""
    if a.source is None:
        return ()
    base = a.kind.queries(a.options, a.source.dataset)[name]
    own = _own(viewer, a, base, a.specs[name])
    return (*own, *_chosen(viewer, opened, a, base, locked(viewer, state)))


def _own(viewer: Viewer, a: Asked, base: QuerySpec, spec: QuerySpec) -> Iterator[Reason]:
    """What the chart's author decided; guests are told only that there is something."""
    dataset = a.source.dataset if a.source else None
    if dataset is None:
        return
    if viewer.is_guest:
        if base.filters or base.where or base.having:
            yield Reason("chart")
    else:
        for item in base.filters:
            values = item.value if isinstance(item.value, tuple) else (item.value,)
            bounds = _bounds(a, str(item.value)) if item.op == "time range" else None
            words = str(item.value) if bounds else ""
            yield Reason("chart", _title(dataset, item.column), item.op, values, words, bounds)
        for condition in base.where:
            is_seen = viewer.may("sql.view")
            yield Reason("chart", op="sql", sql=condition.expression if is_seen else "")
        for group in base.having:
            title = _meaning(viewer, dataset, group.metric).title
            yield Reason("chart", title, op="having", having=group)
    is_in_effect = (spec.time_range, spec.time_column) == (base.time_range, base.time_column)
    if base.time_range and is_in_effect:
        column = _title(dataset, base.time_column or dataset.time_column)
        yield _timed("chart", "" if viewer.is_guest else column, a, base.time_range)


def _timed(origin: Origin, title: str, a: Asked, words: str) -> Reason:
    return Reason(origin, title, "time range", (), words, _bounds(a, words))


def _bounds(a: Asked, words: str) -> Range:
    week = a.source.dataset.week_start if a.source else "monday"
    return resolve(words, a.context.zone, a.context.now, week)


def _chosen(
    viewer: Viewer, opened: Opened, a: Asked, base: QuerySpec, state: FilterState
) -> Iterator[Reason]:
    """What was chosen on the dashboard and reaches this tile, as `narrowing.narrow` decides it."""
    tab, tile = opened.place(a.key)
    if a.source is None:
        return
    narrowed = narrowing.narrow(
        base, opened.layout, tab, tile, a.source.dataset, opened.datasets, state
    )
    for chosen in opened.layout.filters:
        if chosen.key in narrowed.applied:
            origin: Origin = "fixed" if chosen.key in viewer.locked_filters else "filter"
            yield _choice(origin, chosen, narrowing.value_of(chosen, state), a)
    for click in state.clicks:
        column = narrowing.click_column(click, tile, a.source.dataset, opened.datasets)
        if column is not None and f"click:{click.source}" in narrowed.applied:
            yield Reason("click", column.title, "in", click.values)


def _choice(origin: Origin, chosen: FilterSpec, value: FilterValue, a: Asked) -> Reason:
    if chosen.kind == "time":
        return _timed(origin, chosen.title, a, value.range or "")
    if value.values:
        return Reason(origin, chosen.title, "not in" if chosen.exclude else "in", value.values)
    return Reason(origin, chosen.title, "between", (value.low, value.high))


def rules(viewer: Viewer, a: Asked) -> Rules:
    """The row-level rules behind a tile; guests are not told of any."""
    if a.source is None or viewer.is_guest:
        return Rules()
    dialect = WAREHOUSES[a.source.database.kind].sqlglot_dialect
    found = applying(a.source, dialect)
    clauses = tuple(dict.fromkeys(rule.clause for rule in found))
    return Rules(bool(found), clauses if viewer.may("sql.view") else ())
