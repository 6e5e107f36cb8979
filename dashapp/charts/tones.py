"""Conditional formats: rules that colour a value, as data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from dashapp.specs import Spec


class ToneRule(Spec):
    """Colours a value that meets a condition, e.g. `> 15` in red."""

    op: Literal["=", "!=", "<", "<=", ">", ">=", "between", "is null"] = Field(
        ">", title="Is", description="How the value is compared."
    )
    value: float | None = Field(None, title="Value", description="What it is compared with.")
    high: float | None = Field(None, title="And", description="Upper end, for between.")
    color: str = Field(
        "#d9482b",
        pattern=r"^#[0-9a-fA-F]{6}$",
        title="Colour",
        description="Written as #rrggbb.",
        json_schema_extra={"widget": "color"},
    )

    @model_validator(mode="after")
    def _complete(self) -> ToneRule:
        if self.op != "is null" and self.value is None:
            raise ValueError(f"'{self.op}' needs a value.")
        if self.op == "between" and self.high is None:
            raise ValueError("'between' needs an upper end.")
        return self

    def meets(self, value: float | None) -> bool:
        """Whether the rule colours this value; empty ones only by "is null"."""
        if self.op == "is null":
            return value is None
        if value is None or self.value is None:
            return False
        if self.op == "between":
            return self.value <= value <= (self.high if self.high is not None else value)
        return {
            "=": value == self.value,
            "!=": value != self.value,
            "<": value < self.value,
            "<=": value <= self.value,
            ">": value > self.value,
            ">=": value >= self.value,
        }[self.op]

    def as_data(self) -> dict[str, Any]:
        """The rule as JSON for `dashappStyle` (see web/assets/grid.js)."""
        return {"op": self.op, "value": self.value, "high": self.high, "color": self.color}


def tone(value: float | None, rules: tuple[ToneRule, ...]) -> str | None:
    """The colour of the first rule that the value meets."""
    return next((r.color for r in rules if r.meets(value)), None)
