"""Tiles and their rows as files: CSV or XLSX, streamed, for the one who asked."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field

from dashapp import cache, permissions, query
from dashapp import jobs as work
from dashapp.errors import AppError, NotFound, QueryCancelled
from dashapp.services import charts, dashboards, jobs, sheets
from dashapp.settings import settings
from dashapp.specs import FilterState, QuerySpec, Source, Spec, metric_name
from dashapp.viewer import Viewer
from models import Job, db

log = logging.getLogger(__name__)

KIND = "export"
# Progress is told this often, seconds.
TOLD_S = 0.5
# Rows after which the bar of an export of unknown length is half full.
HALF_ROWS = 50_000
# Age at which temporary files of a killed worker go, seconds.
TEMPORARY_S = 24 * 3600

Progress = Callable[[float, str], None]


class ExportRequest(Spec):
    """What to write: a tile's data or its underlying rows, under these filters."""

    dashboard: str = Field(max_length=250, description="The dashboard's slug.")
    tile: str = Field(max_length=250, description="Key of the tile in the layout.")
    what: Literal["data", "rows"] = "data"
    format: sheets.FileFormat = "csv"
    filters: FilterState = FilterState()


@dataclass(frozen=True)
class ExportFile:
    """A finished file. `uuid` names it for download, `size_bytes` is as stored."""

    uuid: UUID
    filename: str
    size_bytes: int
    rows: int
    truncated: bool

    @property
    def sentence(self) -> str:
        """What the person reads when it is ready."""
        if self.truncated:
            return f"{self.filename} has the first {self.rows:,} rows; there are more."
        return f"{self.filename} is ready: {self.rows:,} {'row' if self.rows == 1 else 'rows'}."


def write(viewer: Viewer, request: ExportRequest, progress: Progress) -> ExportFile:
    """Write an export and keep it for `export_ttl_s`; `progress` gets 0 to 1 and a sentence.

    Raises TooMany above `export_concurrency` at once, JobCancelled when cancelled meanwhile, and
    whatever the query raises. Unless it returns, there is no file.
    """
    opened = dashboards.open(viewer, request.dashboard)
    want = charts.Want(state=request.filters)
    asked, spec = charts.asked(viewer, opened, request.tile, want, request.what)
    if asked.source is None:
        raise NotFound("This tile shows no data.")
    title = asked.title if request.what == "data" else f"{asked.title} rows"
    rights = query.fingerprint(asked.source.rules)
    dataset = str(asked.source.dataset.uuid)
    told = request.model_dump(mode="json") | {"title": title, "of": dataset, "rights": rights}
    with _leased(viewer, told) as lease:
        name = f"export:{lease.uuid}"
        context = replace(
            asked.context, query_id=name, row_limit=settings().export_row_limit + 1,
            priority="scheduled",
        )  # fmt: skip
        work.on_cancel(lambda: query.cancel(name))
        with jobs.kept(lease, lambda: query.cancel(name)):
            made = _write(lease, request, title, (asked.source, spec, context), progress)
        jobs.finish(lease, asdict(made) | {"uuid": str(made.uuid)})
    return made


@contextmanager
def _leased(viewer: Viewer, request: Mapping[str, Any]) -> Iterator[jobs.Lease]:
    """A running job of this person; its row tells how it ended, and a file of a failure goes."""
    uuid = jobs.create(viewer, KIND, request, at_once=settings().export_concurrency)
    lease = jobs.claim(uuid)
    try:
        yield lease
    except BaseException as error:
        cache.files().delete(str(uuid))
        if isinstance(error, work.JobCancelled):
            jobs.cancelled(lease)
        else:
            sentence = error.message if isinstance(error, AppError) else "It failed."
            jobs.fail(lease, sentence)
        raise


def _write(
    lease: jobs.Lease,
    request: ExportRequest,
    title: str,
    question: tuple[Source, QuerySpec, query.Context],
    progress: Progress,
) -> ExportFile:
    source, spec, context = question
    tell = _teller(lease, progress)
    progress(0.0, "Asking the database…")
    files, name = cache.files(), str(lease.uuid)
    try:
        with temporary() as folder, files.writer(name) as sink:
            written = sheets.write(
                query.stream(source, spec, context), columns(spec), request.format, sink,
                most_rows=settings().export_row_limit, on_rows=tell, title=title,
                zone=context.zone, folder=folder,
            )  # fmt: skip
            progress(0.99, f"{written.rows:,} rows; finishing the file…")
            _check(lease)
    except QueryCancelled:
        _check(lease)
        raise
    filename = file_name(title, request.format, context.now, context.zone, written)
    size = files.size(name) or 0
    return ExportFile(lease.uuid, filename, size, written.rows, written.truncated)


def _check(lease: jobs.Lease) -> None:
    work.check_cancelled()
    lease.check()


def _teller(lease: jobs.Lease, progress: Progress) -> sheets.OnRows:
    """Tells progress now and then, and stops the work when it is cancelled."""
    told_at = 0.0

    def tell(rows: int) -> None:
        nonlocal told_at
        _check(lease)
        if time.monotonic() - told_at >= TOLD_S:
            told_at = time.monotonic()
            progress(rows / (rows + HALF_ROWS), f"{rows:,} rows written")

    return tell


def columns(spec: QuerySpec) -> list[str]:
    """The headers of an answer without rows, before post-processing."""
    if not spec.is_grouped:
        return list(spec.columns)
    return [d.name for d in spec.dimensions] + [metric_name(m) for m in spec.metrics]


def file_name(
    title: str, format: sheets.FileFormat, at: datetime, zone: str, written: sheets.Written
) -> str:
    """A name that says what and when, and whether rows are missing; safe on every system."""
    plain = " ".join(re.sub(r"[^\w .,()&+-]", " ", title).split()).strip(". ")[:100] or "Export"
    first = f" (first {written.rows} rows)" if written.truncated else ""
    return f"{plain} {sheets.stamp(at, zone)}{first}.{format}"


def open(viewer: Viewer, uuid: UUID) -> tuple[ExportFile, Iterator[bytes]]:
    """A finished file of one's own, in chunks. NotFound for others' files and for old ones.

    Also for files of what the viewer may not see any more, or sees other rows of now.
    """
    permissions.require(viewer, "export.run")
    job = jobs.own(viewer, uuid)
    age = jobs.now() - (job.ended_at or job.created_at)
    if job.kind != KIND or job.state != "done" or job.result is None or age > _life():
        raise NotFound("This file is not kept any more; export it again.")
    _require_same_rights(viewer, job.request)
    told = job.result
    made = ExportFile(
        uuid, str(told["filename"]), int(told["size_bytes"]), int(told["rows"]),
        bool(told["truncated"]),
    )  # fmt: skip
    return made, cache.files().open(str(uuid))


def _require_same_rights(viewer: Viewer, request: Mapping[str, Any]) -> None:
    if request.get("what") == "rows":
        permissions.require(viewer, "rows.view")
    source = dashboards.open(viewer, str(request["dashboard"])).sources.get(UUID(request["of"]))
    if source is None or query.fingerprint(source.rules) != request["rights"]:
        raise NotFound("Your rights changed since this file was written; export it again.")


def _life() -> timedelta:
    return timedelta(seconds=settings().export_ttl_s)


def expire(viewer: Viewer) -> int:
    """Delete files that are older than they may be, and halves of killed workers. How many."""
    permissions.require(viewer, "admin.panel")
    old = db.session.scalars(
        sa.select(Job).where(
            Job.kind == KIND, Job.state == "done", Job.result.is_not(None),
            Job.ended_at < jobs.now() - _life(),
        )
    ).all()  # fmt: skip
    for job in old:
        cache.files().delete(str(job.uuid))
        job.result = None
    db.session.commit()
    cache.files().sweep()
    _sweep_temporary()
    return len(old)


def _temporary_root() -> Path:
    return settings().data_dir / "tmp"


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder for halves; what a killed worker leaves in it is swept later."""
    root = _temporary_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as folder:
        yield Path(folder)


def _sweep_temporary() -> None:
    root, oldest = _temporary_root(), datetime.now(UTC).timestamp() - TEMPORARY_S
    for path in root.iterdir() if root.is_dir() else ():
        if path.stat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)
