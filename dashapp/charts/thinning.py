"""Fewer points of long lines: as many as a screen can show, no peak and no visible gap lost.

Each stretch of the axis (about a pixel wide) keeps its lowest and its highest point as they are,
so a thinned line covers the same pixels; nothing is averaged. tsdownsample's MinMax finds them.
Its LTTB kinds look smoother but drop peaks: of 336,776 delays they lose the high of 44 stretches in
a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tsdownsample import MinMaxDownsampler

from dashapp.charts.base import Look, Thinned

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_POINTS: Final = 2_000  # Of one trace; more cannot be told apart on a screen.
MOST_DRAWN: Final = 20_000  # Of one figure.
LEAST_POINTS: Final = 200  # Of one trace, however many there are.
BESIDE: Final = 400  # Of one trace at either side of the part that is looked at.
FEW_GAPS: Final = 50  # So many are kept however narrow they are.

_MIN_MAX: Any = MinMaxDownsampler()  # type: ignore[no-untyped-call]


class Thinning:
    """How the lines of one figure are thinned, and how many points that left."""

    def __init__(self, look: Look, traces: int) -> None:
        self._window = look.window
        self._most = max(LEAST_POINTS, min(MOST_POINTS, MOST_DRAWN // max(1, traces)))
        self._drawn = self._of = self._inside = self._of_inside = 0

    def kept(self, x: Floats | None, *shapes: Floats, told: Sequence[Floats] = ()) -> Ints:
        """Places of the points to draw, in their order; `x` rises, without it places count.

        All `shapes` keep their extremes. With a window, what lies in it is thinned by itself, so that
        a narrow one has all of its points; what lies beside it stays as an outline. The
        values in `told` are counted as points of the figure.
        """
        across = np.arange(len(shapes[0]), dtype=np.float64) if x is None else x
        from_, until = self._edges(across)
        parts = (
            (0, from_, BESIDE), (from_, until, self._most), (until, len(across), BESIDE),
        )  # fmt: skip
        found = [
            start + _several(across[start:end], [y[start:end] for y in shapes], most)
            for start, end, most in parts
        ]
        every = np.concatenate(found)
        for y in told:
            known = np.isfinite(y)
            self._drawn += int(known[every].sum())
            self._of += int(known.sum())
            self._inside += int(known[found[1]].sum())
            self._of_inside += int(known[from_:until].sum())
        return every

    def _edges(self, across: Floats) -> tuple[int, int]:
        if self._window is None:
            return 0, len(across)
        low, high = self._window
        first = int(np.searchsorted(across, low, side="left"))
        return first, max(first, int(np.searchsorted(across, high, side="right")))

    @property
    def told(self) -> Thinned | None:
        """What was left out; nothing where every point is drawn."""
        if self._drawn == self._of and self._window is None:
            return None
        if self._window is None:
            return Thinned(self._drawn, self._of)
        return Thinned(self._inside, self._of_inside, self._window)


def thinned(y: Floats, most: int = MOST_POINTS) -> Ints:
    """Places of at most about `most` points of an evenly spaced line, its gaps kept."""
    return thinned_along(np.arange(len(y), dtype=np.float64), y, most)


def thinned_along(x: Floats, y: Floats, most: int = MOST_POINTS) -> Ints:
    """Places of the points that keep the picture of a line along rising `x`.

    At most `most` with a value: ends, and the low and high of each stretch. In addition each gap
    (not-a-number) that is at least a stretch wide, and its edges; all of them where there are few.
    """
    if len(y) <= most:
        return np.arange(len(y))
    known = np.flatnonzero(np.isfinite(y))
    if not len(known):
        return np.array([0, len(y) - 1])
    keep = [known, np.array([0, len(y) - 1])]
    if len(known) > most:
        at = _extremes(np.ascontiguousarray(x[known]), np.ascontiguousarray(y[known]), most - 2)
        keep[0] = known[np.r_[0, at, len(known) - 1]]
    if len(known) < len(y):
        keep.append(_gaps(x, known, most))
    return np.unique(np.concatenate(keep))


def _extremes(x: Floats, y: Floats, most: int) -> Ints:
    wanted = max(4, most - most % 2)
    return np.asarray(_MIN_MAX.downsample(x, y, n_out=wanted), dtype=np.int64)


def _gaps(x: Floats, known: Ints, most: int) -> Ints:
    """An empty place of each gap that can be seen, and the values on either side of it."""
    before = known[:-1][np.diff(known) > 1]
    after = known[1:][np.diff(known) > 1]
    if len(before) > FEW_GAPS and len(known) > most:
        stretch = (x[-1] - x[0]) / max(2, most // 2)
        wide = x[after] - x[before] >= stretch
        before, after = before[wide], after[wide]
    return np.concatenate([before, before + 1, after])


def _several(x: Floats, shapes: Sequence[Floats], most: int) -> Ints:
    """Places that keep the pictures of several lines over the same `x`."""
    if len(x) <= most:
        return np.arange(len(x))
    each = max(8, most // len(shapes))
    return np.unique(np.concatenate([thinned_along(x, y, each) for y in shapes]))
