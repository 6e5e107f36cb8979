"""How many statements reach the warehouse: none for what is known, no more than planned else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any
from unittest import mock

from dashapp.query import Context, rollups
from dashapp.query.lattice import Cut
from dashapp.query.result import Result
from dashapp.query.run import run_many, run_planned
from dashapp.specs import Dimension, Filter, Order, QuerySpec, RowRule, SeriesLimit, Source
from dashapp.warehouses import Warehouse
from tests.query.fuzz.data import DATASET, NOW, Land
from tests.query.fuzz.oracle import differs

CONTEXT = Context(zone="UTC", now=NOW)
versions = count(2_000_000)
FETCH = Warehouse.fetch
METRICS = ("n", "revenue", "flagged share")
DAY = Dimension(column="ts", grain="day")
PAGE = tuple(
    QuerySpec(dataset=DATASET, **{"metrics": METRICS, **more})
    for more in (
        {},
        {"dimensions": (Dimension(column="region"),)},
        {"dimensions": (Dimension(column="sign"),), "order": (Order(by="n", descending=True),)},
        {"dimensions": (Dimension(column="region"), Dimension(column="sign"))},
        {"dimensions": (DAY, Dimension(column="region"))},
        {"dimensions": (Dimension(column="ts", grain="month"),)},
        {"dimensions": (Dimension(column="qty", bin=5.0),)},
        {
            "dimensions": (DAY, Dimension(column="sign")),
            "series": SeriesLimit(dimensions=("sign",), limit=1),
        },
    )
)


@contextmanager
def spied() -> Iterator[list[str]]:
    """The statements that reach a warehouse meanwhile."""
    seen: list[str] = []

    def fetch(warehouse: Warehouse, statement: Any, **how: Any) -> Any:
        seen.append(warehouse.readable(statement))
        return FETCH(warehouse, statement, **how)

    with mock.patch.object(Warehouse, "fetch", fetch):
        yield seen


def cold(land: Land, *rules: str) -> Source:
    """The dataset as nobody has asked it yet."""
    found = tuple(RowRule(clause=rule) for rule in rules)
    return land.source(found, version=next(versions))


def ruled(source: Source, *rules: str) -> Source:
    """The same dataset for a viewer under rules."""
    found = tuple(RowRule(clause=rule) for rule in rules)
    return source.model_copy(update={"rules": found})


def page(source: Source, *filters: Filter) -> list[tuple[Source, QuerySpec, Context]]:
    """The questions of a page, narrowed."""
    narrowed = (spec.model_copy(update={"filters": filters}) for spec in PAGE)
    return [(source, spec, CONTEXT) for spec in narrowed]


def right(wishes: list[tuple[Source, QuerySpec, Context]]) -> set[str]:
    """Ask, and say who answered; all answers are the direct ones."""
    with spied() as seen:
        found = run_many(wishes)
        asked = len(seen)
    for wish, answer in zip(wishes, found, strict=True):
        assert differs(*wish, answer) is None
    rungs: set[str] = {answer.rung for answer in found if isinstance(answer, Result)}
    return rungs if not asked else rungs | {f"{asked} statements"}


def test_a_page_costs_the_planned_statements_and_less_than_its_tiles(land: Land) -> None:
    source = cold(land)
    with spied() as seen:
        found, report = run_planned(page(source))
    assert all(isinstance(answer, Result) for answer in found)
    assert report.questions == len(PAGE)
    assert report.queries < len(PAGE)
    # Besides, a sample of the rows tells once how many members the columns have.
    assert len(seen) <= report.queries + 1


def test_the_same_page_and_filter_again_cost_nothing(land: Land) -> None:
    source = cold(land)
    narrower = Filter(column="region", op="in", value=("EU", "US"))
    for wishes in (page(source), page(source, narrower)):
        run_many(wishes)
        with spied() as seen:
            again = run_many(wishes)
        assert seen == []
        assert {answer.rung for answer in again if isinstance(answer, Result)} == {"memory"}


def test_what_a_page_holds_is_not_asked_again(land: Land) -> None:
    source = cold(land)
    run_many(page(source))
    held = [
        QuerySpec(dataset=DATASET, dimensions=(Dimension(column="ts", grain="year"),), metrics=("n",)),
        QuerySpec(dataset=DATASET, metrics=("revenue",), time_range="2013-01-01 : 2013-04-01"),
        QuerySpec(
            dataset=DATASET, dimensions=(Dimension(column="sign"),), metrics=("n",), limit=1,
            filters=(Filter(column="region", op="=", value="EU"),),
            order=(Order(by="n", descending=True),),
        ),
    ]  # fmt: skip
    assert right([(source, spec, CONTEXT) for spec in held]) <= {"derived", "rollup"}


def statements(source: Source, people: int) -> list[str]:
    """What so many people who open the same page make the warehouse do."""
    with spied() as seen:
        for _ in range(people):
            run_many(page(source))
    return sorted(seen)


def test_fifty_viewers_with_equal_rights_cost_what_one_does(land: Land) -> None:
    rule = "region IN ('EU', 'US')"
    assert statements(cold(land, rule), 1) == statements(cold(land, rule), 50)


def test_fifty_viewers_at_once_cost_what_one_does(land: Land) -> None:
    one = statements(cold(land), 1)
    source = cold(land)
    with spied() as seen, ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: run_many(page(source)), range(50)))
    assert sorted(seen) == one


def test_one_rollup_of_all_rows_serves_viewers_under_different_rules(land: Land) -> None:
    source = cold(land)
    wishes = [(source, spec.model_copy(update={"order": ()})) for spec in PAGE]
    for members in rollups.members_of(wishes, CONTEXT):
        cuts = frozenset({Cut("region"), Cut("ts", "day")})
        made = rollups.build(members, {need.key: cuts for need, _ in members})
        assert not any(one.problem for one in made)
    for rules in (["region = 'EU'"], ["region IN ('US', 'ASIA')"], ["region IS NULL"], ["region = 'X'"]):  # fmt: skip
        assert right(page(ruled(source, *rules))) == {"rollup"}
    for only_sql in ("length(name) > 3", "upper(region) = 'EU'", "qty % 2 = 0"):
        assert any("statements" in told for told in right(page(ruled(source, only_sql))))


def test_a_rollup_of_one_viewers_rows_serves_no_other(land: Land) -> None:
    source = cold(land, "region = 'EU'")
    run_many(page(source))
    # Who sees all rows comes last: what they leave may serve the others.
    for other in (("region = 'US'",), ("region = 'EU'", "qty > 2"), ()):
        told = right(page(ruled(source, *other)))
        assert any("statements" in one for one in told)
