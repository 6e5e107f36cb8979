"""Layers of deck.gl as Superset's charts have them, as kinds of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, sqrt
from typing import Any, Final

from dashapp.errors import Invalid
from dashapp.services.superset import places
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.values import number
from dashapp.specs import Dimension

# How the functions of deck.gl's cells, and of its densities, are called here.
GATHERS: Final[dict[str, str]] = {
    "sum": "sum", "mean": "mean", "min": "min", "max": "max", "median": "median",
    "count": "count", "deviation": "stddev",
}  # fmt: skip
# Units of points' sizes: metres in one, of a radius or of the side of an area.
METRES: Final[dict[str, float]] = {"m": 1, "km": 1000, "miles": 1609.344}


def scatter(p: Params) -> Translated:
    """Circles of a fixed size or sized by a metric."""
    options = common(p) | {"position": _place(p, "spatial"), "labels": _labels(p)}
    color = p.dimension(p.get("dimension")) if p.get("dimension") else None
    options |= {"color": color, "point_color": places.color(p.get("color_picker"))}
    radius = p.get("point_radius_fixed")
    if isinstance(radius, Mapping) and radius.get("type") == "metric":
        options["size"] = p.measure(radius.get("value"))
        options["diameter"] = min(60.0, max(8.0, 2 * (p.number("max_radius") or 15)))
    else:
        size = number(radius.get("value") if isinstance(radius, Mapping) else radius)
        shape, _, unit = (p.text("point_unit") or "square_m").partition("_")
        radius_m = (size or 1000) if shape == "radius" else sqrt(max(0.0, size or 1000) / pi)
        metres = 2 * radius_m * METRES.get(unit, 1) * (p.number("multiplier") or 1)
        options["diameter_m"] = min(1e7, max(1.0, metres))
    options["least_diameter"] = min(100.0, max(1.0, 2 * (p.number("min_radius") or 2)))
    return Translated("map_points", known(options))


def cells(kind: str) -> Translator:
    """A translator of hexagons, squares, heat and the like."""

    def translate(p: Params) -> Translated:
        options = common(p) | scale(p) | {"position": _place(p, "spatial")}
        options["weight"] = p.metric("size")
        options |= CELLS[kind](p)
        return Translated(kind, known(options))

    return translate


def _ground(p: Params) -> dict[str, Any]:
    size = p.number("grid_size")
    return {"cell_m": size if size and 0 < size <= 5e6 else None} | _gather(p, "js_agg_function")


def _screen(p: Params) -> dict[str, Any]:
    size = p.number("grid_size") or 20
    return {"cell_px": min(200.0, max(3.0, size))} | _gather(p, "js_agg_function")


def _heat(p: Params) -> dict[str, Any]:
    if (p.text("aggregation") or "SUM").upper() != "SUM":
        p.note("Weights are summed up in the heat map here.")
    reach = p.number("radius_pixels") or 30
    return {
        "radius_px": min(200.0, max(4.0, reach)),
        "intensity": min(50.0, max(0.01, p.number("intensity") or 1)),
    }


def _contour(p: Params) -> dict[str, Any]:
    if (p.text("aggregation") or "SUM").upper() not in ("SUM", "COUNT"):
        p.note("Weights are summed up in the cells of contours here.")
    size = number(p.get("cellSize"))
    levels = [places.level(item) for item in places.mappings(p.get("contours"))]
    return {
        "cell_m": size if size and 0 < size <= 5e6 else None,
        "levels": tuple(found for found in levels if found)[:20],
        "smooth": False,
    }


CELLS: Final[dict[str, Callable[[Params], dict[str, Any]]]] = {
    "map_hexbin": _ground, "map_grid": _ground, "map_screen_grid": _screen, "map_heat": _heat,
    "map_contour": _contour,
}  # fmt: skip


def arcs(p: Params) -> Translated:
    """Arcs from place to place."""
    color = p.dimension(p.get("dimension")) if p.get("dimension") else None
    options = common(p) | {
        "start": _place(p, "start_spatial"),
        "end": _place(p, "end_spatial"),
        "labels": _labels(p),
        "color": color,
        "line_color": places.color(p.get("color_picker")),
        "end_color": places.color(p.get("target_color_picker")),
        "width": min(30.0, max(0.5, p.number("stroke_width") or 1.5)),
    }
    return Translated("map_arcs", known(options))


def paths(p: Params) -> Translated:
    """Lines along points."""
    unit = p.text("line_width_unit")
    width = p.number("line_width")
    options = common(p) | places.column(p, "line", "line_column") | {
        "labels": _labels(p),
        "metric": p.metric("metric"),
        "metric_as": "colour",
        "line_color": places.color(p.get("color_picker")),
        "width": min(30.0, max(0.5, width or 2)) if unit == "pixels" else 2,
    }  # fmt: skip
    if width and unit != "pixels":
        p.note("Widths of lines are px here.")
    return Translated("map_paths", known(options))


def polygons(p: Params) -> Translated:
    """Areas, coloured by a metric; heights are left out."""
    steps = p.whole("num_buckets")
    breaks = tuple(n for n in map(number, p.strings("break_points")) if n is not None)[:50]
    height = p.get("point_radius_fixed")
    metric = p.metric("metric")
    if isinstance(height, Mapping) and height.get("type") == "metric" and height.get("value"):
        second = p.measure(height.get("value"))
        metric = metric or second
        p.note("Areas have no height here; the metric colours them.")
    options = common(p) | scale(p) | _area(p) | places.column(p, "polygon", "line_column") | {
        "labels": _labels(p),
        "metric": metric,
        "breaks": breaks if len(breaks) > 1 else (),
        "steps": steps if steps and 2 <= steps <= 50 else None,
        "opacity": min(1.0, max(0.05, (p.number("opacity") or 80) / 100)),
    }  # fmt: skip
    return Translated("map_polygons", known(options))


def geojson(p: Params) -> Translated:
    """GeoJSON features of a column."""
    column = p.text("geojson")
    if column is None:
        raise Invalid("It names no column of GeoJSON.")
    options = common(p) | _area(p) | {"geojson": p.column_name(column), "labels": _labels(p)}
    return Translated("map_geojson", known(options))


def common(p: Params) -> dict[str, Any]:
    """Conditions, view, and notes on what deck.gl does that a flat map does not."""
    found = p.narrowing() | places.view(p)
    if p.flag("extruded"):
        p.note("The map is flat: heights are colours here.")
    for key in ("js_data_mutator", "js_tooltip", "js_onclick_href"):
        if p.text(key):
            p.note(f"JavaScript of {key} is not run here.")
    places.read_chrome(p)
    return found | palette(p)


def _place(p: Params, key: str) -> dict[str, Any]:
    found = places.position(p, p.get(key))
    if not found:
        raise Invalid("It names no columns that say where the rows lie.")
    return found


def _labels(p: Params) -> tuple[Dimension, ...]:
    """What hover shows: columns of the tooltip, and those that were asked for scripts."""
    named = [
        item.get("column_name") if isinstance(item, Mapping) else item
        for item in p.get("tooltip_contents", [])
        if not isinstance(item, Mapping) or item.get("item_type", "column") == "column"
    ]
    found = [p.dimension(item) for item in named if isinstance(item, str)]
    found += list(p.dimensions("js_columns", "cross_filter_column"))
    return tuple({d.name: d for d in found if d is not None}.values())[:8]


def _area(p: Params) -> dict[str, Any]:
    stroked = p.flag("stroked", True)
    return {
        "fill_color": places.color(p.get("fill_color_picker")),
        "edge_color": places.color(p.get("stroke_color_picker")) if stroked else None,
        "edge_width": min(20.0, max(0.0, p.number("line_width") or 1)) if stroked else 0.0,
        "filled": p.flag("filled", True),
    }


def scale(p: Params) -> dict[str, Any]:
    """The scale of colours, if there is one like it."""
    found = p.scale()
    return {"color_scale": found} if found else {}


def palette(p: Params) -> dict[str, Any]:
    """The colours of members, if there are some like them."""
    found = p.palette()
    return {"palette": found} if found else {}


def _gather(p: Params, key: str) -> dict[str, Any]:
    return {"gather": p.choice(key, GATHERS, "sum")}


def known(options: dict[str, Any]) -> dict[str, Any]:
    """The options that say something."""
    return {k: v for k, v in options.items() if v is not None}
