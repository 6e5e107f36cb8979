"""Signs of life: who works, what is being worked on, and what is to be cancelled.

A worker renews its own sign every second, and so does every process of it for the job it runs.
A sign is gone after `SIGN_S` seconds. Whoever waits for a job asks `fate`, so that nobody waits
for a worker that was killed. Cancelling is a flag that the job's process reads with each beat:
it needs no broadcast, which not every queue has.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal, Protocol, cast

from celery import Celery, states
from celery.worker import state
from redis import RedisError

from dashapp.jobs.errors import JobCancelled

log = logging.getLogger(__name__)

BEAT_S = 1.0
SIGN_S = 6.0
# A missing sign may be a hiccup (a machine that slept); believed when still missing after this.
DOUBT_S = 2.0
# How long queued work waits for a worker to come (back), seconds.
PATIENCE_S = 15.0
# A cancelled job that does not end by itself is killed after this, seconds.
MERCY_S = 5.0
KEPT_S = 24 * 3600.0
ANY_WORKER = "dashapp:worker"
# A worker with nothing to do says so for this long, seconds.
IDLE_WORKER = "dashapp:worker:idle"
IDLE_S = 3
STORE_ERRORS = (RedisError, sqlite3.Error, OSError)

Fate = Literal["queued", "running", "ended", "lost"]


class Store(Protocol):
    """The part of a Celery result store that is used here."""

    def get(self, key: str) -> bytes | None:
        """The value, unless it is gone."""

    def set(self, key: str, value: str, expires: int | None = None) -> object:
        """Keep a value for `expires` seconds."""

    def delete(self, key: str) -> object:
        """Drop a value."""


def store_of(app: Celery) -> Store:
    """The result store of a Celery app."""
    return cast(Store, app.backend)


def _key(what: Literal["beat", "held", "queued", "cancel", "doubt"], job: str) -> str:
    return f"dashapp:job:{what}:{job}"


def queued(store: Store, job: str) -> None:
    """Note that a job was put into the queue."""
    store.set(_key("queued", job), str(time.time()), expires=int(KEPT_S))


def cancel(store: Store, job: str) -> None:
    """Ask for the end of a job, queued or running."""
    store.set(_key("cancel", job), "1", expires=int(KEPT_S))


def workers(store: Store) -> bool:
    """Whether any worker is alive."""
    return store.get(ANY_WORKER) is not None


def fate(store: Store, job: str, status: str) -> Fate:
    """What became of a job, given the state Celery has for it (read before the result is)."""
    if status in states.READY_STATES:
        return "ended"
    if store.get(_key("beat", job)) is not None:
        store.delete(_key("doubt", job))
        return "running"
    started = status == states.STARTED
    holder = None if started else store.get(_key("held", job))
    if started:
        grace = DOUBT_S
    elif holder is not None:
        if store.get(f"{ANY_WORKER}:{holder.decode()}") is not None:
            return "queued"
        grace = PATIENCE_S
    elif store.get(_key("queued", job)) is None:
        grace = DOUBT_S  # Nobody knows it any more: the store was emptied.
    elif workers(store) and store.get(IDLE_WORKER) is None:
        return "queued"
    else:
        grace = PATIENCE_S  # Nobody is there, or somebody idle would have taken it long ago.
    if _doubted_s(store, job, started) >= grace:
        return "lost"
    return "running" if started else "queued"


def _doubted_s(store: Store, job: str, started: bool) -> float:
    """Seconds since the first look that found no sign, in this phase of the job."""
    phase = "s" if started else "q"
    noted = store.get(_key("doubt", job))
    if noted is not None and noted[:1] == phase.encode():
        return time.time() - float(noted[1:])
    store.set(_key("doubt", job), f"{phase}{time.time()}", expires=60)
    return 0.0


class Beat(threading.Thread):
    """Calls a function every second until stopped; the store being away is no reason to end."""

    def __init__(self, beat: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._beat = beat
        self._stopped = threading.Event()

    def once(self) -> None:
        """One beat."""
        try:
            self._beat()
        except STORE_ERRORS as error:
            log.warning("No sign of life could be left: %s", error)

    def run(self) -> None:
        """Beat until stopped."""
        while not self._stopped.wait(BEAT_S):
            self.once()

    def stop(self) -> None:
        """End after the current beat; signs left then are the last ones."""
        self._stopped.set()
        self.join(timeout=5)


class WorkerPulse:
    """The signs of a worker's main process."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.name = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self._thread = Beat(self._leave_sign, "worker-pulse")

    def _leave_sign(self) -> None:
        self.store.set(f"{ANY_WORKER}:{self.name}", "1", expires=int(SIGN_S))
        self.store.set(ANY_WORKER, self.name, expires=int(SIGN_S))
        if not (state.reserved_requests or state.active_requests):
            self.store.set(IDLE_WORKER, self.name, expires=IDLE_S)

    def start(self) -> None:
        """Leave the first sign now and go on."""
        self._thread.once()
        self._thread.start()

    def stop(self) -> None:
        """This worker is no more."""
        self._thread.stop()
        try:
            self.store.delete(f"{ANY_WORKER}:{self.name}")
            if self.store.get(ANY_WORKER) == self.name.encode():
                self.store.delete(ANY_WORKER)
        except STORE_ERRORS as error:
            log.warning("The last sign of life could not be removed: %s", error)

    def holds(self, job: str) -> None:
        """Note that this worker took a job out of the queue."""
        try:
            self.store.set(_key("held", job), self.name, expires=int(KEPT_S))
        except STORE_ERRORS as error:
            log.warning("Job %s could not be noted as taken: %s", job, error)


class JobPulse:
    """The signs of one job, left by the process that runs it."""

    def __init__(self, store: Store, job: str) -> None:
        self.store = store
        self.job = job
        self.cancelled = threading.Event()
        self._cancels: list[Callable[[], object]] = []
        self._cancelled_at = 0.0
        self._thread = Beat(self._leave_sign, "job-pulse")

    def _leave_sign(self) -> None:
        self.store.set(_key("beat", self.job), "1", expires=int(SIGN_S))
        if not self.cancelled.is_set():
            if self.store.get(_key("cancel", self.job)) is not None:
                self._cancelled_at = time.monotonic()
                self.cancelled.set()
                for tell in list(self._cancels):
                    tell()
        elif time.monotonic() - self._cancelled_at > MERCY_S and self._thread.is_alive():
            log.warning("Job %s did not end when cancelled; its process is killed.", self.job)
            os.kill(os.getpid(), signal.SIGKILL)

    def start(self) -> None:
        """Leave the first sign now and go on."""
        self._thread.once()
        self._thread.start()

    def stop(self) -> None:
        """The job is over in this process."""
        self._thread.stop()
        try:
            self.store.delete(_key("beat", self.job))
        except STORE_ERRORS as error:
            log.warning("The sign of job %s could not be removed: %s", self.job, error)

    def on_cancel(self, tell: Callable[[], object]) -> None:
        """Call `tell`, from another thread, when the job is cancelled (at once if it was)."""
        self._cancels.append(tell)
        if self.cancelled.is_set():
            tell()


_current: ContextVar[JobPulse | None] = ContextVar("job", default=None)


def current() -> JobPulse | None:
    """The job that this thread runs, if it runs one."""
    return _current.get()


def set_current(job: JobPulse | None) -> None:
    """Make `job` the one that this thread runs."""
    _current.set(job)


def check_cancelled() -> None:
    """Raise JobCancelled when the job that runs here was cancelled."""
    job = _current.get()
    if job is not None and job.cancelled.is_set():
        raise JobCancelled("This was cancelled; nothing was saved.")


def on_cancel(tell: Callable[[], object]) -> None:
    """Call `tell`, from another thread, when the job that runs here is cancelled."""
    job = _current.get()
    if job is not None:
        job.on_cancel(tell)
