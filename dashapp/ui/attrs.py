"""Attributes whose names have a dash, for components that take any."""

from __future__ import annotations

from typing import Any

HIDDEN: dict[str, Any] = {"aria-hidden": "true"}


def attrs(values: dict[str, Any] | None = None, *, label: str | None = None) -> dict[str, Any]:
    """`values` (such as "data-act"), and `label` as the accessible name."""
    found = dict(values or {})
    if label is not None:
        found["aria-label"] = label
    return found
