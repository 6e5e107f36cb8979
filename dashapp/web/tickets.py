"""Tickets: how a background job knows for whom it works.

A ticket is signed, lives for an hour, and names the session or carries the guest's claims. The
worker opens it and looks the rights up again, so a right that is gone is gone for waiting jobs
too.
"""

from __future__ import annotations

from uuid import UUID

from dashapp.errors import SignInRequired
from dashapp.services import accounts, embed
from dashapp.signing import sign, unsign
from dashapp.viewer import Viewer
from dashapp.web.session import Asker

TICKET_S = 3600
OVER = "You are not signed in any more, so this did not run."


def make(asker: Asker) -> str:
    """A ticket for who asks."""
    if asker.session_id is not None:
        return sign("ticket", {"session": str(asker.session_id)})
    return sign("ticket", {"guest": embed.claims_of(asker.viewer)})


def admit(ticket: str) -> Viewer:
    """The viewer of a ticket with today's rights. SignInRequired if it is forged, old or over."""
    claims = unsign("ticket", ticket, age_s=TICKET_S)
    if not isinstance(claims, dict):
        raise SignInRequired(OVER)
    if "guest" in claims:
        return embed.readmit(claims["guest"])
    viewer = accounts.session_viewer(UUID(claims["session"]))
    if viewer is None:
        raise SignInRequired(OVER)
    return viewer
