"""Members of a pivot's rows and columns, in order, with their sub-totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from dashapp.charts.values import number

Sort = Literal["name", "name descending", "largest", "smallest", "query"]
Path = tuple[Any, ...]
Values = Mapping[str, Any]


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
    """Values by path of row members and path of column members, at every level asked for."""

    def __init__(self, rows: Sequence[str], columns: Sequence[str]) -> None:
        self.rows, self.columns = tuple(rows), tuple(columns)
        self._cells: dict[tuple[Path, Path], dict[str, Any]] = {}

    def add(self, level: Level, table: pa.Table) -> None:
        """Take in one level's answer."""
        across, down = self.rows[: level.rows], self.columns[: level.columns]
        for row in table.to_pylist():
            key = tuple(row[n] for n in across), tuple(row[n] for n in down)
            self._cells[key] = row

    def at(self, row: Path, column: Path) -> Values:
        """Metrics (and members) of one cell; nothing where no rows of the data fall."""
        return self._cells.get((row, column), {})

    def paths(self, side: Literal["rows", "columns"]) -> list[Path]:
        """All full paths of one side, in the order of the answer."""
        depth, at = (len(self.rows), 0) if side == "rows" else (len(self.columns), 1)
        whole = (len(self.rows), len(self.columns))
        found = (key[at] for key in self._cells if (len(key[0]), len(key[1])) == whole)
        return list(dict.fromkeys(p for p in found if len(p) == depth))


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


def with_subtotals(paths: Sequence[Path], subtotals: bool) -> Iterator[Path]:
    """Full paths, each group followed by its own, shorter path if sub-totals are wanted."""
    for number_, path in enumerate(paths):
        yield path
        after = paths[number_ + 1] if number_ + 1 < len(paths) else ()
        if not subtotals:
            continue
        for depth in range(len(path) - 1, 0, -1):
            if path[:depth] != after[:depth]:
                yield path[:depth]


def value(values: Values, metric: str) -> float | None:
    """A metric of a cell as a number."""
    return number(values.get(metric))


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
