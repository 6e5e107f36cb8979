"""What saving is like for every object: who changed it, over which version, under which name."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from dashapp.errors import Conflict, Invalid
from dashapp.services import audit
from dashapp.viewer import Viewer
from models import (
    Chart,
    Dashboard,
    Database,
    Dataset,
    EmbedConfig,
    RowRule,
    SavedQuery,
    Schedule,
    Versioned,
    db,
    utcnow,
)

Saved = Database | Dataset | RowRule | Chart | Dashboard | SavedQuery | EmbedConfig | Schedule


def expect(row: Versioned, version: int) -> None:
    """Raise Conflict unless `version` is the newest."""
    if row.version != version:
        raise stale(row.version)


def save(viewer: Viewer, row: Saved, verb: str, *, taken: str = "This name is taken.") -> None:
    """Commit a new ("create") or changed row with its event.

    Raises Conflict when somebody saved meanwhile, Invalid (`taken`) when its name is not free.
    """
    if verb == "create":
        row.created_by_id = viewer.user_id
    row.changed_by_id = viewer.user_id
    row.changed_at = utcnow()  # A version even when only its members or children changed.
    db.session.add(row)
    kind = type(row).__name__.lower()
    try:
        db.session.flush()
        audit.record(viewer, f"{kind}.{verb}", row, name=_title(row))
        db.session.commit()
    except StaleDataError as error:
        db.session.rollback()
        raise stale(None) from error
    except IntegrityError as error:
        db.session.rollback()
        raise Invalid(taken, {"name": taken}) from error


def delete(viewer: Viewer, row: Saved, *, used: str) -> None:
    """Delete a row with its event. Raises Conflict (`used`) when others need it."""
    try:
        audit.record(viewer, f"{type(row).__name__.lower()}.delete", row, name=_title(row))
        db.session.delete(row)
        db.session.commit()
    except StaleDataError as error:
        db.session.rollback()
        raise stale(None) from error
    except IntegrityError as error:
        db.session.rollback()
        raise Conflict(used) from error


def _title(row: Saved) -> str:
    return str(getattr(row, "name", None) or getattr(row, "title", ""))


def stale(newer: int | None) -> Conflict:
    """The refusal of a save over an old version."""
    return Conflict(
        "Somebody else saved this meanwhile. Reload to see their version.", version=newer
    )
