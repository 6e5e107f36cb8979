"""Zooming into a plot whose points do not all fit: those of the part that is looked at."""

from __future__ import annotations

from typing import Annotated, Any

from dash import Input, Output, State, no_update
from pydantic import AfterValidator, Field

from callbacks.shapes import PageState
from dashapp.charts.base import Plot
from dashapp.services import dashboards, zooming
from dashapp.specs import FilterState, Spec
from dashapp.specs.filters import Key
from dashapp.ui import cards, ids
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("zoom")

wiring.clientside(("zoom", "came"), Input(ids.ZOOMED, "data"), prevent_initial_call=True)

Place = Annotated[float, Field(allow_inf_nan=False)]


def _rising(window: tuple[float, float]) -> tuple[float, float]:
    if window[0] > window[1]:
        raise ValueError("a part of an axis begins before it ends")
    return window


class Zoom(Spec):
    """The tiles whose points are wanted, and the part of their axis that is looked at (None: all)."""

    seq: int
    tiles: dict[Key, Annotated[tuple[Place, Place], AfterValidator(_rising)] | None] = Field(
        max_length=50
    )


@wiring.callback(
    Output(ids.ZOOMED, "data"),
    Input(ids.ZOOM, "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: {"seq": -1, "tiles": {}},
    prevent_initial_call=True,
)
def zoom(viewer: Viewer, asked: Zoom | None, state: FilterState, page: PageState) -> Any:
    """The traces of these tiles; axes, legend and what was switched off stay as they are."""
    if asked is None:
        return no_update
    found = zooming.zoomed(viewer, dashboards.open(viewer, page.slug), asked.tiles, state)
    return {"seq": asked.seq, "tiles": {key: parts(plot) for key, plot in found.items()}}


def parts(plot: Plot) -> dict[str, Any]:
    """What changes of a figure, and its axes as nobody zoomed them: the browser's stay over those."""
    layout = plot.figure["layout"]
    axes = {name: axis for name, axis in layout.items() if name.startswith(("xaxis", "yaxis"))}
    return {"data": plot.figure["data"], "axes": axes, "thinned": cards.thinned(plot)}
