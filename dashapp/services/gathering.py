"""Objects as bundles have them: gathered with what they lean on, written as YAML."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
import yaml

from dashapp import permissions
from dashapp.errors import NotFound
from dashapp.services import secrets, sources
from dashapp.settings import settings
from dashapp.specs import Layout
from dashapp.specs.bundle import (
    Bundle,
    BundleChart,
    BundleDashboard,
    BundleDatabase,
    BundleDataset,
)
from dashapp.viewer import Viewer
from models import Chart, Dashboard, Database, Dataset, dashboard_charts, db

FOLDER = "{warehouses}"
# Mappings whose keys have no order of their own.
FREE = frozenset({"options", "colors", "targets", "click_scopes"})
Row = TypeVar("Row", Chart, Dataset)


def located(url: str) -> str:
    """A bundle's URL with the folder of this server's warehouse files in it."""
    return url.replace(FOLDER, str((settings().data_dir / "warehouses").absolute()))


def export(
    viewer: Viewer,
    slugs: list[str] | None = None,
    charts: Collection[UUID] = (),
    datasets: Collection[UUID] = (),
) -> str:
    """YAML of `gathered`: the same objects always give the same text."""
    return _dumped(gathered(viewer, slugs, charts, datasets))


def gathered(
    viewer: Viewer,
    slugs: list[str] | None = None,
    charts: Collection[UUID] = (),
    datasets: Collection[UUID] = (),
) -> Bundle:
    """These dashboards, charts and datasets with what they lean on. Raises NotFound.

    Without any of them: all that the viewer sees, charts, datasets and databases on no dashboard
    too.
    """
    permissions.require(viewer, "bundle.export")
    everything = slugs is None and not charts and not datasets
    shown = permissions.visible_dashboards(viewer).order_by(Dashboard.slug)
    if not everything:
        shown = shown.where(Dashboard.slug.in_(slugs or ()))
    dashboards = list(db.session.scalars(shown))
    lost = set(slugs or ()) - {d.slug for d in dashboards}
    if lost:
        raise NotFound(f"There is no dashboard {', '.join(sorted(lost))}.")
    parts = permissions.visible_charts(viewer).order_by(Chart.name, Chart.uuid)
    if not everything:
        on_dashboards = sa.select(dashboard_charts.c.chart_id).where(
            dashboard_charts.c.dashboard_id.in_([d.id for d in dashboards])
        )
        parts = parts.where(sa.or_(Chart.id.in_(on_dashboards), Chart.uuid.in_(charts)))
    found = list(db.session.scalars(parts))
    _require_all("chart", charts, found)
    asked = permissions.visible_datasets(viewer).order_by(Dataset.name, Dataset.uuid)
    if not everything:
        used = {c.dataset_id for c in found if c.dataset_id} | {
            d.id for dashboard in dashboards for d in dashboard.filter_datasets
        }
        asked = asked.where(sa.or_(Dataset.id.in_(used), Dataset.uuid.in_(datasets)))
    sets = list(db.session.scalars(asked))
    _require_all("dataset", datasets, sets)
    databases = sa.select(Database).order_by(Database.name)
    if not everything:
        databases = databases.where(Database.id.in_({d.database_id for d in sets}))
    return Bundle(
        dashapp=1,
        databases=tuple(database(d) for d in db.session.scalars(databases)),
        datasets=tuple(dataset(d) for d in sets),
        charts=tuple(chart(c) for c in found),
        dashboards=tuple(dashboard(d) for d in dashboards),
    )


def _require_all(what: str, wanted: Collection[UUID], found: list[Row]) -> None:
    lost = set(wanted) - {row.uuid for row in found}
    if lost:
        raise NotFound(f"There is no {what} {', '.join(sorted(map(str, lost)))}.")


def database(row: Database) -> BundleDatabase:
    """A database, its password masked."""
    url = secrets.masked(secrets.reveal(row, "url_encrypted"))
    folder = str((settings().data_dir / "warehouses").absolute())
    return BundleDatabase(
        uuid=row.uuid, name=row.name, kind=row.kind, url=url.replace(folder, FOLDER),
        description=row.description, options=row.options, timeout_s=row.timeout_s,
        slots=row.slots, ttl_s=row.ttl_s,
    )  # fmt: skip


def dataset(row: Dataset) -> BundleDataset:
    """A dataset with its columns and metrics."""
    spec = sources.dataset_spec(row)
    plain = set(BundleDataset.model_fields) - {"database", "columns", "metrics"}
    return BundleDataset(
        **spec.model_dump(include=plain),
        database=row.database.uuid, columns=spec.columns, metrics=spec.metrics,
    )  # fmt: skip


def chart(row: Chart) -> BundleChart:
    """A chart with its options."""
    return BundleChart(
        uuid=row.uuid, name=row.name, kind=row.kind, options=row.options,
        dataset=row.dataset.uuid if row.dataset else None, description=row.description,
        ttl_s=row.ttl_s, tags=tuple(t.name for t in row.tags),
    )  # fmt: skip


def dashboard(row: Dashboard) -> BundleDashboard:
    """A dashboard with its layout."""
    return BundleDashboard(
        uuid=row.uuid, slug=row.slug, title=row.title, description=row.description,
        is_published=row.is_published, tags=tuple(t.name for t in row.tags),
        layout=Layout.model_validate(row.layout),
    )  # fmt: skip


def _dumped(bundle: Bundle) -> str:
    content = _settled(bundle.model_dump(mode="json", exclude_defaults=True))
    text: str = yaml.dump(
        {"dashapp": 1, **content}, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True,
        width=100,
    )  # fmt: skip
    return text


def _settled(value: Any, name: str = "") -> Any:
    """The same with free mappings sorted: not every database keeps the order of their keys."""
    if isinstance(value, dict):
        names = sorted(value) if name in FREE else value
        inner = name if name in FREE else ""
        return {key: _settled(value[key], inner or key) for key in names}
    return [_settled(one, name) for one in value] if isinstance(value, list) else value
