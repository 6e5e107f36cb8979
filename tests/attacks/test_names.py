"""What goes wrong is told to who can mend it, and names nothing to others (E3, G5, M13)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from dashapp.errors import AppError
from dashapp.permissions import discreet
from dashapp.services import exports, querylog
from dashapp.services.exports import ExportRequest
from models import QueryLog, db
from tests.attacks import vault
from tests.attacks.doors import Caller, market_server
from tests.attacks.vault import CANARY, KEYS
from tests.services.metadata import person

# Words of SQL, of drivers and of this machine.
INSIDES = re.compile(r"SELECT|FROM |sqlite3?\.|duckdb\.|Error:|Traceback|/tmp/|/work/|File \"")


@pytest.fixture(scope="module", params=["sqlite", "duckdb"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("vault")
    with market_server(folder) as app:
        with app.app_context():
            vault.open_vault(request.param)
        yield app


def told(who: Caller) -> dict[str, str]:
    """All that somebody is told about the vault's dashboard, but for underlying rows."""
    who.slug = "vault"
    path = "embed" if "X-Guest-Token" in who.headers else "dashboards"
    found: dict[str, TestResponse] = {
        "tiles": who.draw(*KEYS.values()),
        "page": who.see(f"/{path}/vault"),
        "until": who.post("data-until", [who.page], []),
    }
    for key in ("region", "lost"):
        found[f"options {key}"] = who.options(key)
    for key in KEYS.values():
        for act in ("sql", "table"):
            found[f"{act} {key}"] = who.open(act, key)
        found[f"grid {key}"] = who.rows(key, "grid")
        if "X-Guest-Token" in who.headers:
            found[f"rows {key}"] = who.open("rows", key)
    assert {answer.status_code for answer in found.values()} == {200}
    return {name: answer.text for name, answer in found.items()}


def test_a_guest_is_told_no_name_of_what_lies_behind(server: Flask) -> None:
    texts = told(Caller.guest(server, "vault"))
    assert {name for name, text in texts.items() if CANARY in text} == set()
    assert {name for name, text in texts.items() if INSIDES.search(text)} == set()
    assert "EU" in texts["tiles"]
    assert texts["tiles"].count("is not set up right") >= 8
    assert "Who made the chart can see why" in texts["tiles"]


def test_a_viewer_is_told_no_name_by_what_goes_wrong(server: Flask) -> None:
    texts = told(Caller.person(server, "anna"))
    # The page knows the columns that can be clicked: underlying rows show them too.
    del texts["page"]
    assert {name for name, text in texts.items() if CANARY in text} == set()
    assert {name for name, text in texts.items() if INSIDES.search(text)} == set()


def test_an_editor_is_told_what_to_mend(server: Flask) -> None:
    text = told(Caller.person(server, "eve"))["tiles"]
    for sentence in (
        "There is no table gone_CANARY.",
        "The dataset has no column 'colum_CANARY'. Did you mean 'column_CANARY'?",
        "The dataset has no metric 'metric_CANARY'.",
        "the function function_CANARY is not on the list",
        "the column 'column_CANARY' stands outside an aggregate",
        "Names must be unique: total.",
        "option_CANARY: Extra inputs are not permitted",
        "There is no chart kind “kind_CANARY”",
    ):
        assert sentence in text
    assert not INSIDES.search(text)


def test_the_log_keeps_what_the_reader_is_not_told(server: Flask) -> None:
    told(Caller.guest(server, "vault"))
    querylog.flush()
    with server.app_context():
        lines = db.session.scalars(sa.select(QueryLog.error).where(QueryLog.error.is_not(None)))
        assert any("gone_CANARY" in (error or "") for error in lines)


def test_an_export_that_fails_names_nothing(server: Flask) -> None:
    ann = person(1)
    for key in ("lost-table", "strange-column"):
        request = ExportRequest(dashboard="vault", tile=key)
        with server.app_context(), pytest.raises(AppError) as caught:
            exports.write(ann, request, lambda share, text: None)
        assert CANARY not in discreet(ann, caught.value).message
