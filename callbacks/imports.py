"""Looking into a bundle, and importing it."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any
from uuid import UUID

from dash import ALL, Input, Output, State, ctx, no_update

from callbacks.shapes import PartId
from dashapp.errors import AppError, Invalid
from dashapp.services import databases
from dashapp.services.superset import importing
from dashapp.services.superset.importing import Choices
from dashapp.ui import ids
from dashapp.ui import imports as drawn
from dashapp.ui.wiring import Wiring
from dashapp.viewer import Viewer

wiring = Wiring("imports")


def failed(error: AppError) -> tuple[Any, ...]:
    """Why it did not work; what was chosen stays."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return no_update, no_update, True, drawn.refused(error.message, fields), no_update


@wiring.callback(
    Output(ids.IMPORT_SOURCES, "children"),
    Output(ids.IMPORT_ACTIONS, "hidden"),
    Output(ids.IMPORT_RUN, "disabled"),
    Output(ids.IMPORT_REPORT, "children"),
    Output(ids.IMPORT_NAME, "children"),
    Input(ids.IMPORT_FILE, "contents"),
    Input(ids.IMPORT_CHECK, "n_clicks"),
    Input(ids.IMPORT_RUN, "n_clicks"),
    State(ids.IMPORT_FILE, "filename"),
    State(ids.imported("map", ALL), "value"),
    State(ids.imported("map", ALL), "id"),
    State(ids.imported("secret", ALL), "value"),
    State(ids.imported("overwrite", ALL), "value"),
    State(ids.imported("overwrite", ALL), "id"),
    permission="bundle.import",
    on_error=failed,
    prevent_initial_call=True,
)
def look_or_import(
    viewer: Viewer, contents: str | None, _check: int | None, _run: int | None,
    filename: str | None, mapped: list[str | None], targets: list[PartId],
    given: list[str | None], overwritten: list[bool | None], objects: list[PartId],
) -> tuple[Any, ...]:  # fmt: skip
    """A report of what would happen, or of what happened."""
    is_new = ctx.triggered_id == ids.IMPORT_FILE
    choices = Choices() if is_new else chosen(mapped, targets, given, overwritten, objects)
    is_final = ctx.triggered_id == ids.IMPORT_RUN
    step = importing.apply if is_final else importing.plan
    found = step(viewer, content(contents), choices)
    here = [row.name for row in databases.listed(viewer)]
    return (
        [] if is_final else drawn.sources(found.sources, here),
        is_final,
        bool(found.blocked) or is_final,
        drawn.report(found.lines, found.blocked, is_final),
        (filename or "")[:200],
    )


def content(contents: str | None) -> bytes:
    """The file as the browser sent it."""
    head, _, body = (contents or "").partition(",")
    if not head.endswith(";base64"):
        raise Invalid("Choose a file first.")
    try:
        return b64decode(body, validate=True)
    except NotBase64:
        raise Invalid("The file did not arrive whole; choose it again.") from None


def chosen(
    mapped: list[str | None], targets: list[PartId], given: list[str | None],
    overwritten: list[bool | None], objects: list[PartId],
) -> Choices:  # fmt: skip
    """What the form says."""
    maps = {one.key: name for one, name in zip(targets, mapped, strict=False) if name}
    secrets = {one.key: text for one, text in zip(targets, given, strict=False) if text}
    marked = [one.key for one, is_on in zip(objects, overwritten, strict=False) if is_on]
    try:
        return Choices(maps, secrets, frozenset(UUID(key) for key in marked))
    except ValueError:
        raise Invalid("The page sent an object that is none; reload it.") from None
