"""Connections to warehouses: made, changed, tried and removed by admins."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr

from dashapp import warehouses
from dashapp.errors import Forbidden
from dashapp.permissions import found, require
from dashapp.services import objects
from dashapp.services.secrets import masked, reveal, seal, unmasked
from dashapp.services.sources import database_spec
from dashapp.specs import DatabaseSpec
from dashapp.viewer import Viewer
from models import Database, db


def listed(viewer: Viewer) -> list[Database]:
    """All databases by name, for those who make datasets or connect databases. URLs stay sealed."""
    if not (viewer.may("database.edit") or viewer.may("dataset.edit")):
        raise Forbidden("You may not see databases.")
    return list(db.session.scalars(sa.select(Database).order_by(sa.func.lower(Database.name))))


def get(viewer: Viewer, uuid: UUID) -> DatabaseSpec:
    """A database to be changed in a form; what is secret in its URL is masked."""
    require(viewer, "database.edit")
    spec = database_spec(_row(uuid))
    return spec.model_copy(update={"url": SecretStr(masked(spec.url.get_secret_value()))})


def save(viewer: Viewer, spec: DatabaseSpec, *, description: str | None = None) -> Database:
    """Connect a new database, or change the one of that UUID over `spec.version`.

    Masked parts of the URL stay as they were. Raises Invalid for what is not allowed, Conflict
    for a stale version. Nothing is connected to; see `test`.
    """
    require(viewer, "database.edit")
    row = db.session.scalar(sa.select(Database).where(Database.uuid == spec.uuid))
    if row is not None:
        objects.expect(row, spec.version)
    whole = _whole(spec, row)
    verb = "create" if row is None else "change"
    row = row or Database(uuid=spec.uuid)
    _fill(row, whole, description)
    objects.save(viewer, row, verb, taken=f"There is a database {spec.name} already.")
    return row


def test(viewer: Viewer, spec: DatabaseSpec) -> None:
    """Connect with what a form says, saved or not. Raises a sentence when that fails."""
    require(viewer, "database.edit")
    row = db.session.scalar(sa.select(Database).where(Database.uuid == spec.uuid))
    whole = _whole(spec, row)
    db.session.rollback()  # A slow server must not hold a connection to the metadata.
    warehouse = warehouses.warehouse(whole.kind)(whole)
    try:
        warehouse.test()
    finally:
        warehouse.dispose()


def delete(viewer: Viewer, uuid: UUID) -> None:
    """Forget a database. Raises Conflict while it has datasets."""
    require(viewer, "database.edit")
    row = _row(uuid)
    objects.delete(viewer, row, used=f"{row.name} still has datasets. Delete them first.")


def _row(uuid: UUID) -> Database:
    return found(db.session.scalar(sa.select(Database).where(Database.uuid == uuid)), "database")


def _whole(spec: DatabaseSpec, row: Database | None) -> DatabaseSpec:
    """The spec with its secrets filled in, checked, its URL in canonical form."""
    url = spec.url.get_secret_value()
    if row is not None:
        url = unmasked(url, reveal(row, "url_encrypted"))
    whole = spec.model_copy(update={"url": SecretStr(url)})
    warehouses.check(whole)
    parsed = warehouses.parse_url(spec.kind, url)
    text = parsed.render_as_string(hide_password=False)
    return whole.model_copy(update={"url": SecretStr(text)})


def _fill(row: Database, spec: DatabaseSpec, description: str | None) -> None:
    row.name, row.kind, row.options = spec.name, spec.kind, spec.options
    row.timeout_s, row.slots, row.ttl_s = spec.timeout_s, spec.slots, spec.ttl_s
    if description is not None:
        row.description = description
    url = spec.url.get_secret_value()
    if not sa.inspect(row).persistent or reveal(row, "url_encrypted") != url:
        row.url_encrypted = seal(row, "url_encrypted", url)
