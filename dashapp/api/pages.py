"""What open pages tell the server."""

from __future__ import annotations

from flask import Blueprint
from pydantic import BaseModel, ConfigDict, Field

from dashapp.api.bodies import body
from dashapp.services import charts
from dashapp.web.session import current_viewer

pages_api = Blueprint("pages_api", __name__, url_prefix="/api/v1/pages")


class Left(BaseModel):
    """A page that was closed."""

    model_config = ConfigDict(extra="forbid")
    page: str = Field(min_length=1, max_length=100)


@pages_api.post("/leave")
def leave() -> tuple[str, int]:
    """Stop what one's own page still waits for."""
    charts.leave(current_viewer(), body(Left).page)
    return "", 204
