"""Leaves the signs of life of `dashapp.jobs.pulse` by Celery's signals."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from celery import signals

from dashapp.jobs import pulse


class Pulses:
    """The signs of one process and of the job it runs."""

    def __init__(self) -> None:
        self.worker: pulse.WorkerPulse | None = None
        self.job: pulse.JobPulse | None = None

    def begin(self, sender: Any, **_: object) -> None:
        """The worker is ready for work."""
        self.worker = pulse.WorkerPulse(pulse.store_of(sender.app))
        self.worker.start()

    def end(self, **_: object) -> None:
        """The worker takes no more work."""
        if self.worker is not None:
            self.worker.stop()
            self.worker = None

    def take(self, request: Any, **_: object) -> None:
        """The worker took a job out of the queue."""
        if self.worker is not None:
            self.worker.holds(request.id)

    def begin_job(self, task_id: str, task: Any, **_: object) -> None:
        """A job begins in this process."""
        self.job = pulse.JobPulse(pulse.store_of(task.app), task_id)
        self.job.start()
        pulse.set_current(self.job)

    def end_job(self, **_: object) -> None:
        """The job of this process is over, its result is stored."""
        pulse.set_current(None)
        if self.job is not None:
            self.job.stop()
            self.job = None


@cache
def watch() -> None:
    """Connect the signals, once per process; they are sent in workers only."""
    pulses = Pulses()
    listeners: tuple[tuple[Any, Callable[..., None]], ...] = (
        (signals.worker_ready, pulses.begin),
        (signals.worker_shutdown, pulses.end),
        (signals.task_received, pulses.take),
        (signals.task_prerun, pulses.begin_job),
        (signals.task_postrun, pulses.end_job),
    )
    for signal, listener in listeners:
        signal.connect(listener, weak=False)
