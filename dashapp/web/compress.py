"""Answers compressed where that saves the network: static files once, tiles and pages as they come.

Somebody who reads along learns the size of compressed text, and from many answers, each with
another guess of theirs in it, secrets that stand beside the guess. So a page is compressed only if
nothing in its URL is put into it and no other site made the browser ask: what is then in it is
new each time or nobody else's choice. Forms with tokens (sign-in, account) are left alone.
"""

from __future__ import annotations

from flask import Flask, Request, Response, request

from dashapp.web import packed, statics

KINDS = frozenset(
    {"application/javascript", "text/javascript", "text/css", "application/json", "image/svg+xml"}
)
LEAST = 1400  # Bytes that one packet carries anyway.
TILES = "/_dash-update-component"
PAGES = frozenset({"/", "/<path:path>"})  # Rules of the pages that Dash draws.
OWN_WAYS = frozenset({"same-origin", "none"})  # A link of ours; an address that somebody typed.
# What is tried, best first.
STATIC: tuple[packed.Encoding, ...] = ("br", "gzip")
MADE: tuple[packed.Encoding, ...] = ("zstd", "gzip")


def install(app: Flask) -> None:
    """Compress what `app` answers."""
    app.after_request(lambda response: compressed(request, response))


def compressed(asked: Request, response: Response) -> Response:
    """The response in the best encoding that the browser takes, if it is worth it."""
    is_static = statics.is_static(asked.path)
    if not _may(asked, response, is_static):
        return response
    response.vary.add("Accept-Encoding")
    if response.mimetype == "text/html":
        response.vary.add("Sec-Fetch-Site")
    taken = asked.accept_encodings
    best = (e for e in (STATIC if is_static else MADE) if taken.quality(e) > 0)
    encoding = next(best, None)
    if (
        encoding is None
        or response.status_code != 200
        or asked.method != "GET"
        and is_static
        or "Content-Encoding" in response.headers
        or (response.content_length or LEAST) < LEAST
    ):
        return response
    etag, _ = response.get_etag()
    response.direct_passthrough = False
    plain = response.get_data()
    if is_static and etag:
        body = packed.SHELF.form(f"{asked.full_path} {etag}", encoding, plain)
    else:
        body = packed.pack(plain, encoding)
    response.set_data(body)
    response.headers["Content-Encoding"] = encoding
    if etag:
        response.set_etag(etag, weak=True)
    return response


def _may(asked: Request, response: Response, is_static: bool) -> bool:
    """Whether this answer is one that may be compressed."""
    if response.mimetype == "text/html":
        is_page = asked.url_rule is not None and asked.url_rule.rule in PAGES
        is_ours = asked.headers.get("Sec-Fetch-Site") in OWN_WAYS
        return is_page and is_ours and not asked.query_string
    return response.mimetype in KINDS and (is_static or asked.path == TILES)
