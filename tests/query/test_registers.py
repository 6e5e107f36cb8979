"""The numbers that approximate metrics are made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from dashapp.query import sketches
from dashapp.query.statistics import Column, Grouping
from dashapp.specs import SimpleMetric
from dashapp.warehouses import sketching
from tests.query.test_sketches import near


def test_only_counts_of_values_and_medians_are_approximate() -> None:
    with pytest.raises(ValidationError, match="sum is always exact"):
        SimpleMetric(aggregate="sum", column="x", approximate=True, label="x")


def test_small_counts_are_right_to_the_value() -> None:
    by = Grouping(np.zeros(3, np.int64), 1)
    least = Column(np.array([5, 2**31, 2**32 - 1]), None, pa.int64(), True)
    assert sketches.different(by, np.array([1, 7, 2000]), least).values.tolist() == [3]


def test_hashes_are_spread_evenly() -> None:
    for values in (range(50_000), [f"x{n}" for n in range(50_000)]):
        registers = np.array([sketching.register(v) for v in values])
        least = np.array([sketching.least_hash(v) for v in values])
        by = Grouping(np.zeros(50_000, np.int64), 1)
        column = Column(least, None, pa.int64(), True)
        assert near(sketches.different(by, registers, column).values[0], 50_000)
    assert sketching.register(1) == sketching.register(1.0) != sketching.register("1")


def test_values_of_bins_are_within_one_percent() -> None:
    numbers = [s * 10.0**e for e in range(-290, 308, 7) for s in (1.0, -3.7, 9.99)]
    bins = np.array([sketching.log_bin(n) for n in [*numbers, 0.0]])
    found = sketches.binned(bins)
    assert np.allclose(found, [*numbers, 0.0], rtol=0.010001, atol=0)
    assert (np.argsort(numbers) == np.argsort(bins[:-1], kind="stable")).all()
