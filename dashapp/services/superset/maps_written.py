"""Our maps in the words of Superset's chart parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dashapp.services.superset import names, places
from dashapp.services.superset.written import Out, Writer

CODES: Final[dict[str, str]] = {"iso2": "cca2", "iso3": "cca3", "olympic": "cioc", "name": "name"}
Made = tuple[str, dict[str, Any]]


def world(options: Any, out: Out) -> Made:
    """Countries of the world."""
    if options.codes == "auto":
        out.note("Superset reads countries in one way of writing; ISO codes of three letters.")
    return "world_map", out.narrowing(options) | _colored(options) | out.number_format(options) | {
        "entity": out.dimension(options.country),
        "country_fieldtype": CODES.get(options.codes, "cca3"),
        "metric": out.metric(options.metric),
        "secondary_metric": out.metric(options.bubbles),
        "show_bubbles": options.show_bubbles,
        "max_bubble_size": str(round(options.largest_bubble / 2)),
        "color_by": options.color_by,
    }  # fmt: skip


def country(options: Any, out: Out) -> Made:
    """Regions of one country."""
    found = out.narrowing(options) | _colored(options) | out.number_format(options, "number_format")
    return "country_map", found | {
        "select_country": options.country,
        "entity": out.dimension(options.region),
        "metric": out.metric(options.metric),
    }


def points(options: Any, out: Out) -> Made:
    """Circles; those that are put together are another type there."""
    if options.cluster_px and options.position.longitude:
        return "mapbox", _clusters(options, out)
    if options.color_metric is not None:
        out.note("Superset's points are not coloured by a metric.")
    fixed = {"type": "fix", "value": (options.diameter_m or 1000) / 2}
    sized = {"type": "metric", "value": out.metric(options.size)}
    found = {
        "spatial": places.written_position(options.position),
        "dimension": out.dimension(options.color),
        "color_picker": places.picked(options.point_color),
        "point_unit": "radius_m",
        "point_radius_fixed": fixed if options.size is None else sized,
        "min_radius": options.least_diameter / 2,
    }
    if options.size is None and options.diameter_m is None:
        out.note("Sizes of points are metres on the ground in Superset.")
    if options.size is not None:
        found["max_radius"] = options.diameter / 2
    return "deck_scatter", _common(options, out) | _told(options, out) | found


def _clusters(options: Any, out: Out) -> dict[str, Any]:
    return out.narrowing(options) | {
        "all_columns_x": options.position.longitude,
        "all_columns_y": options.position.latitude,
        "groupby": out.dimensions(options.labels),
        "clustering_radius": str(round(options.cluster_px)),
        "point_radius": options.diameter / 2,
        "point_radius_unit": "Pixels",
        "mapbox_color": _css(options.point_color),
        "global_opacity": options.opacity,
        "viewport_latitude": options.latitude,
        "viewport_longitude": options.longitude,
        "viewport_zoom": options.zoom,
    }


def cells(viz_type: str, more: Callable[[Any], dict[str, Any]]) -> Writer:
    """A writer of hexagons, squares, heat and the like."""

    def write(options: Any, out: Out) -> Made:
        found = _common(options, out) | _colored(options)
        found |= {
            "spatial": places.written_position(options.position),
            "size": out.metric(options.weight),
        }
        return viz_type, found | more(options)

    return write


def _gathered(options: Any) -> dict[str, Any]:
    return {"js_agg_function": "deviation" if options.gather == "stddev" else options.gather}


def _ground(options: Any) -> dict[str, Any]:
    return _gathered(options) | {"grid_size": options.cell_m, "extruded": False}


def _screen(options: Any) -> dict[str, Any]:
    return _gathered(options) | {"grid_size": options.cell_px}


def _heat(options: Any) -> dict[str, Any]:
    return {
        "radius_pixels": options.radius_px, "intensity": options.intensity, "aggregation": "SUM"
    }  # fmt: skip


def _contour(options: Any) -> dict[str, Any]:
    levels = [
        {
            "lowerThreshold": one.low,
            "upperThreshold": one.high,
            "color": places.picked(one.color),
            "strokeWidth": one.width,
        }
        for one in options.levels
    ]
    return {"cellSize": options.cell_m, "aggregation": "SUM", "contours": levels}


def arcs(options: Any, out: Out) -> Made:
    """Arcs from place to place."""
    if options.metric is not None:
        out.note("Superset's arcs show no metric.")
    return "deck_arc", _common(options, out) | _told(options, out) | {
        "start_spatial": places.written_position(options.start),
        "end_spatial": places.written_position(options.end),
        "dimension": out.dimension(options.color),
        "color_picker": places.picked(options.line_color),
        "target_color_picker": places.picked(options.end_color),
        "stroke_width": options.width,
    }  # fmt: skip


def paths(options: Any, out: Out) -> Made:
    """Lines along points."""
    if options.color is not None:
        out.note("Superset's paths are not coloured by a dimension.")
    return "deck_path", _common(options, out) | _told(options, out) | {
        "line_column": options.line,
        "line_type": options.line_written,
        "reverse_long_lat": options.latitude_first,
        "metric": out.metric(options.metric),
        "color_picker": places.picked(options.line_color),
        "line_width": options.width,
        "line_width_unit": "pixels",
    }  # fmt: skip


def polygons(options: Any, out: Out) -> Made:
    """Areas, coloured by a metric."""
    found = _common(options, out) | _told(options, out) | _colored(options) | _area(options)
    return "deck_polygon", found | {
        "line_column": options.polygon,
        "line_type": options.polygon_written,
        "reverse_long_lat": options.latitude_first,
        "metric": out.metric(options.metric),
        "break_points": [str(at) for at in options.breaks],
        "num_buckets": options.steps,
        "opacity": round(options.opacity * 100),
    }


def geojson(options: Any, out: Out) -> Made:
    """GeoJSON features of a column."""
    found = _common(options, out) | _told(options, out) | _area(options)
    return "deck_geojson", found | {"geojson": options.geojson}


def _common(options: Any, out: Out) -> dict[str, Any]:
    return out.narrowing(options) | places.written_view(options) | out.palette(options)


def _told(options: Any, out: Out) -> dict[str, Any]:
    return {"js_columns": out.dimensions(options.labels)}


def _colored(options: Any) -> dict[str, Any]:
    theirs = names.written_scale(options.color_scale)
    return {"linear_color_scheme": theirs} if theirs else {}


def _area(options: Any) -> dict[str, Any]:
    return {
        "fill_color_picker": places.picked(options.fill_color),
        "stroke_color_picker": places.picked(options.edge_color),
        "line_width": options.edge_width,
        "stroked": options.edge_width > 0,
        "filled": options.filled,
    }


def _css(color: str | None) -> str | None:
    found = places.picked(color)
    return "rgb({r}, {g}, {b})".format(**found) if found else None


WRITERS: Final[dict[str, Writer]] = {
    "world_map": world,
    "country_map": country,
    "map_points": points,
    "map_hexbin": cells("deck_hex", _ground),
    "map_grid": cells("deck_grid", _ground),
    "map_screen_grid": cells("deck_screengrid", _screen),
    "map_heat": cells("deck_heatmap", _heat),
    "map_contour": cells("deck_contour", _contour),
    "map_arcs": arcs,
    "map_paths": paths,
    "map_polygons": polygons,
    "map_geojson": geojson,
}
