"""User names: one spelling each, whatever was typed."""

from __future__ import annotations

import re
import unicodedata

from dashapp.errors import Invalid

ALLOWED = re.compile(r"[\w.@+-]{1,150}")


def normal(username: str) -> str:
    """The one spelling of a user name: no spaces around, lower case, compatibility forms folded."""
    return unicodedata.normalize("NFKC", username.strip()).casefold()


def is_username(name: str) -> bool:
    """Whether a normal name could be somebody's; what cannot is not asked for."""
    return ALLOWED.fullmatch(name) is not None


def require_username(username: str) -> str:
    """The name's one spelling. Raises Invalid for what is no user name."""
    name = normal(username)
    if not is_username(name):
        fault = "Use letters, digits and . _ - @ + only, at most 150."
        raise Invalid(fault, {"username": fault})
    return name
