"""Paired t-tests."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from dashapp.charts.base import ClickTarget, Empty, Grid
from dashapp.charts.student import two_sided
from dashapp.charts.ttest import paired
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, query

GROUPS = {"metrics": ["flights"], "by": [{"column": "carrier"}]}
DAYS = [datetime(2013, 1, d) for d in range(1, 9)]
CONTROL = [10.0, 12.0, 11.0, 13.0, 9.0, 12.0, 10.0, 11.0]
HIGHER = [13.0, 14.0, 14.0, 15.0, 12.5, 14.0, 13.0, 14.5]
TABLE = pa.table(
    {
        "day": DAYS * 3,
        "carrier": ["B6"] * 8 + ["UA"] * 8 + [None] * 8,
        "flights": CONTROL + HIGHER + [*CONTROL[:7], None],
    }
)


def rows(**options: object) -> list[dict[str, object]]:
    found = drawn("paired_ttest", {"main": TABLE}, **(GROUPS | options))
    assert isinstance(found, Grid)
    return found.rows


def test_tests_ask_for_groups_over_time():
    spec = query("paired_ttest", **GROUPS)
    assert [(d.name, d.grain) for d in spec.dimensions] == [("day", "day"), ("carrier", None)]
    with pytest.raises(Invalid, match="groups"):
        query("paired_ttest", metrics=["flights"])
    with pytest.raises(Invalid, match="what is compared"):
        query("paired_ttest", by=[{"column": "carrier"}])


def test_p_values_are_those_of_scipy():
    tested = paired(np.array(HIGHER), np.array(CONTROL))
    assert tested.p == pytest.approx(stats.ttest_rel(HIGHER, CONTROL).pvalue, rel=1e-9)
    assert tested.lift == pytest.approx((sum(HIGHER) / sum(CONTROL) - 1) * 100)


@pytest.mark.parametrize("degrees", [1, 2, 7, 40, 1000, 100_000])
@pytest.mark.parametrize("t", [0.0, 1e-9, 0.1, 1.0, 2.5, -6.0, 30.0, 1e6])
def test_students_distribution_is_that_of_scipy(t, degrees):
    assert two_sided(t, degrees) == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-9)


def test_pairs_without_both_values_do_not_count():
    gaps = np.array([np.nan, *HIGHER[1:]])
    expected = stats.ttest_rel(HIGHER[1:], CONTROL[1:]).pvalue
    assert paired(gaps, np.array(CONTROL)).p == pytest.approx(expected)
    assert paired(np.array([1.0]), np.array([2.0])).p is None
    assert paired(np.array([1.0, 2.0]), np.array([1.0, 2.0])).p is None
    assert paired(np.array([2.0, 3.0]), np.array([1.0, 2.0])).p == 0
    assert paired(np.array([1.0, 2.0]), np.array([0.0, 0.0])).lift is None


def test_each_group_is_compared_with_the_control():
    found = rows(control="B6")
    assert [(r["name0"], r["significant"]) for r in found] == [
        ("B6", "control"),
        ("(empty)", ""),
        ("UA", "yes"),
    ]
    assert found[0]["p"] is None
    other = rows(control="UA", significance=1e-9)
    assert [(r["name0"], r["significant"]) for r in other][0] == ("UA", "control")
    assert {r["significant"] for r in other} == {"control", "no"}


def test_columns_are_formatted_and_rows_stand_for_members():
    found = drawn("paired_ttest", {"main": TABLE}, **GROUPS, p_digits=3, control="B6")
    assert isinstance(found, Grid)
    assert [c["headerName"] for c in found.columns] == [
        "carrier",
        "p-value",
        "Lift %",
        "Significant",
    ]
    assert found.columns[1]["context"]["format"] == ".3f"
    assert found.clicks == {"group0": ClickTarget("carrier")}
    assert found.rows[2]["group0"] == "UA"
    assert found.summary == "2 comparisons with B6: 1 significant at 0.05."


def test_tests_of_harm_nothing_and_one():
    hostile = pa.table({"day": DAYS[:4], "carrier": list(HOSTILE), "flights": [1.0, 2.0, 3.0, 4.0]})
    found = drawn("paired_ttest", {"main": hostile}, **GROUPS)
    assert isinstance(found, Grid)
    assert all(r["p"] is None for r in found.rows)
    assert isinstance(drawn("paired_ttest", {"main": TABLE.slice(0, 0)}, **GROUPS), Empty)
    one = drawn("paired_ttest", {"main": TABLE.slice(0, 1)}, **GROUPS)
    assert isinstance(one, Grid)
    assert one.rows[0]["significant"] == "control"


def test_the_warehouses_groups_are_compared(tmp_path):
    with flying(tmp_path) as source:
        found = asked(
            "paired_ttest", source, metrics=["flights", "mean_delay"], by=[{"column": "origin"}]
        )
        assert len(found.rows) == 6
        assert [c["headerName"] for c in found.columns][0] == "Metric"
