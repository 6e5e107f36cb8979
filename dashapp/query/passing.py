"""Atoms applied to the groups of a rollup.

Texts are compared by the warehouse's rules, which may ignore case, accents or spaces at the end.
So a text of a filter has to be found among the members exactly, or not even roughly; otherwise
`Unsure` is raised and the warehouse decides.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import Any

import numpy as np

from dashapp.query import grains
from dashapp.query.atoms import Atom, Unsure
from dashapp.query.lattice import Cut, Numbers, floored, in_widths, refines

_ALIKE = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ħ": "h", "ŋ": "n",
        "ı": "i",
    }
)  # fmt: skip


def fits(found: Atom, cut: Cut, week_start: grains.WeekStart) -> bool:
    """Whether the atom never divides a group of the cut."""
    if found.column != cut.column:
        return False
    if cut.is_raw:
        return True
    if found.kind == "values" and not found.values:  # Empty or not: groups know.
        return True
    if found.kind == "bins":
        return cut.bin is not None and refines(cut, Cut(cut.column, bin=found.width))
    if found.kind != "times" or cut.grain is None:
        return False
    edges = [e for span in found.spans for e in (span[0], span[2]) if e is not None]
    times = np.array(edges, np.int64)
    return bool((floored(times, cut.grain, week_start) == times).all())


def passing(found: Atom, cut: Cut, members: list[Any] | Numbers, has_null: bool) -> Numbers:
    """Which members of a cut pass (bool), the empty one last if there is one. Raises Unsure.

    Members are those of a rollup's dictionary: sorted texts or booleans as a list, numbers and
    times (microseconds) as an array; the atom fits the cut.
    """
    if found.kind == "values" and not found.values:
        inside = np.full(len(members), found.negated)
    elif isinstance(members, list):
        inside = _passing_texts(found, members)
    elif found.kind == "bins" and found.width:
        # Edges of the same bins are rounded products: divided they may fall just below a number.
        whole = np.rint if cut.bin == found.width else np.floor
        inside = _passing_numbers(found, whole(in_widths(members, found.width)))
    else:
        inside = _passing_numbers(found, members)
    return np.append(inside, found.null) if has_null else inside


def _passing_numbers(found: Atom, members: Numbers) -> Numbers:
    inside = np.zeros(len(members), bool)
    if found.kind == "values" or found.values or found.negated:
        if any(isinstance(v, str) for v in found.values):
            raise Unsure
        inside = np.isin(
            members,
            np.array(sorted(found.values), members.dtype if not _has_part(found) else np.float64),
        )
        return ~inside if found.negated else inside
    for low, low_in, high, high_in in found.spans:
        part = np.ones(len(members), bool)
        if low is not None:
            part &= (members >= low) if low_in else (members > low)
        if high is not None:
            part &= (members <= high) if high_in else (members < high)
        inside |= part
    return inside


def _has_part(found: Atom) -> bool:
    return any(isinstance(v, float) and not v.is_integer() for v in found.values)


def _passing_texts(found: Atom, members: list[Any]) -> Numbers:
    if found.kind != "values":
        raise Unsure
    if any(isinstance(m, str) for m in members):
        if not all(isinstance(v, str) for v in found.values):
            raise Unsure
        exact = set(members)
        lost = [v for v in found.values if v not in exact]
        if lost:
            rough = {roughly(m) for m in members}
            if any(roughly(str(v)) in rough for v in lost):
                raise Unsure
    return np.array([(m in found.values) != found.negated for m in members], bool)


def roughly(text: str) -> str:
    """A text without what some database may overlook: case, accents, width, all but letters and digits.

    Letters that some collations take for others are those; doubled ones (a sharp s) are single.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    runs = groupby(c for c in plain.translate(_ALIKE) if c.isalnum())
    return "".join(letter if letter.isalpha() else "".join(run) for letter, run in runs)
