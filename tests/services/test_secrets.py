"""Secrets in the metadata database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr

from dashapp.errors import Invalid
from dashapp.services import secrets
from dashapp.settings import Settings, using
from models import db
from tests.services.conftest import KEY
from tests.services.metadata import database

URL = "postgresql://bi:s3cr3t-canary@db.example.com/shop"
NEW_KEY = "Zx8cVb2nMq5wEr7tYu1iOp4aSd6fGh9j"


def rekeyed(settings: Settings, *old: str) -> Settings:
    return Settings(
        data_dir=settings.data_dir,
        secret_key=SecretStr(NEW_KEY),
        old_secret_keys=tuple(map(SecretStr, old)),
    )


def test_secret_opens_again_and_is_not_in_the_file(app: Flask, chosen: Settings) -> None:
    row = database(url=URL)
    assert secrets.reveal(row, "url_encrypted") == URL
    with sqlite3.connect(chosen.data_dir / "metadata.db") as plain:
        assert "canary" not in "\n".join(plain.iterdump())
    plain.close()


def test_swapped_ciphertexts_do_not_open(app: Flask) -> None:
    one, other = database("one", URL), database("other", URL)
    one.url_encrypted, other.url_encrypted = other.url_encrypted, one.url_encrypted
    for row in (one, other):
        with pytest.raises(secrets.SecretLost, match=row.name):
            secrets.reveal(row, "url_encrypted")


@pytest.mark.parametrize("broken", ["", "plain", "v1:00:!!", "v2:a:b", "v1:é:b"])
def test_anything_else_does_not_open(app: Flask, broken: str) -> None:
    row = database()
    row.url_encrypted = broken
    with pytest.raises(secrets.SecretLost):
        secrets.reveal(row, "url_encrypted")


def test_equal_secrets_have_different_ciphertexts(app: Flask) -> None:
    row = database()
    assert secrets.seal(row, "url_encrypted", URL) != secrets.seal(row, "url_encrypted", URL)


def test_old_key_still_opens_and_lost_key_is_a_sentence(app: Flask, chosen: Settings) -> None:
    row = database("Sales", URL)
    with using(rekeyed(chosen, KEY)):
        assert secrets.reveal(row, "url_encrypted") == URL
        secrets.check()
    with using(rekeyed(chosen)), pytest.raises(secrets.SecretLost, match="Sales.*OLD_SECRET_KEYS"):
        secrets.check()


def test_rotation_changes_each_secret_once_and_is_no_new_version(
    app: Flask, chosen: Settings
) -> None:
    row = database(url=URL)
    database("other")
    before = row.version, row.changed_at
    with using(rekeyed(chosen, KEY)):
        assert (secrets.rotate(), secrets.rotate()) == (2, 0)
    with using(rekeyed(chosen)):
        assert secrets.reveal(row, "url_encrypted") == URL
    db.session.refresh(row)
    assert (row.version, row.changed_at) == before


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://bi:pw@h:5/d", "postgresql://bi:***@h:5/d"),
        ("mysql://h/d?ssl_key=abc&charset=utf8", "mysql://h/d?charset=utf8&ssl_key=***"),
        ("duckdb:////data/a.duckdb", "duckdb:////data/a.duckdb"),
        ("nonsense pw", "***"),
    ],
)
def test_masks_hide_every_secret(url: str, shown: str) -> None:
    masked = secrets.masked(url)
    assert sorted(masked.replace("?", "&").split("&")) == sorted(shown.replace("?", "&").split("&"))


def test_masked_url_comes_back_with_its_password_but_not_on_another_server() -> None:
    earlier = "postgresql://bi:pw@h/d?token=t"
    assert secrets.unmasked("postgresql://bi:***@h/e?token=***", earlier) == (
        "postgresql://bi:pw@h/e?token=t"
    )
    assert secrets.unmasked("postgresql://x:new@evil/d", earlier) == "postgresql://x:new@evil/d"
    with pytest.raises(Invalid, match="password again"):
        secrets.unmasked("postgresql://bi:***@evil/d", earlier)


def test_settings_keep_their_key_out_of_sight(chosen: Settings, tmp_path: Path) -> None:
    assert KEY not in repr(chosen)
