"""The doctor says what is wrong, in sentences, and never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from dashapp import warehouses
from dashapp.errors import Forbidden
from dashapp.jobs import celery_app
from dashapp.services import doctor, sources
from dashapp.settings import Settings, settings, using
from dashapp.viewer import SYSTEM
from dashapp.web.core import create_core
from models import db, migrate
from tests.servers import free_port, redis_server
from tests.services import metadata
from tests.services.conftest import KEY
from tests.services.shop import open_shop


@pytest.fixture
def core(chosen: Settings) -> Iterator[Flask]:
    migrate.upgrade(chosen.metadata_url)
    sources.forget()
    app = create_core()
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    celery_app().backend.close()
    celery_app().close()
    warehouses.dispose()


def found() -> dict[str, doctor.Finding]:
    return {finding.what: finding for finding in doctor.examine(SYSTEM)}


def changed(**values: Any) -> Settings:
    """Settings that differ in URLs only."""
    secret = {name: SecretStr(value) for name, value in values.items()}
    return settings().model_copy(update=secret)


def test_all_is_well_but_for_the_worker_that_nobody_started(core: Flask) -> None:
    open_shop()
    findings = found()
    assert [what for what, f in findings.items() if not f.is_well] == ["Worker"]
    assert "Start `dashapp run`" in findings["Worker"].sentence
    assert "shop.sqlite answers" in findings["Database Shop"].sentence


def test_old_tables_are_told_with_what_to_do(core: Flask) -> None:
    migrate.downgrade(settings().metadata_url)
    finding = found()["Metadata database"]
    assert not finding.is_well
    assert "dashapp db upgrade" in finding.sentence


def test_a_metadata_database_that_is_away_is_told_without_its_password(core: Flask) -> None:
    url = f"postgresql+psycopg://dash:hunter22@127.0.0.1:{free_port()}/dash"
    with using(changed(database_url=url)):
        finding = found()["Metadata database"]
    assert not finding.is_well
    assert "hunter22" not in finding.sentence
    assert "DASHAPP_DATABASE_URL" in finding.sentence


def test_redis_that_is_away_is_told_without_its_password(core: Flask) -> None:
    with using(changed(redis_url=f"redis://:hunter22@127.0.0.1:{free_port()}/0")):
        findings = found()
        celery_app().close()
    for what in ("Redis", "Queue", "Worker"):
        assert not findings[what].is_well
        assert "hunter22" not in findings[what].sentence


def test_redis_that_may_drop_queued_work_is_told(core: Flask) -> None:
    with (
        redis_server("--maxmemory-policy", "allkeys-lru") as (url, _),
        using(changed(redis_url=url)),
    ):
        findings = found()
        celery_app().close()
    assert "may drop queued work" in findings["Redis"].sentence
    assert findings["Queue"].is_well


def test_a_warehouse_that_is_gone_is_told_and_the_others_are_looked_at(core: Flask) -> None:
    open_shop()
    metadata.database("Away", "sqlite:////nowhere/at/all.db")
    findings = found()
    assert not findings["Database Away"].is_well
    assert findings["Database Shop"].is_well


def test_secrets_of_a_lost_key_are_told(core: Flask) -> None:
    metadata.database()
    with using(settings().model_copy(update={"secret_key": SecretStr(KEY[::-1])})):
        settings().__dict__.pop("key", None)
        assert not found()["Secrets"].is_well


def test_a_full_disk_is_told(core: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 2**62)
    assert "free some" in found()["Disk"].sentence


def test_nothing_is_left_in_the_data_folder(core: Flask, tmp_path: Path) -> None:
    list(doctor.examine(SYSTEM))
    assert not (tmp_path / ".dashapp-doctor").exists()


def test_only_admins_ask_the_doctor(core: Flask) -> None:
    with pytest.raises(Forbidden):
        list(doctor.examine(metadata.person()))
