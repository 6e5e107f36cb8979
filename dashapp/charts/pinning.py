"""Which rows of an answer a mark stands for, and the question that asks for one of them alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from dashapp.charts.values import Plain, plain
from dashapp.query.compile import OTHER
from dashapp.specs import Dimension, Filter, QuerySpec, Spec
from dashapp.specs.post import BoxPlot, Compare, Histogram, Pivot, Rename, Select, Sort
from dashapp.specs.query import Grain, Label, Scalar

MOST_ALIKE = 100  # Rows of one question that cannot be told apart.


class Part(Spec):
    """One value that a mark carries: of a column of the dataset, at a grain or in a bin."""

    column: Label
    value: Scalar = None
    grain: Grain | None = None
    bin: float | None = Field(None, gt=0)


class Cell(Spec):
    """A mark or a row, as the browser names it.

    `parts` are what a mark carries, `named` values by the names of the answer's columns; of both,
    only what tells rows of the answer apart is looked at.
    """

    question: Label | None = Field(None, description="Of a tile with several; found if empty.")
    parts: tuple[Part, ...] = Field((), max_length=50)
    named: dict[Label, Scalar] = Field(default_factory=dict, max_length=500)


@dataclass(frozen=True)
class Key:
    """A column of an answer whose values tell its rows apart.

    `dimension` is the one of the question that it shows; a raw column is one without a cut. Columns
    that a step made have none.
    """

    name: str
    dimension: Dimension | None = None


def keys_of(spec: QuerySpec, table: pa.Table) -> tuple[Key, ...]:
    """What tells the rows of a question's answer apart.

    All its columns where a step dropped some of the dimensions.
    """
    own = spec.dimensions or tuple(Dimension(column=c) for c in dict.fromkeys(spec.columns))
    keys: list[Key] = [Key(d.name, d) for d in own]
    for step in spec.post:
        match step:
            case Pivot():
                keys = [k for k in keys if k.name in step.index]
            case Histogram():
                keys = [*(k for k in keys if k.name in step.by), Key("bin_from")]
            case BoxPlot():
                keys = [*(k for k in keys if k.name in step.by), Key("metric")]
            case Rename():
                new = dict(step.names)
                keys = [Key(new.get(k.name, k.name), k.dimension) for k in keys]
            case _:
                pass
    there = tuple(k for k in keys if k.name in table.column_names)
    return there if len(there) == len(keys) else tuple(Key(n) for n in table.column_names)


def wanted(keys: tuple[Key, ...], cell: Cell) -> dict[str, Scalar]:
    """What a cell says of an answer's keys: values by name. Everything else is not looked at."""
    found: dict[str, Scalar] = {}
    for key in keys:
        part = next((p for p in cell.parts if _shows(key, p)), None)
        if part is not None:
            found[key.name] = part.value
        elif key.name in cell.named:
            found[key.name] = cell.named[key.name]
    return found


def _shows(key: Key, part: Part) -> bool:
    shown = key.dimension
    return shown is not None and (shown.column, shown.grain, shown.bin) == (
        part.column, part.grain, part.bin,
    )  # fmt: skip


def rows_of(table: pa.Table, values: Mapping[str, Scalar], zone: str) -> pa.Table:
    """The rows that have these values, in their order."""
    kept = np.ones(table.num_rows, dtype=bool)
    for name, value in values.items():
        kept &= _is(table.column(name), value, zone)
    return table.filter(pa.array(kept))


def _is(column: pa.ChunkedArray[Any], value: Scalar, zone: str) -> Any:
    """Which cells hold a value; compared once per member."""
    if not len(column) or pa.types.is_null(column.type):
        return np.full(len(column), value is None)
    coded: Any = pc.dictionary_encode(pa.concat_arrays(column.chunks))
    hits = [same(plain(m, zone), value) for m in coded.dictionary.to_pylist()]
    # One more for cells that are empty.
    told = np.array([*hits, value is None], dtype=bool)
    places: Any = pc.fill_null(coded.indices, len(hits))
    return told[places.to_numpy(zero_copy_only=False)]


def same(member: Plain, value: Scalar) -> bool:
    """Whether a member of an answer is the value that the browser was given for it."""
    if member is None or value is None:
        return member is value
    if isinstance(member, bool) or isinstance(value, bool):
        return member is value
    if isinstance(member, str) and isinstance(value, str):
        return member == value or _same_time(member, value)
    if isinstance(member, str) or isinstance(value, str):
        return str(member) == str(value)
    return float(member) == float(value)


def _same_time(one: str, other: str) -> bool:
    if not (one[:4].isdigit() and one[:10] == other[:10]):
        return False
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except ValueError:
        return False


def is_one(rows: pa.Table, keys: tuple[Key, ...]) -> bool:
    """Whether rows are one, or none can be told from the others."""
    if rows.num_rows < 2 or not keys:
        return rows.num_rows == 1
    names = [k.name for k in keys]
    first, rest = rows.slice(0, 1), rows.slice(1)
    return all(
        plain(value) == plain(first.column(name)[0].as_py())
        for name in names
        for value in rest.column(name).to_pylist()
    )


def values_of(row: Mapping[str, Any], keys: tuple[Key, ...], zone: str) -> dict[str, Plain]:
    """What a row is named by, as JSON."""
    return {key.name: plain(row[key.name], zone) for key in keys}


def alone(spec: QuerySpec, keys: tuple[Key, ...], row: Mapping[str, Any]) -> QuerySpec | None:
    """The question for one row of the answer alone, or None where only the whole question has it.

    That is so after steps that look at other rows, for "Other", and for members that no filter
    can name. `row` holds the answer's own values, never the browser's.
    """
    kept = [step for step in spec.post if not isinstance(step, Sort)]
    if not all(isinstance(s, Rename | Select) or _is_bare(s, spec) for s in kept):
        return None
    dimensions = spec.dimensions or spec.columns
    if sum(key.dimension is not None for key in keys) != len(dict.fromkeys(dimensions)):
        return None
    series = set(spec.series.dimensions) if spec.series else set()
    filters = list(spec.filters)
    for key in keys:
        value = row[key.name]
        is_other = key.dimension is not None and key.dimension.name in series and value == OTHER
        if key.dimension is None or is_other or not _is_nameable(value):
            return None
        filters.append(_filter(key.dimension, plain(value)))
    return spec.model_copy(
        update={
            "filters": tuple(filters), "series": None, "order": (), "limit": MOST_ALIKE,
            "offset": 0, "post": tuple(kept),
        }
    )  # fmt: skip


def _is_bare(step: object, spec: QuerySpec) -> bool:
    """Whether a step compares with an earlier period as a whole: the same row of it is enough."""
    is_timeless = not any(d.grain for d in spec.dimensions)
    return isinstance(step, Compare) and step.time is None and is_timeless


def _is_nameable(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int | date)


def _filter(dimension: Dimension, value: Plain) -> Filter:
    return Filter(
        column=dimension.column, op="in", value=(value,), grain=dimension.grain, bin=dimension.bin
    )
