"""Headers of every answer: what the browser may load, run, frame and keep."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Response, g, request

from dashapp.settings import settings
from dashapp.web import statics

# Plotly and AG Grid write styles into the page, so styles may be inline; scripts never.
PAGE = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{tiles}; font-src 'self' data:; connect-src 'self'{tiles}; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors {ancestors}"
)
DATA = "default-src 'none'; sandbox; frame-ancestors {ancestors}"
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"


def nonce() -> str:
    """The word that inline scripts of this answer carry."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def frame_by(origins: tuple[str, ...]) -> None:
    """Let exactly these origins frame this answer."""
    g.ancestors = " ".join(origins) or "'none'"


def tile_server() -> str:
    """The origin that pictures under maps come from, after a space; nothing where there is none."""
    url = settings().map_tiles_url
    return " {0.scheme}://{0.netloc}".format(urlsplit(url)) if url else ""


def add(response: Response) -> Response:
    """Put the headers on an answer."""
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    ancestors = g.get("ancestors", "'self'")
    is_page = response.mimetype == "text/html"
    response.headers["Content-Security-Policy"] = (
        PAGE.format(nonce=nonce(), ancestors=ancestors, tiles=tile_server())
        if is_page
        else DATA.format(ancestors=ancestors)
    )
    if "ancestors" not in g:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    if request.is_secure or settings().is_https:
        response.headers["Strict-Transport-Security"] = HSTS
    response.headers["X-Request-Id"] = g.get("request_id", "-")
    if statics.is_static(request.path):
        statics.keep(request, response)
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
