"""Times in the viewer's zone: grains and ranges on days when clocks change."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashapp.errors import Invalid
from dashapp.query import grains
from dashapp.query.zones import moment, shifts, wall
from dashapp.specs import ColumnSpec, Dimension, Filter, SimpleMetric
from tests.query.worlds import COLUMNS, NOW, ROWS, World, kept

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


def shown(time, data_zone, zone):
    """A naive time of the data as the viewer's clock shows it."""
    if time is None or data_zone == zone:
        return time
    there = time.replace(tzinfo=ZoneInfo(data_zone)).astimezone(ZoneInfo(zone))
    return there.replace(tzinfo=None)


@pytest.mark.parametrize("grain", grains.EVERY)
@pytest.mark.parametrize("zone", ZONES)
def test_grains_begin_by_the_viewers_clock(flights: World, zone, grain):
    rows = flights.ask(zone=zone, dimensions=(Dimension(column="ts", grain=grain),), metrics=("n",))
    times = [shown(r["ts"], "UTC", zone) for r in ROWS]
    expected = Counter(t if t is None else grains.floor(t, grain) for t in times)
    assert dict(rows) == dict(expected)
    assert [r[0] for r in rows[:-1]] == sorted(t for t in expected if t is not None)


@pytest.mark.parametrize("start", ["monday", "sunday", "saturday"])
@pytest.mark.parametrize("column", ["ts", "day"])
def test_weeks_begin_on_the_datasets_day(flights: World, start, column):
    source = flights.source(week_start=start)
    rows = flights.ask(source, dimensions=(Dimension(column=column, grain="week"),), metrics=("n",))
    times = [r[column] for r in ROWS if r[column] is not None]
    days = [datetime(t.year, t.month, t.day) for t in times]
    expected = Counter(grains.floor(d, "week", start) for d in days)
    if column == "day":
        expected = Counter({k.date(): v for k, v in expected.items()})
    assert dict(rows[:-1]) == dict(expected)
    weekday = {"monday": 0, "sunday": 6, "saturday": 5}[start]
    assert all(r[0].weekday() == weekday for r in rows[:-1])


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Europe/Berlin"])
def test_data_in_a_zone_of_their_own_are_converted(flights: World, zone):
    # Berlin's clocks show an hour twice; databases differ in which one they take.
    hours = (Filter(column="ts", op="not in", value=("2013-10-27T02:00",), grain="hour"),)
    source = flights.source(zone="Europe/Berlin")
    berlin = flights.ask(source, "Europe/Berlin", columns=("id", "ts"), filters=hours)
    rows = dict(flights.ask(source, zone, columns=("id", "ts")))
    for i, time in berlin:
        assert rows[i] == shown(time, "Europe/Berlin", zone), i


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("grain", ["hour", "day", "month"])
def test_a_clicked_bar_means_the_rows_that_it_counted(flights: World, zone, grain):
    """Also the hour that clocks show twice, which is two ranges of the data."""
    bars = flights.ask(zone=zone, dimensions=(Dimension(column="ts", grain=grain),), metrics=("n",))
    edge = {"hour": 6, "day": 3, "month": 1}[grain]
    for start, n in bars[:-1:edge]:
        item = Filter(column="ts", op="=", value=start.isoformat(), grain=grain)
        assert len(flights.ids(item, zone=zone)) == n, start


def test_both_hours_that_clocks_show_twice_are_found(flights: World):
    def local(row):
        return shown(row["ts"], "UTC", "Europe/Berlin")

    twice = [
        r
        for r in ROWS
        if r["ts"] and datetime(2013, 10, 27, 0) <= r["ts"] < datetime(2013, 10, 27, 2)
    ]
    assert len(twice) >= 0
    item = Filter(column="ts", op="=", value="2013-10-27T02:30", grain="hour")
    expected = kept(
        lambda r: r["ts"] and grains.floor(local(r), "hour") == datetime(2013, 10, 27, 2)
    )
    assert flights.ids(item, zone="Europe/Berlin") == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "expression", ["2013-03-31", "2013-03", "2013-10-27", "2013-03-31T01:30 : 2013-11-03T01:30"]
)
def test_ranges_are_moments_of_the_viewers_zone(flights: World, zone, expression):
    parts = expression.split(" : ")
    low = datetime.fromisoformat(parts[0] if len(parts[0]) > 7 else f"{parts[0]}-01")
    if len(parts) == 2:
        high = datetime.fromisoformat(parts[1])
    else:
        high = grains.following(low, "day" if len(expression) > 7 else "month")
    start, end = moment(low, zone), moment(high, zone)
    expected = kept(lambda r: r["ts"] and start <= r["ts"].replace(tzinfo=ZoneInfo("UTC")) < end)
    assert flights.ids(zone=zone, time_range=expression) == expected
    item = Filter(column="ts", op="time range", value=expression)
    assert flights.ids(item, zone=zone) == expected


def test_days_are_never_converted(flights: World):
    for zone in ("Asia/Tokyo", "America/New_York"):
        rows = flights.ask(zone=zone, columns=("id", "day"), order=())
        assert dict(rows) == {r["id"]: r["day"] for r in ROWS}
        found = flights.ids(zone=zone, time_range="2013-02", time_column="day")
        assert found == kept(lambda r: r["day"] and (r["day"].year, r["day"].month) == (2013, 2))


def test_the_least_time_is_shown_by_the_viewers_clock(flights: World):
    metrics = tuple(SimpleMetric(aggregate=a, column="ts", label=a) for a in ("min", "max"))
    times = sorted(r["ts"] for r in ROWS if r["ts"])
    row = flights.ask(zone="Asia/Kolkata", metrics=metrics)[0]
    shift = timedelta(hours=5, minutes=30)
    assert row == (times[0] + shift, times[-1] + shift)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_times_with_an_offset_are_exact(flights: World, zone):
    if flights.name not in ("postgresql", "duckdb"):
        pytest.skip("These engines have no times with an offset.")
    sql = "select id, timezone('UTC', ts) as ts from flights"
    columns = (
        ColumnSpec(name="id", type="integer"),
        ColumnSpec(name="ts", type="time", zoned=True),
    )
    source = flights.source(table=None, sql=sql, columns=columns, zone="America/New_York")
    rows = dict(flights.ask(source, zone, columns=("id", "ts")))
    assert rows == {r["id"]: shown(r["ts"], "UTC", zone) for r in ROWS}
    expected = kept(
        lambda r: r["ts"] and shown(r["ts"], "UTC", zone).date().isoformat() == "2013-03-31"
    )
    assert flights.ids(source=source, zone=zone, time_range="2013-03-31") == expected


def test_shifts_are_exact_at_every_minute_of_a_year():
    pairs = [
        ("UTC", "Europe/Berlin"),
        ("America/New_York", "America/Chicago"),
        ("UTC", "Asia/Kolkata"),
    ]
    for data_zone, zone in [*pairs, ("Europe/Berlin", "UTC"), ("UTC", "Africa/Casablanca")]:
        steps = shifts(data_zone, zone, 2013, 2013)
        time = datetime(2013, 1, 1)
        while time < datetime(2014, 1, 1):
            shift = [s for edge, s in steps if edge is None or edge <= time][-1]
            there = wall(moment(time, data_zone), zone)
            back = (
                moment(time, data_zone).astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(data_zone))
            )
            if back.replace(tzinfo=None) == time:  # The clock shows this time at all.
                assert time + shift == there, (data_zone, zone, time)
            time += timedelta(minutes=30)


def test_an_unknown_zone_and_a_range_without_a_time_column_are_refused(lite: World):
    with pytest.raises(Invalid, match="no time zone"):
        lite.statement(zone="Mars/Base", columns=("id",))
    source = lite.source(time_column=None)
    with pytest.raises(Invalid, match="no time column"):
        lite.statement(source, columns=("id",), time_range="last 7 days")
    assert lite.ask(source, columns=("id",), time_range="no filter")
    assert NOW.tzinfo
    assert COLUMNS
