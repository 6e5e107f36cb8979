"""What a worker's processes share, and what they must not."""

from __future__ import annotations

from functools import cache

from celery import signals
from flask import Flask

from dashapp.factory import create_core
from models import db


@cache
def core() -> Flask:
    """The Flask app of this process, with the metadata database and no pages."""
    return create_core()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def forked(**_: object) -> None:
    """A pool process begins: its parent's connections are not its own."""
    core.cache_clear()
    for engines in db._app_engines.values():
        for engine in engines.values():
            engine.dispose(close=False)
