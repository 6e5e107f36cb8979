"""Student's distribution: how likely a difference is by chance."""

from __future__ import annotations

import math
from typing import Final

_ROUNDS: Final = 500
_CLOSE: Final = 1e-15
_TINY: Final = 1e-300


def two_sided(t: float, degrees: int) -> float:
    """Probability that |T| is at least `|t|` with so many degrees of freedom (at least 1).

    The regularized incomplete beta function I(x; degrees/2, 1/2) at x = degrees / (degrees + t²),
    as a continued fraction (Press et al., Numerical Recipes, 6.4).
    """
    x = degrees / (degrees + t * t)
    a, b = degrees / 2, 0.5
    if x in (0.0, 1.0):
        return x
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(log_front + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = found
        for step in (even, odd):
            d = 1 / _off_zero(1 + step * d)
            c = _off_zero(1 + step / c)
            found *= c * d
        if abs(found - before) <= _CLOSE * abs(found):
            break
    return found


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
