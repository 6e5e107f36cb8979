"""The route that hands out exported files."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response
from werkzeug.datastructures import Headers

from dashapp.services import exports
from dashapp.web.session import current_viewer

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

blueprint = Blueprint("downloads", __name__)


@blueprint.get("/exports/<uuid:name>")
def download(name: UUID) -> Response:
    """An exported file, for the one who made it, while it is kept."""
    file, chunks = exports.open(current_viewer(), name)
    headers = Headers()
    headers.set("Content-Disposition", "attachment", filename=file.filename)
    headers.set("Content-Type", TYPES[file.filename.rpartition(".")[2]])
    headers.set("Content-Length", str(file.size_bytes))
    headers.set("Content-Security-Policy", "sandbox; default-src 'none'")
    headers.set("X-Content-Type-Options", "nosniff")
    headers.set("Cache-Control", "private, no-store")
    return Response(chunks, headers=headers)
