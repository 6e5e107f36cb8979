"""Points that lie close to each other, as one circle with their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dashapp.charts.colors import faded, ink
from dashapp.charts.maps.view import View, mercator
from dashapp.charts.plotting import Floats, typed

MOST: Final = 2_000


@dataclass(frozen=True)
class Clusters:
    """Groups of points: their middles and numbers, and which points stand alone."""

    lon: Floats
    lat: Floats
    count: npt.NDArray[np.int64]
    alone: npt.NDArray[np.bool_]

    def traces(self, color: str) -> list[dict[str, Any]]:
        """One circle per group with its number in it; larger groups have larger circles."""
        if not len(self.lon):
            return []
        width = 16 + 5 * np.log2(self.count)
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
    """Points put together by the cells of a grid of `px` in the view as it first stands."""
    side = view.degrees_per_px * px
    x, y = view.wrapped(lon), mercator(lat)
    cells = np.stack([np.floor(x / side), np.floor(y / side)], axis=1).astype(np.int64)
    _, owner, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    owner = owner.reshape(-1)
    groups = np.flatnonzero(count > 1)
    groups = groups[np.argsort(-count[groups], kind="stable")][:MOST]
    sums_x = np.bincount(owner, weights=x, minlength=len(count))
    sums_y = np.bincount(owner, weights=lat, minlength=len(count))
    return Clusters(
        sums_x[groups] / count[groups], sums_y[groups] / count[groups], count[groups],
        count[owner] == 1,
    )  # fmt: skip


def _short(number: int) -> str:
    return f"{number / 1000:.0f}k" if number >= 1000 else str(number)
