"""Shapes of what the browser sends along; every value in them is checked again by a service."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class PageState(BaseModel):
    """Which dashboard a page shows, and the page's own name for cancelling."""

    model_config = ConfigDict(extra="forbid")
    slug: str
    page: str


class PartId(BaseModel):
    """Id of a part of a tile or filter; only its key matters."""

    model_config = ConfigDict(extra="ignore")
    key: str
