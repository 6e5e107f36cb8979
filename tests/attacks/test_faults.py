"""Answers that break off: never kept, never shown as whole, others untouched (M9, M13, M14)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pydantic import SecretStr

from dashapp import query, warehouses
from dashapp.errors import AppError, QueryFailed, WarehouseDown
from dashapp.services import charts, dashboards, filters
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.settings import Settings, settings
from dashapp.specs import ColumnSpec, DatabaseSpec, DatasetSpec, FilterState, QuerySpec, Source
from dashapp.viewer import Viewer
from tests.services import market
from tests.services.market import show

ROWS = 40_000
CONTEXT = query.Context(zone="UTC", now=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.fixture
def broken(chosen: Settings) -> Iterator[Source]:
    """A table whose last row cannot be read the way it is asked for."""
    folder = chosen.data_dir / "warehouses"
    folder.mkdir(parents=True)
    lite = sqlite3.connect(folder / "a.sqlite")
    lite.execute("create table t (i integer, j text)")
    rows = ((n, '{"a": 1}' if n < ROWS - 1 else "{") for n in range(ROWS))
    lite.executemany("insert into t values (?, ?)", rows)
    lite.commit()
    lite.close()
    database = DatabaseSpec(
        uuid=uuid4(), name="a", kind="sqlite", url=SecretStr("sqlite:///a.sqlite")
    )
    columns = (
        ColumnSpec(name="i", type="integer"),
        ColumnSpec(name="j"),
        ColumnSpec(name="x", type="integer", expression="json_extract(j, '$.a')"),
    )
    dataset = DatasetSpec(
        uuid=uuid4(), name="t", database=database.uuid, table="t", columns=columns
    )
    yield Source(dataset=dataset, database=database)
    warehouses.dispose()


def asked(source: Source) -> QuerySpec:
    return QuerySpec(dataset=source.dataset.uuid, columns=("i", "x"))


def test_an_answer_that_breaks_off_is_not_kept(broken: Source) -> None:
    for _ in range(3):
        with pytest.raises(QueryFailed):
            query.run(broken, asked(broken), CONTEXT)
        assert query.peek(broken, asked(broken), CONTEXT) is None


def test_a_stream_that_breaks_off_is_not_taken_for_a_whole_one(broken: Source) -> None:
    got: list[int] = []

    def read() -> None:
        for batch in query.stream(broken, asked(broken), CONTEXT):
            got.append(batch.num_rows)

    with pytest.raises(QueryFailed):
        read()
    assert sum(got) < ROWS


def test_a_slot_is_free_after_every_failure(broken: Source) -> None:
    lone = broken.model_copy(update={"database": broken.database.model_copy(update={"slots": 1})})
    for _ in range(20):
        with pytest.raises(QueryFailed):
            query.run(lone, asked(lone), CONTEXT)
    fine = QuerySpec(dataset=lone.dataset.uuid, columns=("i",), limit=5)
    assert query.run(lone, fine, CONTEXT).rows == 5


def test_a_database_that_is_gone_stops_nothing_but_its_tiles(ann: Viewer, opened: Opened) -> None:
    market.forget()
    path = settings().data_dir / "warehouses" / "market.sqlite"
    path.rename(path.with_suffix(".away"))
    found = show(ann, dashboards.open(ann, "market"))
    assert {key for key, answer in found.items() if answer.error is None} == {"text"}
    assert all(isinstance(a.error, AppError) for key, a in found.items() if key != "text")
    assert str(path.parent) not in str([a.error for a in found.values()])
    with pytest.raises(AppError):
        filters.options(ann, opened, "region", "", FilterState())
    path.with_suffix(".away").rename(path)
    again = show(ann, dashboards.open(ann, "market"), None, force=True)
    assert all(answer.error is None for answer in again.values())


def test_a_column_that_was_dropped_is_named_to_who_can_mend_it(
    ann: Viewer, eve: Viewer, opened: Opened
) -> None:
    lite = sqlite3.connect(settings().data_dir / "warehouses" / "market.sqlite")
    lite.execute("alter table orders drop column product")
    lite.commit()
    lite.close()
    market.forget()
    for who, is_named in ((eve, True), (ann, False)):
        found = show(who, market.reopened(who))
        bad = {key for key, answer in found.items() if answer.error}
        assert bad == {"products", "list"}
        assert ("product" in str(found["list"].error)) is is_named
    assert charts.known(eve, market.reopened(eve), ["list"], Want()) == {}


def test_a_sentence_says_that_the_database_is_down(ann: Viewer, opened: Opened) -> None:
    error = WarehouseDown("There is no database secret_name on the server.", name="secret_name")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts.query, "run_many", lambda questions: [error for _ in questions])
        found = show(ann, opened, None, "total")["total"].error
    assert isinstance(found, WarehouseDown)
    assert "secret_name" not in found.message
