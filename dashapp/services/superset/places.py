"""Places, views, colours and columns of shapes, as Superset's maps write them, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dashapp.errors import Invalid
from dashapp.services.superset.params import Params
from dashapp.services.superset.values import number

# Keys of how the page around deck.gl's maps looked.
CHROME: Final = (
    "mapbox_style", "map_style", "maplibre_style", "legend_position", "legend_format",
    "tooltip_template", "filter_nulls", "color_scheme_type", "generate_label_colors",
    "time_grain_sqla", "js_agg_function", "color_breakpoints", "deafult_breakpoint_color",
    "viewport", "autozoom", "extruded", "show_legend", "max_radius", "point_unit", "multiplier",
    "toggle_polygons", "table_filter", "point_radius_scale", "point_radius_units",
    "render_while_dragging", "map_renderer", "layer_filter_scope", "stroked",
)  # fmt: skip
WRITTEN: Final[dict[str, str]] = {"json": "json", "polyline": "polyline", "geohash": "geohash"}
_RGB: Final = re.compile(r"^rgba?\((\d{1,3}), *(\d{1,3}), *(\d{1,3})")


def read_chrome(p: Params) -> None:
    """Take what says nothing about a flat map for read."""
    for key in CHROME:
        p.get(key)


def position(p: Params, spatial: Any) -> dict[str, Any]:
    """Our `Position` for a spatial control; empty where it names no columns."""
    if not isinstance(spatial, Mapping):
        return {}
    kind = spatial.get("type")
    if kind == "latlong" and spatial.get("latCol") and spatial.get("lonCol"):
        return {
            "latitude": p.column_name(str(spatial["latCol"])),
            "longitude": p.column_name(str(spatial["lonCol"])),
        }
    if kind == "delimited" and spatial.get("lonlatCol"):
        swapped = bool(spatial.get("reverseCheckbox"))
        found = {"text": p.column_name(str(spatial["lonlatCol"]))}
        return found | ({"text_order": "latitude first"} if swapped else {})
    if kind == "geohash" and spatial.get("geohashCol"):
        return {"geohash": p.column_name(str(spatial["geohashCol"]))}
    return {}


def written_position(found: Any) -> dict[str, Any] | None:
    """A spatial control for our `Position`; None where it names no columns."""
    if found.geohash:
        return {"type": "geohash", "geohashCol": found.geohash}
    if found.text:
        swapped = found.text_order == "latitude first"
        return {"type": "delimited", "lonlatCol": found.text, "reverseCheckbox": swapped}
    if found.columns:
        return {"type": "latlong", "latCol": found.latitude, "lonCol": found.longitude}
    return None


def view(p: Params) -> dict[str, Any]:
    """Middle and zoom; nothing where the map fits its data by itself."""
    port = p.get("viewport")
    if p.flag("autozoom") or not isinstance(port, Mapping):
        return {}
    if any(number(port.get(key)) for key in ("pitch", "bearing")):
        p.note("The map is flat and north is up.")
    lat, lon, zoom = (number(port.get(key)) for key in ("latitude", "longitude", "zoom"))
    found: dict[str, Any] = {}
    if lat is not None and lon is not None and abs(lat) <= 85 and abs(lon) <= 360:
        found = {"latitude": lat, "longitude": lon}
    if zoom is not None:
        found["zoom"] = min(22.0, max(0.0, zoom))
    return found


def written_view(options: Any) -> dict[str, Any]:
    """A viewport for our middle and zoom; a map that fits its data where nothing is chosen."""
    chosen = (options.latitude, options.longitude, options.zoom)
    if chosen == (None, None, None):
        return {"autozoom": True}
    port = {"latitude": chosen[0], "longitude": chosen[1], "zoom": chosen[2]}
    kept = {k: v for k, v in port.items() if v is not None}
    return {"autozoom": False, "viewport": kept | {"bearing": 0, "pitch": 0}}


def column(p: Params, name: str, key: str) -> dict[str, Any]:
    """A column of lines or areas, and how its cells are written."""
    found = p.text(key)
    if found is None:
        raise Invalid("It names no column that holds the shapes.")
    return {
        name: p.column_name(found),
        f"{name}_written": p.choice("line_type", WRITTEN, "json"),
        "latitude_first": p.flag("reverse_long_lat"),
    }


def color(picked: Any) -> str | None:
    """A colour as #rrggbb, from a picker or CSS text; None where it is none."""
    if isinstance(picked, Mapping):
        parts = [number(picked.get(key)) for key in "rgb"]
    elif isinstance(picked, str) and (found := _RGB.match(picked)):
        parts = [number(text) for text in found.groups()]
    elif isinstance(picked, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", picked):
        return picked.lower()
    elif isinstance(picked, list) and len(picked) >= 3:
        parts = [number(item) for item in picked[:3]]
    else:
        return None
    shown = [min(255, max(0, round(part))) for part in parts if part is not None]
    return "#" + "".join(f"{part:02x}" for part in shown) if len(shown) == 3 else None


def picked(text: str | None) -> dict[str, Any] | None:
    """A picker's colour for #rrggbb."""
    if text is None:
        return None
    red, green, blue = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    return {"r": red, "g": green, "b": blue, "a": 1}


def level(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """One contour: a line at a threshold, or a band between two."""
    low, high = number(item.get("lowerThreshold")), number(item.get("upperThreshold"))
    if low is None:
        return None
    width = number(item.get("strokeWidth"))
    found: dict[str, Any] = {"low": low, "high": high if high is not None and high > low else None}
    found |= {"color": color(item.get("color"))}
    if width is not None:
        found["width"] = min(20.0, max(0.5, width))
    return {k: v for k, v in found.items() if v is not None}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Those items of a list that are objects."""
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
