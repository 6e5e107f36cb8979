"""Equal questions have equal normal forms, different ones different forms."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from dashapp.errors import Invalid
from dashapp.query.compile import canonical
from dashapp.specs import ColumnSpec, Dimension, Filter, Order, QuerySpec, SimpleMetric, SqlFilter
from tests.query.worlds import COLUMNS, DATASET, NOW, World

N = SimpleMetric(aggregate="count", label="n")
MOST = SimpleMetric(aggregate="max", column="seats", label="most")


def form(world: World, zone="UTC", now=NOW, source=None, **spec):
    made = QuerySpec(dataset=DATASET, **{"metrics": ("n",), **spec})
    return json.dumps(canonical(source or world.source(), made, zone, now))


def one(column, op, value=None, **more):
    return {"filters": (Filter(column=column, op=op, value=value, **more),)}


EQUAL = [
    ({"metrics": ("n",)}, {"metrics": (N,)}),
    (one("carrier", "in", ("a", "b", "a")), one("carrier", "in", ("b", "a"))),
    (one("carrier", "=", "a"), one("carrier", "in", ("a",))),
    (one("seats", "=", "5"), one("seats", "=", 5)),
    (one("seats", "=", 5.0), one("seats", "=", 5)),
    (one("ts", "=", "2013-05-01"), one("ts", "=", "2013-05-01T00:00:00Z")),
    (one("ts", "=", "2013-05-20", grain="month"), one("ts", "=", "2013-05-01", grain="month")),
    (one("ts", "time range", "2013-05"), {"time_range": "2013-05-01 : 2013-06-01"}),
    ({"time_range": "last 7 days"}, {"time_range": "2013-04-03 : 2013-04-10"}),
    ({"time_range": "no filter"}, {}),
    (
        {"filters": (Filter(column="id", op="<", value=3), Filter(column="late", op="is true"))},
        {"filters": (Filter(column="late", op="is true"), Filter(column="id", op="<", value=3)) * 2},
    ),
    ({"where": (SqlFilter(expression="a"), SqlFilter(expression="b"))},
     {"where": (SqlFilter(expression="b"), SqlFilter(expression="a"))}),
    (
        {"dimensions": (Dimension(column="carrier"),), "order": (Order(by="n", metric=N),)},
        {"dimensions": (Dimension(column="carrier"),), "order": (Order(by="n"), Order(by="carrier"))},
    ),
]  # fmt: skip
DIFFERENT = [
    ({}, {"limit": 5}),
    ({"order": (Order(by="most", metric=N),)}, {"order": (Order(by="most", metric=MOST),)}),
    (
        {"dimensions": (Dimension(column="carrier"),)},
        {
            "dimensions": (Dimension(column="carrier"),),
            "order": (Order(by="carrier", descending=True),),
        },
    ),
    ({}, {"offset": 5}),
    (
        {"dimensions": (Dimension(column="ts", grain="day"),)},
        {"dimensions": (Dimension(column="ts"),)},
    ),
    (
        {"dimensions": (Dimension(column="id", bin=5),)},
        {"dimensions": (Dimension(column="id", bin=6),)},
    ),
    (one("carrier", "=", "1"), one("carrier", "!=", "1")),
    (one("carrier", "in", (None,)), one("carrier", "in", ("None",))),
    (one("late", "=", True), one("late", "=", False)),
    (one("ts", "=", "2013-05-20", grain="month"), one("ts", "=", "2013-05-01")),
    (one("carrier", "contains", "a"), one("carrier", "starts with", "a")),
    (one("seats", "between", (1, 2)), one("seats", "between", (2, 1))),
    ({"time_range": "last 7 days"}, {"time_range": "last 8 days"}),
    ({"time_range": "2013"}, {"time_range": "2013", "time_column": "day"}),
    ({"metrics": ("n",)}, {"metrics": ("seats",)}),
]


@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_equal_questions_are_equal(lite: World, first, second):
    assert form(lite, **first) == form(lite, **second)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_different_questions_differ(lite: World, first, second):
    assert form(lite, **first) != form(lite, **second)


def test_relative_ranges_follow_the_day_and_the_zone(lite: World):
    spec = {"time_range": "last 7 days"}
    assert form(lite, **spec) == form(lite, now=NOW + timedelta(hours=3), **spec)
    assert form(lite, **spec) != form(lite, now=NOW + timedelta(days=1), **spec)
    assert form(lite, **spec) != form(lite, zone="Asia/Tokyo", **spec)


def test_a_changed_meaning_changes_the_form(lite: World):
    other = lite.source(
        columns=(*COLUMNS[:-1], ColumnSpec(name="double seats", expression="seats"))
    )
    assert form(lite) != form(lite, source=other)
    numbers = lite.source(columns=tuple(c.model_copy(update={"type": "text"}) for c in COLUMNS))
    spec = {"dimensions": (Dimension(column="seats"),)}
    assert form(lite, **spec) != form(lite, source=numbers, **spec)


def test_values_that_do_not_fit_are_refused(lite: World):
    with pytest.raises(Invalid, match="needs a number"):
        form(lite, **one("seats", "=", "x"))
