"""Looking closely at a part of a plot: its points from the answer that the tile has, all that fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from dashapp import query
from dashapp.charts.base import Plot, Window
from dashapp.charts.colors import dressed
from dashapp.services import narrowing
from dashapp.services.asking import Asked, Want, ask, locked, look_of
from dashapp.services.charts import ANY_AGE_S
from dashapp.services.dashboards import Opened
from dashapp.services.waiting import let_go
from dashapp.specs import FilterState
from dashapp.viewer import Viewer


def zoomed(
    viewer: Viewer, opened: Opened, windows: Mapping[str, Window | None], state: FilterState
) -> dict[str, Plot]:
    """These tiles drawn for a part of their horizontal axis; for all of it without a window.

    Nothing is asked: a tile whose answer is no longer kept, or that shows no plot, is left out.
    """
    narrowing.check(opened.layout, state, declared_only=viewer.is_guest)
    let_go()
    missing = {f.key for f in narrowing.missing_required(opened.layout, locked(viewer, state))}
    want, found = Want(state=state, action=query.once()), {}
    for key, window in windows.items():
        tab, tile = opened.place(key)
        if any(
            f.key in missing and narrowing.in_scope(f, tab, tile) for f in opened.layout.filters
        ):
            continue
        a = ask(viewer, opened, key, want)
        tables = _kept(a)
        if a.source is None or tables is None:
            continue
        look = replace(dressed(look_of(viewer, opened), a.options), window=window)
        drawing = a.kind.figure(a.options, tables, a.source.dataset, look)
        if isinstance(drawing, Plot):
            found[key] = drawing
    return found


def _kept(a: Asked) -> dict[str, pa.Table] | None:
    """The answers of a tile's questions, however old; None where one is not kept."""
    found = {}
    for name, spec in a.specs.items():
        context = replace(a.context, ttl_s=ANY_AGE_S)
        result = query.peek(a.source, spec, context) if a.source else None
        if result is None:
            return None
        found[name] = result.table
    return found
