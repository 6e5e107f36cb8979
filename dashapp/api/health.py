"""Whether the server answers, and the small files that everybody may have."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, render_template
from sqlalchemy.exc import SQLAlchemyError

from models import db

health_api = Blueprint("health_api", __name__)


@health_api.get("/health")
def health() -> Response:
    """200 while the process answers."""
    return Response("ok", mimetype="text/plain")


@health_api.get("/api/v1/health")
def readiness() -> tuple[dict[str, str], int]:
    """200 while the metadata database answers too, else 503."""
    try:
        db.session.execute(sa.text("SELECT 1"))
    except SQLAlchemyError:
        return {"status": "no metadata database"}, 503
    return {"status": "ok"}, 200


@health_api.get("/favicon.ico")
def icon() -> Response:
    """The icon of the browser's tab."""
    return Response(render_template("icon.svg"), mimetype="image/svg+xml")
