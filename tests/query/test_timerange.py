"""The language of time ranges."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.errors import Invalid
from dashapp.query.timerange import (
    absolute,
    check,
    describe,
    earlier,
    later,
    previous_period,
    read,
    resolve,
)
from dashapp.query.words import read_moment, written

NOW = datetime(2013, 8, 14, 15, 30, 20, 5, tzinfo=UTC)  # a Wednesday
EXPECTED = {
    "last 7 days": ("2013-08-07", "2013-08-14"),
    "Last  7 Days": ("2013-08-07", "2013-08-14"),
    "past 7 days": ("2013-08-07", "2013-08-14"),
    "last day": ("2013-08-13", "2013-08-14"),
    "last week": ("2013-08-07", "2013-08-14"),
    "last month": ("2013-07-14", "2013-08-14"),
    "last quarter": ("2013-05-14", "2013-08-14"),
    "last year": ("2012-08-14", "2013-08-14"),
    "last 2 quarters": ("2013-02-14", "2013-08-14"),
    "last 24 hours": ("2013-08-13T15:30", "2013-08-14T15:30"),
    "last 5 minutes": ("2013-08-14T15:25", "2013-08-14T15:30"),
    "last 30 seconds": ("2013-08-14T15:29:50", "2013-08-14T15:30:20"),
    "next 2 days": ("2013-08-14", "2013-08-16"),
    "next month": ("2013-08-14", "2013-09-14"),
    "next calendar month": ("2013-09-01", "2013-10-01"),
    "next hour": ("2013-08-14T15:30", "2013-08-14T16:30"),
    "previous calendar week": ("2013-08-05", "2013-08-12"),
    "previous calendar month": ("2013-07-01", "2013-08-01"),
    "previous calendar quarter": ("2013-04-01", "2013-07-01"),
    "previous calendar year": ("2012-01-01", "2013-01-01"),
    "previous month": ("2013-07-01", "2013-08-01"),
    "previous 3 months": ("2013-05-01", "2013-08-01"),
    "previous day": ("2013-08-13", "2013-08-14"),
    "current day": ("2013-08-14", "2013-08-15"),
    "current week": ("2013-08-12", "2013-08-19"),
    "this month": ("2013-08-01", "2013-09-01"),
    "current quarter": ("2013-07-01", "2013-10-01"),
    "current year": ("2013-01-01", "2014-01-01"),
    "today": ("2013-08-14", "2013-08-15"),
    "yesterday": ("2013-08-13", "2013-08-14"),
    "year to date": ("2013-01-01", "2013-08-15"),
    "month to date": ("2013-08-01", "2013-08-15"),
    "qtd": ("2013-07-01", "2013-08-15"),
    "2013": ("2013-01-01", "2014-01-01"),
    "2013-q2": ("2013-04-01", "2013-07-01"),
    "2013-05": ("2013-05-01", "2013-06-01"),
    "2013-12-31": ("2013-12-31", "2014-01-01"),
    "2013-01-01 : 2013-02-01": ("2013-01-01", "2013-02-01"),
    "2013-01-01T05:30 : 2013-01-01T06:00:00": ("2013-01-01T05:30", "2013-01-01T06:00"),
    "2013-01-01 05:30 : now": ("2013-01-01T05:30", "2013-08-14T15:30"),
    "2013 : 2013-03": ("2013-01-01", "2013-03-01"),
    "2013-01-01T00:00:00+02:00 : 2013-02": ("2012-12-31T22:00", "2013-02-01"),
    "7 days ago : today": ("2013-08-07", "2013-08-14"),
    "today : 3 days from now": ("2013-08-14", "2013-08-17"),
    "3 months ago : now": ("2013-05-14", "2013-08-14T15:30"),
    "100 years ago : now": ("1913-08-14", "2013-08-14T15:30"),
    "start of month - 13 months : today": ("2012-07-01", "2013-08-14"),
    "start of year : last day of year": ("2013-01-01", "2013-12-31"),
    "start of last month : last day of last month": ("2013-07-01", "2013-07-31"),
    "start of last 2 quarters : start of this quarter": ("2013-01-01", "2013-07-01"),
    "start of week of (today - 1 year) : now": ("2012-08-13", "2013-08-14T15:30"),
    "start of month of 2013-02-17 : last day of month of 2013-02-17 + 1 day": (
        "2013-02-01",
        "2013-03-01",
    ),
    "start of hour : this second": ("2013-08-14T15:00", "2013-08-14T15:30:20"),
    "start of hour of (now - 90 minutes) : now": ("2013-08-14T14:00", "2013-08-14T15:30"),
    "last monday : last wednesday + 7 days": ("2013-08-12", "2013-08-14"),
    "monday : friday + 1 day": ("2013-08-12", "2013-08-17"),
    "(today - 1 month) - 1 day : today": ("2013-07-13", "2013-08-14"),
    "today - (days from 2013-08-01 to today) days : tomorrow": ("2013-08-01", "2013-08-15"),
    "2020 - (years from 2010-12-31 to 2013-01-01) years : 2020": ("2017-01-01", "2020-01-01"),
    "2013-01-01T05:30 - 1 hour : 2013-01-01 05:30 + 2 minutes": (
        "2013-01-01T04:30",
        "2013-01-01T05:32",
    ),
    "now + 3 days : 5 days from now + 1 hour": ("2013-08-17T15:30", "2013-08-19T01:00"),
    "2013-05-01 :": ("2013-05-01", None),
    ": 2013-05-01": (None, "2013-05-01"),
    "no filter": (None, None),
    "": (None, None),
}


@pytest.mark.parametrize("expression", list(EXPECTED))
def test_a_range_means(expression):
    bounds = resolve(expression, "UTC", NOW)
    shown = tuple(
        None if b is None else datetime.fromisoformat(b).replace(tzinfo=UTC)
        for b in EXPECTED[expression]
    )
    assert bounds == shown
    assert describe(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "last", "last x days", "last -3 days", "last 3", "soon", "2013-13", "2013-02-30", "13", "0000",
        "last 999999 years", "9999", "a : b", "2013-01-01 : 2012-01-01", "2013-01-01:2013-02-01",
        "1 : 2 : 3", "2013-01-01 : x", "'; drop table t", "last 7 days; x", "last 9999999 days", "\0",
        "DATEADD(DATETIME('now'), -1, day) : now", "start of : now", "start of fortnight : now",
        "last day of hour : now", "today + : now", "today + 3 : now", "today 3 days : now", ") : now",
        "(today : now", "today) : now", "today - (weeks from today to now) days : now",
        "this : now", "3 days hence : now", "(" * 30 + "today" + ")" * 30 + " : now", "last : now",
        "today" + " + 1 day" * 99 + " :", "today - 9999999 days :", "today - ٣ days :",
    ],
)  # fmt: skip
def test_what_is_no_range_is_refused_with_examples(expression):
    with pytest.raises(Invalid) as caught:
        resolve(expression, "Europe/Berlin", NOW)
    assert "Try one of" in caught.value.message or "ends before" in caught.value.message


@given(st.text(max_size=40))
def test_any_text_is_a_range_or_refused(expression):
    try:
        check(expression)
    except Invalid:
        return
    describe(expression)


@pytest.mark.parametrize("expression", list(EXPECTED))
def test_moments_are_written_as_they_are_read(expression):
    for moment in read(expression):
        if moment is not None:
            assert read_moment(written(moment)) == moment


def test_weeks_of_moments_begin_on_the_datasets_day():
    for first, saturday, sunday in (("monday", 17, 18), ("sunday", 17, 11), ("saturday", 10, 11)):
        assert resolve("monday :", "UTC", NOW, first)[0].day == 12
        assert resolve("saturday :", "UTC", NOW, first)[0].day == saturday
        assert resolve("sunday :", "UTC", NOW, first)[0].day == sunday
    assert resolve("start of week :", "UTC", NOW, "sunday")[0].day == 11


def test_days_are_steps_of_the_calendar_and_hours_are_lengths():
    now = datetime(2013, 3, 31, 12, 0, tzinfo=UTC)
    days, hours = resolve("today + 1 day : today + 24 hours", "Europe/Berlin", now)
    assert (days.isoformat(), hours.isoformat()) == (
        "2013-04-01T00:00:00+02:00",
        "2013-04-01T01:00:00+02:00",
    )
    start, _ = resolve("now - 1 day :", "Europe/Berlin", now)
    assert start.isoformat() == "2013-03-30T14:00:00+01:00"


def test_days_are_those_of_the_viewers_zone():
    late = datetime(2013, 8, 14, 23, 30, tzinfo=UTC)
    start, end = resolve("today", "Europe/Berlin", late)
    assert (start.isoformat(), end.isoformat()) == (
        "2013-08-15T00:00:00+02:00",
        "2013-08-16T00:00:00+02:00",
    )
    assert resolve("today", "America/New_York", late)[0].day == 14


def test_days_on_which_clocks_change_have_23_and_25_hours():
    for day, hours in (("2013-03-31", 23), ("2013-10-27", 25), ("2013-06-01", 24)):
        start, end = resolve(day, "Europe/Berlin", NOW)
        assert (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() == hours * 3600


def test_the_last_24_hours_are_24_hours_when_clocks_change():
    now = datetime(2013, 3, 31, 12, 0, tzinfo=UTC)
    start, end = resolve("last 24 hours", "Europe/Berlin", now)
    assert (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() == 86_400


def test_a_midnight_that_does_not_exist_is_when_clocks_were_set():
    start, _ = resolve("2013-10-20", "America/Sao_Paulo", NOW)
    assert start.astimezone(UTC) == datetime(2013, 10, 20, 3, tzinfo=UTC)


@pytest.mark.parametrize(("first", "day"), [("monday", 12), ("sunday", 11), ("saturday", 10)])
def test_weeks_begin_on_the_datasets_day(first, day):
    assert resolve("current week", "UTC", NOW, first)[0].day == day


def test_questions_of_one_day_have_equal_bounds():
    later_on = NOW.replace(hour=22)
    assert resolve("last 7 days", "UTC", NOW) == resolve("last 7 days", "UTC", later_on)
    soon = NOW.replace(second=59)
    assert resolve("last 24 hours", "UTC", NOW) == resolve("last 24 hours", "UTC", soon)


@pytest.mark.parametrize(
    "expression", ["last 7 days", "2013-05-01 :", ": 2013", "no filter", "last 24 hours"]
)
def test_absolute_bounds_can_be_written_and_read(expression):
    bounds = resolve(expression, "Europe/Berlin", NOW)
    assert resolve(absolute(bounds), "Asia/Tokyo", NOW.replace(year=2020)) == bounds


@pytest.mark.parametrize(
    ("expression", "offset", "start", "end"),
    [
        ("2013-05", "1 year", "2012-05-01", "2012-06-01"),
        ("2013-05", "28 days", "2013-04-03", "2013-05-04"),
        ("2013-03", "previous period", "2013-02-01", "2013-03-01"),
        ("2013-q2", "previous period", "2013-01-01", "2013-04-01"),
        ("2013", "previous period", "2012-01-01", "2013-01-01"),
        ("last 7 days", "previous period", "2013-07-31", "2013-08-07"),
        ("2013-03-31 : 2013-04-01", "1 month", "2013-02-28", "2013-03-01"),
        ("2013-03-31", "previous period", "2013-03-30", "2013-03-31"),
        ("2013-02-28 : 2013-03-01", "1 year ago", "2012-02-28", "2012-03-01"),
    ],
)
def test_an_earlier_period_is_moved_by_the_calendar(expression, offset, start, end):
    zone = ZoneInfo("Europe/Berlin")
    bounds = previous_period(resolve(expression, "Europe/Berlin", NOW), offset)
    assert bounds == tuple(datetime.fromisoformat(d).replace(tzinfo=zone) for d in (start, end))


def test_times_move_there_and_back():
    bounds = resolve("2013-03", "UTC", NOW)
    time = datetime(2013, 3, 5, tzinfo=UTC)
    for offset in ("1 year", "28 days", "previous period", "2 weeks"):
        assert later(earlier(time, offset, bounds), offset, bounds) == time
    for offset in ("soon", "1", "99999 years"):
        with pytest.raises(Invalid):
            earlier(time, offset, bounds)
    with pytest.raises(Invalid, match="start and an end"):
        earlier(time, "previous period", (None, time))
    assert previous_period((None, time), "1 year") == (None, time.replace(year=2012))


def test_descriptions_are_short_and_in_the_readers_language():
    assert describe("last 7 days") == "Last 7 days"
    assert describe(None) == describe("no filter") == "All time"
    assert describe("2013-01-01 : 2013-02-01") == "Jan 1, 2013 – Jan 31, 2013"
    assert describe("2013-01-01 : 2013-01-02", "de") == "01.01.2013"
    assert describe("2013-01-01 :", "xx") == "From Jan 1, 2013"
    assert describe(": today") == "Until Today"
    assert "05:30" in describe("2013-01-01T05:30 : 2013-01-02", "de")
