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
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from dashapp.charts.base import Look
from dashapp.errors import Invalid

OTHER: Final = "Other"
EMPTY: Final = "(empty)"
OTHER_COLOR: Final = "#8a8f98"
EMPTY_COLOR: Final = "#6f757e"
GOOD: Final = "#1f9a1c"
BAD: Final = "#d9482b"

# "dashapp": every colour has a contrast of at least 3:1 on white and on #14171c, and the twelve
# stay apart for readers with red or green blindness; earlier ones are further apart.
PALETTES: Final[dict[str, tuple[str, ...]]] = {
    "dashapp": (
        "#2b7ad6", "#ee5c2d", "#b03d77", "#8f5c1e", "#db6baf", "#1f9a1c",
        "#bd35b6", "#a48f68", "#167299", "#1d9999", "#5e97cc", "#b4666d",
    ),
    "okabe-ito": (
        "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#999999",
    ),
    "ten": (
        "#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f",
        "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#bab0ac",
    ),
    "quiet": (
        "#5b7fa6", "#a67c52", "#6b8f71", "#95627f", "#8a8457", "#57898f", "#a5645f", "#76719e",
    ),
}  # fmt: skip

# Scales run from low to high; diverging ones have their neutral colour in the middle.
SCALES: Final[dict[str, tuple[str, ...]]] = {
    "blues": ("#dbe9f9", "#9cc3ec", "#5a99dc", "#2b6fb9", "#123f75"),
    "greens": ("#dcf1df", "#9ed6a8", "#57b26b", "#248344", "#0c4d24"),
    "oranges": ("#fdebd9", "#fbc48f", "#f2934a", "#cc6215", "#7f3706"),
    "purples": ("#ebe6f6", "#c4b5e4", "#9a80cf", "#7050ab", "#432a74"),
    "grays": ("#eceef1", "#bfc4cc", "#8f96a1", "#626974", "#373c44"),
    "viridis": ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"),
    "heat": ("#fff3b8", "#fec965", "#f98c3c", "#dc4a2c", "#8d1033"),
    "blue-red": ("#1f5fa8", "#7fb0dd", "#eef0f2", "#ef9a7d", "#b3282d"),
    "purple-green": ("#6a3d9a", "#b49ad0", "#f0f0ee", "#8fc795", "#1b7837"),
    "red-green": ("#b3282d", "#ef9a7d", "#f3efe2", "#8fc795", "#1b7837"),
}  # fmt: skip
DIVERGING: Final = frozenset({"blue-red", "purple-green", "red-green"})

_HEX = re.compile(r"^#[0-9a-fA-F]{6}$")


def palette(name: str) -> tuple[str, ...]:
    """The colours of a palette; the house's own where the name is unknown."""
    return PALETTES.get(name, PALETTES["dashapp"])


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
