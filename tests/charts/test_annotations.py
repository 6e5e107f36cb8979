"""Formulas, events, intervals and other metrics over plots."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from dashapp.charts import kind
from dashapp.specs import Filter, Order
from tests.charts.flying import asked, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, queries

MONTHS = [datetime(2013, m, 1) for m in (1, 2, 3)]
MAIN = pa.table({"day": MONTHS, "flights": [10, 20, 30]})
EVENT = {"layer": "event", "name": "Storms", "time": "day", "title": "tail"}
BAND = {"layer": "interval", "start": "day", "end": "day", "title": "tail", "color": "#ff0000"}
METRIC = {"layer": "series", "name": "Delay", "metric": "mean_delay"}


def drawn(slug: str, *layers: dict[str, Any], **tables: pa.Table) -> Any:
    options: dict[str, Any] = {"metrics": ["flights"], "grain": "month", "annotations": layers}
    if slug == "mixed":
        options = {
            "bars": {"metrics": ["flights"]}, "lines": {"metrics": ["mean_delay"]},
            "grain": "month", "annotations": layers,
        }  # fmt: skip
        tables["lines"] = MAIN.rename_columns(["day", "mean_delay"])
    answers = {name.replace("_", " "): table for name, table in tables.items()}
    return plot(slug, {"main": MAIN, **answers}, **options)


@pytest.mark.parametrize("slug", ["line", "area", "bar", "mixed"])
def test_formulas_are_lines_over_times_in_milliseconds(slug):
    found = drawn(slug, {"layer": "formula", "name": "Days", "formula": "x / 864e5"})
    trace = found.figure["data"][-1]
    assert trace["name"] == "Days"
    assert numbers(trace["y"]) == [15706, 15737, 15765]


def test_formulas_over_members_count_places():
    table = pa.table({"origin": ["a", "b"], "flights": [2, 1]})
    layer = {"layer": "formula", "formula": "x + 1"}
    found = plot("bar", table, metrics=["flights"], x={"column": "origin"}, annotations=[layer])
    assert found.figure["data"][-1]["x"] == ["a", "b"]
    assert numbers(found.figure["data"][-1]["y"]) == [1, 2]


@pytest.mark.parametrize("slug", ["line", "area", "bar", "mixed"])
def test_events_are_lines_across_that_say_on_hover_what_happened(slug):
    table = pa.table({"day": [MONTHS[1], MONTHS[1], None], "tail": ["N1", HOSTILE[0], "N3"]})
    found = drawn(slug, EVENT, annotation_1=table)
    (shape,) = (s for s in found.figure["layout"]["shapes"] if s["type"] == "line")
    assert (shape["x0"], shape["yref"]) == (1359676800000.0, "paper")
    marks = found.figure["data"][-1]
    assert marks["text"][0] == "N1"
    assert found.figure["layout"]["yaxis9"]["range"] == [0, 1]
    harmless(found)


def test_intervals_are_bands():
    ends = pa.table({"day": [MONTHS[0]], "tail": ["Holidays"]})
    found = drawn("line", BAND, annotation_1=ends)
    (band,) = found.figure["layout"]["shapes"]
    assert (band["type"], band["fillcolor"]) == ("rect", "rgba(255,0,0,0.15)")


def test_another_metric_is_a_line_of_its_own_question():
    table = pa.table({"day": MONTHS, "mean_delay": [1.5, None, 2.0]})
    found = drawn("line", METRIC, annotation_1=table)
    trace = found.figure["data"][-1]
    assert (trace["name"], numbers(trace["y"])) == ("Delay", [1.5, None, 2.0])


def test_layers_ask_with_their_own_filters_and_the_charts_time_range():
    only = {"column": "late", "op": "is true"}
    specs = queries(
        "line", metrics=["flights"], grain="month", time_range="2013", filters=[only],
        annotations=[EVENT | {"filters": [{"column": "delay", "op": ">", "value": 90}]}, METRIC],
    )  # fmt: skip
    events, series = specs["annotation 1"], specs["annotation 2"]
    assert events.columns == ("day", "tail")
    assert events.filters == (Filter(column="delay", op=">", value=90),)
    assert (events.time_range, events.order) == ("2013", (Order(by="day"),))
    assert (series.dimensions[0].grain, series.metrics, series.filters) == (
        "month",
        ("mean_delay",),
        (),
    )


def test_hidden_layers_are_neither_asked_nor_drawn():
    layers = [EVENT | {"shown": False}, {"layer": "formula", "formula": "x", "shown": False}]
    assert list(queries("line", metrics=["flights"], annotations=layers)) == ["main"]
    assert len(drawn("line", *layers).figure["data"]) == 1


def test_a_formula_that_cannot_be_read_is_refused_when_it_is_written():
    layer = {"layer": "formula", "formula": "__import__('os')"}
    with pytest.raises(ValidationError, match="formula"):
        kind("line").Options.model_validate({"annotations": [layer]})


def test_the_warehouse_answers_layers(tmp_path):
    late = [{"column": "delay", "op": ">=", "value": 99}]
    with flying(tmp_path) as source:
        found = asked(
            "line", source, metrics=["flights"], grain="week",
            annotations=[EVENT | {"filters": late}, METRIC],
        )  # fmt: skip
    assert found.figure["layout"]["shapes"]
    assert [t["name"] for t in found.figure["data"]][1:] == ["Storms", "Delay"]
