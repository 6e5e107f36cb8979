"""Which filters and clicks reach which tile, on a real market in two databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from dashapp.errors import Invalid
from dashapp.services import narrowing
from dashapp.services.charts import Want, ask
from dashapp.services.dashboards import Opened
from dashapp.specs import FilterState, Layout
from dashapp.viewer import Viewer
from tests.services import market
from tests.services.market import ORDERS, STORES, click, relaid, show, state, table
from tests.services.metadata import person, user

NORTH = sum(range(0, 48, 3))
ALL = sum(range(48))


@pytest.fixture(params=["sqlite", "duckdb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ann(app: Flask, kind: str) -> Iterator[Viewer]:
    market.open_market(kind)
    yield person(user("ann").id)
    market.forget()


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    return market.reopened(ann)


def test_nothing_chosen_shows_everything(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened)
    assert table(found["total"]) == {None: ALL}
    assert table(found["stores"]) == {"North": 1, "South": 1, "West": 1}
    assert {a.applied for a in found.values()} == {()}


def test_a_choice_narrows_every_dataset_with_such_a_column(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened, state(region=["North"]))
    assert table(found["total"]) == {None: NORTH}
    assert table(found["regions"]) == {"North": NORTH}
    assert table(found["stores"]) == {"North": 1}
    assert {k: a.applied for k, a in found.items() if a.applied != ("region",)} == {"text": ()}


def test_columns_of_another_nature_are_not_narrowed(ann: Viewer, opened: Opened) -> None:
    # `amount` is a number of the orders, but a text of the stores.
    found = show(ann, opened, state(amount=(40, 45)))
    assert table(found["total"]) == {None: sum(range(40, 46))}
    assert (len(table(found["stores"])), found["stores"].applied) == (3, ())


def test_a_target_names_another_datasets_column(ann: Viewer, opened: Opened) -> None:
    chosen = state(city=["North 0"])
    assert len(table(show(ann, opened, chosen, "stores")["stores"])) == 3
    aimed = relaid(opened, city={"targets": {str(STORES): "town"}})
    assert table(show(ann, aimed, chosen, "stores")["stores"]) == {"North": 1}


def test_a_target_that_is_gone_narrows_nothing(ann: Viewer, opened: Opened) -> None:
    aimed = relaid(opened, city={"targets": {str(STORES): "dropped"}})
    assert len(table(show(ann, aimed, state(city=["North 0"]), "stores")["stores"])) == 3


@pytest.mark.parametrize(
    ("scope", "total", "list_rows"),
    [
        ({"excluded": ["total"]}, ALL, 16),
        ({"tabs": ["two"]}, ALL, 16),
        ({"tabs": ["one"]}, NORTH, 48),
        ({"tabs": ["one"], "excluded": ["total"]}, ALL, 48),
    ],
)
def test_a_scope_says_where_a_filter_applies(
    ann: Viewer, opened: Opened, scope: dict[str, Any], total: int, list_rows: int
) -> None:
    found = show(ann, relaid(opened, region={"scope": scope}), state(region=["North"]))
    assert table(found["total"]) == {None: total}
    assert found["list"].results["main"].rows == list_rows


def test_excluded_members_are_left_out_with_the_empty_ones(ann: Viewer, opened: Opened) -> None:
    assert table(show(ann, opened, None, "products")["products"]) == {
        "apple": 18, "pear": 15, None: 15,
    }  # fmt: skip
    found = show(ann, opened, state(without=["apple"]), "products")
    assert table(found["products"]) == {"pear": 15}
    found = show(ann, opened, state(without=["apple", None]), "products")
    assert table(found["products"]) == {"pear": 15}


def test_an_empty_member_can_be_chosen(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened, state([click("products", "product", None)]), "total", "products")
    assert table(found["total"]) == {None: sum(n for n in range(48) if n // 3 % 3 == 2)}
    assert len(table(found["products"])) == 3


@pytest.mark.parametrize(
    ("bounds", "rows"), [((None, 4), 5), ((43, None), 5), ((3, 3), 1), ((9, 3), 0)]
)
def test_ranges_include_both_ends(ann: Viewer, opened: Opened, bounds: Any, rows: int) -> None:
    assert show(ann, opened, state(amount=bounds), "list")["list"].results["main"].rows == rows


def test_time_narrows_the_time_column_and_says_so(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened, state(when="2024-02-01 : 2024-03-01"))
    assert table(found["total"]) == {None: sum(range(1, 48, 4))}
    assert found["stores"].applied == ()
    error = show(ann, opened, state(when="some day"), "total")["total"].error
    assert isinstance(error, Invalid)
    assert error.message.startswith("'some day' is not a time range.")


def test_the_grain_filter_changes_every_time_axis(ann: Viewer, opened: Opened) -> None:
    def points(grain: str) -> int:
        return show(ann, opened, state(grain=grain), "days")["days"].results["main"].rows

    assert [points(g) for g in ("year", "quarter", "month", "day")] == [1, 2, 4, 4]
    assert show(ann, opened, state(grain="year"), "regions")["regions"].results["main"].rows == 3


def test_defaults_hold_until_something_else_is_chosen(ann: Viewer, opened: Opened) -> None:
    with_default = relaid(opened, region={"default": {"values": ["North"]}})
    assert table(show(ann, with_default, None, "total")["total"]) == {None: NORTH}
    everything = FilterState.model_validate({"values": {"region": {}}})
    assert table(show(ann, with_default, everything, "total")["total"]) == {None: ALL}


def test_required_filters_ask_for_a_choice_first(ann: Viewer, opened: Opened) -> None:
    needs = relaid(opened, region={"required": True, "scope": {"excluded": ["stores"]}})
    found = show(ann, needs)
    assert isinstance(found["total"].error, Invalid)
    assert found["total"].error.message == "Choose a value for “Region” first."
    assert found["stores"].error is None
    assert show(ann, needs, state(region=["East"]), "total")["total"].error is None


def test_a_click_narrows_all_tiles_but_its_own(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened, state([click("regions", "region", "North")]))
    assert table(found["total"]) == {None: NORTH}
    assert len(table(found["regions"])) == 3
    assert table(found["stores"]) == {"North": 1}
    assert found["total"].applied == ("click:regions",)
    assert found["regions"].applied == ()


def test_clicks_of_two_tiles_narrow_together_and_each_other(ann: Viewer, opened: Opened) -> None:
    both = state([click("regions", "region", "North"), click("products", "product", "apple")])
    found = show(ann, opened, both)
    apples = [n for n in range(48) if n // 3 % 3 == 0]
    assert table(found["total"]) == {None: sum(n for n in apples if n % 3 == 0)}
    assert table(found["regions"]) == {
        name: sum(n for n in apples if n % 3 == i) for i, name in enumerate(market.REGIONS)
    }
    assert table(found["products"])["apple"] == 6


def test_several_members_of_a_click_are_ored(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened, state([click("regions", "region", "North", "East")]), "products")
    assert sum(table(found["products"]).values()) == 32


def test_a_clicked_month_means_that_month(ann: Viewer, opened: Opened) -> None:
    clicks = [click("days", "day", "2024-02-01T00:00:00", grain="month")]
    assert table(show(ann, opened, state(clicks), "total")["total"]) == {None: sum(range(1, 48, 4))}


def test_a_clicked_bin_means_its_range(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened, state([click("list", "amount", 10.0, bin=10)]), "total")
    assert table(found["total"]) == {None: sum(range(10, 20))}


@pytest.mark.parametrize(
    "made",
    [
        click("list", "amount", 12),  # Numbers here, texts there.
        click("list", "gone", "x"),
        click("regions", "region", "North", dataset=uuid4()),
        click("list", "note", "note 1"),  # May not be filtered by.
    ],
)
def test_clicks_that_mean_nothing_to_a_dataset_do_not_reach_it(
    ann: Viewer, opened: Opened, made: Any
) -> None:
    assert len(table(show(ann, opened, state([made]), "stores")["stores"])) == 3


def test_a_click_on_a_column_not_to_be_filtered_reaches_nobody(ann: Viewer, opened: Opened) -> None:
    found = show(ann, opened, state([click("list", "note", "note 1")]))
    assert table(found["total"]) == {None: ALL}


def test_without_cross_filters_clicks_do_nothing(ann: Viewer, opened: Opened) -> None:
    found = show(ann, _without_clicks(opened), state([click("regions", "region", "North")]))
    assert table(found["total"]) == {None: ALL}


def _without_clicks(opened: Opened) -> Opened:
    layout = opened.layout.model_copy(update={"cross_filters": False})
    return type(opened)(**{**opened.__dict__, "layout": layout})


def test_unknown_filters_are_refused(ann: Viewer, opened: Opened) -> None:
    with pytest.raises(Invalid, match="no filter named colour"):
        show(ann, opened, state(colour=["red"]))


def test_values_are_values_whatever_they_look_like(ann: Viewer, opened: Opened) -> None:
    for text in ("' OR 1=1 --", "North' UNION SELECT 1 --", "%", "\x00", ":x", "{}"):
        found = show(ann, opened, state(region=[text]), "list")["list"]
        assert found.error is not None or found.results["main"].rows == 0


def test_equal_states_make_equal_queries_whatever_the_order(ann: Viewer, opened: Opened) -> None:
    one, other = state(region=["North"], amount=(1, 9)), state(amount=(1, 9), region=["North"])
    shown = [ask(ann, opened, "total", Want(state=s)).shown for s in (one, other)]
    assert shown[0] == shown[1]


def test_the_browser_is_told_who_reaches_whom(opened: Opened) -> None:
    found = narrowing.reach(opened.layout, opened.tile_datasets(), opened.datasets)
    orders = ["total", "regions", "products", "days", "list"]
    assert found["filters"]["region"] == ["total", "regions", "products", "days", "stores", "list"]
    assert found["filters"]["city"] == orders
    assert found["filters"]["when"] == orders
    assert found["columns"][f"{ORDERS}|amount"] == orders
    assert found["columns"][f"{STORES}|amount"] == ["stores"]
    assert f"{ORDERS}|note" not in found["columns"]


@pytest.mark.parametrize("key", ["region", "city", "amount", "when", "without"])
def test_what_the_browser_is_told_is_what_the_server_does(
    ann: Viewer, opened: Opened, key: str
) -> None:
    values: dict[str, Any] = {
        "region": ["North"], "city": ["North 0"], "amount": (1, 5), "when": "2024",
        "without": ["apple"],
    }  # fmt: skip
    told = narrowing.reach(opened.layout, opened.tile_datasets(), opened.datasets)["filters"]
    found = show(ann, opened, state(**{key: values[key]}))
    assert [k for k, a in found.items() if a.applied] == told[key]


def clicking(opened: Opened, **scopes: Any) -> Opened:
    """The same dashboard, where clicks in some tiles do not apply everywhere."""
    layout = opened.layout.model_dump(mode="json") | {"click_scopes": scopes}
    return replace(opened, layout=Layout.model_validate(layout))


@pytest.mark.parametrize(
    ("scope", "total", "list_rows"),
    [
        ({"excluded": ["total"]}, ALL, 16),
        ({"tabs": ["two"]}, ALL, 16),
        ({"tabs": ["one"]}, NORTH, 48),
    ],
)
def test_clicks_in_a_tile_apply_where_its_scope_says(
    ann: Viewer, opened: Opened, scope: dict[str, Any], total: int, list_rows: int
) -> None:
    scoped, chosen = clicking(opened, regions=scope), state([click("regions", "region", "North")])
    found = show(ann, scoped, chosen)
    assert table(found["total"]) == {None: total}
    assert found["list"].results["main"].rows == list_rows
    told = narrowing.reach(scoped.layout, scoped.tile_datasets(), scoped.datasets)["clicks"]
    hit = [k for k, a in found.items() if a.applied and k != "regions"]
    assert hit == [k for k in told["regions"] if k not in ("regions", "text")]
    elsewhere = show(ann, scoped, state([click("products", "region", "North")]), "total")
    assert table(elsewhere["total"]) == {None: NORTH}


def test_a_time_without_a_column_narrows_the_charts_own(ann: Viewer, opened: Opened) -> None:
    untimed = opened.sources[ORDERS].dataset.model_copy(update={"time_column": None})
    sources = {
        **opened.sources, ORDERS: opened.sources[ORDERS].model_copy(update={"dataset": untimed})
    }  # fmt: skip
    tile = opened.layout.tile("total")
    assert tile is not None
    chart = opened.charts[tile.chart]
    own = chart.model_copy(update={"options": {**chart.options, "time_column": "day"}})
    changed = replace(opened, sources=sources, charts={**opened.charts, tile.chart: own})
    found = show(ann, changed, state(when="2024-02-01 : 2024-03-01"), "total", "regions")
    assert table(found["total"]) == {None: sum(range(1, 48, 4))}
    assert found["regions"].applied == ()
    times = changed.tile_times()
    told = narrowing.reach(changed.layout, changed.tile_datasets(), changed.datasets, times)
    assert told["filters"]["when"] == ["total"]
