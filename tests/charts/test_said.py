"""Words of charts in the viewer's language."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import Grid, Look
from dashapp.charts.said import WORDS, said
from tests.charts.flying import drawn
from tests.charts.plots import plot

GERMAN = Look(("#3454d1", "#d1343e"), locale="de-CH")


def test_what_has_no_word_stays_as_it_is():
    assert said("Total", "de") == "Summe"
    assert said("Total", "fr") == "Total"
    assert said("Some member", "de") == "Some member"


@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_every_word(language):
    assert set(WORDS[language]) == {"(blank)", "(empty)", "No", "Other", "Total", "Yes"}


def test_nothing_and_the_rest_have_names_in_the_viewers_language():
    table = pa.table({"origin": [None, "EWR", "Other"], "flights": [5.0, 3.0, 1.0]})
    options = {"dimension": {"column": "origin"}, "metric": "flights", "members": 2, "other": True}
    pie = plot("pie", table, GERMAN, **options).figure["data"][0]
    assert set(pie["labels"]) == {"(leer)", "EWR", "Andere"}
    assert [None] in list(pie["customdata"])


def test_a_row_of_totals_is_named_in_the_viewers_language():
    table = pa.table({"origin": ["EWR", "JFK"], "flights": [3, 4]})
    tables = {"main": table, "totals": pa.table({"flights": [7]})}
    options = {"dimensions": [{"column": "origin"}], "metrics": ["flights"], "totals": True}
    found = drawn("table", tables, GERMAN, **options)
    assert isinstance(found, Grid)
    assert "Summe" in str(found.totals)
