"""What the models promise, on every engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models import (
    Base,
    Chart,
    Dashboard,
    DashboardGrant,
    Database,
    Dataset,
    DatasetColumn,
    DatasetMetric,
    Group,
    Job,
    Schedule,
    ScheduleRun,
    Tag,
    User,
    make_engine,
    named_in,
    utcnow,
)

MOMENT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def engine(metadata_url: str) -> Iterator[sa.Engine]:
    """An engine whose database has all tables."""
    made = make_engine(metadata_url)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    """A session on it."""
    with Session(engine) as made:
        yield made


def saved(session: Session, row: Any) -> Any:
    session.add(row)
    session.commit()
    session.expire_all()
    return row


def a_dataset(**values: Any) -> Dataset:
    database = Database(name=str(uuid4()), kind="sqlite", url_encrypted="x")
    return Dataset(**{"name": "d", "database": database, "table": "t"} | values)


def test_times_come_back_aware_utc_with_microseconds(session: Session) -> None:
    berlin = MOMENT.astimezone(timezone(timedelta(hours=2)))
    job = saved(session, Job(kind="export", created_at=berlin, lease_until=None))
    assert (job.created_at, job.created_at.tzinfo, job.lease_until) == (MOMENT, UTC, None)
    found = session.scalar(sa.select(Job.id).where(Job.created_at == berlin))
    assert found == job.id


def test_times_without_a_zone_are_refused(session: Session) -> None:
    session.add(Job(kind="export", created_at=MOMENT.replace(tzinfo=None)))
    with pytest.raises(sa.exc.StatementError, match="without a zone"):
        session.commit()


def test_values_come_back_as_they_were(session: Session) -> None:
    request = {"text": "Zoë 🦊 \\ \" '", "list": [1, 2.5, None, True], "deep": {"a": {"b": []}}}
    job = saved(session, Job(kind="export", request=request, result=None))
    assert (job.request, job.result) == (request, None)
    assert session.scalar(sa.select(Job.id).where(Job.result.is_(None))) == job.id
    sql = "SELECT '" + "x" * 200_000 + "'"
    assert saved(session, a_dataset(table=None, sql=sql)).sql == sql


def test_uuid_exists_before_the_row_is_saved(session: Session) -> None:
    tag = Tag(name="sales")
    uuid = tag.uuid
    assert session.scalar(sa.select(Tag).where(Tag.uuid == saved(session, tag).uuid)) is tag
    assert tag.uuid == uuid


def test_names_differ_by_case_and_accent_everywhere(session: Session) -> None:
    session.add_all([Tag(name=name) for name in ("sales", "Sales", "sáles")])
    session.commit()
    session.add(Tag(name="sales"))
    with pytest.raises(IntegrityError):
        session.commit()


def test_stale_save_is_refused(engine: sa.Engine) -> None:
    with Session(engine) as one, Session(engine) as other:
        chart = saved(one, Chart(name="c", kind="bar"))
        copy = other.get_one(Chart, chart.id)
        assert copy.version == 1
        other.rollback()
        chart.name = "first"
        one.commit()
        other.add(copy)
        sa.orm.attributes.set_committed_value(copy, "version", 1)
        copy.name = "second"
        with pytest.raises(StaleDataError):
            other.commit()
        assert chart.version == 2


def test_change_of_columns_and_metrics_is_a_new_version(session: Session) -> None:
    dataset = saved(session, a_dataset())

    def version() -> int:
        session.commit()
        return int(session.scalars(sa.select(Dataset.version)).one())

    dataset.columns.append(DatasetColumn(name="c"))
    assert version() == 2
    dataset.columns[0].label = "C"
    assert version() == 3
    dataset.metrics = [DatasetMetric(name="m", definition={})]
    assert version() == 4
    dataset.columns.clear()
    assert version() == 5
    assert version() == 5
    session.delete(dataset)
    session.commit()
    assert session.scalar(sa.select(sa.func.count(DatasetMetric.id))) == 0


def test_dashboard_knows_its_charts_and_filters_datasets(session: Session) -> None:
    chart, other, dataset = Chart(name="a", kind="bar"), Chart(name="b", kind="bar"), a_dataset()
    nested = {"item": "tabs", "tabs": [{"items": [{"item": "tile", "chart": str(other.uuid)}]}]}
    layout = {
        "tabs": [{"items": [{"item": "tile", "chart": str(chart.uuid)}, nested]}],
        "filters": [{"dataset": str(dataset.uuid), "targets": {str(uuid4()): "x"}}],
    }
    session.add_all([other, dataset])
    session.commit()
    session.add(chart)
    dashboard = saved(session, Dashboard(slug="d", title="D", layout=layout))
    assert {c.uuid for c in dashboard.charts} == named_in(layout)[0] == {chart.uuid, other.uuid}
    assert list(dashboard.filter_datasets) == [dataset]
    dashboard.layout = {"tabs": []}
    session.commit()
    assert (dashboard.charts, dashboard.filter_datasets, dashboard.version) == ([], [], 2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: a_dataset(table=None),
        lambda: a_dataset(sql="SELECT 1"),
        lambda: User(username="u", name="U", role="king"),
        lambda: DashboardGrant(dashboard=Dashboard(slug="d", title="D", layout={})),
        lambda: Job(kind="export", state="odd"),
    ],
)
def test_impossible_rows_are_refused(session: Session, wrong: Any) -> None:
    session.add(wrong())
    with pytest.raises(sa.exc.DBAPIError):
        session.commit()


def test_tick_of_a_schedule_exists_once(session: Session) -> None:
    schedule = saved(session, Schedule(name="s", kind="report", cron="* * * * *"))
    session.add_all([ScheduleRun(schedule=schedule, tick=MOMENT) for _ in range(2)])
    with pytest.raises(IntegrityError):
        session.commit()


def test_user_who_goes_takes_memberships_but_no_charts(session: Session) -> None:
    user = User(username="u", name="U")
    chart = Chart(name="c", kind="bar", owner=user)
    session.add_all([Group(name="g", members=[user]), chart])
    session.commit()
    session.delete(user)
    session.commit()
    session.refresh(chart)
    assert chart.owner_id is None


def test_eight_writers_lose_nothing_and_are_never_locked_out(engine: sa.Engine) -> None:
    with Session(engine) as session:
        saved(session, User(username="counter", name="0"))
    errors: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for n in range(20):
                with Session(engine) as session:
                    # Reads first, as services do: the worst case for SQLite's locks.
                    session.scalars(sa.select(Tag)).all()
                    session.add(Tag(name=f"{writer}-{n}"))
                    session.flush()
                    user = session.scalars(sa.select(User).with_for_update()).one()
                    user.session_version += 1
                    session.commit()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count(Tag.id))) == 160
        assert session.scalars(sa.select(User.session_version)).one() == 161


def test_rolled_back_savepoint_and_transaction_leave_nothing(engine: sa.Engine) -> None:
    with Session(engine) as session:
        with session.begin_nested():
            session.add(Tag(name="inner"))
        lost = session.begin_nested()
        session.add(Tag(name="lost"))
        session.flush()
        lost.rollback()
        assert session.scalars(sa.select(Tag.name)).all() == ["inner"]
        session.rollback()
        assert session.scalars(sa.select(Tag.name)).all() == []


def test_moment_is_now_in_utc() -> None:
    assert utcnow().tzinfo is UTC
