"""Whatever was asked before and by whom: an answer is what the warehouse itself says."""

from __future__ import annotations

import os
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings

from dashapp.errors import AppError
from dashapp.query import Result
from dashapp.query.run import run_planned
from dashapp.specs import QuerySpec, Source
from tests.query.fuzz import tally
from tests.query.fuzz.data import Land
from tests.query.fuzz.oracle import differs
from tests.query.fuzz.questions import Case, cases

WANTED = int(os.environ.get("DASHAPP_FUZZ", "2100"))  # Questions to the three engines together.
PER_CASE = 10  # At least so many questions are in one case, on the average.
versions = count(1)


def played(land: Land, case: Case) -> None:
    """Do what the case says from a cold cache, and compare every answer with the direct one."""
    version = next(versions)  # No answer of another case has it: that is what makes it cold.
    sources = [land.source(rules, version=version, **case.dataset) for rules in case.viewers]
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
    is_ci = "DASHAPP_FUZZ" not in os.environ
    before = tally.total(land.kind)

    @settings(
        max_examples=max(10, WANTED // 3 // PER_CASE),
        derandomize=is_ci,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(case=cases())
    def property_(case: Case) -> None:
        played(land, case)

    property_()
    assert tally.total(land.kind) - before >= WANTED // 3
