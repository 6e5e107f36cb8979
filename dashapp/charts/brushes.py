"""Along what a plot may be brushed: the places of its buckets, or of its members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Literal

import numpy as np

from dashapp.charts.base import Brush
from dashapp.charts.bins import Bins
from dashapp.charts.colors import OTHER
from dashapp.charts.plotting import Floats, typed
from dashapp.charts.values import Plain
from dashapp.charts.wide import Wide
from dashapp.query.grains import following
from dashapp.specs import Dimension, Grain

MOST_MEMBERS: Final = 1000  # A cross-filter takes no more.
MOST_PLACES: Final = 4000
_EPOCH = np.datetime64(0, "ms")


def along(wide: Wide, axis: Dimension, side: Literal["x", "y"] = "x") -> Brush | None:
    """The brush along an answer's axis; none where there is nothing to choose between."""
    if wide.ms is not None:
        return of_times(wide.ms, axis, side)
    if wide.numbers is not None:
        places = np.unique(wide.numbers)
        if axis.bin or not 2 <= len(places) <= MOST_PLACES:
            return None
        end = float(np.nextafter(places[-1], np.inf))
        return Brush(axis.column, tuple(places.tolist()), end, axis=side)
    return of_members(wide.values, axis, side)


def of_times(ms: Floats, axis: Dimension, side: Literal["x", "y"] = "x") -> Brush | None:
    """Buckets of time, by their starts (ms on the viewer's clock)."""
    starts = np.unique(ms[np.isfinite(ms)])
    if axis.grain is None or not 2 <= len(starts) <= MOST_PLACES:
        return None
    return Brush(
        axis.column, tuple(starts.tolist()), _end(float(starts[-1]), axis.grain), axis.grain,
        axis=side,
    )  # fmt: skip


def of_members(values: list[Plain], axis: Dimension, side: Literal["x", "y"] = "x") -> Brush | None:
    """Members side by side; "Other", which comes last, stands for many and is not chosen."""
    members = tuple(v for v in values if v != OTHER)
    if not 2 <= len(members) <= MOST_MEMBERS or members != tuple(values[: len(members)]):
        return None
    return Brush(
        axis.column, tuple(float(i) for i in range(len(members))), float(len(members)), axis.grain,
        axis.bin, members, side,
    )  # fmt: skip


def of_bins(bins: Bins, column: str) -> Brush | None:
    """Bins of a histogram, if they lie where a database cuts them."""
    if not bins.is_cut or len(bins.lows) < 2:
        return None
    end = float(bins.lows[-1]) + bins.width
    return Brush(column, tuple(bins.lows.tolist()), end, bin=bins.width, centred=False)


def meta(brush: Brush) -> dict[str, Any]:
    """What travels in a figure's `layout.meta`."""
    return {
        "column": brush.column, "grain": brush.grain, "bin": brush.bin, "axis": brush.axis,
        "starts": typed(brush.starts), "end": brush.end, "centred": brush.centred,
        "members": brush.members,
    }  # fmt: skip


def _end(start_ms: float, grain: Grain) -> float:
    start = (_EPOCH + np.timedelta64(int(start_ms), "ms")).astype("datetime64[us]").item()
    ended = following(start, grain)
    epoch = _EPOCH.astype("datetime64[us]").item()
    return float((ended - epoch) / timedelta(milliseconds=1))
