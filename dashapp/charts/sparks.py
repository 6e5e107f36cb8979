"""Sparklines: small pictures of a series for the cells of tables, drawn as SVG by the server."""

from __future__ import annotations

import base64
from typing import Final, Literal

import numpy as np

from dashapp.charts.colors import check_color
from dashapp.charts.plotting import Floats
from dashapp.charts.thinning import thinned

WIDTH, HEIGHT = 120, 28
PREFIX: Final = "data:image/svg+xml;base64,"
_EDGE = 2.5  # Room above and below, so that no line is cut.
_MOST = 200  # Points; more cannot be told apart in a cell.


def spark(
    values: Floats,
    color: str,
    how: Literal["line", "area", "bar"] = "line",
    low: float | None = None,
    high: float | None = None,
) -> str | None:
    """A picture of a series as a data address; None where it has no value.

    The picture stretches to its cell; empty values are gaps. It is made of numbers and one
    checked colour, so nothing of the data can be markup in it.
    """
    values = values[thinned(values, _MOST)]
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    color = check_color(color)
    if how == "bar":
        bottom, top = min(0.0, float(known.min())), max(0.0, float(known.max()))
    else:
        bottom, top = float(known.min()), float(known.max())
    bottom, top = bottom if low is None else low, top if high is None else high
    y = _EDGE + (1 - (values - bottom) / ((top - bottom) or 1.0)) * (HEIGHT - 2 * _EDGE)
    if top == bottom:
        y = np.where(np.isfinite(values), HEIGHT / 2, np.nan)
    y = np.clip(y, 0, HEIGHT)
    drawn = _bars(y, color, top, bottom) if how == "bar" else _lines(y, color, how == "area")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="none" width="{WIDTH}" height="{HEIGHT}">{drawn}</svg>'
    )
    return PREFIX + base64.b64encode(svg.encode()).decode()


def _lines(y: Floats, color: str, area: bool) -> str:
    x = np.linspace(1, WIDTH - 1, len(y)) if len(y) > 1 else np.array([WIDTH / 2])
    found = []
    edges = np.flatnonzero(~np.isfinite(y))
    for part in np.split(np.arange(len(y)), edges):
        at = part[np.isfinite(y[part])]
        if len(at) == 1:
            at = np.repeat(at, 2)
            ends = x[at] + np.array([-1.5, 1.5])
        else:
            ends = x[at]
        if not len(at):
            continue
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(ends, y[at], strict=True))
        if area:
            found.append(
                f'<polygon points="{ends[0]:.1f},{HEIGHT} {points} {ends[-1]:.1f},{HEIGHT}" '
                f'fill="{color}" fill-opacity="0.15"/>'
            )
        found.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6" '
            'stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
        )
    return "".join(found)


def _bars(y: Floats, color: str, top: float, bottom: float) -> str:
    span = (top - bottom) or 1.0
    zero = _EDGE + (1 - (min(max(0.0, bottom), top) - bottom) / span) * (HEIGHT - 2 * _EDGE)
    step = (WIDTH - 2) / len(y)
    return "".join(
        f'<rect x="{1 + i * step:.1f}" y="{min(v, zero):.1f}" width="{max(step * 0.8, 0.5):.1f}" '
        f'height="{max(abs(v - zero), 0.5):.1f}" fill="{color}"/>'
        for i, v in enumerate(y.tolist())
        if np.isfinite(v)
    )
