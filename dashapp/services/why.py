"""Why a number is what it is: its meaning, all that narrows it, how it came, and asked again.

What the browser names is looked up in the answer that the tile has. Only values of that answer go
into the question that is asked again, as values of filters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashapp import query
from dashapp.charts import pinning
from dashapp.charts.explained import Again, Seen, Why
from dashapp.charts.pinning import Cell, Key
from dashapp.charts.values import plain
from dashapp.errors import AppError, Invalid, NotFound
from dashapp.query import sketches
from dashapp.query.result import Result
from dashapp.services import narrowing, querylog, reasons
from dashapp.services.asking import Asked, Want, ask, locked
from dashapp.services.charts import ANY_AGE_S, GUEST_REFRESH_S
from dashapp.services.dashboards import Opened
from dashapp.services.waiting import let_go
from dashapp.specs import QuerySpec
from dashapp.viewer import Viewer

CLOSE = 1e-9  # Floats that differ by a smaller share are equal.
GONE = "This mark is no longer in the answer; the data or the filters have changed."


def explain(
    viewer: Viewer, opened: Opened, key: str, want: Want, cell: Cell, search: str = ""
) -> Why:
    """A tile's number and how it came about, from the answer that the tile shows.

    `search` keeps rows to choose from in whose names a text occurs. Raises NotFound for a mark that
    is not in the answer (any more) and for a question that the tile does not ask.
    """
    a = _asked(viewer, opened, key, want)
    name, result = _question(viewer, opened, a, cell)
    assert a.source is not None
    spec, zone = a.specs[name], a.context.zone
    keys = pinning.keys_of(spec, result.table)
    rows = pinning.rows_of(result.table, pinning.wanted(keys, cell), zone)
    if not rows.num_rows and result.rows:
        raise NotFound(GONE)
    is_one = pinning.is_one(rows, keys)
    return Why(
        key=key, title=a.title, question=name, questions=a.specs, dataset=a.source.dataset,
        spec=spec, result=result, keys=keys, rows=_searched(rows, keys, search), zone=zone,
        row=rows.slice(0, 1).to_pylist()[0] if is_one else None, alike=rows.num_rows,
        meanings=reasons.meanings(viewer, a.source.dataset, spec),
        reasons=reasons.reasons(viewer, opened, a, name, want.state),
        rules=reasons.rules(viewer, a),
        sql=query.sql_of(a.source, spec, a.context) if viewer.may("sql.view") else "",
    )  # fmt: skip


def again(
    viewer: Viewer, opened: Opened, key: str, want: Want, cell: Cell, seen: Seen | None = None
) -> Again:
    """Ask the warehouse for this number now, directly: nothing that is kept, derived, approximate.

    It is held against `seen`, what the page shows, or else against the answer that is kept. Guests
    get an answer of the last seconds where there is one, as when they refresh.
    """
    shown = explain(viewer, opened, key, want, cell)
    if shown.row is None:
        raise Invalid("Choose one number first.")
    a = _asked(viewer, opened, key, want)
    narrowed = pinning.alone(shown.spec, shown.keys, shown.row)
    found = _try_alone(viewer, opened, a, narrowed) if narrowed is not None else None
    now = _row(shown, found) if found is not None else None
    if found is not None and now is not None:
        return _compared(shown, found, now, seen, is_alone=True)
    result = _direct(viewer, opened, a, shown.spec)
    return _compared(shown, result, _row(shown, result), seen, is_alone=False)


def _asked(viewer: Viewer, opened: Opened, key: str, want: Want) -> Asked:
    """The tile's questions, refused as the tile itself refuses."""
    narrowing.check(opened.layout, want.state, declared_only=viewer.is_guest)
    a = ask(viewer, opened, key, want)
    if a.source is None or not a.specs:
        raise Invalid("This tile shows no data.")
    tab, tile = opened.place(key)
    for missing in narrowing.missing_required(opened.layout, locked(viewer, want.state)):
        if narrowing.in_scope(missing, tab, tile):
            fault = f"Choose a value for “{missing.title}” first."
            raise Invalid(fault, required=missing.key)
    let_go()
    return a


def _question(viewer: Viewer, opened: Opened, a: Asked, cell: Cell) -> tuple[str, Result]:
    """The question that a cell belongs to, with its answer.

    That which is named, else the one that knows most of what the mark carries, the main one first.
    """
    if cell.question is not None:
        if cell.question not in a.specs:
            raise NotFound("This tile asks no such question.")
        return cell.question, _shown(viewer, opened, a, a.specs[cell.question])
    main = next(name for name, spec in a.specs.items() if spec is a.main)
    names = sorted(a.specs, key=lambda name: name != main)
    best = main
    if cell.parts or cell.named:
        known = {name: _known(a.specs[name], cell) for name in names}
        best = max(names, key=known.__getitem__)
    return best, _shown(viewer, opened, a, a.specs[best])


def _known(spec: QuerySpec, cell: Cell) -> int:
    """How much of what a mark carries a question knows."""
    own = spec.dimensions
    cuts = {(d.column, d.grain, d.bin) for d in own} | {(c, None, None) for c in spec.columns}
    names = {d.name for d in own} | set(spec.columns)
    hits = sum((p.column, p.grain, p.bin) in cuts for p in cell.parts)
    return hits + sum(name in names for name in cell.named)


def _shown(viewer: Viewer, opened: Opened, a: Asked, spec: QuerySpec) -> Result:
    """The answer that the tile shows, whatever its age; asked for where none is kept."""
    assert a.source is not None
    kept = query.peek(a.source, spec, replace(a.context, ttl_s=ANY_AGE_S, force=False))
    return kept if kept is not None else _run(viewer, opened, a, spec, a.context)


def _try_alone(viewer: Viewer, opened: Opened, a: Asked, spec: QuerySpec) -> Result | None:
    """The answer to the narrowed question; None where a value cannot be filtered by."""
    try:
        return _direct(viewer, opened, a, spec)
    except Invalid:
        return None


def _direct(viewer: Viewer, opened: Opened, a: Asked, spec: QuerySpec) -> Result:
    """Straight from the warehouse, exactly; the answer is not kept in place of the tile's own."""
    assert a.source is not None
    source, spec = sketches.exactly(a.source, spec)
    a = replace(a, source=source)
    context = replace(a.context, force=True, ttl_s=0, action=None, may_be_late=False)
    if viewer.is_guest:
        context = replace(context, force=False, ttl_s=GUEST_REFRESH_S)
    return _run(viewer, opened, a, spec, context)


def _run(
    viewer: Viewer, opened: Opened, a: Asked, spec: QuerySpec, context: query.Context
) -> Result:
    assert a.source is not None
    outcome = query.run_many([(a.source, spec, context)])[0]
    entry = querylog.Entry(outcome, a.chart.dataset, a.chart.uuid, opened.uuid)
    querylog.record(viewer, [entry])
    if isinstance(outcome, AppError):
        raise outcome
    return outcome


def _row(shown: Why, result: Result) -> Mapping[str, Any] | None:
    """The row of an answer with the same name as the one that is shown."""
    rows = pinning.rows_of(result.table, shown.named, shown.zone)
    return rows.slice(0, 1).to_pylist()[0] if rows.num_rows else None


def _compared(
    shown: Why, result: Result, now: Mapping[str, Any] | None, seen: Seen | None, *, is_alone: bool
) -> Again:
    before: Mapping[str, Any] = shown.row or {}
    if seen is not None:
        before = {**before, **{n: v for n, v in seen.values.items() if n in before}}
    at_hand = {} if now is None else now
    changed = tuple(n for n in shown.measured if not is_same(before[n], at_hand.get(n)))
    return Again(
        shown=shown, result=result, before=before, is_alone=is_alone, now=now,
        as_of=seen.as_of if seen is not None else shown.result.as_of,
        changed=changed if now is not None else (),
    )  # fmt: skip


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same number: floats to 1e-9 of their size, all else exactly."""
    if isinstance(one, float) or isinstance(other, float):
        if one is None or other is None:
            return one is other
        first, second = float(one), float(other)
        if math.isnan(first) or math.isnan(second):
            return math.isnan(first) and math.isnan(second)
        return math.isclose(first, second, rel_tol=CLOSE, abs_tol=1e-12)
    return bool(plain(one) == plain(other))


def _searched(rows: pa.Table, keys: tuple[Key, ...], search: str) -> pa.Table:
    if not search.strip():
        return rows
    kept = np.zeros(rows.num_rows, dtype=bool)
    for key in keys:
        column = rows.column(key.name)
        if pa.types.is_nested(column.type):
            continue
        texts = column.cast(pa.string())
        found: Any = pc.match_substring(texts, search.strip(), ignore_case=True)
        hits: Any = pc.fill_null(found, False)
        kept |= hits.to_numpy(zero_copy_only=False)
    return rows.filter(pa.array(kept))
