"""Row-level rules: who sees which rows of a dataset. Made by admins alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID, uuid4

import sqlalchemy as sa
from pydantic import Field

from dashapp import warehouses
from dashapp.errors import Invalid
from dashapp.permissions import found, require
from dashapp.query.rules import check_rule
from dashapp.services import objects
from dashapp.specs import Spec
from dashapp.viewer import Role, Viewer
from models import Dataset, Group, Identified, RowRule, User, db

T = TypeVar("T", bound=Identified)


class RuleInput(Spec):
    """A rule as it is entered: a condition, and to whom it applies."""

    uuid: UUID = Field(default_factory=uuid4)
    name: str = Field(min_length=1, max_length=250)
    dataset: UUID
    clause: str = Field(min_length=1, max_length=10_000)
    group_key: str = Field("", max_length=100, description="Rules of one key are ORed.")
    applies_to_all: bool = False
    roles: tuple[Role, ...] = ()
    groups: tuple[UUID, ...] = ()
    users: tuple[UUID, ...] = ()
    description: str | None = None
    version: int = 1


def listed(viewer: Viewer, dataset: UUID | None = None) -> list[RowRule]:
    """All rules, or those of one dataset, by name."""
    require(viewer, "rule.manage")
    query = sa.select(RowRule).order_by(sa.func.lower(RowRule.name), RowRule.id)
    if dataset is not None:
        query = query.join(Dataset, RowRule.dataset_id == Dataset.id).where(Dataset.uuid == dataset)
    return list(db.session.scalars(query))


def save(viewer: Viewer, rule: RuleInput) -> RowRule:
    """Make a rule, or change the one of that UUID over `rule.version`; effective at once.

    Raises Invalid unless the clause is one condition of columns and the rule applies to somebody.
    """
    require(viewer, "rule.manage")
    dataset = found(
        db.session.scalar(sa.select(Dataset).where(Dataset.uuid == rule.dataset)), "dataset"
    )
    _check(rule, dataset)
    groups = _all(Group, rule.groups)
    users = _all(User, rule.users)
    row = db.session.scalar(sa.select(RowRule).where(RowRule.uuid == rule.uuid))
    verb = "create" if row is None else "change"
    if row is None:
        row = RowRule(uuid=rule.uuid)
    else:
        objects.expect(row, rule.version)
    with db.session.no_autoflush:  # One UPDATE, one version.
        _fill(row, rule, dataset)
        row.groups, row.users = groups, users
    objects.save(viewer, row, verb)
    return row


def delete(viewer: Viewer, uuid: UUID) -> None:
    """Remove a rule: whom it narrowed sees the rows from now on."""
    require(viewer, "rule.manage")
    row = found(db.session.scalar(sa.select(RowRule).where(RowRule.uuid == uuid)), "rule")
    objects.delete(viewer, row, used="Something still needs this rule.")


def _fill(row: RowRule, rule: RuleInput, dataset: Dataset) -> None:
    row.name, row.description, row.dataset = rule.name, rule.description, dataset
    row.clause, row.group_key = rule.clause, rule.group_key
    row.applies_to_all, row.roles = rule.applies_to_all, sorted(rule.roles)


def _check(rule: RuleInput, dataset: Dataset) -> None:
    if not (rule.applies_to_all or rule.roles or rule.groups or rule.users):
        fault = "Choose to whom the rule applies."
        raise Invalid(fault, {"groups": fault})
    try:
        check_rule(rule.clause, warehouses.warehouse(dataset.database.kind).sqlglot_dialect)
    except Invalid as error:
        raise Invalid(error.message, {"clause": error.message}) from error


def _all(model: type[T], wanted: Iterable[UUID]) -> list[T]:
    uuids = set(wanted)
    rows = list(db.session.scalars(sa.select(model).where(model.uuid.in_(uuids))))
    if len(rows) < len(uuids):
        raise Invalid("The rule names somebody who does not exist.")
    return rows
