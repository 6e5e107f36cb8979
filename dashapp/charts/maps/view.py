"""What part of the world a map shows, as Plotly's geo subplot or as a map of tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashapp.charts.axes import CLEAR
from dashapp.charts.plotting import Floats, safe

# Nominal size of a tile in px; zoom levels and sizes in metres are reckoned with it.
WIDE, HIGH = 560, 300
TILE_PX: Final = 512  # Width of the world at zoom 0, as MapLibre counts.
EARTH_M: Final = 40_075_016.686  # Length of the equator (WGS 84).
_NORTH: Final = 82.0
_LEAST_SPAN: Final = 0.004
_AIR: Final = 0.08  # Share of the span that is left free at each side.
_LAND: Final = "rgba(138,143,152,0.18)"
_LINE: Final = "rgba(138,143,152,0.55)"
_SHEET: Final = "rgba(138,143,152,0.10)"
_GRID: Final = "rgba(138,143,152,0.30)"
_CLOSE: Final = 2.0  # Degrees of longitude.


def mercator(lat: Floats) -> Floats:
    """Latitudes as Web Mercator's y in degrees of longitude (EPSG:3857 divided by its scale)."""
    held = np.clip(lat, -85.0, 85.0)
    return np.asarray(np.degrees(np.arcsinh(np.tan(np.radians(held)))))


def latitude(y: Floats) -> Floats:
    """The inverse of `mercator`."""
    return np.asarray(np.degrees(np.arctan(np.sinh(np.radians(y)))))


@dataclass(frozen=True)
class View:
    """A part of the world in degrees, and the zoom level at which it fills a nominal tile.

    `east` may be beyond 180 where the view crosses the antimeridian.
    """

    west: float
    south: float
    east: float
    north: float
    zoom: float

    @property
    def lon(self) -> float:
        """Longitude in the middle."""
        return (self.west + self.east) / 2

    @property
    def lat(self) -> float:
        """Latitude in the middle of the picture."""
        ends = mercator(np.array([self.south, self.north]))
        return float(latitude(np.array([ends.mean()]))[0])

    @property
    def is_world(self) -> bool:
        """Whether it is wider than a continent."""
        return self.east - self.west > 170

    @property
    def is_close(self) -> bool:
        """Whether it is so close that our outlines would be wrong by streets."""
        return self.east - self.west < _CLOSE

    @property
    def degrees_per_px(self) -> float:
        """Degrees of longitude in a px."""
        return 360 / (TILE_PX * 2**self.zoom)

    def metres_per_px(self) -> float:
        """Metres on the ground in a px, in the middle of the view."""
        return EARTH_M / (TILE_PX * 2**self.zoom) * float(np.cos(np.radians(self.lat)))

    def degrees(self, metres: float) -> float:
        """That many metres on the ground as degrees of longitude in the middle of the view."""
        return metres * 360 / (EARTH_M * max(0.05, float(np.cos(np.radians(self.lat)))))

    def wrapped(self, lon: Floats) -> Floats:
        """Longitudes on the side of the antimeridian on which the view is."""
        return np.asarray((lon - self.lon + 180) % 360 - 180 + self.lon)

    def geo(self) -> dict[str, Any]:
        """Plotly's `layout.geo`: our own outlines of the world under the marks."""
        found: dict[str, Any] = {
            "bgcolor": CLEAR, "showframe": False, "showland": True, "landcolor": _LAND,
            "showcoastlines": True, "coastlinecolor": _LINE, "coastlinewidth": 0.6,
            "showcountries": True, "countrycolor": _LINE, "countrywidth": 0.5,
            "showlakes": False, "showocean": False, "showrivers": False,
            "resolution": 110 if self.east - self.west > 45 else 50,
        }  # fmt: skip
        if self.is_close:
            found |= {"bgcolor": _SHEET, "showland": False, "showcoastlines": False}
            found["showcountries"] = False
        if self.is_world:
            found["projection"] = {"type": "natural earth"}
            found["lonaxis"] = {"range": [self.lon - 180, self.lon + 180]}
            # The width decides how large the world is: leaving out north or south gains nothing.
            south, north = min(WORLD.south, self.south), max(WORLD.north, self.north)
            found["lataxis"] = {"range": [max(-80.0, south), min(84.0, north)]}
        else:
            found["projection"] = {"type": "mercator"}
            found["lonaxis"] = {"range": [self.west, self.east], **self._grid()}
            found["lataxis"] = {"range": [self.south, self.north], **self._grid()}
        return found

    def _grid(self) -> dict[str, Any]:
        """Lines of round degrees, where there is nothing else to go by."""
        if not self.is_close:
            return {}
        rough = (self.east - self.west) / 6
        unit = 10 ** np.floor(np.log10(rough))
        step = float(min((1, 2, 5, 10), key=lambda n: abs(n * unit - rough)) * unit)
        return {"showgrid": True, "dtick": step, "tick0": 0, "gridcolor": _GRID, "gridwidth": 0.6}

    def tiles(self, url: str, attribution: str) -> dict[str, Any]:
        """Plotly's `layout.map`: pictures from a tile server under the marks, and nothing else."""
        source = {
            "type": "raster", "tiles": [url], "tileSize": 256, "attribution": safe(attribution)
        }  # fmt: skip
        layers = [{"id": "tiles", "type": "raster", "source": "tiles"}]
        return {
            "style": {"version": 8, "sources": {"tiles": source}, "layers": layers},
            "center": {"lat": self.lat, "lon": self.lon},
            "zoom": self.zoom,
        }


# All of it but the ice in the south, cut where hardly anybody lives.
WORLD: Final = View(-169.0, -57.0, 191.0, 83.5, 0.1)


def around(lat: float, lon: float, zoom: float) -> View:
    """The view of a nominal tile around a point at a zoom level."""
    per_px = 360 / (TILE_PX * 2**zoom)
    middle = float(mercator(np.array([lat]))[0])
    ends = latitude(np.array([middle - per_px * HIGH / 2, middle + per_px * HIGH / 2]))
    half = min(180.0, per_px * WIDE / 2)
    return View(lon - half, float(ends[0]), lon + half, float(ends[1]), zoom)


def fit(lon: Floats, lat: Floats) -> View:
    """The view that shows all these points; the world where there are none."""
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        return WORLD
    west, east = _ends(lon[known])
    low, high = (
        np.clip(lat[known], -_NORTH, _NORTH).min(),
        np.clip(lat[known], -_NORTH, _NORTH).max(),
    )
    south, north = mercator(np.array([low, high])).tolist()
    wide = max(east - west, _LEAST_SPAN) * (1 + 2 * _AIR)
    tall = max(north - south, _LEAST_SPAN) * (1 + 2 * _AIR)
    per_px = max(wide / WIDE, tall / HIGH)
    zoom = float(np.log2(360 / (TILE_PX * per_px)))
    middle = float(latitude(np.array([(south + north) / 2]))[0])
    return around(middle, (west + east) / 2, max(0.1, zoom))


def _ends(lon: Floats) -> tuple[float, float]:
    """West and east ends of the shortest stretch that holds all longitudes."""
    turned = np.unique(lon % 360)
    gaps = np.diff(np.append(turned, turned[0] + 360))
    widest = int(np.argmax(gaps))
    west = float(turned[(widest + 1) % len(turned)])
    east = west + 360 - float(gaps[widest])
    return (west - 360, east - 360) if west > 180 or (west + east) / 2 > 180 else (west, east)


def tight(lon: Floats, lat: Floats) -> dict[str, Any]:
    """Parts of Plotly's `layout.geo` that show these points and hardly more, whatever the tile."""
    west, east = _ends(lon)
    south, north = float(lat.min()), float(lat.max())
    air = 0.02 * max(east - west, north - south)
    return {
        "projection": {"type": "mercator"},
        "lonaxis": {"range": [west - air, east + air]},
        "lataxis": {"range": [max(-85.0, south - air), min(84.0, north + air)]},
    }
