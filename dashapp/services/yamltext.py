"""YAML from strangers: read safely, within bounds, without aliases and duplicate keys."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

from dashapp.errors import Invalid

MAX_CHARS = 20_000_000
MAX_DEPTH = 60


class Loader(yaml.CSafeLoader):
    """Safe YAML without duplicate keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice."""
        counts = Counter(str(key.value) for key, _ in node.value)
        twice = [key for key, count in counts.items() if count > 1]
        if twice:
            raise Invalid(f"The key {twice[0][:100]} is there twice.")
        return super().construct_mapping(node, deep=deep)


def content(text: str) -> Any:
    """What a YAML file says. Raises Invalid for what is too large, too deep or no YAML."""
    if len(text) > MAX_CHARS:
        raise Invalid("The file is larger than 20 MB.")
    try:
        _check_shape(text)
        return yaml.load(text, Loader)  # noqa: S506 - a safe loader of our own
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Invalid(f"The file is not YAML: {str(error).splitlines()[0]}.") from error


def _check_shape(text: str) -> None:
    """Refuse aliases, which can grow a few lines into gigabytes, and endless nesting.

    On the events, before anything is built: the builder is C that recurses until it crashes.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise Invalid("The file uses YAML aliases, which are not allowed.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise Invalid("The file is nested too deeply.")
