"""What a dashboard's filters offer: options, bounds and the extent of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dashapp import query
from dashapp.errors import Invalid, NotFound
from dashapp.services import narrowing
from dashapp.services.charts import locked, zone_of
from dashapp.services.dashboards import Opened
from dashapp.specs import (
    Dimension,
    Filter,
    FilterSpec,
    FilterState,
    Order,
    QuerySpec,
    SimpleMetric,
    Source,
)
from dashapp.specs.query import Metric, Scalar
from dashapp.viewer import Viewer

MAX_OPTIONS = 200


@dataclass(frozen=True)
class Options:
    """Members of a select filter; `more` when there are others that a search would find."""

    values: tuple[Scalar, ...]
    more: bool = False


def find(opened: Opened, key: str) -> FilterSpec:
    """The filter of that key. Raises NotFound."""
    for spec in opened.layout.filters:
        if spec.key == key:
            return spec
    raise NotFound("This filter is no longer on the dashboard; reload the page.")


def _source(opened: Opened, spec: FilterSpec) -> Source:
    if spec.dataset is None or spec.dataset not in opened.sources:
        raise Invalid(f"The filter “{spec.title}” has no dataset.")
    return opened.sources[spec.dataset]


def options(viewer: Viewer, opened: Opened, key: str, search: str, state: FilterState) -> Options:
    """Members of a filter's column that contain `search`, narrowed by its parents' choices."""
    narrowing.check(opened.layout, state, declared_only=viewer.is_guest)
    spec = find(opened, key)
    if spec.kind != "select" or spec.column is None:
        raise Invalid(f"The filter “{spec.title}” offers no list.")
    if key in viewer.locked_filters:
        fixed = narrowing.value_of(spec, locked(viewer, state))
        return Options(fixed.values)
    source = _source(opened, spec)
    result = query.run(
        source,
        _options_query(opened, spec, search, locked(viewer, state)),
        _context(viewer, source),
    )
    values = tuple(result.table.column(0).to_pylist())
    return Options(_plain(values[:MAX_OPTIONS]), more=len(values) > MAX_OPTIONS)


def _options_query(opened: Opened, spec: FilterSpec, search: str, state: FilterState) -> QuerySpec:
    column = spec.column or ""
    dataset = _source(opened, spec).dataset
    narrowed: list[Filter] = []
    for parent in (find(opened, p) for p in spec.parents):
        chosen = narrowing.target_column(parent, dataset, opened.datasets)
        value = narrowing.value_of(parent, state)
        if chosen is not None and not value.is_empty:
            narrowed.extend(narrowing.predicates(parent, chosen, value))
            if value.range:
                narrowed.append(Filter(column=chosen.name, op="time range", value=value.range))
    if search.strip():
        narrowed.append(Filter(column=column, op="contains", value=search.strip()[:200]))
    metrics: tuple[Metric, ...] = (spec.sort_by,) if spec.sort_by else ()
    order = Order(by=spec.sort_by, descending=True) if spec.sort_by else Order(by=column)
    return QuerySpec(
        dataset=dataset.uuid, dimensions=(Dimension(column=column),), metrics=metrics,
        filters=tuple(narrowed), order=(order,), limit=MAX_OPTIONS + 1,
    )  # fmt: skip


def _plain(values: tuple[object, ...]) -> tuple[Scalar, ...]:
    return tuple(
        v if v is None or isinstance(v, str | int | float | bool) else str(v) for v in values
    )


def bounds(viewer: Viewer, opened: Opened, key: str) -> tuple[float, float] | None:
    """Least and greatest value of a range filter's column; nothing if there are no rows."""
    spec = find(opened, key)
    if spec.kind != "range" or spec.column is None:
        raise Invalid(f"The filter “{spec.title}” has no bounds.")
    low = SimpleMetric(aggregate="min", column=spec.column, label="low")
    high = SimpleMetric(aggregate="max", column=spec.column, label="high")
    source = _source(opened, spec)
    asked = QuerySpec(dataset=source.dataset.uuid, metrics=(low, high))
    result = query.run(source, asked, _context(viewer, source))
    row = result.table.to_pylist()[0]
    return None if row["low"] is None else (float(row["low"]), float(row["high"]))


def data_until(viewer: Viewer, opened: Opened) -> datetime | None:
    """The latest time in the dashboard's datasets, in their own zone; nothing if unknown."""
    found = []
    for source in opened.sources.values():
        column = source.dataset.time_column
        if column is None:
            continue
        last = SimpleMetric(aggregate="max", column=column, label="until")
        asked = QuerySpec(dataset=source.dataset.uuid, metrics=(last,))
        value = query.run(source, asked, _context(viewer, source)).table.to_pylist()[0]["until"]
        if isinstance(value, datetime):
            found.append(value)
    return max(found, default=None)


def _context(viewer: Viewer, source: Source) -> query.Context:
    return query.Context(
        zone=zone_of(viewer, source.dataset), now=datetime.now(UTC), locale=viewer.locale
    )


def first_choice(viewer: Viewer, opened: Opened) -> FilterState:
    """The state a dashboard opens with where filters start at their first option."""
    values = {}
    for spec in opened.layout.filters:
        if spec.default_to_first and spec.kind == "select" and spec.default.is_empty:
            found = options(viewer, opened, spec.key, "", FilterState())
            if found.values:
                values[spec.key] = spec.default.model_copy(update={"values": found.values[:1]})
    return FilterState(values=values)
