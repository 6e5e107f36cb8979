"""The tasks; their names are members of `dashapp.jobs.Job`."""

from __future__ import annotations

from celery import shared_task

from dashapp import cache
from dashapp.jobs import Job, celery_app
from dashapp.services import exports, jobs, querylog, sessions
from dashapp.viewer import SYSTEM
from worker.processes import core


@shared_task(name=Job.EXPIRE_EXPORTS, ignore_result=True)  # type: ignore[untyped-decorator]
def expire_exports() -> None:
    """Delete exported files that are too old."""
    with core().app_context():
        exports.expire(SYSTEM)


@shared_task(name=Job.SWEEP_JOBS, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_jobs() -> None:
    """Give up jobs whose worker is gone."""
    with core().app_context():
        jobs.sweep(SYSTEM)


@shared_task(name=Job.SWEEP_CACHE, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_cache() -> None:
    """Delete kept answers, files and results of jobs whose time is over."""
    cache.sweep()
    celery_app().backend.cleanup()


@shared_task(name=Job.PURGE_QUERY_LOG, ignore_result=True)  # type: ignore[untyped-decorator]
def purge_query_log() -> None:
    """Delete lines of the query log that are too old."""
    with core().app_context():
        querylog.purge(SYSTEM)


@shared_task(name=Job.SWEEP_SESSIONS, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_sessions() -> None:
    """Delete sessions that ended."""
    with core().app_context():
        sessions.sweep()
