"""Superset's maps as kinds of ours: countries, regions, points and the layers of deck.gl."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from dashapp.charts.maps.layers import LAYERS
from dashapp.charts.maps.regions import name_of
from dashapp.errors import Invalid
from dashapp.services.superset import deck, places
from dashapp.services.superset.maps_written import WRITERS
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.values import number

__all__ = ["TRANSLATORS", "WRITERS"]

CODES: Final[dict[str, str]] = {"cca2": "iso2", "cca3": "iso3", "cioc": "olympic", "name": "name"}


def world(p: Params) -> Translated:
    """Countries by code or name, with bubbles for a second metric."""
    country = p.dimension(p.get("entity"))
    metric = p.metric("metric")
    if country is None or metric is None:
        raise Invalid("It names no column of countries or no metric.")
    options = p.narrowing() | p.number_format("y_axis_format", "number_format") | {
        "country": country,
        "codes": p.choice("country_fieldtype", CODES, "iso3"),
        "metric": metric,
        "bubbles": p.metric("secondary_metric"),
        "show_bubbles": p.flag("show_bubbles"),
        "color_by": "country" if p.text("color_by") == "country" else "metric",
    }  # fmt: skip
    size = p.number("max_bubble_size")  # A radius.
    if size:
        options["largest_bubble"] = min(100.0, max(4.0, size * 2))
    p.flag("sort_by_metric")  # The largest come first here in any case.
    p.get("limit")  # Of series, which maps have none of.
    return Translated("world_map", options | deck.scale(p) | deck.palette(p))


def country(p: Params) -> Translated:
    """The regions of one country."""
    named = p.text("select_country")
    region, metric = p.dimension(p.get("entity")), p.metric("metric")
    if named is None or region is None or metric is None:
        raise Invalid("It names no country, no column of regions or no metric.")
    options = p.narrowing() | p.number_format("number_format", "y_axis_format")
    options |= {"country": name_of(named), "region": region, "metric": metric}
    return Translated("country_map", options | deck.scale(p))


def mapbox(p: Params) -> Translated:
    """Points that are put together where they lie close."""
    lon, lat = p.text("all_columns_x"), p.text("all_columns_y")
    if lon is None or lat is None:
        raise Invalid("It names no columns of longitude and latitude.")
    labels = p.dimensions("groupby")
    shown = p.text("mapbox_label")
    if shown and shown != "count":
        p.note("Clusters show the number of their points here.")
    radius = p.text("point_radius")
    diameter = 2 * (number(radius) or 0) or (16 if radius in (None, "Auto") else 8)
    if radius not in (None, "Auto") and number(radius) is None:
        p.note("Points are of one size here, not of the size that a column holds.")
    if p.text("point_radius_unit") not in (None, "Pixels"):
        p.note("Sizes of points are px here.")
    if p.text("pandas_aggfunc") not in (None, "sum"):
        p.note("Clusters show the number of their points here.")
    places.read_chrome(p)
    options = p.narrowing() | {
        "position": {"longitude": p.column_name(lon), "latitude": p.column_name(lat)},
        "labels": labels,
        "cluster_px": min(300.0, p.number("clustering_radius") or 0),
        "diameter": min(200.0, diameter),
        "point_color": places.color(p.get("mapbox_color")),
        "opacity": min(1.0, max(0.05, p.number("global_opacity") or 1)),
        "latitude": _within(p.number("viewport_latitude"), 85),
        "longitude": _within(p.number("viewport_longitude"), 360),
        "zoom": _zoom(p.number("viewport_zoom")),
    }
    return Translated("map_points", deck.known(options))


def layers(p: Params) -> Translated:
    """Several charts of the bundle on one map, as far as they read the same dataset."""
    found = []
    slices = p.get("deck_slices", [])
    for place in slices if isinstance(slices, list) else [slices]:
        layer = _layer(p, place)
        if layer is not None:
            found.append(layer)
    if not found:
        raise Invalid("None of its layers can be drawn.")
    if len(found) > 8:
        p.note("Only the first eight layers are drawn.")
    options = deck.common(p) | {"layers": tuple(found[:8])}
    return Translated("map_layers", deck.known(options))


def _layer(p: Params, chart: Any) -> dict[str, Any] | None:
    """Options of one layer; None, with a note, where it cannot be drawn."""
    layer = p.sibling(chart)
    if layer is None or layer.viz_type not in TRANSLATORS or layer.viz_type == "deck_multi":
        p.note(f"Layer {str(chart)[:20]} cannot be drawn: it is not in the file, or no layer.")
        return None
    if layer.dataset.uuid != p.dataset.uuid:
        p.note(f"Layer {layer.name[:60]} cannot be drawn: it reads another dataset.")
        return None
    try:
        read = TRANSLATORS[layer.viz_type](layer)
        if read.kind not in LAYERS:
            raise Invalid("It is no layer of a map.")
        LAYERS[read.kind].Options.model_validate(read.options)
    except (Invalid, ValidationError) as error:
        reason = error.message if isinstance(error, Invalid) else "Its options make no sense here."
        p.note(f"Layer {layer.name[:60]} cannot be drawn: {reason}")
        return None
    for sentence in layer.notes:
        p.note(f"Layer {layer.name[:60]}: {sentence}")
    p.added.update(layer.added)
    return {"kind": read.kind, **read.options}


def cartodiagram(p: Params) -> Translated:
    """Refused: charts inside a map."""
    raise Invalid("Charts that stand on a map have no like here.")


def _within(value: float | None, most: float) -> float | None:
    return None if value is None or abs(value) > most else value


def _zoom(value: float | None) -> float | None:
    return None if value is None else min(22.0, max(0.0, value))


TRANSLATORS: Final[dict[str, Translator]] = {
    "world_map": world,
    "country_map": country,
    "mapbox": mapbox,
    "deck_scatter": deck.scatter,
    "deck_hex": deck.cells("map_hexbin"),
    "deck_grid": deck.cells("map_grid"),
    "deck_screengrid": deck.cells("map_screen_grid"),
    "deck_heatmap": deck.cells("map_heat"),
    "deck_contour": deck.cells("map_contour"),
    "deck_arc": deck.arcs,
    "deck_path": deck.paths,
    "deck_polygon": deck.polygons,
    "deck_geojson": deck.geojson,
    "deck_multi": layers,
    "cartodiagram": cartodiagram,
}
