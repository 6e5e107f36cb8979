"""Where nodes of a network stand: by forces between them, or on a circle."""

from __future__ import annotations

from typing import Final

import numpy as np

from dashapp.charts.plotting import Floats
from dashapp.charts.wide import Ints

_ROUNDS: Final = 120
_GOLDEN: Final = np.pi * (3 - np.sqrt(5))


def circular(count: int) -> Floats:
    """Places on a circle around 0, clockwise from the top (count × 2)."""
    angles = 2 * np.pi * np.arange(count) / max(1, count)
    return np.column_stack((np.sin(angles), np.cos(angles)))


def force(
    count: int,
    source: Ints,
    target: Ints,
    values: Floats,
    gravity: float = 0.3,
    repulsion: float = 1.0,
) -> Floats:
    """Places where links pull and nodes push each other (count × 2, within -1 to 1).

    Fruchterman and Reingold 1991, with a pull to the middle. Starts from a spiral, so that the
    same network always looks the same. Work grows with the square of `count`.
    """
    turns = np.arange(count)
    radius = np.sqrt((turns + 0.5) / max(1, count))
    places = np.column_stack((np.sin(turns * _GOLDEN), np.cos(turns * _GOLDEN))) * radius[:, None]
    apart = np.sqrt(4.0 / max(1, count))
    pull = 0.5 + values / (values.max() if len(values) else 1.0)
    for step in np.linspace(0.2, 0.005, _ROUNDS):
        far = (places[:, None, 0] - places[None, :, 0]) ** 2
        far += (places[:, None, 1] - places[None, :, 1]) ** 2
        push = repulsion * apart**2 / np.maximum(far, 1e-6, out=far)
        moved = places * push.sum(axis=1)[:, None] - push @ places
        link = places[source] - places[target]
        length = np.maximum(np.hypot(link[:, 0], link[:, 1]), 1e-3)
        drawn = link * (pull * length / apart)[:, None]
        np.add.at(moved, source, -drawn)
        np.add.at(moved, target, drawn)
        moved -= places * gravity * 2
        size = np.maximum(np.hypot(moved[:, 0], moved[:, 1]), 1e-9)
        places = places + moved / size[:, None] * np.minimum(size, step)[:, None]
    return _even(places)


def _even(places: Floats) -> Floats:
    """Places spread over the whole plane: half as they are, half by their order on each axis."""
    count = len(places)
    if count < 2:
        return np.zeros_like(places)
    low, span = places.min(axis=0), np.ptp(places, axis=0)
    plain = 2 * (places - low) / np.where(span > 0, span, 1) - 1
    order = np.argsort(np.argsort(places, axis=0, kind="stable"), axis=0)
    return np.asarray(0.5 * plain + 0.5 * (2 * order / (count - 1) - 1))
