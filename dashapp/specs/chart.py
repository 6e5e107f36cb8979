"""A chart's definition, as it is stored and as it travels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from dashapp.specs.base import Spec


class ChartSpec(Spec):
    """A chart: its kind (a key of KINDS) and that kind's options."""

    uuid: UUID
    name: str = Field(min_length=1, max_length=250)
    kind: str
    dataset: UUID | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    description: str | None = None
    ttl_s: int | None = None
    version: int = 1

    def __hash__(self) -> int:
        return hash((self.uuid, self.version))
