"""Values of a Superset chart's parameters, whatever type they were written with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashapp.services.superset.words import IGNORED


@dataclass(kw_only=True)
class Values:
    """Parameters by key; remembers which were read and what could not be carried over."""

    values: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def get(self, key: str, default: Any = None) -> Any:
        """The value as it stands; `default` where there is none or null."""
        self.used.add(key)
        found = self.values.get(key)
        return default if found is None else found

    def text(self, key: str) -> str | None:
        """Text that is not empty; numbers as text."""
        found = self.get(key)
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            return None
        return str(found).strip() or None

    def number(self, key: str) -> float | None:
        """A finite number, also from text."""
        return number(self.get(key))

    def whole(self, key: str) -> int | None:
        """A whole number, also from text."""
        found = self.number(key)
        return None if found is None else int(found)

    def flag(self, key: str, default: bool = False) -> bool:
        """A switch; text such as "true" counts too."""
        found = self.get(key, default)
        if isinstance(found, str):
            return found.strip().lower() in ("true", "1", "yes", "on")
        return bool(found)

    def strings(self, key: str) -> tuple[str, ...]:
        """Text values of a list, or one text alone."""
        found = self.get(key, ())
        items = found if isinstance(found, list | tuple) else [found]
        return tuple(str(i) for i in items if isinstance(i, str | int | float) and str(i) != "")

    def choice(self, key: str, known: Mapping[str, Any], default: Any = None) -> Any:
        """Our word for one of Superset's; others are noted and `default` is taken."""
        found = self.get(key)
        if found is None or found == "":
            return default
        if isinstance(found, str | int | float) and str(found) in known:
            return known[str(found)]
        self.note(f"“{key}: {str(found)[:60]}” is not known here.")
        return default

    def note(self, sentence: str) -> None:
        """Tell people what was not carried over."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def unread(self) -> list[str]:
        """Keys with a value that nobody read and that matter."""
        empty: tuple[Any, ...] = (None, "", "None", [], [None, None], {}, False)
        ignored = IGNORED
        if not self.values.get("matrixify_enable"):
            ignored = IGNORED | {key for key in self.values if key.startswith("matrixify_")}
        return sorted(
            key
            for key, value in self.values.items()
            if key not in self.used | ignored and not key.startswith("js_") and value not in empty
        )


def number(value: Any) -> float | None:
    """A finite number from JSON, also from text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1e300 else None  # NaN is not less than anything.
