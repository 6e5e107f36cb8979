"""What grouped queries over the same rows cost about, so that plans can be compared.

Nanoseconds of processor time, measured over ten million rows (docs/benchmarks.md); only how they
compare with each other matters. A column store reads and groups by one column for next to nothing,
so a cover pays there when it saves expressions and repeated groupings; a row store reads
everything for every query, so nearly every cover pays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashapp.query.atoms import Atom
from dashapp.query.grains import MONTHS
from dashapp.query.lattice import DAY_US, Cut
from dashapp.query.measures import Stat
from dashapp.query.profile import YEAR_DAYS, YEARS, Profile
from dashapp.specs import DatasetSpec

ROWS = 10_000_000  # So many rows a dataset is taken to have: with fewer, plans matter less.
QUERY_NS = 2_000_000.0  # To write, send and keep one query of its own.
CELL_NS = 200.0  # To fetch one cell and to take it apart.
LEAST_SHARE = 0.001
SERIES = 2.2  # Ranking members first reads the rows twice, and compares each with the top ones.


@dataclass(frozen=True)
class Rates:
    """Nanoseconds per row: of reading it, of conditions, groupings, expressions and statistics."""

    scan: float
    time: float  # Of a range of times: what lies outside is mostly not read at all.
    condition: float
    text: float  # Of a grouping by texts, and of one beside others.
    text_beside: float
    other: float  # Of any other grouping, and of one beside others.
    other_beside: float
    day: float
    month: float  # And quarters and years.
    grain: float  # Any other.
    bin: float
    calculated: float
    stat: float
    spread: float  # Of finding one of many groups: more than a cache holds.
    many: float  # So many groups take half of that.


COLUMNS = Rates(
    scan=0.3, time=0.6, condition=2.5, text=2.6, text_beside=3.5, other=5.0, other_beside=3.3, day=2.4,
    month=10.0, grain=4.0, bin=4.3, calculated=0.8, stat=1.3, spread=10.0, many=30_000,
)  # fmt: skip
LINES = Rates(
    scan=37.0, time=10.0, condition=15.0, text=60.0, text_beside=45.0, other=50.0, other_beside=40.0, day=30.0,
    month=30.0, grain=30.0, bin=90.0, calculated=100.0, stat=14.0, spread=30.0, many=100_000,
)  # fmt: skip
_COLUMN_STORES = frozenset({"duckdb"})


def rates_of(kind: str) -> Rates:
    """The rates of a kind of database."""
    return COLUMNS if kind in _COLUMN_STORES else LINES


def cost(
    rates: Rates,
    dataset: DatasetSpec,
    cuts: Iterable[Cut],
    atoms: Iterable[Atom],
    stats: Iterable[Stat],
    profile: Profile,
) -> float:
    """What a query over these cuts and statistics costs, under these conditions."""
    cuts, atoms = tuple(cuts), tuple(atoms)
    cells = profile.cells(cuts, atoms)
    # Rows mostly come in the order of their times.
    scattered = profile.cells([cut for cut in cuts if cut.grain is None], atoms)
    per_row = rates.spread * scattered / (scattered + rates.many)
    per_row += sum(_grouping(rates, dataset, cut, len(cuts) > 1) for cut in cuts)
    per_row += rates.stat * sum(stat.kind != "rows" for stat in stats)
    timed = [a for a in atoms if a.kind == "times"]
    read = rates.scan + rates.time * len(timed)
    read += rates.condition * (len(atoms) - len(timed)) * _share(timed, profile)
    return QUERY_NS + ROWS * (read + _share(atoms, profile) * per_row) + CELL_NS * cells


def _grouping(rates: Rates, dataset: DatasetSpec, cut: Cut, is_beside: bool) -> float:
    """What it takes to work out the group of a row, and to find it."""
    column = dataset.column(cut.column)
    is_text = column is not None and column.type == "text"
    if is_text:
        found = rates.text_beside if is_beside else rates.text
    else:
        found = rates.other_beside if is_beside else rates.other
    if column is not None and column.expression:
        found += rates.calculated
    if cut.bin or cut.sketch:
        return found + rates.bin
    if cut.grain is None:
        return found
    if cut.grain in MONTHS:
        return found + rates.month
    return found + (rates.day if cut.grain == "day" else rates.grain)


def _share(atoms: Iterable[Atom], profile: Profile) -> float:
    """The share of rows that passes all conditions, as if they had nothing to do with each other."""
    share = 1.0
    for found in atoms:
        if found.kind == "values" and not found.negated:
            known = profile.members.get(found.column)
            share *= min(1.0, (len(found.values) + found.null) / known) if known else 0.5
        elif found.kind == "times":
            ends = [(s[0], s[2]) for s in found.spans]
            whole = sum(high - low for low, high in ends if low is not None and high is not None)
            share *= min(1.0, whole / DAY_US / (YEARS * YEAR_DAYS)) if whole else 0.5
        elif found.kind != "values":
            share *= 0.5
    return max(LEAST_SHARE, share)
