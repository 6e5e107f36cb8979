"""Every question against every whole answer that holds it: derived equals direct."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count as counting
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, seed, settings

from dashapp.errors import AppError
from dashapp.query import Context
from dashapp.query.asked import Asked, asked
from dashapp.query.atoms import Atom, Clock, Unsure
from dashapp.query.measures import Stat
from dashapp.query.plan import planned
from dashapp.query.rollup import Rollup
from dashapp.query.ruled import rule_atoms
from dashapp.query.subsume import (
    Shape,
    Way,
    answerable,
    dialect_of,
    holding,
    is_whole,
    tried_shape,
)
from dashapp.specs import QuerySpec, Source
from tests.query.fuzz import tally
from tests.query.fuzz.data import Land
from tests.query.fuzz.oracle import Direct, difference, direct
from tests.query.fuzz.questions import Case, cases

WANTED = int(os.environ.get("FUZZ_QUESTIONS", "2100")) // 3
PER_CASE = 16  # At least so many derived answers come of one case, on the average.
versions = counting(1_000_000)


@dataclass(frozen=True)
class Question:
    """A question as the test of subsumption sees it."""

    source: Source
    spec: QuerySpec
    context: Context
    asked: Asked


def asked_of(source: Source, spec: QuerySpec, context: Context) -> Asked | None:
    """What a rollup is asked; None where it cannot be."""
    try:
        return asked(planned(source, spec, context).main)
    except AppError:
        return None


def as_rollup(question: Question) -> QuerySpec:
    """The statistics of a question by its dimensions: what the planner asks for."""
    stats = {s.name: s for s in question.asked.stats if s.kind != "distinct"}
    metrics = tuple(stats[name].metric() for name in sorted(stats) if name != "rows()")
    metrics += (Stat("rows").metric(),)
    spec = question.spec
    return QuerySpec(
        dataset=spec.dataset, dimensions=spec.dimensions, metrics=metrics, filters=spec.filters,
        where=spec.where, time_column=spec.time_column, time_range=spec.time_range,
    )  # fmt: skip


def held(source: Source, spec: QuerySpec, context: Context) -> Rollup | None:
    """The answer to a question as a rollup, if it is whole."""
    wide = Context(zone=context.zone, now=context.now)
    shape: Shape | None = tried_shape(source, spec, Clock(source.dataset, wide.zone, wide.now))
    if shape is None:
        return None
    found = direct(source, spec, wide)
    if isinstance(found, AppError) or found.truncated or not is_whole(spec, found.table.num_rows):
        return None
    return Rollup(holding(source, spec, shape), found.table)


def questions(land: Land, case: Case) -> dict[object, list[Question]]:
    """The questions that have a shape, by scope: viewer and zone."""
    version = next(versions)
    found: dict[object, list[Question]] = {}
    for action in case.actions:
        source = land.source(case.viewers[action.viewer], version=version, **case.dataset)
        for spec in action.questions:
            bare = spec.model_copy(update={"post": ()})
            put = asked_of(source, bare, action.context)
            if put is not None:
                scope = (action.viewer, action.context.zone)
                found.setdefault(scope, []).append(Question(source, bare, action.context, put))
    return found


def derived(
    kept: Sequence[Rollup], question: Question, rules: Sequence[Atom] = ()
) -> list[tuple[Rollup, Direct]]:
    """The question's answers from all kept ones that hold it."""
    found = []
    for rollup in kept:
        way = answerable(rollup.holding, question.asked.shape, question.asked.stats, rules)
        if isinstance(way, Way):
            try:
                found.append((rollup, Direct(*rollup.answer(question.asked, way))))
            except Unsure:
                continue
    return found


def check(land: Land, case: Case) -> None:
    """Derive what can be derived, and compare; also for viewers under rules from all rows."""
    for scope in questions(land, case).values():
        kept = [r for q in scope[:12] for r in _rollups(q.source, q)]
        bare = scope[0].source.model_copy(update={"rules": ()})
        rules = rule_atoms(scope[0].source, dialect_of(bare)) if scope[0].source.rules else None
        open_ = [r for q in scope[:6] for r in _rollups(bare, q)] if rules else []
        for question in scope:
            answers = derived(kept, question)
            count(land, "alone", len(answers))
            under_rules = derived(open_, question, rules or ())
            count(land, "under rules", len(under_rules))
            _compare(question, answers + under_rules)


def count(land: Land, how: str, number: int) -> None:
    """So many answers were derived."""
    for _ in range(number):
        tally.count(land.kind, f"derived {how}")


def _rollups(source: Source, question: Question) -> list[Rollup]:
    specs = (question.spec, as_rollup(question))
    made = [held(source, spec, question.context) for spec in specs]
    return [rollup for rollup in made if rollup is not None]


def _compare(question: Question, answers: Sequence[tuple[Rollup, Direct]]) -> None:
    if not answers:
        return
    right = direct(question.source, question.spec, question.context)
    rules = [r.clause for r in question.source.rules]
    told = question.spec.model_dump_json(exclude_defaults=True, exclude={"dataset"})
    for rollup, answer in answers:
        about = f"rules {rules}: {told}\nfrom {rollup.holding}"
        assert not isinstance(right, AppError), f"{about}\nmust be refused: {right!r}"
        wrong = difference(question.source, question.spec, question.context, answer, right)
        assert wrong is None, f"{about}\n{wrong}"


@pytest.mark.timeout(7200)
def test_what_holds_an_answer_gives_the_direct_one(land: Land) -> None:
    is_ci = "FUZZ_QUESTIONS" not in os.environ
    before = tally.asked.get(land.kind, Counter())["derived alone"]

    @settings(
        max_examples=max(10, WANTED // PER_CASE),
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(case=cases())
    def property_(case: Case) -> None:
        check(land, case)

    if is_ci:  # The same questions each time, others for each engine.
        seed(crc32(land.kind.encode()))(property_)
    property_()
    assert tally.asked[land.kind]["derived alone"] - before >= WANTED
