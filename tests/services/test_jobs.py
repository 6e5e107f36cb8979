"""Jobs as rows: leases, fences and turns, also when many come at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp.errors import AppError, Conflict, NotFound, TooMany
from dashapp.jobs import JobCancelled
from dashapp.services import jobs
from dashapp.settings import Settings
from dashapp.viewer import SYSTEM, GuestRule, Viewer
from models import Job, db, utcnow
from tests.services import metadata

KIND = "export"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def app(request: pytest.FixtureRequest, chosen: Settings) -> Iterator[Flask]:
    """A metadata database of each engine."""
    url = chosen.metadata_url
    if request.param != "sqlite":
        url = request.getfixturevalue(
            {"postgresql": "postgres_url"}.get(request.param, "mariadb_url")
        )
    with metadata.metadata(url) as made:
        yield made


@pytest.fixture
def ann(app: Flask) -> Viewer:
    return metadata.person(metadata.user("ann").id)


def row(uuid: UUID) -> Job:
    db.session.expire_all()
    return db.session.scalars(sa.select(Job).where(Job.uuid == uuid)).one()


def let_expire(uuid: UUID) -> None:
    past = utcnow() - timedelta(seconds=1)
    db.session.execute(sa.update(Job).where(Job.uuid == uuid).values(lease_until=past))
    db.session.commit()


def test_a_job_goes_from_queued_to_done(ann: Viewer) -> None:
    uuid = jobs.create(ann, KIND, {"tile": "bars"})
    assert row(uuid).state == "queued"
    lease = jobs.claim(uuid)
    jobs.heartbeat(lease, 0.5, "half")
    assert (row(uuid).state, row(uuid).progress, row(uuid).attempts) == ("running", 0.5, 1)
    jobs.finish(lease, {"rows": 3})
    done = row(uuid)
    assert (done.state, done.result, done.lease_until) == ("done", {"rows": 3}, None)
    assert done.ended_at is not None
    assert done.started_at is not None
    assert done.ended_at >= done.started_at


def test_a_job_that_somebody_does_is_not_given_to_another(ann: Viewer) -> None:
    uuid = jobs.create(ann, KIND, {})
    jobs.claim(uuid)
    with pytest.raises(Conflict):
        jobs.claim(uuid)
    with pytest.raises(NotFound):
        jobs.claim(uuid4())


def test_a_late_holder_cannot_finish_what_another_took_over(ann: Viewer) -> None:
    uuid = jobs.create(ann, KIND, {})
    late = jobs.claim(uuid)
    let_expire(uuid)
    newer = jobs.claim(uuid)
    with pytest.raises(JobCancelled):
        jobs.finish(late, {"by": "late"})
    jobs.fail(late, "late")
    jobs.finish(newer, {"by": "newer"})
    assert row(uuid).result == {"by": "newer"}


def test_a_job_is_tried_only_so_often(ann: Viewer) -> None:
    uuid = jobs.create(ann, KIND, {})
    for _ in range(jobs.MOST_ATTEMPTS):
        jobs.claim(uuid)
        let_expire(uuid)
    with pytest.raises(Conflict):
        jobs.claim(uuid)


def test_a_job_whose_holder_is_gone_is_failed_with_a_sentence(ann: Viewer) -> None:
    lost, kept, waiting = (jobs.create(ann, KIND, {}) for _ in range(3))
    jobs.claim(lost)
    jobs.claim(kept)
    let_expire(lost)
    assert jobs.sweep(SYSTEM) == 1
    assert (row(lost).state, row(lost).message) == ("failed", jobs.ENDED_BY_WORKER)
    assert (row(kept).state, row(waiting).state) == ("running", "queued")


def test_old_rows_are_forgotten(ann: Viewer) -> None:
    uuid = jobs.create(ann, KIND, {})
    jobs.finish(jobs.claim(uuid), {})
    long_ago = utcnow() - timedelta(days=jobs.KEPT_DAYS + 1)
    db.session.execute(sa.update(Job).values(ended_at=long_ago))
    db.session.commit()
    jobs.sweep(SYSTEM)
    assert db.session.scalars(sa.select(Job)).all() == []


def test_only_the_system_sweeps(ann: Viewer) -> None:
    with pytest.raises(AppError):
        jobs.sweep(ann)


def test_cancelling_stops_the_holder(ann: Viewer) -> None:
    uuid = jobs.create(ann, KIND, {})
    lease = jobs.claim(uuid)
    jobs.cancel(ann, uuid)
    with pytest.raises(JobCancelled):
        jobs.heartbeat(lease, 0.1, "")
    with pytest.raises(JobCancelled):
        jobs.finish(lease, {})
    assert row(uuid).state == "cancelled"


def test_others_jobs_do_not_exist(ann: Viewer) -> None:
    uuid = jobs.create(ann, KIND, {})
    ben = metadata.person(metadata.user("ben").id)
    with pytest.raises(NotFound):
        jobs.own(ben, uuid)
    with pytest.raises(NotFound):
        jobs.cancel(ben, uuid)
    assert row(uuid).state == "queued"


def test_a_lease_is_renewed_while_the_work_goes_on(
    ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RENEW_S", 0.05)
    uuid = jobs.create(ann, KIND, {})
    lease, told = jobs.claim(uuid), threading.Event()
    with jobs.kept(lease, told.set):
        let_expire(uuid)
        while (until := row(uuid).lease_until) is None or until < utcnow():
            db.session.rollback()
        jobs.cancel(ann, uuid)
        assert told.wait(20)
        with pytest.raises(JobCancelled):
            lease.check()


def test_equal_keys_are_one_job(ann: Viewer) -> None:
    assert jobs.create(ann, KIND, {}, key="k") == jobs.create(ann, KIND, {}, key="k")


def test_of_many_at_once_exactly_as_many_as_allowed_get_through(app: Flask, ann: Viewer) -> None:
    def ask(_: int) -> bool:
        with app.app_context():
            try:
                jobs.create(ann, KIND, {}, at_once=3)
            except TooMany:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(24)))
    assert sum(outcomes) == 3


def test_jobs_of_killed_workers_do_not_count(ann: Viewer) -> None:
    for _ in range(3):
        uuid = jobs.create(ann, KIND, {})
        jobs.claim(uuid)
        let_expire(uuid)
    assert jobs.create(ann, KIND, {}, at_once=1)


@pytest.mark.parametrize("change", [{"name": "b"}, {"rules": (GuestRule("x = 1"),)}])
def test_guests_of_one_dashboard_are_told_apart(app: Flask, change: dict[str, Any]) -> None:
    one = Viewer(kind="guest", name="a", dashboard=metadata.dashboard().uuid)
    other = replace(one, **change)
    jobs.create(one, KIND, {}, at_once=1)
    with pytest.raises(TooMany):
        jobs.create(one, KIND, {}, at_once=1)
    assert jobs.create(other, KIND, {}, at_once=1)


def test_the_databases_clock_is_close_to_ours(app: Flask) -> None:
    assert abs((jobs.now() - utcnow()).total_seconds()) < 60
