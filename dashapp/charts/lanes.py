"""Rows of a Gantt chart: where each task lies, so that none hides another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dashapp.charts.plotting import safe, shorten

_LEAST = 0.004  # Least length of a bar, as a share of all time shown.


@dataclass(frozen=True)
class Task:
    """A task: names of its row and colour in words, start and end in ms."""

    row: str
    color: str
    start: float
    end: float


@dataclass(frozen=True)
class Lanes:
    """The line on which each task lies (None: not drawn), and each row's first and last line."""

    places: tuple[int | None, ...]
    rows: dict[str, tuple[int, int]]
    least_ms: float

    @classmethod
    def of(
        cls, tasks: Sequence[Task], how: Literal["overlap", "free", "color"], most: int
    ) -> Lanes:
        """Rows in the order of the tasks, at most `most`; lines within them as asked for."""
        span = max(t.end for t in tasks) - min(t.start for t in tasks)
        least = max(span * _LEAST, 1.0)
        names = list(dict.fromkeys(t.row for t in tasks))[:most]
        places: list[int | None] = [None] * len(tasks)
        rows, line = {}, 0
        for name in names:
            own = [i for i, t in enumerate(tasks) if t.row == name]
            within = _lines([tasks[i] for i in own], how, least)
            for place, at in zip(own, within, strict=True):
                places[place] = line + at
            rows[name] = (line, line + max(within))
            line += max(within) + 1
        return cls(tuple(places), rows, least)

    def axis(self) -> dict[str, Any]:
        """The axis from the top down, with a row's name at the middle of its lines."""
        last = max(high for _, high in self.rows.values())
        return {
            "type": "linear", "range": [last + 0.5, -0.5], "autorange": False, "fixedrange": True,
            "automargin": True, "showgrid": False, "zeroline": False, "ticks": "",
            "tickmode": "array", "ticksuffix": " ",
            "tickvals": [(low + high) / 2 for low, high in self.rows.values()],
            "ticktext": [safe(shorten(name, 24)) for name in self.rows],
        }  # fmt: skip


def _lines(tasks: Sequence[Task], how: str, least: float) -> list[int]:
    """The line of each task within its row."""
    if how == "overlap":
        return [0] * len(tasks)
    if how == "color":
        known = {c: i for i, c in enumerate(dict.fromkeys(t.color for t in tasks))}
        return [known[t.color] for t in tasks]
    free: list[float] = []
    found = [0] * len(tasks)
    for place in sorted(range(len(tasks)), key=lambda i: (tasks[i].start, tasks[i].end)):
        task = tasks[place]
        line = next((i for i, end in enumerate(free) if end <= task.start), len(free))
        if line == len(free):
            free.append(0.0)
        free[line] = max(task.end, task.start + least)
        found[place] = line
    return found
