"""The groupings of a rollup as codes into sorted dictionaries, which is how numpy can group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.query.atoms import Unsure
from dashapp.query.grains import WeekStart
from dashapp.query.lattice import Cut, Numbers, coarsened
from dashapp.warehouses.arrow import CALENDAR, TIME

US_PER_DAY = 86_400_000_000
FIRST_US, _, END_US = CALENDAR[TIME]
Values = list[Any] | Numbers


@dataclass
class Members:
    """One grouping: a code per cell, and the sorted members that codes stand for, empty last.

    Texts and booleans are lists; numbers are arrays as they are; times and days are int64
    microseconds since 1970. Texts are sorted by Unicode code point, as the statements sort them.
    """

    cut: Cut
    kind: pa.DataType
    codes: Numbers
    values: Values
    has_null: bool
    _cut: dict[Cut, tuple[Numbers | None, Members]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of members, the empty one included."""
        return len(self.values) + self.has_null

    @property
    def nbytes(self) -> int:
        """Memory of the codes and members."""
        heads = len(self.values) * 60 if isinstance(self.values, list) else self.values.nbytes
        return int(self.codes.nbytes) + heads

    def at(self, cut: Cut, week_start: WeekStart) -> tuple[Numbers | None, Members]:
        """A coarser cut: which of its members each member belongs to (None: the same ones)."""
        if cut == self.cut:
            return None, self
        if cut not in self._cut:
            self._cut[cut] = self._coarser(cut, week_start)
        return self._cut[cut]

    def _coarser(self, cut: Cut, week_start: WeekStart) -> tuple[Numbers, Members]:
        if isinstance(self.values, list):
            raise Unsure
        starts = coarsened(self.values, self.cut, cut, week_start)
        values, inverse = np.unique(starts, return_inverse=True)
        if cut.grain and len(values) and values[0] < FIRST_US:
            raise Unsure
        table = inverse.reshape(-1)
        if self.has_null:
            table = np.append(table, len(values))
        kind = self.kind if cut.bin is None else pa.float64()
        made = Members(cut, kind, np.empty(0, np.int64), values, self.has_null)
        return _small(table, made.size), made

    def arrow(self, codes: Numbers) -> pa.Array[Any]:
        """The members of these codes as a column."""
        wanted: Any = pa.array(codes, mask=codes >= len(self.values) if self.has_null else None)
        return _column(self.values, self.kind).take(wanted)


def members(cut: Cut, column: pa.ChunkedArray[Any]) -> Members:
    """The grouping that a column of a table holds. Raises Unsure for NaN and strange types."""
    if pa.types.is_dictionary(column.type):
        return _unpacked(cut, column)
    encoded: Any = pc.dictionary_encode(column.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    has_null = bool(encoded.null_count)
    values, rank = _sorted(encoded.dictionary)
    # Times beyond the calendar come as its ends, where they are not told apart any more.
    is_time = pa.types.is_timestamp(column.type) and len(values)
    if is_time and (values[0] <= FIRST_US or values[-1] >= END_US):
        raise Unsure
    if has_null:
        rank = np.append(rank, len(values))
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return Members(cut, column.type, _small(rank, len(values) + 1)[codes], values, has_null)


def packed(found: Members) -> pa.Array[Any]:
    """The grouping as a column that `members` reads as it lies: codes of sorted members."""
    mask = found.codes >= len(found.values) if found.has_null else None
    codes: Any = pa.array(found.codes, mask=mask)
    return pa.DictionaryArray.from_arrays(codes, _column(found.values, found.kind), ordered=True)


def _unpacked(cut: Cut, column: pa.ChunkedArray[Any]) -> Members:
    """The grouping of a column that `packed` made."""
    whole: Any = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.unify_dictionaries().combine_chunks()
    kind = whole.type.value_type
    is_listed = pa.types.is_string(kind) or pa.types.is_boolean(kind)
    values = whole.dictionary.to_pylist() if is_listed else _numbers(whole.dictionary)
    indices = whole.indices
    has_null = bool(indices.null_count)
    if has_null:
        indices = indices.fill_null(len(values))
    return Members(cut, kind, indices.to_numpy(zero_copy_only=False), values, has_null)


def _sorted(found: pa.Array[Any]) -> tuple[Values, Numbers]:
    """Distinct values in order, and the place of each among them."""
    kind = found.type
    if pa.types.is_string(kind) or pa.types.is_boolean(kind):
        plain: list[Any] = found.to_pylist()
        rank = np.empty(len(plain), np.int64)
        order = sorted(range(len(plain)), key=lambda i: plain[i])
        rank[order] = np.arange(len(plain))
        return [plain[i] for i in order], rank
    values, inverse = np.unique(_numbers(found), return_inverse=True)
    return values, inverse.reshape(-1)


def _numbers(found: pa.Array[Any]) -> Numbers:
    kind = found.type
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return np.asarray(found.view(pa.int64()).to_numpy(zero_copy_only=False))
    if kind == pa.date32():
        days = found.view(pa.int32()).to_numpy(zero_copy_only=False)
        return np.asarray(days.astype(np.int64) * US_PER_DAY)
    if kind not in (pa.int64(), pa.float64()):
        raise Unsure
    numbers = np.asarray(found.to_numpy(zero_copy_only=False))
    if numbers.dtype.kind == "f":
        if not np.isfinite(numbers).all():
            raise Unsure
        numbers = numbers + 0.0  # There is one zero.
    return numbers


def _column(values: Values, kind: pa.DataType) -> pa.Array[Any]:
    if isinstance(values, list):
        return pa.array(values, kind)
    if kind == pa.date32():
        return pa.array((values // US_PER_DAY).astype(np.int32), pa.int32()).view(kind)
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).view(kind)
    return pa.array(values, kind)


def _small(codes: Numbers, size: int) -> Numbers:
    """Codes in the narrowest type that holds them."""
    kind = np.uint8 if size <= 256 else np.uint16 if size <= 65_536 else np.int32
    return np.ascontiguousarray(codes.astype(kind))
