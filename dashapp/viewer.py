"""Who asks. Built by the doors from the session or token, passed down as an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

ViewerKind = Literal["user", "guest", "service", "system"]
Role = Literal["viewer", "editor", "admin"]
Theme = Literal["auto", "light", "dark"]


@dataclass(frozen=True)
class GuestRule:
    """A row-level predicate that a guest's token carries; no dataset = every dataset."""

    clause: str
    dataset: UUID | None = None


@dataclass(frozen=True)
class Viewer:
    """A person, guest, service account or the system itself, with what it may do.

    Never built from browser input. `groups` are the ids of groups, by which row-level rules
    apply; `permissions` are slugs of `dashapp.permissions`.
    """

    kind: ViewerKind
    name: str
    user_id: int | None = None
    role: Role | None = None
    permissions: frozenset[str] = frozenset()
    groups: frozenset[int] = frozenset()
    zone: str = "UTC"
    locale: str = "en"
    theme: Theme = "auto"
    # Guests only: the one dashboard they see, their rules, and filters they cannot change.
    dashboard: UUID | None = None
    rules: tuple[GuestRule, ...] = ()
    locked_filters: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def is_guest(self) -> bool:
        """Whether this is the guest of an embedded dashboard."""
        return self.kind == "guest"

    @property
    def is_admin(self) -> bool:
        """Whether every object may be seen and changed."""
        return self.kind == "system" or self.role == "admin"

    def may(self, permission: str) -> bool:
        """Whether the viewer's role grants `permission` (a slug)."""
        return self.kind == "system" or permission in self.permissions


SYSTEM = Viewer(kind="system", name="system")
