"""Violin plots."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.charts.violin import MOST_VALUES
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

BY = {"column": "carrier"}
VALUES = pa.table(
    {"carrier": ["UA", "UA", "B6", "B6", None, "DL"], "delay": [1.0, 3.0, 9.0, 5.0, 2.0, None]}
)


def test_violins_ask_for_raw_values_or_a_metric_spread_over_something():
    assert query("violin", column="delay", by=BY).columns == ("carrier", "delay")
    spec = query("violin", metric="flights", by=BY, over=[{"column": "day", "grain": "day"}])
    assert [d.name for d in spec.dimensions] == ["carrier", "day"]
    assert spec.series.limit == 12
    with pytest.raises(Invalid, match="column, or a metric"):
        query("violin", by=BY)
    with pytest.raises(Invalid, match="spread over"):
        query("violin", metric="flights", by=BY)


def test_each_member_has_a_violin_by_its_median():
    found = plot("violin", VALUES, column="delay", by=BY)
    assert [t["name"] for t in found.figure["data"]] == ["B6", "UA", "(empty)"]
    first = found.figure["data"][0]
    assert numbers(first["y"]) == [5, 9]
    assert first["customdata"] == [["B6"], ["B6"]]
    assert found.clicks == (ClickTarget("carrier"),)
    assert found.summary == (
        "Delay: 5 values in 3 violins: highest median 7.0 (B6), lowest 2.0 (UA)."
    )


def test_violins_may_lie_be_half_and_show_points():
    options = {"horizontal": True, "half": True, "points": "all", "box": False, "mean": True}
    trace = plot("violin", VALUES, column="delay", by=BY, **options).figure["data"][0]
    assert trace["orientation"] == "h"
    assert trace["side"] == "positive"
    assert trace["points"] == "all"
    assert trace["box"]["visible"] is False


def test_many_values_keep_their_shape():
    values = np.random.default_rng(1).normal(size=50_000)
    trace = plot("violin", pa.table({"delay": values}), column="delay").figure["data"][0]
    drawn_values = np.array(numbers(trace["y"]))
    assert len(drawn_values) == MOST_VALUES
    assert np.percentile(drawn_values, 90) == pytest.approx(np.percentile(values, 90), abs=0.01)
    assert drawn_values.max() == values.max()


def test_violins_draw_harm_nothing_one_and_many():
    hostile = pa.table({"carrier": list(HOSTILE), "delay": [1.0, 2.0, 3.0, 4.0]})
    harmless(plot("violin", hostile, column="delay", by=BY))
    assert isinstance(drawn("violin", {"main": VALUES.slice(0, 0)}, column="delay", by=BY), Empty)
    assert isinstance(drawn("violin", {"main": VALUES.slice(5, 1)}, column="delay", by=BY), Empty)
    assert len(plot("violin", VALUES.slice(0, 1), column="delay", by=BY).figure["data"]) == 1
    many = pa.table(
        {"carrier": [f"c{i}" for i in range(60)], "delay": [float(i) for i in range(60)]}
    )
    found = plot("violin", many, column="delay", by=BY, members=10)
    assert len(found.figure["data"]) == 10
    assert found.summary.endswith("50 members left out.")


def test_values_of_which_no_browser_knows_the_spread_are_left_out():
    table = pa.table({"delay": [1.0, 1e308, -1e308, None, float("inf"), 1e150]})
    assert numbers(plot("violin", table, column="delay").figure["data"][0]["y"]) == [1, 1e150]


def test_the_warehouses_values_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        assert len(asked("violin", source, column="delay", by=BY).figure["data"]) == 4
        spread = {"metric": "mean_delay", "over": [{"column": "day", "grain": "month"}]}
        assert len(asked("violin", source, by=BY, **spread).figure["data"]) == 4
