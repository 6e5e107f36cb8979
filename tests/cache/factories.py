"""Entries, settings and processes for tests of the cache."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa

from dashapp import cache
from dashapp.cache import Entry
from dashapp.cache import redis as link_module
from dashapp.settings import Settings, using

SECRET = "kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA"
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["dashapp.cache"])


def make_settings(folder: Path, redis_url: str | None = None, **more: Any) -> Settings:
    """Settings that keep everything in `folder`, or in Redis."""
    return Settings(secret_key=SECRET, data_dir=folder, redis_url=redis_url, **more)


@contextmanager
def serving(folder: Path, redis_url: str | None = None) -> Iterator[Settings]:
    """Be a process with these settings, patient with Redis however busy the machine is."""
    chosen = make_settings(folder, redis_url)
    with mock.patch.object(link_module, "PATIENCE_S", 10), using(chosen):
        yield chosen
    cache.reset()


def options(chosen: Settings) -> tuple[Path, str | None]:
    """What `serving` needs in another process."""
    url = chosen.redis_url.get_secret_value() if chosen.redis_url else None
    return chosen.data_dir, url


def make_entry(value: object = 1, **more: Any) -> Entry:
    """A small answer."""
    table = more.pop("table", pa.table({"n": [value]}))
    about = {"as_of": datetime.now(UTC), "seconds": 0.5, "sql": "SELECT 1", **more}
    return Entry(table=table, **about)


def value_of(entry: Entry) -> object:
    """What `make_entry` was given."""
    return entry.table["n"][0].as_py()
