"""A dashboard as a file to take elsewhere."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any

from dash import Input, Output, State, ctx, set_props
from dash.exceptions import PreventUpdate

from callbacks.shapes import PageState
from dashapp.services import bundles
from dashapp.services.superset import writing
from dashapp.ui import ids
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("bundles")


@wiring.callback(
    Output(ids.BUNDLE_FILE, "data"),
    Input(ids.BUNDLE_YAML, "n_clicks"),
    Input(ids.BUNDLE_SUPERSET, "n_clicks"),
    State(ids.PAGE, "data"),
    permission="bundle.export",
    prevent_initial_call=True,
)
def download(
    viewer: Viewer, yaml: int | None, archive: int | None, page: PageState
) -> dict[str, Any]:
    """The file; what Superset lacks is told in a notice."""
    if not yaml and not archive:
        raise PreventUpdate  # The buttons were only drawn.
    if ctx.triggered_id != ids.BUNDLE_SUPERSET:
        text = bundles.export(viewer, [page.slug])
        return {"content": text, "filename": f"{page.slug}.yaml", "type": "application/yaml"}
    written = writing.export(viewer, [page.slug])
    if written.notes:
        text = " ".join(written.notes)[:500]
        set_props(ids.NOTICE, {"data": {"text": text, "at": time.time()}})
    content = b64encode(written.data).decode()
    return {
        "content": content, "base64": True, "filename": f"{page.slug}.zip",
        "type": "application/zip",
    }  # fmt: skip
