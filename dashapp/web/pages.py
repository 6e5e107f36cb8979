"""Which page answers a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from dashapp.ui.page import Page


@dataclass(frozen=True)
class Match:
    """A page and what its rule read from the path."""

    page: Page
    params: dict[str, str]


class Pages:
    """The pages of a server, found by path."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.all = tuple(pages)
        rules = [Rule(page.rule, endpoint=str(at)) for at, page in enumerate(self.all)]
        self._map = Map(rules, strict_slashes=False, merge_slashes=False)

    def match(self, path: str) -> Match | None:
        """The page of `path`, or None."""
        try:
            endpoint, params = self._map.bind("").match(path, method="GET")
        except HTTPException:
            return None
        page = self.all[int(endpoint)]
        return Match(page, {name: str(value) for name, value in params.items()})
