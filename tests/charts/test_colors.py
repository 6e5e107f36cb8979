"""Members keep their colours, and colours can be told apart."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.charts import colors
from dashapp.charts.base import Look
from dashapp.errors import Invalid

LOOK = Look(palette=colors.PALETTES["dashapp"])
NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=12, unique=True)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", [*colors.PALETTES["dashapp"], colors.GOOD, colors.BAD])
def test_own_palette_is_legible_on_light_and_dark(color):
    assert contrast(color, "#ffffff") >= 3
    assert contrast(color, "#14171c") >= 3


def test_every_colour_is_written_in_six_digits():
    groups = [*colors.PALETTES.values(), *colors.SCALES.values()]
    assert all(colors.check_color(c) == c for group in groups for c in group)
    assert all(len(set(p)) == len(p) for p in colors.PALETTES.values())


@given(NAMES)
def test_colours_do_not_depend_on_the_order_of_members(names):
    assert colors.assign(names, LOOK) == colors.assign(sorted(names), LOOK)


@given(NAMES)
def test_up_to_twelve_members_look_different(names):
    named = [n for n in names if n not in (colors.OTHER, colors.EMPTY)]
    assert len(set(colors.assign(named, LOOK).values())) == len(named)


@given(NAMES)
def test_a_filter_that_leaves_one_member_gives_it_its_first_choice(names):
    for name in names:
        assert colors.assign([name], LOOK)[name] == colors.color_of(name, LOOK)


def test_a_member_keeps_its_colour_when_another_goes():
    carriers = ["UA", "B6", "EV", "DL", "AA"]
    whole = colors.assign(carriers, LOOK)
    kept = [
        colors.assign(some, LOOK)[c] == whole[c] for some in permutations(carriers, 4) for c in some
    ]
    assert sum(kept) / len(kept) > 0.8


def test_fixed_colours_win_and_are_not_given_twice():
    first = colors.color_of("UA", LOOK)
    look = Look(palette=LOOK.palette, colors={"DL": first})
    assert colors.assign(["UA", "DL"], look)["DL"] == first
    assert colors.assign(["UA", "DL"], look)["UA"] != first


def test_fixed_members_keep_their_colours_under_every_filter():
    carriers = ["UA", "B6", "EV", "DL", "AA", "MQ", "US"]
    look = Look(palette=LOOK.palette, colors=colors.fix(carriers, LOOK))
    whole = colors.assign(carriers, look)
    assert all(colors.assign([c], look) == {c: whole[c]} for c in carriers)


def test_other_and_empty_are_grey():
    found = colors.assign(["Other", None, "UA"], LOOK)
    assert (found["Other"], found[None]) == (colors.OTHER_COLOR, colors.EMPTY_COLOR)


def test_more_members_than_colours_start_over():
    found = colors.assign(range(30), LOOK)
    assert {list(found.values()).count(c) for c in LOOK.palette} <= {2, 3}


def test_a_fixed_colour_that_is_no_colour_is_passed_over():
    look = Look(palette=LOOK.palette, colors={"UA": "url(javascript:1)"})
    assert colors.color_of("UA", look) in LOOK.palette


def test_scales_run_from_end_to_end():
    assert colors.shade(0) == "#dbe9f9"
    assert colors.shade(1) == colors.shade(7) == "#123f75"
    assert colors.shade(0, reverse=True) == "#123f75"
    assert colors.scale("blues")[1] == [0.25, "#9cc3ec"]
    assert colors.mix("#000000", "#ffffff", 0.5) == "#808080"


def test_what_is_no_colour_is_refused():
    assert colors.faded("#2b7ad6", 0.2) == "rgba(43,122,214,0.2)"
    with pytest.raises(Invalid, match="not a colour"):
        colors.faded("red", 0.2)


@pytest.mark.parametrize(
    ("color", "ink"),
    [
        ("#123f75", "#ffffff"),
        ("#dbe9f9", "#10151c"),
        ("#e07a1f", "#10151c"),
        ("#3454d1", "#ffffff"),
    ],
)
def test_words_on_a_colour_are_written_in_what_is_legible(color, ink):
    assert colors.ink(color) == ink
