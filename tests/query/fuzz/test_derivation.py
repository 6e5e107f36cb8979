"""Every question against every whole answer that holds it: derived equals direct."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings

from dashapp.errors import AppError
from dashapp.query import Context
from dashapp.query.atoms import Unsure
from dashapp.query.measures import Measure, Stat, measure
from dashapp.query.rollup import Asked, Rollup
from dashapp.query.subsume import (
    Shape,
    Way,
    answerable,
    clock_of,
    dialect_of,
    holding,
    is_whole,
    tried_shape,
)
from dashapp.specs import QuerySpec, Source
from dashapp.specs.query import Metric
from tests.query.fuzz import tally
from tests.query.fuzz.data import Land
from tests.query.fuzz.oracle import Direct, difference, direct
from tests.query.fuzz.questions import Case, cases

WANTED = int(os.environ.get("DASHAPP_FUZZ", "2100")) // 3
PER_CASE = 8  # At least so many derived answers come of one case, on the average.
versions = count(1_000_000)


@dataclass(frozen=True)
class Question:
    """A question as the test of subsumption sees it."""

    source: Source
    spec: QuerySpec
    context: Context
    asked: Asked


def asked_of(source: Source, spec: QuerySpec, context: Context) -> Asked | None:
    """What a rollup is asked; None where it cannot be."""
    shape = tried_shape(source, spec, clock_of(source, context.zone, context.now))
    if shape is None or any(m is None for m in shape.measures):
        return None

    def of(metrics: Sequence[Metric]) -> list[Measure] | None:
        found = [measure(source.dataset, m, dialect_of(source)) for m in metrics]
        known = [m for m in found if m is not None]
        return known if len(known) == len(found) else None

    labels = [d.name for d in spec.dimensions] + [
        m if isinstance(m, str) else m.label for m in spec.metrics
    ]
    hidden = {o.by: o.metric for o in spec.order if o.by not in labels and o.metric is not None}
    having, sorting = of([h.metric for h in spec.having]), of(list(hidden.values()))
    ranking = None
    if spec.series:
        by = spec.series.by if spec.series.by is not None else spec.metrics[0]
        ranked = of([by])
        if ranked is None:
            return None
        ranking = ranked[0]
    if having is None or sorting is None:
        return None
    return Asked(
        spec, shape, tuple(having), ranking, tuple(zip(hidden, sorting, strict=True)),
        context.row_limit or 50_000,
    )  # fmt: skip


def needs(asked: Asked) -> list[Stat]:
    """All statistics that a question is made of."""
    measures = [m for m in asked.shape.measures if m is not None]
    measures += [*asked.having, *(m for _, m in asked.sorting)]
    measures += [asked.ranking] if asked.ranking else []
    return list(dict.fromkeys(s for m in measures for s in m.needs))


def as_rollup(question: Question) -> QuerySpec | None:
    """The statistics of a question by its dimensions: what the planner asks for."""
    stats = [s for s in needs(question.asked) if s.kind != "distinct"]
    metrics = tuple(s.metric() for s in dict.fromkeys([Stat("rows"), *stats]))
    spec = question.spec
    return QuerySpec(
        dataset=spec.dataset, dimensions=spec.dimensions, metrics=metrics, filters=spec.filters,
        where=spec.where, time_column=spec.time_column, time_range=spec.time_range,
    )  # fmt: skip


def held(source: Source, spec: QuerySpec, context: Context) -> Rollup | None:
    """The answer to a question as a rollup, if it is whole."""
    wide = Context(zone=context.zone, now=context.now)
    shape: Shape | None = tried_shape(source, spec, clock_of(source, wide.zone, wide.now))
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
            asked = asked_of(source, bare, action.context)
            if asked is not None:
                scope = (action.viewer, action.context.zone)
                found.setdefault(scope, []).append(Question(source, bare, action.context, asked))
    return found


def derived(kept: Sequence[Rollup], question: Question) -> list[tuple[Rollup, Direct]]:
    """The question's answers from all kept ones that hold it."""
    found = []
    for rollup in kept:
        measures = [*question.asked.having, *(m for _, m in question.asked.sorting)]
        measures += [question.asked.ranking] if question.asked.ranking else []
        way = answerable(rollup.holding, question.asked.shape)
        have = set(rollup.holding.stats)
        cuts = rollup.holding.shape.cuts
        more = {s for m in measures for s in m.needs if s.kind != "distinct"}
        members = {s.column for m in measures for s in m.needs if s.kind == "distinct"}
        raw = {c.column for c in cuts if c.is_raw}
        if isinstance(way, Way) and more <= have and members <= raw:
            try:
                found.append((rollup, Direct(*rollup.answer(question.asked, way))))
            except Unsure:
                continue
    return found


def check(land: Land, case: Case) -> None:
    """Derive what can be derived, and compare."""
    for asked in questions(land, case).values():
        kept: list[Rollup] = []
        for question in asked[:12]:
            wide = as_rollup(question)
            for spec in (question.spec, wide):
                made = held(question.source, spec, question.context) if spec else None
                kept += [made] if made is not None else []
        for question in asked:
            answers = derived(kept, question)
            if not answers:
                tally.count(land.kind, "not derived")
                continue
            right = direct(question.source, question.spec, question.context)
            for rollup, answer in answers:
                tally.count(land.kind, "derived alone")
                rules = [r.clause for r in question.source.rules]
                told = question.spec.model_dump_json(exclude_defaults=True, exclude={"dataset"})
                about = f"rules {rules}: {told}\nfrom {rollup.holding}"
                assert not isinstance(right, AppError), f"{about}\nmust be refused: {right!r}"
                wrong = difference(question.source, question.spec, question.context, answer, right)
                assert wrong is None, f"{about}\n{wrong}"


@pytest.mark.timeout(7200)
def test_what_holds_an_answer_gives_the_direct_one(land: Land) -> None:
    is_ci = "DASHAPP_FUZZ" not in os.environ
    before = tally.asked.get(land.kind, {}).get("derived alone", 0)

    @settings(
        max_examples=max(10, WANTED // PER_CASE),
        derandomize=is_ci,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(case=cases())
    def property_(case: Case) -> None:
        check(land, case)

    property_()
    assert tally.asked[land.kind]["derived alone"] - before >= WANTED
