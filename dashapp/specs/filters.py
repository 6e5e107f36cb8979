"""What is selected on a dashboard: one state, kept in one store and in the URL."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from dashapp.specs.base import Spec
from dashapp.specs.query import Grain, Label, Scalar

Key = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class FilterValue(Spec):
    """The choice in one filter of the bar; which field is used follows from its kind.

    `values` for a select, `low`/`high` for a range, `range` for time, `grain` for a time grain.
    An empty value means: no restriction.
    """

    values: tuple[Scalar, ...] = Field((), max_length=10_000)
    low: float | None = None
    high: float | None = None
    range: str | None = Field(None, max_length=200)
    grain: Grain | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is chosen."""
        return self == FilterValue()


class Click(Spec):
    """A cross-filter: members picked in one tile, applied to the others."""

    source: Key = Field(description="Key of the tile that was clicked; it never filters itself.")
    dataset: UUID
    column: Label
    values: tuple[Scalar, ...] = Field(min_length=1, max_length=1000)
    grain: Grain | None = None
    bin: float | None = Field(None, gt=0)


class FilterState(Spec):
    """Everything that narrows a dashboard. Equal states are equal and have one URL form."""

    values: dict[Key, FilterValue] = Field(default_factory=dict)
    clicks: tuple[Click, ...] = Field((), max_length=50)

    def __hash__(self) -> int:
        return hash(self.model_dump_json())
