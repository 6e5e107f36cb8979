"""Import of Superset's bundles, and of our own: what would happen, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from dashapp import permissions
from dashapp.errors import Invalid
from dashapp.services import bundles
from dashapp.services.bundles import Action
from dashapp.services.superset import archive, documents
from dashapp.services.superset.connections import Need, Target
from dashapp.services.superset.translating import Translated, translate
from dashapp.viewer import Viewer
from models import db

OLD = '"__Dashboard__"', '"__SqlaTable__"', '"__Slice__"'


@dataclass(frozen=True)
class Choices:
    """What people decide about an import.

    `databases` maps a database of the bundle (UUID or name) onto one here (UUID or name),
    `secrets` gives passwords (UUID or name → password), `overwrite` says which objects that are
    here already and differ are changed. `confirmed` names datasets among them whose row-level rules
    may hold for other rows afterwards; objects that are chosen one by one are.
    """

    databases: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    overwrite: Literal["all"] | frozenset[UUID] = frozenset()
    confirmed: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Line:
    """What happens to one object, what is wrong with it, and what is not carried over."""

    kind: str
    name: str
    uuid: UUID | None
    action: Action
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A database of the bundle: where it goes, and what is missing before anything can go."""

    name: str
    uuid: UUID
    engine: str
    mapped_to: str | None
    need: Need | None
    problem: str | None


@dataclass(frozen=True)
class Report:
    """All that an import does, or would do. `blocked`: nothing is imported before that is mended."""

    lines: tuple[Line, ...]
    sources: tuple[Source, ...] = ()
    blocked: tuple[str, ...] = ()

    @property
    def slugs(self) -> tuple[str, ...]:
        """Slugs of the dashboards that are here after the import."""
        return tuple(
            one.name for one in self.lines if one.kind == "dashboard" and one.action != "refused"
        )


def plan(viewer: Viewer, data: bytes, choices: Choices | None = None) -> Report:
    """What `apply` would do; nothing is changed. Raises Invalid for a file that cannot be read."""
    permissions.require(viewer, "bundle.import")
    try:
        return _run(viewer, data, choices or Choices(), dry=True)
    finally:
        db.session.rollback()


def apply(viewer: Viewer, data: bytes, choices: Choices | None = None) -> Report:
    """Import what a file holds, in one transaction. Raises Invalid if anything stands against it.

    Charts, filters and datasets that cannot be translated do not: they are left out, the report
    says so, and a text stands in the place of their tiles.
    """
    permissions.require(viewer, "bundle.import")
    return _run(viewer, data, choices or Choices(), dry=False)


def _run(viewer: Viewer, data: bytes, choices: Choices, *, dry: bool) -> Report:
    if archive.is_zip(data):
        found = documents.read(archive.unpack(data))
        if found.problems:
            raise archive.refused(found.problems)
        overwrite = None if choices.overwrite == "all" else choices.overwrite
        translated = translate(found, choices.databases, choices.secrets, overwrite)
    else:
        translated = Translated(bundle=bundles.parse(_text(data)))
    blocked = _blocked(translated)
    if blocked and not dry:
        raise Invalid(
            f"Nothing was imported. {'; '.join(blocked)}", dict.fromkeys(blocked, "Missing.")
        )
    wanted = None if choices.overwrite == "all" else choices.overwrite | translated.additions
    sure = choices.confirmed
    sure |= choices.overwrite if isinstance(choices.overwrite, frozenset) else frozenset()
    step = bundles.plan if dry else bundles.apply
    changes = step(viewer, translated.bundle, wanted, sure)
    blocked += tuple(_refusals(changes, translated))
    return Report(_lines(changes, translated), _sources(translated), blocked)


def _text(data: bytes) -> str:
    """A YAML bundle as text; old exports of Superset are told apart."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("The file is neither a zip archive nor YAML text.") from None
    if any(mark in text[:2_000_000] for mark in OLD):
        raise Invalid(
            "This is an export of an old Superset, in JSON. Import it into a Superset from 1.0 on "
            "and export the dashboard there; that gives a zip archive, which can be imported here."
        )
    return text


def _blocked(translated: Translated) -> tuple[str, ...]:
    """What must be mended before anything can be imported."""
    return tuple(
        f"Database {t.name}: {t.problem}" for t in translated.targets.values() if t.need is not None
    )


def _refusals(changes: list[bundles.Change], translated: Translated) -> list[str]:
    """Objects that would be refused, but for those that lean on a database still to be mapped."""
    if any(t.need for t in translated.targets.values()):
        return []
    return [f"{c.kind} {c.name}: {' '.join(c.problems)}" for c in changes if c.action == "refused"]


def _lines(changes: list[bundles.Change], translated: Translated) -> tuple[Line, ...]:
    """A line per object, in the order in which they lean on each other."""
    lines = [
        Line(
            c.kind,
            c.name,
            c.uuid,
            c.action,
            tuple(c.problems),
            (*c.notes, *translated.told(c.uuid)),
        )
        for c in changes
    ]
    lines += [
        Line(lost.kind, lost.name, lost.uuid, "refused", (lost.reason,), tuple(lost.notes))
        for lost in translated.lost
    ]
    order = ("database", "dataset", "chart", "dashboard")
    return tuple(
        sorted(lines, key=lambda one: order.index(one.kind) if one.kind in order else len(order))
    )


def _sources(translated: Translated) -> tuple[Source, ...]:
    return tuple(_source(uuid, target) for uuid, target in translated.targets.items())


def _source(uuid: UUID, target: Target) -> Source:
    return Source(target.name, uuid, target.source, target.mapped_to, target.need, target.problem)
