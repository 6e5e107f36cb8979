"""Tokens for embedded dashboards."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from dashapp.api.bodies import body
from dashapp.services import embed
from dashapp.web.session import current_viewer

embed_api = Blueprint("embed_api", __name__, url_prefix="/api/v1/embed")


@embed_api.post("/tokens")
def mint() -> tuple[dict[str, Any], int]:
    """A guest token for one dashboard, for at most five minutes."""
    minted = embed.mint(current_viewer(), body(embed.TokenRequest))
    answer = {
        "token": minted.token,
        "expires_at": minted.expires_at.isoformat(),
        "expires_in_s": minted.ttl_s,
        "path": f"/embed/{minted.slug}?guest_token={minted.token}",
    }
    return answer, 201
