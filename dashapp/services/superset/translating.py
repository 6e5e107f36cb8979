"""A whole bundle of Superset in our words: what can be imported, and what cannot and why."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.query.compile import statement
from dashapp.services import gathering
from dashapp.services.superset import connections, kinds
from dashapp.services.superset.connections import Tables, Target
from dashapp.services.superset.dashboards import dashboard, described, slug_of, tags_of
from dashapp.services.superset.datasets import Made, dataset
from dashapp.services.superset.defaults import filled
from dashapp.services.superset.documents import ChartDocument, DashboardDocument, Documents
from dashapp.services.superset.filters import Offered
from dashapp.services.superset.layout import Charts
from dashapp.services.superset.params import Params
from dashapp.specs import ColumnSpec, DatasetSpec, Source
from dashapp.specs.bundle import Bundle, BundleChart, BundleDashboard, BundleDataset
from models import Chart, Dashboard, Dataset, db

logger = logging.getLogger(__name__)
Rewrite = Callable[[str], str]
# What a translator may stumble over in parameters that are not as Superset writes them.
STUMBLES = (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Lost:
    """Something of the bundle that cannot be imported, and why."""

    kind: str
    name: str
    uuid: UUID | None
    reason: str
    notes: tuple[str, ...] = ()


@dataclass
class Translated:
    """A bundle of ours, where its databases go, what is lost and what is not carried over.

    `additions`: datasets that are kept as they are but for columns that charts need.
    """

    bundle: Bundle
    targets: dict[UUID, Target] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    notes: dict[UUID, list[str]] = field(default_factory=dict)
    additions: set[UUID] = field(default_factory=set)

    def told(self, uuid: UUID) -> tuple[str, ...]:
        """What is not carried over of one object."""
        return tuple(self.notes.get(uuid, ()))


@dataclass
class _Here:
    """What of the bundle is on this server already."""

    datasets: dict[UUID, BundleDataset]
    charts: dict[UUID, str]
    slugs: dict[UUID, str]


def translate(
    found: Documents,
    mapping: Mapping[str, str],
    given: Mapping[str, str],
    overwrite: Collection[UUID] | None,
) -> Translated:
    """The bundle over this server's databases. Nothing is written; databases are only read."""
    targets = connections.resolve(found, mapping, given)
    done = Translated(Bundle(dashapp=1), targets)
    if any(target.need for target in targets.values()):
        return done
    here = _here(found)
    db.session.rollback()  # Databases may be slow; the metadata is not held meanwhile.
    work = _Work(found, here, overwrite, done)
    work.datasets()
    work.charts()
    work.dashboards()
    work.rest()
    done.bundle = work.bundle()
    return done


def _here(found: Documents) -> _Here:
    wanted = {d.uuid for d in found.datasets} | {
        c.dataset_uuid for c in found.charts if c.dataset_uuid
    }
    for one in found.dashboards:
        wanted |= set(_filtered(one))
    datasets = db.session.scalars(sa.select(Dataset).where(Dataset.uuid.in_(wanted)))
    charts = db.session.execute(sa.select(Chart.uuid, Chart.name))
    slugs = db.session.execute(sa.select(Dashboard.uuid, Dashboard.slug))
    return _Here(
        datasets={d.uuid: gathering.dataset(d) for d in datasets},
        charts={row.uuid: row.name for row in charts},
        slugs={row.uuid: row.slug for row in slugs},
    )


def _filtered(document: DashboardDocument) -> list[UUID]:
    """Datasets that a dashboard's filters name."""
    found = []
    raw = document.metadata.get("native_filter_configuration")
    for entry in raw if isinstance(raw, list) else ():
        targets = entry.get("targets") if isinstance(entry, dict) else None
        for target in targets if isinstance(targets, list) else ():
            try:
                found.append(UUID(str(target.get("datasetUuid"))))
            except (ValueError, AttributeError):
                continue
    return found


def as_spec(made: BundleDataset) -> DatasetSpec:
    """A bundle's dataset as charts are translated over it."""
    return DatasetSpec(**{name: getattr(made, name) for name in BundleDataset.model_fields})


class _Work:
    """One run over a bundle, in the order in which its objects lean on each other."""

    def __init__(
        self, found: Documents, here: _Here, overwrite: Collection[UUID] | None, done: Translated
    ) -> None:
        self.found, self.here, self.overwrite, self.done = found, here, overwrite, done
        self.made: dict[UUID, Made] = {}
        self.specs: dict[UUID, BundleDataset] = {}
        self.made_charts: dict[UUID, BundleChart] = {}
        self.made_dashboards: list[BundleDashboard] = []
        self.missing: dict[UUID, str] = {}
        self.documents = {c.uuid: c for c in found.charts}
        self.numbers = self._numbers()

    def bundle(self) -> Bundle:
        """All that can be imported."""
        databases = [t.bundle for t in self.done.targets.values() if t.bundle and not t.mapped_to]
        ours = [self.specs[d.uuid] for d in self.found.datasets if d.uuid in self.specs]
        ours += [self.specs[u] for u in self.done.additions if u not in {d.uuid for d in ours}]
        return Bundle(
            dashapp=1, databases=tuple(databases), datasets=tuple(ours),
            charts=tuple(self.made_charts.values()), dashboards=tuple(self.made_dashboards),
        )  # fmt: skip

    def datasets(self) -> None:
        """Datasets over the databases they go to."""
        tables = Tables()
        for uuid, target in self.done.targets.items():
            self.done.notes.setdefault(uuid, []).extend(target.notes)
        for document in self.found.datasets:
            made = dataset(document, self.done.targets[document.database_uuid], tables)
            self.made[document.uuid] = made
            if made.spec is None:
                reason = made.problem or "It cannot be translated."
                self._lose("dataset", document.table_name, document.uuid, reason, made.notes)
            else:
                self.specs[document.uuid] = made.spec
                self._note(document.uuid, made.notes)

    def charts(self) -> None:
        """Charts, and the columns that they need of their datasets."""
        for document in self.found.charts:
            self._chart(document)
        for uuid in list(self.specs):
            self._settle(uuid)

    def _settle(self, uuid: UUID) -> None:
        """A dataset that is here, differs and stays: its charts lean on it as it is."""
        known = self.here.datasets.get(uuid)
        is_changed = self.overwrite is None or uuid in self.overwrite
        if known is None or known == self.specs[uuid] or is_changed:
            return
        fresh, self.specs[uuid] = self.specs[uuid], known
        for document in self.found.charts:
            if document.dataset_uuid == uuid:
                self._chart(document)
        if self.specs[uuid] == known:
            self.specs[uuid] = fresh  # Told as kept.
        else:
            self.done.additions.add(uuid)
            self._note(uuid, ["It is kept but for columns that charts need, which are added."])

    def _chart(self, document: ChartDocument) -> None:
        uuid = document.uuid
        self.made_charts.pop(uuid, None)
        self.done.lost = [one for one in self.done.lost if one.uuid != uuid]
        self.done.notes.pop(uuid, None)
        try:
            self.made_charts[uuid] = self._translated(document)
            self.missing.pop(uuid, None)
        except Invalid as error:
            self.missing[uuid] = f"This chart could not be imported. {error.message}"
            self._lose("chart", document.slice_name, uuid, error.message)

    def _translated(self, document: ChartDocument) -> BundleChart:
        spec, rewrite = self._dataset_of(document)
        try:
            outcome = kinds.chart(
                document.viz_type, document.slice_name, document.params, spec,
                siblings=self._sibling, rewrite=rewrite,
            )  # fmt: skip
        except STUMBLES as error:
            logger.warning("Parameters of the chart %s: %r", document.uuid, error)
            raise Invalid("Its parameters are not as Superset writes them.") from error
        if outcome.added and document.dataset_uuid:
            spec = self._add(document.dataset_uuid, outcome.added)
        self._check(outcome, spec)
        self._note(document.uuid, [*outcome.notes, *_unread(document)])
        ttl = document.cache_timeout
        return BundleChart(
            uuid=document.uuid, name=document.slice_name[:250], kind=outcome.kind,
            dataset=document.dataset_uuid, options=outcome.options,
            ttl_s=max(ttl, 0) if ttl is not None else None, tags=tags_of(document.tags),
            description=described(
                document.description, document.certified_by, document.certification_details
            ),
        )  # fmt: skip

    def _dataset_of(self, document: ChartDocument) -> tuple[DatasetSpec, Rewrite]:
        """What a chart is translated over. Raises Invalid if its dataset is missing."""
        uuid = document.dataset_uuid
        if uuid is None:
            return DatasetSpec(uuid=document.uuid, name="", database=document.uuid), str
        made = self.made.get(uuid)
        if made is not None and made.spec is None:
            name = made.document.table_name
            raise Invalid(f"Its dataset {name} cannot be imported. {made.problem or ''}".strip())
        known = self.specs.get(uuid) or self.here.datasets.get(uuid)
        if known is None:
            raise Invalid("Its dataset is not in the bundle.")
        return as_spec(known), self._rewrite(uuid)

    def _rewrite(self, dataset_uuid: UUID) -> Rewrite:
        made = self.made.get(dataset_uuid)
        return made.translation.expression if made and made.translation else str

    def _sibling(self, number: int) -> Params | None:
        """Another chart of the bundle, over its own dataset."""
        uuid = self.numbers.get(number)
        document = self.documents.get(uuid) if uuid else None
        if document is None:
            return None
        try:
            spec, rewrite = self._dataset_of(document)
        except Invalid:
            return None
        return Params(
            viz_type=document.viz_type, name=document.slice_name,
            values=filled(document.viz_type, document.params),
            dataset=spec, siblings=None, rewrite=rewrite,
        )  # fmt: skip

    def _numbers(self) -> dict[int, UUID]:
        """Charts by the numbers that layouts and other charts call them."""
        found = {}
        for document in self.found.charts:
            number = document.params.get("slice_id")
            if isinstance(number, int):
                found[number] = document.uuid
        found |= self.found.numbers
        for one in self.found.dashboards:
            for node in one.position.values():
                meta = node.get("meta") if isinstance(node, dict) else None
                if isinstance(meta, dict) and isinstance(meta.get("chartId"), int):
                    try:
                        found[meta["chartId"]] = UUID(str(meta.get("uuid")))
                    except ValueError:
                        continue
        return found

    def _add(self, uuid: UUID, columns: Mapping[str, ColumnSpec]) -> DatasetSpec:
        """Give a dataset the columns that a chart needs."""
        known = self.specs.get(uuid) or self.here.datasets[uuid]
        fresh = [_typed(c, self.made.get(uuid)) for c in columns.values()]
        names = {c.name for c in known.columns}
        merged = (*known.columns, *(c for c in fresh if c.name not in names))
        self.specs[uuid] = known.model_copy(update={"columns": merged})
        if uuid not in self.made:
            self.done.additions.add(uuid)
        return as_spec(self.specs[uuid])

    def _check(self, outcome: kinds.Outcome, spec: DatasetSpec) -> None:
        """Raise Invalid if the chart's questions could never be asked."""
        target = next((t for t in self.done.targets.values() if t.uuid == spec.database), None)
        try:
            options = KINDS[outcome.kind].Options.model_validate(outcome.options)
            queries = KINDS[outcome.kind].queries(options, spec)
        except (ValidationError, *STUMBLES) as error:
            logger.warning("Options of a %s: %r", outcome.kind, error)
            raise Invalid("Its options make no sense here.") from error
        if target is None or target.spec is None:
            return
        source = Source(dataset=spec, database=target.spec)
        with connections.asked(target) as warehouse:
            for query in queries.values():
                if warehouse is None:
                    break
                statement(
                    source, query, warehouse.dialect, warehouse.sqlglot_dialect,
                    zone="UTC", now=datetime.now(UTC), row_limit=1000,
                )  # fmt: skip

    def dashboards(self) -> None:
        """Dashboards with what of their charts could be translated."""
        names = dict(self.here.charts)
        names |= {u: c.name for u, c in self.made_charts.items()}
        taken = set(self.here.slugs.values())
        known = {u: as_spec(d) for u, d in (self.here.datasets | self.specs).items()}
        offered = Offered(known, self._rewrite)
        for document in self.found.dashboards:
            mine = self._shown(document, names)
            slug = self.here.slugs.get(document.uuid) or _free(
                slug_of(document.slug or document.dashboard_title), taken
            )
            taken.add(slug)
            try:
                made, notes = dashboard(document, slug, mine, offered)
            except (Invalid, ValidationError, *STUMBLES) as error:
                logger.warning("The dashboard %s: %r", document.uuid, str(error)[:500])
                told = "Its layout or filters are not as Superset writes them, or too large."
                reason = error.message if isinstance(error, Invalid) else told
                self._lose("dashboard", document.dashboard_title, document.uuid, reason)
                continue
            self.made_dashboards.append(made)
            self._note(document.uuid, notes)

    def _shown(self, document: DashboardDocument, names: dict[UUID, str]) -> Charts:
        """The charts that a dashboard may show; without a layout, those of the bundle."""
        if not document.position:
            names = {u: c.name for u, c in self.made_charts.items()}
        return Charts(names=names, numbers=self.numbers, missing=self.missing)

    def rest(self) -> None:
        """Files of kinds that there are not here."""
        for theme in self.found.themes:
            self._lose("theme", theme.theme_name, theme.uuid, "There are no themes to import here.")
        for query in self.found.queries:
            self._lose("query", query.label or "", query.uuid, "Saved queries are not imported.")
        for path in self.found.unknown:
            self._lose("file", path, None, "It belongs to no kind of object that is known here.")

    def _lose(
        self, kind: str, name: str, uuid: UUID | None, reason: str, notes: Collection[str] = ()
    ) -> None:
        self.done.lost.append(Lost(kind, name[:250], uuid, reason, tuple(notes)))

    def _note(self, uuid: UUID, notes: Collection[str]) -> None:
        told = self.done.notes.setdefault(uuid, [])
        told.extend(note for note in notes if note not in told)


def _typed(column: ColumnSpec, made: Made | None) -> ColumnSpec:
    """A calculated column with the type that its SQL has."""
    if made is None or made.translation is None or column.expression is None:
        return column
    target = made.target.dialect
    told = type(made.translation)(None, target, made.translation.columns)
    kind = told.type_of(column.expression)
    return column.model_copy(update={"type": kind}) if kind and column.type == "text" else column


def _unread(document: ChartDocument) -> list[str]:
    notes = []
    lost = document.unknown()
    if lost:
        notes.append(f"Not carried over: {', '.join(lost)}.")
    return notes


def _free(slug: str, taken: set[str]) -> str:
    """The slug, or one like it that no other dashboard has."""
    found, count = slug, 1
    while found in taken:
        count += 1
        found = f"{slug}-{count}"
    return found
