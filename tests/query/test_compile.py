"""Whole statements, run on every engine, against the same question in Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import pytest

from dashapp.errors import Invalid
from dashapp.specs import (
    Dimension,
    Filter,
    MetricFilter,
    Order,
    SeriesLimit,
    SimpleMetric,
    SqlFilter,
    SqlMetric,
)
from tests.query.worlds import ROWS, World


def groups(key):
    found = defaultdict(list)
    for row in ROWS:
        found[key(row)].append(row)
    return found


def total(values):
    """SUM: empty values are left out, the sum of nothing is empty."""
    known = [v for v in values if v is not None]
    return sum(known) if known else None


def test_counts_and_sums_per_member_with_empty_members_last(flights: World):
    rows = flights.ask(dimensions=(Dimension(column="carrier"),), metrics=("n", "seats"))
    expected = {
        k: (len(v), total(r["seats"] for r in v)) for k, v in groups(lambda r: r["carrier"]).items()
    }
    if flights.name == "mysql":  # Its texts are equal whatever their case.
        assert sum(r[1] for r in rows) == len(ROWS)
    else:
        assert {r[0]: r[1:] for r in rows} == expected
    assert rows[-1][0] is None


def test_raw_rows_come_in_the_order_asked(flights: World):
    rows = flights.ask(
        columns=("id", "seats", 'we"ird'),
        order=(Order(by="seats", descending=True), Order(by="id")),
        limit=7,
        offset=2,
    )

    def largest_first(r):
        return (r["seats"] is None, -(r["seats"] or 0), r["id"])

    expected = sorted(ROWS, key=largest_first)[2:9]
    assert rows == [(r["id"], r["seats"], r['we"ird']) for r in expected]
