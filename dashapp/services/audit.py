"""Who did what: one event per change, kept beside the change itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dashapp.viewer import Viewer
from models import AuditEvent, Base, db

# Names under which a secret could be handed over by mistake.
SECRETS = frozenset({"password", "secret", "token", "key", "url", "hash"})


def record(
    viewer: Viewer,
    action: str,
    row: Base | None = None,
    *,
    address: str | None = None,
    **detail: Any,
) -> None:
    """Add an event to the current transaction; whoever makes the change commits both.

    `action` is "kind.verb", `detail` JSON types. Raises ValueError for details that are secrets
    by their name.
    """
    hidden = SECRETS & detail.keys()
    if hidden:
        raise ValueError(f"Not for the audit log: {', '.join(sorted(hidden))}.")
    uuid = getattr(row, "uuid", None)
    db.session.add(
        AuditEvent(
            user_id=viewer.user_id,
            actor=viewer.name[:250],
            action=action,
            object_type=type(row).__name__.lower() if row is not None else None,
            object_uuid=uuid if isinstance(uuid, UUID) else None,
            detail=detail,
            address=address[:64] if address else None,
        )
    )
