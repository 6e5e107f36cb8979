"""Histograms and box plots."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.charts.bins import nice_width
from dashapp.charts.distribution import MOST_VALUES
from dashapp.errors import Invalid
from dashapp.specs import Filter
from dashapp.specs.post import BoxPlot
from dashapp.specs.post import Histogram as HistogramStep
from tests.charts.flying import FRAME, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

VALUES = pa.table({"delay": [-5.0, 0.0, 12.0, 31.0], "count": [2, 4, 3, 1]})
BY = {"column": "carrier"}


@pytest.mark.parametrize(
    ("low", "high", "bins", "width"),
    [(0, 100, 10, 10), (0, 100, 30, 5), (0, 0.9, 10, 0.1), (3, 3, 30, 1), (-20, 1301, 30, 50)],
)
def test_bins_have_widths_that_people_would_choose(low, high, bins, width):
    assert nice_width(low, high, bins) == width


def test_bins_are_cut_in_the_warehouse():
    spec = query("histogram", column="delay", bin=10, series=BY, value_low=-20, value_high=60)
    assert spec.dimensions[0].bin == 10
    assert spec.columns == ()
    assert [f.op for f in spec.filters] == ["is not null", ">=", "<="]
    assert Filter(column="delay", op=">=", value=-20.0) in spec.filters
    assert spec.series is not None
    with pytest.raises(Invalid, match="cut into bins"):
        query("histogram")


def test_a_metric_whose_values_do_not_add_up_needs_a_width():
    with pytest.raises(Invalid, match="bin width"):
        query("histogram", column="delay", metric="mean_delay")
    assert query("histogram", column="delay", metric="mean_delay", bin=5).metrics == ("mean_delay",)


def test_values_are_summed_in_bins_and_empty_bins_stay():
    found = plot("histogram", VALUES, column="delay", bin=10)
    trace = found.figure["data"][0]
    assert numbers(trace["y"]) == [2, 4, 3, 0, 1]
    assert numbers(trace["x"]) == [-5, 5, 15, 25, 35]
    assert trace["hovertext"][0] == "-10 – 0"
    assert trace["customdata"][0] == [-10]
    assert found.clicks == (ClickTarget("delay", None, 10),)
    assert found.summary == "Count in 5 bins from -10 to 40: most in 0 – 10 (4)."


def test_without_a_width_a_nice_one_is_chosen_and_clicked():
    found = plot("histogram", VALUES, column="delay", bins=8)
    assert found.clicks[0].bin == 5
    assert sum(numbers(found.figure["data"][0]["y"])) == 10


def test_counts_may_be_shares_and_add_up():
    trace = plot("histogram", VALUES, column="delay", bin=10, normalize=True, cumulative=True)
    assert numbers(trace.figure["data"][0]["y"]) == pytest.approx([0.2, 0.6, 0.9, 0.9, 1.0])
    assert trace.figure["data"][0]["hovertemplate"].count("%{") == 3


def test_series_stack_or_lie_over_each_other():
    table = VALUES.append_column("carrier", pa.array(["UA", "UA", "B6", "Other"]))
    found = plot("histogram", table, column="delay", bin=10, series=BY)
    assert found.figure["layout"]["barmode"] == "stack"
    assert {t["name"] for t in found.figure["data"]} == {"UA", "B6", "Other"}
    assert found.figure["data"][-1]["customdata"] == [None] * 5
    over = plot("histogram", table, column="delay", bin=10, series=BY, stack="overlaid")
    assert over.figure["layout"]["barmode"] == "overlay"
    assert over.figure["data"][0]["marker"]["color"].startswith("rgba(")


def test_fractions_fall_into_the_bin_they_begin():
    lows = [round(i * 0.1, 10) for i in range(11)]
    table = pa.table({"delay": lows, "count": [1] * 11})
    trace = plot("histogram", table, column="delay", bin=0.1).figure["data"][0]
    assert numbers(trace["y"]) == [1] * 11


def test_too_many_values_or_too_narrow_bins_are_refused():
    count = MOST_VALUES
    table = pa.table({"delay": np.arange(count) / 7, "count": np.ones(count)})
    found = drawn("histogram", {"main": table}, column="delay")
    assert isinstance(found, Empty)
    assert found.reason == "not_configured"
    with pytest.raises(Invalid, match="too narrow"):
        drawn("histogram", {"main": table}, column="delay", bin=0.001)


def test_histograms_draw_harm_nothing_and_one():
    table = pa.table({"delay": [1.0] * 4, "carrier": list(HOSTILE), "count": [1, 2, 3, 4]})
    harmless(plot("histogram", table, column="delay", series=BY))
    assert isinstance(drawn("histogram", {"main": VALUES.slice(0, 0)}, column="delay"), Empty)
    one = plot("histogram", VALUES.slice(0, 1), column="delay")
    assert numbers(one.figure["data"][0]["y"]) == [2]


def test_equal_bins_are_counted_over_raw_rows():
    spec = query("histogram", column="delay", edges="equal", bins=4, series=[BY], limit=99)
    assert spec.columns == ("carrier", "delay")
    assert spec.post == (HistogramStep(column="delay", bins=4, by=("carrier",)),)
    assert spec.filters == ()
    assert spec.limit == 99


COUNTED = pa.table(
    {
        "carrier": ["UA", "UA", None, None],
        "bin_from": [0.0, 2.5, 0.0, 2.5],
        "bin_to": [2.5, 5.0, 2.5, 5.0],
        "count": [1, 2, 5, 0],
    }
)


def test_values_stand_in_stacked_bins_and_over_single_ones():
    options = {"column": "delay", "edges": "equal", "bins": 2, "value_labels": True}
    first = plot("histogram", COUNTED, **options, series=BY).figure["data"][0]
    assert first["textposition"] == "inside"
    assert first["texttemplate"] == ["%{y:,.0f}", ""]  # Nothing is not written.
    alone = plot("histogram", COUNTED.slice(0, 2).drop_columns(["carrier"]), **options)
    assert alone.figure["data"][0]["textposition"] == "outside"
    axis = alone.figure["layout"]["xaxis"]
    assert (axis["tickmode"], axis["dtick"]) == ("linear", 1.0)


def test_equal_bins_come_as_they_were_counted():
    options = {"column": "delay", "edges": "equal", "bins": 2}
    found = plot("histogram", COUNTED, **options, series=BY)
    first, second = found.figure["data"]
    assert (first["name"], second["name"]) == ("(empty)", "UA")
    assert numbers(second["y"]) == [1, 2]
    assert numbers(second["x"]) == [1.25, 3.75]
    assert second["customdata"] == [["UA"], ["UA"]]
    assert found.clicks == (ClickTarget("carrier"),)
    whole = COUNTED.slice(0, 2).drop_columns(["carrier"])
    alone = plot("histogram", whole, **options, x_title="Late", y_title="Rows", x_format=".1f")
    assert alone.clicks == ()
    assert alone.figure["layout"]["xaxis"]["title"]["text"] == "Late"
    assert alone.summary == "Rows in 2 bins from 0 to 5: most in 2.5 – 5 (2)."
    assert isinstance(drawn("histogram", {"main": COUNTED.slice(0, 0)}, **options), Empty)


BOXES = pa.table(
    {
        "carrier": ["UA", "B6", None, "DL"],
        "metric": ["mean_delay"] * 4,
        "min": [0.0, 1.0, 2.0, None],
        "q1": [5.0, 6.0, 7.0, None],
        "median": [10.0, 30.0, 20.0, None],
        "q3": [15.0, 40.0, 25.0, None],
        "max": [20.0, 50.0, 30.0, None],
        "mean": [11.0, 31.0, 21.0, None],
        "count": [9, 9, 9, 0],
        "outliers": [[99.0, 120.0], [], [-50.0], []],
    }
)
BOX = {"by": [BY], "metric": "mean_delay"}


def test_boxes_spread_over_the_datasets_time_by_default():
    spec = query("box_plot", **BOX, grain="week", whiskers="2/98", members=5)
    assert [(d.name, d.grain) for d in spec.dimensions] == [("carrier", None), ("day", "week")]
    step = spec.post[0]
    assert step == BoxPlot(by=("carrier",), metrics=("mean_delay",), whiskers="2/98")
    assert spec.series is not None
    with pytest.raises(Invalid, match="metric, or a column"):
        query("box_plot", by=[BY])


def test_boxes_of_raw_values_ask_for_the_column():
    spec = query("box_plot", by=[BY], column="delay")
    assert spec.columns == ("carrier", "delay")
    assert spec.post == (BoxPlot(by=("carrier",), metrics=("delay",)),)


def test_boxes_come_by_median_with_whiskers_and_outliers():
    found = plot("box_plot", BOXES, **BOX)
    box, dots = found.figure["data"]
    assert box["x"] == ["B6", "UA", "(empty)"]
    assert numbers(box["median"]) == [30, 10, 20]
    assert numbers(box["lowerfence"]) == [1, 0, 2]
    assert box["customdata"] == [["B6"], ["UA"], [None]]
    assert numbers(dots["y"]) == [99, 120, -50]
    assert dots["customdata"] == [["UA"], ["UA"], [None]]
    assert found.clicks == (ClickTarget("carrier"),)
    assert found.summary == ("Mean delay in 3 boxes: highest median 30.0 (B6), lowest 10.0 (UA).")


def test_boxes_may_lie_and_leave_out_outliers():
    found = plot("box_plot", BOXES, **BOX, horizontal=True, outliers=False)
    assert len(found.figure["data"]) == 1
    assert found.figure["data"][0]["orientation"] == "h"
    assert found.figure["layout"]["yaxis"]["autorange"] == "reversed"


def test_boxes_of_several_metrics_stand_side_by_side():
    both = pa.concat_tables([BOXES, BOXES.set_column(1, "metric", pa.array(["flights"] * 4))])
    found = plot("box_plot", both, by=[BY], metrics=["mean_delay", "flights"], outliers=False)
    assert [t["name"] for t in found.figure["data"]] == ["Mean delay", "Flights"]
    assert found.figure["layout"]["boxmode"] == "group"
    assert found.figure["data"][1]["x"] == ["B6", "UA", "(empty)"]
    assert found.summary.startswith("Mean delay, Flights in 3 boxes: highest median 30.0 (B6, Mean")
    spec = query("box_plot", by=[BY], metrics=["mean_delay", "flights"], members=None)
    assert spec.post[0].metrics == ("mean_delay", "flights")
    assert spec.series is None


def test_whiskers_reach_to_any_percentiles():
    spec = query("box_plot", **BOX, whiskers="12.5/80", quartiles="midpoint", empty=False)
    assert (spec.post[0].whiskers, spec.post[0].quartiles) == ("12.5/80", "midpoint")
    with pytest.raises(ValueError, match="Percentiles"):
        query("box_plot", **BOX, whiskers="80/20")


def test_boxes_draw_harm_nothing_one_and_many():
    hostile = BOXES.set_column(0, "carrier", pa.array(HOSTILE))
    harmless(plot("box_plot", hostile, **BOX))
    assert isinstance(drawn("box_plot", {"main": BOXES.slice(3, 1)}, **BOX), Empty)
    assert isinstance(drawn("box_plot", {"main": BOXES.slice(0, 0)}, **BOX), Empty)
    whole = plot("box_plot", BOXES.slice(0, 1).drop_columns(["carrier"]), metric="mean_delay")
    assert whole.clicks == ()
    values = [float(i) for i in range(2000)]
    many = pa.table(
        {"carrier": [f"m{i}" for i in range(2000)], "outliers": [values] * 2000}
        | dict.fromkeys(("min", "q1", "median", "q3", "max", "mean"), values)
    )
    box, dots = plot("box_plot", many, **BOX).figure["data"]
    assert len(box["x"]) == 25
    assert len(dots["x"]) == 25 * 150


def test_the_warehouses_answers_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        for width in (None, 10):
            found = asked("histogram", source, column="delay", bin=width)
            assert sum(numbers(found.figure["data"][0]["y"])) == FRAME["delay"].count()
        equal = asked("histogram", source, column="delay", edges="equal", bins=7)
        counts = numbers(equal.figure["data"][0]["y"])
        assert counts == np.histogram(FRAME["delay"].dropna(), bins=7)[0].tolist()
        split = asked("histogram", source, column="delay", bin=20, series=BY, series_limit=2)
        assert len(split.figure["data"]) == 3
        assert len(asked("box_plot", source, **BOX).figure["data"][0]["x"]) == 4
        raw = asked("box_plot", source, by=[BY], column="delay")
        assert len(raw.figure["data"][0]["x"]) == 4
