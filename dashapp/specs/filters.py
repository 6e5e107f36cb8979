"""What is selected on a dashboard: one state, kept in one store and in the URL."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from dashapp.specs.base import Spec
from dashapp.specs.query import Grain, Label, Scalar

_TIME = r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?$"
Key = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]

SpanTime = Annotated[str, Field(max_length=19, pattern=_TIME)]


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
    """A cross-filter: members picked in one tile, or a span brushed there, applied to the others.

    Either `values`, or `span`: from (inclusive) and until (exclusive), edges of the grain or of
    bins; times are ISO text on the clock of whoever looks.
    """

    source: Key = Field(description="Key of the tile that was clicked; it never filters itself.")
    dataset: UUID
    column: Label
    values: tuple[Scalar, ...] = Field((), max_length=1000)
    span: tuple[float, float] | tuple[SpanTime, SpanTime] | None = None
    grain: Grain | None = None
    bin: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one_way(self) -> Click:
        if bool(self.values) == (self.span is not None):
            raise ValueError("A cross-filter has values or a span.")
        if self.span is not None and self.span[0] >= self.span[1]:  # type: ignore[operator]
            raise ValueError("A span begins before it ends.")
        return self


class FilterState(Spec):
    """Everything that narrows a dashboard. Equal states are equal and have one URL form."""

    values: dict[Key, FilterValue] = Field(default_factory=dict)
    clicks: tuple[Click, ...] = Field((), max_length=50)

    def __hash__(self) -> int:
        return hash(self.model_dump_json())
