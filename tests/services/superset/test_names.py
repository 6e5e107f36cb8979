"""Superset's names of colours, formats and currencies are known here."""

from __future__ import annotations

import pytest

from dashapp.charts import formats
from dashapp.charts.colors import PALETTES, SCALES
from dashapp.services.superset import names


def test_every_named_scheme_has_a_palette_or_scale_that_exists():
    assert set(names._PALETTES.values()) <= set(PALETTES)
    assert set(names._SCALES.values()) <= set(SCALES)


@pytest.mark.parametrize(
    ("scheme", "ours"),
    [
        ("supersetColors", "lagoon"),
        ("d3Category20c", "steps"),
        ("", None),
        (None, None),
        ("x", None),
    ],
)
def test_palettes_go_by_name(scheme, ours):
    assert names.palette(scheme) == ours


@pytest.mark.parametrize(
    ("scheme", "ours"),
    [("schemePuBuGn", "purple-blue-green"), ("blue_white_yellow", "teal-amber"), ("x", None)],
)
def test_scales_go_by_name(scheme, ours):
    assert names.scale(scheme) == ours


@pytest.mark.parametrize("ours", ["lagoon", "classic", "steps", "bays"])
def test_palettes_come_back(ours):
    assert names.palette(names.written_palette(ours)) == ours


@pytest.mark.parametrize("ours", ["blues", "heat", "red-yellow-blue", "dusk"])
def test_scales_come_back(ours):
    assert names.scale(names.written_scale(ours)) == ours


@pytest.mark.parametrize(
    ("d3", "ours"),
    [
        ("SMART_NUMBER", None),
        ("SMART_NUMBER_SIGNED", "smart-signed"),
        (None, None),
        ("", None),
        (",d", ",d"),
        (".3s", ".3s"),
        ("+,", "+,"),
        ("~g", "~g"),
        (",.1%", ",.1%"),
        ("$,.2f", "$,.2f"),
        ("DURATION", "duration-ms"),
        ("DURATION_SUB", "duration-fine"),
        ("DURATION_COL", "duration-clock"),
        ("MEMORY_BINARY", "bytes-binary"),
        ("MEMORY_TRANSFER_RATE_DECIMAL", "bytes-rate"),
        ("no such format", None),
        ("%Y", None),
    ],
)
def test_number_formats_are_told_in_our_words(d3, ours):
    assert names.number(d3) == ours
    if ours:
        formats.check_format(ours, "number")
        assert names.number(names.written_number(ours)) == ours


@pytest.mark.parametrize(
    ("d3", "ours"),
    [
        ("smart_date", None),
        ("smart_date_verbose", None),
        (None, None),
        ("%m/%d/%Y", "%m/%d/%Y"),
        ("%d.%m.%Y %H:%M:%S.%L", "%d.%m.%Y %H:%M:%S.%L"),
        ("%", None),
        ("week", None),
    ],
)
def test_time_formats_stay_d3_s(d3, ours):
    assert names.time(d3) == ours


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"symbol": "EUR", "symbolPosition": "suffix"}, ("EUR", "suffix")),
        ({"symbol": "USD"}, ("USD", "prefix")),
        ('{"symbol": "GBP", "symbolPosition": "prefix"}', ("GBP", "prefix")),
        ("CHF", ("CHF", "prefix")),
        ({"symbol": "AUTO"}, None),
        ({"symbol": 3}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_currencies_are_codes_with_a_place(told, found):
    assert names.currency(told) == found
