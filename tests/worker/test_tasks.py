"""Tasks: named as the list says, done by a real worker, in both modes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from pydantic import SecretStr

from dashapp import jobs as work
from dashapp.jobs import EVERY_S, celery_app, pulse
from dashapp.services import jobs
from dashapp.settings import Settings, using
from dashapp.viewer import SYSTEM
from dashapp.web.core import create_core
from models import Job, QueryLog, db, migrate, utcnow
from tests.jobs.browser import until
from tests.jobs.conftest import worker
from tests.services.conftest import KEY
from worker import processes, tasks


@pytest.fixture(params=["embedded", "redis"])
def core(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A metadata database and settings of each mode."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    chosen = Settings(data_dir=tmp_path, secret_key=SecretStr(KEY), redis_url=url)
    with using(chosen):
        migrate.upgrade(chosen.metadata_url)
        processes.core.cache_clear()
        app = create_core()
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()
        with processes.core().app_context():
            db.engine.dispose()
        processes.core.cache_clear()
        celery_app().backend.close()
        celery_app().close()


def lost_job() -> Job:
    """A job whose worker is gone."""
    uuid = jobs.create(SYSTEM, "export", {})
    jobs.claim(uuid)
    past = utcnow() - timedelta(seconds=1)
    db.session.execute(sa.update(Job).values(lease_until=past))
    db.session.commit()
    return db.session.scalars(sa.select(Job)).one()


def state() -> str:
    db.session.rollback()
    return db.session.scalars(sa.select(Job.state)).one()


def test_every_job_has_a_task_and_a_time(core: Flask) -> None:
    named = {name for name in celery_app().tasks if not name.startswith(("celery.", "background_"))}
    assert named == set(work.Job) == set(EVERY_S)
    assert {entry["task"] for entry in celery_app().conf.beat_schedule.values()} == named


@pytest.mark.parametrize("name", list(work.Job))
def test_every_task_may_run_twice(core: Flask, name: work.Job) -> None:
    for _ in range(2):
        celery_app().tasks[name].run()


def test_old_lines_of_the_query_log_go(core: Flask) -> None:
    for days in (1, 100):
        db.session.add(QueryLog(at=utcnow() - timedelta(days=days), viewer_name="ann"))
    db.session.commit()
    tasks.purge_query_log()
    assert len(db.session.scalars(sa.select(QueryLog)).all()) == 1


def test_the_servers_own_worker_does_what_is_queued(core: Flask, tmp_path: Path) -> None:
    lost_job()
    chosen = work.app.settings()
    with worker(chosen, tmp_path / "worker.log", "app"):
        until(lambda: pulse.workers(pulse.store_of(celery_app())))
        assert work.enqueue(work.Job.SWEEP_JOBS)
        until(lambda: state() == "failed")


def test_a_queue_that_is_away_loses_nothing(core: Flask) -> None:
    away = Settings(
        data_dir=Path("unused"), secret_key=SecretStr(KEY), broker_url="redis://127.0.0.1:1/0"
    )
    with using(away):
        assert not work.enqueue(work.Job.SWEEP_JOBS)
        celery_app().close()
