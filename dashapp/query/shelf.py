"""Which whole answers are kept that others can be made of: a list per scope, for all processes.

The list is an answer of its own in the cache, so it is shared, sealed and forgotten like one. Who
adds to it reads it first; of two who do so at once, one's entry may be missing, which costs a
query and nothing else.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from pydantic import ValidationError

from dashapp import cache
from dashapp.cache import Entry
from dashapp.query.asked import asked as asked_of
from dashapp.query.atoms import Clock
from dashapp.query.plan import Need
from dashapp.query.subsume import Holding, holding, is_whole, settled, tried_shape
from dashapp.query.timerange import absolute, resolve
from dashapp.specs import QuerySpec

MOST_ANSWERS, MOST_ROLLUPS = 48, 24
MOST_HOLDINGS = 4096
MOST_TEXT = 20_000  # Characters of a query that others are made of: every process reads the list.
FIELDS: list[tuple[str, pa.DataType]] = [
    ("key", pa.string()),
    ("spec", pa.string()),
    ("rows", pa.int64()),
    ("rollup", pa.bool_()),
]
SCHEMA = pa.schema(FIELDS)


@dataclass(frozen=True)
class Kept:
    """A whole answer that is kept: its key, its bare query with absolute times, its rows."""

    key: str
    spec: str
    rows: int
    is_rollup: bool


def known(scope: str) -> list[Kept]:
    """What is kept for a scope, the smallest first."""
    found = cache.results().get(scope)
    if found is None or found.entry.table.schema != SCHEMA:
        return []
    rows = found.entry.table.to_pylist()
    kept = [Kept(r["key"], r["spec"], r["rows"], r["rollup"]) for r in rows]
    return sorted(kept, key=lambda k: (k.rows, k.key))


def add(scope: str, needs: Sequence[tuple[Need, Entry]]) -> None:
    """Put answers that just came from a warehouse on the shelf, those that may serve others."""
    fresh = [kept for need, entry in needs if (kept := _kept(need, entry)) is not None]
    if not fresh:
        return
    names = {kept.key for kept in fresh}
    found = cache.results().get(scope)
    old = known(scope) if found is not None else []
    order = (
        {r: i for i, r in enumerate(found.entry.table.column("key").to_pylist())} if found else {}
    )
    others = sorted((k for k in old if k.key not in names), key=lambda k: order.get(k.key, 0))
    every = fresh + others
    best = [k for k in every if k.is_rollup][:MOST_ROLLUPS]
    best += [k for k in every if not k.is_rollup][:MOST_ANSWERS]
    rows = [{"key": k.key, "spec": k.spec, "rows": k.rows, "rollup": k.is_rollup} for k in best]
    life = max(need.life_s for need, _ in needs)
    entry = Entry(pa.Table.from_pylist(rows, schema=SCHEMA), datetime.now(UTC), 0.0, "")
    cache.results().put(scope, entry, life)


def _kept(need: Need, entry: Entry) -> Kept | None:
    if entry.truncated or need.life_s <= 0 or not need.spec.is_grouped:
        return None
    if not is_whole(need.spec, entry.table.num_rows):
        return None
    if not need.is_rollup and asked_of(need) is None:
        return None
    fixed = _settled(need).model_dump_json(exclude_defaults=True)
    if len(fixed) > MOST_TEXT:
        return None
    return Kept(need.key, fixed, entry.table.num_rows, need.is_rollup)


def _settled(need: Need) -> QuerySpec:
    """The bare query with all times absolute, so that it means the same tomorrow."""
    spec, source, context = need.spec, need.source, need.context
    clock = Clock(source.dataset, context.zone, context.now)
    changes: dict[str, object] = {
        "filters": tuple(settled(source, item, clock) for item in spec.filters), "order": (),
    }  # fmt: skip
    if spec.time_range:
        bounds = resolve(spec.time_range, context.zone, context.now, source.dataset.week_start)
        changes["time_range"] = absolute(bounds)
    return spec.model_copy(update=changes)


def held(scope: str, kept: Kept, need: Need) -> Holding | None:
    """What a kept answer holds, for a question of its scope; remembered in this process."""
    name = (scope, kept.key)
    with _lock:
        if name in _holdings:
            _holdings.move_to_end(name)
            return _holdings[name]
    made = _holding(kept, need)
    with _lock:
        _holdings[name] = made
        while len(_holdings) > MOST_HOLDINGS:
            _holdings.popitem(last=False)
    return made


def _holding(kept: Kept, need: Need) -> Holding | None:
    try:
        spec = QuerySpec.model_validate_json(kept.spec)
    except ValidationError:
        return None
    clock = Clock(need.source.dataset, need.context.zone, need.context.now)
    shape = tried_shape(need.source, spec, clock)
    return None if shape is None else holding(need.source, spec, shape)


_holdings: OrderedDict[tuple[str, str], Holding | None] = OrderedDict()
_lock = threading.Lock()


def _forget() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)
