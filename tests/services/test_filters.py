"""What the filters of a dashboard offer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from dashapp.errors import Invalid, NotFound
from dashapp.permissions import GUEST
from dashapp.services import filters
from dashapp.services.dashboards import Opened
from dashapp.specs import FilterState, FilterValue
from dashapp.viewer import GuestRule, Viewer
from tests.services import market
from tests.services.market import asked_of_warehouses, relaid, state
from tests.services.metadata import person, user

ANY = FilterState()


@pytest.fixture(params=["sqlite", "duckdb"])
def ann(app: Flask, request: pytest.FixtureRequest) -> Iterator[Viewer]:
    market.open_market(request.param)
    yield person(user("ann").id)
    market.forget()


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    return market.reopened(ann)


def test_options_are_the_members_in_order(ann: Viewer, opened: Opened) -> None:
    assert filters.options(ann, opened, "region", "", ANY) == filters.Options(
        ("East", "North", "South")
    )
    assert set(filters.options(ann, opened, "without", "", ANY).values) == {"apple", "pear", None}


@pytest.mark.parametrize(
    ("search", "found"),
    [("th 1", ("North 1", "South 1")), ("NORTH", ("North 0", "North 1")), ("%", ()), ("'", ())],
)
def test_a_search_finds_parts_of_words_as_typed(
    ann: Viewer, opened: Opened, search: str, found: tuple[str, ...]
) -> None:
    assert filters.options(ann, opened, "city", search, ANY).values == found


def test_the_choice_of_a_parent_narrows_the_options(ann: Viewer, opened: Opened) -> None:
    assert filters.options(ann, opened, "city", "", state(region=["East"])).values == (
        "East 0", "East 1",
    )  # fmt: skip
    # Orders of January have even numbers.
    january = state(region=["East"], when="2024-01")
    assert filters.options(ann, opened, "city", "", january).values == ("East 0",)
    # A filter that is no parent does not narrow.
    assert len(filters.options(ann, opened, "city", "", state(amount=(0, 0))).values) == 6
    # Nor does its own choice.
    assert len(filters.options(ann, opened, "region", "", state(region=["East"])).values) == 3


def test_the_default_of_a_parent_counts(ann: Viewer, opened: Opened) -> None:
    with_default = relaid(opened, region={"default": {"values": ["East"]}})
    assert len(filters.options(ann, with_default, "city", "", ANY).values) == 2


def test_a_metric_orders_the_options(ann: Viewer, opened: Opened) -> None:
    by_total = relaid(opened, region={"sort_by": "total"})
    assert filters.options(ann, by_total, "region", "", ANY).values == ("East", "South", "North")


def test_long_lists_say_that_there_are_more(
    ann: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MAX_OPTIONS", 2)
    found = filters.options(ann, opened, "city", "", ANY)
    assert (found.values, found.more) == (("East 0", "East 1"), True)


def test_options_of_equal_rights_are_asked_once(ann: Viewer, opened: Opened) -> None:
    filters.options(ann, opened, "city", "", ANY)
    ben = person(user("ben").id)
    with asked_of_warehouses() as seen:
        filters.options(ben, market.reopened(ben), "city", "", ANY)
    assert seen == []


def test_bounds_are_the_least_and_the_greatest_value(ann: Viewer, opened: Opened) -> None:
    assert filters.bounds(ann, opened, "amount") == (0, 47)


def test_data_until_is_the_latest_time_of_all_datasets(ann: Viewer, opened: Opened) -> None:
    assert str(filters.data_until(ann, opened)) == "2024-04-17 00:00:00"


def test_what_makes_no_sense_is_refused(ann: Viewer, opened: Opened) -> None:
    for verb, key in ((filters.bounds, "region"), (filters.bounds, "when")):
        with pytest.raises(Invalid, match="no bounds"):
            verb(ann, opened, key)
    with pytest.raises(Invalid, match="no list"):
        filters.options(ann, opened, "when", "", ANY)
    with pytest.raises(NotFound, match="no longer"):
        filters.options(ann, opened, "gone", "", ANY)
    with pytest.raises(Invalid, match="no filter named gone"):
        filters.options(ann, opened, "region", "", state(gone=["x"]))


def test_a_filter_can_start_at_its_first_option(ann: Viewer, opened: Opened) -> None:
    assert filters.first_choice(ann, opened) == ANY
    first = relaid(opened, region={"default_to_first": True})
    assert filters.first_choice(ann, first) == state(region=["East"])
    chosen = {"default_to_first": True, "default": {"values": ["South"]}}
    assert filters.first_choice(ann, relaid(opened, region=chosen)) == ANY


def guest(opened: Opened, **more: object) -> Viewer:
    return Viewer(kind="guest", name="g", permissions=GUEST, dashboard=opened.uuid, **more)  # type: ignore[arg-type]


def test_a_guests_rules_narrow_options_bounds_and_time(ann: Viewer, opened: Opened) -> None:
    filters.bounds(ann, opened, "amount")
    who = guest(opened, rules=(GuestRule("region = 'North' AND amount < 10", market.ORDERS),))
    seen = market.reopened(who)
    assert filters.options(who, seen, "region", "", ANY).values == ("North",)
    assert filters.bounds(who, seen, "amount") == (0, 9)
    assert filters.options(who, seen, "city", "East", ANY).values == ()
    nothing = guest(opened, rules=(GuestRule("1 = 0", market.ORDERS),))
    assert filters.bounds(nothing, market.reopened(nothing), "amount") is None
    assert filters.data_until(nothing, market.reopened(nothing)) is None


def test_a_locked_filter_offers_its_choice_and_narrows_the_others(
    ann: Viewer, opened: Opened
) -> None:
    fixed = FilterValue(values=("North",))
    who = guest(opened, locked_filters={"region": fixed})
    assert filters.options(who, opened, "region", "", state(region=["East"])).values == ("North",)
    assert set(filters.options(who, opened, "city", "", ANY).values) == {"North 0", "North 1"}
    few = guest(opened, locked_filters={"amount": FilterValue(low=3, high=3)})
    assert filters.options(few, opened, "city", "", ANY).values == ("North 1",)
    assert filters.bounds(few, opened, "amount") == (3, 3)


def test_options_and_bounds_come_from_the_rows_that_the_filter_names(
    ann: Viewer, opened: Opened
) -> None:
    east = {"filters": [{"column": "region", "op": "=", "value": "East"}]}
    small = {"where": [{"expression": "amount < 20"}], "time_range": "2024-01"}
    one = relaid(opened, city=east | small, amount=east)
    assert filters.options(ann, one, "city", "", ANY).values == ("East 0",)
    assert filters.bounds(ann, one, "amount") == (2.0, 47.0)
