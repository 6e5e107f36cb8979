"""Conditional formats: rules that colour a value, as data."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from dashapp.specs import Spec

_OF_TEXT: Final = frozenset({"contains", "not contains", "starts with", "ends with"})
_BARE: Final = frozenset({"is null", "is not null", "is true", "is false", "any"})
# Of a rule's data these are left out while they say nothing.
_USUAL: Final[dict[str, Any]] = {"text": None, "ends": "both", "part": "cell", "gradient": False}


class ToneRule(Spec):
    """Colours a value that meets a condition, e.g. `> 15` in red.

    Conditions on text do not mind its case. "any" is every number, for a gradient over all.
    """

    op: Literal[
        "=", "!=", "<", "<=", ">", ">=", "between",
        "contains", "not contains", "starts with", "ends with",
        "is null", "is not null", "is true", "is false", "any",
    ] = Field(">", title="Is", description="How the value is compared.")  # fmt: skip
    value: float | None = Field(None, title="Value", description="What it is compared with.")
    high: float | None = Field(None, title="And", description="Upper end, for between.")
    text: str | None = Field(
        None, max_length=250, title="Text", description="What text is compared with."
    )
    ends: Literal["both", "low", "high", "none"] = Field(
        "both", title="Ends", description="Which ends count as between."
    )
    color: str = Field(
        "#d9482b",
        pattern=r"^#[0-9a-fA-F]{6}$",
        title="Colour",
        description="Written as #rrggbb.",
        json_schema_extra={"widget": "color"},
    )
    part: Literal["cell", "text", "row"] = Field(
        "cell", title="Colours", description="The cell, its text, or its whole row."
    )
    gradient: bool = Field(
        False, title="Gradient", description="Stronger the further the value is from the condition."
    )

    @model_validator(mode="after")
    def _complete(self) -> ToneRule:
        if self.op in _BARE:
            return self
        if self.op in _OF_TEXT and not self.text:
            raise ValueError(f"'{self.op}' needs a text.")
        if self.op not in _OF_TEXT and self.value is None and not self._compares_text:
            raise ValueError(f"'{self.op}' needs a value.")
        if self.op == "between" and self.high is None:
            raise ValueError("'between' needs an upper end.")
        return self

    @property
    def _compares_text(self) -> bool:
        return self.op in ("=", "!=") and bool(self.text)

    def meets(self, value: float | str | bool | None) -> bool:
        """Whether the rule colours this value; empty ones only by "is null"."""
        if self.op in ("is null", "is not null"):
            return (value is None) == (self.op == "is null")
        if value is None:
            return False
        if self.op in ("is true", "is false"):
            return value is (self.op == "is true")
        if self.op in _OF_TEXT or self._compares_text:
            return self._meets_text(str(value).casefold(), (self.text or "").casefold())
        if isinstance(value, str | bool):
            return False
        return self.op == "any" or self._meets_number(value)

    def _meets_text(self, value: str, text: str) -> bool:
        return {
            "=": value == text,
            "!=": value != text,
            "contains": text in value,
            "not contains": text not in value,
            "starts with": value.startswith(text),
            "ends with": value.endswith(text),
        }[self.op]

    def _meets_number(self, value: float) -> bool:
        low, high = self.value, self.high
        if low is None:
            return False
        if self.op == "between":
            top = value if high is None else high
            from_low = value >= low if self.ends in ("both", "low") else value > low
            return from_low and (value <= top if self.ends in ("both", "high") else value < top)
        return {
            "=": value == low,
            "!=": value != low,
            "<": value < low,
            "<=": value <= low,
            ">": value > low,
            ">=": value >= low,
        }[self.op]

    def as_data(self) -> dict[str, Any]:
        """The rule as JSON for `dashappStyle` (see web/assets/grid.js)."""
        found = {"op": self.op, "value": self.value, "high": self.high, "color": self.color}
        more = {name: getattr(self, name) for name in _USUAL}
        return found | {k: v for k, v in more.items() if v != _USUAL[k]}


def tone(value: float | None, rules: tuple[ToneRule, ...]) -> str | None:
    """The colour of the first rule that the value meets."""
    return next((r.color for r in rules if r.meets(value)), None)
