"""Texts of the interface in the viewer's language; English is the key."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import Any

import yaml

_locale: ContextVar[str] = ContextVar("locale", default="en")


def use(locale: str) -> None:
    """Texts of this request are in `locale` (a tag such as "de" or "de-CH") from here on."""
    _locale.set(locale)


def locale() -> str:
    """The language of this request."""
    return _locale.get()


def t(english: str, **values: Any) -> str:
    """A text in this request's language, `{name}` filled from `values`."""
    text = _catalog(_locale.get().split("-")[0].lower()).get(english, english)
    return text.format(**values) if values else text


@cache
def _catalog(language: str) -> dict[str, str]:
    file = resources.files("dashapp.ui") / "locales" / f"{language}.yaml"
    if language == "en" or not language.isalpha() or not file.is_file():
        return {}
    found: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))
    return found
