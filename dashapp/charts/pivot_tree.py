"""Members of a pivot as a tree: values at every level, order, sub-totals, shares."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa

from dashapp.charts.values import number

Sort = Literal["name", "name descending", "largest", "smallest", "query"]
Summary = Literal[
    "metric", "sum", "average", "median", "variance", "deviation", "smallest", "largest",
    "first", "last", "count", "distinct", "list",
]  # fmt: skip
Share = Literal["no", "total", "row", "column"]
Path = tuple[Any, ...]
Values = Mapping[str, Any]
Cell = float | str | None


@dataclass(frozen=True)
class Level:
    """How many dimensions of rows and of columns an answer is grouped by."""

    rows: int
    columns: int

    @property
    def name(self) -> str:
        """The name of its question."""
        return f"r{self.rows}c{self.columns}"


class Cube:
    """Values by path of row members and path of column members, at every level asked for.

    With `summary` "metric" each level has its own answer; otherwise the finest one's cells are
    summed up here, level by level. With `share` cells are shares of their total.
    """

    def __init__(
        self,
        rows: Sequence[str],
        columns: Sequence[str],
        summary: Summary = "metric",
        share: Share = "no",
    ) -> None:
        self.rows, self.columns = tuple(rows), tuple(columns)
        self.summary, self.share = summary, share
        self._cells: dict[tuple[Path, Path], Values] = {}
        self._under: dict[tuple[Path, Path], list[Values]] = defaultdict(list)

    def add(self, level: Level, table: pa.Table) -> None:
        """Take in one level's answer."""
        across, down = self.rows[: level.rows], self.columns[: level.columns]
        for row in table.to_pylist():
            key = tuple(row[n] for n in across), tuple(row[n] for n in down)
            self._cells[key] = row
            if self.summary == "metric":
                continue
            for r in range(level.rows + 1):
                for c in range(level.columns + 1):
                    self._under[key[0][:r], key[1][:c]].append(row)

    def value(self, row: Path, column: Path, metric: str) -> Cell:
        """A metric of one cell; None where no rows of the data fall."""
        found = self._plain(row, column, metric)
        if self.share == "no":
            return found
        whole = self._plain(
            row if self.share == "row" else (), column if self.share == "column" else (), metric
        )
        if not isinstance(found, float) or not isinstance(whole, float) or not whole:
            return None
        return found / whole

    def size(self, row: Path, column: Path, metric: str) -> float | None:
        """A metric of one cell as what rows and columns are sorted by."""
        return number(self.value(row, column, metric))

    def paths(self, side: Literal["rows", "columns"]) -> list[Path]:
        """All full paths of one side, in the order of the answer."""
        depth, at = (len(self.rows), 0) if side == "rows" else (len(self.columns), 1)
        whole = (len(self.rows), len(self.columns))
        found = (key[at] for key in self._cells if (len(key[0]), len(key[1])) == whole)
        return list(dict.fromkeys(p for p in found if len(p) == depth))

    def _plain(self, row: Path, column: Path, metric: str) -> Cell:
        if self.summary == "metric":
            return number(self._cells.get((row, column), {}).get(metric))
        under = self._under.get((row, column), [])
        if self.summary == "count":
            return float(len(under)) if under else None
        return summed(
            [v for v in (number(c.get(metric)) for c in under) if v is not None], self.summary
        )


def summed(values: Sequence[float], how: Summary) -> Cell:
    """Several values as one; None where there are none (or too few for a variance)."""
    if not values or (how in _SPREADS and len(values) < 2):
        return None
    if how == "list":
        return ", ".join(dict.fromkeys(f"{v:.12g}" for v in values))
    return float(_SUMMARIES[how](values))


_SPREADS: Final = frozenset({"variance", "deviation"})
_SUMMARIES: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "sum": sum,
    "average": statistics.fmean,
    "median": statistics.median,
    "variance": statistics.variance,
    "deviation": statistics.stdev,
    "smallest": min,
    "largest": max,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "distinct": lambda values: len(set(values)),
}


def ordered(paths: Sequence[Path], how: Sort, size: Callable[[Path], float | None]) -> list[Path]:
    """Paths in order, members of one parent together; `size` is what "largest" looks at."""
    if how == "query":
        first: dict[Path, int] = {}
        for path in paths:
            for depth in range(1, len(path) + 1):
                first.setdefault(path[:depth], len(first))
        return sorted(paths, key=lambda p: [first[p[:d]] for d in range(1, len(p) + 1)])
    found = list(paths)
    # Stable sorts from the innermost level outwards keep members of one parent together.
    for depth in range(max((len(p) for p in paths), default=0), 0, -1):
        found = _level(found, how, depth, size)
    return found


def _level(
    paths: list[Path], how: Sort, depth: int, size: Callable[[Path], float | None]
) -> list[Path]:
    """Paths sorted by their members at one depth; empty ones last."""
    found = sorted(paths, key=lambda p: _by_name(p[depth - 1]), reverse=how == "name descending")
    found.sort(key=lambda p: p[depth - 1] is None)
    if how in ("largest", "smallest"):
        found.sort(key=lambda p: _by_size(size(p[:depth]), how == "largest"))
    return found


def with_subtotals(paths: Sequence[Path], subtotals: bool, first: bool = False) -> Iterator[Path]:
    """Full paths; with `subtotals` each group has its own, shorter path behind or before it."""
    for place, path in enumerate(paths):
        before = paths[place - 1] if place else ()
        after = paths[place + 1] if place + 1 < len(paths) else ()
        depths = range(1, len(path)) if subtotals else range(0)
        if first:
            yield from (path[:d] for d in depths if path[:d] != before[:d])
        yield path
        if not first:
            yield from (path[:d] for d in reversed(depths) if path[:d] != after[:d])


def _by_size(size: float | None, descending: bool) -> tuple[bool, float]:
    if size is None:
        return True, 0.0
    return False, -size if descending else size


def _by_name(member: Any) -> tuple[bool, Any]:
    """Empty last, text without regard to case."""
    if member is None:
        return True, ""
    if isinstance(member, str):
        return False, (member.casefold(), member)
    return False, member
