"""Questions and their answers: process memory, then Redis or disk, then the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import ParamSpec, TypeVar

import pyarrow as pa

from dashapp import cache
from dashapp.cache import Entry
from dashapp.errors import AppError
from dashapp.query import page, post, sketches
from dashapp.query.fetch import Answer, readable, streamed
from dashapp.query.page import Report
from dashapp.query.plan import Context, Need, Plan, planned, stricter
from dashapp.query.result import Result, Rung
from dashapp.settings import settings
from dashapp.specs import QuerySpec, Source

P = ParamSpec("P")
T = TypeVar("T")
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
    known = page.known(plan.needs)
    return _finished(plan, known) if all(need.key in known for need in plan.needs) else None


def run_many(questions: Sequence[Question]) -> list[Result | AppError]:
    """The answers in order; a question that cannot be answered has its error instead.

    Equal queries run once, different ones at the same time. What is not an AppError is raised.
    """
    return run_planned(questions)[0]


def run_planned(questions: Sequence[Question]) -> tuple[list[Result | AppError], Report]:
    """`run_many`, and how the questions were answered together."""
    plans = [_tried(planned, *question) for question in questions]
    needs: dict[str, Need] = {}
    for plan in plans:
        for need in plan.needs if isinstance(plan, Plan) else ():
            needs[need.key] = stricter(need, needs.get(need.key))
    answers, report = page.answered(list(needs.values()))
    results = [_tried(_finished, p, answers) if isinstance(p, Plan) else p for p in plans]
    return results, report


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
    yield from streamed(planned(source, spec, replace(context, row_limit=most)).main)


def sql_of(source: Source, spec: QuerySpec, context: Context) -> str:
    """The statement that answers a question by itself, with its values, for people to read.

    Those of comparisons follow. Nothing is asked. Raises AppError for what cannot be asked.
    """
    needs = planned(source, spec, context).needs
    return ";\n\n".join(dict.fromkeys(readable(need) for need in needs))


def key_of(source: Source, spec: QuerySpec, context: Context) -> str:
    """The key of the answer; it changes whenever the question, the data's version or rights do."""
    return planned(source, spec, context).key


def _tried(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T | AppError:
    try:
        return work(*args, **more)
    except AppError as error:
        return error


def _finished(plan: Plan, answers: dict[str, Answer]) -> Result:
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
        sql=";\n\n".join(dict.fromkeys(entry.sql for entry, _ in entries if entry.sql)),
        rung=max((rung for _, rung in entries), key=_DEPTH.__getitem__),
        seconds=sum(entry.seconds for entry, _ in entries),
        as_of=min(entry.as_of for entry, _ in entries),
        truncated=any(entry.truncated for entry, _ in entries),
        late=max(entry.late for entry, _ in entries),
        version=plan.main.version,
        errors=sketches.errors_of(main.table),
    )


_RUNGS: tuple[Rung, ...] = ("memory", "redis", "disk", "derived", "rollup", "warehouse")
_DEPTH: dict[Rung, int] = {rung: depth for depth, rung in enumerate(_RUNGS)}


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


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    found = table.to_batches(max_chunksize=10_000)
    yield from found or [pa.RecordBatch.from_pylist([], schema=table.schema)]
