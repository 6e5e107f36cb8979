"""Heat maps."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

GRID = {"x": {"column": "origin"}, "y": {"column": "carrier"}, "metric": "flights"}
CELLS = pa.table(
    {
        "origin": ["EWR", "EWR", "JFK", None],
        "carrier": ["UA", "B6", "UA", "UA"],
        "flights": [30, 10, 20, 5],
    }
)


def test_a_heat_map_asks_for_its_cells_with_the_grain_that_applies():
    time = GRID | {"x": {"column": "day", "grain": "month"}}
    assert query("heatmap", **time).dimensions[0].grain == "month"
    assert query("heatmap", **time, grain="year").dimensions[0].grain == "year"
    assert query("heatmap", **GRID).dimensions[0].grain is None
    with pytest.raises(Invalid, match="dimension down"):
        query("heatmap", x=GRID["x"], metric="flights")


def test_cells_without_a_row_are_empty_and_axes_are_in_order():
    found = plot("heatmap", CELLS, **GRID)
    trace = found.figure["data"][0]
    assert trace["x"] == ["EWR", "JFK", "(empty)"]
    assert trace["y"] == ["UA", "B6"]
    assert numbers(trace["z"]) == [30, 20, 5, 10, None, None]
    assert trace["z"]["shape"] == "2, 3"
    assert trace["hoverongaps"] is False


def test_a_cell_means_its_column_and_its_row():
    found = plot("heatmap", CELLS, **GRID)
    trace = found.figure["data"][0]
    assert trace["customdata"][1] == [["EWR", "B6"], ["JFK", "B6"], [None, "B6"]]
    assert trace["ids"][1][2] == "1,2"
    assert found.clicks == (ClickTarget("origin"), ClickTarget("carrier"))
    assert found.summary == (
        "Flights in 2 rows and 3 columns: highest 30 (UA, EWR), lowest 5 (UA, (empty))."
    )


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [("x", [0.75, 1, 1, 0.25]), ("y", [30 / 55, 20 / 55, 5 / 55, 1]), ("all", [30 / 65])],
)
def test_cells_may_be_shares(normalize, expected):
    trace = plot("heatmap", CELLS, **GRID, normalize=normalize).figure["data"][0]
    assert numbers(trace["z"])[: len(expected)] == pytest.approx(expected)
    assert trace["text"][0] == [30, 20, 5]
    assert "(%{text:" in trace["hovertemplate"]


def test_values_stand_in_cells_where_they_fit():
    assert plot("heatmap", CELLS, **GRID).figure["data"][0]["texttemplate"] == "%{z:,.0f}"
    never = plot("heatmap", CELLS, **GRID, cell_labels="never").figure["data"][0]
    assert "texttemplate" not in never
    wide = pa.table(
        {"origin": [f"o{i}" for i in range(20)], "carrier": ["a"] * 20, "flights": [123456] * 20}
    )
    assert "texttemplate" not in plot("heatmap", wide, **GRID).figure["data"][0]
    always = plot("heatmap", wide, **GRID, cell_labels="always").figure["data"][0]
    assert "texttemplate" in always
    assert "size" not in always.get("textfont", {})  # The browser fits them to the cells.
    names = [f"n{i}" for i in range(60)]
    cells = {"origin": names * 60, "carrier": [n for n in names for _ in names]}
    many = pa.table({**cells, "flights": [1] * 3600})
    limits = {"rows_limit": 100, "columns_limit": 100, "cell_labels": "always"}
    assert "texttemplate" not in plot("heatmap", many, **GRID, **limits).figure["data"][0]


def test_values_of_both_signs_have_their_neutral_colour_at_zero():
    table = pa.table({"origin": ["a", "b"], "carrier": ["x", "x"], "flights": [-10.0, 40.0]})
    trace = plot("heatmap", table, **GRID).figure["data"][0]
    assert (trace["zmin"], trace["zmax"]) == (-40, 40)
    fixed = plot("heatmap", table, **GRID, color_low=0, color_high=9).figure["data"][0]
    assert (fixed["zmin"], fixed["zmax"]) == (0, 9)


def test_a_grid_over_time_has_an_axis_of_time():
    table = pa.table(
        {
            "day": [datetime(2013, m, 1) for m in (3, 1, 2)],
            "carrier": ["UA"] * 3,
            "flights": [3, 1, 2],
        }
    )
    options = GRID | {"x": {"column": "day", "grain": "month"}}
    found = plot("heatmap", table, **options)
    assert numbers(found.figure["data"][0]["z"]) == [1, 2, 3]
    assert found.figure["layout"]["xaxis"]["type"] == "date"
    assert found.figure["data"][0]["customdata"][0][0] == ["2013-01-01", "UA"]
    cut = plot("heatmap", table, **options, columns_limit=2)
    assert numbers(cut.figure["data"][0]["z"]) == [2, 3]


def test_cells_may_be_coloured_by_rank_and_told_as_a_share():
    spec = query("heatmap", **GRID, rank="x")
    assert spec.post[0].within == ("origin",)
    assert spec.post[0].ties == "mean"
    table = CELLS.append_column("rank", pa.array([1.0, 0.25, 0.75, 0.5]))
    trace = plot("heatmap", table, **GRID, rank="all", rank_colors=True, share="y").figure["data"][
        0
    ]
    assert numbers(trace["z"]) == [1.0, 0.75, 0.5, 0.25, None, None]
    assert trace["text"][0] == [30, 20, 5]
    assert trace["hovertext"][0][0] == "UA · EWR<br>54.5% of its row"
    bare = plot("heatmap", table, **GRID, rank="all", color_bar=False).figure["data"][0]
    assert numbers(bare["z"])[:3] == [30, 20, 5]
    assert bare["showscale"] is False


def test_nothing_is_cut_without_limits_and_told_where_it_is():
    many = pa.table(
        {
            "origin": [f"o{i % 130}" for i in range(15_600)],
            "carrier": [f"c{i // 130}" for i in range(15_600)],
            "flights": list(range(15_600)),
        }
    )
    free = {"columns_limit": None, "rows_limit": None}
    whole = plot("heatmap", many, **GRID, **free)
    assert whole.figure["data"][0]["z"]["shape"] == "120, 130"
    assert "left out" not in whole.summary
    cut = plot("heatmap", many, **GRID)
    assert cut.summary.endswith("70 rows and 30 columns left out.")


def test_harm_nothing_one_and_many():
    hostile = pa.table({"origin": list(HOSTILE), "carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot("heatmap", hostile, **GRID))
    assert isinstance(drawn("heatmap", {"main": CELLS.slice(0, 0)}, **GRID), Empty)
    assert numbers(plot("heatmap", CELLS.slice(0, 1), **GRID).figure["data"][0]["z"]) == [30]
    many = pa.table(
        {
            "origin": [f"o{i}" for i in range(2000)],
            "carrier": [f"c{i % 300}" for i in range(2000)],
            "flights": list(range(2000)),
        }
    )
    assert plot("heatmap", many, **GRID).figure["data"][0]["z"]["shape"] == "50, 100"


def test_the_warehouses_answers_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        found = asked("heatmap", source, **GRID | {"x": {"column": "day"}}, grain="month")
        assert found.figure["data"][0]["z"]["shape"] == "4, 3"
