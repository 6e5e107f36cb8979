"""Colours: palettes, scales, and the colour that a member keeps.

A member's colour follows from its own name, not from its place in an answer, so that it is
the same in every tile and under every filter:

1. A fixed colour of the dashboard (`Look.colors`) always wins.
2. "Other" and the empty member are grey.
3. Otherwise a hash of the name picks the member's first choice in the palette. Within one
   chart two members must not look alike: members take their choices in the order of their
   hashes, and one whose choice is taken goes on to the next in its own order of preference.
   Adding or removing a member therefore moves only members whose choice it took, never all.

A dashboard that wants rule 3 to hold to the letter fixes its members once with `fix` and
gives the answer to its charts as `Look.colors`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from dashapp.charts.base import Look
from dashapp.charts.palettes import DIVERGING, PALETTES, SCALES
from dashapp.errors import Invalid

__all__ = [
    "BAD",
    "DIVERGING",
    "EMPTY",
    "EMPTY_COLOR",
    "GOOD",
    "OTHER",
    "OTHER_COLOR",
    "PALETTES",
    "SCALES",
    "assign",
    "check_color",
    "dressed",
    "color_of",
    "faded",
    "fix",
    "ink",
    "mix",
    "name_of",
    "palette",
    "scale",
    "shade",
]

OTHER: Final = "Other"
EMPTY: Final = "(empty)"
OTHER_COLOR: Final = "#8a8f98"
EMPTY_COLOR: Final = "#6f757e"
GOOD: Final = "#1f9a1c"
BAD: Final = "#d9482b"

_HEX = re.compile(r"^#[0-9a-fA-F]{6}$")


def palette(name: str) -> tuple[str, ...]:
    """The colours of a palette; the house's own where the name is unknown."""
    return PALETTES.get(name, PALETTES["dashapp"])


def dressed(look: Look, options: Any) -> Look:
    """The look with the palette that a chart's options name; the dashboard's if they name none."""
    chosen = getattr(options, "palette", None)
    return replace(look, palette=PALETTES[chosen]) if chosen in PALETTES else look


def scale(name: str, reverse: bool = False) -> list[list[float | str]]:
    """A scale as Plotly takes it: `[[0.0, "#dbe9f9"], …, [1.0, "#123f75"]]`."""
    stops = SCALES.get(name, SCALES["blues"])
    stops = stops[::-1] if reverse else stops
    return [[round(i / (len(stops) - 1), 4), c] for i, c in enumerate(stops)]


def shade(share: float, name: str = "blues", reverse: bool = False) -> str:
    """The colour of a scale at `share` (0 to 1; beyond is cut off)."""
    at = min(1.0, max(0.0, share))
    stops = [(float(p), str(c)) for p, c in scale(name, reverse)]
    for (low, a), (high, b) in pairwise(stops):
        if at <= high:
            return mix(a, b, (at - low) / (high - low))
    return stops[-1][1]


def mix(first: str, second: str, share: float) -> str:
    """The colour `share` of the way from `first` to `second`."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def ink(color: str) -> str:
    """White or near black, whichever is easier to read on the colour (WCAG contrast)."""
    parts = [(c / 255 + 0.055) / 1.055 for c in _rgb(color)]
    linear = [p**2.4 if p > 0.0905 else (p * 1.055 - 0.055) / 12.92 for p in parts]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.058 else "#10151c"


def faded(color: str, opacity: float) -> str:
    """A colour with an opacity, e.g. "rgba(43,122,214,0.2)"."""
    red, green, blue = _rgb(color)
    return f"rgba({red},{green},{blue},{opacity:g})"


def check_color(color: str) -> str:
    """The colour in lower case; Invalid if it is not written #rrggbb."""
    if not _HEX.match(color):
        raise Invalid(f"“{color}” is not a colour; write it as #rrggbb.", {"color": "Not #rrggbb."})
    return color.lower()


def name_of(member: Any) -> str:
    """The text under which a member is remembered: times as ISO text, 1.0 as "1"."""
    if member is None:
        return EMPTY
    if isinstance(member, datetime | date):
        return member.isoformat()
    if isinstance(member, float) and member.is_integer():
        return str(int(member))
    return str(member)


def color_of(member: Any, look: Look, taken: Collection[str] = ()) -> str:
    """A member's colour: its fixed one, grey for "Other" and empty, else its first choice.

    Choices that are in `taken` are passed over while the palette has others.
    """
    name = name_of(member)
    fixed = look.colors.get(name)
    if fixed and _HEX.match(fixed):
        return fixed
    if name == OTHER:
        return OTHER_COLOR
    if name == EMPTY:
        return EMPTY_COLOR
    colors = look.palette or PALETTES["dashapp"]
    choices = _choices(name, len(colors))
    return next((colors[i] for i in choices if colors[i] not in taken), colors[choices[0]])


def assign(members: Iterable[Any], look: Look) -> dict[Any, str]:
    """Colours of one chart's members, apart from each other while the palette lasts.

    The answer depends on which members there are, never on their order; its keys keep it.
    """
    wanted = list(dict.fromkeys(members))
    given: dict[Any, str] = {}
    taken: set[str] = set()
    fixed_first = sorted(wanted, key=lambda m: (name_of(m) not in look.colors, _hash(name_of(m))))
    for member in fixed_first:
        if taken >= set(look.palette or PALETTES["dashapp"]):
            taken = set()
        given[member] = color_of(member, look, taken)
        taken.add(given[member])
    return {m: given[m] for m in wanted}


def fix(members: Iterable[Any], look: Look) -> Mapping[str, str]:
    """Colours of all members of a dashboard by name, to be kept as `Look.colors`."""
    return {name_of(m): c for m, c in assign(members, look).items()}


def _rgb(color: str) -> tuple[int, int, int]:
    text = check_color(color)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=8192)
def _choices(name: str, count: int) -> tuple[int, ...]:
    """Places of a palette in a member's own order of preference."""
    return tuple(sorted(range(count), key=lambda i: _hash(f"{name}\0{i}")))
