"""Word clouds."""

from __future__ import annotations

from itertools import combinations

import pyarrow as pa
import pytest

from dashapp.charts.base import ClickTarget, Empty
from dashapp.charts.cloud import lay, width_of
from dashapp.errors import Invalid
from tests.charts.flying import asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, query

WORDS = {"dimension": {"column": "origin"}, "metric": "flights"}
TABLE = pa.table({"origin": ["EWR", "JFK", None, "LGA"], "flights": [40, 100, 10, 0]})
MANY = pa.table({"origin": [f"word {i}" for i in range(500)], "flights": range(500, 0, -1)})


def test_words_are_asked_largest_first_unless_ordered_otherwise():
    spec = query("word_cloud", **WORDS)
    assert spec.limit == 100
    assert [(o.by, o.descending) for o in spec.order] == [("flights", True)]
    by_name = query("word_cloud", **WORDS, order=[{"by": "origin"}], limit=None)
    assert (by_name.limit, by_name.order[0].by) == (None, "origin")
    with pytest.raises(Invalid, match="what the words are"):
        query("word_cloud", metric="flights")
    assert drawn("word_cloud", {"main": TABLE}).reason == "not_configured"


def test_words_are_as_large_as_their_metric_and_can_be_clicked():
    found = plot("word_cloud", TABLE, **WORDS)
    (trace,) = found.figure["data"]
    assert trace["text"] == ["JFK", "EWR", "(empty)"]
    assert trace["customdata"] == [["JFK"], ["EWR"], [None]]
    heights = numbers(trace["width"])
    assert heights == sorted(heights, reverse=True)
    assert trace["hovertext"][0] == "JFK<br><b>100</b>"
    assert found.clicks == (ClickTarget("origin"),)
    assert found.summary == "Flights by Origin, 3 words: largest JFK (100)."


def test_the_same_words_lie_the_same():
    first = plot("word_cloud", MANY, **WORDS, rotation="random")
    assert first == plot("word_cloud", MANY, **WORDS, rotation="random")


@pytest.mark.parametrize("rotation", ["flat", "square", "random"])
def test_no_word_lies_on_another(rotation):
    angles = {"flat": [0], "square": [0, -90], "random": [0, 30, -60]}[rotation]
    texts = [f"word {i}" for i in range(120)]
    turned = [angles[i % len(angles)] for i in range(120)]
    boxes = lay(texts, [120 - i for i in range(120)], turned)
    assert len(boxes) == 120
    for a, b in combinations(boxes, 2):
        apart = abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-9
        assert apart or abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-9


def test_words_turn_as_asked():
    flat = plot("word_cloud", MANY, **WORDS, words=60).figure["data"]
    assert [t["textangle"] for t in flat] == [0]
    square = plot("word_cloud", MANY, **WORDS, words=60, rotation="square").figure["data"]
    assert [t["textangle"] for t in square] == [-90, 0]
    loose = plot("word_cloud", MANY, **WORDS, words=60, rotation="random").figure["data"]
    assert {t["textangle"] for t in loose} > {-60, 0}
    assert sum(len(t["text"]) for t in loose) == 60


def test_words_may_be_coloured_by_size():
    (trace,) = plot("word_cloud", TABLE, **WORDS, color_scale="viridis").figure["data"]
    colors = trace["insidetextfont"]["color"]
    assert len(set(colors)) == 3
    own = plot("word_cloud", TABLE, **WORDS).figure["data"][0]["insidetextfont"]["color"]
    assert own != colors


def test_wide_letters_take_more_room():
    assert width_of("lll") < width_of("aaa") < width_of("WWW") < width_of("漢字文字")


def test_clouds_draw_harm_nothing_one_and_long_words():
    hostile = pa.table({"origin": list(HOSTILE), "flights": [4, 3, 2, 1]})
    harmless(plot("word_cloud", hostile, **WORDS))
    assert isinstance(drawn("word_cloud", {"main": TABLE.slice(0, 0)}, **WORDS), Empty)
    assert isinstance(drawn("word_cloud", {"main": TABLE.slice(3, 1)}, **WORDS), Empty)
    one = plot("word_cloud", TABLE.slice(0, 1), **WORDS).figure["data"]
    assert one[0]["text"] == ["EWR"]
    table = pa.table({"origin": ["x" * 500, "漢字" * 40], "flights": [2, 1]})
    assert sum(len(t["text"]) for t in plot("word_cloud", table, **WORDS).figure["data"]) == 2


def test_the_warehouses_words_are_drawn(tmp_path):
    with flying(tmp_path) as source:
        found = asked("word_cloud", source, **WORDS)
        assert sorted(found.figure["data"][0]["text"]) == ["EWR", "JFK", "LGA"]
