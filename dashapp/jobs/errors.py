"""What may go wrong with work in the background, as sentences."""

from __future__ import annotations

from dashapp.errors import AppError


class WorkerLost(AppError):
    """The worker that did the work, or should have, is gone."""

    code, status = "worker_lost", 503


class QueueDown(AppError):
    """The queue takes no work at the moment."""

    code, status = "queue_down", 503


class JobFailed(AppError):
    """The work failed in the worker for a reason that is a bug."""

    code, status = "job_failed", 500


class JobCancelled(AppError):
    """Somebody cancelled the work; what it had made so far is dropped."""

    code, status = "cancelled", 409
