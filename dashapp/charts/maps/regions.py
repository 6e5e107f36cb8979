"""Outlines of countries' regions, shipped with the package and read one country at a time."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from dashapp.charts.maps import countries
from dashapp.charts.maps.shapes import Polygon, Ring
from dashapp.errors import Invalid

# Files whose names are no names of their countries.
_NAMED: Final = {"TL": "timorleste", "AX": "aland", "RS": "republic_of_serbia"}


@dataclass(frozen=True)
class Region:
    """One region: its code, usually ISO 3166-2, its name, and its outline."""

    code: str
    name: str
    polygons: list[Polygon]


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Everything that can be drawn: "germany", "france_regions" …"""
    with _archive() as archive:
        return tuple(sorted(n.removesuffix(".json") for n in archive.namelist()))


def name_of(text: str) -> str:
    """The name in `names()` for a country's name or code; Invalid if its regions are not known."""
    plain = countries.plain(text).replace(" ", "_")
    if plain in names():
        return plain
    country = countries.find(text)
    called = _by_country().get(country.code2) if country else None
    if called:
        return called
    raise Invalid(
        f"There is no map of the regions of “{text[:60]}”.", {"country": "There is no such map."}
    )


@lru_cache(maxsize=1)
def _by_country() -> dict[str, str]:
    """Names in `names()` by ISO codes of two letters."""
    found = {n: countries.find(n.replace("_", " "), "name") for n in names()}
    return _NAMED | {country.code2: name for name, country in found.items() if country}


@lru_cache(maxsize=12)
def regions(name: str) -> tuple[Region, ...]:
    """The regions of one of `names()`; parts with the same code are one region."""
    with _archive() as archive:
        topology = json.loads(archive.read(f"{name}.json"))
    arcs = _arcs(topology)
    found: dict[str, Region] = {}
    for shape in topology["objects"]["regions"]["geometries"]:
        pieces = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        drawn = [[_ring(arcs, ring) for ring in piece] for piece in pieces]
        polygons = [[r for r in rings if len(r) >= 4] for rings in drawn if len(rings[0]) >= 4]
        code = str(shape["id"])
        known = found.get(code)
        title = known.name if known else shape["properties"]["name"] or code
        found[code] = Region(code, title, (known.polygons if known else []) + polygons)
    return tuple(found.values())


def _arcs(topology: dict[str, Any]) -> list[Ring]:
    """Lines of a topology in degrees; they are kept as whole steps from point to point.

    As the TopoJSON specification has it: https://github.com/topojson/topojson-specification
    """
    wide, high = topology["transform"]["scale"]
    west, south = topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        line: Ring = []
        for across, up in arc:
            x, y = x + across, y + up
            line.append((x * wide + west, y * high + south))
        found.append(line)
    return found


def _ring(arcs: list[Ring], steps: list[int]) -> Ring:
    """A ring from its arcs; a negative number is an arc backwards."""
    ring: Ring = []
    for step in steps:
        line = arcs[step] if step >= 0 else arcs[~step][::-1]
        ring += line[1:] if ring else line
    return ring


@contextmanager
def _archive() -> Iterator[zipfile.ZipFile]:
    packed = resources.files("dashapp.charts.maps") / "data" / "regions.zip"
    with packed.open("rb") as file, zipfile.ZipFile(file) as archive:
        yield archive
