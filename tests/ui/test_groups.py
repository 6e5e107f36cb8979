"""Tiles that one statement may answer are asked for together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from dashapp.ui import grid
from pages.dashboard import MOST, grouped


def opened(*tiles: tuple[str, int, str]) -> Any:
    """A dashboard whose tiles are (tab, number of the dataset, kind)."""
    charts = {
        UUID(int=at): SimpleNamespace(kind=kind, dataset=UUID(int=1000 + dataset))
        for at, (_, dataset, kind) in enumerate(tiles)
    }
    placed = [
        (tab, SimpleNamespace(key=f"t{at}", chart=UUID(int=at)))
        for at, (tab, _, _) in enumerate(tiles)
    ]
    return SimpleNamespace(charts=charts, layout=SimpleNamespace(tiles=lambda: placed))


def test_tiles_of_a_dataset_are_one_group_and_tables_another() -> None:
    found = grouped(opened(*[("a", 1, "line")] * 5, ("a", 2, "bar"), ("a", 1, "table")))
    assert [found[f"t{at}"] for at in range(7)] == [0, 0, 0, 0, 0, 1, grid.GROUPS - 1]


def test_a_dataset_with_many_tiles_is_shared_out() -> None:
    found = grouped(opened(*[("a", 1, "line")] * (3 * MOST)))
    assert sorted(found.values()) == [0] * MOST + [1] * MOST + [2] * MOST


def test_each_tab_is_shared_out_by_itself() -> None:
    found = grouped(opened(*[("a", 1, "line")] * 3, *[("b", 1, "line")] * 3))
    assert set(found.values()) == {0}


def test_there_are_never_more_requests_than_groups() -> None:
    found = grouped(opened(*[("a", at, "line") for at in range(20)], ("a", 3, "pivot_table")))
    assert set(found.values()) == set(range(grid.GROUPS))
