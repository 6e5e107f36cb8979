"""Databases of a bundle: connected anew, known already, or mapped onto another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr

from dashapp import warehouses
from dashapp.errors import AppError, Invalid
from dashapp.services import secrets
from dashapp.services.gathering import FOLDER, located
from dashapp.services.sources import database_spec
from dashapp.services.superset.dialects import dialect_of, engine_of
from dashapp.services.superset.documents import DatabaseDocument, Documents
from dashapp.specs import ColumnSpec, DatabaseSpec
from dashapp.specs.bundle import BundleDatabase
from models import Database, Dataset, db

MASK: Final = "XXXXXXXXXX"
KINDS: Final[dict[str, str]] = {
    "sqlite": "sqlite", "duckdb": "duckdb", "postgresql": "postgresql", "postgres": "postgresql",
    "mysql": "mysql", "mariadb": "mysql",
}  # fmt: skip
Need = Literal["database", "secret"]


@dataclass
class Target:
    """Where the datasets of one database of a bundle go.

    `uuid` is the database's here, `spec` set when it may be asked about its tables, `bundle`
    when it is to be imported. `need` says what is missing: a database to map onto, or a secret.
    """

    name: str
    source: str
    uuid: UUID | None = None
    kind: str = ""
    spec: DatabaseSpec | None = None
    bundle: BundleDatabase | None = None
    mapped_to: str | None = None
    need: Need | None = None
    problem: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def dialect(self) -> str:
        """sqlglot's name of the SQL of the database here."""
        return warehouses.warehouse(self.kind).sqlglot_dialect

    @property
    def source_dialect(self) -> str | None:
        """sqlglot's name of the SQL that the bundle is written in, if it is known."""
        return dialect_of(self.source) if self.source else None


def resolve(
    documents: Documents, mapping: Mapping[str, str], given: Mapping[str, str]
) -> dict[UUID, Target]:
    """Each database of a bundle with where it goes, by its UUID in the bundle.

    `mapping` and `given` (secrets) are by UUID or name. Databases that datasets name and the
    bundle does not bring are looked up here.
    """
    found = {
        d.uuid: _target(d, documents, _chosen(d, mapping), _chosen(d, given))
        for d in documents.databases
    }
    for dataset in documents.datasets:
        uuid = dataset.database_uuid
        if uuid not in found:
            row = db.session.scalar(sa.select(Database).where(Database.uuid == uuid))
            lost = Target(str(uuid), "", need="database", problem="It is not in the bundle.")
            found[uuid] = _to(row, Target(row.name, "")) if row is not None else lost
    return found


def _chosen(document: DatabaseDocument, choices: Mapping[str, str]) -> str | None:
    keys = (str(document.uuid), document.database_name)
    return next((choices[key] for key in keys if choices.get(key)), None)


def _target(
    document: DatabaseDocument, documents: Documents, mapped: str | None, secret: str | None
) -> Target:
    target = Target(document.database_name, engine_of(document.sqlalchemy_uri))
    target.notes += _notes(document)
    row = db.session.scalar(sa.select(Database).where(Database.uuid == document.uuid))
    other = _named(mapped) if mapped else _earlier(document, documents) if row is None else None
    if mapped and other is None:
        target.need, target.problem = "database", f"There is no database {mapped[:100]} here."
    elif other is not None:
        target.mapped_to = other.name
        _to(other, target)
    else:
        if row is not None:
            _to(row, target)
        _connect(document, secret, target, row)
    return target


def _to(row: Database, target: Target) -> Target:
    target.uuid, target.kind, target.spec = row.uuid, row.kind, database_spec(row)
    return target


def _named(text: str) -> Database | None:
    with suppress(ValueError):
        return db.session.scalar(sa.select(Database).where(Database.uuid == UUID(text)))
    return db.session.scalar(sa.select(Database).where(Database.name == text))


def _earlier(document: DatabaseDocument, documents: Documents) -> Database | None:
    """The database that this one was mapped onto when its datasets were imported before."""
    uuids = [d.uuid for d in documents.datasets if d.database_uuid == document.uuid]
    query = sa.select(Database).join(Dataset).where(Dataset.uuid.in_(uuids)).distinct()
    rows = list(db.session.scalars(query))
    return rows[0] if len(rows) == 1 else None


def _connect(
    document: DatabaseDocument, secret: str | None, target: Target, row: Database | None
) -> None:
    """Make the bundle's own connection, or say what is missing for that."""
    kind = KINDS.get(target.source)
    if kind is None:
        said = target.source[:50] or "no engine"
        _lacks(target, f"Databases of {said} cannot be connected to; map it onto another one.")
    elif document.ssh_tunnel:
        _lacks(target, "It is reached through an SSH tunnel; map it onto another database.")
    else:
        try:
            target.bundle = _bundle(document, kind, secret, row)
        except NeedsSecret as error:
            target.need, target.problem = "secret", error.message
        except Invalid as error:
            _lacks(target, error.message)
    if target.bundle is not None and row is None:
        target.uuid, target.kind = document.uuid, kind or ""
        if warehouses.warehouse(target.kind).rule.is_file:
            target.spec = _spec(target.bundle)
    if row is not None:  # It is known here and stays as it is.
        target.need = target.problem = None


def _lacks(target: Target, sentence: str) -> None:
    target.need, target.problem = "database", sentence


class NeedsSecret(Invalid):
    """The password of a connection is masked in the bundle."""

    code = "needs_secret"


def _bundle(
    document: DatabaseDocument, kind: str, secret: str | None, row: Database | None
) -> BundleDatabase:
    """The connection as this server takes it. Raises NeedsSecret, or Invalid if it may not be."""
    ttl = document.cache_timeout
    made = BundleDatabase(
        uuid=document.uuid, name=document.database_name[:250], kind=kind,
        url=_url(document, kind, secret, row), ttl_s=max(ttl, 0) if ttl is not None else None,
    )  # fmt: skip
    if not secrets.is_masked(made.url):
        warehouses.check(_spec(made))
    return made


def _url(document: DatabaseDocument, kind: str, secret: str | None, row: Database | None) -> str:
    try:
        url = sa.make_url(document.sqlalchemy_uri)
    except (sa.exc.ArgumentError, ValueError):
        raise Invalid("Its address is not that of a database.") from None
    rule = warehouses.warehouse(kind).rule
    if rule.is_file:
        return _file(url, rule.driver)
    query = {name: value for name, value in url.query.items() if name in rule.query}
    url = url.set(drivername=rule.driver, query=query)
    if url.password is not None and MASK in str(url.password):
        if secret is None and row is None:
            raise NeedsSecret("Its password is needed; bundles never have it.")
        url = url.set(password=secret or secrets.MASK)
    return url.render_as_string(hide_password=False).replace("%2A%2A%2A", secrets.MASK)


def _file(url: sa.URL, driver: str) -> str:
    """A file's address: its name in this server's folder of warehouse files, wherever it was."""
    name = PurePosixPath((url.database or "").replace("\\", "/")).name
    return f"{driver}:///{FOLDER}/{name}"


def _spec(bundle: BundleDatabase) -> DatabaseSpec:
    return DatabaseSpec(
        uuid=bundle.uuid, name=bundle.name, kind=bundle.kind, options=bundle.options,
        url=SecretStr(located(bundle.url)),
    )  # fmt: skip


def _notes(document: DatabaseDocument) -> list[str]:
    """What of a connection is not carried over."""
    extra = {k: v for k, v in document.extra.items() if k in ("engine_params", "version") and v}
    notes = [f"Its {name} are not carried over." for name in sorted(extra)]
    if document.masked_encrypted_extra not in (None, "", {}, "{}"):
        notes.append("Its encrypted options are not carried over.")
    if document.impersonate_user:
        notes.append("It asks in the name of the reader in Superset; here it never does.")
    unknown = document.unknown()
    if unknown:
        notes.append(f"Not carried over: {', '.join(unknown)}.")
    return notes


@dataclass
class Tables:
    """What databases say about their tables, asked once per import."""

    _known: dict[UUID, list[tuple[str | None, str]]] = field(default_factory=dict)
    _failed: dict[UUID, str] = field(default_factory=dict)

    def find(self, target: Target, table: str, schema: str | None) -> tuple[str | None, str] | None:
        """(schema, name) of a table: as written, else in any schema, else in any case."""
        names = self._names(target)
        wanted = (
            lambda s, n: (s, n) == (schema, table),
            lambda s, n: n == table,
            lambda s, n: n.lower() == table.lower(),
        )
        for fits in wanted:
            found = [(s, n) for s, n in names if fits(s, n)]
            if found:
                return found[0]
        return None

    def columns(self, target: Target, table: str, schema: str | None) -> list[ColumnSpec] | None:
        """The columns of a table, None if the database does not say."""
        try:
            with asked(target) as warehouse:
                return warehouse.columns(table, schema) if warehouse else None
        except AppError:
            return None

    def problem(self, target: Target) -> str | None:
        """Why a database could not be asked."""
        self._names(target)
        return self._failed.get(target.uuid) if target.uuid else None

    def _names(self, target: Target) -> list[tuple[str | None, str]]:
        if target.uuid is None or target.spec is None:
            return []
        if target.uuid not in self._known:
            self._known[target.uuid] = []
            try:
                with asked(target) as warehouse:
                    if warehouse:
                        found = [(s, n) for s, n, _ in warehouse.tables()]
                        self._known[target.uuid] = found
            except AppError as error:
                self._failed[target.uuid] = error.message
        return self._known[target.uuid]


@contextmanager
def asked(target: Target) -> Iterator[warehouses.Warehouse | None]:
    """The database to be asked: of the process's pool if it is known, else for this once."""
    if target.spec is None:
        yield None
    elif target.bundle is None or target.mapped_to:
        yield warehouses.pool(target.spec)
    else:
        once = warehouses.warehouse(target.kind)(target.spec)
        try:
            yield once
        finally:
            once.dispose()
