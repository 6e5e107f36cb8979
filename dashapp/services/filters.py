"""What a dashboard's filters offer: options, bounds and the extent of time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from time import time_ns
from zoneinfo import ZoneInfo

from dashapp import query
from dashapp.errors import Invalid, NotFound
from dashapp.query.result import Result
from dashapp.services import narrowing
from dashapp.services.asking import page_id, person, query_id
from dashapp.services.charts import locked, zone_of
from dashapp.services.dashboards import Opened
from dashapp.services.waiting import let_go
from dashapp.specs import (
    DatasetSpec,
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


def options(
    viewer: Viewer, opened: Opened, key: str, search: str, state: FilterState, page: str = ""
) -> Options:
    """Members of a filter's column that contain `search`, narrowed by its parents' choices.

    What the same `page` looked for before in this filter is stopped, unless it is the same.
    """
    narrowing.check(opened.layout, state, declared_only=viewer.is_guest)
    spec = find(opened, key)
    if spec.kind != "select" or spec.column is None:
        raise Invalid(f"The filter “{spec.title}” offers no list.")
    if key in viewer.locked_filters:
        fixed = narrowing.value_of(spec, locked(viewer, state))
        return Options(fixed.values)
    source = _source(opened, spec)
    parents = {*spec.parents, *viewer.locked_filters}
    narrowed = _narrowing(opened, source.dataset, parents, locked(viewer, state))
    asked = _options_query(source.dataset, spec, search, narrowed)
    result = _run(viewer, source, asked, page, f"filter {key}")
    values = tuple(result.table.column(0).to_pylist())
    return Options(_plain(values[:MAX_OPTIONS]), more=len(values) > MAX_OPTIONS)


def _narrowing(
    opened: Opened, dataset: DatasetSpec, keys: Collection[str], state: FilterState
) -> tuple[Filter, ...]:
    """What the choices in some filters leave of a dataset."""
    found: list[Filter] = []
    for other in opened.layout.filters:
        if other.key not in keys:
            continue
        column = narrowing.target_column(other, dataset, opened.datasets)
        value = narrowing.value_of(other, state)
        if column is None or value.is_empty:
            continue
        found.extend(narrowing.predicates(other, column, value))
        if value.range:
            found.append(Filter(column=column.name, op="time range", value=value.range))
    return tuple(found)


def _fixed(viewer: Viewer, opened: Opened, dataset: DatasetSpec) -> tuple[Filter, ...]:
    """What a guest's fixed filters leave of a dataset."""
    return _narrowing(opened, dataset, viewer.locked_filters, locked(viewer, FilterState()))


def _options_query(
    dataset: DatasetSpec, spec: FilterSpec, search: str, narrowed: tuple[Filter, ...]
) -> QuerySpec:
    column = spec.column or ""
    if search.strip():
        narrowed += (Filter(column=column, op="contains", value=search.strip()[:200]),)
    metrics: tuple[Metric, ...] = (spec.sort_by,) if spec.sort_by else ()
    order = Order(by=spec.sort_by, descending=True) if spec.sort_by else Order(by=column)
    return QuerySpec(
        dataset=dataset.uuid, dimensions=(Dimension(column=column),), metrics=metrics,
        filters=(*spec.filters, *narrowed), where=spec.where, time_range=spec.time_range,
        order=(order,), limit=MAX_OPTIONS + 1,
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
    fixed = _fixed(viewer, opened, source.dataset)
    asked = QuerySpec(
        dataset=source.dataset.uuid, metrics=(low, high), filters=(*spec.filters, *fixed),
        where=spec.where, time_range=spec.time_range,
    )  # fmt: skip
    result = _run(viewer, source, asked)
    row = result.table.to_pylist()[0]
    return None if row["low"] is None else (float(row["low"]), float(row["high"]))


def data_until(viewer: Viewer, opened: Opened, page: str = "") -> datetime | None:
    """The latest time in the dashboard's datasets, as its tiles show it; nothing if unknown.

    It is no longer looked for once `page` is left.
    """
    found = []
    for source in opened.sources.values():
        column = source.dataset.time_column
        if column is None:
            continue
        last = SimpleMetric(aggregate="max", column=column, label="until")
        fixed = _fixed(viewer, opened, source.dataset)
        asked = QuerySpec(dataset=source.dataset.uuid, metrics=(last,), filters=fixed)
        name = f"until {source.dataset.uuid}"
        value = _run(viewer, source, asked, page, name).table.to_pylist()[0]["until"]
        if isinstance(value, date):
            found.append(_moment(value, ZoneInfo(zone_of(viewer, source.dataset))))
    return max(found, default=None)


def _moment(value: date, zone: ZoneInfo) -> datetime:
    """A day or time as clocks in `zone` show it."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value.astimezone(zone).replace(tzinfo=None) if value.tzinfo else value


def _run(
    viewer: Viewer, source: Source, asked: QuerySpec, page: str = "", name: str = ""
) -> Result:
    let_go()
    context = query.Context(
        zone_of(viewer, source.dataset), datetime.now(UTC), locale=viewer.locale,
        person=person(viewer), may_be_late=True,
    )  # fmt: skip
    if page:
        here, who, now = page_id(viewer, page), query_id(viewer, page, name), time_ns()
        context = replace(context, query_id=who, page=here, sequence=now)
        query.supersede(here, {who: (query.key_of(source, asked, context),)}, now)
    return query.run(source, asked, context)


def first_choice(viewer: Viewer, opened: Opened) -> FilterState:
    """The state a dashboard opens with where filters start at their first option."""
    values = {}
    for spec in opened.layout.filters:
        if spec.default_to_first and spec.kind == "select" and spec.default.is_empty:
            found = options(viewer, opened, spec.key, "", FilterState())
            if found.values:
                values[spec.key] = spec.default.model_copy(update={"values": found.values[:1]})
    return FilterState(values=values)
