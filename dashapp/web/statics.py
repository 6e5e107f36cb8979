"""Our static files: URLs that change with the content, and how long browsers keep them."""

from __future__ import annotations

from pathlib import Path

from flask import Request, Response

FOLDER = Path(__file__).parent / "assets"
SUITES = "/_dash-component-suites/"
LIBRARIES = "/libraries/"  # The same files, in a folder that names their versions.
FOREVER = "public, max-age=31536000, immutable"
VERSIONED = "vendor/topojson-4.0.0/"  # A folder that names the version of what is in it.
SHORT = "public, max-age=300, stale-while-revalidate=86400"


def url(name: str) -> str:
    """URL of an asset, e.g. "theme.css"; it changes when the file does."""
    return f"/assets/{name}?v={version(name)}"


def urls(*names: str) -> list[str]:
    """URLs of those assets that exist."""
    return [url(name) for name in names if (FOLDER / name).is_file()]


def version(name: str) -> str:
    """A text that changes when the file does; empty where there is no such file."""
    try:
        stat = (FOLDER / name).stat()
    except OSError:
        return ""
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def is_static(path: str) -> bool:
    """Whether `path` is a file that everybody may read and keep."""
    return path.startswith(("/assets/", SUITES, LIBRARIES)) or path in (
        "/favicon.ico",
        "/_favicon.ico",
    )


def keep(request: Request, response: Response) -> None:
    """Say how long a static file may be kept: forever if its URL names its content."""
    if response.status_code not in (200, 206, 304):
        response.headers["Cache-Control"] = "no-store"
        return
    name = request.path.removeprefix("/assets/")
    named = request.path.startswith("/assets/") and request.args.get("v", "-") == version(name)
    named = named or name.startswith(VERSIONED)
    named = named or "immutable" in response.headers.get("Cache-Control", "")
    if named or (request.path.startswith(SUITES) and response.cache_control.max_age):
        response.headers["Cache-Control"] = FOREVER
    else:
        response.headers["Cache-Control"] = SHORT
