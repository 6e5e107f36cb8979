"""What all shapes that travel share."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Spec(BaseModel):
    """A frozen, strict shape: unknown keys are refused, equal content is equal and hashable."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Tagged(Spec):
    """A shape of a union, told apart by a field with one possible value.

    That field is always written, even where defaults are left out: without it nobody could read
    the shape back.
    """

    tags: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Find the fields that tell this shape apart."""
        cls.tags = tuple(
            name
            for name, field in cls.model_fields.items()
            if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
        )

    @model_serializer(mode="wrap")
    def _with_tags(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        return {name: getattr(self, name) for name in self.tags} | written
