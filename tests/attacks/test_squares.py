"""Answers with as many members as rows: charts stay bounded in memory (N1, N2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts.base import Empty, Grid, Plot
from dashapp.charts.wide import widen
from dashapp.errors import Invalid
from dashapp.specs import Dimension
from tests.charts.flying import FLIGHTS, LOOK, drawn

MANY = 20_000
START = datetime(2024, 1, 1)  # noqa: DTZ001 - as warehouses answer
TIMES = pa.array([START + timedelta(hours=i) for i in range(MANY)])
NAMES = pa.array([f"<b>{i}" for i in range(MANY)])
DAY, ORIGIN, CARRIER = (Dimension(column=c) for c in ("day", "origin", "carrier"))


@pytest.mark.parametrize("most", [100, 1_000_000])
def test_series_times_members_have_a_limit_and_the_largest_stay(most: int) -> None:
    table = pa.table({"origin": NAMES, "carrier": NAMES, "flights": np.arange(MANY)})
    wide = widen(table, ORIGIN, (CARRIER,), ("flights",), FLIGHTS, LOOK, most)
    assert 0 < wide.shape[0] * wide.shape[1] <= 4_000_000
    assert wide.series[0].members == (f"<b>{MANY - 1}",)
    assert np.nanmax(wide.cells("flights")) == MANY - 1


def test_heat_maps_of_as_many_rows_as_columns_are_drawn() -> None:
    table = pa.table({"origin": NAMES, "carrier": NAMES, "flights": np.arange(MANY)})
    options = {"x": {"column": "origin"}, "y": {"column": "carrier"}, "metric": "flights"}
    assert isinstance(drawn("heatmap", {"main": table}, **options), Plot)


def test_areas_of_as_many_series_as_times_are_drawn() -> None:
    table = pa.table({"day": TIMES, "carrier": NAMES, "flights": np.arange(MANY)})
    options = {"metrics": ["flights"], "series": [{"column": "carrier"}]}
    assert isinstance(drawn("area", {"main": table}, **options), Plot)


def test_groups_that_cannot_be_compared_in_memory_say_so() -> None:
    table = pa.table({"day": TIMES, "carrier": NAMES, "flights": np.arange(MANY)})
    with pytest.raises(Invalid, match="too many groups and times"):
        drawn(
            "paired_ttest", {"main": table}, metrics=["flights"], by=[{"column": "carrier"}]
        )  # fmt: skip


def test_rows_without_any_time_are_no_rows() -> None:
    table = pa.table({"day": pa.nulls(3, pa.timestamp("us")), "flights": [1, 2, 3]})
    found = drawn("time_table", {"main": table}, metrics=["flights"])
    assert isinstance(found, Empty)
    assert found.reason == "no_rows"


LINKS = {
    "a chain": [(i, i + 1) for i in range(MANY)],
    "one circle": [(i, (i + 1) % MANY) for i in range(MANY)],
    "to themselves": [(i, i) for i in range(MANY)],
    "a star": [(0, i) for i in range(MANY)],
    "back and forth": [(i // 2, i // 2 + (1 if i % 2 else -1)) for i in range(MANY)],
}


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
@pytest.mark.parametrize("slug", ["sankey", "chord", "network", "tree"])
def test_links_of_any_shape_are_drawn(slug: str, links: list[tuple[int, int]]) -> None:
    ends = [pa.array([f"<i>{side[k]}" for side in links]) for k in (0, 1)]
    table = pa.table({"origin": ends[0], "carrier": ends[1], "flights": np.ones(len(links))})
    first, second = ("node", "parent") if slug == "tree" else ("source", "target")
    options = {first: {"column": "origin"}, second: {"column": "carrier"}, "metric": "flights"}
    found = drawn(slug, {"main": table}, **options)
    assert isinstance(found, Plot | Empty)


def test_a_cloud_of_many_words_is_laid_out() -> None:
    table = pa.table({"origin": NAMES, "flights": np.arange(MANY)})
    found = drawn("word_cloud", {"main": table}, dimension={"column": "origin"}, metric="flights")
    assert isinstance(found, Plot | Empty)


def test_tables_of_hostile_numbers_are_drawn() -> None:
    numbers = np.array([np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, 0.0] * 10)
    table = pa.table({"origin": NAMES[:70], "flights": numbers})
    found = drawn("table", {"main": table}, dimensions=[{"column": "origin"}], metrics=["flights"])
    assert isinstance(found, Grid)
