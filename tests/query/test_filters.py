"""Every operator on every engine against the same predicate in Python."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashapp.errors import Invalid
from dashapp.query import grains
from dashapp.specs import Dimension, Filter, SqlFilter
from tests.query.worlds import CARRIERS, ROWS, World, kept

COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("op", list(COMPARE))
@pytest.mark.parametrize(
    ("column", "value"), [("Dep Delay", 5.25), ("seats", 12), ("seats", 12.5), ("id", "17")]
)
def test_numbers_compare_and_empty_cells_never_match(flights: World, op, column, value):
    found = flights.ids(Filter(column=column, op=op, value=value))
    test = COMPARE[op]
    number = float(value)
    assert found == kept(lambda r: r[column] is not None and test(r[column], number))


@pytest.mark.parametrize("op", list(COMPARE))
@pytest.mark.parametrize("grain", [None, *grains.EVERY])
def test_times_compare_by_their_grain(flights: World, op, grain):
    value = datetime(2013, 3, 4, 7, 0)
    found = flights.ids(Filter(column="ts", op=op, value=value.isoformat(), grain=grain))

    def start(time):
        return grains.floor(time, grain) if grain else time

    test = COMPARE[op]
    assert found == kept(lambda r: r["ts"] is not None and test(start(r["ts"]), start(value)))


@pytest.mark.parametrize("op", list(COMPARE))
@pytest.mark.parametrize("grain", [None, "day", "week", "month", "year"])
def test_days_compare_by_their_grain(flights: World, op, grain):
    found = flights.ids(Filter(column="day", op=op, value="2013-02-11", grain=grain))

    def start(day):
        time = datetime(day.year, day.month, day.day)
        return grains.floor(time, grain) if grain else time

    test, value = COMPARE[op], start(date(2013, 2, 11))
    assert found == kept(lambda r: r["day"] is not None and test(start(r["day"]), value))


@pytest.mark.parametrize("values", [("UA", "DL"), ("UA", None), (None,), (), ("nobody",)])
def test_lists_hold_empty_cells_only_when_they_say_so(flights: World, values):
    inside = flights.ids(Filter(column="carrier", op="in", value=values))
    outside = flights.ids(Filter(column="carrier", op="not in", value=values))
    folded = {v.lower() if v and flights.name == "mysql" else v for v in values}

    def shown(row):
        text = row["carrier"]
        return text.lower() if text and flights.name == "mysql" else text

    assert inside == kept(lambda r: shown(r) in folded)
    if values:
        assert outside == kept(lambda r: shown(r) is not None and shown(r) not in folded)
    else:
        assert outside == kept(lambda r: True)


SEARCHES = {
    "contains": lambda cell, text: text in cell,
    "not contains": lambda cell, text: text not in cell,
    "starts with": str.startswith,
    "ends with": str.endswith,
}


@pytest.mark.parametrize("op", list(SEARCHES))
@pytest.mark.parametrize("column", ["carrier", 'we"ird'])
def test_texts_are_searched_whatever_their_case_and_signs(flights: World, column, op):
    def search(text):
        return kept(lambda r: r[column] is not None and SEARCHES[op](r[column].lower(), text))

    for text in ("a", "u", "'", "%", "_", "0%", "A_B", "/", "\\", ":x", "%(a)s", "🛫"):
        found = flights.ids(Filter(column=column, op=op, value=text))
        assert found == search(text.lower()), text


@pytest.mark.parametrize(
    ("pattern", "cell"), [("U_", "UA"), ("a\\_b", "a_b"), ("100\\%", "100%"), ("O'H%", "O'Hare")]
)
def test_like_looks_at_case_and_a_backslash_takes_signs_literally(flights: World, pattern, cell):
    if flights.name == "mysql":
        pytest.skip("MySQL's collation decides about case.")
    found = flights.ids(Filter(column="carrier", op="like", value=pattern))
    assert found == kept(lambda r: r["carrier"] == cell)
    rest = flights.ids(Filter(column="carrier", op="not like", value=pattern))
    assert rest == kept(lambda r: r["carrier"] not in (None, cell))


def test_ilike_does_not_look_at_case(flights: World):
    assert flights.ids(Filter(column="carrier", op="ilike", value="U_")) == kept(
        lambda r: (r["carrier"] or "").lower() == "ua"
    )


def test_a_pattern_that_ends_in_a_backslash_is_an_ordinary_pattern(flights: World):
    assert flights.ids(Filter(column="carrier", op="like", value="UA\\")) == set()


def test_booleans_are_true_false_or_empty(flights: World):
    assert flights.ids(Filter(column="late", op="is true")) == kept(lambda r: r["late"] is True)
    assert flights.ids(Filter(column="late", op="is false")) == kept(lambda r: r["late"] is False)
    assert flights.ids(Filter(column="late", op="=", value=True)) == kept(lambda r: r["late"])
    both = flights.ids(Filter(column="late", op="in", value=(False, None)))
    assert both == kept(lambda r: not r["late"])
    assert flights.ids(Filter(column="late", op="is null")) == kept(lambda r: r["late"] is None)


def test_between_takes_both_ends_and_may_be_open(flights: World):
    def between(low, high):
        return flights.ids(Filter(column="seats", op="between", value=(low, high)))

    assert between(3, 20) == kept(lambda r: r["seats"] is not None and 3 <= r["seats"] <= 20)
    assert between(None, 20) == kept(lambda r: r["seats"] is not None and r["seats"] <= 20)
    assert between(3, None) == kept(lambda r: r["seats"] is not None and r["seats"] >= 3)
    assert between(None, None) == kept(lambda r: r["seats"] is not None)


@pytest.mark.parametrize("width", [10, 7, 0.5, 2.5])
@pytest.mark.parametrize("column", ["Dep Delay", "seats"])
def test_a_bin_keeps_the_rows_that_its_bar_counted(flights: World, column, width):
    bars = flights.ask(
        dimensions=(Dimension(column=column, bin=width, label="bin"),), metrics=("n",)
    )
    assert sum(n for _, n in bars) == len(ROWS)
    for edge, n in bars[::5]:
        if edge is None:
            continue
        found = flights.ids(Filter(column=column, op="=", value=edge, bin=width))
        assert len(found) == n
        assert all(edge <= ROWS[i][column] < edge + width for i in found)


WRONG = [
    ("seats", "=", "many"),
    ("seats", "=", True),
    ("ts", "=", "soon"),
    ("ts", "<", 5),
    ("late", "=", "maybe"),
    ("carrier", "=", "a\0b"),
    ("Dep Delay", "<", "inf"),
    ("carrier", "time range", "last 7 days"),
    ("carrier", "is true", None),
]


@pytest.mark.parametrize(("column", "op", "value"), WRONG)
def test_a_value_that_does_not_fit_its_column_is_refused_by_name(lite: World, column, op, value):
    item = Filter(column=column, op=op, value=value)
    with pytest.raises(Invalid) as caught:
        lite.statement(columns=("id",), filters=(item,))
    assert column in caught.value.fields


def test_unknown_columns_are_refused_with_a_suggestion(lite: World):
    item = Filter(column="carier", op="is null")
    with pytest.raises(Invalid, match="Did you mean 'carrier'"):
        lite.statement(columns=("id",), filters=(item,))


def test_a_grain_of_a_number_is_refused(lite: World):
    item = Filter(column="seats", op="=", value=1, grain="day")
    with pytest.raises(Invalid, match="no grain"):
        lite.statement(columns=("id",), filters=(item,))


def test_written_conditions_use_columns_whatever_their_case(flights: World):
    quote = "`" if flights.name == "mysql" else '"'
    text = f"SEATS > 5 or {quote}Dep Delay{quote} < 0 -- and so on"
    assert flights.ids(where=(SqlFilter(expression=text),)) == kept(
        lambda r: (
            (r["seats"] is not None and r["seats"] > 5)
            or (r["Dep Delay"] is not None and r["Dep Delay"] < 0)
        )
    )


def test_calculated_columns_filter_and_nest(flights: World):
    assert flights.ids(Filter(column="double seats", op=">", value=40)) == kept(
        lambda r: r["seats"] is not None and r["seats"] * 2 > 40
    )
    found = flights.ids(where=(SqlFilter(expression="id < 9"),))
    assert found == set(range(9))


number = st.one_of(st.integers(-30, 60), st.floats(-30, 60).map(lambda x: round(x * 4) / 4))
times = st.datetimes(datetime(2013, 2, 20), datetime(2013, 12, 31)).map(lambda t: t.isoformat())
scalar_ops = st.sampled_from(list(COMPARE))
filters = st.one_of(
    st.builds(Filter, column=st.just("seats"), op=scalar_ops, value=number),
    st.builds(Filter, column=st.just("Dep Delay"), op=scalar_ops, value=number),
    st.builds(
        Filter,
        column=st.just("ts"),
        op=scalar_ops,
        value=times,
        grain=st.sampled_from([None, *grains.EVERY]),
    ),
    st.builds(
        Filter,
        column=st.just("carrier"),
        op=st.sampled_from(["in", "not in"]),
        value=st.lists(st.sampled_from(CARRIERS), max_size=5).map(tuple),
    ),
)


def holds(item: Filter, row) -> bool:
    """The same filter in Python."""
    cell = row[item.column]
    if item.op == "in":
        return cell in item.value
    if item.op == "not in":
        return not item.value or (cell is not None and cell not in item.value)
    if cell is None:
        return False
    if item.column != "ts":
        return COMPARE[item.op](cell, item.value)
    other = datetime.fromisoformat(item.value)
    if item.grain:
        cell, other = grains.floor(cell, item.grain), grains.floor(other, item.grain)
    return COMPARE[item.op](cell, other)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(items=st.lists(filters, min_size=1, max_size=4))
def test_any_filters_keep_what_python_keeps(flights: World, items):
    if flights.name == "mysql":
        items = [i for i in items if i.column != "carrier"]
    assert flights.ids(*items) == kept(lambda r: all(holds(i, r) for i in items))


def test_adjacent_grains_become_one_range(lite: World):
    days = tuple((datetime(2013, 3, 1) + timedelta(days=i)).isoformat() for i in (2, 0, 1))
    item = Filter(column="ts", op="in", value=days, grain="day")
    sql = str(lite.statement(columns=("id",), filters=(item,)))
    assert sql.count(">=") == 1
    assert "strftime" not in sql
