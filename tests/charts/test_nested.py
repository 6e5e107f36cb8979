"""Treemaps, sunbursts and icicles."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts import KINDS
from dashapp.charts.base import Empty
from dashapp.errors import Invalid
from tests.charts.flying import FRAME, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

NESTED = ("treemap", "sunburst", "icicle")
LEVELS = {"levels": [{"column": "origin"}, {"column": "carrier"}], "metric": "flights"}
TREE = pa.table(
    {
        "origin": ["EWR", "EWR", "JFK", None],
        "carrier": ["UA", "B6", "UA", None],
        "flights": [30, 10, 20, 5],
        "mean_delay": [1.0, 5.0, None, 3.0],
        "delay_sum": [15.0, 5.0, 20.0, None],
    }
)


def by_path(trace, values):
    """Values of parts by their path; an icicle's are below the whole."""
    paths = [text.split("<br>")[0] for text in trace["hovertext"]]
    found = dict(zip(paths, values, strict=True))
    if trace["type"] == "icicle":
        whole = paths[0]
        found.pop(whole)
        found = {path.removeprefix(f"{whole} › "): value for path, value in found.items()}
    return found


@pytest.mark.parametrize("slug", NESTED)
def test_nested_parts_ask_for_their_leaves(slug):
    spec = query(slug, **LEVELS, color="mean_delay", limit=50)
    assert [d.name for d in spec.dimensions] == ["origin", "carrier"]
    assert spec.metrics == ("flights", "mean_delay")
    assert spec.limit == 50
    assert [(o.by, o.descending) for o in spec.order] == [("flights", True)]
    assert query(slug, **LEVELS, limit=None).limit is None
    assert KINDS[slug].needs_full_plotly
    with pytest.raises(Invalid, match="at least one level"):
        query(slug, metric="flights")
    assert drawn(slug, {"main": TREE}, metric="flights").reason == "not_configured"


@pytest.mark.parametrize("slug", NESTED)
def test_branches_are_as_large_as_what_they_hold(slug):
    found = plot(slug, TREE, **LEVELS)
    trace = found.figure["data"][0]
    assert by_path(trace, numbers(trace["values"])) == {
        "EWR": 40, "EWR › UA": 30, "EWR › B6": 10, "JFK": 20, "JFK › UA": 20,
        "(empty)": 5, "(empty) › (empty)": 5,
    }  # fmt: skip
    parents = by_path(trace, trace["parents"])
    ids = by_path(trace, trace["ids"])
    assert parents["EWR"] == ("0" if slug == "icicle" else "")
    assert parents["EWR › B6"] == ids["EWR"]
    assert trace["mode"] == ""
    assert found.summary == (
        "Flights by Origin, " + found.summary.split(", ")[1] + ", largest EWR (40)."
    )
    assert "4 parts" in found.summary


@pytest.mark.parametrize("slug", NESTED)
def test_leaves_mean_the_members_of_all_levels_and_branches_nothing(slug):
    found = plot(slug, TREE, **LEVELS)
    clicks = by_path(found.figure["data"][0], found.figure["data"][0]["customdata"])
    assert clicks["EWR"] is None
    assert clicks["EWR › B6"] == ["EWR", "B6"]
    assert clicks["(empty) › (empty)"] == [None, None]
    assert [c.column for c in found.clicks] == ["origin", "carrier"]


@pytest.mark.parametrize("slug", NESTED)
def test_parts_may_be_coloured_by_another_metric(slug):
    trace, legend = plot(slug, TREE, **LEVELS, color="mean_delay").figure["data"]
    told = by_path(trace, [text.split("<br>")[1] for text in trace["hovertext"]])
    colors = by_path(trace, trace["marker"]["colors"])
    assert told["EWR"] == "Mean delay: 2.0"  # Weighted by flights.
    assert colors["EWR › UA"] != colors["EWR › B6"]
    assert told["JFK"] == "Mean delay: –"
    assert legend["marker"]["showscale"] is True
    assert (legend["marker"]["cmin"], legend["marker"]["cmax"]) == (1.0, 5.0)
    assert len(trace["textfont"]["color"]) == len(trace["ids"])


def test_colour_may_be_the_ratio_of_two_sums():
    trace, legend = plot("sunburst", TREE, **LEVELS, color="delay_sum", color_as="ratio").figure[
        "data"
    ]
    told = [t for t in trace["hovertext"] if t.startswith("EWR<")]
    assert told == ["EWR<br>Delay sum / Flights: 50.0%"]
    assert legend["marker"]["cmax"] == 1.0
    assert any(t.endswith("Delay sum / Flights: –") for t in trace["hovertext"])


@pytest.mark.parametrize("slug", NESTED)
def test_nested_parts_draw_harm_nothing_one_and_many(slug):
    hostile = pa.table({"origin": list(HOSTILE), "carrier": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot(slug, hostile, **LEVELS))
    harmless(plot(slug, hostile, **LEVELS, color="flights"))
    assert isinstance(drawn(slug, {"main": TREE.slice(0, 0)}, **LEVELS), Empty)
    nothing = TREE.set_column(2, "flights", pa.array([0, -1, None, 0]))
    assert isinstance(drawn(slug, {"main": nothing}, **LEVELS), Empty)
    one = plot(slug, TREE.slice(0, 1), levels=[{"column": "origin"}], metric="flights")
    assert one.figure["data"][0]["labels"][-1] == "EWR"
    many = pa.table(
        {
            "origin": ["a"] * 5000,
            "carrier": [f"m{i}" for i in range(5000)],
            "flights": np.arange(5000, 0, -1),
        }
    )
    trace = plot(slug, many, **LEVELS).figure["data"][0]
    assert len(by_path(trace, trace["ids"])) == 2001
    assert numbers(trace["values"])[0] == 5000 * 5001 / 2


@pytest.mark.parametrize("slug", NESTED)
def test_small_parts_may_stay_without_label(slug):
    trace = plot(slug, TREE, **LEVELS, label_threshold=20, labels="value").figure["data"][0]
    shown = by_path(trace, trace["texttemplate"])
    assert shown["EWR › UA"] == "%{text}"
    assert shown["EWR › B6"] == ""
    assert plot(slug, TREE, **LEVELS, labels="none").figure["data"][0]["textinfo"] == "none"


def test_rings_may_be_fewer_and_tell_the_whole():
    figure = plot("sunburst", TREE, **LEVELS, depth=1, total=True).figure
    assert figure["data"][0]["maxdepth"] == 2
    assert "<b>65</b>" in figure["layout"]["annotations"][0]["text"]


def test_icicles_leave_small_parts_of_a_part_out():
    trace = plot("icicle", TREE, **LEVELS, most_inside=1).figure["data"][0]
    assert list(by_path(trace, trace["ids"])) == ["EWR", "EWR › UA"]
    trace = plot("icicle", TREE, **LEVELS, least_inside=30).figure["data"][0]
    assert list(by_path(trace, trace["ids"])) == ["EWR", "JFK", "EWR › UA", "JFK › UA"]


def test_icicles_show_several_metrics_beside_each_other():
    options = LEVELS | {"more_metrics": ["delay_sum", "flights"]}
    assert query("icicle", **options).metrics == ("flights", "delay_sum")
    found = plot("icicle", TREE, **options)
    first, second = found.figure["data"]
    assert first["labels"][0] == "Flights"
    assert numbers(first["values"])[0] == 65
    assert by_path(second, numbers(second["values"]))["EWR › UA"] == 15
    assert second["customdata"][0] is None
    assert first["domain"]["y"] == [0.5, 1]
    assert second["domain"]["y"] == [0, 0.5]
    assert found.summary.count("largest") == 2


TIMES = pa.table(
    {
        "origin": ["EWR", "EWR", "JFK", "JFK", "LGA"],
        "day": [datetime(2013, m, 1) for m in (1, 3, 1, 2, 3)],  # noqa: DTZ001
        "flights": [10, 30, 8, 4, 5],
    }
)
OVER = {"levels": [{"column": "origin"}], "metric": "flights", "grain": "month"}


def test_icicles_over_time_ask_for_buckets():
    spec = query("icicle", **OVER, over_time="mean")
    assert [(d.column, d.grain) for d in spec.dimensions] == [("origin", None), ("day", "month")]
    assert spec.limit is None
    assert [d.column for d in query("icicle", **OVER).dimensions] == ["origin"]


@pytest.mark.parametrize(
    ("how", "sizes"),
    [
        ("sum", {"EWR": 40, "JFK": 12, "LGA": 5}),
        ("mean", {"EWR": 20, "JFK": 6, "LGA": 5}),
        ("change", {"EWR": 30, "LGA": 5}),
    ],
)
def test_icicles_over_time_sum_average_or_show_the_last_bucket(how, sizes):
    trace = plot("icicle", TIMES, **OVER, over_time=how).figure["data"][0]
    assert by_path(trace, numbers(trace["values"])) == sizes


@pytest.mark.parametrize(
    ("how", "told"), [("difference", "20"), ("change", "+200.0%"), ("factor", "3")]
)
def test_icicles_colour_what_changed_since_the_first_bucket(how, told):
    trace, legend = plot("icicle", TIMES, **OVER, over_time=how).figure["data"]
    assert trace["hovertext"][1].endswith(f": {told}")
    assert legend["marker"]["showscale"] is True
    assert isinstance(drawn("icicle", {"main": TIMES.slice(0, 0)}, **OVER, over_time=how), Empty)


@pytest.mark.parametrize("slug", NESTED)
def test_the_warehouses_answers_are_nested(slug, tmp_path):
    with flying(tmp_path) as source:
        tree = asked(slug, source, **LEVELS, color="mean_delay")
        trace = tree.figure["data"][0]
        sizes = by_path(trace, numbers(trace["values"]))
        assert len(sizes) == 3 + 3 * 4
        assert sum(sizes.values()) == 2 * len(FRAME)
    if slug == "icicle":
        with flying(tmp_path / "again") as source:
            found = asked("icicle", source, **OVER, over_time="sum")
            assert len(found.figure["data"][0]["ids"]) == 4
