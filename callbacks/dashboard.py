"""A dashboard moves: one filter state, groups of tiles that are asked together."""

from __future__ import annotations

from typing import Any, Literal

from dash import ALL, MATCH, Input, Output, State, no_update
from pydantic import BaseModel, ConfigDict, Field

from callbacks.shapes import PageState, PartId
from dashapp.charts import formats
from dashapp.errors import AppError
from dashapp.services import charts, dashboards, filters, rollups
from dashapp.specs import FilterState, Grain
from dashapp.ui import board, cards, ids, painted
from dashapp.ui.texts import t
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("dashboard")

wiring.clientside(
    ("dashboard", "state"),
    Output(ids.FILTERS, "data"),
    Output(ids.filter("select", ALL), "value"),
    Output(ids.filter("range", ALL), "value"),
    Output(ids.filter("time", ALL), "value"),
    Output(ids.filter("dates", ALL), "start_date"),
    Output(ids.filter("dates", ALL), "end_date"),
    Output(ids.filter("grain", ALL), "value"),
    Output(ids.filter("asks", ALL), "data"),
    Output(ids.TABS, "active_tab"),
    Output(ids.URL, "search"),
    Output(ids.CHIPS, "children"),
    Input(ids.filter("select", ALL), "value"),
    Input(ids.filter("range", ALL), "value"),
    Input(ids.filter("time", ALL), "value"),
    Input(ids.filter("dates", ALL), "start_date"),
    Input(ids.filter("dates", ALL), "end_date"),
    Input(ids.filter("grain", ALL), "value"),
    Input(ids.CLICK, "data"),
    Input(ids.TABS, "active_tab"),
    Input(ids.URL, "search"),
    State(ids.filter("select", ALL), "id"),
    State(ids.filter("range", ALL), "id"),
    State(ids.filter("time", ALL), "id"),
    State(ids.filter("grain", ALL), "id"),
    State(ids.filter("asks", ALL), "id"),
    State(ids.FILTERS, "data"),
    State(ids.REACH, "data"),
    State(ids.filter("asks", ALL), "data"),
)
wiring.clientside(
    ("dashboard", "ask"),
    Output(ids.group("ask", ALL), "data"),
    Input(ids.FILTERS, "data"),
    Input(ids.TABS, "active_tab"),
    Input(ids.REFRESH, "n_clicks"),
    Input(ids.REFRESH_TICK, "n_intervals"),
    Input(ids.ACTION, "data"),
    State(ids.group("ask", ALL), "id"),
    State(ids.REACH, "data"),
)
wiring.clientside(
    ("dashboard", "answered"),
    Input(ids.group("answered", MATCH), "data"),
    State(ids.group("answered", MATCH), "id"),
    State(ids.REACH, "data"),
)
wiring.clientside(("dashboard", "remember"), Input(ids.FILTERS, "data"))
wiring.clientside(
    ("dashboard", "pick"),
    Input(ids.graph(MATCH), "clickData"),
    State(ids.graph(MATCH), "figure"),
    State(ids.graph(MATCH), "id"),
    prevent_initial_call=True,
)
wiring.clientside(
    ("dashboard", "pickCell"),
    Input(ids.grid(MATCH), "cellClicked"),
    State(ids.grid(MATCH), "dashGridOptions"),
    State(ids.grid(MATCH), "id"),
    prevent_initial_call=True,
)
wiring.clientside(
    "(tab, ids) => ids.map((id) => id.key !== tab)",
    Output(ids.panel(ALL), "hidden"),
    Input(ids.TABS, "active_tab"),
    State(ids.panel(ALL), "id"),
    prevent_initial_call=True,
)


class Ask(BaseModel):
    """What the browser wants of one group: tiles, and what it shows of them now."""

    model_config = ConfigDict(extra="forbid")
    seq: int
    action: str | None = Field(None, pattern=r"^[a-z0-9]{1,32}$")
    tiles: list[str] = Field(max_length=500)
    force: bool = False
    tick: bool = False
    shown: dict[str, str] = {}


Outputs = tuple[list[Any], list[Any], Any]


@wiring.callback(
    Output(ids.tile("body", ALL, MATCH), "children"),
    Output(ids.tile("foot", ALL, MATCH), "children"),
    Output(ids.group("answered", MATCH), "data"),
    Input(ids.group("ask", MATCH), "data"),
    State(ids.FILTERS, "data"),
    State(ids.PAGE, "data"),
    State(ids.tile("body", ALL, MATCH), "id"),
    permission="dashboard.view",
    prevent_initial_call=True,
)
def draw(
    viewer: Viewer, ask: Ask | None, state: FilterState, page: PageState, shown: list[PartId]
) -> Outputs:
    """Answer the asked tiles of a group; the others stay as they are."""
    keys = [i.key for i in shown]
    if ask is None:
        return [no_update] * len(keys), [no_update] * len(keys), no_update
    wanted = [key for key in ask.tiles if key in keys]
    found = answers(viewer, ask, wanted, state, page)
    parts = {key: found[key] for key in wanted if key in found}
    return (
        [parts[key][0] if key in parts else no_update for key in keys],
        [parts[key][1] if key in parts else no_update for key in keys],
        {
            "seq": ask.seq,
            "tiles": ask.tiles,
            "shown": {key: part[2] for key, part in parts.items()},
            "as_of": {key: part[3] for key, part in parts.items() if part[3]},
            "versions": {key: part[5] for key, part in parts.items()},
            "late": [key for key, part in parts.items() if part[4]],
        },
    )


Part = tuple[Any, Any, str, str | None, bool, tuple[str | None, str] | None]


def answers(
    viewer: Viewer, ask: Ask, wanted: list[str], state: FilterState, page: PageState
) -> dict[str, Part]:
    """Body, foot, code, age of each tile, whether it is to be asked again soon, its version.

    A dashboard that is gone says so in every tile.
    """
    try:
        opened = dashboards.open(viewer, page.slug)
        age = opened.layout.refresh_s if ask.tick else None
        want = charts.Want(
            state=state, force=ask.force, max_age_s=age, page=page.page, sequence=ask.seq,
            may_be_late=not ask.force, action=ask.action,
        )  # fmt: skip
        found = charts.answers(viewer, opened, wanted, want, ask.shown, painted.found)
        if state != FilterState() and not ask.tick:
            rollups.begin(viewer, opened)
    except AppError as error:
        return {key: (cards.failed(error), "", "", None, False, None) for key in wanted}
    parts = {}
    for key, answer in found.items():
        shown: tuple[Any, Any] = (no_update, no_update)
        if not answer.is_late or ask.shown.get(key) != answer.shown:  # Else still the older one.
            dataset = opened.chart(opened.place(key)[1]).dataset if answer.drawing else None
            shown = painted.tile(answer, str(dataset or ""), viewer.zone)
        as_of = answer.as_of.isoformat() if answer.as_of else None
        parts[key] = (*shown, answer.shown, as_of, answer.is_late, board.version(answer.version))
    return parts


class Action(BaseModel):
    """A choice in a tile's menu."""

    model_config = ConfigDict(extra="ignore")
    act: Literal["refresh", "cancel", "rows", "sql", "table", "plan", "plan-measured"]
    tile: str | None = None  # None: of the whole page


@wiring.callback(
    Output(ids.CANCELLED, "data"),
    Input(ids.ACTION, "data"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: no_update,
    prevent_initial_call=True,
)
def cancel(viewer: Viewer, action: Action | None, page: PageState) -> object:
    """Stop what a tile waits for; its answer then says that it was cancelled."""
    if action is None or action.act != "cancel" or action.tile is None:
        return no_update
    return charts.cancel(viewer, page.page, action.tile)


@wiring.callback(
    Output(ids.UNTIL, "children"),
    Input(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: "",
)
def until(viewer: Viewer, page: PageState) -> str:
    """How far the data goes."""
    latest = filters.data_until(viewer, dashboards.open(viewer, page.slug), page.page)
    if latest is None:
        return ""
    grain: Grain = "day" if formats.finest([latest]) == "day" else "minute"
    return t("data to {time}", time=formats.time(latest, None, grain, viewer.locale))
