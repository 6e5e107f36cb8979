"""What plans are compared by: how many groups there are, and what a query costs beside others."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import pyarrow as pa

from dashapp.query import profile
from dashapp.query.costs import cost, rates_of
from dashapp.query.lattice import Cut
from dashapp.query.measures import Stat
from dashapp.query.profile import Profile
from dashapp.specs import ColumnSpec, DatasetSpec

COLUMNS = (
    ColumnSpec(name="day", type="time"),
    ColumnSpec(name="shop", type="text"),
    ColumnSpec(name="hour", type="integer"),
)
DATASET = DatasetSpec(
    uuid=UUID(int=1), name="Sales", database=UUID(int=2), table="sales", columns=COLUMNS
)
DAY, SHOP, HOUR = Cut("day", "day"), Cut("shop"), Cut("hour")


def sales(days: int, per_day: int) -> pa.Table:
    """Rows in the order of their days: each of 40 shops sells in six hours of its own."""
    random = np.random.default_rng(3)
    shops = random.integers(0, 40, days * per_day)
    start = datetime(2024, 1, 1)  # noqa: DTZ001
    return pa.table({
        "day": [start + timedelta(days=at // per_day) for at in range(days * per_day)],
        "shop": [f"s{shop}" for shop in shops],
        "hour": shops % 4 * 6 + random.integers(0, 6, days * per_day),
    })  # fmt: skip


def looked(days: int, per_day: int) -> tuple[Profile, pa.Table]:
    """What a sample of the first rows, and the number of all, tell of that table."""
    table = sales(days, per_day)
    sample = table.slice(0, profile.SAMPLE_ROWS)
    found = profile.read(DATASET, sample)
    low, high = (table["day"][at].as_py().timestamp() * 1e6 for at in (0, -1))
    spans = {**found.spans, "day": (low, high)}
    known = Profile(found.members, spans, found.is_whole, found.sample, float(table.num_rows))
    return known, table


def test_rows_in_the_order_of_time_tell_how_many_groups_a_step_has() -> None:
    known, table = looked(days=150, per_day=2_000)
    true = table.group_by(["day", "shop", "hour"]).aggregate([]).num_rows
    assert known.cells([DAY, SHOP, HOUR]) < 1.2 * true
    assert known.cells([DAY, SHOP, HOUR]) > 0.8 * true


def test_a_column_store_asks_small_questions_apart_and_a_row_store_together() -> None:
    known, _ = looked(days=30, per_day=1_000)
    stats = (Stat("rows"),)

    def joined_saves(kind: str) -> bool:
        rates = rates_of(kind)
        apart = sum(cost(rates, DATASET, [c], (), stats, known) for c in (SHOP, HOUR))
        return cost(rates, DATASET, [SHOP, HOUR], (), stats, known) < 0.8 * apart

    assert joined_saves("postgresql")
    assert not joined_saves("duckdb")
