"""Scripts of the component libraries, under a folder that names their versions.

Dash gives its scripts URLs that change with the content, but not the parts that they load later.
Those are asked for beside the script that wants them, so in this folder all may be kept forever.
"""

from __future__ import annotations

import hashlib
import mimetypes
import pkgutil
import re
import sys
from collections.abc import Mapping, Set
from pathlib import Path

from dash.fingerprint import check_fingerprint
from flask import Flask, Response, request

from dashapp.errors import NotFound
from dashapp.web import statics

RULE = "/libraries/<version>/<string:package>/<path:name>"
OF_DASH = re.compile(r'(?<=src=")/_dash-component-suites/([^/"]+)/([^"?]+)(?=")')
GRID = "dash_ag_grid"  # Loaded where a table is, and when the first one comes.
Registered = Mapping[str, Set[str]]


class Libraries:
    """The files of `registered` (package → paths in it), served by `app`."""

    def __init__(self, app: Flask, registered: Registered) -> None:
        self._registered = registered
        self.version = ""
        app.add_url_rule(RULE, "libraries", self._serve)

    def finish(self) -> None:
        """Name the version, once all files are registered."""
        told = hashlib.blake2b(digest_size=8)
        for package in sorted(self._registered):
            module = sys.modules[package]
            told.update(f"{package} {getattr(module, '__version__', '')}\n".encode())
            for name in sorted(self._registered[package]):
                path = Path(str(module.__file__)).parent / name
                told.update(f"{name} {path.stat().st_size if path.is_file() else ''}\n".encode())
        self.version = told.hexdigest()

    def url(self, package: str, name: str) -> str:
        """Where a file of a package is."""
        return f"{statics.LIBRARIES}{self.version}/{package}/{name}"

    def moved(self, tags: str) -> str:
        """Script tags of Dash, with these URLs instead of its own."""
        return OF_DASH.sub(lambda m: self.url(m[1], _plain(m[2])), tags)

    def _serve(self, version: str, package: str, name: str) -> Response:
        if name not in self._registered.get(package, ()):
            raise NotFound("There is no such file.")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = Response(pkgutil.get_data(package, name), mimetype=kind)
        response.set_etag(self.version, weak=True)
        if version == self.version:
            response.headers["Cache-Control"] = statics.FOREVER
        response.make_conditional(request)
        return response


def _plain(name: str) -> str:
    """A file's name without Dash's fingerprint."""
    return str(check_fingerprint(name)[0])  # type: ignore[no-untyped-call]
