"""The one Celery app, built from the settings."""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from dashapp.jobs import pulse, transport
from dashapp.jobs.errors import QueueDown
from dashapp.jobs.watch import watch
from dashapp.settings import Settings, settings

log = logging.getLogger(__name__)

RESULTS_KEPT_S = 3600
# Work that takes longer than this is stopped, seconds.
TIME_LIMIT_S = 2 * 3600
STORE = "dashapp.jobs.results"


class Job(StrEnum):
    """Names of tasks; each has a task in the room `worker`."""

    EXPIRE_EXPORTS = "exports.expire"
    SWEEP_JOBS = "jobs.sweep"
    SWEEP_CACHE = "cache.sweep"
    PURGE_QUERY_LOG = "query_log.purge"
    SWEEP_SESSIONS = "sessions.sweep"


# Seconds between runs. All are safe to run twice and catch up by themselves.
EVERY_S: dict[Job, float] = {
    Job.SWEEP_JOBS: 30,
    Job.EXPIRE_EXPORTS: 300,
    Job.SWEEP_CACHE: 600,
    Job.PURGE_QUERY_LOG: 3600,
    Job.SWEEP_SESSIONS: 3600,
}

_built: tuple[Settings, Celery] | None = None


def celery_app() -> Celery:
    """The Celery app of this process; another one when the settings are others (tests)."""
    global _built
    if _built is None or _built[0] is not settings():
        _built = (settings(), build(settings()))
    return _built[1]


def queue_folder(chosen: Settings) -> Path:
    """Folder of queue and results in embedded mode, absolute."""
    return (chosen.data_dir / "queue").absolute()


def build(chosen: Settings) -> Celery:
    """A Celery app for `chosen`: files and SQLite, or Redis, or another broker."""
    watch()
    app = Celery("dashapp", set_as_current=True)
    app.conf.update(_queue(chosen) | _results(chosen))
    app.conf.update(
        include=("worker.tasks",),
        # Messages are data: whatever is not JSON is refused unread.
        task_serializer="json",
        result_serializer="json",
        accept_content=("json",),
        result_accept_content=("json",),
        task_default_queue="dashapp",
        task_track_started=True,
        # A task of ours is safe to run twice; one that kills its process is not tried for ever.
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        task_time_limit=TIME_LIMIT_S,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0, "interval_max": 0.5},
        worker_prefetch_multiplier=1,
        worker_concurrency=chosen.worker_processes,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=4,
        result_expires=RESULTS_KEPT_S,
        result_backend_thread_safe=True,
        # The stock scheduler keeps its times with pickle; ours need not be kept.
        beat_scheduler="celery.beat:Scheduler",
        beat_schedule={
            job.value: {"task": job.value, "schedule": seconds, "options": {"expires": seconds}}
            for job, seconds in EVERY_S.items()
        },
        timezone="UTC",
    )
    return app


def _queue(chosen: Settings) -> dict[str, Any]:
    url = chosen.broker_url or chosen.redis_url
    if url is None:
        return {
            "broker_url": f"{transport.NAME}://localhost",
            "broker_transport_options": transport.options(queue_folder(chosen)),
        }
    secret = url.get_secret_value()
    options: dict[str, Any] = {}
    if secret.startswith(("redis://", "rediss://")):
        options = {
            "global_keyprefix": "dashapp:queue:",
            "visibility_timeout": TIME_LIMIT_S + 600,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
        }
    elif secret.startswith("sqs://"):
        options = {"visibility_timeout": TIME_LIMIT_S + 600}
    return {"broker_url": secret, "broker_transport_options": options}


def _results(chosen: Settings) -> dict[str, Any]:
    if chosen.redis_url is None:
        path = queue_folder(chosen) / "results.db"
        return {"result_backend": f"{STORE}:SQLiteResults+sqlite:///{path}"}
    return {
        "result_backend": f"{STORE}:RedisResults+{chosen.redis_url.get_secret_value()}",
        "result_backend_transport_options": {
            "global_keyprefix": "dashapp:jobs:",
            "retry_policy": {"max_retries": 2, "interval_start": 0, "interval_max": 0.5},
        },
        "redis_socket_timeout": 10,
        "redis_socket_connect_timeout": 3,
    }


def enqueue(job: Job, *ids: str | int) -> bool:
    """Wake a worker for `job`; the arguments are ids. False when the queue takes no work now.

    The work itself is a row of the metadata database, which the sweep finds again: a queue that
    is away costs time, not work.
    """
    try:
        celery_app().send_task(job.value, args=list(ids), ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("The queue did not take %s: %s", job, error)
        return False
    return True


def clear_queue(chosen: Settings) -> int:
    """Drop what an earlier run left in embedded mode's queue; how many messages.

    Only while neither server nor worker runs. Does nothing when the queue is not files.
    """
    if chosen.broker_url or chosen.redis_url:
        return 0
    return transport.clear(queue_folder(chosen))


def has_worker() -> bool:
    """Whether a worker is alive. Raises QueueDown when nobody can tell."""
    try:
        return pulse.workers(pulse.store_of(celery_app()))
    except pulse.STORE_ERRORS as error:
        raise QueueDown("The store of job results cannot be reached.") from error


def check_queue() -> None:
    """Raise QueueDown unless the queue takes work."""
    try:
        with celery_app().connection_for_write(connect_timeout=4) as connection:
            connection.ensure_connection(max_retries=1, timeout=4)
    except (OperationalError, OSError) as error:
        raise QueueDown("The queue cannot be reached; check DASHAPP_BROKER_URL.") from error
