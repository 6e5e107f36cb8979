"""Which filters and clicks reach which tile, and the query that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast
from uuid import UUID

from dashapp.errors import Invalid
from dashapp.specs import (
    Click,
    ColumnSpec,
    DatasetSpec,
    Dimension,
    Filter,
    FilterSpec,
    FilterState,
    FilterValue,
    Grain,
    Layout,
    QuerySpec,
    Spec,
    Tile,
)
from dashapp.specs.layout import Scope

NUMERIC = frozenset({"integer", "number"})
TEMPORAL = frozenset({"time", "date"})


@dataclass(frozen=True)
class Narrowed:
    """A tile's query after all that is selected, and the keys of the filters that did it."""

    spec: QuerySpec
    applied: tuple[str, ...]


def value_of(spec: FilterSpec, state: FilterState) -> FilterValue:
    """What is chosen in a filter: the state's choice, or the filter's default."""
    return state.values.get(spec.key, spec.default)


def missing_required(layout: Layout, state: FilterState) -> list[FilterSpec]:
    """Required filters in which nothing is chosen."""
    return [f for f in layout.filters if f.required and value_of(f, state).is_empty]


def check(layout: Layout, state: FilterState, *, declared_only: bool = False) -> None:
    """Refuse choices that the dashboard's filters do not offer. Raises Invalid.

    With `declared_only` (guests) cross-filters may only name columns of its declared filters.
    """
    known = {f.key for f in layout.filters}
    lost = sorted(set(state.values) - known)
    if lost:
        raise Invalid(f"This dashboard has no filter named {', '.join(lost)}.")
    require_fitting(layout, state.values)
    if declared_only:
        columns = {f.column for f in layout.filters} | {
            c for f in layout.filters for c in f.targets.values()
        }
        strange = sorted({c.column for c in state.clicks} - columns)
        if strange:
            raise Invalid(f"Only declared filters may be set here, not {', '.join(strange)}.")


# What may be chosen in a filter of each kind.
FIELDS: Mapping[str, frozenset[str]] = {
    "select": frozenset({"values"}),
    "range": frozenset({"low", "high"}),
    "time": frozenset({"range"}),
    "grain": frozenset({"grain"}),
}


def require_fitting(layout: Layout, values: Mapping[str, FilterValue]) -> None:
    """Raise Invalid for a choice that its filter's kind does not know: it would narrow nothing."""
    for chosen in layout.filters:
        value = values.get(chosen.key)
        if value is None:
            continue
        if value.model_dump(exclude_defaults=True).keys() - FIELDS[chosen.kind]:
            raise Invalid(
                f"The filter “{chosen.title}” takes no such value.",
                {f"values.{chosen.key}": "Of another kind."},
            )


def target_column(
    spec: FilterSpec,
    dataset: DatasetSpec,
    types: Mapping[UUID, DatasetSpec],
    timed: str | None = None,
) -> ColumnSpec | None:
    """The column of `dataset` that a filter narrows, if it reaches this dataset.

    `types` are the dashboard's datasets by uuid, to compare column types across datasets. `timed`
    is the tile's own time column, which times without a column of their own narrow.
    """
    if spec.kind == "grain":
        return None
    if dataset.uuid in spec.targets:
        return dataset.column(spec.targets[dataset.uuid])
    if spec.kind == "time":
        name = spec.column if spec.dataset in (None, dataset.uuid) and spec.column else None
        return dataset.column(name or timed or dataset.time_column or "")
    found = dataset.column(spec.column or "")
    if spec.dataset == dataset.uuid or found is None:
        return found
    home = types.get(spec.dataset) if spec.dataset else None
    other = home.column(spec.column or "") if home else None
    return found if other is None or same_nature(found, other) else None


def same_nature(left: ColumnSpec, right: ColumnSpec) -> bool:
    """Whether members of two columns can be compared."""
    return nature(left) == nature(right)


def nature(column: ColumnSpec) -> str:
    """Numbers, times, or the type itself."""
    if column.type in NUMERIC:
        return "numeric"
    return "temporal" if column.type in TEMPORAL else column.type


def in_scope(spec: FilterSpec, tab: str, tile: Tile) -> bool:
    """Whether a filter's scope covers a tile on (top-level) tab `tab`."""
    return covers(spec.scope, tab, tile)


def covers(scope: Scope, tab: str, tile: Tile) -> bool:
    """Whether a scope has a tile on (top-level) tab `tab`."""
    return tile.key not in scope.excluded and (not scope.tabs or tab in scope.tabs)


def click_column(
    click: Click, tile: Tile, dataset: DatasetSpec, types: Mapping[UUID, DatasetSpec]
) -> ColumnSpec | None:
    """The column of a tile's dataset that a cross-filter narrows, if it reaches the tile."""
    if click.source == tile.key:
        return None
    found = dataset.column(click.column)
    if found is None or not found.filterable or click.dataset == dataset.uuid:
        return found if found is not None and found.filterable else None
    home = types.get(click.dataset)
    other = home.column(click.column) if home else None
    return found if other is not None and same_nature(found, other) else None


def clicked(layout: Layout, source: str, tab: str, tile: Tile) -> bool:
    """Whether clicks in the tile `source` apply to a tile on (top-level) tab `tab`."""
    scope = layout.click_scopes.get(source)
    return scope is None or covers(scope, tab, tile)


def narrow(
    spec: QuerySpec,
    layout: Layout,
    tab: str,
    tile: Tile,
    dataset: DatasetSpec,
    types: Mapping[UUID, DatasetSpec],
    state: FilterState,
) -> Narrowed:
    """Add to a tile's query what is selected on the dashboard. Deterministic order."""
    filters, applied = list(spec.filters), list[str]()
    changes: dict[str, object] = {}
    for chosen in layout.filters:
        value = value_of(chosen, state)
        if value.is_empty or not in_scope(chosen, tab, tile):
            continue
        column = target_column(chosen, dataset, types, spec.time_column)
        if column is None:
            continue
        applied.append(chosen.key)
        if chosen.kind == "time":
            main = spec.time_column or dataset.time_column
            if main in (None, column.name) and not changes:
                changes |= {"time_range": value.range, "time_column": column.name}
            else:  # Of another column, or a second range of the same: both hold.
                filters.append(Filter(column=column.name, op="time range", value=value.range))
        else:
            filters.extend(predicates(chosen, column, value))
    if layout.cross_filters:
        for click in state.clicks:
            column = click_column(click, tile, dataset, types)
            if column is not None and clicked(layout, click.source, tab, tile):
                applied.append(f"click:{click.source}")
                filters.extend(of_click(click, column))
    narrowed = spec.model_copy(update={**changes, "filters": tuple(filters)})
    return Narrowed(narrowed, tuple(dict.fromkeys(applied)))


def of_click(click: Click, column: ColumnSpec) -> Iterator[Filter]:
    """The filters of a cross-filter. Empty cells are in no span.

    Raises Invalid for a span of times on a column of something else, and the other way round.
    """
    if click.span is None:
        yield Filter(
            column=column.name, op="in", value=click.values, grain=click.grain, bin=click.bin
        )
        return
    low, high = click.span
    if isinstance(low, str) != (column.type in TEMPORAL) or not (
        column.type in TEMPORAL or column.type in NUMERIC
    ):
        raise Invalid(f"“{column.title}” has no such span.", {column.name: "Of another type."})
    if isinstance(low, str):
        yield Filter(column=column.name, op="time range", value=f"{low} : {high}")
    else:  # Bins are compared by their numbers, as they are grouped.
        yield Filter(column=column.name, op=">=", value=low, bin=click.bin)
        yield Filter(column=column.name, op="<", value=high, bin=click.bin)


def grain_of(layout: Layout, tab: str, tile: Tile, state: FilterState) -> Grain | None:
    """The time grain that the dashboard's grain filter asks of a tile, if it does."""
    chosen = [
        value_of(f, state).grain
        for f in layout.filters
        if f.kind == "grain" and in_scope(f, tab, tile)
    ]
    return next((g for g in chosen if g), None)


T = TypeVar("T")


def regrained(options: T, grain: Grain) -> T:
    """A chart's options with its own `grain`, and every time dimension in them, at `grain`."""
    changed = _regrained(options, grain)
    if isinstance(changed, Spec) and getattr(changed, "grain", None):
        return cast(T, changed.model_copy(update={"grain": grain}))
    return cast(T, changed)


def _regrained(value: object, grain: Grain) -> object:
    if isinstance(value, Dimension):
        return value.model_copy(update={"grain": grain}) if value.grain else value
    if isinstance(value, tuple):
        return tuple(_regrained(v, grain) for v in value)
    if isinstance(value, Spec):
        fields = type(value).model_fields
        return value.model_copy(update={n: _regrained(getattr(value, n), grain) for n in fields})
    return value


def predicates(chosen: FilterSpec, column: ColumnSpec, value: FilterValue) -> Iterator[Filter]:
    """The filters of a select or range choice."""
    if value.values:
        op = "not in" if chosen.exclude else "in"
        yield Filter.model_validate({"column": column.name, "op": op, "value": value.values})
    if value.low is not None or value.high is not None:
        yield Filter(column=column.name, op="between", value=(value.low, value.high))


def reach(
    layout: Layout,
    datasets: Mapping[str, DatasetSpec],
    types: Mapping[UUID, DatasetSpec],
    timed: Mapping[str, str] | None = None,
) -> dict[str, dict[str, list[str]]]:
    """For the browser: which tiles each filter and each clicked column reaches.

    `datasets` are the tiles' datasets by tile key, `timed` their own time columns. Answer:
    `{"filters": {filter key: tiles}, "columns": {"dataset uuid|column": tiles}, "clicks": {tile
    whose clicks do not apply everywhere: tiles}}`; the server decides again on every query.
    """
    filters: dict[str, list[str]] = {}
    columns: dict[str, list[str]] = {}
    clicks: dict[str, list[str]] = {source: [] for source in layout.click_scopes}
    homes = {d.uuid: d for d in datasets.values()}
    shared = {d.uuid: _clickable(d, homes.values()) for d in homes.values()}
    for tab, tile in layout.tiles():
        dataset = datasets.get(tile.key)
        if dataset is None:
            continue
        own = (timed or {}).get(tile.key)
        for chosen in layout.filters:
            hits = chosen.kind == "grain" or target_column(chosen, dataset, types, own) is not None
            if hits and in_scope(chosen, tab, tile):
                filters.setdefault(chosen.key, []).append(tile.key)
        for name in shared[dataset.uuid]:
            columns.setdefault(name, []).append(tile.key)
        for source, tiles in clicks.items():
            if clicked(layout, source, tab, tile):
                tiles.append(tile.key)
    return {"filters": filters, "columns": columns, "clicks": clicks}


def _clickable(dataset: DatasetSpec, homes: Iterable[DatasetSpec]) -> list[str]:
    """The columns ("dataset uuid|column") of these datasets whose clicks narrow `dataset`."""
    own = {c.name: c for c in dataset.columns if c.filterable}
    return [
        f"{home.uuid}|{column.name}"
        for home in homes
        for column in home.columns
        if (found := own.get(column.name)) is not None
        and (home.uuid == dataset.uuid or same_nature(found, column))
    ]
