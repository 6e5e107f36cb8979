"""The gallery's small pictures come family by family."""

from __future__ import annotations

from dash import MATCH, Input, Output
from dash.development.base_component import Component

from callbacks.shapes import PartId
from dashapp.services import gallery
from dashapp.ui import cards, ids
from dashapp.ui import gallery as pictures
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("gallery")


@wiring.callback(
    Output(ids.thumbnails(MATCH), "children"),
    Input(ids.thumbnails(MATCH), "id"),
    permission="admin.panel",
    on_error=cards.failed,
)
def draw(viewer: Viewer, shown: PartId) -> list[Component]:
    """The kinds of one family."""
    found = gallery.thumbnails(viewer, shown.key)
    return pictures.thumbnails([(entry.kind, entry.tile, drawing) for entry, drawing in found])
