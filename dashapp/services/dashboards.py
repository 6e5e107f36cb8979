"""Dashboards: open, list, save with versions, favourites, recently opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm.exc import StaleDataError

from dashapp import permissions
from dashapp.errors import Conflict, Forbidden, Invalid, NotFound
from dashapp.services import audit, remembered, sources
from dashapp.specs import ChartSpec, DatasetSpec, Layout, Source, Tile
from dashapp.viewer import Viewer
from models import (
    Chart,
    Dashboard,
    DashboardVersion,
    Dataset,
    Favourite,
    Tag,
    User,
    Visit,
    dashboard_tags,
    db,
)

SKETCHED = 60  # Tiles that begin above this row of the layout are in a dashboard's sketch.


@dataclass(frozen=True)
class Opened:
    """A dashboard with all its charts and sources, as one viewer may see it."""

    id: int
    uuid: UUID
    slug: str
    title: str
    description: str
    version: int
    changed_at: datetime
    layout: Layout
    charts: Mapping[UUID, ChartSpec]
    sources: Mapping[UUID, Source]
    may_edit: bool
    tags: tuple[str, ...]

    @property
    def datasets(self) -> dict[UUID, DatasetSpec]:
        """The datasets by uuid."""
        return {uuid: source.dataset for uuid, source in self.sources.items()}

    def place(self, key: str) -> tuple[str, Tile]:
        """The (top-level) tab and tile of that key. Raises NotFound."""
        for tab, tile in self.layout.tiles():
            if tile.key == key:
                return tab, tile
        raise NotFound("This tile is no longer on the dashboard; reload the page.")

    def chart(self, tile: Tile) -> ChartSpec:
        """The chart of a tile. Raises NotFound."""
        if tile.chart not in self.charts:
            raise NotFound("The chart of this tile was deleted.")
        return self.charts[tile.chart]

    def tile_datasets(self) -> dict[str, DatasetSpec]:
        """The dataset of each tile that has one, by tile key."""
        found = {}
        for _, tile in self.layout.tiles():
            chart = self.charts.get(tile.chart)
            source = self.sources.get(chart.dataset) if chart and chart.dataset else None
            if source is not None:
                found[tile.key] = source.dataset
        return found

    def tile_times(self) -> dict[str, str]:
        """The time column of each tile whose chart names one of its own, by tile key."""
        found = {}
        for _, tile in self.layout.tiles():
            chart = self.charts.get(tile.chart)
            column = chart.options.get("time_column") if chart else None
            if isinstance(column, str):
                found[tile.key] = column
        return found


@dataclass(frozen=True)
class Sketched:
    """A rectangle of a dashboard's first tab, in the layout's units, and its kind of chart."""

    x: int
    y: int
    w: int
    h: int
    kind: str


@dataclass(frozen=True)
class Listed:
    """A line of a list of dashboards."""

    uuid: UUID
    slug: str
    title: str
    description: str
    owner: str
    tags: tuple[str, ...]
    is_favourite: bool
    is_published: bool
    tiles: int
    changed_at: datetime
    visited_at: datetime | None
    sketch: tuple[Sketched, ...]


_opened: remembered.Remembered[Opened] = remembered.Remembered(256)


def open(viewer: Viewer, slug: str) -> Opened:
    """All that a dashboard's page needs, remembered until anything changes. Raises NotFound.

    A fixed number of statements reads it, whatever the number of tiles; usually one finds out
    that nothing changed. Shared by all who ask as this viewer: never to be changed.
    """
    return _opened.get((viewer, slug), lambda: _read(viewer, slug))


def _read(viewer: Viewer, slug: str) -> Opened:
    row = _row(viewer, slug)
    layout = parsed_layout(row.uuid, row.version, orjson.dumps(row.layout))
    if set(viewer.locked_filters) - {f.key for f in layout.filters}:
        raise NotFound("A filter that this access is limited by is gone. Please reload the page.")
    wanted = {tile.chart for _, tile in layout.tiles()}
    charts = {c.uuid: c for c in _charts(wanted)}
    needed = {c.dataset for c in charts.values() if c.dataset}
    offered = {f.dataset for f in layout.filters if f.dataset}
    found = sources.load(viewer, needed, perhaps=offered)
    return Opened(
        id=row.id, uuid=row.uuid, slug=row.slug, title=row.title,
        description=row.description or "", version=row.version, changed_at=row.changed_at,
        layout=layout, charts=MappingProxyType(charts), sources=MappingProxyType(found),
        may_edit=permissions.may_edit(viewer, row), tags=tuple(_tags([row.id]).get(row.id, ())),
    )  # fmt: skip


@lru_cache(maxsize=512)
def parsed_layout(uuid: UUID, version: int, content: bytes) -> Layout:
    """A stored layout as its shape; kept per version, content as tie-breaker."""
    return Layout.model_validate_json(content)


def _row(viewer: Viewer, slug: str) -> Dashboard:
    permissions.require(viewer, "dashboard.view")
    row = db.session.scalar(permissions.visible_dashboards(viewer).where(Dashboard.slug == slug))
    if row is None:
        raise NotFound("There is no such dashboard, or you may not see it.")
    return row


def _charts(uuids: set[UUID]) -> list[ChartSpec]:
    rows = db.session.execute(
        sa.select(Chart, Dataset.uuid)
        .outerjoin(Dataset, Chart.dataset_id == Dataset.id)
        .where(Chart.uuid.in_(uuids))
    )
    return [
        _chart(
            c.uuid, c.name, c.kind, dataset, orjson.dumps(c.options), c.description, c.ttl_s,
            c.version,
        )
        for c, dataset in rows
    ]  # fmt: skip


@lru_cache(maxsize=2048)
def _chart(
    uuid: UUID, name: str, kind: str, dataset: UUID | None, options: bytes,
    description: str | None, ttl_s: int | None, version: int,
) -> ChartSpec:  # fmt: skip
    """A chart as its shape: one object for all who may see it."""
    return ChartSpec(
        uuid=uuid, name=name, kind=kind, dataset=dataset, options=orjson.loads(options),
        description=description, ttl_s=ttl_s, version=version,
    )  # fmt: skip


def is_favourite(viewer: Viewer, opened: Opened) -> bool:
    """Whether the viewer starred the dashboard."""
    return viewer.user_id is not None and bool(
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Favourite)
            .where(Favourite.user_id == viewer.user_id, Favourite.dashboard_id == opened.id)
        )
    )


def _tags(dashboard_ids: list[int]) -> dict[int, list[str]]:
    rows = db.session.execute(
        sa.select(dashboard_tags.c.dashboard_id, Tag.name)
        .join(Tag, Tag.id == dashboard_tags.c.tag_id)
        .where(dashboard_tags.c.dashboard_id.in_(dashboard_ids))
        .order_by(Tag.name)
    )
    found: dict[int, list[str]] = {}
    for dashboard_id, name in rows:
        found.setdefault(dashboard_id, []).append(name)
    return found


def listed(
    viewer: Viewer, search: str = "", tag: str | None = None, limit: int = 200
) -> list[Listed]:
    """Dashboards that the viewer may see, favourites first, then by title.

    `search` looks in title, description and tags; at most `limit` lines.
    """
    permissions.require(viewer, "dashboard.view")
    favourite = sa.and_(
        Favourite.dashboard_id == Dashboard.id, Favourite.user_id == (viewer.user_id or 0)
    )
    visit = sa.and_(Visit.dashboard_id == Dashboard.id, Visit.user_id == (viewer.user_id or 0))
    query = (
        permissions.visible_dashboards(viewer)
        .add_columns(User.name, Favourite.user_id, Visit.at)
        .outerjoin(User, Dashboard.owner_id == User.id)
        .outerjoin(Favourite, favourite)
        .outerjoin(Visit, visit)
        .order_by(Favourite.user_id.is_(None), sa.func.lower(Dashboard.title), Dashboard.id)
        .limit(limit)
    )
    if tag is not None:
        query = query.where(Dashboard.id.in_(_tagged(Tag.name == tag)))
    for word in search.split():
        near = Tag.name.icontains(word, autoescape=True)
        query = query.where(
            Dashboard.title.icontains(word, autoescape=True)
            | Dashboard.description.icontains(word, autoescape=True)
            | Dashboard.id.in_(_tagged(near))
        )
    rows = db.session.execute(query).all()
    tags = _tags([row[0].id for row in rows])
    layouts = {row[0].id: _layout_of(row[0]) for row in rows}
    kinds = _kinds({tile.chart for layout in layouts.values() for tile in _first_tiles(layout)})
    return [_listed(tuple(row), tags.get(row[0].id, []), layouts[row[0].id], kinds) for row in rows]


def _layout_of(row: Dashboard) -> Layout:
    return parsed_layout(row.uuid, row.version, orjson.dumps(row.layout))


def _first_tiles(layout: Layout) -> list[Tile]:
    """What one sees of a dashboard without scrolling, more or less."""
    tiles = (item for item in layout.tabs[0].items if isinstance(item, Tile))
    return [tile for tile in tiles if tile.y < SKETCHED]


def _kinds(uuids: set[UUID]) -> dict[UUID, str]:
    rows = db.session.execute(sa.select(Chart.uuid, Chart.kind).where(Chart.uuid.in_(uuids)))
    return {row.uuid: row.kind for row in rows}


def _tagged(condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(dashboard_tags.c.dashboard_id)
        .join(Tag, Tag.id == dashboard_tags.c.tag_id)
        .where(condition)
    )


def _listed(
    row: tuple[Any, ...], tags: list[str], layout: Layout, kinds: dict[UUID, str]
) -> Listed:
    dashboard, owner, favourite, visited_at = row
    return Listed(
        uuid=dashboard.uuid, slug=dashboard.slug, title=dashboard.title,
        description=dashboard.description or "", owner=owner or "", tags=tuple(tags),
        is_favourite=favourite is not None, is_published=dashboard.is_published,
        tiles=sum(1 for _ in layout.tiles()), changed_at=dashboard.changed_at,
        visited_at=visited_at,
        sketch=tuple(
            Sketched(t.x, t.y, t.w, t.h, kinds.get(t.chart, "")) for t in _first_tiles(layout)
        ),
    )  # fmt: skip


def visited(viewer: Viewer, opened: Opened) -> None:
    """Remember that a person opened a dashboard, for "recently opened"."""
    if viewer.user_id is None:
        return
    now = datetime.now(UTC)
    changed = db.session.execute(
        sa.update(Visit)
        .where(Visit.user_id == viewer.user_id, Visit.dashboard_id == opened.id)
        .values(at=now)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        db.session.add(Visit(user_id=viewer.user_id, dashboard_id=opened.id, at=now))
    try:
        db.session.commit()
    except sa.exc.IntegrityError:
        db.session.rollback()  # another tab was first


def set_favourite(viewer: Viewer, slug: str, is_favourite: bool) -> None:
    """Keep a dashboard among one's favourites, or not."""
    row = _row(viewer, slug)
    if viewer.user_id is None:
        raise Forbidden("Only people with an account have favourites.")
    db.session.execute(
        sa.delete(Favourite).where(
            Favourite.user_id == viewer.user_id, Favourite.dashboard_id == row.id
        )
    )
    if is_favourite:
        db.session.add(Favourite(user_id=viewer.user_id, dashboard_id=row.id))
    db.session.commit()


def save(viewer: Viewer, slug: str, version: int, layout: dict[str, Any], message: str = "") -> int:
    """Save a new version of a dashboard's layout; answers its number.

    Raises Conflict when somebody saved after `version`, Invalid with the layout's faults and for
    new charts and datasets that are not there or that the viewer may not see.
    """
    row = _row(viewer, slug)
    if not permissions.may_edit(viewer, row):
        raise Forbidden("You may look at this dashboard but not change it.")
    try:
        checked = Layout.model_validate(layout)
    except ValidationError as error:
        fields = {".".join(map(str, e["loc"])): e["msg"] for e in error.errors()}
        raise Invalid("The layout is not valid.", fields) from error
    if row.version != version:
        raise _stale(row.version)
    _require_known(viewer, checked, Layout.model_validate(row.layout))
    row.layout = checked.model_dump(mode="json", exclude_defaults=True)
    try:
        db.session.flush()
        keep_version(viewer, row, message)
        audit.record(viewer, "dashboard.save", row, version=row.version)
        db.session.commit()
    except StaleDataError as error:
        db.session.rollback()
        raise _stale(None) from error
    return int(row.version)


def _require_known(viewer: Viewer, layout: Layout, before: Layout) -> None:
    """Raise Invalid for references that are new and lead nowhere; old ones say so in their tiles."""
    charts = {t.chart for _, t in layout.tiles()} - {t.chart for _, t in before.tiles()}
    seen = permissions.visible_charts(viewer).where(Chart.uuid.in_(charts))
    lost = charts - {chart.uuid for chart in db.session.scalars(seen)}
    if lost:
        raise Invalid("A chart is missing.", {f"chart {uuid}": "Missing." for uuid in lost})
    datasets = _filtered(layout) - _filtered(before)
    found = permissions.visible_datasets(viewer).where(Dataset.uuid.in_(datasets))
    lost = datasets - {dataset.uuid for dataset in db.session.scalars(found)}
    if lost:
        raise Invalid("A dataset is missing.", {f"dataset {uuid}": "Missing." for uuid in lost})


def _filtered(layout: Layout) -> set[UUID]:
    """The datasets that a layout's filters name."""
    return {u for f in layout.filters for u in (f.dataset, *f.targets) if u is not None}


def keep_version(viewer: Viewer, row: Dashboard, message: str) -> None:
    """Add what was just flushed to a dashboard's history."""
    db.session.add(
        DashboardVersion(
            dashboard_id=row.id, number=row.version, layout=row.layout, title=row.title,
            message=message[:500], saved_by_id=viewer.user_id,
        )
    )  # fmt: skip


def _stale(newer: int | None) -> Conflict:
    return Conflict(
        "Somebody saved this dashboard after you opened it. Reload to see their version; "
        "yours was not saved.",
        version=newer,
    )
