"""Exports from the question to the file: whole or not at all, and one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from dashapp import cache, query, warehouses
from dashapp.errors import Forbidden, NotFound, QueryFailed, TooMany
from dashapp.jobs import JobCancelled, pulse
from dashapp.services import exports, jobs
from dashapp.services.exports import ExportRequest
from dashapp.settings import Settings, settings, using
from dashapp.specs import FilterState
from dashapp.viewer import SYSTEM, Viewer
from models import Job, db, utcnow
from tests.services import metadata
from tests.services.shop import open_shop


@pytest.fixture
def shop(app: Flask) -> Iterator[Flask]:
    open_shop()
    yield app
    warehouses.dispose()


@pytest.fixture
def ann(shop: Flask) -> Viewer:
    return metadata.person(metadata.user("ann").id)


def write(viewer: Viewer, **asked: Any) -> exports.ExportFile:
    request = ExportRequest(**({"dashboard": "sales", "tile": "bars"} | asked))
    return exports.write(viewer, request, lambda share, text: None)


def read(viewer: Viewer, uuid: UUID) -> bytes:
    return b"".join(exports.open(viewer, uuid)[1])


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def states() -> list[str]:
    return list(db.session.scalars(sa.select(Job.state).order_by(Job.id)))


def test_a_tiles_data_is_written_as_it_is_shown(ann: Viewer) -> None:
    made = write(ann)
    assert sorted(rows(read(ann, made.uuid))) == [
        ["North", "6"],
        ["South", "9"],
        ["region", "total"],
    ]
    assert (made.rows, made.truncated) == (2, False)
    assert made.filename.startswith("Sales by region 20")
    assert made.filename.endswith(".csv")
    assert made.size_bytes == len(read(ann, made.uuid))


def test_underlying_rows_are_written_under_the_filters(ann: Viewer) -> None:
    state = FilterState.model_validate({"values": {"region": {"values": ["South"]}}})
    made = write(ann, what="rows", format="xlsx", filters=state)
    sheet = openpyxl.load_workbook(io.BytesIO(read(ann, made.uuid))).active
    assert sheet is not None
    assert sheet.title == "Sales by region rows"
    found = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert found[0] == ["region", "note", "amount"]
    assert sorted(found[1:]) == [["South", f"=note {n}", n] for n in (1, 3, 5)]


def test_progress_ends_near_the_end(ann: Viewer) -> None:
    told: list[tuple[float, str]] = []
    exports.write(
        ann, ExportRequest(dashboard="sales", tile="bars"), lambda s, t: told.append((s, t))
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert told[-1] == (0.99, "2 rows; finishing the file…")


def test_what_was_asked_by_whom_is_kept(ann: Viewer) -> None:
    made = write(ann)
    job = db.session.scalars(sa.select(Job)).one()
    assert (job.uuid, job.kind, job.state, job.user_id) == (
        made.uuid,
        "export",
        "done",
        ann.user_id,
    )
    assert job.request["tile"] == "bars"
    assert job.result is not None
    assert job.result["rows"] == 2


def test_more_rows_than_an_export_may_have_are_left_out_and_told(
    ann: Viewer, chosen: Settings
) -> None:
    with using(chosen.model_copy(update={"export_row_limit": 4})):
        made = write(ann, what="rows")
        assert (made.rows, made.truncated) == (4, True)
        assert len(rows(read(ann, made.uuid))) == 5
    assert "(first 4 rows)" in made.filename
    assert "there are more" in made.sentence


def test_exactly_as_many_rows_as_allowed_are_whole(ann: Viewer, chosen: Settings) -> None:
    with using(chosen.model_copy(update={"export_row_limit": 6})):
        assert not write(ann, what="rows").truncated


def test_only_who_made_it_may_fetch_it(ann: Viewer) -> None:
    made = write(ann)
    ben = metadata.person(metadata.user("ben").id)
    for viewer, uuid in ((ben, made.uuid), (SYSTEM, made.uuid), (ann, uuid4())):
        with pytest.raises(NotFound):
            exports.open(viewer, uuid)


def test_without_the_right_nothing_is_written_or_fetched(ann: Viewer) -> None:
    guest = Viewer(kind="guest", name="g", permissions=frozenset({"dashboard.view"}))
    with pytest.raises(NotFound):
        write(guest)
    with pytest.raises(Forbidden):
        exports.open(guest, uuid4())
    assert states() == []


def test_rows_need_a_right_of_their_own(ann: Viewer) -> None:
    less = Viewer(kind="user", name="ann", user_id=ann.user_id, role="viewer",
                  permissions=ann.permissions - {"rows.view"})  # fmt: skip
    with pytest.raises(Forbidden):
        write(less, what="rows")


def test_a_failed_query_leaves_no_file_and_a_sentence(ann: Viewer) -> None:
    warehouses.dispose()
    (settings().data_dir / "warehouses" / "shop.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(QueryFailed):
        write(ann)
    job = db.session.scalars(sa.select(Job)).one()
    assert job.state == "failed"
    assert job.message
    assert cache.files().size(str(job.uuid)) is None


def broken(*_: Any) -> Iterator[Any]:
    raise RuntimeError("a bug")
    yield


def test_a_bug_leaves_no_file_and_no_details(ann: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "stream", broken)
    with pytest.raises(RuntimeError):
        write(ann)
    job = db.session.scalars(sa.select(Job)).one()
    assert (job.state, job.message) == ("failed", "It failed.")


class Memory:
    """A result store that forgets nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def set(self, key: str, value: str, expires: int | None = None) -> None:
        self.kept[key] = value.encode()

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


def test_a_cancelled_export_leaves_no_file(ann: Viewer) -> None:
    job = pulse.JobPulse(Memory(), "one")
    job.cancelled.set()
    pulse.set_current(job)
    try:
        with pytest.raises(JobCancelled):
            write(ann)
    finally:
        pulse.set_current(None)
    row = db.session.scalars(sa.select(Job)).one()
    assert row.state == "cancelled"
    assert cache.files().size(str(row.uuid)) is None


def test_one_person_runs_only_so_many_at_once(ann: Viewer) -> None:
    for _ in range(settings().export_concurrency):
        jobs.claim(jobs.create(ann, exports.KIND, {}))
    with pytest.raises(TooMany, match="3 under way"):
        write(ann)
    assert write(metadata.person(metadata.user("ben").id)).rows == 2


def test_old_files_go(ann: Viewer, chosen: Settings) -> None:
    made = write(ann)
    assert exports.expire(SYSTEM) == 0
    db.session.execute(sa.update(Job).values(ended_at=jobs.now() - timedelta(hours=2)))
    db.session.commit()
    with pytest.raises(NotFound, match="export it again"):
        exports.open(ann, made.uuid)
    assert exports.expire(SYSTEM) == 1
    assert cache.files().size(str(made.uuid)) is None


def test_temporary_files_are_gone_afterwards(ann: Viewer) -> None:
    write(ann, format="xlsx")
    assert list((settings().data_dir / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("title", "begin"),
    [("../../etc/passwd", "etc passwd "), ('a"b\r\nc', "a b c "), ("", "Export "), ("=x", "x ")],
)
def test_file_names_are_harmless(title: str, begin: str) -> None:
    moment = utcnow()
    name = exports.file_name(
        title, "csv", moment, "UTC", exports.sheets.Written(rows=1, truncated=False)
    )
    assert name.startswith(begin)
    assert name.endswith(f"{moment:%Y-%m-%d %H%M}.csv")
