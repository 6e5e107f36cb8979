"""The gallery's doors: open to administrators alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from dashapp.ui import ids
from tests.attacks.doors import Caller, market_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with market_server(tmp_path_factory.mktemp("gallery")) as app:
        yield app


@pytest.mark.parametrize("name", ["anna", "eve"])
def test_viewers_and_editors_see_neither_page_nor_pictures(server: Flask, name: str) -> None:
    caller = Caller.person(server, name)
    assert caller.client.get("/gallery").status_code == 403
    assert pictures(caller).count("gallery-card") == 0


def test_a_guest_sees_neither_page_nor_pictures(server: Flask) -> None:
    caller = Caller.guest(server)
    assert caller.client.get("/gallery", headers=caller.headers).status_code in (302, 401, 403)
    assert pictures(caller).count("gallery-card") == 0


def test_an_administrator_is_told_how_to_load_the_examples(server: Flask) -> None:
    page = Caller.person(server, "adam").client.get("/gallery")
    assert page.status_code == 200
    assert "dashapp examples load" in page.text


def pictures(caller: Caller) -> str:
    """What the server answers when a family of pictures is asked for by hand."""
    family = ids.thumbnails("numbers")
    return caller.post("thumbnails", [family], [], key="numbers").text
