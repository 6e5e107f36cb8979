"""Benchmarks: which kinds they have, the rows that they draw, and that they run on few."""

# ruff: noqa: DTZ001 - weeks are whole days without a zone
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks import brushes, clicks, figures, flights, plans
from benchmarks.rows import grown
from benchmarks.stage import prepared
from benchmarks.worlds import worlds
from dashapp.charts import KINDS
from dashapp.specs import Dimension, QuerySpec

WEEK = Dimension(column="week", grain="week")
CITY = Dimension(column="city")


def spec(*dimensions: Dimension) -> QuerySpec:
    return QuerySpec(dataset=UUID(int=1), dimensions=dimensions, metrics=("sales",))


def distinct(table: pa.Table, *names: str) -> int:
    return table.group_by(list(names)).aggregate([]).num_rows


def test_figures_of_every_kind_are_measured() -> None:
    assert figures.samples().keys() == KINDS.keys()


def test_answers_grow_by_later_weeks_and_then_by_more_members() -> None:
    weeks = [datetime(2013, 1, 7), datetime(2013, 12, 30)]
    table = pa.table({"week": weeks, "city": ["Rome", "Oslo"], "sales": [1, 2]})
    found = grown(table, spec(WEEK, CITY), 1_000)
    assert found.num_rows == distinct(found, "week", "city") == 1_000
    assert found.schema.field("week").type == table.schema.field("week").type
    assert {day.weekday() for day in found["week"].to_pylist()} == {0}
    assert found["city"].to_pylist()[:2] == ["Rome", "Oslo"]
    assert "Rome 1" in found["city"].to_pylist()


def test_answers_grow_by_larger_numbers_where_those_are_all_there_is() -> None:
    table = pa.table({"bin": [0, 10, None], "sales": [1.0, 2.0, 3.0]})
    found = grown(table, spec(Dimension(column="bin", bin=10)), 7)
    assert found["bin"].to_pylist() == [0, 10, None, 20, 30, None, 40]


def test_trees_keep_together_and_places_keep_their_names() -> None:
    asked = spec(Dimension(column="id"), Dimension(column="parent"))
    table = pa.table({"id": ["a", "b"], "parent": [None, "a"], "sales": [1, 2]})
    found = grown(table, asked, 4)
    assert found["parent"].to_pylist() == [None, "a", None, "a 1"]
    assert grown(table, asked, 4, rename=False)["id"].to_pylist() == ["a", "b", "a", "b"]
    assert grown(table.slice(0, 0), asked, 4).num_rows == 0
    assert np.isfinite(found["sales"].to_numpy()).all()


def test_pages_and_choices_are_measured_on_few_flights(tmp_path: Path) -> None:
    with prepared() as chosen, worlds(chosen, tmp_path, (3_000,), large=0) as found:
        pages = plans.run(found, rounds=1)
        choices = clicks.run(found, count=2)
        frames = brushes.run(found, frames=2, in_browser=False)
    assert pages.count("\n| DuckDB, 3,000") == len(found[0].board.states())
    assert choices.count("\n| DuckDB, 3,000") == 2
    assert frames.count("\n| DuckDB, 3,000") == len(brushes.BRUSHED)


def test_drawn_flights_are_the_same_every_time(tmp_path: Path) -> None:
    files = [flights.duckdb_file(tmp_path / name, 2_000) for name in "ab"]
    found = []
    for file in files:
        with duckdb.connect(str(file), read_only=True) as connection:
            rows = connection.execute("FROM flights ORDER BY ALL").fetchall()
            found.append(rows)
    assert found[0] == found[1]
    assert len(found[0]) == 2_000
    assert {day.year for day, *_ in found[0]} >= {2013, 2014, 2015}
