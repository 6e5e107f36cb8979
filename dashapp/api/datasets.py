"""Datasets, for programs that change their data."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint

from dashapp.services import datasets
from dashapp.web.session import current_viewer

datasets_api = Blueprint("datasets_api", __name__, url_prefix="/api/v1/datasets")


@datasets_api.post("/<uuid:uuid>/invalidate")
def invalidate(uuid: UUID) -> dict[str, str | int]:
    """Say that the data changed; answers with how often that was said."""
    return {"dataset": str(uuid), "data_version": datasets.invalidate(current_viewer(), uuid)}
