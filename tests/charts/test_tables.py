"""Tables tell every cell by its column, and totals are asked, not added."""

# ruff: noqa: DTZ001 - the data's times are naive
from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pydantic import ValidationError

from dashapp.charts import KINDS, kind
from dashapp.charts.base import ClickTarget, Empty, Grid, Look, Text
from dashapp.charts.colors import PALETTES
from dashapp.charts.tones import ToneRule
from dashapp.errors import Invalid
from tests.charts.flying import FLIGHTS, FRAME, asked, drawn, flying

MAIN = pa.table({"carrier": ["UA", "B6", None], "flights": [58_665, 54_635, 7]})
BY_CARRIER = {"dimensions": [{"column": "carrier"}], "metrics": ["flights"]}


def grid(tables: dict[str, pa.Table], look: Look | None = None, **options: object) -> Grid:
    found = drawn("table", tables, **({"look": look} if look else {}), **options)
    assert isinstance(found, Grid)
    json.dumps(found.columns)
    return found


def test_columns_are_named_and_rows_carry_raw_values():
    found = grid({"main": MAIN}, **BY_CARRIER)
    assert [(c["field"], c["headerName"]) for c in found.columns] == [
        ("carrier", "Carrier"), ("flights", "Flights"),
    ]  # fmt: skip
    assert found.rows[2] == {"carrier": None, "flights": 7}
    assert found.columns[0]["context"]["empty"] == "(empty)"
    assert (found.paged, found.row_total) == (False, 3)


def test_a_summary_is_read_to_those_who_do_not_see():
    found = grid({"main": MAIN}, **BY_CARRIER)
    assert found.summary == "Flights by carrier: 3 rows; largest UA 58,665"


def test_dimensions_can_be_clicked_with_their_grain():
    table = pa.table({"day": [datetime(2013, 1, 1)], "flights": [1]})
    found = grid(
        {"main": table}, dimensions=[{"column": "day", "grain": "month"}], metrics=["flights"]
    )
    assert found.clicks == {"day": ClickTarget("day", "month", None)}
    assert found.rows[0]["day"] == "2013-01-01T00:00:00"
    assert found.columns[0]["context"]["format"] == "%b %Y"


def test_totals_have_a_question_of_their_own_and_a_word_that_is_no_member():
    options = {**BY_CARRIER, "totals": True}
    queries = kind("table").queries(kind("table").Options.model_validate(options), FLIGHTS)
    assert queries["totals"].dimensions == ()
    found = grid({"main": MAIN, "totals": pa.table({"flights": [113_307]})}, **options)
    assert found.totals == [{"flights": 113_307, "_words": {"carrier": "Total"}}]


def test_averages_and_distinct_counts_of_all_rows_are_not_sums(tmp_path):
    metrics = ["mean_delay", "aircraft", "per_aircraft"]
    with flying(tmp_path) as source:
        found = asked(
            "table", source, dimensions=[{"column": "origin"}], metrics=metrics, totals=True
        )
    assert isinstance(found, Grid)
    assert found.totals[0]["aircraft"] == FRAME["tail"].nunique()
    assert found.totals[0]["mean_delay"] == pytest.approx(FRAME["delay"].mean())
    assert found.totals[0]["per_aircraft"] == pytest.approx(400 / FRAME["tail"].nunique())


def test_looks_format_colour_and_hide_columns():
    looks = [
        {"name": "flights", "title": "N", "format": ",.0f", "bar": True, "width": 90,
         "rules": [{"op": ">", "value": 50_000, "color": "#ff0000"}]},
        {"name": "carrier", "pinned": True},
    ]  # fmt: skip
    found = grid({"main": MAIN}, **BY_CARRIER, looks=looks)
    column = found.columns[1]
    assert (column["headerName"], column["width"], column["cellRenderer"]) == (
        "N",
        90,
        "DashappBar",
    )
    assert column["context"]["bar"] == {"low": 0.0, "high": 58_665.0}
    assert column["context"]["rules"][0]["color"] == "#ff0000"
    assert found.columns[0]["pinned"] == "left"
    hidden = grid({"main": MAIN}, **BY_CARRIER, looks=[{"name": "carrier", "hidden": True}])
    assert ([c["field"] for c in hidden.columns], hidden.clicks) == (["flights"], {})


def test_diverging_heat_is_even_around_zero():
    table = pa.table({"carrier": ["UA", "B6"], "flights": [-10, 4]})
    looks = [{"name": "flights", "heat": "diverging"}]
    found = grid({"main": table}, **BY_CARRIER, looks=looks)
    assert found.columns[1]["context"]["heat"] == {"low": -10.0, "middle": 0.0, "high": 10.0}


def test_long_tables_are_paged():
    table = pa.table({"carrier": [str(i) for i in range(30)], "flights": range(30)})
    found = grid({"main": table}, **BY_CARRIER, page_size=10)
    assert (found.paged, len(found.rows), found.row_total) == (True, 10, None)
    assert [c.get("filter") for c in found.columns] == ["agTextColumnFilter", False]


def test_raw_rows_show_the_dataset_s_columns_as_they_are():
    table = pa.table(
        {"day": [datetime(2013, 1, 1, 5, 17)], "carrier": ["UA"], "delay": [2.0], "late": [True]}
    )
    found = grid({"main": table}, mode="raw", columns=table.column_names)
    assert [c["context"]["is"] for c in found.columns] == ["time", "text", "number", "boolean"]
    assert found.columns[2]["context"]["format"] == ",.1f"
    assert set(found.clicks) == {"carrier", "late"}
    assert found.summary == "flights: 1 row"


def test_raw_tables_ask_for_all_columns_where_none_are_chosen():
    queries = kind("table").queries(kind("table").Options.model_validate({"mode": "raw"}), FLIGHTS)
    assert queries["main"].columns == tuple(c.name for c in FLIGHTS.columns)


def test_times_with_a_zone_are_on_the_viewer_s_clock():
    table = pa.table({"day": pa.array([datetime(2013, 1, 1, 12, tzinfo=UTC)])})
    look = Look(palette=PALETTES["dashapp"], zone="Europe/Berlin")
    found = grid({"main": table}, look, mode="raw", columns=["day"])
    assert found.rows[0]["day"] == "2013-01-01T13:00:00+01:00"


def test_what_javascript_cannot_hold_travels_as_text():
    table = pa.table({"delay": [2**60], "tail": pa.array([b"\x01\x02"])})
    found = grid({"main": table}, mode="raw", columns=["delay", "tail"])
    assert found.rows == [{"delay": str(2**60), "tail": "0x0102"}]


def test_markup_in_data_stays_text_and_code_never_comes_from_options():
    evil = "<img src=x onerror=alert(1)>"
    table = pa.table({"carrier": [evil], "flights": [1]})
    found = grid({"main": table}, **BY_CARRIER, looks=[{"name": "carrier", "title": evil}])
    code = {c["valueFormatter"]["function"] for c in found.columns}
    assert code == {"dashappFormat(params, d3)"}
    assert found.columns[0]["headerName"] == found.rows[0]["carrier"] == evil


def test_a_saved_format_that_no_longer_fits_is_passed_over():
    table = pa.table({"delay": ["late"]})
    found = grid({"main": table}, mode="raw", columns=["delay"])
    assert found.columns[0]["context"] == {"is": "text", "empty": ""}


def test_nothing_to_show_and_nothing_chosen_are_different_sentences():
    assert isinstance(drawn("table", {"main": MAIN.slice(0, 0)}, **BY_CARRIER), Empty)
    with pytest.raises(Invalid, match="needs dimensions or metrics"):
        kind("table").queries(kind("table").Options(), FLIGHTS)


def test_text_is_text_and_says_when_there_is_none():
    found = drawn("markdown", {}, text="# Delays\n\nSee [the source](https://example.org).")
    assert isinstance(found, Text)
    assert found.summary == "Delays See the source ."
    assert drawn("markdown", {}, text=" ") == Empty(
        "not_configured", "There is no text yet.", "No text"
    )


@pytest.mark.parametrize(
    "slug", ["big_number", "big_number_trend", "table", "pivot_table", "markdown"]
)
def test_every_option_has_a_title_and_a_description(slug):
    fields = KINDS[slug].Options.model_fields.items()
    assert [n for n, f in fields if not f.description or not (f.title or n == "subtitle")] == []
    with pytest.raises(Invalid, match="no chart kind “pie chart”"):
        kind("pie chart")


def test_tables_run_along_time_or_from_the_largest():
    def order(*columns: dict[str, str]) -> list[tuple[str, bool]]:
        made = kind("table").Options.model_validate({"dimensions": columns, "metrics": ["flights"]})
        return [(o.by, o.descending) for o in kind("table").queries(made, FLIGHTS)["main"].order]

    assert order({"column": "carrier"}) == [("flights", True)]
    assert order({"column": "day", "grain": "week"}) == [("day", False)]


def test_columns_are_as_wide_as_what_they_hold():
    names = pa.table({"carrier": ["ExpressJet Airlines Inc.", "Envoy"], "flights": [58_665, 7]})
    found = grid({"main": names}, **BY_CARRIER)
    carrier, flights = (c["flex"] for c in found.columns)
    assert carrier > 150 > flights
    fixed = grid({"main": names}, **BY_CARRIER, looks=[{"name": "carrier", "width": 90}])
    assert fixed.columns[0]["width"] == 90
    assert "flex" not in fixed.columns[0]


def test_text_gives_way_before_numbers_where_a_grid_is_narrow():
    names = pa.table({"carrier": ["ExpressJet Airlines Inc."], "flights": [1_364_270_000]})
    looks = [{"name": "flights", "bar": True}]
    carrier, flights = grid({"main": names}, **BY_CARRIER, looks=looks).columns
    assert carrier["minWidth"] < 150 < carrier["flex"]
    assert flights["minWidth"] > 100  # All digits, whatever the room.
    short = pa.table({"carrier": ["UA"], "flights": [7]})
    _, flights = grid({"main": short}, **BY_CARRIER, looks=looks).columns
    assert flights["minWidth"] < 80 < flights["flex"]  # A bar wishes for room, no more.


SHARED = {"dimensions": [{"column": "origin"}], "metrics": ["flights"], "shares": ["aircraft"]}


def test_shares_are_of_all_rows_of_the_answer_and_their_metric_need_not_be_shown(tmp_path):
    with flying(tmp_path) as source:
        found = asked("table", source, **SHARED, totals=True)
    assert isinstance(found, Grid)
    assert [c["headerName"] for c in found.columns] == ["Origin", "Flights", "% Aircraft"]
    counts = FRAME.groupby("origin")["tail"].nunique()
    for row in found.rows:
        assert row["%aircraft"] == pytest.approx(counts[row["origin"]] / counts.sum())
    assert found.totals == [{"flights": 400, "%aircraft": 1.0, "_words": {"origin": "Total"}}]
    assert found.columns[2]["context"]["format"] == ",.1%"


def test_a_share_of_nothing_is_empty():
    table = pa.table(
        {"origin": ["EWR"], "flights": [1], "%aircraft": pa.array([None], pa.float64())}
    )
    totals = pa.table({"flights": [1], "aircraft": [0]})
    found = grid({"main": table, "totals": totals}, **SHARED, totals=True)
    assert (found.rows[0]["%aircraft"], found.totals[0]["%aircraft"]) == (None, None)


COMPARED = {
    "dimensions": [{"column": "origin"}], "metrics": ["flights"], "compare": ["1 month"],
    "time_range": "2013-02-01 : 2013-03-01", "compare_colors": "less is good",
}  # fmt: skip


def test_columns_of_comparisons_stand_behind_their_metric(tmp_path):
    with flying(tmp_path) as source:
        found = asked("table", source, **COMPARED, totals=True, shares=["flights"])
    assert isinstance(found, Grid)
    assert [c["headerName"] for c in found.columns] == [
        "Origin", "Flights", "Flights (1 month)", "Flights difference (1 month)",
        "Flights change (1 month)", "% Flights",
    ]  # fmt: skip
    january, february = (FRAME[FRAME["day"].dt.month == m].groupby("origin").size() for m in (1, 2))
    for row in found.rows:
        now, then = february[row["origin"]], january[row["origin"]]
        assert (row["flights"], row["flights (1 month)"]) == (now, then)
        assert row["flights difference (1 month)"] == now - then
        assert row["flights change (1 month)"] == pytest.approx(now / then - 1)
    (total,) = found.totals
    assert total["flights difference (1 month)"] == february.sum() - january.sum()
    rules = found.columns[4]["context"]["rules"]
    assert [(r["op"], r["part"]) for r in rules] == [(">", "text"), ("<", "text")]
    assert rules[0]["color"] == "#d9482b"
    assert "rules" not in found.columns[2]["context"]


def test_only_the_parts_of_a_comparison_that_are_wanted_are_asked():
    made = kind("table").Options.model_validate(COMPARED | {"compare_as": ["change"]})
    query = kind("table").queries(made, FLIGHTS)["main"]
    assert [s.step for s in query.post] == ["compare", "select"]
    assert query.post[-1].columns == ("origin", "flights", "flights change (1 month)")


def test_a_table_may_be_sorted_by_a_metric_that_it_does_not_show(tmp_path):
    order = [{"by": "late flights", "descending": True, "metric": "mean_delay"}]
    with flying(tmp_path) as source:
        found = asked(
            "table", source, dimensions=[{"column": "origin"}], metrics=["flights"], order=order
        )
    assert isinstance(found, Grid)
    means = FRAME.groupby("origin")["delay"].mean().sort_values(ascending=False)
    assert [r["origin"] for r in found.rows] == list(means.index)


def test_small_numbers_alignment_wrapping_and_bars_are_settings_of_a_column():
    table = pa.table({"carrier": ["UA", "B6"], "flights": [0.25, -2.0]})
    looks = [
        {"name": "flights", "format": ",.1f", "small_format": ".3f", "align": "center",
         "bar": True, "bar_from": "left", "by_sign": True},
        {"name": "carrier", "wrap": True, "align": "right"},
    ]  # fmt: skip
    found = grid({"main": table}, **BY_CARRIER, looks=looks)
    carrier, flights = found.columns
    assert (carrier["cellClass"], carrier["autoHeight"]) == ("is-number", True)
    assert (flights["cellClass"], flights["context"]["small"]) == ("is-center", ".3f")
    assert flights["context"]["bar"] == {"low": -2.0, "high": 0.25, "from": "left"}
    assert flights["context"]["up"] != PALETTES["dashapp"][0]


def test_rules_colour_text_rows_and_by_size():
    looks = [
        {"name": "carrier", "rules": [{"op": "contains", "text": "u", "part": "row"}]},
        {"name": "flights", "rules": [{"op": "any", "gradient": True}]},
    ]
    found = grid({"main": MAIN}, **BY_CARRIER, looks=looks)
    assert [(r["field"], r["op"], r["text"]) for r in found.row_rules] == [
        ("carrier", "contains", "u")
    ]
    assert found.columns[1]["context"]["reach"] == {"low": 7.0, "high": 58_665.0}


@pytest.mark.parametrize(
    ("rule", "meets", "misses"),
    [
        ({"op": "between", "value": 1, "high": 2, "ends": "none"}, 1.5, 1),
        ({"op": "between", "value": 1, "high": 2, "ends": "low"}, 1, 2),
        ({"op": "between", "value": 1, "high": 2, "ends": "high"}, 2, 1),
        ({"op": "not contains", "text": "x"}, "abc", "aXc"),
        ({"op": "ends with", "text": "C"}, "abc", "cab"),
        ({"op": "!=", "text": "UA"}, "B6", "ua"),
        ({"op": "is not null"}, 0, None),
        ({"op": "is false"}, False, 0),
        ({"op": "any"}, 0, "0"),
        ({"op": "<=", "value": 1}, 1, True),
    ],
)
def test_a_rule_knows_what_it_colours(rule, meets, misses):
    made = ToneRule.model_validate(rule)
    assert (made.meets(meets), made.meets(misses)) == (True, False)


@pytest.mark.parametrize("rule", [{"op": ">"}, {"op": "contains"}, {"op": "between", "value": 1}])
def test_half_a_rule_is_refused(rule):
    with pytest.raises(ValidationError):
        ToneRule.model_validate(rule)


def test_addresses_become_links_and_other_texts_never_do():
    table = pa.table(
        {"carrier": ["https://example.org", "x"], "tail": ["javascript:alert(1)", "y"]}
    )
    found = grid({"main": table}, mode="raw", columns=["carrier", "tail"])
    assert [c.get("cellRenderer") for c in found.columns] == ["DashappLink", None]


def test_search_pages_and_movable_columns_are_the_reader_s():
    found = grid({"main": MAIN}, **BY_CARRIER, search=True, rows_per_page=10, movable=False)
    assert (found.search, found.rows_per_page, found.is_movable) == (True, 10, False)
    many = pa.table({"carrier": [str(i) for i in range(30)], "flights": range(30)})
    paged = grid({"main": many}, **BY_CARRIER, search=True, page_size=10)
    assert not paged.search


def test_all_times_may_have_one_format_and_a_column_its_own():
    times = [datetime(2013, 1, 1, 5)]
    table = pa.table({"day": times, "late": times})
    looks = [{"name": "late", "format": "%H:%M"}]
    found = grid(
        {"main": table}, mode="raw", columns=["day", "late"], time_format="%Y", looks=looks
    )
    assert [c["context"]["format"] for c in found.columns] == ["%Y", "%H:%M"]
