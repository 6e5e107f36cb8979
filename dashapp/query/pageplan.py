"""How a page was answered, for people to read."""

from __future__ import annotations

from dataclasses import dataclass

from dashapp.query.page import How


@dataclass(frozen=True)
class PageStep:
    """Tiles (their titles) that were answered in one go, and the query behind, if there was one."""

    how: How
    tiles: tuple[str, ...]
    questions: int
    sql: str = ""
    seconds: float = 0.0
    rows: int = 0


@dataclass(frozen=True)
class PagePlan:
    """How the tiles of a page were answered.

    `seconds` is what all took together; `alone_s` what their questions took one by one, if that
    was measured.
    """

    tiles: int
    questions: int
    queries: int
    seconds: float
    steps: tuple[PageStep, ...]
    alone_s: float | None = None

    @property
    def sentence(self) -> str:
        """The plan in one line, such as "14 tiles → 3 queries, 2.1 s → 0.4 s"."""
        text = f"{self.tiles} tiles → {self.queries} {'query' if self.queries == 1 else 'queries'}"
        if self.alone_s is None:
            return f"{text}, {self.seconds:.2f} s"
        return f"{text}, {self.alone_s:.2f} s → {self.seconds:.2f} s"
