"""YAML from strangers: read safely, within bounds, without aliases and duplicate keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import yaml

from dashapp.errors import Invalid

MAX_CHARS = 20_000_000
MAX_DEPTH = 60
MAX_PARTS = 1_000_000  # keys, values and lists of a file
MAX_ALL_PARTS = 3_000_000  # of all files of a bundle
MAX_DIGITS = 100  # Counting in sixties (1:30:00) takes time that grows with the square of it.
# What builders of the library stumble over: tags on values that they do not fit (`!!bool x`).
STUMBLES = (KeyError, AttributeError, TypeError, ArithmeticError, ValueError, RecursionError)


@dataclass
class Budget:
    """How many keys, values and lists may still be read."""

    parts: int = field(default_factory=lambda: MAX_ALL_PARTS)

    def spend(self, count: int = 1) -> None:
        """Raises Invalid once everything is spent."""
        self.parts -= count
        if self.parts < 0:
            raise Invalid("The file holds more than can be read at once.")


class Loader(yaml.CSafeLoader):
    """Safe YAML without duplicate keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice."""
        counts = Counter(str(key.value) for key, _ in node.value)
        twice = [key for key, count in counts.items() if count > 1]
        if twice:
            raise Invalid(f"The key {twice[0][:100]} is there twice.")
        return super().construct_mapping(node, deep=deep)

    def integer(self, node: Any) -> Any:
        """A whole number; what is too long for one is text."""
        return _number(node) or self.construct_yaml_int(node)

    def decimal(self, node: Any) -> Any:
        """A number; what is too long for one is text."""
        return _number(node) or self.construct_yaml_float(node)


Loader.add_constructor("tag:yaml.org,2002:int", Loader.integer)
Loader.add_constructor("tag:yaml.org,2002:float", Loader.decimal)


def _number(node: Any) -> str | None:
    """The text of what is too long to be a number."""
    is_long = isinstance(node.value, str) and len(node.value) > MAX_DIGITS
    return node.value if is_long else None


def content(text: str, budget: Budget | None = None) -> Any:
    """What a YAML file says. Raises Invalid for what is too large, too deep or no YAML."""
    if len(text) > MAX_CHARS:
        raise Invalid("The file is larger than 20 MB.")
    try:
        _check_shape(text, budget or Budget())
        return yaml.load(text, Loader)  # noqa: S506 - a safe loader of our own
    except (yaml.YAMLError, *STUMBLES) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0]
        raise Invalid(f"The file is not YAML: {told[:300]}.") from error


def _check_shape(text: str, budget: Budget) -> None:
    """Refuse aliases, which can grow a few lines into gigabytes, and endless nesting.

    On the events, before anything is built: the builder is C that recurses until it crashes.
    """
    depth, own = 0, Budget(MAX_PARTS)
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise Invalid("The file uses YAML aliases, which are not allowed.")
        own.spend()
        budget.spend()
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise Invalid("The file is nested too deeply.")


def has_nul(value: Any) -> bool:
    """Whether a text somewhere in a value has a character that not every database keeps."""
    if isinstance(value, dict):
        return any(has_nul(key) or has_nul(inner) for key, inner in value.items())
    if isinstance(value, list | tuple | set):
        return any(map(has_nul, value))
    return isinstance(value, str) and "\0" in value
