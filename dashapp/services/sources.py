"""What the query engine is given: datasets with their databases and one viewer's row rules."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr

from dashapp.errors import NotFound
from dashapp.permissions import visible_datasets
from dashapp.query.rules import calculated_of
from dashapp.services.secrets import reveal
from dashapp.specs import ColumnSpec, DatabaseSpec, DatasetSpec, MetricSpec, Source
from dashapp.specs import RowRule as RuleSpec
from dashapp.viewer import Viewer
from models import (
    Database,
    Dataset,
    DatasetColumn,
    DatasetMetric,
    RowRule,
    db,
    rule_groups,
    rule_users,
)

MOST_KEPT = 500
# Row, versions and moment: a row that was deleted and imported again starts at version 1 again.
Key = tuple[UUID, int, int, datetime, UUID]
_kept: dict[Key, DatasetSpec] = {}
_lock = threading.Lock()


def load(
    viewer: Viewer, datasets: Iterable[UUID], *, perhaps: Iterable[UUID] = ()
) -> dict[UUID, Source]:
    """Each dataset with its database and the rules that narrow it for this viewer.

    At most six statements, however many datasets. Raises NotFound when one does not exist or
    may not be seen; of `perhaps`, such are left out.
    """
    needed = set(datasets)
    wanted = needed | set(perhaps)
    if not wanted:
        return {}
    rows = db.session.execute(
        visible_datasets(viewer)
        .add_columns(Database)
        .join(Database, Dataset.database_id == Database.id)
        .where(Dataset.uuid.in_(wanted))
    ).all()
    pairs: list[tuple[Dataset, Database]] = [(row[0], row[1]) for row in rows]
    if needed - {d.uuid for d, _ in pairs}:
        raise NotFound("There is no such dataset, or you may not see it.")
    databases = {d.id: d for _, d in pairs}
    rules = _rules(viewer, set(databases))
    guarded = {r.dataset.id: r.dataset for found in rules.values() for r in found if r.dataset}
    own = {d.id for d, _ in pairs}
    others = [(d, databases[d.database_id]) for d in guarded.values() if d.id not in own]
    specs = _dataset_specs([*pairs, *others])
    opened = {number: database_spec(d) for number, d in databases.items()}
    return {
        d.uuid: Source(
            dataset=specs[d.uuid],
            database=opened[d.database_id],
            rules=_narrowing(d, rules.get(d.database_id, []), specs),
        )
        for d, _ in pairs
    }


def database_spec(row: Database) -> DatabaseSpec:
    """A database with its secrets open, for the warehouse pool."""
    return DatabaseSpec(
        uuid=row.uuid,
        name=row.name,
        kind=row.kind,
        url=SecretStr(reveal(row, "url_encrypted")),
        options=row.options,
        timeout_s=row.timeout_s,
        slots=row.slots,
        ttl_s=row.ttl_s,
        version=row.version,
    )


def dataset_spec(row: Dataset) -> DatasetSpec:
    """A dataset as its shape."""
    return _dataset_specs([(row, row.database)])[row.uuid]


def forget() -> None:
    """Forget the shapes kept in this process (tests)."""
    global _kept
    with _lock:
        _kept = {}


def _dataset_specs(pairs: list[tuple[Dataset, Database]]) -> dict[UUID, DatasetSpec]:
    global _kept
    keys = {
        d.id: (d.uuid, d.version, d.data_version, d.changed_at, database.uuid)
        for d, database in pairs
    }
    held = _kept
    kept = {d.uuid: held[keys[d.id]] for d, _ in pairs if keys[d.id] in held}
    missing = [d for d, _ in pairs if d.uuid not in kept]
    if not missing:
        return kept
    made = _read(missing, keys)
    with _lock:
        fresh = {keys[d.id]: made[d.uuid] for d in missing}
        # Replaced, not changed: others read it without the lock.
        _kept = fresh if len(_kept) > MOST_KEPT else _kept | fresh
    return kept | made


def _read(rows: list[Dataset], keys: dict[int, Key]) -> dict[UUID, DatasetSpec]:
    ids = [row.id for row in rows]
    columns = _by_dataset(
        sa.select(DatasetColumn)
        .where(DatasetColumn.dataset_id.in_(ids))
        .order_by(DatasetColumn.position, DatasetColumn.id)
    )
    metrics = _by_dataset(
        sa.select(DatasetMetric)
        .where(DatasetMetric.dataset_id.in_(ids))
        .order_by(DatasetMetric.position, DatasetMetric.id)
    )
    return {
        row.uuid: DatasetSpec(
            uuid=row.uuid,
            name=row.name,
            database=keys[row.id][-1],
            schema_name=row.schema_name,
            table=row.table,
            sql=row.sql,
            columns=tuple(
                ColumnSpec.model_validate(_fields(ColumnSpec, c)) for c in columns[row.id]
            ),
            metrics=tuple(
                MetricSpec.model_validate(_fields(MetricSpec, m)) for m in metrics[row.id]
            ),
            time_column=row.time_column,
            zone=row.zone,
            is_local=row.is_local,
            week_start=row.week_start,
            ttl_s=row.ttl_s,
            refresh_key=row.refresh_key,
            refresh_every_s=row.refresh_every_s,
            description=row.description,
            version=row.version,
            data_version=row.data_version,
            invalidated_at=row.invalidated_at,
        )
        for row in rows
    }


def _by_dataset(query: sa.Select[Any]) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for child in db.session.scalars(query):
        found[child.dataset_id].append(child)
    return found


def _fields(spec: type[ColumnSpec] | type[MetricSpec], row: object) -> dict[str, Any]:
    """The row's values of the shape's fields: columns of the tables bear the same names."""
    return {name: getattr(row, name) for name in spec.model_fields}


class _Rule:
    """A rule that applies to the viewer, and the dataset it was made for."""

    def __init__(self, dataset: Dataset | None, clause: str, group: str = "") -> None:
        self.dataset, self.clause, self.group = dataset, clause, group

    def on(self, dataset: Dataset, specs: Mapping[UUID, DatasetSpec]) -> RuleSpec | None:
        """The rule as it narrows `dataset`: by its table wherever that is read, or by its rows."""
        own = self.dataset
        if own is not None and own.table is not None:
            return RuleSpec(
                clause=self.clause,
                table=own.table,
                schema_name=own.schema_name,
                group=self.group,
                calculated=calculated_of(specs[own.uuid].columns),
            )
        if own is None or own.id == dataset.id:
            return RuleSpec(clause=self.clause, group=self.group)
        return None


def _narrowing(
    dataset: Dataset, rules: list[_Rule], specs: Mapping[UUID, DatasetSpec]
) -> tuple[RuleSpec, ...]:
    """The rules of a dataset: each once, in an order that does not depend on the viewer."""
    found = {rule.on(dataset, specs) for rule in rules} - {None}
    return tuple(sorted((r for r in found if r is not None), key=_rule_order))


def _rule_order(rule: RuleSpec) -> tuple[Any, ...]:
    return rule.table or "", rule.schema_name or "", rule.group, rule.clause, rule.calculated


def _rules(viewer: Viewer, databases: set[int]) -> dict[int, list[_Rule]]:
    """The rules that apply to the viewer, by database: those of other datasets guard tables."""
    found: dict[int, list[_Rule]] = defaultdict(list)
    if viewer.kind == "system":
        return found
    rows = db.session.execute(
        sa.select(RowRule, Dataset, _is_for(viewer))
        .join(Dataset, RowRule.dataset_id == Dataset.id)
        .where(Dataset.database_id.in_(databases))
        .order_by(RowRule.id)
    )
    # A guest may less than any viewer, so what narrows viewers narrows guests.
    role = "viewer" if viewer.is_guest else viewer.role
    for rule, dataset, applies in rows:
        if applies or (role is not None and role in rule.roles):
            group = f"{dataset.uuid}:{rule.group_key}" if rule.group_key else ""
            found[dataset.database_id].append(_Rule(dataset, rule.clause, group))
    _add_guest_rules(viewer, databases, found)
    return found


def _is_for(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Whether a rule names everybody, the viewer or one of the viewer's groups."""
    groups = sa.select(rule_groups.c.rule_id).where(
        rule_groups.c.group_id.in_(sorted(viewer.groups))
    )
    people = sa.select(rule_users.c.rule_id).where(rule_users.c.user_id == (viewer.user_id or 0))
    return sa.or_(RowRule.applies_to_all, RowRule.id.in_(groups), RowRule.id.in_(people))


def _add_guest_rules(viewer: Viewer, databases: set[int], found: dict[int, list[_Rule]]) -> None:
    """Add what a guest's token demands; a rule without a dataset narrows every dataset.

    Raises NotFound when a dataset that a rule names is gone: its table may be read by others.
    """
    named = {rule.dataset for rule in viewer.rules if rule.dataset is not None}
    query = sa.select(Dataset).where(Dataset.uuid.in_(named))
    by_uuid = {row.uuid: row for row in db.session.scalars(query)} if named else {}
    if len(by_uuid) < len(named):
        raise NotFound("What this access is limited to was deleted. Please reload the page.")
    for rule in viewer.rules:
        if rule.dataset is None:
            for database in databases:
                found[database].append(_Rule(None, rule.clause))
            continue
        dataset = by_uuid[rule.dataset]
        if dataset.database_id in databases:
            found[dataset.database_id].append(_Rule(dataset, rule.clause))
