"""How many members the columns of a dataset have, as far as a sample of its rows tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.query.atoms import Atom
from dashapp.query.grains import MONTHS, STEPS
from dashapp.query.lattice import DAY_US, Cut, Numbers, floored
from dashapp.query.plan import Context, Need, rollup_need
from dashapp.specs import DatasetSpec, QuerySpec, SimpleMetric, Source
from dashapp.specs.query import Grain
from dashapp.warehouses.sketching import REGISTERS

SAMPLE_ROWS = 20_000
UNSEEN = 20.0  # Members seen once in a sample stand for so many; sqrt of rows per row of it.
YEARS = 3.0  # So long times are taken to reach where nothing tells.
DAY_S, YEAR_DAYS, MONTH_DAYS = 86_400, 365.25, 365.25 / 12
LIFE_S = 86_400
HUGE = 1e12
MOST_SKETCHED = REGISTERS  # Groups of a sketch; growing bins are mostly fewer.
ROWS = "rows"
SMALL = 20_000  # Groups; below, the product of members is told.


@dataclass(frozen=True)
class Profile:
    """Members of each column; the ends of numbers and times (microseconds); rows of a sample.

    `rows` is how many there are in all, if that is known; then `spans` are those of all.
    """

    members: Mapping[str, float]
    spans: Mapping[str, tuple[float, float]]
    is_whole: bool
    sample: pa.Table | None = None
    rows: float | None = None
    _met: dict[frozenset[Cut], float] = field(default_factory=dict, compare=False)

    def cells(self, cuts: Iterable[Cut], atoms: Iterable[Atom] = ()) -> float:
        """How many groups several cuts have together about, at most the rows there are.

        Few members of one column come with all those of another: where it would be many groups,
        the sample tells how many come together, except of times.
        """
        atoms, cuts = tuple(atoms), tuple(cuts)
        product = self._product(cuts, atoms)
        if product > SMALL and self.sample is not None:
            plain = frozenset(c for c in cuts if c.grain is None)
            steps = self._product([c for c in cuts if c.grain is not None], atoms)
            product = min(product, steps * self._together(plain))
            timed = [c for c in cuts if c.grain is not None]
            if len(timed) == 1 and self.rows is not None:
                product = min(product, steps * self._each(plain, timed[0], self.rows / steps))
        return product if self.rows is None else min(product, self.rows)

    def _product(self, cuts: Iterable[Cut], atoms: Iterable[Atom]) -> float:
        found = 1.0
        for cut in cuts:
            found *= self.groups(cut, atoms)
        return found

    def _together(self, cuts: frozenset[Cut]) -> float:
        if cuts not in self._met:
            self._met[cuts] = self._met_in_sample(cuts)
        return self._met[cuts]

    def _each(self, cuts: frozenset[Cut], timed: Cut, rows: float) -> float:
        """How many groups come together in one step of a grain that has so many rows.

        Rows mostly lie in the order of their times, so a sample is of few steps, but of those it
        has nearly all.
        """
        name = cuts | {timed}
        if name not in self._met:
            sample = self.sample
            if sample is None or not sample.num_rows:
                return HUGE
            if not pa.types.is_temporal(sample.schema.field(timed.column).type):
                return HUGE
            stamps: Any = sample.column(timed.column).cast(pa.timestamp("us"), safe=False)
            micros = stamps.cast(pa.int64()).fill_null(0).combine_chunks().to_numpy()
            steps = np.unique(floored(micros, timed.grain or "day", "monday"), return_inverse=True)
            count = len(steps[0])
            both = np.unique(self._codes(cuts) * count + steps[1], return_counts=True)[1]
            factor = min(max(rows * count / sample.num_rows, 1.0), UNSEEN)
            once = int((both == 1).sum())
            self._met[name] = (len(both) + (factor - 1) * once) / count
        return self._met[name]

    def _met_in_sample(self, cuts: frozenset[Cut]) -> float:
        if self.sample is None or not self.sample.num_rows or not cuts:
            return 1.0
        return _seen(np.bincount(self._codes(cuts)), self.is_whole)

    def _codes(self, cuts: frozenset[Cut]) -> Numbers:
        """The group of each row of the sample."""
        sample = self.sample
        if sample is None:
            return np.zeros(0, np.int64)
        code: Numbers = np.zeros(sample.num_rows, np.int64)
        for cut in sorted(cuts, key=lambda c: c.name):
            column: Any = sample.column(cut.column).combine_chunks()
            if cut.bin:
                column = pc.floor(pc.divide(column.cast(pa.float64()), cut.bin))
            part = pc.dictionary_encode(column, null_encoding="encode").indices.to_numpy()
            if cut.sketch:  # Registers are as good as numbered.
                part = part % MOST_SKETCHED
            _, code = np.unique(code * (int(part.max()) + 1) + part, return_inverse=True)
        return code

    def groups(self, cut: Cut, atoms: Iterable[Atom] = ()) -> float:
        """How many groups a cut has about, where atoms leave out the rest."""
        known = self.members.get(cut.column, HUGE)
        if cut.grain:
            return min(known, self._steps(cut, atoms)) if self.is_whole else self._steps(cut, atoms)
        low, high = self.spans.get(cut.column, (0.0, HUGE))
        if cut.sketch:
            return min(known, MOST_SKETCHED)
        if cut.bin:
            return min(known, (high - low) / cut.bin + 2)
        listed = [len(a.values) + a.null for a in atoms if _lists(a, cut.column)]
        return min([known, *listed])

    def _steps(self, cut: Cut, atoms: Iterable[Atom]) -> float:
        spans = [s for a in atoms if a.kind == "times" and a.column == cut.column for s in a.spans]
        whole = sum(high - low for low, _, high, _ in spans if low is not None and high is not None)
        is_bound = bool(spans) and all(None not in (s[0], s[2]) for s in spans)
        is_known = self.is_whole or self.rows is not None
        low, high = self.spans.get(cut.column, (0.0, 0.0))
        days = whole / DAY_US if is_bound else max((high - low) / DAY_US, 0.0)
        if not is_bound and not is_known:
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
        members[name] = _seen(counts, is_whole)
        found = _span(column)
        if found is not None:
            spans[name] = found
    return Profile(members, spans, is_whole, table)


def _seen(counts: Numbers, is_whole: bool) -> float:
    """How many there are of what was seen so often each."""
    once = int((counts == 1).sum())
    return float(len(counts) if is_whole else len(counts) - once + UNSEEN * once)


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


def extent_need(source: Source, columns: Iterable[str], context: Context) -> Need:
    """What to ask for the number of rows and the ends of times."""
    metrics: list[SimpleMetric] = [SimpleMetric(aggregate="count", label=ROWS)]
    for name in sorted(columns):
        metrics += [
            SimpleMetric(aggregate="min", column=name, label=f"min({name})"),
            SimpleMetric(aggregate="max", column=name, label=f"max({name})"),
        ]
    spec = QuerySpec(dataset=source.dataset.uuid, metrics=tuple(metrics))
    return rollup_need(source, spec, context, 1)


def reaching(known: Profile, table: pa.Table) -> Profile:
    """A profile that knows how many rows there are, and how far times reach."""
    spans = dict(known.spans)
    for name in table.column_names:
        if name.startswith("min("):
            column = name[4:-1]
            ends = pa.chunked_array(
                [*table.column(name).chunks, *table.column(f"max({column})").chunks]
            )
            found = _span(ends)
            if found is not None:
                spans[column] = found
    return replace(known, spans=spans, rows=float(table.column(ROWS)[0].as_py()))


UNKNOWN = Profile({}, {}, False)
