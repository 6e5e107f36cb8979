"""Whatever was asked before and by whom: an answer is what the warehouse itself says."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, seed, settings

from dashapp import query
from dashapp.errors import AppError
from dashapp.query import Context, Result, rollups
from dashapp.query.lattice import Cut
from dashapp.query.ruled import rule_atoms
from dashapp.query.run import run_planned
from dashapp.query.subsume import dialect_of
from dashapp.specs import Dimension, QuerySpec, Source
from tests.query.fuzz import tally
from tests.query.fuzz.choices import RULES, TIMES
from tests.query.fuzz.data import DATASET, NOW, Land
from tests.query.fuzz.oracle import Direct, difference, differs, direct
from tests.query.fuzz.questions import Case, cases

WANTED = int(os.environ.get("FUZZ_QUESTIONS", "2100"))  # Questions to the three engines together.
PER_CASE = 10  # At least so many questions are in one case, on the average.
LEAST = {"derived": 0.01, "rollup": 0.01, "together": 0.1}  # Shares of all answers.
versions = count(1)


def played(land: Land, case: Case) -> None:
    """Do what the case says from a cold cache, and compare every answer with the direct one."""
    version = next(versions)  # No answer of another case has it: that is what makes it cold.
    sources = [land.source(rules, version=version, **case.dataset) for rules in case.viewers]
    if case.is_warm:
        for source in sources:
            warmed(source, case)
    for number, action in enumerate(case.actions):
        source = sources[action.viewer]
        wishes = [(source, spec, action.context) for spec in action.questions]
        for part in [wishes] if action.at_once else [[wish] for wish in wishes]:
            found, report = run_planned(part)
            together = {key for s in report.steps if s.how == "together" for key in s.keys}
            for wish, given_ in zip(part, found, strict=True):
                how = _how(given_, together)
                tally.count(land.kind, how)
                wrong = differs(*wish, given_)
                assert wrong is None, _complaint(number, *wish[:2], how, wrong)


def warmed(source: Source, case: Case) -> None:
    """Make rollups for the case's questions, for any choice in its filters: of all rows if it can."""
    ruled = rule_atoms(source, dialect_of(source)) if source.rules else ()
    if ruled:
        source = source.model_copy(update={"rules": ()})
    asked = [spec for action in case.actions for spec in action.questions]
    filters = {f.column for spec in asked for f in spec.filters}
    cuts = {Cut(c, "day") if c in TIMES else Cut(c) for c in filters}
    cuts |= {Cut(found.column) for found in ruled or ()}
    plain = {"post": (), "order": (), "limit": None, "offset": 0, "filters": (), "time_range": None}
    for context in {replace(action.context, row_limit=None) for action in case.actions}:
        questions = [(source, spec.model_copy(update=plain)) for spec in asked]
        for members in rollups.members_of(questions, context):
            rollups.build(members, {need.key: frozenset(cuts) for need, _ in members})


def _how(given_: Result | AppError, together: set[str]) -> str:
    if isinstance(given_, AppError):
        return "refused"
    return "together" if given_.key in together and given_.rung == "warehouse" else given_.rung


def _complaint(number: int, source: Source, spec: QuerySpec, how: str, wrong: str) -> str:
    rules = [rule.clause for rule in source.rules]
    asked = spec.model_dump_json(exclude_defaults=True, exclude={"dataset"})
    return f"action {number}, rules {rules}: {asked}\n{how} {wrong}"


@pytest.mark.timeout(7200)
def test_answers_are_the_direct_ones_in_any_order_of_arrival(land: Land) -> None:
    is_ci = "FUZZ_QUESTIONS" not in os.environ
    before = tally.total(land.kind)

    @settings(
        max_examples=max(10, WANTED // 3 // PER_CASE),
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(case=cases())
    def property_(case: Case) -> None:
        played(land, case)

    if is_ci:  # The same questions each time, others for each engine.
        seed(crc32(land.kind.encode()))(property_)
    property_()
    assert tally.total(land.kind) - before >= WANTED // 3
    # Of nothing else would it prove something: answers are made of kept ones, and together.
    for how, least in LEAST.items():
        assert tally.share(land.kind, how) >= least, how


def test_people_who_ask_at_the_same_time_get_their_own_rows(land: Land) -> None:
    """Eight at a time, under different rules, in any order; every answer is its viewer's."""
    version, dice = next(versions), random.Random(3)
    sources = [land.source(rules, version=version) for rules in RULES]
    wishes = [(source, spec, context) for source in sources for spec, context in _asked_by_all()]
    right = {wish: direct(*wish) for wish in wishes}
    dice.shuffle(wishes)
    pages = [wishes[at : at + 3] for at in range(0, len(wishes), 3)] * 2

    def look(page: list[query.Question]) -> list[str | None]:
        found = query.run_many(page)
        return [
            difference(*wish, answer, there)
            if isinstance(answer, Result) and isinstance(there := right[wish], Direct)
            else f"{answer!r}"
            for wish, answer in zip(page, found, strict=True)
        ]

    with ThreadPoolExecutor(8) as pool:
        told = [wrong for page in pool.map(look, pages) for wrong in page]
    assert set(told) == {None}


def _asked_by_all() -> list[tuple[QuerySpec, Context]]:
    by = [(), ("region",), ("sign",), ("region", "sign"), ("name",)]
    specs = [
        QuerySpec(
            dataset=DATASET, dimensions=tuple(Dimension(column=c) for c in columns),
            metrics=("n", "revenue", "per unit"),
        )
        for columns in by
    ]  # fmt: skip
    return [(spec, Context(zone="UTC", now=NOW)) for spec in specs]
