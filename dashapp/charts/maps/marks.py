"""Traces of maps: points, lines and areas, over outlines or over pictures of a tile server."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from dashapp.charts.axes import Style
from dashapp.charts.colors import faded, mix, scale, shade
from dashapp.charts.plotting import Floats, typed
from dashapp.charts.values import Plain

Clicks = Sequence[list[Plain] | None]
EDGE: Final = "rgba(255,255,255,0.55)"
STEPS: Final = 7  # Colours and widths of lines; Plotly has one of each per trace.


def color_bar(written: Style) -> dict[str, Any]:
    """The legend of a colour scale."""
    return {
        "thickness": 10, "outlinewidth": 0, "len": 0.92, "lenmode": "fraction", "nticks": 5,
        "xpad": 6, "ypad": 0, "tickfont": {"size": 11}, "ticks": "", **written.ticks(),
    }  # fmt: skip


def ends(
    values: Floats, low: float | None = None, high: float | None = None
) -> tuple[float, float]:
    """Ends of a colour scale: as chosen, else the values' own; never the same."""
    known = values[np.isfinite(values)]
    start = low if low is not None else float(known.min(initial=np.inf))
    stop = high if high is not None else float(known.max(initial=-np.inf))
    start, stop = (start, stop) if np.isfinite([start, stop]).all() else (0.0, 1.0)
    return (start, stop) if stop > start else (start - 0.5, start + 0.5)


def diameters(values: Floats, biggest: float, least: float = 4.0) -> Floats:
    """Diameters in px whose areas are as the values; nothing where there is no value."""
    sizes = np.nan_to_num(np.abs(values))
    top = float(sizes.max(initial=0)) or 1.0
    found = np.maximum(np.sqrt(sizes / top) * biggest, least)
    return np.asarray(np.where(np.isfinite(values), found, 0.0))


def points(
    lon: Floats,
    lat: Floats,
    size: Floats | float,
    color: str | Sequence[str],
    *,
    opacity: float = 0.75,
    hover: Sequence[str] = (),
    clicks: Clicks = (),
    name: str = "",
    legend: bool = False,
) -> dict[str, Any]:
    """Circles; `hover` is safe text with breaks."""
    fill = faded(color, opacity) if isinstance(color, str) else [faded(c, opacity) for c in color]
    marker: dict[str, Any] = {
        "color": fill,
        "size": typed(size) if isinstance(size, np.ndarray) else size,
        "sizemode": "diameter",
        "line": {"color": color if isinstance(color, str) else EDGE, "width": 1},
    }
    trace: dict[str, Any] = {
        "type": "scattergeo", "mode": "markers", "lon": typed(lon), "lat": typed(lat),
        "marker": marker, "name": name, "showlegend": legend,
    }  # fmt: skip
    return _told(trace, hover, clicks)


def lines(
    paths: Sequence[tuple[Floats, Floats]],
    color: str,
    width: float,
    *,
    hover: Sequence[str] = (),
    clicks: Clicks = (),
    name: str = "",
    legend: bool = False,
) -> dict[str, Any]:
    """Lines of one colour and width; `hover` and `clicks` have an entry per line."""
    gap = np.array([np.nan])
    lon = np.concatenate([a for x, _ in paths for a in (x, gap)]) if paths else gap
    lat = np.concatenate([a for _, y in paths for a in (y, gap)]) if paths else gap
    owner = [i for i, (x, _) in enumerate(paths) for _ in range(len(x) + 1)]
    trace: dict[str, Any] = {
        "type": "scattergeo", "mode": "lines", "lon": typed(lon), "lat": typed(lat),
        "line": {"color": color, "width": width}, "name": name, "showlegend": legend,
        "connectgaps": False,
    }  # fmt: skip
    return _told(
        trace,
        [hover[i] for i in owner] if hover else (),
        [clicks[i] for i in owner] if clicks else (),
    )


def areas(
    features: Sequence[dict[str, Any]],
    values: Floats,
    colors: list[list[float | str]],
    low: float,
    high: float,
    *,
    bar: dict[str, Any] | None = None,
    opacity: float = 0.85,
    edge: str = EDGE,
    edge_width: float = 0.5,
    hover: Sequence[str] = (),
    clicks: Clicks = (),
    name: str = "",
) -> dict[str, Any]:
    """Areas coloured by values on a scale from `low` to `high`; `bar` is the scale's legend."""
    trace: dict[str, Any] = {
        "type": "choropleth", "locationmode": "geojson-id", "featureidkey": "id",
        "geojson": {"type": "FeatureCollection", "features": list(features)},
        "locations": [f["id"] for f in features], "z": typed(values),
        "zmin": low, "zmax": high, "colorscale": colors,
        "showscale": bar is not None, "name": name, "showlegend": False,
        "marker": {"opacity": opacity, "line": {"color": edge, "width": edge_width}},
    }  # fmt: skip
    if bar is not None:
        trace["colorbar"] = bar
    return _told(trace, hover, clicks)


def plain_scale(color: str) -> list[list[float | str]]:
    """A scale of one colour."""
    return [[0.0, color], [1.0, color]]


def between(colors: list[list[float | str]], share: float) -> str:
    """The colour of a scale at a share of its length."""
    stops = [(float(at), str(color)) for at, color in colors]
    for (low, first), (high, second) in pairwise(stops):
        if share <= high:
            return mix(first, second, (share - low) / (high - low))
    return stops[-1][1]


def steps(values: Floats, name: str, low: float, high: float) -> tuple[list[int], list[str]]:
    """Each value's place among a few colours of a scale, and the colours."""
    share = np.clip((np.nan_to_num(values, nan=low) - low) / (high - low), 0, 1)
    places = np.minimum((share * STEPS).astype(int), STEPS - 1)
    return places.tolist(), [shade((i + 0.5) / STEPS, name) for i in range(STEPS)]


def scaled(name: str, reverse: bool) -> list[list[float | str]]:
    """A colour scale as Plotly takes it."""
    return scale(name, reverse)


def on_tiles(trace: dict[str, Any]) -> dict[str, Any]:
    """The same trace over pictures of a tile server."""
    found = {k: v for k, v in trace.items() if k not in ("locationmode", "geo")}
    found["type"] = {"scattergeo": "scattermap", "choropleth": "choroplethmap"}[trace["type"]]
    found["subplot"] = "map"
    if found["type"] == "scattermap":
        found["mode"] = trace["mode"].replace("+text", "")
        found = {k: v for k, v in found.items() if k not in ("textfont", "textposition")}
        if "marker" in found:
            found["marker"] = {k: v for k, v in found["marker"].items() if k != "line"}
    return found


def _told(trace: dict[str, Any], hover: Sequence[str], clicks: Clicks) -> dict[str, Any]:
    if len(clicks):
        trace["customdata"] = list(clicks)
    if len(hover):
        trace |= {"hovertext": list(hover), "hovertemplate": "%{hovertext}<extra></extra>"}
    else:
        trace["hoverinfo"] = "skip"
    return trace
