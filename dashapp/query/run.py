"""Questions and their answers: process memory, then Redis or disk, then the warehouse."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import pyarrow as pa

from dashapp import cache, warehouses
from dashapp.cache import Entry
from dashapp.errors import AppError, QueryFailed
from dashapp.query import late, post
from dashapp.query.cancelling import Waiting, Watched, watching
from dashapp.query.compile import names, statement
from dashapp.query.plan import Context, Need, Plan, planned, stricter
from dashapp.query.result import Result, Rung
from dashapp.query.rules import check_tables, relations_sql
from dashapp.query.threads import Threads
from dashapp.settings import settings
from dashapp.specs import DatasetSpec, QuerySpec, RowRule, Source

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
MB = 1024 * 1024
WAIT_S = 10  # Longer than the query itself may take, one waits for somebody else's.
LOOK_S = 60  # So long the database's word on which tables a dataset reads is believed.
STREAM_TIMES = 10  # An export may take so much longer: its rows are written while they are read.
Question = tuple[Source, QuerySpec, Context]


def run(source: Source, spec: QuerySpec, context: Context) -> Result:
    """The answer, from the first rung that has it. Raises AppError with a sentence.

    Everybody who asks the same at the same time, in whatever process, waits for one query. The
    answer says which rung gave it, when the warehouse was asked, with what SQL, for how long,
    and whether there are more rows than the limit let through.
    """
    outcome = run_many([(source, spec, context)])[0]
    if isinstance(outcome, AppError):
        raise outcome
    return outcome


def peek(source: Source, spec: QuerySpec, context: Context) -> Result | None:
    """The answer if it is kept and fresh; the warehouse is not asked."""
    if context.force:
        return None
    plan = planned(source, spec, context)
    known = _known(plan.needs)
    return _finished(plan, known) if all(need.key in known for need in plan.needs) else None


def run_many(questions: Sequence[Question]) -> list[Result | AppError]:
    """The answers in order; a question that cannot be answered has its error instead.

    Equal queries run once, different ones at the same time. What is not an AppError is raised.
    """
    plans = [_tried(planned, *question) for question in questions]
    needs: dict[str, Need] = {}
    for plan in plans:
        for need in plan.needs if isinstance(plan, Plan) else ():
            needs[need.key] = stricter(need, needs.get(need.key))
    answers: dict[str, _Answer] = dict(_known([n for n in needs.values() if not n.context.force]))
    missing = [need for name, need in needs.items() if name not in answers]
    answers.update(late.served(missing, _refresh))
    answers.update(_fetched([need for need in missing if need.key not in answers]))
    return [_tried(_finished, plan, answers) if isinstance(plan, Plan) else plan for plan in plans]


def stream(source: Source, spec: QuerySpec, context: Context) -> Iterator[pa.RecordBatch]:
    """The answer in batches of one schema, up to `context.row_limit` rows (an export's by default).

    From a kept answer if that is whole, so that a file equals its tile; otherwise as the
    warehouse gives them, never held as a whole unless there are steps after the query. A cancel
    of `context.query_id` ends it with QueryCancelled.
    """
    most = context.row_limit or settings().export_row_limit
    if spec.post:
        table = run(source, spec, replace(context, row_limit=most)).table
        yield from _batches(table)
        return
    known = None if context.force else peek(source, spec, replace(context, row_limit=None))
    if known is not None and not known.truncated and known.rows <= most:
        yield from _batches(known.table)
        return
    yield from _streamed(planned(source, spec, replace(context, row_limit=most)).main)


def key_of(source: Source, spec: QuerySpec, context: Context) -> str:
    """The key of the answer; it changes whenever the question, the data's version or rights do."""
    return planned(source, spec, context).key


_Answer = tuple[Entry, Rung] | AppError


def _tried(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T | AppError:
    try:
        return work(*args, **more)
    except AppError as error:
        return error


def _known(needs: Sequence[Need]) -> dict[str, _Answer]:
    ages = {need.key: float(need.max_age_s) for need in needs if need.max_age_s > 0}
    found = cache.results().get_many(ages)
    return {name: (kept.entry, kept.rung) for name, kept in found.items()}


def _fetched(needs: Sequence[Need]) -> dict[str, _Answer]:
    """The answers of all queries, asked at the same time; errors in their place."""
    with watching({need.key: (need.askers, need.context.turn) for need in needs}) as watched:
        if len(needs) == 1:
            return {needs[0].key: _fetch(needs[0], watched[needs[0].key])}
        asked = {
            need.key: _threads(need).submit(need.context.turn, _fetch, need, watched[need.key])
            for need in needs
        }
        return _awaited(asked)


def _refresh(need: Need) -> None:
    """Ask for an answer again in the background; who waits for nothing is told nothing."""

    def ask() -> None:
        if not isinstance(_fetched([need])[need.key], AppError):
            late.done(need)

    _threads(need).submit(need.context.turn, ask).add_done_callback(_told)


def _told(future: Future[None]) -> None:
    if (error := future.exception()) is not None:
        log.error("An answer could not be refreshed", exc_info=error)


def _awaited(asked: Mapping[str, Future[_Answer]]) -> dict[str, _Answer]:
    try:
        return {name: future.result() for name, future in asked.items()}
    finally:
        for future in asked.values():
            future.cancel()  # Only does something after a bug elsewhere.


def _fetch(need: Need, watched: Watched) -> _Answer:
    try:
        watched.check()
        landed = cache.single_flight(
            need.key,
            lambda: _asked(need, watched),
            ttl_s=need.life_s,
            max_age_s=need.max_age_s,
            wait_s=need.source.database.timeout_s + WAIT_S,
            force=need.context.force,
            check=Waiting(watched),
        )
    except AppError as error:
        return error
    return landed.entry, "warehouse" if landed.rung == "built" else landed.rung


def _asked(need: Need, watched: Watched) -> Entry:
    """Ask the warehouse."""
    watched.lead()
    warehouse = warehouses.pool(need.source.database)
    query = _statement(need, warehouse)
    as_of = datetime.now(UTC)
    try:
        fetched = warehouse.fetch(
            query,
            query_id=watched.warehouse_id,
            timeout_s=need.source.database.timeout_s,
            max_rows=need.row_limit,
            max_bytes=settings().result_mb * MB,
            turn=need.context.turn,
        )
    except QueryFailed as error:
        late.note(need, error)
        error.detail.setdefault("sql", warehouse.readable(query))
        raise
    table = fetched.table.rename_columns(names(need.spec))  # Databases cut long names off.
    return Entry(table, as_of, fetched.seconds, fetched.sql, fetched.truncated)


def _statement(need: Need, warehouse: warehouses.Warehouse) -> Any:
    _refuse_hidden_tables(need.source, warehouse)
    return statement(
        need.source,
        need.spec,
        warehouse.dialect,
        warehouse.sqlglot_dialect,
        zone=need.context.zone,
        now=need.context.now,
        row_limit=need.row_limit,
    )


def _refuse_hidden_tables(source: Source, warehouse: warehouses.Warehouse) -> None:
    """Raise Invalid where a view reads a table that a rule guards: it could not be kept there.

    The database itself is asked, at most once a minute per dataset and rules.
    """
    if not any(rule.table for rule in source.rules):
        return
    name = (source.dataset, source.rules)
    if monotonic() - _looked.get(name, -LOOK_S) < LOOK_S:
        return
    dialect = warehouse.sqlglot_dialect
    check_tables(source, warehouse.base_tables(relations_sql(source, dialect)), dialect)
    if len(_looked) > 1000:
        _looked.clear()
    _looked[name] = monotonic()


_looked: dict[tuple[DatasetSpec, tuple[RowRule, ...]], float] = {}


def _finished(plan: Plan, answers: dict[str, _Answer]) -> Result:
    """The result of a plan whose queries are answered. Raises the error of one that failed."""
    entries: list[tuple[Entry, Rung]] = []
    for need in plan.needs:
        answer = answers[need.key]
        if isinstance(answer, AppError):
            raise answer
        entries.append(answer)
        answers[need.key] = (answer[0], "memory")  # Who comes next did not ask the warehouse.
    main = entries[0][0]
    return Result(
        table=_stepped(plan, [entry for entry, _ in entries]) if plan.spec.post else main.table,
        key=plan.key,
        sql=";\n\n".join(dict.fromkeys(entry.sql for entry, _ in entries)),
        rung=max((rung for _, rung in entries), key=_DEPTH.__getitem__),
        seconds=sum(entry.seconds for entry, _ in entries),
        as_of=min(entry.as_of for entry, _ in entries),
        truncated=any(entry.truncated for entry, _ in entries),
        late=max(entry.late for entry, _ in entries),
        version=plan.main.version,
    )


_DEPTH: dict[Rung, int] = {"memory": 0, "redis": 1, "disk": 1, "warehouse": 2}


def _stepped(plan: Plan, entries: Sequence[Entry]) -> pa.Table:
    """The table after all steps, remembered in this process for exactly these bare answers."""
    at = [[entry.as_of, entry.flight] for entry in entries]
    name = f"{plan.key}:{at}"
    kept = cache.results().at_hand(name)
    if kept is not None:
        return kept.table
    earlier = dict(zip(plan.earlier, entries[1:], strict=True))
    table = post.apply(
        entries[0].table, plan.spec, lambda step: earlier[step.offset].table, plan.bounds
    )
    if plan.main.life_s > 0:
        cache.results().remember(name, replace(entries[0], table=table), None)
    return table


def _streamed(need: Need) -> Iterator[pa.RecordBatch]:
    warehouse = warehouses.pool(need.source.database)
    left = need.row_limit
    turn = need.context.turn
    with watching({need.key: (need.askers, turn)}) as found:
        watched = found[need.key]
        watched.lead()
        batches = warehouse.stream(
            _statement(need, warehouse),
            query_id=watched.warehouse_id,
            timeout_s=need.source.database.timeout_s * STREAM_TIMES,
            turn=turn,
        )
        with closing(batches):
            for batch in batches:
                watched.check()
                yield batch.slice(0, left).rename_columns(names(need.spec))
                left -= batch.num_rows
                if left <= 0:
                    return


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    found = table.to_batches(max_chunksize=10_000)
    yield from found or [pa.RecordBatch.from_pylist([], schema=table.schema)]


_pools: dict[UUID, Threads] = {}
_lock = threading.Lock()


def _threads(need: Need) -> Threads:
    """The threads of one database, so that a slow one keeps nobody from a fast one."""
    database = need.source.database.uuid
    with _lock:
        if database not in _pools:
            _pools[database] = Threads(settings().query_threads, "dashapp-query")
        return _pools[database]


def _forget() -> None:
    """A forked child has none of its parent's threads."""
    global _pools, _lock
    _pools, _lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_forget)
