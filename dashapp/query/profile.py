"""How many members the columns of a dataset have, as far as a sample of its rows tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.query.atoms import Atom
from dashapp.query.grains import MONTHS, STEPS
from dashapp.query.lattice import DAY_US, Cut
from dashapp.query.plan import Context, Need, rollup_need
from dashapp.specs import DatasetSpec, QuerySpec, Source
from dashapp.specs.query import Grain

SAMPLE_ROWS = 20_000
UNSEEN = 20.0  # Members seen once in a sample stand for so many; sqrt of rows per row of it.
YEARS = 5.0  # So long times are taken to reach where nothing tells.
DAY_S, YEAR_DAYS, MONTH_DAYS = 86_400, 365.25, 365.25 / 12
LIFE_S = 86_400
HUGE = 1e12


@dataclass(frozen=True)
class Profile:
    """Members of each column; `low` and `high` of numbers and times (microseconds) seen."""

    members: Mapping[str, float]
    spans: Mapping[str, tuple[float, float]]
    is_whole: bool

    def groups(self, cut: Cut, atoms: Iterable[Atom] = ()) -> float:
        """How many groups a cut has about, where atoms leave out the rest."""
        known = self.members.get(cut.column, HUGE)
        if cut.grain:
            return min(known, self._steps(cut, atoms)) if self.is_whole else self._steps(cut, atoms)
        low, high = self.spans.get(cut.column, (0.0, HUGE))
        if cut.bin:
            return min(known, (high - low) / cut.bin + 2)
        listed = [len(a.values) + a.null for a in atoms if _lists(a, cut.column)]
        return min([known, *listed])

    def _steps(self, cut: Cut, atoms: Iterable[Atom]) -> float:
        spans = [s for a in atoms if a.kind == "times" and a.column == cut.column for s in a.spans]
        whole = sum(high - low for low, _, high, _ in spans if low is not None and high is not None)
        is_bound = bool(spans) and all(None not in (s[0], s[2]) for s in spans)
        low, high = self.spans.get(cut.column, (0.0, 0.0))
        days = whole / DAY_US if is_bound else max((high - low) / DAY_US, 0.0)
        if not is_bound and not self.is_whole:
            days = max(days, YEARS * YEAR_DAYS)
        return days / _days(cut.grain or "day") + 2


def _lists(found: Atom, column: str) -> bool:
    return found.column == column and found.kind == "values" and not found.negated


def _days(grain: Grain) -> float:
    if grain in MONTHS:
        return MONTHS[grain] * MONTH_DAYS
    return STEPS[grain].total_seconds() / DAY_S


def need(source: Source, columns: Iterable[str], context: Context) -> Need | None:
    """What to ask for a profile of some columns: a few rows. None where that costs a whole query."""
    if source.dataset.table is None:
        return None
    names = tuple(sorted(set(columns)))
    if not names:
        return None
    spec = QuerySpec(dataset=source.dataset.uuid, columns=names, limit=SAMPLE_ROWS)
    made = rollup_need(source, spec, context, SAMPLE_ROWS)
    return Need(
        source=source, spec=spec, context=context, key=made.key, max_age_s=LIFE_S, life_s=LIFE_S,
        row_limit=SAMPLE_ROWS, version=made.version, is_rollup=True,
    )  # fmt: skip


def read(dataset: DatasetSpec, table: pa.Table) -> Profile:
    """The profile that a sample gives."""
    is_whole = table.num_rows < SAMPLE_ROWS
    members: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for name in table.column_names:
        column = table.column(name)
        counts = pc.value_counts(column.combine_chunks()).field("counts").to_numpy()
        once = int((counts == 1).sum())
        members[name] = float(len(counts) if is_whole else len(counts) - once + UNSEEN * once)
        found = _span(column)
        if found is not None:
            spans[name] = found
    return Profile(members, spans, is_whole)


def _span(column: Any) -> tuple[float, float] | None:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column, unit = column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64()), 1.0
    elif pa.types.is_date(kind):
        column, unit = column.cast(pa.int32()), float(DAY_US)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        unit = 1.0
    else:
        return None
    ends = pc.min_max(column)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if low is None or not np.isfinite(low) or not np.isfinite(high):
        return None
    return float(low) * unit, float(high) * unit


UNKNOWN = Profile({}, {}, False)
