"""A tile's questions after all that is selected on its dashboard."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import ValidationError

from dashapp import query
from dashapp.charts import kind
from dashapp.charts.base import ChartKind, Look
from dashapp.charts.colors import palette
from dashapp.errors import Misdefined, NotFound
from dashapp.query.identity import ByIdentity
from dashapp.query.versions import HERE
from dashapp.services import embed, narrowing
from dashapp.services.dashboards import Opened
from dashapp.specs import (
    ChartSpec,
    DatasetSpec,
    FilterState,
    QuerySpec,
    Source,
    Tile,
)
from dashapp.viewer import Viewer


@dataclass(frozen=True)
class Asked:
    """A tile's questions after all that is selected, and their keys.

    `source` is empty for charts without data.
    """

    key: str
    title: str
    chart: ChartSpec
    kind: type[ChartKind]
    options: Any
    source: Source | None
    specs: Mapping[str, QuerySpec]
    context: query.Context
    applied: tuple[str, ...]
    shown: str
    keys: tuple[str, ...] = ()

    @property
    def main(self) -> QuerySpec:
        """The question whose rows and exports people mean."""
        return self.specs["main"] if "main" in self.specs else next(iter(self.specs.values()))


@dataclass(frozen=True)
class Want:
    """How tiles are asked: again from the warehouse, only from cache, how old at most.

    `page` names the open page, `sequence` counts what it asked: a later ask of a tile replaces
    the earlier ones. `may_be_late` takes older answers where the database is slow or down. All
    asks of one `action` on a page are about one version of the data.
    """

    state: FilterState = FilterState()
    force: bool = False
    max_age_s: int | None = None
    page: str = ""
    now: datetime | None = None
    sequence: int | None = None
    may_be_late: bool = False
    action: str | None = None


def look_of(viewer: Viewer, opened: Opened) -> Look:
    """How a dashboard's charts are drawn for a viewer."""
    return Look(
        palette=palette(opened.layout.palette), colors=opened.layout.colors,
        locale=viewer.locale, zone=viewer.zone,
    )  # fmt: skip


def locked(viewer: Viewer, state: FilterState) -> FilterState:
    """The state with what a guest's token fixes laid over it."""
    if not viewer.locked_filters:
        return state
    fixed = FilterState.model_validate({"values": viewer.locked_filters})
    return state.model_copy(update={"values": {**state.values, **fixed.values}})


@lru_cache(maxsize=2048)
def _options(chart: ChartSpec, content: bytes) -> Any:
    """A chart's options as its kind's shape, kept per version. Raises Invalid."""
    try:
        return kind(chart.kind).Options.model_validate_json(content)
    except ValidationError as error:
        fields = {".".join(map(str, e["loc"])): e["msg"] for e in error.errors()}
        what = "; ".join(f"{name}: {text}" for name, text in fields.items())
        raise Misdefined(f"The options of this chart are not valid: {what}.", fields) from error


@dataclass(frozen=True)
class _Selected:
    """A tile's questions after all that is selected, whoever asks and whenever."""

    title: str
    chart: ChartSpec
    kind: type[ChartKind]
    options: Any
    told: str
    source: Source | None
    specs: Mapping[str, QuerySpec]
    applied: tuple[str, ...]


MOST_VALUES = 500  # Chosen in filters, of a state whose questions are remembered.
_names: ByIdentity[str] = ByIdentity(100)
_selected: ByIdentity[_Selected] = ByIdentity(4_000)


def ask(viewer: Viewer, opened: Opened, key: str, want: Want) -> Asked:
    """A tile's questions as `viewer` asks them now. Raises NotFound or Invalid."""
    state = locked(viewer, want.state)
    name = _names.get((state,), None, lambda: _name(repr(state)))  # 1, 1.0 and true stay apart.
    if sum(len(value.values) for value in state.values.values()) > MOST_VALUES:
        one = _select(opened, key, state)  # Thousands of those would fill the memory.
    else:
        one = _selected.get((opened,), (key, name), lambda: _select(opened, key, state))
    context = _context(viewer, one.source, one.chart, want, key)
    source, specs = one.source, one.specs.values()
    keys = [query.key_of(source, spec, context) for spec in specs] if source else []
    return Asked(
        key=key, title=one.title, chart=one.chart, kind=one.kind, options=one.options,
        source=source, specs=one.specs, context=context, applied=one.applied,
        shown=_shown(one.chart, one.told, keys, opened.version), keys=tuple(keys),
    )  # fmt: skip


def _select(opened: Opened, key: str, state: FilterState) -> _Selected:
    tab, tile = opened.place(key)
    chart = opened.chart(tile)
    options = _options(chart, orjson.dumps(chart.options))
    grain = narrowing.grain_of(opened.layout, tab, tile, state)
    if grain:
        options = narrowing.regrained(options, grain)
    source = opened.sources.get(chart.dataset) if chart.dataset else None
    if source is None and kind(chart.kind).uses_dataset:
        raise NotFound("The dataset of this chart was deleted, or you may not use it.")
    specs: dict[str, QuerySpec] = {}
    applied: tuple[str, ...] = ()
    if source is not None:
        specs, applied = _narrowed(opened, tab, tile, source.dataset, chart, options, state)
    return _Selected(
        title=tile.title or chart.name, chart=chart, kind=kind(chart.kind), options=options,
        told=repr(options), source=source, specs=MappingProxyType(specs), applied=applied,
    )  # fmt: skip


def _narrowed(
    opened: Opened, tab: str, tile: Tile, dataset: DatasetSpec, chart: ChartSpec,
    options: Any, state: FilterState,
) -> tuple[dict[str, QuerySpec], tuple[str, ...]]:  # fmt: skip
    types = opened.datasets
    try:
        asked = kind(chart.kind).queries(options, dataset)
    except ValidationError as error:
        what = "; ".join(str(e["msg"]) for e in error.errors())
        raise Misdefined(f"The options of this chart do not fit together: {what}.") from error
    found = {
        name: narrowing.narrow(spec, opened.layout, tab, tile, dataset, types, state)
        for name, spec in asked.items()
    }
    applied = tuple(dict.fromkeys(a for n in found.values() for a in n.applied))
    return {name: n.spec for name, n in found.items()}, applied


def zone_of(viewer: Viewer, dataset: DatasetSpec) -> str:
    """The zone in which a viewer reads a dataset's times."""
    return dataset.zone if dataset.is_local else viewer.zone


def _context(
    viewer: Viewer, source: Source | None, chart: ChartSpec, want: Want, key: str
) -> query.Context:
    ttl_s = chart.ttl_s
    if want.max_age_s is not None:
        ttl_s = want.max_age_s if ttl_s is None else min(ttl_s, want.max_age_s)
    return query.Context(
        zone=zone_of(viewer, source.dataset) if source else viewer.zone,
        now=want.now or datetime.now(UTC), force=want.force, ttl_s=ttl_s,
        locale=viewer.locale, query_id=query_id(viewer, want.page, key) if want.page else None,
        person=person(viewer), page=page_id(viewer, want.page) if want.page else None,
        sequence=want.sequence, may_be_late=want.may_be_late, action=_action(viewer, want),
    )  # fmt: skip


@lru_cache(maxsize=512)
def person(viewer: Viewer) -> str:
    """Names who asks; people take turns at a busy database."""
    who = [viewer.kind, viewer.user_id, embed.fingerprint(viewer) if viewer.is_guest else None]
    return orjson.dumps(who).decode()


def query_id(viewer: Viewer, page: str, key: str) -> str:
    """Names what a tile of an open page waits for; nobody else's page has that name."""
    return _name(person(viewer), page, key)


def page_id(viewer: Viewer, page: str) -> str:
    """Names an open page; nobody else's has that name."""
    return _name(person(viewer), page)


def _action(viewer: Viewer, want: Want) -> str | None:
    """Names an action on an open page; nobody else's has that name."""
    if want.action is None or want.action.startswith(HERE):
        return want.action
    return _name(person(viewer), want.page, "action", want.action)


def _name(*parts: str) -> str:
    return hashlib.blake2b(orjson.dumps(parts), digest_size=16).hexdigest()


def _shown(chart: ChartSpec, options: str, keys: list[str], version: int) -> str:
    """What a tile shows, as a short text that changes whenever the picture might."""
    text = orjson.dumps([str(chart.uuid), chart.version, version, options, keys])
    return hashlib.blake2b(text, digest_size=12).hexdigest()
