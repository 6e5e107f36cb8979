"""Downloads of finished exports."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response

from dashapp.services import exports
from dashapp.web.session import current_viewer

exports_api = Blueprint("exports_api", __name__)

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@exports_api.get("/exports/<uuid:uuid>")
def download(uuid: UUID) -> Response:
    """One's own file, in chunks, to be saved and never shown in the browser."""
    made, chunks = exports.open(current_viewer(), uuid)
    kind = TYPES.get(made.filename.rpartition(".")[2], "application/octet-stream")
    response = Response(chunks, content_type=kind)
    response.headers.set("Content-Disposition", "attachment", filename=made.filename)
    return response
