"""Import and export of databases, datasets, charts and dashboards as YAML."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import UUID

import sqlalchemy as sa
import yaml
from pydantic import SecretStr, ValidationError

from dashapp import permissions, warehouses
from dashapp.charts import KINDS
from dashapp.errors import AppError, Invalid, NotFound
from dashapp.services import audit, datasets, secrets, sources, yamltext
from dashapp.services.dashboards import keep_version
from dashapp.settings import settings
from dashapp.specs import DatabaseSpec, DatasetSpec, Layout
from dashapp.specs.bundle import (
    Bundle,
    BundleChart,
    BundleDashboard,
    BundleDatabase,
    BundleDataset,
)
from dashapp.viewer import Viewer
from models import (
    Chart,
    Dashboard,
    Database,
    Dataset,
    DatasetColumn,
    DatasetMetric,
    Tag,
    dashboard_charts,
    db,
)

FOLDER = "{warehouses}"
# Mappings whose keys have no order of their own.
FREE = frozenset({"options", "colors", "targets"})
Action = Literal["new", "changed", "equal", "kept", "refused"]
Row = TypeVar("Row", Database, Dataset, Chart, Dashboard)


@dataclass
class Change:
    """What an import does, or would do, to one object; one that is "kept" stays as it is."""

    kind: str
    name: str
    uuid: UUID
    action: Action
    problems: list[str] = field(default_factory=list)


def parse(text: str) -> Bundle:
    """A bundle from YAML. Raises Invalid with all problems, by path."""
    content = yamltext.content(text)
    try:
        return Bundle.model_validate(content)
    except ValidationError as error:
        fields = {".".join(map(str, e["loc"])) or "bundle": e["msg"] for e in error.errors()}
        first = "; ".join(f"{k}: {v}" for k, v in list(fields.items())[:5])
        count = "a problem" if len(fields) == 1 else f"{len(fields)} problems"
        raise Invalid(f"The bundle has {count}. {first}", fields) from error


def plan(viewer: Viewer, bundle: Bundle, overwrite: Collection[UUID] | None = None) -> list[Change]:
    """What `apply` would do to each object; nothing is changed."""
    permissions.require(viewer, "bundle.import")
    steps = _Import(viewer, bundle, overwrite)
    try:
        return steps.run()
    finally:
        db.session.rollback()


def apply(
    viewer: Viewer, bundle: Bundle, overwrite: Collection[UUID] | None = None
) -> list[Change]:
    """Import all of a bundle or nothing. Raises Invalid naming every object that is refused.

    Objects that are there and differ are changed if `overwrite` names them (None: all of them),
    and kept as they are otherwise.
    """
    permissions.require(viewer, "bundle.import")
    steps = _Import(viewer, bundle, overwrite)
    try:
        changes = steps.run()
        refused = [c for c in changes if c.action == "refused"]
        if refused:
            fields = {f"{c.kind} {c.name}": " ".join(c.problems) for c in refused}
            text = "; ".join(f"{k}: {v}" for k, v in list(fields.items())[:10])
            raise Invalid(f"Nothing was imported. {text}", fields)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    return changes


class _Import:
    """One run over a bundle, inside one transaction."""

    def __init__(
        self, viewer: Viewer, bundle: Bundle, overwrite: Collection[UUID] | None = None
    ) -> None:
        self.viewer, self.bundle, self.overwrite = viewer, bundle, overwrite
        self.changes: list[Change] = []

    def run(self) -> list[Change]:
        """Go through all objects in the order in which they lean on each other."""
        for database in self.bundle.databases:
            self._one("database", Database, database, self._database)
        for dataset in self.bundle.datasets:
            self._one("dataset", Dataset, dataset, self._dataset)
        for chart in self.bundle.charts:
            self._one("chart", Chart, chart, self._chart)
        for dashboard in self.bundle.dashboards:
            self._one("dashboard", Dashboard, dashboard, self._dashboard)
        return self.changes

    def _one(self, kind: str, model: type[Any], spec: Any, write: Any) -> None:
        name = spec.slug if isinstance(spec, BundleDashboard) else spec.name
        change = Change(kind, name, spec.uuid, "new")
        self.changes.append(change)
        row = db.session.scalar(sa.select(model).where(model.uuid == spec.uuid))
        fresh = row if row is not None else model(uuid=spec.uuid)
        before = row.version if row is not None else None
        try:
            if row is not None:
                if _EXPORTS[kind](row) == spec:
                    change.action = "equal"
                    return
                if self.overwrite is not None and spec.uuid not in self.overwrite:
                    change.action = "kept"
                    return
                change.action = "changed"
            with db.session.no_autoflush:
                write(fresh, spec)
            fresh.changed_by_id = self.viewer.user_id
            if row is None:
                fresh.created_by_id = self.viewer.user_id
                db.session.add(fresh)
            db.session.flush()
            if isinstance(fresh, Dashboard) and fresh.version != before:
                keep_version(self.viewer, fresh, "Imported")
            audit.record(self.viewer, f"{kind}.import", fresh)
        except AppError as error:
            if fresh in db.session.new:
                db.session.expunge(fresh)
            change.action, change.problems = "refused", [error.message]

    def _database(self, row: Database, spec: BundleDatabase) -> None:
        permissions.require(self.viewer, "database.edit")
        self._free(Database, Database.name, spec.name, spec.uuid)
        url = located(spec.url)
        _check_database(spec, url)
        if row.url_encrypted:
            url = secrets.unmasked(url, secrets.reveal(row, "url_encrypted"))
            _check_database(spec, url)
        if secrets.is_masked(url):
            raise Invalid(f"Its password is hidden ({secrets.MASK}); write it into the file.")
        row.url_encrypted = secrets.seal(row, "url_encrypted", url)
        _fill(row, spec, "name", "kind", "description", "options", "timeout_s", "slots", "ttl_s")

    def _dataset(self, row: Dataset, spec: BundleDataset) -> None:
        permissions.require(self.viewer, "dataset.edit")
        database = self._known(Database, spec.database, "database")
        datasets.check(
            DatasetSpec(**{name: getattr(spec, name) for name in type(spec).model_fields}),
            database.kind,
        )
        row.database_id = database.id
        _fill(
            row, spec, "name", "schema_name", "table", "sql", "time_column", "zone",
            "is_local", "week_start", "ttl_s", "description",
        )  # fmt: skip
        columns = {c.name: c for c in row.columns}
        metrics = {m.name: m for m in row.metrics}
        row.columns = [
            _child(columns.get(c.name) or DatasetColumn(name=c.name), i, c.model_dump())
            for i, c in enumerate(spec.columns)
        ]
        row.metrics = [
            _child(metrics.get(m.name) or DatasetMetric(name=m.name), i, m.model_dump(mode="json"))
            for i, m in enumerate(spec.metrics)
        ]
        if row.owner_id is None:
            row.owner_id = self.viewer.user_id

    def _chart(self, row: Chart, spec: BundleChart) -> None:
        permissions.require(self.viewer, "chart.edit")
        if spec.kind not in KINDS:
            raise Invalid(f"There is no chart kind {spec.kind}.")
        row.dataset_id = self._known(Dataset, spec.dataset, "dataset").id if spec.dataset else None
        try:
            KINDS[spec.kind].Options.model_validate(spec.options)
        except ValidationError as error:
            text = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise Invalid(f"Its options are not valid: {text}.") from error
        _fill(row, spec, "name", "kind", "options", "description", "ttl_s")
        if row.owner_id is None:
            row.owner_id = self.viewer.user_id

    def _dashboard(self, row: Dashboard, spec: BundleDashboard) -> None:
        permissions.require(self.viewer, "dashboard.edit")
        self._free(Dashboard, Dashboard.slug, spec.slug, spec.uuid)
        for _, tile in spec.layout.tiles():
            self._known(Chart, tile.chart, f"chart for tile {tile.key}")
        for chosen in spec.layout.filters:
            if chosen.dataset:
                self._known(Dataset, chosen.dataset, f"dataset for filter {chosen.key}")
        _fill(row, spec, "slug", "title", "description", "is_published")
        row.layout = spec.layout.model_dump(mode="json", exclude_defaults=True)
        row.tags = [self._tag(name) for name in spec.tags]
        if row.owner_id is None:
            row.owner_id = self.viewer.user_id

    def _tag(self, name: str) -> Tag:
        found = db.session.scalar(sa.select(Tag).where(Tag.name == name))
        if found is None:
            found = Tag(name=name)
            db.session.add(found)
            db.session.flush()
        return found

    def _free(self, model: type[Any], column: Any, value: str, uuid: UUID) -> None:
        taken = db.session.scalar(sa.select(model.uuid).where(column == value, model.uuid != uuid))
        if taken is not None:
            raise Invalid(f"There is another one named {value} (UUID {taken}).")

    def _known(self, model: type[Row], uuid: UUID, what: str) -> Row:
        row = db.session.scalar(sa.select(model).where(model.uuid == uuid))
        if row is None:
            raise Invalid(f"The {what} is missing (UUID {uuid}).")
        return row


def located(url: str) -> str:
    """A bundle's URL with the folder of this server's warehouse files in it."""
    return url.replace(FOLDER, str((settings().data_dir / "warehouses").absolute()))


def _check_database(spec: BundleDatabase, url: str) -> None:
    """Raise Invalid unless a connection of this kind may have this URL and these options."""
    warehouses.check(
        DatabaseSpec(
            uuid=spec.uuid, name=spec.name, kind=spec.kind, url=SecretStr(url), options=spec.options
        )
    )  # fmt: skip


def _fill(row: Any, spec: Any, *names: str) -> None:
    for name in names:
        value = getattr(spec, name)
        if getattr(row, name) != value:
            setattr(row, name, value)


def _child(row: Any, position: int, values: dict[str, Any]) -> Any:
    for name, value in {**values, "position": position}.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    return row


def export(viewer: Viewer, slugs: list[str] | None = None) -> str:
    """YAML of these dashboards (all that the viewer sees, by default) and what they lean on.

    Without `slugs`, charts, datasets and databases on no dashboard come too.
    """
    permissions.require(viewer, "bundle.export")
    query = permissions.visible_dashboards(viewer).order_by(Dashboard.slug)
    if slugs is not None:
        query = query.where(Dashboard.slug.in_(slugs))
    dashboards = list(db.session.scalars(query))
    lost = set(slugs or ()) - {d.slug for d in dashboards}
    if lost:
        raise NotFound(f"There is no dashboard {', '.join(sorted(lost))}.")
    return _dumped(_bundle(viewer, dashboards, everything=slugs is None))


def _bundle(viewer: Viewer, dashboards: list[Dashboard], *, everything: bool) -> Bundle:
    charts = permissions.visible_charts(viewer).order_by(Chart.name, Chart.uuid)
    datasets = permissions.visible_datasets(viewer).order_by(Dataset.name, Dataset.uuid)
    if not everything:
        shown = sa.select(dashboard_charts.c.chart_id).where(
            dashboard_charts.c.dashboard_id.in_([d.id for d in dashboards])
        )
        charts = charts.where(Chart.id.in_(shown))
    found = list(db.session.scalars(charts))
    if not everything:
        used = {c.dataset_id for c in found if c.dataset_id} | {
            d.id for dashboard in dashboards for d in dashboard.filter_datasets
        }
        datasets = datasets.where(Dataset.id.in_(used))
    asked = list(db.session.scalars(datasets))
    databases = sa.select(Database).order_by(Database.name)
    if not everything:
        databases = databases.where(Database.id.in_({d.database_id for d in asked}))
    return Bundle(
        dashapp=1,
        databases=tuple(_database(d) for d in db.session.scalars(databases)),
        datasets=tuple(exported_dataset(d) for d in asked),
        charts=tuple(_chart(c) for c in found),
        dashboards=tuple(_dashboard(d) for d in dashboards),
    )


def _database(row: Database) -> BundleDatabase:
    url = secrets.masked(secrets.reveal(row, "url_encrypted"))
    folder = str((settings().data_dir / "warehouses").absolute())
    return BundleDatabase(
        uuid=row.uuid, name=row.name, kind=row.kind, url=url.replace(folder, FOLDER),
        description=row.description, options=row.options, timeout_s=row.timeout_s,
        slots=row.slots, ttl_s=row.ttl_s,
    )  # fmt: skip


def exported_dataset(row: Dataset) -> BundleDataset:
    """A dataset as bundles have it."""
    spec = sources.dataset_spec(row)
    return BundleDataset(
        **spec.model_dump(exclude={"version", "database", "columns", "metrics"}),
        database=row.database.uuid, columns=spec.columns, metrics=spec.metrics,
    )  # fmt: skip


def _chart(row: Chart) -> BundleChart:
    return BundleChart(
        uuid=row.uuid, name=row.name, kind=row.kind, options=row.options,
        dataset=row.dataset.uuid if row.dataset else None, description=row.description,
        ttl_s=row.ttl_s,
    )  # fmt: skip


def _dashboard(row: Dashboard) -> BundleDashboard:
    return BundleDashboard(
        uuid=row.uuid, slug=row.slug, title=row.title, description=row.description,
        is_published=row.is_published, tags=tuple(t.name for t in row.tags),
        layout=Layout.model_validate(row.layout),
    )  # fmt: skip


_EXPORTS: dict[str, Any] = {
    "database": _database, "dataset": exported_dataset, "chart": _chart, "dashboard": _dashboard,
}  # fmt: skip


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
