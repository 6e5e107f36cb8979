"""Funnels."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import Empty
from dashapp.errors import Invalid
from tests.charts.flying import FRAME, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

STAGES = {"dimensions": [{"column": "origin"}], "metrics": ["flights"]}
TABLE = pa.table({"origin": ["order", "visit", None, "basket"], "flights": [50, 1000, 0, 200]})


def test_stages_are_asked_widest_first_and_metrics_alone_in_one_row():
    spec = query("funnel", **STAGES)
    assert [d.name for d in spec.dimensions] == ["origin"]
    assert [(o.by, o.descending) for o in spec.order] == [("flights", True)]
    alone = query("funnel", metrics=["flights", "aircraft"])
    assert (alone.dimensions, alone.order) == ((), ())
    with pytest.raises(Invalid, match="how wide"):
        query("funnel", dimensions=[{"column": "origin"}])
    with pytest.raises(Invalid, match="only metrics"):
        query("funnel", **STAGES | {"metrics": ["flights", "aircraft"]})
    assert drawn("funnel", {"main": TABLE}).reason == "not_configured"


def test_stages_go_from_the_widest_to_the_narrowest():
    found = plot("funnel", TABLE, **STAGES)
    trace = found.figure["data"][0]
    assert trace["y"] == ["visit", "basket", "order"]
    assert numbers(trace["x"]) == [1000, 200, 50]
    assert trace["customdata"] == [["visit"], ["basket"], ["order"]]
    assert found.figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert found.summary == "Flights by Origin, 3 stages: from visit (1,000) to order (50)."
    given = plot("funnel", TABLE, **STAGES, sort="query").figure["data"][0]
    assert given["y"] == ["order", "visit", "basket"]


@pytest.mark.parametrize(
    ("of", "shares"),
    [
        ("first", ["100.0%", "20.0%", "5.0%"]),
        ("previous", ["100.0%", "20.0%", "25.0%"]),
        ("total", ["80.0%", "16.0%", "4.0%"]),
    ],
)
def test_shares_are_of_the_first_of_the_one_before_or_of_all(of, shares):
    trace = plot("funnel", TABLE, **STAGES, percent_of=of, labels="share").figure["data"][0]
    assert trace["text"] == shares
    assert trace["hovertext"][1].startswith("basket<br><b>200</b> · ")


def test_each_metric_may_be_a_stage():
    table = pa.table({"flights": [10], "aircraft": [4], "mean_delay": [None]})
    options = {"metrics": ["aircraft", "flights", "mean_delay"]}
    found = plot("funnel", table, **options)
    assert found.figure["data"][0]["y"] == ["Flights", "Aircraft"]
    assert found.clicks == ()
    assert "customdata" not in found.figure["data"][0]
    first = plot("funnel", table, **options, sort="query").figure["data"][0]
    assert first["y"] == ["Aircraft", "Flights"]


def test_columns_may_stand_beside_each_other_with_a_legend():
    options = STAGES | {"orientation": "vertical", "legend": "right", "labels": "none"}
    data = plot("funnel", TABLE, **options).figure["data"]
    assert data[0]["x"] == ["visit", "basket", "order"]
    assert [t["name"] for t in data[1:]] == ["visit", "basket", "order"]
    silent = plot("funnel", TABLE, **STAGES, tooltip="none").figure["data"][0]
    assert silent["hoverinfo"] == "skip"


def test_funnels_draw_harm_nothing_and_one():
    hostile = pa.table({"origin": list(HOSTILE), "flights": [4, 3, 2, 1]})
    template = {"labels": "template", "label_template": "<a href='x'>{name}</a>"}
    harmless(plot("funnel", hostile, **STAGES, **template, legend="right"))
    assert isinstance(drawn("funnel", {"main": TABLE.slice(0, 0)}, **STAGES), Empty)
    assert isinstance(drawn("funnel", {"main": TABLE.slice(2, 1)}, **STAGES), Empty)
    assert plot("funnel", TABLE.slice(0, 1), **STAGES).figure["data"][0]["y"] == ["order"]


def test_the_warehouses_stages_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        found = asked("funnel", source, **STAGES)
        assert sum(numbers(found.figure["data"][0]["x"])) == len(FRAME)
        alone = asked("funnel", source, metrics=["flights", "aircraft"])
        assert numbers(alone.figure["data"][0]["x"]) == [400, 61]
