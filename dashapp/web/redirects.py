"""Where a person goes after signing in: a path of this server, nothing else."""

from __future__ import annotations

import re

HOME = "/"
# What the door itself answers is no place to go on to.
DOORS = ("/login", "/logout", "/first-admin", "/new-password", "/_", "/api/")
ODD = re.compile(r"[\x00-\x20\x7f\\]|//|(^|/)\.{1,2}(/|$)|%(2e|2f|5c|0[0-9a-f]|7f)", re.IGNORECASE)


def local(target: str | None) -> str:
    """`target` if it is a plain path of this server (with its query), else the home page."""
    if not target or len(target) > 4000 or not target.startswith("/"):
        return HOME
    path, _, query = target.partition("?")
    is_odd = ODD.search(path) or re.search(r"[\x00-\x20\x7f\\]", query)
    if is_odd or path.startswith(DOORS):
        return HOME
    return target
