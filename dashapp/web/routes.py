"""Every route of the server: who may knock, and what it answers.

The guard lets through only what is listed here; a test compares the list with the server and with
docs/routes.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Identity = Literal["session", "guest", "key"]
Access = frozenset[Identity]

ANYONE: Access = frozenset()
PEOPLE: Access = frozenset({"session"})
GUESTS: Access = frozenset({"guest"})
VIEWERS: Access = frozenset({"session", "guest"})
KEYS: Access = frozenset({"key"})


@dataclass(frozen=True)
class Route:
    """A Flask rule. `access` is what identifies the viewer; ANYONE needs nothing.

    `is_json` routes take and answer JSON; the others are pages, forms or files.
    """

    rule: str
    access: Access
    text: str
    is_json: bool = False


ALL: tuple[Route, ...] = (
    Route("/", PEOPLE, "The home page."),
    Route(
        "/<path:path>",
        VIEWERS,
        "A page; pages under /embed are for guests with a token, all others for people.",
    ),
    Route("/login", ANYONE, "Sign-in form, and its answer."),
    Route("/logout", PEOPLE, "Ends the session."),
    Route("/first-admin/<token>", ANYONE, "Makes the first administrator, by a single-use link."),
    Route("/new-password/<token>", ANYONE, "Sets a new password, by a single-use link."),
    Route("/account", PEOPLE, "Own name, time zone, language, theme, password and sessions."),
    Route("/health", ANYONE, "200 while the process answers; for load balancers."),
    Route("/api/v1/health", ANYONE, "The same as JSON, with the metadata database.", True),
    Route("/api/v1/embed/tokens", KEYS, "A guest token for one dashboard.", True),
    Route("/api/v1/pages/leave", VIEWERS, "Stops what one's own closed page waited for.", True),
    Route(
        "/api/v1/datasets/<uuid:uuid>/invalidate",
        KEYS,
        "Says that a dataset's data changed: what was kept of it is asked again.",
        True,
    ),
    Route("/exports/<uuid:uuid>", PEOPLE, "One's own finished export, as a download."),
    Route("/assets/<path:filename>", ANYONE, "Our scripts, styles and fonts."),
    Route("/favicon.ico", ANYONE, "The icon of the browser's tab."),
    Route("/_favicon.ico", ANYONE, "Dash's icon."),
    Route(
        "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
        ANYONE,
        "Scripts and styles of the component libraries.",
    ),
    Route(
        "/libraries/<version>/<string:package>/<path:name>",
        ANYONE,
        "The same under their versions, to be kept forever.",
    ),
    Route("/_dash-layout", VIEWERS, "The layout of the page named by Referer.", True),
    Route("/_dash-dependencies", VIEWERS, "The callbacks the browser may call.", True),
    Route("/_dash-update-component", VIEWERS, "Runs one callback.", True),
    Route("/_reload-hash", PEOPLE, "Hot reload while developing.", True),
)
ROUTES: dict[str, Route] = {route.rule: route for route in ALL}
NAMES: dict[Identity, str] = {
    "session": "signed-in people",
    "guest": "guests with a token",
    "key": "programs with an API key",
}


def document() -> str:
    """The page docs/routes.md."""
    lines = [
        "# Routes",
        "",
        "Made from `dashapp/web/routes.py`. Whatever is not listed needs a signed-in person.",
        "",
        "| route | who | what |",
        "|---|---|---|",
    ]
    for route in ALL:
        who = ", ".join(text for name, text in NAMES.items() if name in route.access) or "anyone"
        rule = route.rule.replace("|", "\\|")
        lines.append(f"| `{rule}` | {who} | {route.text} |")
    return "\n".join(lines) + "\n"
