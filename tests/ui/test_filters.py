"""Controls of the filter bar."""

from __future__ import annotations

import pytest

from dashapp.ui import filters


@pytest.mark.parametrize(
    ("bounds", "outward", "step"),
    [
        ((17.0, 4983.0), (17.0, 4983.0), 1),
        ((-11.74, 37.78), (-12.0, 38.0), 1),
        ((0.013, 0.97), (0.01, 0.97), 0.01),
        ((2.5, 2.5), (2.0, 3.0), 1),
    ],
)
def test_sliders_begin_and_end_at_round_values(bounds, outward, step):
    assert filters.outward(bounds) == pytest.approx(outward)
    assert filters.step(bounds) == step


def test_a_filter_without_values_has_no_bounds():
    assert filters.outward(None) is None
