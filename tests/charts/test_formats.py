"""Numbers and times read as d3 writes them, in the reader's locale."""

# ruff: noqa: DTZ001 - wall clocks are what is told

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.charts import formats
from dashapp.errors import Invalid


@pytest.mark.parametrize(
    ("value", "fmt", "text"),
    [
        (1234.567, ",.2f", "1,234.57"),
        (0.285, ".1%", "28.5%"),
        (1234567, ".3s", "1.23M"),
        (2.5e9, ".2s", "2.5G"),
        (0.0042, ".2s", "4.2m"),
        (1234.4, "$,.0f", "$1,234"),
        (1500, "~s", "1.5k"),
        (3.14159, "+,.1f", "+3.1"),
        (2.5, "d", "3"),
        (-5, ",.1f", "\u22125.0"),
        (-5, "(.1f", "(5.0)"),
        (-0.001, ".1f", "0.0"),
        (42, "06d", "000042"),
        (255, "#x", "0xff"),
        (1e7, "e", "1.000000e+7"),
        (0.000123456, ".3g", "0.000123"),
        (123456, ".2r", "120000"),
        (1234, "*>10,d", "*****1,234"),
        (1234.5, "010,.1f", "0,001,234.5"),
        (-0.00001, "c", "-0.00001"),
        (1e-7, "c", "1e-7"),
        (1.25e25, "c", "1.25e+25"),
        (1e21, ",.2f", "1e+21"),
        (1.23e25, ",d", "12,300,000,000,000,000,000,000,000"),
        (2.0**60, "x", "1000000000000000"),
    ],
)
def test_number_reads_as_d3_writes_it(value, fmt, text):
    assert formats.number(value, fmt) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (5, "5"), (999, "999"), (999.7, "1k"), (58_665, "58.7k"), (1_234_567, "1.23M"),
        (2.3e9, "2.3B"), (-4.5e12, "\u22124.5T"), (0.2853, "0.285"), (12.639, "12.6"), (1e-9, "1e-9"),
    ],
)  # fmt: skip
def test_smart_numbers_keep_three_digits(value, text):
    assert formats.number(value) == text == formats.number(value, "SMART_NUMBER")


@pytest.mark.parametrize(
    ("value", "text"),
    [(58_665, "58,665"), (1234.567, "1,234.57"), (0.28534, "0.285"), (1200.5, "1,200.5")],
)
def test_full_numbers_keep_all_their_digits(value, text):
    assert formats.number(value, "full") == text


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "", "abc", True])
def test_what_is_no_number_reads_as_nothing(value):
    assert formats.number(value, ",.2f") == ""


@pytest.mark.parametrize(
    ("locale", "currency", "text"),
    [
        ("en", "USD", "$1,234.50"),
        ("de", "EUR", "1.234,50\u00a0€"),
        ("fr", "EUR", "1\u202f234,50\u00a0€"),
        ("en", "GHS", "GHS\u00a01,234.50"),
        ("hi", "INR", "₹1,234.50"),
        ("xx-unknown", "GBP", "£1,234.50"),
    ],
)
def test_currency_stands_where_the_locale_puts_it(locale, currency, text):
    assert formats.number(1234.5, ",.2f", currency, locale) == text


def test_currencies_know_their_decimals_and_keep_their_letters_beside_billions():
    assert formats.number(1234.5, "full", "JPY", "ja") == "￥1,235"
    assert formats.number(2.5e9, "smart", "GHS") == "GHS\u00a02.5B"


def test_a_share_has_no_currency():
    assert formats.number(0.5, ".0%", "USD") == "50%"


def test_indian_grouping_is_by_two_after_the_first_three():
    assert formats.number(12_345_678, ",d", None, "hi") == "1,23,45,678"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (9.5, "9.5s"), (59.7, "1m"), (3_900, "1h 5m"), (93_784, "1d 2h"),
     (3_599.9, "1h"), (-90, "\u22121m 30s"), (86_400, "1d")],
)  # fmt: skip
def test_durations_have_at_most_two_units(seconds, text):
    assert formats.number(seconds, "duration") == text
    assert formats.number(seconds / 60, "duration-min") == text


@pytest.mark.parametrize("fmt", ["", "smart", ",.2f", "~s", "$,.0f", "duration-min", "%Y-%m-%d"])
def test_known_formats_pass(fmt):
    formats.check_format(fmt)


@pytest.mark.parametrize("fmt", ["abc", ",.2z", "alert(1)", "%", "%k", "50%%"])
def test_other_formats_are_refused_with_a_sentence(fmt):
    with pytest.raises(Invalid, match="format; write for instance") as refused:
        formats.check_format(fmt, "number" if "%" not in fmt else "time")
    assert refused.value.fields == {"format": refused.value.fields["format"]}


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(0, 6))
def test_fixed_numbers_read_back_to_within_half_a_place(value, places):
    text = formats.number(value, f",.{places}f").replace(",", "").replace("\u2212", "-")
    assert abs(float(text) - value) <= 0.5 * 10.0**-places + abs(value) * 1e-15


@pytest.mark.parametrize(
    ("grain", "text"),
    [("year", "2013"), ("quarter", "Q1 2013"), ("month", "Mar 2013"), ("day", "4 Mar 2013"),
     ("week", "week of 4 Mar 2013"), ("hour", "4 Mar 2013, 15:04"), ("second", "4 Mar 2013, 15:04:05")],
)  # fmt: skip
def test_time_reads_by_its_grain(grain, text):
    assert formats.time(datetime(2013, 3, 4, 15, 4, 5), None, grain) == text


def test_time_reads_in_the_locale():
    when = datetime(2013, 3, 4)
    assert formats.time(when, None, "month", "de") == "März 2013"
    assert formats.time(when, None, "quarter", "fr") == "T1 2013"
    assert formats.time(when, None, "day", "en-US") == "Mar 4, 2013"
    assert formats.time(when, None, "month", "ja") == "2013年3月"
    assert formats.time(when, "%A %-d %B", None, "es") == "lunes 4 marzo"


@pytest.mark.parametrize(
    ("fmt", "text"),
    [("%Y-%m-%d", "2013-03-04"), ("%b %Y", "Mar 2013"), ("%-d/%-m/%y", "4/3/13"), ("%e|%j|%L", " 4|063|000"),
     ("Q%q W%V %%", "Q1 W10 %"), ("%I:%M %p", "03:04 PM"), ("%U %W %u %w %s", "09 09 1 1 1362409445")],
)  # fmt: skip
def test_time_formats_are_d3_s(fmt, text):
    assert formats.time("2013-03-04T15:04:05", fmt) == text


def test_aware_times_are_told_on_the_viewer_s_clock():
    when = datetime(2013, 7, 1, 22, 30, tzinfo=UTC)
    assert formats.time(when, None, None, "en", "Europe/Berlin") == "2 Jul 2013, 00:30"


def test_time_without_grain_is_as_fine_as_it_is():
    assert formats.time(date(2013, 1, 2)) == "2 Jan 2013"
    assert formats.time(datetime(2013, 1, 2, 3, 4)) == "2 Jan 2013, 03:04"
    assert formats.time(None) == ""
    assert formats.time("soon") == "soon"


def test_plotly_gets_prefix_format_and_suffix():
    assert formats.axis("$,.0f", "EUR", "de") == {
        "tickformat": ",.0f", "tickprefix": "", "ticksuffix": "\u00a0€",
    }  # fmt: skip
    assert formats.hover("y", ",.1f", "USD") == "$%{y:,.1f}"
    assert formats.hover("y", ".1%", "USD") == "%{y:.1%}"
    assert formats.axis()["tickformat"] == ""
    assert formats.separators("de") == ",."


def test_grid_gets_data_and_never_code():
    data = formats.number_data("+,.1f", "EUR", "de")
    assert (data["format"], data["signs"]["currency"]) == ("+$,.1f", ["", "\u00a0€"])
    assert formats.time_data(None, "month")["format"] == "%b %Y"
    with pytest.raises(Invalid):
        formats.number_data("alert(1)")
    with pytest.raises(Invalid):
        formats.time_data("%k")


@pytest.mark.parametrize(
    ("value", "fmt", "text"),
    [
        (1_500_000, "bytes", "1.5MB"),
        (1_572_864, "bytes-binary", "1.5MiB"),
        (-2048, "bytes-binary", "\u22122KiB"),
        (999.999, "bytes", "1kB"),
        (0, "bytes", "0B"),
        (0.5, "bytes", "0.5B"),
        (1e30, "bytes", "1,000,000YB"),
        (12_300, "bytes-rate", "12.3kB/s"),
        (1024, "bytes-binary-rate", "1KiB/s"),
        (100.04, "duration-fine", "100ms 40µs"),
        (1.25, "duration-fine", "1ms 250µs"),
        (0.000_3, "duration-fine", "300ns"),
        (1e-7, "duration-fine", "0ms"),
        (-90_061_000, "duration-fine", "\u22121d 1h"),
        (4_000_000, "duration-clock", "1:06:40"),
        (1500, "duration-clock", "0:01.5"),
        (0, "duration-clock", "0:00"),
        (-90_000_000, "duration-clock", "\u22121:01:00:00"),
        (1_234_567, "smart-signed", "+1.23M"),
        (-12, "smart-signed", "\u221212"),
        (0, "smart-signed", "0"),
    ],
)
def test_named_formats_tell_what_d3_has_no_notation_for(value, fmt, text):
    formats.check_format(fmt, "number")
    assert formats.number(value, fmt) == text


def test_amounts_of_data_follow_the_locale_s_decimal_sign():
    assert formats.number(1_500_000, "bytes", locale="de") == "1,5MB"


def test_plotly_has_the_nearest_it_can_write():
    assert formats.axis("bytes")["ticksuffix"] == "B"
    assert formats.hover("y", "bytes-rate") == "%{y:.3~s}B/s"
    assert formats.hover("y", "smart-signed") == "%{y:+,.4~f}"
