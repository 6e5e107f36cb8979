"""What happens when two people do the same at the same moment, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp.errors import AppError, Conflict, NotFound
from dashapp.permissions import may_see, visible_dashboards
from dashapp.services import accounts, objects, sources
from dashapp.settings import Settings
from dashapp.viewer import SYSTEM
from models import Chart, DashboardGrant, User, db
from tests.services.metadata import (
    chart,
    dashboard,
    database,
    dataset,
    metadata,
    person,
    rule,
    user,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, chosen: Settings) -> Iterator[Flask]:
    """A metadata database of each engine that many threads may use."""
    is_sqlite = request.param == "sqlite"
    url = chosen.metadata_url if is_sqlite else request.getfixturevalue("postgres_url")
    with metadata(url) as made:
        yield made


def together(app: Flask, act: Callable[[int], Any], times: int = 4) -> list[Any]:
    """Results or errors of `act`, done at the same moment in contexts of their own."""
    barrier = Barrier(times)

    def one(number: int) -> Any:
        with app.app_context():
            try:
                barrier.wait()
                return act(number)
            except AppError as error:
                return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_link_that_many_use_at_once_makes_one_admin(shared: Flask) -> None:
    token = accounts.first_admin_link()

    def redeem(number: int) -> int:
        return accounts.redeem_link(token, username=f"root{number}", password="a good phrase").id

    outcomes = together(shared, redeem)
    assert sorted(isinstance(o, NotFound) for o in outcomes) == [False, True, True, True]
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == 1


def test_of_many_who_save_the_same_version_one_wins(shared: Flask) -> None:
    uuid = chart().uuid
    barrier = Barrier(4)

    def save(number: int) -> int:
        row = db.session.scalars(sa.select(Chart).where(Chart.uuid == uuid)).one()
        barrier.wait()
        row.name = f"by {number}"
        objects.save(SYSTEM, row, "change")
        return row.version

    outcomes = together(shared, save)
    assert sorted(o for o in outcomes if isinstance(o, int)) == [2]
    assert sum(isinstance(o, Conflict) for o in outcomes) == 3


def test_session_in_use_by_many_tabs_is_one_viewer(shared: Flask) -> None:
    session = accounts.open_session(user())
    viewers = together(shared, lambda _: accounts.session_viewer(session))
    assert len({v.user_id for v in viewers}) == 1


def test_rights_and_rules_are_the_same_on_every_engine(shared: Flask) -> None:
    ann = user()
    orders = dataset(database())
    rule(orders, users=[ann])
    row = dashboard("d", chart(orders), is_published=True)
    row.grants = [DashboardGrant(user_id=ann.id)]
    db.session.commit()
    for viewer, sees in ((person(ann.id), True), (person(99), False)):
        assert may_see(viewer, row) is sees
        assert list(db.session.scalars(visible_dashboards(viewer))) == [row] * sees
    assert len(sources.load(person(ann.id), [orders.uuid])[orders.uuid].rules) == 1
