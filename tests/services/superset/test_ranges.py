"""Superset's time ranges in our language, and back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.errors import Invalid
from dashapp.query.timerange import resolve
from dashapp.services.superset.ranges import range_text, superset_text

NOW = datetime(2026, 11, 18, 15, 30, 20, tzinfo=UTC)  # a Wednesday
MEANS = {
    "Last day": ("2026-11-17", "2026-11-18"),
    "Last week": ("2026-11-11", "2026-11-18"),
    "Last month": ("2026-10-18", "2026-11-18"),
    "Last quarter": ("2026-08-18", "2026-11-18"),
    "Last year": ("2025-11-18", "2026-11-18"),
    "Last 7 days": ("2026-11-11", "2026-11-18"),
    "Last 24 hours": ("2026-11-17T15:30", "2026-11-18T15:30"),
    "Last 30 seconds": ("2026-11-18T15:29:50", "2026-11-18T15:30:20"),
    "Next 2 weeks": ("2026-11-18", "2026-12-02"),
    "Next hour": ("2026-11-18T15:30", "2026-11-18T16:30"),
    "previous calendar week": ("2026-11-09", "2026-11-16"),
    "previous calendar month": ("2026-10-01", "2026-11-01"),
    "previous calendar quarter": ("2026-07-01", "2026-10-01"),
    "previous calendar year": ("2025-01-01", "2026-01-01"),
    "Current day": ("2026-11-18", "2026-11-19"),
    "Current week": ("2026-11-16", "2026-11-23"),
    "Current month": ("2026-11-01", "2026-12-01"),
    "Current quarter": ("2026-10-01", "2027-01-01"),
    "Current year": ("2026-01-01", "2027-01-01"),
    "first week of this year": ("2026-01-01", "2026-01-08"),
    "first month of last quarter": ("2026-07-01", "2026-08-01"),
    "1st quarter of the year": ("2026-01-01", "2026-04-01"),
    # Superset takes no start from a text without " : " that it does not know.
    "today": (None, "2026-11-18"),
    "yesterday": (None, "2026-11-18"),
    "now": (None, "2026-11-18"),
    "2013": (None, "2026-11-18"),
    "last 7 days": (None, "2026-11-18"),
    "7 days ago": (None, "2026-11-18"),
    "100 years ago : now": ("1926-11-18", "2026-11-18T15:30"),
    "2000 : 2014-01-02": ("2000-01-01", "2014-01-02"),
    "2014-01-01 : 2014-01-02": ("2014-01-01", "2014-01-02"),
    "2020-08-05T00:00:00 : 2020-09-06T00:00:00": ("2020-08-05", "2020-09-06"),
    "2020-08-05T01:02:03 : 2020-09-06 04:05": ("2020-08-05T01:02:03", "2020-09-06T04:05"),
    "2013-01-01T00:00:00Z : 2013-01-02T00:00:00+02:00": ("2013-01-01", "2013-01-01T22:00"),
    " : 2020-01-01": (None, "2020-01-01"),
    "2020-01-01 : ": ("2020-01-01", None),
    "Jan 5 2020 : 02/01/2020": ("2020-01-05", "2020-02-01"),
    "January 2020 : 20200301": ("2020-01-01", "2020-03-01"),
    "May : May 5 12:30": ("2026-05-01", "2026-05-05T12:30"),
    "Last week : now": ("2026-11-11", "2026-11-18T15:30"),
    "last 2 hours : now": ("2026-11-18T13:30", "2026-11-18T15:30"),
    "prior 2 months : next 3 days": ("2026-09-18", "2026-11-21"),
    "this month : tomorrow": ("2026-11-18", "2026-11-19"),
    "start of last month : end of last month": ("2026-10-01", "2026-10-31"),
    "beginning of this quarter : end of this quarter": ("2026-10-01", "2026-12-31"),
    "start of prior 2 years : end of next 1 week": ("2024-01-01", "2026-11-29"),
    "first day of last month : first of the month": ("2026-10-01", "2026-11-01"),
    "DATETIME('2013-01-01') : DATETIME(\"now\")": ("2013-01-01", "2026-11-18T15:30"),
    "DATEADD(DATETIME('now'), -13, MONTH) : now": ("2025-10-18T15:30", "2026-11-18T15:30"),
    "DATEADD(DATETIME('today'), -1, quarter) : dateadd(datetime('today'), +2, hour)": (
        "2026-08-18", "2026-11-18T02:00"),
    "DATETRUNC(DATEADD(DATETIME('today'), -1, MONTH), MONTH) : "
    "LASTDAY(DATEADD(DATETIME('today'), -1, MONTH), MONTH)": ("2026-10-01", "2026-10-31"),
    "DATETRUNC(DATEADD(DATETIME('now'), -90, MINUTE), HOUR) : now": (
        "2026-11-18T14:00", "2026-11-18T15:30"),
    "DATETRUNC(DATETIME('2013-05-15'), YEAR,) : LASTDAY(DATETIME('2013-05-15'), QUARTER)": (
        "2013-01-01", "2013-06-30"),
    "DATETRUNC(DATETIME('now'), WEEK) : LASTDAY(DATETIME('now'), WEEK)": (
        "2026-11-16", "2026-11-22"),
    "DATEADD(DATETIME('today'), DATEDIFF(DATETIME('today'), DATETIME('2026-11-01')), DAY) : now": (
        "2026-11-01", "2026-11-18T15:30"),
    "DATEADD(DATETIME('2020'), DATEDIFF(DATETIME('2010'), DATETIME('2013'), YEAR), YEAR) : now": (
        "2023-01-01", "2026-11-18T15:30"),
    "DATETIME('last sunday') : DATETIME('last monday')": ("2026-11-15", "2026-11-16"),
    "last wednesday : this monday": ("2026-11-11", "2026-11-16"),
    "last friday : next friday": ("2026-11-13", "2026-11-27"),
    "DATETIME('last month') : DATETIME('next year')": ("2026-10-01", "2027-01-01"),
    "DATETIME('last week') : eom": ("2026-11-11", "2026-11-30"),
    "3 days ago : 3 days from now": ("2026-11-15", "2026-11-21T15:30"),
    "3 hours ago : in 3 days": ("2026-11-18T12:30", "2026-11-21"),
    "two weeks ago : a month from today": ("2026-11-04", "2026-12-18"),
    "2 quarters ago : 2 days before 2026-11-05": ("2026-05-18", "2026-11-03"),
    "-3 days : +2 weeks": ("2026-11-15", "2026-12-02"),
    "2 days before last monday : yesterday": ("2026-11-14", "2026-11-17"),
}  # fmt: skip


def _bounds(expected):
    return tuple(
        None if e is None else datetime.fromisoformat(e).replace(tzinfo=UTC) for e in expected
    )


@pytest.mark.parametrize("text", list(MEANS))
def test_a_range_of_superset_has_the_same_bounds_here(text):
    assert resolve(range_text(text), "UTC", NOW) == _bounds(MEANS[text])


@pytest.mark.parametrize("text", list(MEANS))
def test_what_was_translated_goes_back_with_the_same_bounds(text):
    back = superset_text(range_text(text))
    assert resolve(range_text(back), "UTC", NOW) == _bounds(MEANS[text])
    assert superset_text(range_text(back)) == back


@pytest.mark.parametrize("text", ["No filter", "no filter", "", "  "])
def test_no_filter_is_no_time_range(text):
    assert range_text(text) is None


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("Last 7 days", "last 7 days"),
        ("100 years ago : now", "100 years ago : now"),
        ("2000 : 2014-01-02", "2000-01-01 : 2014-01-02"),
        ("2014-01-01 : 2014-01-02", "2014-01-01 : 2014-01-02"),
        ("2014-01-01 : ", "2014-01-01 :"),
        ("start of last month : today", "start of month - 1 month : today"),
        ("start of this year : end of last month", "start of year : last day of last month"),
        ("DATEADD(DATETIME('today'), 2, WEEK) :", "today + 2 weeks :"),
    ],
)
def test_a_range_reads_plainly(text, ours):
    assert range_text(text) == ours


@pytest.mark.parametrize(
    ("ours", "text"),
    [
        (None, "No filter"),
        ("no filter", "No filter"),
        ("last 7 days", "Last 7 days"),
        ("past month", "Last month"),
        ("previous month", "previous calendar month"),
        ("this week", "Current week"),
        ("today", "today : DATEADD(DATETIME('today'), 1, DAY)"),
        ("2013-05", "2013-05-01 : 2013-06-01"),
        ("2013-q2 :", "2013-04-01 : "),
        ("7 days ago : now", "DATEADD(DATETIME('today'), -7, DAY) : now"),
        (
            "year to date",
            "DATETRUNC(DATETIME('today'), YEAR) : DATEADD(DATETIME('today'), 1, DAY)",
        ),
    ],
)
def test_our_ranges_are_written_as_superset_reads_them(ours, text):
    assert superset_text(ours) == text


@pytest.mark.parametrize(
    "ours",
    [
        "previous 3 months", "previous day", "next 2 calendar quarters", "current hour", "qtd",
        "yesterday", "tomorrow", "monday : friday", "last monday : now + 90 minutes",
        "today - (days from 2026-11-01 to today) days : last day of month of (2027-02-01 + 2 days)",
        "2013-01-01T05:30:00+02:00 : 2013-01-02", "last 5 minutes", ": start of hour",
    ],
)  # fmt: skip
def test_our_ranges_survive_the_way_to_superset_and_back(ours):
    assert resolve(range_text(superset_text(ours)), "UTC", NOW) == resolve(ours, "UTC", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "Last", "Next", "Last x days", "soon", "foo : bar", "7 days : now", "monday : now", "::",
        "HOLIDAY('christmas', DATETIME('today'), 'US') : now", "DATETIME('') : now",
        "DATEADD(DATETIME('now'), 1) : now", "DATETIME(now) : now", "DATEADD(1, 1, DAY) : now",
        "DATETRUNC(DATETIME('now'), FORTNIGHT) : now", "LASTDAY(DATETIME('now'), HOUR) : now",
        "DATETIME('now') x : now", "DATETIME('now' : now", "DATEADD(DATETIME('now'), 1.5, DAY) : ",
        "DATEADD(DATETIME('now'), DATEDIFF(DATETIME('now'), DATETIME('now'), DAY), DAY",
        "DATETRUNC(" * 40 + "DATETIME('now')" + ", DAY)" * 40 + " : now", "start of last hour : now",
        "DATETIME('now'); DROP TABLE t : now", "2013-02-30 : now", "2 days : 3 days ago now",
        "DATEADD(DATETIME('now'), DATEDIFF(DATETIME('now'), DATETIME('now'), WEEK), DAY) : now",
    ],
)  # fmt: skip
def test_what_superset_would_not_understand_is_refused_with_a_sentence(text):
    with pytest.raises(Invalid) as caught:
        range_text(text)
    assert caught.value.message.endswith(".")


_WORDS = "DATETIME DATEADD LASTDAY ( ) ' , : now today -3 day MONTH 2013 last start of 3 days ago"
_PARTS = st.sampled_from(_WORDS.split())


@given(st.one_of(st.text(max_size=40), st.lists(_PARTS, max_size=12).map(" ".join)))
def test_any_text_is_translated_or_refused(text):
    try:
        ours = range_text(text)
    except Invalid:
        return
    superset_text(ours)
