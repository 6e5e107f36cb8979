"""What linked tiles show while one drags is what they show after, and nobody sees more by it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask import Flask
from pydantic import ValidationError

from dashapp.charts.base import Brush, Empty, Plot
from dashapp.errors import Invalid
from dashapp.permissions import GUEST
from dashapp.services import brushing, charts, dashboards, marking
from dashapp.services.brushing import Brushing
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.settings import Settings, using
from dashapp.specs import Click, FilterState
from dashapp.viewer import GuestRule, Viewer
from tests import servers
from tests.services import market, trips
from tests.services.market import asked_of_warehouses
from tests.services.metadata import person, user

SOURCES = ("days", "weeks", "distances", "bars", "lying", "map")
DRAWN_HERE = {"ring", "total", "trend", "list"}


@pytest.fixture
def ann(app: Flask) -> Iterator[Viewer]:
    trips.open_trips("sqlite")
    yield person(user("ann").id)
    brushing.reset()
    market.forget()


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def bea(request: pytest.FixtureRequest, app: Flask, chosen: Settings) -> Iterator[Viewer]:
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(servers.postgres_database(server))
            stack.enter_context(
                using(chosen.model_copy(update={"private_hosts": ("127.0.0.1", "localhost")}))
            )
        trips.open_trips(request.param, url)
        yield person(user("bea").id)
        brushing.reset()
        market.forget()


@pytest.fixture
def opened(ann: Viewer) -> Opened:
    return dashboards.open(ann, "trips")


def keys_of(opened: Opened, source: str) -> list[str]:
    return [tile.key for _, tile in opened.layout.tiles() if tile.key != source]


def brush_of(viewer: Viewer, opened: Opened, source: str) -> Brush:
    drawing = charts.answers(viewer, opened, [source], Want())[source].drawing
    assert isinstance(drawing, Plot)
    assert drawing.brush is not None
    return drawing.brush


def asked(source: str, brush: Brush) -> Brushing:
    return Brushing(
        source=source, column=brush.column, grain=brush.grain, bin=brush.bin, members=brush.members
    )


def ends(brush: Brush, first: int, last: int) -> tuple[float, float]:
    """Places from the first bucket until before the last."""
    return brush.starts[first], (*brush.starts, brush.end)[last]


def released(source: str, brush: Brush, first: int, last: int) -> FilterState:
    """The state once the brush is let go, as the browser writes it."""
    low, high = ends(brush, first, last)
    chosen: dict[str, Any] = {"span": (low, high)}
    if brush.members is not None:
        chosen = {"values": brush.members[first:last]}
    elif brush.grain:
        chosen = {"span": tuple(str(np.datetime64(int(ms), "ms"))[:19] for ms in (low, high))}
    click = {"source": source, "dataset": trips.TRIPS, "column": brush.column}
    cut = {"grain": brush.grain, "bin": brush.bin}
    return FilterState.model_validate({"clicks": [{**click, **cut, **chosen}]})


def spans(brush: Brush, count: int = 4) -> Iterator[tuple[int, int]]:
    """A few parts of the axis: all, one bucket, and random ones."""
    chance, most = random.Random(len(brush.starts)), len(brush.starts)
    yield 0, most
    yield most // 2, most // 2 + 1
    for _ in range(count):
        first = chance.randrange(most)
        yield first, chance.randrange(first, most) + 1


@pytest.mark.parametrize("source", SOURCES)
def test_tiles_show_while_dragging_what_they_show_after(bea: Viewer, source: str) -> None:
    ann, opened = bea, dashboards.open(bea, "trips")
    brush, keys = brush_of(ann, opened, source), keys_of(opened, source)
    follow = brushing.begin(ann, opened, asked(source, brush), FilterState(), keys)
    assert set(follow) == set(keys)
    assert {k for k, f in follow.items() if f.way == "late"} == {"distinct"}
    assert {k for k, f in follow.items() if f.way == "hop"} == DRAWN_HERE
    for first, last in spans(brush):
        part = ends(brush, first, last)
        shown = brushing.frame(ann, opened, asked(source, brush), FilterState(), keys, *part)
        after = Want(state=released(source, brush, first, last), force=True)
        then = charts.answers(ann, opened, keys, after)
        for key in set(keys) - {"distinct"}:
            assert then[key].error is None
            assert trips.alike(shown[key], then[key].drawing), (source, key, first, last)
            if (marked := follow[key].marked) is not None:
                same_marks(marked, then[key].drawing, *part)


def same_marks(marked: marking.Marked, drawing: Any, low: float, high: float) -> None:
    """What the browser writes are the marks of the tile's own picture."""
    marking.compare(marked, drawing, low, high)
    assert isinstance(drawing, Plot | Empty)


def test_no_warehouse_is_asked_while_one_drags(ann: Viewer, opened: Opened) -> None:
    brush, keys = brush_of(ann, opened, "days"), keys_of(opened, "days")
    brushing.begin(ann, opened, asked("days", brush), FilterState(), keys)
    with asked_of_warehouses() as seen:
        for last in range(1, 40):
            part = ends(brush, 0, last)
            found = brushing.frame(ann, opened, asked("days", brush), FilterState(), keys, *part)
            assert found
        brushing.begin(ann, opened, asked("days", brush), FilterState(), keys)
    assert seen == []


def test_what_was_brushed_before_does_not_narrow_the_next_brush(
    ann: Viewer, opened: Opened
) -> None:
    brush = brush_of(ann, opened, "days")
    old = released("days", brush, 3, 5)
    brushing.begin(ann, opened, asked("days", brush), old, ["bars"])
    part = ends(brush, 0, len(brush.starts))
    shown = brushing.frame(ann, opened, asked("days", brush), old, ["bars"], *part)["bars"]
    all_of_it = Want(state=released("days", brush, 0, len(brush.starts)))
    assert trips.alike(shown, charts.answers(ann, opened, ["bars"], all_of_it)["bars"].drawing)


def test_only_what_a_tile_shows_can_be_brushed_in_it(ann: Viewer, opened: Opened) -> None:
    for strange in (
        {"column": "distance", "bin": 100.0},
        {"column": "left_at", "grain": "hour"},
        {"column": "nothing"},
    ):
        brush = Brushing.model_validate({"source": "days", **strange})
        with pytest.raises(Invalid):
            brushing.begin(ann, opened, brush, FilterState(), ["bars"])
    fine = Brushing(source="distances", column="distance", bin=1)
    with pytest.raises(Invalid):
        brushing.begin(ann, opened, fine, FilterState(), ["bars"])


def test_a_cube_holds_only_rows_that_the_viewer_may_see(ann: Viewer, opened: Opened) -> None:
    brush = brush_of(ann, opened, "distances")
    guest = replace(
        ann, kind="guest", user_id=None, permissions=GUEST, dashboard=opened.uuid,
        rules=(GuestRule("carrier = 'AA'", None),),
    )  # fmt: skip
    seen = dashboards.open(guest, "trips")
    with pytest.raises(Invalid, match="declared"):
        brushing.begin(guest, seen, asked("distances", brush), FilterState(), ["bars"])
    mine = brush_of(guest, seen, "lying")
    found = brushing.begin(guest, seen, asked("lying", mine), FilterState(), ["bars", "list"])
    marked = found["bars"].marked
    assert marked is not None
    assert marked.cubes["main"].keys.column("carrier").to_pylist() == ["AA"]
    shown = brushing.frame(guest, seen, asked("lying", mine), FilterState(), ["bars"], 0, 3)
    assert str(shown["bars"]).count("BB") == 0


def test_what_a_guests_token_fixes_is_in_the_cube(ann: Viewer, opened: Opened) -> None:
    guest = replace(
        ann, kind="guest", user_id=None, permissions=GUEST, dashboard=opened.uuid, rules=(),
        locked_filters={"origin": {"values": ("JFK",)}},
    )  # fmt: skip
    guest = replace(
        guest,
        locked_filters=FilterState.model_validate({"values": guest.locked_filters}).values,
    )
    seen = dashboards.open(guest, "trips")
    brush = brush_of(ann, opened, "lying")
    found = brushing.begin(guest, seen, asked("lying", brush), FilterState(), ["spread"])
    marked = found["spread"].marked
    assert marked is not None
    assert marked.cubes["main"].keys.column("origin").to_pylist() == ["JFK"]


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"values": [1], "span": [1, 2]}, {"span": [2, 1]}, {"span": ["2013", "soon"]},
        {"span": ["2013-01-01", 5]}, {"span": [1]},
    ],
)  # fmt: skip
def test_a_cross_filter_has_values_or_a_span(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Click.model_validate({"source": "a", "dataset": trips.TRIPS, "column": "b", **wrong})


def test_a_span_of_another_type_than_its_column_is_refused(ann: Viewer, opened: Opened) -> None:
    for column, span in (("left_at", [1, 2]), ("distance", ["2024-01-01", "2024-02-01"]),
                         ("carrier", [1, 2])):  # fmt: skip
        click = {"source": "days", "dataset": trips.TRIPS, "column": column, "span": span}
        state = FilterState.model_validate({"clicks": [click]})
        answer = charts.answers(ann, opened, ["bars"], Want(state=state))["bars"]
        assert isinstance(answer.error, Invalid)


@pytest.mark.parametrize(
    "cut", [{"grain": "week", "bin": 2.0}, {"bin": float("inf")}, {"bin": 0}, {"bin": -1}]
)
def test_cuts_that_no_tile_can_have_are_refused_by_their_shape(cut: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Brushing.model_validate({"source": "weeks", "column": "left_at", **cut})
