"""Pivots agree with pandas on every level, also where totals cannot be added up."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from dashapp.charts import kind
from dashapp.charts.base import ClickTarget, Empty, Grid
from dashapp.charts.pivot_tree import ordered, summed, with_subtotals
from dashapp.errors import Invalid
from dashapp.specs import Source
from tests.charts.flying import FLIGHTS, FRAME, asked, drawn, flying

METRICS = ["flights", "mean_delay", "aircraft", "per_aircraft"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """Flights in a DuckDB."""
    with flying(tmp_path_factory.mktemp("pivot")) as found:
        yield found


def leaves(
    columns: list[dict[str, Any]], above: tuple[str, ...] = ()
) -> dict[tuple[str, ...], str]:
    """Field of each value column by the titles above and of it."""
    found: dict[tuple[str, ...], str] = {}
    for column in columns:
        path = (*above, column["headerName"])
        if "children" in column:
            found |= leaves(column["children"], path)
        elif column["field"].startswith("v"):
            found[path] = column["field"]
    return found


def truth(frame: pd.DataFrame, metric: str) -> float | None:
    """A metric over these rows, by pandas."""
    if not len(frame):
        return None
    if metric == "mean_delay":
        mean = frame["delay"].mean()
        return None if pd.isna(mean) else float(mean)
    aircraft = frame["tail"].nunique()
    counts = {"flights": len(frame), "aircraft": aircraft, "per_aircraft": len(frame) / aircraft}
    return float(counts[metric])


def where(column: str, member: Any) -> pd.DataFrame:
    return FRAME[FRAME[column].isna()] if member is None else FRAME[FRAME[column] == member]


def pivot(source: Source, **options: object) -> Grid:
    found = asked("pivot_table", source, **options)
    assert isinstance(found, Grid)
    json.dumps([found.columns, found.rows, found.totals])
    return found


def test_every_cell_and_every_total_is_what_pandas_says(source):
    found = pivot(
        source, rows=[{"column": "origin"}], columns=[{"column": "carrier"}], metrics=METRICS
    )
    fields = leaves(found.columns)
    members = {"B6": "B6", "DL": "DL", "UA": "UA", "(empty)": None, "Total": "*"}
    assert len(fields) == len(members) * len(METRICS)
    titles = {
        "Flights": "flights",
        "Mean delay": "mean_delay",
        "Aircraft": "aircraft",
        "Per aircraft": "per_aircraft",
    }
    for line, (head, metric) in product([*found.rows, *found.totals], fields):
        frame = FRAME if "r0" not in line else where("origin", line["r0"])
        if members[head] != "*":
            frame = frame.loc[frame.index.intersection(where("carrier", members[head]).index)]
        told = line[fields[head, metric]]
        assert told == pytest.approx(truth(frame, titles[metric])), (line, head, metric)


def test_sub_totals_of_rows_and_columns_come_from_the_warehouse(source):
    found = pivot(
        source, rows=[{"column": "origin"}, {"column": "carrier"}],
        columns=[{"column": "day", "grain": "month"}, {"column": "late"}],
        metrics=["aircraft"], row_subtotals=True, column_subtotals=True,
    )  # fmt: skip
    fields = leaves(found.columns)
    subtotals = [r for r in found.rows if r.get("_total")]
    assert [r["r0"] for r in subtotals] == ["EWR", "JFK", "LGA"]
    assert all(r["_words"] == {"r1": "Total"} and "r1" not in r for r in subtotals)
    january = FRAME[(FRAME["day"] < "2013-02-01") & (FRAME["origin"] == "JFK")]
    jfk = subtotals[1]
    assert jfk[fields["Jan 2013", "Total"]] == january["tail"].nunique()
    assert jfk[fields["Jan 2013", "Yes"]] == january[january["late"]]["tail"].nunique()
    assert jfk[fields["Total",]] == where("origin", "JFK")["tail"].nunique()
    assert found.totals[0][fields["Total",]] == FRAME["tail"].nunique()


def test_only_the_levels_that_are_shown_are_asked():
    def names(**options: object) -> list[str]:
        chosen = {
            "rows": [{"column": "origin"}],
            "columns": [{"column": "carrier"}],
            "metrics": ["flights"],
        }
        made = kind("pivot_table").Options.model_validate(chosen | options)
        return list(kind("pivot_table").queries(made, FLIGHTS))

    assert names() == ["main", "r1c0", "r0c1", "r0c0"]
    assert names(total_row=False, total_column=False) == ["main"]
    assert names(total_row=False, total_column=False, sort_rows="largest") == ["main", "r1c0"]
    assert names(rows=[]) == ["main", "r0c0"]


def test_rows_are_sorted_by_size_and_empty_members_come_last(source):
    options = {"rows": [{"column": "carrier"}], "metrics": ["flights"]}
    counts = FRAME["carrier"].value_counts(dropna=False)
    largest = pivot(source, **options, sort_rows="largest")
    assert [r["v0"] for r in largest.rows] == counts.tolist()
    assert [r["r0"] for r in pivot(source, **options).rows] == ["B6", "DL", "UA", None]
    back = pivot(source, **options, sort_rows="name descending")
    assert [r["r0"] for r in back.rows] == ["UA", "DL", "B6", None]


def test_metrics_can_stand_on_rows_each_with_its_format(source):
    found = pivot(
        source, rows=[{"column": "origin"}], columns=[{"column": "late"}],
        metrics=["flights", "mean_delay"], metrics_on="rows",
    )  # fmt: skip
    assert [r["_metric"] for r in found.rows[:2]] == ["Flights", "Mean delay"]
    assert len(found.rows) == 6
    assert leaves(found.columns) == {("No",): "v0", ("Yes",): "v1", ("Total",): "v2"}
    lines = found.columns[-1]["context"]["lines"]
    assert (lines["flights"]["format"], lines["mean_delay"]["format"]) == ("full", ",.1f")
    assert found.rows[1]["v2"] == pytest.approx(where("origin", "EWR")["delay"].mean())


def test_columns_alone_and_rows_alone_are_pivots_too(source):
    across = pivot(source, columns=[{"column": "origin"}], metrics=["flights"])
    assert (len(across.rows), across.totals) == (1, [])
    assert across.rows[0]["v3"] == 400
    down = pivot(source, rows=[{"column": "origin"}], metrics=["flights"])
    assert leaves(down.columns) == {("Flights",): "v0"}
    assert down.totals[0]["v0"] == 400


def test_row_members_can_be_clicked_and_are_summed_up_for_readers(source):
    found = pivot(
        source, rows=[{"column": "day", "grain": "month"}], columns=[{"column": "origin"}],
        metrics=["flights"],
    )  # fmt: skip
    assert found.clicks == {"r0": ClickTarget("day", "month", None)}
    assert found.rows[0]["r0"] == "2013-01-01T00:00:00"
    assert found.summary == "Flights by day and origin: 3 rows, 3 columns; total 400"


def test_heat_compares_members_not_totals():
    table = pa.table({"origin": ["EWR", "JFK"], "late": [True, False], "flights": [2, 8]})
    tables = {
        "main": table, "r1c0": table.drop_columns("late"), "r0c1": table.drop_columns("origin"),
        "r0c0": pa.table({"flights": [10]}),
    }  # fmt: skip
    found = drawn(
        "pivot_table", tables, rows=[{"column": "origin"}], columns=[{"column": "late"}],
        metrics=["flights"], heat="sequential",
    )  # fmt: skip
    assert isinstance(found, Grid)
    assert found.columns[1]["context"]["heat"] == {"low": 2.0, "middle": None, "high": 8.0}
    assert "heat" not in found.columns[-1]["context"]


def test_members_of_one_parent_stay_together():
    sizes = {("a",): 5.0, ("b",): 9.0, ("a", 1): 4.0, ("a", 2): 1.0, ("b", 1): 2.0, ("b", 2): 7.0}
    paths = [("a", 2), ("b", 1), ("a", 1), ("b", 2)]
    by_size = ordered(paths, "largest", sizes.get)
    assert by_size == [("b", 2), ("b", 1), ("a", 1), ("a", 2)]
    assert ordered(paths, "query", sizes.get) == [("a", 2), ("a", 1), ("b", 1), ("b", 2)]
    assert list(with_subtotals(by_size, True))[2] == ("b",)


def test_too_many_columns_and_no_rows_and_no_metric_are_sentences():
    options = {"columns": [{"column": "day"}], "metrics": ["flights"], "total_column": False}
    many = pa.table(
        {
            "day": [datetime(2013, 1, 1, h, m) for h in range(24) for m in range(60)],
            "flights": range(1440),
        }
    )
    with pytest.raises(Invalid, match="more than 500 columns"):
        drawn("pivot_table", {"main": many}, **options)
    assert isinstance(drawn("pivot_table", {"main": many.slice(0, 0)}, **options), Empty)
    with pytest.raises(Invalid, match="at least one metric"):
        kind("pivot_table").queries(kind("pivot_table").Options(), FLIGHTS)


TWO_DOWN = {"rows": [{"column": "origin"}, {"column": "carrier"}], "metrics": ["flights"]}


def test_a_member_is_told_once_per_group(source):
    found = pivot(source, **TWO_DOWN, row_subtotals=True)
    assert [("r0" in r.get("_same", ()), r["r0"]) for r in found.rows[:6]] == [
        (False, "EWR"), (True, "EWR"), (True, "EWR"), (True, "EWR"), (True, "EWR"), (False, "JFK"),
    ]  # fmt: skip
    assert not any("r1" in r.get("_same", ()) for r in found.rows)
    single = pivot(source, rows=[{"column": "origin"}], metrics=["flights"])
    assert not any("_same" in r for r in single.rows)


def test_metrics_on_rows_tell_their_members_once_too(source):
    found = pivot(
        source, rows=[{"column": "origin"}], metrics=["flights", "aircraft"], metrics_on="rows"
    )
    assert [r.get("_same") for r in found.rows[:3]] == [None, ["r0"], None]
    assert [r["_words"]["r0"] for r in found.totals] == ["Total", ""]


def test_metrics_may_stand_outermost(source):
    across = {"columns": [{"column": "late"}], "metrics": ["flights", "aircraft"]}
    found = pivot(source, rows=[{"column": "origin"}], **across, metrics_first=True)
    assert list(leaves(found.columns)) == [
        (m, late) for m in ("Flights", "Aircraft") for late in ("No", "Yes", "Total")
    ]
    down = pivot(
        source, rows=[{"column": "origin"}], **across, metrics_first=True, metrics_on="rows"
    )
    assert [r["_metric"] for r in down.rows] == ["Flights"] * 3 + ["Aircraft"] * 3
    assert down.columns[0]["field"] == "_metric"


def test_sub_totals_may_stand_before_their_group(source):
    found = pivot(source, **TWO_DOWN, row_subtotals=True, row_subtotals_first=True)
    assert [r.get("_total", False) for r in found.rows[:6]] == [True, *[False] * 4, True]


@pytest.mark.parametrize("summary", ["metric", "sum"])
@pytest.mark.parametrize("share", ["total", "row", "column"])
def test_shares_add_up_to_one(source, share, summary):
    found = pivot(
        source, rows=[{"column": "origin"}], columns=[{"column": "late"}], metrics=["flights"],
        share=share, summary=summary, total_row=share != "row", total_column=share != "column",
    )  # fmt: skip
    fields = leaves(found.columns)
    inner = [fields[late,] for late in ("No", "Yes")]
    by_row = [sum(r[f] for f in inner) for r in found.rows]
    by_column = [sum(r[f] for r in found.rows) for f in inner]
    if share == "total":
        assert sum(by_row) == pytest.approx(1)
        assert found.totals[0][fields["Total",]] == pytest.approx(1)
    else:
        assert (by_row if share == "row" else by_column) == pytest.approx(
            [1] * (3 if share == "row" else 2)
        )
    assert found.columns[-1]["context"]["format"] == ",.1%"


@pytest.mark.parametrize(
    ("summary", "by_pandas"),
    [
        ("sum", "sum"), ("average", "mean"), ("median", "median"), ("variance", "var"),
        ("deviation", "std"), ("smallest", "min"), ("largest", "max"), ("count", "count"),
        ("distinct", "nunique"),
    ],
)  # fmt: skip
def test_cells_can_be_summed_up_instead_of_asked(source, summary, by_pandas):
    found = pivot(
        source, rows=[{"column": "origin"}], columns=[{"column": "day", "grain": "month"}],
        metrics=["mean_delay"], summary=summary,
    )  # fmt: skip
    fields = leaves(found.columns)
    month = FRAME["day"].dt.month.rename("month")
    inner = FRAME.groupby(["origin", month])["delay"].mean()
    assert found.totals[0][fields["Total",]] == pytest.approx(inner.agg(by_pandas))
    jfk = next(r for r in found.rows if r["r0"] == "JFK")
    assert jfk[fields["Total",]] == pytest.approx(inner["JFK"].agg(by_pandas))


def test_first_last_and_lists_follow_the_order_of_the_answer():
    assert summed([3.0, 1.0, 3.0], "first") == 3
    assert summed([3.0, 1.0, 2.0], "last") == 2
    assert summed([3.0, 1.5, 3.0], "list") == "3, 1.5"
    assert summed([], "sum") is None
    assert summed([1.0], "variance") is None


def test_summing_up_cells_asks_one_question():
    made = kind("pivot_table").Options.model_validate(
        TWO_DOWN | {"summary": "average", "row_subtotals": True, "sort_rows": "largest"}
    )
    assert list(kind("pivot_table").queries(made, FLIGHTS)) == ["main"]


def test_formats_of_all_metrics_and_times_are_the_pivot_s(source):
    found = pivot(
        source, rows=[{"column": "origin"}], columns=[{"column": "day", "grain": "month"}],
        metrics=["flights", "mean_delay"], format=".2s", currency="EUR", time_format="%m/%y",
    )  # fmt: skip
    column = found.columns[1]
    assert column["headerName"] == "01/13"
    assert [c["context"]["format"] for c in column["children"]] == ["$.2s", "$,.1f"]
