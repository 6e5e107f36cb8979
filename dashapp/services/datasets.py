"""Datasets: made from tables and queries, kept in step with them, changed and removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import sqlalchemy as sa

from dashapp import warehouses
from dashapp.errors import Forbidden, Invalid, NotFound
from dashapp.permissions import found, require, require_edit, visible_datasets
from dashapp.query.rules import meaning, reads_guarded
from dashapp.query.sqlguard import (
    check_expression,
    check_query,
    check_relation,
    tables_of,
    written,
)
from dashapp.query.zones import zone_of
from dashapp.services import audit, objects
from dashapp.services.sources import database_spec, dataset_spec
from dashapp.specs import ColumnSpec, DatasetSpec, MetricSpec, RowRule, SimpleMetric, SqlMetric
from dashapp.viewer import Viewer
from models import Database, Dataset, DatasetColumn, DatasetMetric, db, utcnow
from models import RowRule as RuleRow

C = TypeVar("C", DatasetColumn, DatasetMetric)


@dataclass(frozen=True)
class Synced:
    """What `sync` found: names of columns that came, went, or have another type now."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def listed(viewer: Viewer) -> list[Dataset]:
    """The datasets that the viewer may see, by name."""
    return list(
        db.session.scalars(
            visible_datasets(viewer).order_by(sa.func.lower(Dataset.name), Dataset.id)
        )
    )


def get(viewer: Viewer, uuid: UUID) -> DatasetSpec:
    """A dataset as its shape. Raises NotFound."""
    return dataset_spec(_row(viewer, uuid))


def tables(viewer: Viewer, database: UUID) -> list[tuple[str | None, str, str]]:
    """Tables and views a dataset may be made of: (schema, name, "table" or "view")."""
    require(viewer, "dataset.edit")
    spec = database_spec(_database(database))
    db.session.rollback()
    return warehouses.pool(spec).tables()


def from_table(
    viewer: Viewer, database: UUID, table: str, schema: str | None = None, name: str | None = None
) -> Dataset:
    """A new dataset of a table or view, with its columns and a metric that counts rows."""
    require(viewer, "dataset.edit")
    spec = database_spec(_database(database))
    columns = warehouses.pool(spec).columns(table, schema)
    times = [c.name for c in columns if c.type in ("time", "date")]
    count = SimpleMetric(aggregate="count", label="count")
    return save(
        viewer,
        DatasetSpec(
            uuid=uuid4(),
            name=name or table,
            database=database,
            schema_name=schema,
            table=table,
            columns=tuple(columns),
            metrics=(MetricSpec(name="count", definition=count, label="Count"),),
            time_column=times[0] if times else None,
        ),
    )


def save(viewer: Viewer, spec: DatasetSpec) -> Dataset:
    """Make a dataset, or change the one of that UUID over `spec.version`.

    Raises Invalid for SQL that is not allowed and for names that are not there, Conflict for a
    stale version, Forbidden for who may not manage rules and would change what a rule means, or
    have a refresh key read what rules guard.
    """
    require(viewer, "dataset.edit")
    database = _database(spec.database)
    check(spec, database.kind)
    row = db.session.scalar(sa.select(Dataset).where(Dataset.uuid == spec.uuid))
    check_refresh_key(viewer, row, spec, database)
    verb = "create" if row is None else "change"
    if row is None:
        row = Dataset(uuid=spec.uuid, owner_id=viewer.user_id)
    else:
        require_edit(viewer, row)
        objects.expect(row, spec.version)
        _keep_rules(viewer, row, spec)
    with db.session.no_autoflush:  # One UPDATE, one version.
        fill(row, spec, database)
    objects.save(viewer, row, verb)
    return row


def sync(viewer: Viewer, uuid: UUID) -> Synced:
    """Bring a table's columns up to date; labels, formats and calculated columns stay."""
    row = _row(viewer, uuid)
    require_edit(viewer, row)
    if row.table is None:
        raise Invalid("Only the columns of tables and views are read from the database.")
    spec = dataset_spec(row)
    real = warehouses.pool(database_spec(row.database)).columns(row.table, row.schema_name)
    columns, synced = merged(spec.columns, real)
    if synced != Synced():
        time = None if spec.time_column in synced.removed else spec.time_column
        save(viewer, spec.model_copy(update={"columns": columns, "time_column": time}))
    return synced


def invalidate(viewer: Viewer, uuid: UUID) -> int:
    """Say that a dataset's data changed: what was kept of it so far is shown to nobody any more.

    The number of times that somebody said so. It is no save of the dataset, whose version stays.
    """
    require(viewer, "dataset.edit")
    row = _row(viewer, uuid)
    counted = {"data_version": Dataset.data_version + 1, "invalidated_at": utcnow()}
    db.session.execute(
        sa.update(Dataset)
        .where(Dataset.id == row.id)
        .values(**counted, changed_at=Dataset.changed_at),
        execution_options={"synchronize_session": False},
    )
    audit.record(viewer, "dataset.invalidate", row, name=row.name)
    db.session.commit()
    return row.data_version


def named(viewer: Viewer, text: str) -> UUID:
    """The dataset of a UUID or name. Raises NotFound, and Invalid where several have the name."""
    try:
        is_meant = Dataset.uuid == UUID(text)
    except ValueError:
        is_meant = Dataset.name == text
    uuids = [row.uuid for row in db.session.scalars(visible_datasets(viewer).where(is_meant))]
    if not uuids:
        raise NotFound(f"There is no dataset {text}.")
    if len(uuids) > 1:
        listed = ", ".join(sorted(map(str, uuids)))
        raise Invalid(f"Several datasets are called {text}; name one by its UUID: {listed}.")
    return uuids[0]


def delete(viewer: Viewer, uuid: UUID) -> None:
    """Remove a dataset with its rules. Raises Conflict while charts use it.

    Forbidden for who may not manage the rules: without them others of its table show all rows.
    """
    row = _row(viewer, uuid)
    require_edit(viewer, row)
    if row.rules and not viewer.may("rule.manage"):
        raise Forbidden(f"{row.name} has row-level rules; only an administrator may remove it.")
    objects.delete(viewer, row, used=f"Charts still use {row.name}. Change or delete them first.")


def changes_rules(row: Dataset, spec: DatasetSpec) -> bool:
    """Whether a rule would hold for other rows: another table under it, other calculated columns."""
    if not row.rules:
        return False
    before = dataset_spec(row)
    dialect = warehouses.warehouse(row.database.kind).sqlglot_dialect
    if _relation(before) != _relation(spec):
        return True
    try:
        return any(
            meaning(rule.clause, spec.table, before.columns, dialect)
            != meaning(rule.clause, spec.table, spec.columns, dialect)
            for rule in row.rules
        )
    except Invalid:  # Of columns that a rule cannot be kept with, nobody knows what they change.
        return True


def _keep_rules(viewer: Viewer, row: Dataset, spec: DatasetSpec) -> None:
    """Refuse changes that would lift a rule, but for who manages rules."""
    if not viewer.may("rule.manage") and changes_rules(row, spec):
        raise Forbidden(
            "Row-level rules lean on this dataset. Only an administrator may change its table or "
            "query, or the columns that the rules use."
        )


def check_refresh_key(
    viewer: Viewer, row: Dataset | None, spec: DatasetSpec, database: Database
) -> None:
    """Refuse a new refresh key that reads what rules guard, but from who manages rules.

    It is asked without any rule: when it changes would tell what its maker may not see.
    """
    sql = spec.refresh_key
    if sql is None or viewer.may("rule.manage"):
        return
    if row is not None and (row.refresh_key, row.database_id) == (sql, database.id):
        return
    found = db.session.execute(
        sa.select(RuleRow.clause, Dataset.table, Dataset.schema_name)
        .join(Dataset, RuleRow.dataset_id == Dataset.id)
        .where(Dataset.database_id == database.id, Dataset.table.is_not(None))
    )
    rules = [RowRule(clause=c, table=t, schema_name=s) for c, t, s in found]
    if not rules:
        return
    warehouse = warehouses.pool(database_spec(database))
    dialect = warehouse.sqlglot_dialect
    read = warehouse.base_tables(written(check_query(sql, dialect), dialect))
    if reads_guarded(rules, {*tables_of(sql, dialect), *read}):
        raise Forbidden(
            "The refresh key reads a table with row-level rules. Only an administrator may set it."
        )


def _relation(spec: DatasetSpec) -> tuple[object, ...]:
    return spec.database, spec.schema_name, spec.table, spec.sql


def merged(
    known: Iterable[ColumnSpec], real: Iterable[ColumnSpec]
) -> tuple[tuple[ColumnSpec, ...], Synced]:
    """Known columns brought in step with the real ones, and what that changed."""
    known = tuple(known)
    described = {c.name: c for c in known if c.expression is None}
    # A calculated column may make something else of a column of its own name.
    remade = {c.name for c in known if c.expression is not None}
    found_now = {c.name: c for c in real}
    kept = [
        described[name].model_copy(update={"type": c.type, "zoned": c.zoned})
        if name in described
        else c
        for name, c in found_now.items()
        if name not in remade
    ]
    calculated = [c for c in known if c.expression is not None]
    changed = [n for n, c in described.items() if n in found_now and found_now[n].type != c.type]
    synced = Synced(
        added=tuple(n for n in found_now if n not in described and n not in remade),
        removed=tuple(n for n in described if n not in found_now),
        changed=tuple(changed),
    )
    return (*kept, *calculated), synced


def check(spec: DatasetSpec, kind: str) -> None:
    """Raise Invalid unless the dataset is sound: names unique and known, SQL allowed."""
    dialect = warehouses.warehouse(kind).sqlglot_dialect
    if (spec.table is None) == (spec.sql is None):
        raise Invalid("A dataset has either a table or SQL.", {"table": "Choose one."})
    for what, names in (
        ("columns", [c.name for c in spec.columns]),
        ("metrics", [m.name for m in spec.metrics]),
    ):
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise Invalid(f"Names must be unique: {', '.join(twice)}.", {what: "Not unique."})
    zone_of(spec.zone)
    if spec.time_column is not None and spec.column(spec.time_column) is None:
        raise Invalid("The time column is not a column.", {"time_column": "Choose a column."})
    if spec.table is not None:
        check_relation(spec.table, spec.schema_name, dialect)
    else:
        check_query(spec.sql or "", dialect)
    if spec.refresh_key is not None:
        check_query(spec.refresh_key, dialect)
    for column in spec.columns:
        if column.expression is not None:
            check_expression(column.expression, dialect)
    for metric in spec.metrics:
        if isinstance(metric.definition, SqlMetric):
            check_expression(metric.definition.expression, dialect, allow_aggregates=True)


def fill(row: Dataset, spec: DatasetSpec, database: Database) -> None:
    """Give a row the content of a shape; columns and metrics of the same name stay the same rows."""
    row.name, row.database, row.description = spec.name, database, spec.description
    row.schema_name, row.table, row.sql = spec.schema_name, spec.table, spec.sql
    row.time_column, row.zone, row.week_start = spec.time_column, spec.zone, spec.week_start
    row.is_local, row.ttl_s = spec.is_local, spec.ttl_s
    row.refresh_key, row.refresh_every_s = spec.refresh_key, spec.refresh_every_s
    row.columns = _children(DatasetColumn, row.columns, spec.columns)
    row.metrics = _children(DatasetMetric, row.metrics, spec.metrics)


def _children(model: type[C], known: list[C], specs: Iterable[ColumnSpec | MetricSpec]) -> list[C]:
    by_name = {child.name: child for child in known}
    children = []
    for position, spec in enumerate(specs):
        child = by_name.get(spec.name) or model(name=spec.name)
        values: dict[str, Any] = {**spec.model_dump(mode="json"), "position": position}
        for field, value in values.items():
            if getattr(child, field) != value:
                setattr(child, field, value)
        children.append(child)
    return children


def _row(viewer: Viewer, uuid: UUID) -> Dataset:
    row = db.session.scalar(visible_datasets(viewer).where(Dataset.uuid == uuid))
    return found(row, "dataset")


def _database(uuid: UUID) -> Database:
    row = db.session.scalar(sa.select(Database).where(Database.uuid == uuid))
    if row is None:
        raise NotFound("There is no such database.")
    return row
