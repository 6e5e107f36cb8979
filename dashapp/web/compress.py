"""Answers as gzip where that saves the network: static files once, tiles as they come.

Pages are left alone: they hold tokens beside what somebody may put into their URL, and the size
of compressed text would tell the tokens apart.
"""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict

from flask import Flask, Request, Response, request

from dashapp.web import statics

KINDS = frozenset(
    {"application/javascript", "text/javascript", "text/css", "application/json", "image/svg+xml"}
)
LEAST = 1400  # Bytes that one packet carries anyway.
KEPT = 200  # Static files whose compressed form is kept.
TILES = "/_dash-update-component"
_kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
_lock = threading.Lock()


def install(app: Flask) -> None:
    """Compress what `app` answers."""
    app.after_request(lambda response: compressed(request, response))


def compressed(asked: Request, response: Response) -> Response:
    """The response, as gzip if the browser takes it and it is worth it."""
    is_static = statics.is_static(asked.path)
    if response.mimetype not in KINDS or not (is_static or asked.path == TILES):
        return response
    response.vary.add("Accept-Encoding")
    if (
        response.status_code != 200
        or asked.method != "GET"
        and is_static
        or "Content-Encoding" in response.headers
        or asked.accept_encodings.quality("gzip") <= 0
        or (response.content_length or LEAST) < LEAST
    ):
        return response
    etag, _ = response.get_etag()
    response.direct_passthrough = False
    name = (asked.full_path, etag or "")
    body = _static(name, response.get_data()) if is_static and etag else _quick(response.get_data())
    response.set_data(body)
    response.headers["Content-Encoding"] = "gzip"
    if etag:
        response.set_etag(etag, weak=True)
    return response


def _static(name: tuple[str, str], plain: bytes) -> bytes:
    """A static file's gzip, made once per process and content."""
    with _lock:
        if name in _kept:
            _kept.move_to_end(name)
            return _kept[name]
    body = gzip.compress(plain, 6, mtime=0)
    with _lock:
        _kept[name] = body
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return body


def _quick(plain: bytes) -> bytes:
    """A tile's gzip: little effort, it is made for one reader."""
    return gzip.compress(plain, 1, mtime=0)
