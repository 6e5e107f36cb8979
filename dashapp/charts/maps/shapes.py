"""Shapes in cells: GeoJSON, lists of points, encoded lines, geohashes. Nothing is trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np

from dashapp.charts.maps.places import geohash_box, polyline
from dashapp.charts.plotting import Floats

Written = Literal["json", "polyline", "geohash"]
Ring = list[tuple[float, float]]
Polygon = list[Ring]  # The outer ring, then holes.
MOST_POINTS: Final = 60_000  # Corners of one figure's shapes.
_LONGEST: Final = 2_000_000  # Characters of a cell that is read.


def points(value: Any) -> Ring:
    """Points (longitude, latitude in degrees) of a JSON list; those that are none are left out."""
    found = list[tuple[float, float]]()
    for item in value if isinstance(value, list) else ():
        if isinstance(item, list | tuple) and len(item) >= 2:
            pair = _number(item[0]), _number(item[1])
            if pair[0] is not None and pair[1] is not None and abs(pair[1]) <= 90:
                found.append((pair[0], pair[1]))
    return found


def line(text: object, written: Written, swapped: bool = False) -> Ring:
    """A line in a cell; `swapped` where its points have the latitude first. Empty if it is none."""
    if not isinstance(text, str):
        return []
    if written == "polyline":
        return polyline(text)
    if written == "geohash":
        return _middle(text)
    found = _json(text)
    if isinstance(found, dict):
        return next((rings[0] for kind, rings in parts(found) if kind != "polygon"), [])
    pairs = [p[::-1] for p in found if isinstance(p, list)] if swapped and found else found
    return points(pairs)


def polygons(text: object, written: Written, swapped: bool = False) -> list[Polygon]:
    """The polygons in a cell: a list of points, GeoJSON, an encoded line, or a geohash's box."""
    if not isinstance(text, str):
        return []
    if written == "geohash":
        box = geohash_box(text)
        if box is None:
            return []
        west, south, east, north = box
        return [[[(west, south), (west, north), (east, north), (east, south)]]]
    found = polyline(text) if written == "polyline" else _json(text)
    if isinstance(found, dict):
        return [p for kind, p in parts(found) if kind == "polygon"]
    if not isinstance(found, list):
        return []
    if found and isinstance(found[0], list) and found[0] and isinstance(found[0][0], list):
        return [[r for r in (_turned(ring, swapped) for ring in found) if len(r) >= 3]]
    ring = _turned(found, swapped)
    return [[ring]] if len(ring) >= 3 else []


def geojson(text: object) -> dict[str, Any] | None:
    """A cell's GeoJSON object; None where it is none."""
    found = _json(text) if isinstance(text, str) else None
    return found if isinstance(found, dict) else None


def parts(found: dict[str, Any], deep: int = 0) -> Iterator[tuple[str, Polygon]]:
    """Parts of a GeoJSON object: "point", "line" and "polygon" with their rings."""
    if deep > 4:
        return
    kind, inner = found.get("type"), found.get("coordinates")
    if kind == "Feature" and isinstance(found.get("geometry"), dict):
        yield from parts(found["geometry"], deep + 1)
    for name in ("features", "geometries"):
        for item in found.get(name) or () if isinstance(found.get(name), list) else ():
            if isinstance(item, dict):
                yield from parts(item, deep + 1)
    if kind == "Point":
        yield from (("point", [p]) for p in [points([inner])] if p)
    elif kind == "MultiPoint":
        yield from (("point", [[p]]) for p in points(inner))
    elif kind in ("LineString", "MultiLineString"):
        for item in [inner] if kind == "LineString" else _list(inner):
            if len(ring := points(item)) >= 2:
                yield "line", [ring]
    elif kind in ("Polygon", "MultiPolygon"):
        for item in [inner] if kind == "Polygon" else _list(inner):
            rings = [r for r in map(points, _list(item)) if len(r) >= 3]
            if rings:
                yield "polygon", rings


def feature(key: str, found: list[Polygon]) -> dict[str, Any]:
    """A GeoJSON feature as Plotly's maps want it: outer rings clockwise, closed, short numbers."""
    coordinates = [
        [_closed(ring, clockwise=place == 0) for place, ring in enumerate(rings)] for rings in found
    ]
    return {
        "type": "Feature",
        "id": key,
        "properties": {},
        "geometry": {"type": "MultiPolygon", "coordinates": coordinates},
    }


def area(ring: Ring) -> float:
    """A ring's area in square degrees; negative where it runs clockwise (shoelace formula)."""
    x, y = _arrays(ring)
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def corners(found: list[Polygon]) -> tuple[Floats, Floats]:
    """Longitudes and latitudes of all outer rings."""
    return _arrays([p for rings in found for p in rings[0]])


def _arrays(ring: Ring) -> tuple[Floats, Floats]:
    both = np.array(ring, dtype=np.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _closed(ring: Ring, clockwise: bool) -> list[list[float]]:
    turned = ring if (area(ring) < 0) == clockwise else ring[::-1]
    found = [[round(x, 4), round(y, 4)] for x, y in turned]
    return found if found[0] == found[-1] else [*found, found[0]]


def _turned(ring: Any, swapped: bool) -> Ring:
    found = points(ring)
    return points([[y, x] for x, y in found]) if swapped else found


def _middle(text: str) -> Ring:
    box = geohash_box(text)
    return [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)] if box else []


def _json(text: str) -> Any:
    if len(text) > _LONGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e6 else None
