"""Words that charts write of their own accord, in the viewer's language; English is the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "de": {
        "(blank)": "(nur Leerzeichen)", "(empty)": "(leer)", "No": "Nein", "Other": "Andere",
        "Total": "Summe", "Yes": "Ja",
    },
}  # fmt: skip


def said(word: str, locale: str) -> str:
    """The word in the language of a tag such as "de" or "de-CH"; as it is in any other."""
    return WORDS.get(locale.split("-")[0].lower(), {}).get(word, word)
