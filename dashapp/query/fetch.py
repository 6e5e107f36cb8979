"""Asking warehouses: each query once among all who ask at once, in its turn, until it is stopped."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import pyarrow as pa

from dashapp import cache, warehouses
from dashapp.cache import Entry
from dashapp.errors import AppError, QueryFailed
from dashapp.query import late
from dashapp.query.cancelling import Waiting, Watched, watching
from dashapp.query.compile import names, statement
from dashapp.query.plan import Need
from dashapp.query.result import Rung
from dashapp.query.rules import check_tables, relations_sql
from dashapp.query.threads import Threads
from dashapp.settings import settings
from dashapp.specs import DatasetSpec, RowRule, Source

log = logging.getLogger(__name__)
MB = 1024 * 1024
WAIT_S = 10  # Longer than the query itself may take, one waits for somebody else's.
LOOK_S = 60  # So long the database's word on which tables a dataset reads is believed.
STREAM_TIMES = 10  # An export may take so much longer: its rows are written while they are read.
Answer = tuple[Entry, Rung] | AppError


def fetched(needs: Sequence[Need]) -> dict[str, Answer]:
    """The answers of all queries, asked at the same time; errors in their place."""
    with watching({need.key: (need.askers, need.context.turn) for need in needs}) as watched:
        if len(needs) == 1:
            return {needs[0].key: _fetch(needs[0], watched[needs[0].key])}
        asked = {
            need.key: _threads(need).submit(need.context.turn, _fetch, need, watched[need.key])
            for need in needs
        }
        return _awaited(asked)


def refresh(need: Need) -> None:
    """Ask for an answer again in the background; who waits for nothing is told nothing."""

    def ask() -> None:
        if not isinstance(fetched([need])[need.key], AppError):
            late.done(need)

    _threads(need).submit(need.context.turn, ask).add_done_callback(_told)


def _told(future: Future[None]) -> None:
    if (error := future.exception()) is not None:
        log.error("An answer could not be refreshed", exc_info=error)


def _awaited(asked: Mapping[str, Future[Answer]]) -> dict[str, Answer]:
    try:
        return {name: future.result() for name, future in asked.items()}
    finally:
        for future in asked.values():
            future.cancel()  # Only does something after a bug elsewhere.


def _fetch(need: Need, watched: Watched) -> Answer:
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
    refuse_hidden_tables(need.source, warehouse)
    return statement(
        need.source,
        need.spec,
        warehouse.dialect,
        warehouse.sqlglot_dialect,
        zone=need.context.zone,
        now=need.context.now,
        row_limit=need.row_limit,
        is_ordered=not need.is_rollup,
    )


def check_rules(source: Source) -> None:
    """Raise Invalid where a viewer's rules cannot be kept for a dataset."""
    if any(rule.table for rule in source.rules):
        refuse_hidden_tables(source, warehouses.pool(source.database))


def readable(need: Need) -> str:
    """The statement of a need with its values in it, for people to read."""
    warehouse = warehouses.pool(need.source.database)
    return warehouse.readable(_statement(need, warehouse))


def refuse_hidden_tables(source: Source, warehouse: warehouses.Warehouse) -> None:
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


def streamed(need: Need) -> Iterator[pa.RecordBatch]:
    """The answer in batches as the warehouse gives them, never held as a whole."""
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
