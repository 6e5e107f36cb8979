"""Steps after the warehouse: a query's answer made into what a chart, export or alert shows.

Empty stays empty (never NaN), columns keep their order, empty tables keep their columns, and
the same input gives the same output. What a step cannot do is Invalid, as a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from dashapp.errors import Invalid
from dashapp.query import post_stats, post_table, post_time
from dashapp.query.post_compare import Axis, change, compare
from dashapp.query.post_forecast import forecast
from dashapp.query.post_pivot import pivot
from dashapp.query.timerange import Range
from dashapp.specs import Grain, QuerySpec
from dashapp.specs.post import (
    BoxPlot,
    Change,
    Compare,
    Complete,
    Contribution,
    Cumulative,
    Forecast,
    Histogram,
    Pivot,
    PostStep,
    Rank,
    Rename,
    Resample,
    Rolling,
    Select,
    Sort,
)

Earlier = Callable[[Compare], pa.Table]


@dataclass(frozen=True)
class _State:
    """A table between two steps, with the names and grains its dimensions have by now."""

    table: pa.Table
    dimensions: tuple[str, ...]
    grains: dict[str, Grain | None]


def apply(
    table: pa.Table, spec: QuerySpec, earlier: Earlier, bounds: Range = (None, None)
) -> pa.Table:
    """The answer after all steps of `spec.post`.

    `table` is the bare answer. `earlier` gives the bare answer of the same question with its
    range moved back by a comparison's offset; the steps before the comparison are applied to it
    here. `bounds` is the question's own range, which "previous period" is measured by; without
    it the range is what the rows cover. A series is a combination of all dimensions but time.
    """
    return _steps(table, spec, spec.post, earlier, bounds).table


def _steps(
    table: pa.Table, spec: QuerySpec, steps: Sequence[PostStep], earlier: Earlier, bounds: Range
) -> _State:
    names = tuple(d.name for d in spec.dimensions)
    state = _State(table, names, {d.name: d.grain for d in spec.dimensions})
    for number, step in enumerate(steps):
        if isinstance(step, Compare):
            done = [s for s in steps[:number] if not isinstance(s, Compare)]
            before = _steps(earlier(step), spec, done, earlier, bounds).table
            state = _compared(state, step, before, bounds)
        else:
            state = _stepped(state, step)
    return state


def _compared(state: _State, step: Compare, before: pa.Table, bounds: Range) -> _State:
    time = step.time or next((n for n in state.dimensions if state.grains.get(n)), None)
    axis = Axis(time, state.grains.get(time), bounds) if time else None
    if step.time is not None:
        post_table.check(state.table, [step.time])
    compared = compare(state.table, before, step, state.dimensions, axis)
    return _State(compared, state.dimensions, state.grains)


def _stepped(state: _State, step: PostStep) -> _State:
    """The state after one step; the shape of the table may change with it."""
    table, dimensions = state.table, state.dimensions
    match step:
        case Pivot():
            return _State(pivot(table, step, dimensions), step.index, state.grains)
        case Cumulative():
            table = post_time.cumulative(table, step, dimensions)
        case Rolling():
            table = post_time.rolling(table, step, dimensions)
        case Complete():
            table = post_time.complete(table, step, dimensions)
        case Resample():
            table = post_time.resample(table, step, dimensions)
            return _State(table, dimensions, state.grains | {step.time: step.grain})
        case Change():
            table = change(table, step)
        case Contribution():
            table = post_stats.contribution(table, step)
        case Rank():
            table = post_stats.rank(table, step)
        case Forecast():
            table = forecast(table, step, dimensions, state.grains.get(step.time))
        case Histogram():
            table, dimensions = post_stats.histogram(table, step), (*step.by, "bin_from")
        case BoxPlot():
            table, dimensions = post_stats.boxplot(table, step), (*step.by, "metric")
        case Sort():
            table = _sorted(table, step)
        case Rename():
            return _renamed(state, step)
        case Select():
            table = _selected(table, step)
            dimensions = tuple(d for d in dimensions if d in table.column_names)
        case Compare():
            raise AssertionError("Comparisons need the earlier answer.")
    return _State(table, dimensions, state.grains)


def _sorted(table: pa.Table, step: Sort) -> pa.Table:
    """Rows in order; equal ones keep theirs, empty values come last in both directions."""
    post_table.check(table, [name for name, _ in step.by])
    for name, descending in reversed(step.by):
        table = table.sort_by([(name, "descending" if descending else "ascending")])
    return table


def _renamed(state: _State, step: Rename) -> _State:
    post_table.check(state.table, [old for old, _ in step.names])
    new = dict(step.names)
    names = [new.get(n, n) for n in state.table.column_names]
    _refuse_twins(names)
    return _State(
        state.table.rename_columns(names),
        tuple(new.get(d, d) for d in state.dimensions),
        {new.get(d, d): g for d, g in state.grains.items()},
    )


def _selected(table: pa.Table, step: Select) -> pa.Table:
    post_table.check(table, step.columns)
    _refuse_twins(step.columns)
    return table.select(list(step.columns))


def _refuse_twins(names: Sequence[str]) -> None:
    twice = next((n for n in names if list(names).count(n) > 1), None)
    if twice is not None:
        raise Invalid(f"Two columns would be named “{twice}”.", {"post": "Names must be unique."})
