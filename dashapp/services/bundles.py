"""Import and export of databases, datasets, charts and dashboards as YAML."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from dashapp import permissions, warehouses
from dashapp.charts import KINDS
from dashapp.errors import AppError, Conflict, Invalid
from dashapp.services import audit, datasets, gathering, secrets, yamltext
from dashapp.services.dashboards import keep_version
from dashapp.services.gathering import export
from dashapp.specs import DatabaseSpec, DatasetSpec
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
    db,
)

__all__ = ["Action", "Change", "apply", "export", "parse", "plan"]

Action = Literal["new", "changed", "equal", "kept", "refused"]
Row = TypeVar("Row", Database, Dataset, Chart, Dashboard)


@dataclass
class Change:
    """What an import does, or would do, to one object; one that is "kept" stays as it is.

    `notes` are what people should know of it.
    """

    kind: str
    name: str
    uuid: UUID
    action: Action
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse(text: str) -> Bundle:
    """A bundle from YAML. Raises Invalid with all problems, by path."""
    content = yamltext.content(text)
    if yamltext.has_nul(content):
        raise Invalid("The bundle has a NUL character in a text; not every database keeps that.")
    try:
        return Bundle.model_validate(content)
    except ValidationError as error:
        fields = {".".join(map(str, e["loc"])) or "bundle": e["msg"] for e in error.errors()}
        first = "; ".join(f"{k}: {v}" for k, v in list(fields.items())[:5])
        count = "a problem" if len(fields) == 1 else f"{len(fields)} problems"
        raise Invalid(f"The bundle has {count}. {first}", fields) from error


def plan(
    viewer: Viewer, bundle: Bundle, overwrite: Collection[UUID] | None = None,
    confirmed: Collection[UUID] = (),
) -> list[Change]:  # fmt: skip
    """What `apply` would do to each object; nothing is changed."""
    permissions.require(viewer, "bundle.import")
    steps = _Import(viewer, bundle, overwrite, confirmed)
    try:
        return steps.run()
    finally:
        db.session.rollback()


def apply(
    viewer: Viewer, bundle: Bundle, overwrite: Collection[UUID] | None = None,
    confirmed: Collection[UUID] = (),
) -> list[Change]:  # fmt: skip
    """Import all of a bundle or nothing. Raises Invalid naming every object that is refused.

    Objects that are there and differ are changed if `overwrite` names them (None: all of them),
    and kept as they are otherwise; datasets whose row-level rules would hold for other rows
    afterwards only if `confirmed` names them too. Conflict: somebody changed the same meanwhile.
    """
    permissions.require(viewer, "bundle.import")
    steps = _Import(viewer, bundle, overwrite, confirmed)
    try:
        changes = steps.run()
        refused = [c for c in changes if c.action == "refused"]
        if refused:
            fields = {f"{c.kind} {c.name}": " ".join(c.problems) for c in refused}
            text = "; ".join(f"{k}: {v}" for k, v in list(fields.items())[:10])
            raise Invalid(f"Nothing was imported. {text}", fields)
        db.session.commit()
    except (IntegrityError, StaleDataError) as error:
        db.session.rollback()
        raise Conflict(
            "Somebody else changed the same objects meanwhile. Nothing was imported; try again."
        ) from error
    except BaseException:
        db.session.rollback()
        raise
    return changes


class _Import:
    """One run over a bundle, inside one transaction."""

    def __init__(
        self, viewer: Viewer, bundle: Bundle, overwrite: Collection[UUID] | None,
        confirmed: Collection[UUID],
    ) -> None:  # fmt: skip
        self.viewer, self.bundle, self.overwrite = viewer, bundle, overwrite
        self.confirmed = confirmed
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
                if not isinstance(row, Database):
                    permissions.require_edit(self.viewer, row)
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
        url = gathering.located(spec.url)
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
        made = DatasetSpec(**{name: getattr(spec, name) for name in type(spec).model_fields})
        datasets.check(made, database.kind)
        self._keep_rules(row, made)
        datasets.check_refresh_key(self.viewer, row if row.id else None, made, database)
        row.database_id = database.id
        _fill(
            row, spec, "name", "schema_name", "table", "sql", "time_column", "zone",
            "is_local", "week_start", "ttl_s", "refresh_key", "refresh_every_s", "description",
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

    def _keep_rules(self, row: Dataset, spec: DatasetSpec) -> None:
        """Refuse what would lift a rule unless who manages rules chose just that."""
        if row.id is None or not datasets.changes_rules(row, spec):
            return
        if not self.viewer.may("rule.manage"):
            raise Invalid("Row-level rules lean on it; only an administrator may change it.")
        if spec.uuid not in self.confirmed:
            raise Invalid(
                "Row-level rules lean on it, and would hold for other rows. It is changed only if "
                "it is chosen by itself."
            )
        self.changes[-1].notes.append(
            "Its row-level rules hold for other rows now, or no longer: look through them."
        )

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
        row.tags = [self._tag(name) for name in spec.tags]
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


_EXPORTS: dict[str, Any] = {
    "database": gathering.database, "dataset": gathering.dataset, "chart": gathering.chart,
    "dashboard": gathering.dashboard,
}  # fmt: skip
