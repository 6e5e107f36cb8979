"""A page with background callbacks, as the server and the worker under test import it.

`celery -A tests.jobs.page:celery worker` runs its jobs; the tests press its buttons.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from dash import Dash, Input, Output, State, html, no_update
from dash._callback_context import context_value
from flask import Flask, g, has_request_context, request

from dashapp.errors import AppError, Invalid
from dashapp.jobs import celery_app, check_cancelled
from dashapp.jobs.background import BackgroundJobs, ticket

opened: ContextVar[bool] = ContextVar("opened", default=False)


@contextmanager
def context() -> Iterator[None]:
    token = opened.set(True)
    yield
    opened.reset(token)


def who() -> str:
    return request.headers.get("X-Who", "anna")


def refused(error: Exception) -> Any:
    g.error = error
    return f"refused: {error.message if isinstance(error, AppError) else repr(error)}"


celery = celery_app()
celery.conf.include = ()
celery.conf.imports = ()
server = Flask(__name__)
server.secret_key = "a key that is the same in web server and worker"
background = BackgroundJobs(
    celery, ticket=lambda: f"ticket of {who()}", subject=who, context=context
)
app = Dash(server=server, background_callback_manager=background)
app.layout = html.Div(
    [html.Button(id=name) for name in ("echo", "slow", "cancel", "deaf", "bad", "die")]
)


@app.callback(
    Output("echo-out", "children"), Input("echo", "n_clicks"), background=True, on_error=refused
)
def echo(value: int) -> Any:
    """Answers at once, with what the worker knows of the request."""
    known = context_value.get()
    secrets = [known.get("cookies"), known.get("headers"), known.get("remote")]
    return {"value": value, "ticket": ticket(), "secrets": secrets, "context": opened.get()}


@app.callback(
    Output("slow-out", "children"), Input("slow", "n_clicks"), State("path", "data"),
    background=True, progress=[Output("bar", "value")], cancel=[Input("cancel", "n_clicks")],
    on_error=refused,
)  # fmt: skip
def slow(tell: Any, seconds: float, path: str) -> str:
    """Works until the time is over; leaves its process id in `path`."""
    end = time.monotonic() + seconds
    Path(path).write_text(str(os.getpid()))
    try:
        while time.monotonic() < end:
            check_cancelled()
            tell([1])
            time.sleep(0.05)
    except AppError:
        os.rename(path, f"{path}.cancelled")
        raise
    return "done"


@app.callback(
    Output("deaf-out", "children"), Input("deaf", "n_clicks"), State("path", "data"),
    background=True, on_error=refused,
)  # fmt: skip
def deaf(seconds: float, path: str) -> str:
    """Works without ever asking whether it was cancelled."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(seconds)
    return "done"


@app.callback(
    Output("bad-out", "children"), Input("bad", "n_clicks"), background=True, on_error=refused
)
def bad(value: int) -> Any:
    """Fails, as a refusal or as a bug."""
    if value == 0:
        return no_update
    if value == 1:
        raise Invalid("There is no such tile.")
    raise RuntimeError("secret text of a driver")


@app.callback(
    Output("die-out", "children"), Input("die", "n_clicks"), background=True, on_error=refused
)
def die(value: int) -> Any:
    """Kills its own process, as the system does when memory ends."""
    os.kill(os.getpid(), 9)


with server.test_request_context("/"):
    app._setup_server()
assert not has_request_context()
