"""Rollups of a dashboard answer what its filters and clicks narrow, for people under any rules."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from flask import Flask

from dashapp import cache
from dashapp.errors import AppError
from dashapp.query import rollups as building
from dashapp.query.fetch import fetched
from dashapp.services import rollups
from dashapp.services.charts import Answer
from dashapp.settings import Settings, settings, using
from dashapp.specs import RowRule
from dashapp.viewer import Viewer
from tests.services import market
from tests.services.market import asked_of_warehouses, click, show, state, table
from tests.services.metadata import person, user

KEYS = ("total", "regions", "products", "days")


@pytest.fixture(params=["sqlite", "duckdb"])
def ann(app: Flask, request: pytest.FixtureRequest) -> Iterator[Viewer]:
    market.open_market(request.param)
    yield person(user("ann").id)
    market.forget()


def tables(found: dict[str, Answer]) -> dict[str, Any]:
    return {key: table(answer) for key, answer in found.items()}


def lose() -> None:
    """Nothing is kept of any answer."""
    cache.reset()
    shutil.rmtree(settings().data_dir / "cache")


def choices() -> list[Any]:
    """Choices in the bar and clicks on marks, alone and together."""
    both = {"region": ["North", "East"], "without": ["pear"]}
    bars: list[dict[str, Any]] = [{}, {"region": ["North"]}, both]
    clicks = [[], [click("regions", "region", "South")], [click("products", "product", None)]]
    found = [state(made, **bar) for bar, made in product(bars, clicks)]
    return [one for one in found if one.values or one.clicks]


def test_after_they_are_made_no_choice_asks_the_warehouse(ann: Viewer) -> None:
    opened = market.reopened(ann)
    direct = [tables(show(ann, opened, choice, *KEYS)) for choice in choices()]
    lose()
    made = rollups.build(ann, opened)
    assert any(built.cells for built in made)
    assert not any(built.problem for built in made)
    with asked_of_warehouses() as seen:
        held = [tables(show(ann, opened, choice, *KEYS)) for choice in choices()]
    assert seen == []
    assert held == direct


def test_one_rollup_serves_people_under_different_rules(ann: Viewer) -> None:
    opened = market.reopened(ann)
    ruled = {
        name: replace(opened, sources={
            uuid: source.model_copy(update={"rules": (RowRule(clause=clause, table="orders"),)})
            for uuid, source in opened.sources.items()
        })
        for name, clause in (
            ("north", "region = 'North'"), ("two", "region IN ('South', 'East')"),
            ("none", "region = 'Nowhere'"),
        )
    }  # fmt: skip
    direct = {name: tables(show(ann, one, None, *KEYS)) for name, one in ruled.items()}
    lose()
    rollups.build(ann, ruled["north"])
    with asked_of_warehouses() as seen:
        held = {name: tables(show(ann, one, None, *KEYS)) for name, one in ruled.items()}
    assert seen == []
    assert held == direct
    assert held["north"] != held["two"]


def test_a_rollup_whose_totals_are_wrong_is_never_used(
    ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = market.reopened(ann)

    def changed(needs: Any) -> Any:
        """As if rows came in between the rollup and its control."""
        found = fetched(needs)
        for need in needs:
            answer = found[need.key]
            if need.is_rollup and need.spec.dimensions and not isinstance(answer, AppError):
                entry, rung = answer
                found[need.key] = (replace(entry, table=entry.table.slice(1)), rung)
        return found

    monkeypatch.setattr("dashapp.query.rollups.fetched", changed)
    made = rollups.build(ann, opened)
    assert made
    assert all(built.problem and not built.cells for built in made)
    monkeypatch.undo()
    with asked_of_warehouses() as seen:
        show(ann, opened, state(region=["North"]), *KEYS)
    assert seen
    assert all("a while ago" in built.problem for built in rollups.build(ann, opened))


def test_large_rollups_are_given_up(ann: Viewer, chosen: Settings) -> None:
    with using(chosen.model_copy(update={"rollup_cells": 2})):
        assert not any(built.cells for built in rollups.build(ann, market.reopened(ann)))
    with using(chosen.model_copy(update={"rollup_cells": 0})):
        assert not rollups.begin(ann, market.reopened(ann))


def test_building_again_asks_nothing(ann: Viewer) -> None:
    opened = market.reopened(ann)
    first = rollups.build(ann, opened)
    with asked_of_warehouses() as seen:
        again = rollups.build(ann, opened)
    assert seen == []
    assert [b.cells for b in again] == [b.cells for b in first]


def test_what_a_killed_process_left_unchecked_is_checked_by_the_next(
    ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = market.reopened(ann)
    with monkeypatch.context() as dying:
        dying.setattr(building, "_problem", _die)
        with pytest.raises(SystemExit):
            rollups.build(ann, opened)
    made = rollups.build(ann, opened)
    assert all(built.cells for built in made)
    with asked_of_warehouses() as seen:
        show(ann, opened, state(region=["North"]), *KEYS)
    assert seen == []


def _die(*_: Any) -> str:
    raise SystemExit


def test_they_are_begun_once(ann: Viewer) -> None:
    opened = market.reopened(ann)
    rollups._forget()
    begun = [rollups.begin(ann, opened) for _ in range(5)]
    assert begun == [True, False, False, False, False]
    rollups._threads().shutdown(wait=True)
    rollups._forget()
    with asked_of_warehouses() as seen:
        show(ann, opened, state(region=["North"]), *KEYS)
    assert seen == []


def test_totals_are_compared_exactly_for_whole_numbers() -> None:
    assert building._agree(3, 3)
    assert not building._agree(3, 4)
    assert building._agree(0.3, 0.1 + 0.2)
    assert building._total(pa.table({"n": pa.array([1, None, 2])}), "n") == 3
