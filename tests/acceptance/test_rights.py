"""Nobody sees another's row, by whatever face, warehouse, cache or order of visits."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from callbacks import dashboard as reactions
from dashapp import cache, warehouses
from dashapp.permissions import GUEST
from dashapp.services import charts, dashboards, filters, sources
from dashapp.services.charts import Want
from dashapp.settings import Settings, using
from dashapp.specs import FilterState, FilterValue
from dashapp.viewer import GuestRule, Viewer
from models import Group, RowRule, User, db
from tests.acceptance import canaries
from tests.acceptance.canaries import CHARTS, EU_TOTAL, SLUG, Faces, leaks
from tests.acceptance.crowd import crowd
from tests.services.conftest import KEY
from tests.services.market import asked_of_warehouses
from tests.services.metadata import add, metadata, person, rule, user


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["embedded", "redis"])
def chosen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of both modes: answers on disk, or in Redis."""
    redis = SecretStr(request.getfixturevalue("redis_url")) if request.param == "redis" else None
    made = Settings(
        data_dir=tmp_path, secret_key=SecretStr(KEY), redis_url=redis, private_hosts=("127.0.0.1",),
        export_concurrency=1000,
    )  # fmt: skip
    with using(made):
        cache.reset()
        sources.forget()
        yield made
        warehouses.dispose()
        cache.reset()


@pytest.fixture
def world(chosen: Settings, kind: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else ""
    with metadata(chosen.metadata_url) as app:
        canaries.make(kind, url)
        yield app
        warehouses.dispose()


@pytest.fixture
def admin(world: Flask) -> Viewer:
    return person(user("root", "admin").id, "admin")


@pytest.fixture
def group(world: Flask) -> Group:
    """People who may see the EU only."""
    made: Group = add(Group(name="EU"))
    rule(canaries.orders_dataset(), "region = 'EU'", groups=[made])
    return made


def member(group: Group, username: str) -> Viewer:
    """Somebody of the group; an editor, so that SQL is shown too."""
    return person(user(username, "editor").id, "editor", (group.id,))


def guest(**more: Any) -> Viewer:
    opened = dashboards.open(person(1, "admin"), SLUG)
    return Viewer(kind="guest", name="g", permissions=GUEST, dashboard=opened.uuid, **more)


def total(viewer: Viewer, state: FilterState | None = None) -> float:
    opened = dashboards.open(viewer, SLUG)
    want = Want(state=state or FilterState())
    answer = charts.answers(viewer, opened, ["total"], want)["total"]
    assert answer.error is None, answer.error
    return float(answer.results["main"].table.to_pylist()[0]["total"])


@pytest.mark.parametrize("first", ["admin", "bob"])
def test_a_viewer_under_a_rule_never_sees_anothers_row(
    admin: Viewer, group: Group, first: str
) -> None:
    bob = member(group, "bob")
    if first == "admin":
        assert len(leaks(Faces(admin).look())) > 40  # Canaries would be found.
    told = Faces(bob).look()
    assert leaks(told) == {}
    assert len(told) > 50
    assert "210" in told["tiles"]
    assert "plain 0" in told["long table"]
    whole = Faces(admin).look()
    assert "CANARY 4" in whole["csv of rows"]
    assert leaks(Faces(bob).look()) == {}
    assert filters.bounds(bob, dashboards.open(bob, SLUG), "amount") == (1, 20)


@pytest.mark.parametrize("first", ["admin", "guest"])
def test_a_guest_never_sees_more_than_the_token_allows(admin: Viewer, first: str) -> None:
    who = guest(rules=(GuestRule("region = 'EU'"),))
    if first == "admin":
        Faces(admin).look()
    told = Faces(who).look()
    assert leaks(told) == {}
    assert not [name for name in told if name.startswith(("csv", "xlsx", "page of", "sql"))]
    assert total(who) == EU_TOTAL
    assert total(admin) > EU_TOTAL
    assert leaks(Faces(who).look()) == {}


def test_a_guest_whose_filters_are_fixed_never_sees_past_them(admin: Viewer) -> None:
    Faces(admin).look()
    who = guest(locked_filters={"region": FilterValue(values=("EU",))})
    told = {name: text for name, text in Faces(who).look().items() if name != "until"}
    assert leaks(told) == {}
    tried = FilterState.model_validate({"values": {"region": {"values": ["CANARY-land"]}}})
    assert total(who, tried) == EU_TOTAL


def test_a_second_viewer_with_equal_rights_costs_no_query(admin: Viewer, group: Group) -> None:
    faces = [Faces(member(group, name)) for name in ("bob", "eve")]
    looks: list[list[str]] = []
    for face in faces:
        with asked_of_warehouses() as seen:
            face.put("tiles", face.tiles)
            face.put("page", face.page)
            face.put("options", lambda f=face: f.options("secret", ""))
            face.put("long table", face.long_table)
            face.put("until", lambda f=face: reactions.until(f.viewer, f.state))
        looks.append(seen)
    # Tiles are asked together; more than them are a sample and lists.
    assert 1 < len(looks[0]) <= len(CHARTS) + 4
    assert looks[1] == []


def test_a_changed_rule_counts_at_once(admin: Viewer, group: Group) -> None:
    bob = member(group, "bob")
    assert total(bob) == EU_TOTAL
    db.session.query(RowRule).one().clause = "region = 'EU' AND amount <= 10"
    db.session.commit()
    assert total(bob) == 55
    db.session.delete(db.session.query(RowRule).one())
    db.session.commit()
    assert total(bob) == total(admin)
    assert total(person(bob.user_id or 0, "editor", ())) == total(admin)


def test_many_at_once_never_get_each_others_answer(admin: Viewer, world: Flask) -> None:
    """Twenty people of different rights, hot and cold answers, in random order."""
    people: dict[int, Viewer] = {}
    for n in range(1, 21):
        people[n] = person(user(f"p{n}", "editor").id, "editor")
        rule(canaries.orders_dataset(), f"amount <= {n}", users=[_row(people[n])])
    reads = [n for n in people for _ in range(20)]
    random.Random(1).shuffle(reads)
    wrong: list[tuple[int, float]] = []

    def read(n: int) -> None:
        with world.app_context():
            found = total(people[n])
            if found != n * (n + 1) / 2:
                wrong.append((n, found))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(read, reads))
    assert wrong == []


def _row(viewer: Viewer) -> Any:
    return db.session.get(User, viewer.user_id)


def test_fifty_viewers_of_a_cold_dashboard_ask_each_question_once(
    admin: Viewer, group: Group, world: Flask
) -> None:
    viewers = [member(group, f"v{n}") for n in range(50)]
    gate = threading.Barrier(50)
    found: list[int] = []

    def visit(viewer: Viewer) -> None:
        with world.app_context():
            gate.wait(60)
            opened = dashboards.open(viewer, SLUG)
            answers = charts.answers(viewer, opened, list(CHARTS), Want())
            found.append(sum(a.error is None for a in answers.values()))

    with asked_of_warehouses() as seen, ThreadPoolExecutor(50) as pool:
        list(pool.map(visit, viewers))
    assert found == [len(CHARTS)] * 50
    assert len(seen) == len(set(seen))


def test_viewers_in_several_processes_ask_each_question_once(
    admin: Viewer, group: Group, chosen: Settings
) -> None:
    viewers = [member(group, f"v{n}") for n in range(48)]
    asked, answered = crowd(chosen, [v.user_id or 0 for v in viewers], group.id, processes=3)
    assert answered == 48 * len(CHARTS)
    assert len(asked) == len(set(asked))
    assert (
        1 < len(asked) <= len(CHARTS) + 1
    )  # Questions of a page are asked together, after a sample.
