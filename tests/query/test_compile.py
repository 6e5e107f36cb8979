"""Whole statements, run on every engine, against the same question in Python."""

from __future__ import annotations

import statistics
from collections import defaultdict

import pytest
from sqlalchemy import text

from dashapp.errors import Invalid
from dashapp.query.compile import names
from dashapp.specs import (
    ColumnSpec,
    Dimension,
    Filter,
    MetricFilter,
    MetricSpec,
    Order,
    QuerySpec,
    RatioMetric,
    SeriesLimit,
    SimpleMetric,
    SqlFilter,
    SqlMetric,
)
from tests.query.worlds import COLUMNS, DATASET, ROWS, World

CARRIER = (Dimension(column="carrier"),)


def groups(key, rows=ROWS):
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def carrier(world: World):
    """The carrier as the engine groups it: MySQL's texts are equal whatever their case."""
    if world.name == "mysql":
        return lambda r: r["carrier"].lower() if r["carrier"] else r["carrier"]
    return lambda r: r["carrier"]


def folded(world: World, value):
    return value.lower() if value and world.name == "mysql" else value


def known(rows, column):
    return [r[column] for r in rows if r[column] is not None]


def total(values):
    """SUM: the sum of nothing is empty."""
    return sum(values) if values else None


def test_counts_and_sums_per_member_with_empty_members_last(flights: World):
    rows = flights.ask(dimensions=CARRIER, metrics=("n", "seats"))
    expected = {k: (len(v), total(known(v, "seats"))) for k, v in groups(carrier(flights)).items()}
    assert {folded(flights, r[0]): r[1:] for r in rows} == expected
    assert rows[-1][0] is None


def test_every_simple_aggregate_equals_python(flights: World):
    wanted = ["count", "count_distinct", "sum", "avg", "min", "max", "stddev"]
    if flights.name != "mysql":
        wanted.append("median")
    for column in ("seats", "Dep Delay"):
        metrics = tuple(SimpleMetric(aggregate=a, column=column, label=a) for a in wanted)
        rows = flights.ask(dimensions=CARRIER, metrics=metrics)
        for row in rows:
            cells = known(groups(carrier(flights))[folded(flights, row[0])], column)
            answers = dict(zip(wanted, row[1:], strict=True))
            expected = {"count": len(cells), "count_distinct": len(set(cells))}
            if cells:
                expected |= {"sum": sum(cells), "avg": statistics.fmean(cells)}
                expected |= {"min": min(cells), "max": max(cells)}
                expected |= {"median": statistics.median(cells), "stddev": statistics.stdev(cells)}
            for name, answer in answers.items():
                assert answer == (
                    None if name not in expected else pytest.approx(expected[name])
                ), (name, row)


def test_numbers_come_back_as_numbers(flights: World):
    metrics = (
        SimpleMetric(aggregate="sum", column="seats", label="whole"),
        SimpleMetric(aggregate="avg", column="seats", label="mean"),
        SimpleMetric(aggregate="sum", column="late", label="true"),
        SqlMetric(expression="sum(seats) + count(*)", label="written"),
        "late share",
    )
    row = flights.ask(metrics=metrics)[0]
    assert [type(v) for v in row] == [int, float, int, float, float]
    assert row[0] == sum(known(ROWS, "seats"))
    assert row[2] == sum(1 for r in ROWS if r["late"])


def test_an_average_of_whole_numbers_keeps_its_digits(flights: World):
    metric = SimpleMetric(aggregate="avg", column="id", label="mean")
    rows = flights.ask(
        metrics=(metric,), filters=(Filter(column="id", op="in", value=(1, 2, 2, 5)),)
    )
    assert rows[0][0] == pytest.approx(8 / 3, abs=1e-12)


def test_aggregates_that_make_no_sense_are_refused_in_a_sentence(flights: World):
    total_of_texts = SimpleMetric(aggregate="sum", column="carrier", label="x")
    with pytest.raises(Invalid, match="needs numbers"):
        flights.statement(metrics=(total_of_texts,))
    if flights.name == "mysql":
        median = SimpleMetric(aggregate="median", column="seats", label="x")
        with pytest.raises(Invalid, match="median is not available"):
            flights.statement(metrics=(median,))


def test_a_ratio_divides_sums_and_is_empty_where_the_divisor_is_zero(flights: World):
    metrics = (
        MetricSpec(name="n", definition=SimpleMetric(aggregate="count", label="n")),
        MetricSpec(
            name="nothing",
            definition=SqlMetric(
                expression="sum(case when id < 0 then 1 else 0 end)", label="nothing"
            ),
        ),
        MetricSpec(
            name="late",
            definition=SqlMetric(expression="count(case when late then 1 end)", label="late"),
        ),
    )
    source = flights.source(metrics=metrics)
    asked = (
        RatioMetric(numerator="late", denominator="n", scale=100, label="percent"),
        RatioMetric(numerator="n", denominator="nothing", label="impossible"),
    )
    for row in flights.ask(source, dimensions=CARRIER, metrics=asked):
        rows = groups(carrier(flights))[folded(flights, row[0])]
        late = sum(1 for r in rows if r["late"])
        assert row[1] == pytest.approx(100 * late / len(rows))
        assert row[2] is None


def test_ratios_in_a_circle_are_refused(lite: World):
    loop = RatioMetric(numerator="loop", denominator="loop", label="loop")
    source = lite.source(metrics=(MetricSpec(name="loop", definition=loop),))
    with pytest.raises(Invalid, match="circle"):
        lite.statement(source, metrics=("loop",))


def test_calculated_columns_in_a_circle_are_refused(lite: World):
    columns = (
        ColumnSpec(name="a", expression="b + 1"),
        ColumnSpec(name="b", expression="a + 1"),
    )
    with pytest.raises(Invalid, match="circle"):
        lite.statement(lite.source(columns=columns), columns=("a",))


def test_rows_may_be_sorted_by_a_metric_that_is_not_shown(flights: World):
    by = SimpleMetric(aggregate="max", column="id", label="newest")
    asked = flights.ask(
        dimensions=(Dimension(column="carrier"),),
        metrics=(SimpleMetric(aggregate="count", label="n"),),
        order=(Order(by="newest", descending=True, metric=by),),
        limit=2,
    )
    newest: dict[object, int] = {}
    for row in ROWS:
        newest[row["carrier"]] = max(newest.get(row["carrier"], 0), row["id"])
    wanted = sorted(newest, key=lambda c: -newest[c])[:2]
    assert [r[0] for r in asked] == wanted


def test_a_calculated_column_may_make_something_of_a_column_of_its_own_name(flights: World):
    columns = tuple(
        ColumnSpec(name="seats", type="integer", expression="seats * 2") if c.name == "seats" else c
        for c in flights.source().dataset.columns
    )
    doubled = ColumnSpec(name="doubled", type="integer", expression="seats + 1")
    rows = flights.ask(
        flights.source(columns=(*columns, doubled)),
        columns=("id", "seats", "doubled"),
        order=(Order(by="id"),),
        limit=5,
    )
    kept = sorted(ROWS, key=lambda r: r["id"])[:5]
    twice = [None if r["seats"] is None else r["seats"] * 2 for r in kept]
    assert rows == [
        (r["id"], t, None if t is None else t + 1) for r, t in zip(kept, twice, strict=True)
    ]


def test_raw_rows_come_in_the_order_asked_page_by_page(flights: World):
    def largest_first(r):
        return (r["seats"] is None, -(r["seats"] or 0), r["id"])

    expected = [(r["id"], r["seats"], r['we"ird']) for r in sorted(ROWS, key=largest_first)]
    pages = [
        flights.ask(
            columns=("id", "seats", 'we"ird'),
            order=(Order(by="seats", descending=True),),
            limit=50,
            offset=start,
        )
        for start in (0, 50, 100, 150)
    ]
    assert [r for page in pages for r in page] == expected


def test_ties_are_broken_by_the_dimensions(flights: World):
    rows = flights.ask(
        dimensions=(Dimension(column="seats"), Dimension(column="id")),
        metrics=("n",),
        order=(Order(by="n", descending=True),),
        limit=20,
    )
    ordered = sorted(ROWS, key=lambda r: (r["seats"] is None, r["seats"] or 0, r["id"]))
    assert rows == [(r["seats"], r["id"], 1) for r in ordered[:20]]


def test_having_looks_at_groups(flights: World):
    rows = flights.ask(
        dimensions=CARRIER,
        metrics=("n",),
        having=(
            MetricFilter(metric="seats", op="between", value=(100, 330)),
            MetricFilter(metric="late share", op="is not null"),
        ),
    )
    sums = {k: total(known(v, "seats")) for k, v in groups(carrier(flights)).items()}
    expected = {k for k, v in sums.items() if v is not None and 100 <= v <= 330}
    assert expected
    assert {folded(flights, r[0]) for r in rows} == expected


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("other", [True, False])
def test_the_largest_members_stay_and_the_rest_is_other(flights: World, other, descending):
    by = SimpleMetric(aggregate="sum", column="id", label="by")
    rows = flights.ask(
        dimensions=(*CARRIER, Dimension(column="late")),
        metrics=("n", SimpleMetric(aggregate="avg", column="id", label="mean")),
        filters=(Filter(column="id", op=">", value=20),),
        series=SeriesLimit(
            dimensions=("carrier",), limit=3, by=by, other=other, descending=descending
        ),
    )
    there = [r for r in ROWS if r["id"] > 20]
    sums = {k: sum(r["id"] for r in v) for k, v in groups(carrier(flights), there).items()}
    ranked = sorted(sums, key=lambda k: -sums[k] if descending else sums[k])[:3]

    def shown(r):
        member = carrier(flights)(r)
        return member if member in ranked else folded(flights, "Other")

    expected = groups(lambda r: (shown(r), r["late"]), there)
    if not other:
        expected = {k: v for k, v in expected.items() if k[0] in ranked}
    answers = {(folded(flights, r[0]), r[1]): r[2:] for r in rows}
    assert answers.keys() == expected.keys()
    for key, cells in expected.items():
        mean = statistics.fmean(r["id"] for r in cells)
        assert answers[key] == (len(cells), pytest.approx(mean))


def test_an_empty_member_can_be_among_the_largest(flights: World):
    rows = flights.ask(
        dimensions=(Dimension(column="seats"),),
        metrics=("n",),
        series=SeriesLimit(dimensions=("seats",), limit=1),
    )
    nothing = sum(1 for r in ROWS if r["seats"] is None)
    assert dict(rows) == {None: nothing, "Other": len(ROWS) - nothing}


def test_a_series_limit_on_a_grain_and_a_bin(flights: World):
    rows = flights.ask(
        dimensions=(Dimension(column="ts", grain="month"), Dimension(column="seats", bin=10)),
        metrics=("n",),
        series=SeriesLimit(dimensions=("ts", "seats"), limit=2),
    )
    assert sum(r[2] for r in rows) == len(ROWS)
    assert [r[:2] for r in rows].count(("Other", "Other")) == 1
    assert len(rows) == 3


NAMES = ['say "hi"', "`tick`", "%s", "%(x)s", ":x", "{0}", "🛫", "select", "ü" * 60, "a'b;--", " "]


@pytest.mark.parametrize("name", NAMES)
def test_names_with_any_signs_come_back_as_they_are_or_numbered(flights: World, name):
    fields = {
        "dimensions": (Dimension(column='we"ird', label=name),),
        "metrics": (SimpleMetric(aggregate="max", column="Dep Delay", label=f"{name} 2"),),
        "order": (Order(by=f"{name} 2", descending=True),),
    }
    with flights.engine.connect() as connection:
        result = connection.execute(flights.statement(**fields))
        plain = name not in ("🛫", "ü" * 60, " ")
        assert list(result.keys())[0] == (name if plain else "column_1")
        assert {r[0] for r in result} == {r['we"ird'] for r in ROWS}
    assert names(QuerySpec(dataset=DATASET, **fields)) == [name, f"{name} 2"]


def test_signs_in_written_sql_reach_the_warehouse(flights: World):
    for value in ("%s", ":x", "%(a)s"):
        quoted = '`we"ird`' if flights.name == "mysql" else '"we""ird"'
        found = flights.ids(where=(SqlFilter(expression=f"{quoted} = '{value}'"),))
        assert found == {r["id"] for r in ROWS if r['we"ird'] == value}


def test_one_row_more_than_the_limit_is_asked_for(lite: World):
    def limit(**spec):
        made = lite.statement(columns=("id",), **spec).compile(
            compile_kwargs={"literal_binds": True}, dialect=lite.engine.dialect
        )
        return str(made).split("LIMIT ")[1].split()[0]

    assert limit() == "10001"
    assert limit(limit=20_000) == "10001"
    assert limit(limit=10_000) == "10000"
    assert limit(limit=5) == "5"


def test_a_virtual_dataset_is_read_like_a_table(flights: World):
    sql = "select id, carrier, seats * 3 as triple from flights where id < 50 -- it's: fine %s"
    columns = (
        ColumnSpec(name="id", type="integer"),
        ColumnSpec(name="carrier"),
        ColumnSpec(name="triple", type="integer"),
    )
    source = flights.source(table=None, sql=sql, columns=columns, metrics=())
    metric = SimpleMetric(aggregate="sum", column="triple", label="triple")
    rows = flights.ask(source, metrics=(metric,))
    assert rows == [(3 * sum(known(ROWS[:50], "seats")),)]


def test_a_column_that_vanished_is_an_error_and_not_its_name(flights: World):
    source = flights.source(columns=(*COLUMNS, ColumnSpec(name="gone")))
    with pytest.raises(Exception, match="gone"):
        flights.ask(source, columns=("gone",))


def test_times_stored_as_any_iso_text_are_read_on_sqlite(lite: World):
    forms = ["2013-03-01", "2013-03-01 06:00", "2013-03-01T06:00:00", "2013-03-01 06:00:00.5"]
    with lite.engine.begin() as connection:
        connection.execute(text("create table if not exists stamps (id integer, ts text)"))
        connection.execute(text("delete from stamps"))
        for i, form in enumerate(forms):
            connection.execute(text("insert into stamps values (:i, :t)"), {"i": i, "t": form})
    columns = (ColumnSpec(name="id", type="integer"), ColumnSpec(name="ts", type="time"))
    source = lite.source(table="stamps", columns=columns)
    ranges = {"2013-03-01": {0, 1, 2, 3}, "2013-03-01T00:00 : 2013-03-01T06:00": {0}}
    ranges |= {"2013-03-01T06:00 : 2013-03-01T07:00": {1, 2, 3}, "2013-03-01T06:00:01 :": set()}
    for expression, ids in ranges.items():
        assert lite.ids(source=source, time_range=expression) == ids, expression
    rows = lite.ask(source, dimensions=(Dimension(column="ts", grain="hour"),), metrics=("n",))
    assert [r[1] for r in rows] == [1, 3]
