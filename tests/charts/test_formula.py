"""Formulas in x are computed, and nothing but formulas."""

from __future__ import annotations

import numpy as np
import pytest

from dashapp.charts.formula import evaluate
from dashapp.errors import Invalid

X = np.array([0.0, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2x^2 + 1", [1, 3, 9, 33]),
        ("y = 3(x + 1)", [3, 6, 9, 15]),
        ("f(x) = -x^2", [0, -1, -4, -16]),
        ("2^3^2", [512, 512, 512, 512]),
        ("x ** 2 % 3", [0, 1, 1, 1]),
        ("max(x, 2) - min(x, 1)", [2, 1, 1, 3]),
        ("1e1 x", [0, 10, 20, 40]),
        ("cos(2 pi x)", [1, 1, 1, 1]),
        ("sqrt(x)", [0, 1, 2**0.5, 2]),
    ],
)
def test_formulas_are_computed_as_they_are_written(text, expected):
    assert evaluate(text, X) == pytest.approx(expected)


def test_where_a_formula_has_no_value_there_is_none():
    assert np.isnan(evaluate("1 / x", X)[0])
    assert np.isnan(evaluate("log(x - 3)", X)[:3]).all()
    assert np.isnan(evaluate("9 ** 9 ** 9 ** 9", X)).all()


@pytest.mark.parametrize(
    "text",
    [
        "", "2 +", "x.__class__", "__import__", "import os", "x; x", "lambda x: x", "sin", "sin()",
        "sin(x, x)", "a + 1", "(x", "x)", "'x'", "(" * 400, "^".join("x" * 200), "x" * 501,
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_a_sentence(text):
    with pytest.raises(Invalid, match=r"\.$"):
        evaluate(text, X)
