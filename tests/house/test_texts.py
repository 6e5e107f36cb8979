"""The interface speaks every language that it offers, wholly."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from yaml.nodes import MappingNode

from dashapp.ui import texts as spoken
from dashapp.web.signin import LOCALES
from tests.house import source, texts

FOLDER = source.ROOT / "dashapp" / "ui" / "locales"
CATALOGUES = sorted(FOLDER.glob("*.yaml"))


def catalogue(path: Path) -> dict[str, str]:
    """Translations by their English text."""
    found: dict[str, str] = yaml.safe_load(path.read_text("utf-8"))
    return found


def constants() -> set[str]:
    """Every text that is written in code or templates."""
    found: set[str] = set()
    for module in source.modules("dashapp", "pages", "callbacks"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found | set(texts.in_templates())


def test_offered_languages_have_a_catalogue() -> None:
    assert {path.stem for path in CATALOGUES} == set(LOCALES) - {"en"}


def test_texts_of_the_interface_are_found() -> None:
    wanted = texts.wanted()
    assert {"Try again", "Refresh", "Sign in", "User name", "viewer"} <= wanted
    assert {"Save", "Nothing here", "The two passwords differ.", "Light"} <= wanted


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_text_is_translated(path: Path) -> None:
    assert texts.wanted() - set(catalogue(path)) == set()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_no_translation_is_stale(path: Path) -> None:
    assert set(catalogue(path)) - constants() == set()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_keep_places_for_values(path: Path) -> None:
    for english, other in catalogue(path).items():
        assert other.strip(), english
        assert set(re.findall(r"\{\w*\}", english)) == set(re.findall(r"\{\w*\}", other)), english
        assert english.endswith(".") == other.endswith("."), english


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_keys_are_sorted_and_there_once(path: Path) -> None:
    node = yaml.compose(path.read_text("utf-8"))
    assert isinstance(node, MappingNode)
    keys = [str(key.value) for key, _ in node.value]
    assert keys == sorted(set(keys))


def test_a_text_is_said_in_the_language_of_the_request() -> None:
    before = spoken.locale()
    try:
        spoken.use("de-CH")
        assert spoken.t("cut at {rows} rows", rows=5) == "bei 5 Zeilen gekürzt"
        assert spoken.t("No such text") == "No such text"
        spoken.use("../de")
        assert spoken.t("Refresh") == "Refresh"
    finally:
        spoken.use(before)
