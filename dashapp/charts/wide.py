"""An answer in wide form: one row of numbers per series, aligned along an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dashapp.charts import formats
from dashapp.charts.asks import dimension_column
from dashapp.charts.base import Look
from dashapp.charts.colors import OTHER
from dashapp.charts.plotting import (
    Encoded,
    Floats,
    encode,
    floats,
    is_time,
    member_text,
    milliseconds,
)
from dashapp.charts.said import said
from dashapp.charts.values import Plain
from dashapp.specs import DatasetSpec, Dimension

Ints = npt.NDArray[np.int64]
Sort = Literal["auto", "largest", "smallest", "name", "name descending", "query"]
SizeBy = Literal["sum", "mean", "min", "max"]

_WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_YEAR = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_CALENDARS: Final[tuple[dict[str, int], ...]] = tuple(
    {short: place for place, name in enumerate(names) for short in (name, name[:3])}
    for names in (_WEEK, _YEAR)
)
MOST_SERIES: Final = 100  # More cannot be told apart; the largest are drawn.
# Series times members along the axis: a table may have as many of either as it has rows, and
# their square fits into no memory. Fewer where each one is a point that is drawn.
_MOST_HELD: Final = 4_000_000
_MOST_DRAWN: Final = 400_000


def words(
    members: Sequence[Plain], dimension: Dimension, dataset: DatasetSpec, look: Look
) -> list[str]:
    """Members as people read them: times by their grain, bins as ranges, numbers formatted."""
    column = dimension_column(dimension, dataset)
    kind, fmt = column.type, column.format
    is_plain = kind == "text" and not dimension.grain  # Most members are what they are.
    return [
        m if is_plain and type(m) is str and m.strip() else _word(m, dimension, kind, fmt, look)
        for m in members
    ]


def _word(member: Plain, dimension: Dimension, kind: str, fmt: str | None, look: Look) -> str:
    if (
        member is None
        or isinstance(member, bool)
        or (isinstance(member, str) and not member.strip())
    ):
        return said(member_text(member), look.locale)
    if dimension.grain or kind in ("time", "date"):
        return formats.time(member, fmt, dimension.grain, look.locale, look.zone)
    if isinstance(member, int | float):
        if dimension.bin:
            return f"{member:.12g} – {member + dimension.bin:.12g}"
        return formats.number(member, fmt, None, look.locale) if fmt else member_text(member)
    return member_text(member)


@dataclass(frozen=True)
class Series:
    """One series: its members' raw values and its name in words; neither is safe for Plotly."""

    members: tuple[Plain, ...]
    name: str
    is_other: bool = False


@dataclass(frozen=True)
class Wide:
    """A table by series (rows) and members along the axis (columns), in drawing order.

    `ms` are the times of the axis (ms on the viewer's clock), or None on an axis of members;
    `values` their raw values for clicks and `texts` their names in words (not safe; times as
    ISO text). `numbers` are the places of members on an axis of numbers (see `on_numbers`).
    """

    table: pa.Table
    values: list[Plain]
    texts: list[str]
    ms: Floats | None
    series: tuple[Series, ...]
    _rows: Ints  # For each row of the table: its series (-1: not drawn) …
    _columns: Ints  # … and its place on the axis (-1: not drawn).
    _known: dict[str, Floats] = field(default_factory=dict)  # Cells that were asked for before.
    numbers: Floats | None = None
    labels: list[str] = field(default_factory=list)  # Safe ones of an axis of members, if drawn.

    @property
    def shape(self) -> tuple[int, int]:
        """Number of series and of members along the axis."""
        return len(self.series), len(self.values)

    @property
    def across(self) -> Floats | None:
        """Where the places lie on an axis of times (ms) or numbers; None on one of members."""
        return self.numbers if self.ms is None else self.ms

    def has(self, column: str) -> bool:
        """Whether the answer has that column."""
        return column in self.table.column_names

    def cells(self, column: str) -> Floats:
        """A column's numbers by series and axis (read only); not-a-number where there is none."""
        if column not in self._known:
            found = np.full(self.shape, np.nan)
            drawn = (self._rows >= 0) & (self._columns >= 0)
            found[self._rows[drawn], self._columns[drawn]] = floats(self.table, column)[drawn]
            found.flags.writeable = False
            self._known[column] = found
        return self._known[column]

    @cached_property
    def present(self) -> npt.NDArray[np.bool_]:
        """Where the answer has a row, be its numbers empty or not."""
        found = np.zeros(self.shape, dtype=bool)
        drawn = (self._rows >= 0) & (self._columns >= 0)
        found[self._rows[drawn], self._columns[drawn]] = True
        return found

    def keep(self, places: Sequence[int] | Ints) -> Wide:
        """Only these members of the axis, in this order."""
        at = np.asarray(places, dtype=np.int64)
        if np.array_equal(at, np.arange(len(self.values))):
            return self
        moved = np.full(len(self.values) + 1, -1, dtype=np.int64)
        moved[at] = np.arange(len(at))
        return replace(
            self,
            values=[self.values[i] for i in at],
            texts=[self.texts[i] for i in at],
            ms=None if self.ms is None else self.ms[at],
            numbers=None if self.numbers is None else self.numbers[at],
            labels=[self.labels[i] for i in at] if self.labels else [],
            _columns=moved[self._columns],
            _known={},
        )

    def with_cells(self, cells: Mapping[str, Floats]) -> Wide:
        """The same with other numbers (by series and axis) in these columns."""
        return replace(self, _known=self._known | dict(cells))

    def on_numbers(self) -> Wide:
        """Members that are numbers, in their order, at their places on an axis of numbers."""
        known = [(i, float(v)) for i, v in enumerate(self.values)
                 if isinstance(v, int | float) and not isinstance(v, bool)]  # fmt: skip
        known.sort(key=lambda pair: pair[1])
        kept = self.keep([i for i, _ in known])
        return replace(kept, numbers=np.array([number for _, number in known]))

    def ranked(self, columns: Sequence[str], by: SizeBy | Literal["name"], rising: bool) -> Wide:
        """Series in order of their name or of a figure of their numbers; "Other" stays last."""
        count = len(self.series)
        if by == "name":
            places = sorted(range(count), key=lambda i: self.series[i].name.casefold())
            places = places if rising else places[::-1]
        else:
            size = sized(np.hstack([self.cells(c) for c in columns]), by, axis=1)
            size = np.nan_to_num(size, nan=np.inf if rising else -np.inf)
            places = np.argsort(size if rising else -size, kind="stable").tolist()
        places.sort(key=lambda i: self.series[i].is_other)
        moved = np.full(count + 1, -1, dtype=np.int64)
        moved[places] = np.arange(count)
        series = tuple(self.series[i] for i in places)
        return replace(self, series=series, _rows=moved[self._rows], _known={})

    def sorted(self, how: Sort, size: Floats) -> Wide:
        """Members in order of `size` (one number each) or name; "Other" and empty ones last."""
        if self.ms is not None:
            return self.keep(np.argsort(self.ms, kind="stable"))
        if self.numbers is not None:
            return self.keep(np.argsort(self.numbers, kind="stable"))
        return self.keep(ordered(self.values, self.texts, how, size))


def sized(cells: Floats, by: SizeBy, axis: int) -> Floats:
    """One figure per row or column of cells; empty ones count for nothing."""
    known = np.isfinite(cells)
    count = known.sum(axis=axis)
    if by in ("sum", "mean"):
        total = np.where(known, cells, 0.0).sum(axis=axis)
        found: Floats = total if by == "sum" else total / np.maximum(count, 1)
    elif by == "min":
        found = np.where(known, cells, np.inf).min(axis=axis, initial=np.inf)
    else:
        found = np.where(known, cells, -np.inf).max(axis=axis, initial=-np.inf)
    return np.where(count > 0, found, 0.0 if by == "sum" else np.nan)


def ordered(values: Sequence[Plain], texts: Sequence[str], how: Sort, size: Floats) -> list[int]:
    """Places of members in the order asked for; "Other" comes last, empty just before.

    "auto" puts text by size, everything that has an order of its own (numbers, days, names of
    weekdays and months) by that.
    """
    if how == "auto":
        known = [v for v in values if v is not None and v != OTHER]
        calendar = _calendar(known)
        if calendar is not None:
            size, how = np.array([calendar.get(v, len(calendar)) for v in values]), "smallest"
        else:
            how = "largest" if any(isinstance(v, str) for v in known) else "name"
    places = list(range(len(values)))
    if how in ("largest", "smallest"):
        worth = np.nan_to_num(size, nan=-np.inf if how == "largest" else np.inf)
        sign = -1.0 if how == "largest" else 1.0
        places.sort(key=lambda i: (sign * worth[i], texts[i]))
    elif how in ("name", "name descending"):
        places.sort(key=_natural(values, texts), reverse=how == "name descending")
    places.sort(key=lambda i: (values[i] == OTHER, values[i] is None))
    return places


def _calendar(members: Sequence[Plain]) -> dict[Plain, int] | None:
    """Places of members that are all names of weekdays or of months, in the calendar's order."""
    for names in _CALENDARS:
        if members and all(isinstance(m, str) and m.strip().casefold() in names for m in members):
            return {m: names[str(m).strip().casefold()] for m in members}
    return None


def _natural(values: Sequence[Plain], texts: Sequence[str]) -> Callable[[int], Any]:
    def key(place: int) -> tuple[int, float, str]:
        value = values[place]
        if isinstance(value, int | float):
            return 0, float(value), ""
        return 1, 0.0, texts[place].casefold()

    return key


def widen(
    table: pa.Table,
    axis: Dimension,
    series: Sequence[Dimension],
    metrics: Sequence[str],
    dataset: DatasetSpec,
    look: Look,
    most: int = MOST_SERIES,
) -> Wide:
    """The answer by series and along `axis`; series by size of the first metric, "Other" last.

    Times come in their order and rows without a time are not drawn; members stay in the order
    of the answer.
    """
    along = encode(table, axis.name)
    columns, values, ms = _axis(along, look)
    rows, members = _combined([encode(table, d.name) for d in series], table.num_rows)
    words_of = [words([m[i] for m in members], d, dataset, look) for i, d in enumerate(series)]
    found = []
    for place, member in enumerate(members):
        is_other = OTHER in member
        own = said(OTHER, look.locale) if is_other else " · ".join(w[place] for w in words_of)
        found.append(Series(member, own, is_other))
    held = _MOST_HELD if most > MOST_SERIES else _MOST_DRAWN
    most = max(1, min(most, held // max(1, len(values))))
    size = np.zeros(len(members))
    if metrics:
        np.add.at(size, rows, np.nan_to_num(np.abs(floats(table, metrics[0]))))
    order = sorted(range(len(found)), key=lambda i: (found[i].is_other, -size[i], found[i].name))[
        :most
    ]
    moved = np.full(len(found) + 1, -1, dtype=np.int64)
    moved[order] = np.arange(len(order))
    texts = words(values, axis, dataset, look) if ms is None else cast(list[str], values)
    return Wide(table, values, texts, ms, tuple(found[i] for i in order), moved[rows], columns)


def _axis(along: Encoded, look: Look) -> tuple[Ints, list[Plain], Floats | None]:
    """Place on the axis of each row, raw values, and times if the axis is one of time."""
    members = along.members()
    if not len(along) or not is_time(along.values):
        return along.codes, members, None
    ms = milliseconds(along.values, look.zone)
    order = np.argsort(ms, kind="stable")
    order = order[np.isfinite(ms[order])]
    moved = np.full(len(members) + 1, -1, dtype=np.int64)
    moved[order] = np.arange(len(order))
    return moved[along.codes], [members[i] for i in order.tolist()], ms[order]


def _combined(parts: Sequence[Encoded], rows: int) -> tuple[Ints, list[tuple[Plain, ...]]]:
    """Codes of the combinations that occur, and their members."""
    if not parts:
        return np.zeros(rows, dtype=np.int64), [()]
    codes = np.zeros(rows, dtype=np.int64)
    for part in parts:
        codes = codes * max(1, len(part)) + part.codes
    kinds, inverse = np.unique(codes, return_inverse=True)
    lists = [p.members() for p in parts]
    members = []
    for kind in kinds.tolist():
        picked: list[Plain] = []
        for part, names in zip(reversed(parts), reversed(lists), strict=True):
            kind, at = divmod(kind, max(1, len(part)))
            picked.append(names[at])
        members.append(tuple(reversed(picked)))
    return inverse.astype(np.int64), members
