"""What all shapes that travel share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """A frozen, strict shape: unknown keys are refused, equal content is equal and hashable."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
