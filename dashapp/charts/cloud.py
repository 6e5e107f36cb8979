"""Where the words of a cloud go: the largest in the middle, none over another.

Words are boxes on a grid. Each goes to the free place nearest the middle, found with a table of
sums over the grid (the idea of summed-area tables, Crow 1984). The same words always lie the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final

import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.int32]

WIDE: Final = 16 / 9
_ROWS: Final = 112  # Cells of the grid from top to bottom.
_TRIES: Final = 14
_FULL: Final = 0.7  # Share of the grid that words may cover at first.
_LINE: Final = 1.12  # Height of a line in units of the letters' size.
_NARROW, _SLIM, _BROAD = frozenset("ijlI.,:;'|!()[] "), frozenset('frt-/"*'), frozenset("mwMW@%&")


@dataclass(frozen=True)
class Box:
    """Where a word lies: middle, width and height, in cells."""

    word: int
    x: float
    y: float
    width: float
    height: float


def width_of(text: str) -> float:
    """About how wide a text is, in units of its letters' size."""
    return sum(_letter(c) for c in text) + 0.12


def _letter(letter: str) -> float:
    if letter in _NARROW:
        return 0.3
    if letter in _SLIM:
        return 0.42
    if letter in _BROAD:
        return 0.92
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    return 0.7 if letter.isupper() else 0.59


def lay(texts: Sequence[str], sizes: Sequence[float], angles: Sequence[int]) -> list[Box]:
    """Boxes of words with these letter sizes (any unit) and angles (degrees).

    Words should come largest first. All are made smaller together until they fit; if they never
    do, the last ones are left out.
    """
    turned = [
        _turned(width_of(t) * s, _LINE * s, a) for t, s, a in zip(texts, sizes, angles, strict=True)
    ]
    area = sum(w * h for w, h in turned)
    if not area:
        return []
    columns = round(_ROWS * WIDE)
    factor = (_FULL * _ROWS * columns / area) ** 0.5
    widest, tallest = max(w for w, _ in turned), max(h for _, h in turned)
    factor = min(factor, 0.96 * columns / widest, 0.8 * _ROWS / tallest)
    found: list[Box] = []
    for _ in range(_TRIES):
        found = _place([(w * factor, h * factor) for w, h in turned], columns)
        if len(found) == len(texts):
            break
        factor *= 0.92
    return found


def _turned(width: float, height: float, angle: int) -> tuple[float, float]:
    """Width and height of a box around a turned one."""
    across, up = abs(cos(radians(angle))), abs(sin(radians(angle)))
    return width * across + height * up, width * up + height * across


def _place(boxes: Sequence[tuple[float, float]], columns: int) -> list[Box]:
    taken: Grid = np.zeros((_ROWS, columns), dtype=np.int32)
    found = []
    for word, (width, height) in enumerate(boxes):
        across, up = max(1, int(np.ceil(width))), max(1, int(np.ceil(height)))
        spot = _nearest(taken, across, up)
        if spot is None:
            break
        row, column = spot
        taken[row : row + up, column : column + across] = 1
        found.append(Box(word, column + across / 2, row + up / 2, width, height))
    return found


def _nearest(taken: Grid, across: int, up: int) -> tuple[int, int] | None:
    """Upper left corner of the free place of that size nearest the middle."""
    rows, columns = taken.shape
    if across > columns or up > rows:
        return None
    sums = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    np.cumsum(np.cumsum(taken, axis=0), axis=1, out=sums[1:, 1:])
    inside = sums[up:, across:] - sums[:-up, across:] - sums[up:, :-across] + sums[:-up, :-across]
    y = (np.arange(rows - up + 1) + up / 2 - rows / 2) * WIDE
    x = np.arange(columns - across + 1) + across / 2 - columns / 2
    far = y[:, None] ** 2 + x[None, :] ** 2
    far[inside > 0] = np.inf
    best = int(np.argmin(far))
    if not np.isfinite(far.flat[best]):
        return None
    row, column = divmod(best, far.shape[1])
    return row, column
