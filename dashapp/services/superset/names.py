"""Superset's names of colour schemes, formats and currencies in ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from dashapp.charts import formats
from dashapp.errors import Invalid

Position = Literal["prefix", "suffix"]

_PALETTES: Final[dict[str, str]] = {
    "supersetColors": "lagoon",
    "superset": "lagoon",
    "bnbColors": "orchid",
    "airbnb": "orchid",
    "d3Category10": "classic",
    "category10": "classic",
    "d3Category20": "pairs",
    "category20": "pairs",
    "d3Category20b": "fours",
    "category20b": "fours",
    "d3Category20c": "steps",
    "category20c": "steps",
    "googleCategory10c": "plain",
    "googleCategory20c": "plain-20",
    "lyftColors": "neon",
    "lyft": "neon",
    "presetColors": "meadow",
    "preset": "meadow",
    "echarts4Colors": "brick",
    "echarts5Colors": "fresh",
    "modernSunset": "sunset",
    "colorsOfRainbow": "rainbow",
    "blueToGreen": "sea",
    "redToYellow": "embers",
    "wavesOfBlue": "waves",
    "supersetAndPresetColors": "bays",
    "presetAndSuperset": "bays",
}
_SCALES: Final[dict[str, str]] = {
    "schemeBlues": "blues",
    "schemeGreens": "greens",
    "schemeGrays": "grays",
    "schemeGreys": "grays",
    "schemeOranges": "oranges",
    "schemePurples": "purples",
    "schemeReds": "reds",
    "schemeBuGn": "blue-green",
    "schemeBuPu": "blue-purple",
    "schemeGnBu": "green-blue",
    "schemeOrRd": "orange-red",
    "schemePuBuGn": "purple-blue-green",
    "schemePuBu": "purple-blue",
    "schemePuRd": "purple-red",
    "schemeRdPu": "red-purple",
    "schemeYlGn": "yellow-green",
    "schemeYlGnBu": "yellow-green-blue",
    "schemeYlOrBr": "yellow-brown",
    "schemeYlOrRd": "heat",
    "schemeViridis": "viridis",
    "schemeInferno": "inferno",
    "schemeMagma": "magma",
    "schemeWarm": "warm",
    "schemeCool": "cool",
    "schemeCubehelixDefault": "cubehelix",
    "schemeSpectral": "spectral",
    "schemeRdBu": "red-blue",
    "schemeRdYlBu": "red-yellow-blue",
    "schemeRdYlGn": "red-yellow-green",
    "schemeBrBG": "brown-green",
    "schemePRGn": "purple-green",
    "schemePiYG": "pink-green",
    "schemePuOr": "purple-orange",
    "schemeRdGy": "red-gray",
    "blue_white_yellow": "teal-amber",
    "fire": "fire",
    "white_black": "white-black",
    "black_white": "black-white",
    "dark_blue": "deep-blues",
    "pink_grey": "pink-gray",
    "greens": "pale-green",
    "green": "pale-green",
    "purples": "purples",
    "purple_blue": "purple-blue",
    "oranges": "pale-orange",
    "red_yellow_blue": "red-yellow-blue",
    "brown_white_green": "brown-green",
    "purple_white_green": "purple-green",
    "superset_seq_1": "dawn-sea",
    "superset_seq_2": "dusk",
    "superset_div_1": "coral-sky",
    "superset_div_2": "orange-sky",
    "preset_seq_1": "mint",
    "preset_seq_2": "rose",
    "preset_div_1": "mauve-mint",
    "preset_div_2": "berry-teal",
    "echarts_gradient": "sand-red",
}
# Formats that Superset knows by name. None is what a chart does by itself.
_NUMBERS: Final[dict[str, str | None]] = {
    "": None,
    "SMART_NUMBER": None,
    "SMART_NUMBER_SIGNED": "smart-signed",
    "OVER_MAX_HIDDEN": None,
    "DURATION": "duration-ms",
    "DURATION_SUB": "duration-fine",
    "DURATION_COL": "duration-clock",
    "MEMORY_DECIMAL": "bytes",
    "MEMORY_BINARY": "bytes-binary",
    "MEMORY_TRANSFER_RATE_DECIMAL": "bytes-rate",
    "MEMORY_TRANSFER_RATE_BINARY": "bytes-binary-rate",
    "INDIAN_FORMAT_NUMBER": "full",
    "INDIAN_FORMAT_CURRENCY": "full",
    "INDIAN_FORMAT_NUMBER_SHORT": "smart",
    "INDIAN_FORMAT_CURRENCY_SHORT": "smart",
}
_ISO = re.compile(r"^[A-Z]{3}$")


def palette(scheme: str | None) -> str | None:
    """Our palette for a categorical scheme; None where there is none."""
    return _PALETTES.get(scheme or "")


def scale(scheme: str | None) -> str | None:
    """Our scale for a sequential or diverging scheme; None where there is none."""
    return _SCALES.get(scheme or "")


def number(d3: str | None) -> str | None:
    """A number format: d3's notation as it is, a named one in our words.

    None is what a chart does by itself: for the adaptive format, and for what is no format.
    """
    told = (d3 or "").strip()
    if told in _NUMBERS:
        return _NUMBERS[told]
    return told if _is_format(told, "number") else None


def time(d3: str | None) -> str | None:
    """A time format in d3's notation; None for the adaptive ones and for what is no format."""
    told = (d3 or "").strip()
    return told if _is_format(told, "time") else None


def currency(told: Any) -> tuple[str, Position] | None:
    """ISO code and place of a currency, as `{"symbol": "EUR", "symbolPosition": "suffix"}` or
    as that in JSON text; None where no fixed currency is named."""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            told = {"symbol": told}
    if not isinstance(told, Mapping):
        return None
    symbol, place = told.get("symbol"), told.get("symbolPosition")
    if not isinstance(symbol, str) or not _ISO.match(symbol):
        return None
    return symbol, "suffix" if place == "suffix" else "prefix"


def written_palette(name: str | None) -> str | None:
    """Superset's categorical scheme for a palette of ours."""
    return next((s for s, ours in _PALETTES.items() if ours == name), None)


def written_scale(name: str | None) -> str | None:
    """Superset's sequential or diverging scheme for a scale of ours."""
    return next((s for s, ours in _SCALES.items() if ours == name), None)


def written_number(fmt: str | None) -> str | None:
    """A number format in Superset's words; None for one that it lacks (durations of seconds)."""
    if not fmt or fmt in ("duration", "duration-min"):
        return None
    named = {ours: s for s, ours in _NUMBERS.items() if ours}
    return {**named, "smart": "SMART_NUMBER", "full": ","}.get(fmt, fmt)


def _is_format(told: str, kind: Literal["number", "time"]) -> bool:
    if not told:
        return False
    try:
        formats.check_format(told, kind)
    except Invalid:
        return False
    return len(told) <= 50
