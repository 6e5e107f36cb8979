"""Bins of a numeric column: their edges, and counts added up in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from dashapp.charts.axes import Style
from dashapp.charts.plotting import Floats, encode, floats
from dashapp.charts.values import Plain
from dashapp.charts.wide import Series
from dashapp.errors import Invalid

_MOST_COUNTS: Final = 4_000_000  # Series times bins: what fits into memory.
MOST_WIDE: Final = 2_000  # Bins that a width may make; more are narrower than a pixel.


def nice_width(low: float, high: float, bins: int = 30) -> float:
    """A width of 1, 2 or 5 times a power of ten that cuts the range into about `bins` bins."""
    span = abs(high - low)
    if not span or not math.isfinite(span):
        return 1.0
    rough = span / max(1, bins)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s for s in (1, 2, 5, 10) if s * power >= rough * (1 - 1e-9))
    return float(f"{step * power:.12g}")


@dataclass(frozen=True)
class Bins:
    """Bins of equal width from the lowest to the highest, empty ones included.

    `is_cut` says that they lie at multiples of their width, as a database cuts them, so that a
    bin can be a filter.
    """

    lows: Floats
    width: float
    is_cut: bool = True

    def summed(self, cells: Floats, places: Floats) -> Floats:
        """Cells (series by place) added up per bin."""
        known = np.isfinite(places)
        at = np.floor(places[known] / self.width + 1e-9) - round(self.lows[0] / self.width)
        found = np.zeros((len(cells), len(self.lows)))
        for row, values in enumerate(cells):
            np.add.at(found[row], at.astype(np.int64), values[known])
        return found

    def texts(self) -> list[str]:
        """Bins in words, lower end included, upper end not."""
        digits = ".12g" if self.is_cut else ".6g"
        return [f"{low:{digits}} – {low + self.width:{digits}}" for low in self.lows.tolist()]


def cut(places: Floats, width: float | None, about: int) -> Bins:
    """Bins that cover all places: of this width, or of a nice one for about so many bins."""
    known = places[np.isfinite(places)]
    low, high = float(known.min()), float(known.max())
    step = width or nice_width(low, high, about)
    if width is None and bool((known == np.round(known)).all()):
        step = max(1.0, step)
    if (high - low) / step > MOST_WIDE:
        raise Invalid(
            f"Bins of {step:g} are too narrow for values from {low:g} to {high:g}.",
            {"bin": f"At least {nice_width(low, high, MOST_WIDE):g}."},
        )
    first, last = math.floor(low / step + 1e-9), math.floor(high / step + 1e-9)
    lows = np.round(np.arange(first, last + 1) * step, 12)
    return Bins(lows, step)


def counted(table: pa.Table, by: tuple[str, ...]) -> tuple[Bins, list[tuple[Plain, ...]], Floats]:
    """The answer of a `Histogram` step: bins, members of `by`, and counts (member by bin)."""
    lows, highs = floats(table, "bin_from"), floats(table, "bin_to")
    edges, at = np.unique(lows, return_inverse=True)
    keys: list[tuple[Plain, ...]] = [()] * table.num_rows
    if by:
        columns = [encode(table, name) for name in by]
        members = [c.members() for c in columns]
        codes = [c.codes.tolist() for c in columns]
        keys = [
            tuple(m[c] for m, c in zip(members, row, strict=True))
            for row in zip(*codes, strict=True)
        ]
    places = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    if len(places) * len(edges) > _MOST_COUNTS:
        raise Invalid("There are too many series and bins; filter, or use fewer.")
    counts = np.zeros((len(places), len(edges)))
    rows = np.array([places[k] for k in keys], dtype=np.int64)
    np.add.at(counts, (rows, at), np.nan_to_num(floats(table, "count")))
    width = float(highs[0] - lows[0])
    return Bins(edges, width, is_cut=False), list(places), counts


@dataclass(frozen=True)
class Counts:
    """What a histogram draws: bins, series, and counts by series and bin."""

    bins: Bins
    series: tuple[Series, ...]
    counts: Floats

    def summary(self, title: str, written: Style) -> str:
        """Where most values lie."""
        bins, whole = self.bins, self.counts.sum(axis=0)
        if written.is_percent:
            whole = whole / (whole.sum() or 1.0)
        top = int(np.argmax(whole))
        digits = ".12g" if bins.is_cut else ".6g"
        return (
            f"{title} in {len(bins.lows)} bins from {bins.lows[0]:{digits}} to "
            f"{bins.lows[-1] + bins.width:{digits}}: most in {bins.texts()[top]} "
            f"({written.text(float(whole[top]))})."
        )
