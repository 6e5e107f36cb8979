"""Points that lie close to each other, as one circle with their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dashapp.charts.colors import faded, ink
from dashapp.charts.maps.view import View, latitude, mercator
from dashapp.charts.plotting import Floats, typed

MOST: Final = 2_000
_JOINED: Final = 10_000  # The largest cells; smaller ones are not drawn.
_LEAST: Final = 14.0  # Px that a number needs.
_SHARE: Final = 0.65  # Of the distance of two groups, as they come closer in small tiles.


@dataclass(frozen=True)
class Clusters:
    """Groups of points: their middles and numbers, and which points stand alone.

    `widest` is the largest diameter in px that leaves circles apart; `hidden` counts points of
    groups that are too many.
    """

    lon: Floats
    lat: Floats
    count: npt.NDArray[np.int64]
    alone: npt.NDArray[np.bool_]
    widest: float
    hidden: int

    def traces(self, color: str) -> list[dict[str, Any]]:
        """One circle per group with its number in it; larger groups have larger circles."""
        if not len(self.lon):
            return []
        width = np.minimum(12 + 4 * np.log2(self.count), max(_LEAST, self.widest))
        return [{
            "type": "scattergeo", "mode": "markers+text", "name": "", "showlegend": False,
            "lon": typed(self.lon), "lat": typed(self.lat),
            "marker": {"size": typed(width), "color": faded(color, 0.85), "line": {"width": 0}},
            "text": [_short(n) for n in self.count.tolist()],
            "textposition": "middle center", "textfont": {"size": 10, "color": ink(color)},
            "hovertext": [f"<b>{n:,}</b> points" for n in self.count.tolist()],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }]  # fmt: skip


def clustered(view: View, lon: Floats, lat: Floats, px: float) -> Clusters:
    """Points put together that lie within `px` of each other in the view as it first stands.

    Points of one cell of a grid belong together; then what lies close to a larger group joins it.
    """
    side = view.degrees_per_px * px
    x, y = view.wrapped(lon), mercator(lat)
    cells = np.stack([np.floor(x / side), np.floor(y / side)], axis=1).astype(np.int64)
    _, owner, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    owner = owner.reshape(-1)
    middles = np.stack([np.bincount(owner, weights=w) / count for w in (x, y)], axis=1)
    owner = _joined(middles, count, side)[owner]
    count = np.bincount(owner)
    groups = np.flatnonzero(count > 1)
    groups = groups[np.argsort(-count[groups], kind="stable")][:MOST]
    at_x, at_y = (np.bincount(owner, weights=w)[groups] / count[groups] for w in (x, y))
    hidden = int(count[count > 1].sum() - count[groups].sum())
    return Clusters(at_x, latitude(at_y), count[groups], count[owner] == 1, px * _SHARE, hidden)


def _joined(
    middles: npt.NDArray[np.float64], count: npt.NDArray[np.int64], side: float
) -> npt.NDArray[np.int64]:
    """For each group the one that it joins: the nearest larger one within `side`, or itself."""
    found = np.arange(len(count))
    near: dict[tuple[int, int], list[int]] = {}
    for group in np.argsort(-count, kind="stable")[:_JOINED].tolist():
        column, row = (int(c // side) for c in middles[group])
        around = [
            other
            for i in (column - 1, column, column + 1)
            for j in (row - 1, row, row + 1)
            for other in near.get((i, j), ())
        ]
        far = np.hypot(*(middles[around] - middles[group]).T) if around else np.empty(0)
        if len(far) and far.min() < side:
            found[group] = around[int(far.argmin())]
        else:
            near.setdefault((column, row), []).append(group)
    return found


def _short(number: int) -> str:
    return f"{number / 1000:.0f}k" if number >= 1000 else str(number)
