"""Options of the filter bar, as one types and as parents change."""

from __future__ import annotations

from typing import Any

from dash import MATCH, Input, Output, State

from callbacks.shapes import PageState, PartId
from dashapp.services import dashboards, filters
from dashapp.specs import FilterState, FilterValue
from dashapp.specs.query import Scalar
from dashapp.ui import filters as controls
from dashapp.ui import ids
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("filters")


@wiring.callback(
    Output(ids.filter("select", MATCH), "options"),
    Input(ids.filter("select", MATCH), "search_value"),
    Input(ids.filter("asks", MATCH), "data"),
    State(ids.filter("select", MATCH), "value"),
    State(ids.filter("select", MATCH), "id"),
    State(ids.PAGE, "data"),
    permission="dashboard.view",
    on_error=lambda error: [{"label": error.message, "value": "", "disabled": True}],
)
def options(
    viewer: Viewer, search: str | None, parents: dict[str, FilterValue] | None,
    value: list[Scalar] | Scalar, component_id: PartId, page: PageState,
) -> list[dict[str, Any]]:  # fmt: skip
    """Members that contain what is typed, under the parents' choices; the chosen ones stay."""
    opened = dashboards.open(viewer, page.slug)
    state = FilterState(values=parents or {})
    found = filters.options(viewer, opened, component_id.key, search or "", state, page.page)
    offered = [controls.option(v) for v in found.values]
    known = {o["value"] for o in offered}
    chosen = value if isinstance(value, list) else [value] if value is not None else []
    kept = [{"label": str(v), "value": v} for v in chosen if v not in known and v != controls.EMPTY]
    return kept + offered


wiring.clientside(
    "(value) => value !== 'custom'",
    Output(ids.filter("box", MATCH), "hidden"),
    Input(ids.filter("time", MATCH), "value"),
    prevent_initial_call=True,
)
