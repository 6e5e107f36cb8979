"""Work in the background: the Celery app, its queue and its results."""

from dashapp.jobs.app import (
    EVERY_S,
    Job,
    celery_app,
    check_queue,
    clear_queue,
    enqueue,
    has_worker,
)
from dashapp.jobs.errors import JobCancelled, JobFailed, QueueDown, WorkerLost
from dashapp.jobs.pulse import check_cancelled, on_cancel

__all__ = [
    "EVERY_S",
    "Job",
    "JobCancelled",
    "JobFailed",
    "QueueDown",
    "WorkerLost",
    "celery_app",
    "check_cancelled",
    "check_queue",
    "clear_queue",
    "enqueue",
    "has_worker",
    "on_cancel",
]
