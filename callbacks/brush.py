"""Dragging over a plot: how linked tiles follow, and those that the server draws."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update
from pydantic import Field

from callbacks.shapes import PageState
from dashapp.services import brushing, dashboards, marking
from dashapp.services.brushing import Brushing, Follow
from dashapp.services.dashboards import Opened
from dashapp.specs import FilterState, Spec
from dashapp.specs.filters import Key
from dashapp.ui import cards, ids
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("brush")

wiring.clientside(("brush", "begun"), Input(ids.BRUSH_BEGUN, "data"), prevent_initial_call=True)
wiring.clientside(("brush", "framed"), Input(ids.BRUSH_FRAMED, "data"), prevent_initial_call=True)


class Begin(Spec):
    """What is brushed, and which tiles are on the screen."""

    seq: int
    brushing: Brushing
    tiles: tuple[Key, ...] = Field(max_length=500)


class Frame(Begin):
    """The part that is chosen just now: places from `low` until `high`."""

    low: float
    high: float


@wiring.callback(
    Output(ids.BRUSH_BEGUN, "data"),
    Input(ids.BRUSH_BEGIN, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: {"seq": -1, "error": error.message},
    prevent_initial_call=True,
)
def begin(viewer: Viewer, asked: Begin | None, state: FilterState, page: PageState) -> Any:
    """Lay the brushed column open for all linked tiles."""
    if asked is None:
        return no_update
    opened = dashboards.open(viewer, page.slug)
    found = brushing.begin(viewer, opened, asked.brushing, state, asked.tiles)
    tiles = {key: follow(opened, one) for key, one in found.items()}
    return {"seq": asked.seq, "tiles": tiles}


def follow(opened: Opened, one: Follow) -> dict[str, Any]:
    """How a tile follows, with its cubes and their picture if the browser draws it."""
    if one.marked is None:
        return {"way": one.way}
    found = marking.payload(one.marked)
    return {
        "way": one.way,
        **found,
        "figure": cards.figure(dataset_of(opened, one.key), one.marked.plot),
    }


def dataset_of(opened: Opened, key: str) -> str:
    """The dataset that clicks in a tile refer to."""
    return str(opened.chart(opened.place(key)[1]).dataset or "")


@wiring.callback(
    Output(ids.BRUSH_FRAMED, "data"),
    Input(ids.BRUSH_FRAME, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: {"seq": -1, "error": error.message},
    prevent_initial_call=True,
)
def frame(viewer: Viewer, asked: Frame | None, state: FilterState, page: PageState) -> Any:
    """The tiles that the server draws, for the part that is chosen."""
    if asked is None:
        return no_update
    opened = dashboards.open(viewer, page.slug)
    found = brushing.frame(
        viewer, opened, asked.brushing, state, asked.tiles, asked.low, asked.high
    )
    tiles = {key: cards.body(key, dataset_of(opened, key), d) for key, d in found.items()}
    return {"seq": asked.seq, "tiles": tiles}
