"""Numbers of every kind of chart are explained and asked again, and say the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from dashapp import cache, warehouses
from dashapp.charts import KINDS, pinning
from dashapp.charts.base import Grid, Plot
from dashapp.charts.pinning import Cell, Part
from dashapp.charts.values import plain
from dashapp.query.result import Result
from dashapp.services import charts, examples, gallery, sources, why
from dashapp.services.charts import Answer, Want
from dashapp.services.dashboards import Opened
from dashapp.settings import Settings, using
from dashapp.viewer import SYSTEM, Viewer
from tests.services.conftest import KEY
from tests.services.metadata import metadata, person, user

PER_ANSWER = 3
LEAST = 200


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    chosen = Settings.model_validate({"data_dir": tmp_path_factory.mktemp("wh"), "secret_key": KEY})
    with using(chosen):
        cache.reset()
        sources.forget()
        with metadata(chosen.metadata_url) as app:
            user("ada", "admin")
            examples.load(SYSTEM)
            yield app
        warehouses.dispose()
        cache.reset()


@pytest.fixture(scope="module")
def ada(loaded: Flask) -> Viewer:
    return person(1, "admin")


@pytest.fixture(scope="module")
def opened(ada: Viewer) -> Opened:
    return gallery.open_gallery(ada)


@pytest.fixture(scope="module")
def drawn(ada: Viewer, opened: Opened) -> dict[str, Answer]:
    keys = [tile.key for _, tile in opened.layout.tiles()]
    return charts.answers(ada, opened, keys, Want())


Picked = tuple[str, str, dict[str, Any], Cell]


def sampled(ada: Viewer, opened: Opened, drawn: dict[str, Answer]) -> Iterator[Picked]:
    """Some rows of every answer: tile, question, the row as it is drawn, the cell that names it."""
    chance = random.Random(4)
    for key, answer in drawn.items():
        a = charts.ask(ada, opened, key, Want())
        for name, result in answer.results.items():
            keys = pinning.keys_of(a.specs[name], result.table)
            for at in chance.sample(range(result.rows), min(PER_ANSWER, result.rows)):
                row = result.table.slice(at, 1).to_pylist()[0]
                named = pinning.values_of(row, keys, a.context.zone)
                yield key, name, row, Cell(question=name, named=named)


def test_sampled_numbers_of_every_kind_are_explained_and_reproduced(
    ada: Viewer, opened: Opened, drawn: dict[str, Answer]
) -> None:
    kinds: dict[str, int] = {}
    for key, name, row, cell in sampled(ada, opened, drawn):
        told = why.explain(ada, opened, key, Want(), cell)
        assert told.row == row, (key, name, cell)
        assert told.meanings or not told.spec.metrics
        again = why.again(ada, opened, key, Want(), cell, told.seen)
        assert again.is_equal, (key, name, cell, again.changed, again.now)
        assert again.result.rung == "warehouse"
        kind = opened.chart(opened.place(key)[1]).kind
        kinds[kind] = kinds.get(kind, 0) + 1
    with_data = {slug for slug, kind in KINDS.items() if kind.uses_dataset}
    assert kinds.keys() == with_data
    assert sum(kinds.values()) >= LEAST


def marks(answer: Answer, chance: random.Random) -> Iterator[Cell]:
    """What the browser would send of some marks of a drawing."""
    drawing = answer.drawing
    if isinstance(drawing, Grid):
        for row in chance.sample(drawing.rows, min(2, len(drawing.rows))):
            parts = [
                Part(column=c.column, grain=c.grain, bin=c.bin, value=row[field])
                for field, c in drawing.clicks.items()
                if isinstance(row.get(field), str | int | float | None)
            ]
            yield Cell(parts=tuple(parts))
    if not isinstance(drawing, Plot) or not drawing.clicks:
        return
    for trace in drawing.figure["data"]:
        found = [m for m in members(trace) if m is not None]
        for values in chance.sample(found, min(1, len(found))):
            yield Cell(
                parts=tuple(
                    Part(column=c.column, grain=c.grain, bin=c.bin, value=value)
                    for c, value in zip(drawing.clicks, values, strict=False)
                )
            )


def members(trace: dict[str, Any]) -> list[Any]:
    """What the marks of a trace stand for, as `member` in dashboard.js reads it."""
    if trace.get("type") == "sankey":
        return list(trace["meta"]["marks"].values())
    found = trace.get("customdata")
    if found is None:
        return []
    if trace.get("type") == "heatmap":
        return [cell for row in found for cell in row or ()]
    return list(found)


def test_marks_lead_to_rows_of_the_answer_that_they_show(
    ada: Viewer, opened: Opened, drawn: dict[str, Answer]
) -> None:
    chance, found = random.Random(4), set[str]()
    for key, answer in drawn.items():
        for cell in marks(answer, chance):
            told = why.explain(ada, opened, key, Want(), cell)
            assert told.rows.num_rows, (key, cell)
            known = pinning.wanted(told.keys, cell)
            if known:
                assert told.rows.num_rows < max(2, told.result.rows) or told.result.rows == 1
                found.add(opened.chart(opened.place(key)[1]).kind)
            for name, value in known.items():
                for one in told.rows.column(name).to_pylist():
                    assert pinning.same(plain(one), value), (key, cell)
    assert len(found) > 30


def test_marks_without_a_member_offer_the_rows_behind_them(ada: Viewer, opened: Opened) -> None:
    for key in ("map_heat", "parallel", "histogram-2", "box_plot", "line"):
        told = why.explain(ada, opened, key, Want(), Cell())
        assert told.row is None
        assert told.rows.num_rows == told.result.rows
    number = why.explain(ada, opened, "big_number", Want(), Cell())
    assert number.row == {"flights": 336_776}


def test_forecasts_are_asked_as_a_whole(
    ada: Viewer, opened: Opened, drawn: dict[str, Answer]
) -> None:
    result: Result = drawn["line"].results["main"]
    future = result.table.slice(result.rows - 1).to_pylist()[0]
    named = {"scheduled": plain(future["scheduled"])}
    again = why.again(ada, opened, "line", Want(), Cell(question="main", named=named))
    assert (again.is_equal, again.is_alone) == (True, False)
    assert again.shown.row is not None
    assert again.shown.row["flights"] is None
    assert again.shown.row["flights forecast"] is not None
