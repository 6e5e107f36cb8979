"""Where rows lie: columns of latitude and longitude, text with both, or geohashes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import Floats, encode, floats
from dashapp.specs import Filter, Spec

Column = str | None
_HASH: Final = {c: i for i, c in enumerate("0123456789bcdefghjkmnpqrstuvwxyz")}
_NUMBERS: Final = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LONGEST_TEXT: Final = 200


class Position(Spec):
    """Columns that say where a row lies: latitude and longitude, or one text, or a geohash."""

    latitude: Column = Field(None, min_length=1, max_length=250, title="Latitude")
    longitude: Column = Field(None, min_length=1, max_length=250, title="Longitude")
    text: Column = Field(
        None,
        min_length=1,
        max_length=250,
        title="Both in one column",
        description='Text such as "13.4, 52.5".',
    )
    text_order: Literal["longitude first", "latitude first"] = Field(
        "longitude first", title="Order in that column"
    )
    geohash: Column = Field(None, min_length=1, max_length=250, title="Geohash")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to ask for; none while nothing whole is chosen."""
        if self.geohash:
            return (self.geohash,)
        if self.text:
            return (self.text,)
        return (self.longitude, self.latitude) if self.longitude and self.latitude else ()

    def required(self, field: str = "position") -> tuple[str, ...]:
        """The columns to ask for; Invalid while there are none."""
        needs(self.columns, field, "Choose the columns that say where the rows lie.")
        return self.columns

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Only rows that lie somewhere."""
        return tuple(Filter(column=c, op="is not null") for c in self.columns)

    def read(self, table: pa.Table) -> tuple[Floats, Floats]:
        """Longitude and latitude of each row in degrees; not-a-number where it has none."""
        if self.geohash or self.text:
            found = encode(table, self.geohash or self.text or "")
            pairs = [self._pair(m) for m in found.members()]
            both = np.array(pairs, dtype=np.float64).reshape(-1, 2)[found.codes]
            lon, lat = both[:, 0], both[:, 1]
        else:
            lon, lat = floats(table, self.longitude or ""), floats(table, self.latitude or "")
        wrong = ~(np.abs(lat) <= 90) | ~(np.abs(lon) <= 360)
        return np.where(wrong, np.nan, lon), np.where(wrong, np.nan, lat)

    def _pair(self, member: object) -> tuple[float, float]:
        if not isinstance(member, str):
            return np.nan, np.nan
        if self.geohash:
            west, south, east, north = geohash_box(member) or (np.nan,) * 4
            return (west + east) / 2, (south + north) / 2
        found = [float(n) for n in _NUMBERS.findall(member[:_LONGEST_TEXT])]
        if len(found) != 2:
            return np.nan, np.nan
        return (
            (found[0], found[1]) if self.text_order == "longitude first" else (found[1], found[0])
        )


@lru_cache(maxsize=4096)
def geohash_box(text: str) -> tuple[float, float, float, float] | None:
    """West, south, east and north of a geohash in degrees; None where it is none.

    Each character halves the box five times, longitude and latitude in turn
    (https://en.wikipedia.org/wiki/Geohash).
    """
    digits = [_HASH.get(c) for c in text.strip().lower()[:24]]
    if not digits or None in digits:
        return None
    ends = [[-180.0, 180.0], [-90.0, 90.0]]
    turn = 0
    for digit in digits:
        for bit in (16, 8, 4, 2, 1):
            axis = ends[turn]
            axis[0 if (digit or 0) & bit else 1] = (axis[0] + axis[1]) / 2
            turn = 1 - turn
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]


def polyline(text: str) -> list[tuple[float, float]]:
    """Points (longitude, latitude) of an encoded polyline; none where the text is none.

    Google's Encoded Polyline Algorithm Format with five decimals: signed differences in groups
    of five bits, least significant first.
    """
    numbers, value, shift = list[int](), 0, 0
    for character in text:
        bits = ord(character) - 63
        if not 0 <= bits < 64 or shift > 60:
            return []
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    if shift or len(numbers) % 2:
        return []
    lat = np.cumsum(numbers[0::2]) / 1e5
    lon = np.cumsum(numbers[1::2]) / 1e5
    if len(lat) and (np.abs(lat).max() > 90 or np.abs(lon).max() > 360):
        return []
    return list(zip(lon.tolist(), lat.tolist(), strict=True))
