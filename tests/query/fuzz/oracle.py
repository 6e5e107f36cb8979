"""The direct answer: the question's own SQL on the warehouse, nothing kept and nothing planned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pyarrow as pa

from dashapp import warehouses
from dashapp.errors import AppError
from dashapp.query import Context, Result, post
from dashapp.query.compile import names, statement
from dashapp.query.timerange import Range, absolute, previous_period, resolve
from dashapp.specs import QuerySpec, Source
from dashapp.specs.post import Compare
from dashapp.specs.query import Metric

REL, ABS = 1e-9, 1e-9
ALL = 1_000_000


@dataclass(frozen=True)
class Direct:
    """What the warehouse itself says."""

    table: pa.Table
    truncated: bool


def direct(source: Source, spec: QuerySpec, context: Context) -> Direct | AppError:
    """The answer that nobody had a hand in but the compiler and the steps after it."""
    try:
        return _direct(source, spec, context)
    except AppError as error:
        return error


def _direct(source: Source, spec: QuerySpec, context: Context) -> Direct:
    bare = spec.model_copy(update={"post": ()})
    main = _asked(source, bare, context)
    if not spec.post:
        return main
    bounds: Range = (None, None)
    if spec.time_range:
        bounds = resolve(spec.time_range, context.zone, context.now, source.dataset.week_start)
    cuts = [main.truncated]

    def earlier(step: Compare) -> pa.Table:
        found = _asked(source, _moved(bare, bounds, step.offset), context)
        cuts.append(found.truncated)
        return found.table

    table = post.apply(main.table, spec, earlier, bounds)
    return Direct(table, any(cuts))


def _moved(bare: QuerySpec, bounds: Range, offset: str) -> QuerySpec:
    there = absolute(previous_period(bounds, offset)) if bare.time_range else None
    changed = {"time_range": there, "series": None, "having": (), "limit": None, "offset": 0}
    return bare.model_copy(update=changed)


def _asked(source: Source, spec: QuerySpec, context: Context) -> Direct:
    warehouse = warehouses.pool(source.database)
    most = context.row_limit or 50_000
    query = statement(
        source, spec, warehouse.dialect, warehouse.sqlglot_dialect,
        zone=context.zone, now=context.now, row_limit=most,
    )  # fmt: skip
    fetched = warehouse.fetch(
        query, query_id=f"oracle-{uuid4()}", timeout_s=60, max_rows=most, max_bytes=10**9
    )
    return Direct(fetched.table.rename_columns(names(spec)), fetched.truncated)


def differs(
    source: Source, spec: QuerySpec, context: Context, given: Result | AppError
) -> str | None:
    """What is wrong with a given answer, or None when it is the direct one.

    Numbers with a fraction may differ by 1e-9 of their size. Rows that are sorted by such a
    number may change places where those numbers are so close.
    """
    right = direct(source, spec, context)
    if isinstance(right, AppError) or isinstance(given, AppError):
        same = type(right) is type(given)
        return None if same else f"told {given!r:.500}, not {right!r:.500}"
    return difference(source, spec, context, given, right)


def difference(
    source: Source, spec: QuerySpec, context: Context, given: Result | Direct, right: Direct
) -> str | None:
    """What is wrong with a given table, `right` being the direct one."""
    if given.table.schema != right.table.schema:
        return f"has the schema\n{given.table.schema}\nnot\n{right.table.schema}"
    if given.truncated != right.truncated:
        return f"is cut off: {given.truncated}, not {right.truncated}"
    ours, theirs = rows(given.table), rows(right.table)
    wrong = _first_difference(ours, theirs)
    if wrong is None or _is_near_tie(source, spec, context, ours, theirs):
        return None
    return f"{wrong}\nall of ours {ours[:30]}\nall of theirs {theirs[:30]}"


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a table as Python's values."""
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def is_close(one: Any, other: Any) -> bool:
    """Whether two values are the same, numbers with a fraction to 1e-9."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other or math.isclose(one, other, rel_tol=REL, abs_tol=ABS)
    return type(one) is type(other) and one == other


def _first_difference(ours: Sequence[Any], theirs: Sequence[Any]) -> str | None:
    if len(ours) != len(theirs):
        return f"has {len(ours)} rows, not {len(theirs)}"
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if not is_close(one, other):
            return f"has in row {number} {one}, not {other}"
    return None


def _is_near_tie(
    source: Source, spec: QuerySpec, context: Context, ours: list[Any], theirs: list[Any]
) -> bool:
    """Whether all differences come of sorting by numbers that are nearly equal.

    Each of our rows must then be among all rows there are, and have about the sort keys that
    the row in its place has, up to the first key that is a number with a fraction.
    """
    if spec.post or len(ours) != len(theirs) or not spec.is_grouped or not spec.order:
        return False
    wide, keys = _with_keys(source, spec)
    whole = direct(source, wide, Context(zone=context.zone, now=context.now, row_limit=ALL))
    if isinstance(whole, AppError):
        return False
    width, columns = len(spec.dimensions), len(names(spec))
    everything = rows(whole.table)
    there = {row[:width]: row for row in everything}
    used = {row[:width] for row in ours}
    return len(used) == len(ours) and all(
        row[:width] in there
        and is_close(row, there[row[:width]][:columns])
        and _is_near(there[row[:width]], everything[spec.offset + place], keys)
        for place, row in enumerate(ours)
    )


def _with_keys(source: Source, spec: QuerySpec) -> tuple[QuerySpec, list[int]]:
    """The question without its cut and with all that it is sorted by; the places of that."""
    metrics = list(spec.metrics)
    keys: list[int] = []
    labels = names(spec)
    for number, order in enumerate(spec.order):
        if order.by in labels:
            keys.append(labels.index(order.by))
        elif order.metric is not None:
            keys.append(len(spec.dimensions) + len(metrics))
            metrics.append(_called(source, order.metric, f"key {number}"))
    changed = {"metrics": tuple(metrics), "limit": None, "offset": 0}
    return spec.model_copy(update=changed), keys


def _called(source: Source, metric: Metric, name: str) -> Metric:
    if isinstance(metric, str):
        saved = source.dataset.metric(metric)
        metric = saved.definition if saved else metric
    return metric if isinstance(metric, str) else metric.model_copy(update={"label": name})


def _is_near(one: Sequence[Any], other: Sequence[Any], keys: Sequence[int]) -> bool:
    for key in keys:
        if not is_close(one[key], other[key]):
            return False
        if one[key] != other[key]:
            return True  # What comes after a key that is only nearly equal says nothing.
    return one == other or any(isinstance(one[key], float) for key in keys)
