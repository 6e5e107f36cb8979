"""Dash's background callbacks on our Celery app, with Dash's manager put right.

Dash's `CeleryManager` loses a result when the job ends between two of its reads, sends side
updates again and again, shares the result of equal calls by different people, broadcasts an end
for jobs that ended, and waits for ever for a worker that was killed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

from celery import Celery
from celery import states as celery_states
from dash import CeleryManager
from dash._callback_context import context_value
from dash.background_callback.managers.celery_manager import _make_job_fn
from dash.exceptions import PreventUpdate
from kombu.exceptions import OperationalError

from dashapp.errors import AppError, NotFound
from dashapp.jobs import pulse
from dashapp.jobs.errors import JobCancelled, JobFailed, QueueDown, WorkerLost

log = logging.getLogger(__name__)

LOST = "The export stopped because its worker ended. Nothing was saved; try again."
TOO_LONG = "The export took longer than it may and was stopped. Nothing was saved."
QUEUE_DOWN = "No work can be queued at the moment; try again in a minute."
# What of a request travels to the worker; cookies, headers and addresses stay here.
CONTEXT = (
    "inputs_list", "states_list", "outputs_list", "input_values", "state_values",
    "triggered_inputs", "args_grouping", "using_args_grouping", "outputs_grouping",
    "using_outputs_grouping", "ignore_register_page",
)  # fmt: skip
BLANK: dict[str, Any] = {
    "cookies": {}, "headers": {}, "args": {}, "path": "", "remote": "", "origin": "",
    "updated_props": {}, "custom_data": {},
}  # fmt: skip


def ticket() -> str:
    """The ticket of the person for whom the job that runs here works. Raises LookupError."""
    found = context_value.get().get("ticket")
    if not found:
        raise LookupError("No background callback runs here.")
    return str(found)


class BackgroundJobs(CeleryManager):
    """Background callbacks that end for certain and belong to who started them.

    `ticket` answers with a signed text that says who asks, for the worker to read with
    `ticket()`; `subject` with a stable name of who asks, so that nobody else reads or cancels
    the job; `context` opens what a callback needs in the worker (the Flask app's context);
    `request_id` names the request in logs.
    """

    def __init__(
        self,
        celery: Celery,
        ticket: Callable[[], str],
        subject: Callable[[], str],
        context: Callable[[], AbstractContextManager[object]] = nullcontext,
        request_id: Callable[[], str] = lambda: "-",
    ) -> None:
        self._ticket = ticket
        self._subject = subject
        self._context = context
        self._request_id = request_id
        self._known = threading.local()
        self._store = pulse.store_of(celery)
        super().__init__(celery)  # type: ignore[no-untyped-call]

    # Who may touch a job: its names begin with a mark of the one who started it.

    def _mark(self) -> str:
        return hashlib.sha256(f"job\0{self._subject()}".encode()).hexdigest()[:32]

    def _own(self, name: str | None) -> str:
        if name is None or not hmac.compare_digest(name[:32], self._mark()):
            raise NotFound("There is no such job.")
        return name

    def build_cache_key(self, fn: object, args: object, ignored: object, triggered: object) -> str:
        """A key of its own for each call: equal calls of two people are two jobs."""
        return self._mark() + secrets.token_hex(16)

    # In the web server: start, look, cancel.

    def call_job_fn(self, key: str, job_fn: Any, args: Any, context: Mapping[str, Any]) -> str:
        """Queue a call; its job's name. Raises QueueDown."""
        sent = BLANK | {name: context[name] for name in CONTEXT if name in context}
        sent |= {"ticket": self._ticket(), "request_id": self._request_id()}
        job = self._mark() + secrets.token_hex(16)
        try:
            pulse.queued(self._store, job)
            job_fn.apply_async((key, _progress_key(key), args, sent), task_id=job)
        except (OperationalError, *pulse.STORE_ERRORS) as error:
            log.warning("A background callback could not be queued: %s", error)
            raise QueueDown(QUEUE_DOWN) from error
        return job

    def terminate_job(self, job: str | None) -> None:
        """Cancel a job of the one who asks; others' are left alone."""
        if job is None or not hmac.compare_digest(job[:32], self._mark()):
            return
        pulse.cancel(self._store, job)

    def terminate_unhealthy_job(self, job: str | None) -> bool:
        """Nothing to do: a job that failed has ended."""
        return False

    def get_progress(self, key: str) -> Any:
        """Progress since the last look, or None."""
        name = _progress_key(self._own(key))
        raw = self._store.get(name)
        if not raw:
            return None
        self._store.delete(name)
        return json.loads(raw)

    def get_result(self, key: str, job: str | None) -> Any:
        """The result, or UNDEFINED while there is none. Raises what the job raised, or WorkerLost.

        The job's state is read before the result: a job that has ended has left its result.
        """
        fate, meta = self._look(self._own(key), job)
        self._known.running = (job, fate in ("queued", "running"))
        raw = self._store.get(key)
        if raw is None:
            if fate == "lost":
                pulse.cancel(self._store, str(job))
                raise WorkerLost(LOST)
            if meta.get("status") == celery_states.FAILURE:
                raise _failure(meta.get("result"))
            return self.UNDEFINED
        self._known.running = (job, False)
        self._store.delete(key)
        self._store.delete(_progress_key(key))
        result = json.loads(raw)
        if isinstance(result, dict) and "background_callback_error" in result:
            raise _parsed(result["background_callback_error"]["msg"])
        return result

    def _look(self, key: str, job: str | None) -> tuple[pulse.Fate, Mapping[str, Any]]:
        if job is None:
            return "ended", {}
        self._own(job)
        meta = self.handle.backend.get_task_meta(job, cache=False)
        return pulse.fate(self._store, job, meta["status"]), meta

    def job_running(self, job: str | None) -> bool:
        """Whether a job has not ended, as far as the last `get_result` of this thread knew."""
        known, running = getattr(self._known, "running", (None, False))
        return bool(running) if known == job else self._look("", job)[0] in ("queued", "running")

    def get_updated_props(self, key: str | None) -> dict[str, Any]:
        """What `set_props` left since the last look; given once."""
        if key is None:
            return {}
        name = f"{self._own(key)}-set_props"
        raw = self._store.get(name)
        if raw is None:
            return {}
        self._store.delete(name)
        updated: dict[str, Any] = json.loads(raw)
        return updated

    # In the worker.

    def make_job_fn(self, fn: Callable[..., Any], progress: bool, key: str | None = None) -> Any:
        """The task of a background callback. It runs at most once: somebody watches it."""
        registry = _Registry(self.handle)
        return _make_job_fn(  # type: ignore[no-untyped-call]
            self._guarded(fn), registry, progress, key
        )

    def _guarded(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                pulse.check_cancelled()
                with self._context():
                    return fn(*args, **kwargs)
            except JobCancelled:
                raise PreventUpdate from None
            except PreventUpdate:
                raise
            except AppError as error:
                raise JobFailed(_dumped(error)) from None
            except Exception:  # Dash would send the traceback to the browser.
                incident = secrets.token_hex(4)
                log.exception("A background callback failed (%s).", incident)
                sentence = f"Something went wrong; nothing was saved. Error {incident}."
                raise JobFailed(_dumped(JobFailed(sentence))) from None

        return run


def _progress_key(key: str) -> str:
    return f"{key}-progress"


def _dumped(error: AppError) -> str:
    return json.dumps({"code": error.code, "status": error.status, "message": error.message})


class _Registry:
    """The part of a Celery app by which Dash makes a task, for tasks of this app alone.

    Dash's tasks would be every other app's of the process too. The newest of several servers on
    one app is the one whose callbacks run.
    """

    def __init__(self, celery: Celery) -> None:
        self.backend = celery.backend
        self._celery = celery

    def task(self, name: str) -> Callable[[Callable[..., Any]], Any]:
        """Registers a function as the task `name`."""
        self._celery.tasks.pop(name, None)
        made: Callable[[Callable[..., Any]], Any] = self._celery.task(
            name=name, shared=False, acks_late=False
        )
        return made


class _Told(AppError):
    """An error as the worker told it."""


def _parsed(text: str) -> AppError:
    try:
        told = json.loads(text)
        error = _Told(str(told["message"]))
        code, status = str(told["code"]), int(told["status"])
    except (ValueError, KeyError, TypeError):
        return JobFailed("Something went wrong; nothing was saved.")
    error.code, error.status = code, status  # type: ignore[misc]
    return error


def _failure(error: object) -> AppError:
    kind = type(error).__name__
    if kind == "TimeLimitExceeded":
        return JobFailed(TOO_LONG)
    if kind != "WorkerLostError":
        log.warning("A background callback ended without a result: %r", error)
    return WorkerLost(LOST)
