"""Gantt charts show what runs from when to when."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import ValidationError

from dashapp.charts.base import ClickTarget, Empty, Plot
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

HOUR = 3_600_000.0
START = datetime(2013, 1, 1)


def at(hour: int) -> datetime:
    return START.replace(hour=hour)


TABLE = pa.table(
    {
        "day": [at(1), at(2), at(5), None], "landed": [at(4), at(3), at(6), at(7)],
        "tail": ["N1", "N1", "N2", "N2"], "carrier": ["UA", None, "UA", "UA"],
        "flights": [1, 2, None, 4],
    }
)  # fmt: skip
OPTIONS = {
    "start": {"column": "day"}, "end": {"column": "landed"}, "rows": {"column": "tail"},
}  # fmt: skip


def test_bars_begin_and_end_where_tasks_do():
    found = plot("gantt", TABLE, **OPTIONS)
    bars = found.figure["data"][0]
    first = numbers(bars["base"])[0]
    assert [(b - first) / HOUR for b in numbers(bars["base"])] == [0, 1, 4]
    assert [x / HOUR for x in numbers(bars["x"])] == [3, 1, 1]
    assert found.clicks == (ClickTarget("tail"),)
    assert found.summary == "3 tasks in 2 rows (Aircraft) from 1 Jan 2013 to 1 Jan 2013."


@pytest.mark.parametrize(
    ("lanes", "lines"), [("free", [0, 1, 2]), ("overlap", [0, 0, 1]), ("color", [0, 1, 2])]
)
def test_tasks_that_overlap_have_lines_of_their_own(lanes, lines):
    found = plot("gantt", TABLE, color={"column": "carrier"}, lanes=lanes, **OPTIONS)
    places = {}
    for trace in found.figure["data"]:
        places |= dict(zip(numbers(trace["base"]), numbers(trace["y"]), strict=True))
    assert [places[base] for base in sorted(places)] == lines
    axis = found.figure["layout"]["yaxis"]
    assert axis["ticktext"] == ["N1", "N2"]
    assert axis["range"] == [max(lines) + 0.5, -0.5]


def test_colours_stand_for_members():
    found = plot("gantt", TABLE, color={"column": "carrier"}, labels="color", **OPTIONS)
    assert [t["name"] for t in found.figure["data"]] == ["UA", "(empty)"]
    assert found.figure["data"][1]["customdata"] == [["N1", None]]
    assert found.figure["data"][0]["text"] == ["UA", "UA"]


def test_hover_tells_what_was_asked_for():
    found = plot("gantt", TABLE, tooltips=[{"column": "carrier"}], metrics=["flights"],
                 time_format="%H:%M", **OPTIONS)  # fmt: skip
    told = found.figure["data"][0]["hovertext"]
    assert told[0] == "<b>N1</b><br>01:00 – 04:00<br>Carrier: UA<br>Flights: 1"
    assert told[2].endswith("Flights: –")


def test_the_axis_may_begin_and_end_at_a_time_of_day():
    found = plot("gantt", TABLE, day_from="00:30", day_to="12:00:00", today=True, **OPTIONS)
    low, high = found.figure["layout"]["xaxis"]["range"]
    assert (high - low) / HOUR == 11.5
    assert len(found.figure["layout"]["shapes"]) == 1
    with pytest.raises(ValidationError):
        plot("gantt", TABLE, day_from="25:00", **OPTIONS)


def test_only_so_many_rows_are_drawn():
    found = plot("gantt", TABLE, rows_limit=1, **OPTIONS)
    assert found.figure["layout"]["yaxis"]["ticktext"] == ["N1"]


def test_what_is_asked_for_is_asked_once():
    spec = query("gantt", color={"column": "tail"}, tooltips=[{"column": "carrier"}], **OPTIONS)
    assert [d.name for d in spec.dimensions] == ["day", "landed", "tail", "carrier"]
    assert [o.by for o in spec.order] == ["day", "tail"]
    with pytest.raises(Invalid, match="column of the end"):
        query("gantt", start={"column": "day"})


def test_a_start_that_is_no_time_is_refused():
    table = TABLE.set_column(0, "day", pa.array(["a", "b", "c", "d"]))
    with pytest.raises(Invalid, match="holds no times"):
        drawn("gantt", {"main": table}, **OPTIONS)


def test_nothing_to_draw_is_a_sentence():
    for table in (TABLE.slice(0, 0), TABLE.slice(3, 1)):
        assert isinstance(drawn("gantt", {"main": table}, **OPTIONS), Empty)


def test_labels_of_the_data_are_no_markup():
    table = pa.table({"day": [at(1)] * 4, "landed": [at(2)] * 4, "tail": list(HOSTILE),
                      "carrier": list(HOSTILE)})  # fmt: skip
    found = plot("gantt", table, color={"column": "carrier"}, labels="rows",
                 tooltips=[{"column": "carrier"}], **OPTIONS)  # fmt: skip
    harmless(found)


def test_a_warehouse_is_asked(tmp_path: Path):
    with flying(tmp_path) as source:
        found = asked("gantt", source, start={"column": "day"}, end={"column": "day"},
                      rows={"column": "carrier"}, limit=50)  # fmt: skip
    assert isinstance(found, Plot)
    assert all(x > 0 for x in numbers(found.figure["data"][0]["x"]))
