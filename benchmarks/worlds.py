"""The warehouses that page plans are measured on, each with its dashboard of twelve tiles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import board, flights
from benchmarks.board import Board
from benchmarks.measure import Times, timed
from dashapp import cache, query, warehouses
from dashapp.query import derive, fuse
from dashapp.settings import Settings, settings, using
from dashapp.specs import QuerySpec, SimpleMetric
from dashapp.web.core import create_core
from tests import servers


@dataclass(frozen=True)
class World:
    """Flights in one database."""

    title: str
    engine: str
    rows: int
    board: Board


@contextmanager
def worlds(
    chosen: Settings, folder: Path, sizes: Sequence[int], *, large: int
) -> Iterator[list[World]]:
    """Every size on DuckDB, and those up to `large` rows on PostgreSQL where it is installed.

    The settings in use are those that reach them; an application context is pushed.
    """
    reach = {"sqlite_folders": (folder.resolve(),), "private_hosts": ("127.0.0.1",)}
    with ExitStack() as stack:
        stack.enter_context(using(chosen.model_copy(update=reach)))
        stack.enter_context(create_core().app_context())
        found = []
        for rows in sizes:
            file = flights.duckdb_file(folder.resolve(), rows)
            made = board.made(f"duckdb-{rows}", "duckdb", f"duckdb:///{file}")
            found.append(World(f"DuckDB, {rows:,}", "duckdb", rows, made))
        for rows in (rows for rows in sizes if rows <= large):
            try:
                url = stack.enter_context(flights.postgresql(folder.resolve(), rows))
            except servers.Unavailable:
                continue
            made = board.made(f"postgresql-{rows}", "postgresql", url)
            found.append(World(f"PostgreSQL, {rows:,}", "postgresql", rows, made))
        yield found
        warehouses.dispose()


def forget() -> None:
    """Drop all that is kept of answers; connections stay open."""
    cache.reset()
    shutil.rmtree(Path(settings().data_dir) / "cache", ignore_errors=True)


def floor(asked: Sequence[query.Question]) -> query.Question:
    """One look at every column that the page uses, under what narrows all of its questions."""
    source, _, context = asked[0]
    specs = [spec for _, spec, _ in asked]
    shared = [f for f in specs[0].filters if all(f in spec.filters for spec in specs)]
    metrics = (
        SimpleMetric(aggregate="count", label="rows"),
        *(SimpleMetric(aggregate="max", column=name, label=name)
          for name in ("scheduled", "carrier", "origin", "dest")),
        *(SimpleMetric(aggregate="sum", column=name, label=name)
          for name in ("dep_delay", "distance")),
    )  # fmt: skip
    one = QuerySpec(
        dataset=source.dataset.uuid, metrics=metrics, filters=tuple(shared),
        time_range=specs[0].time_range, time_column=specs[0].time_column,
    )  # fmt: skip
    return source, one, context


@contextmanager
def unplanned() -> Iterator[None]:
    """No question is joined with others or made of kept answers meanwhile."""
    grouped, from_kept = fuse.grouped, derive.from_kept
    fuse.grouped = lambda needs: []
    derive.from_kept = lambda needs, check: {}
    try:
        yield
    finally:
        fuse.grouped, derive.from_kept = grouped, from_kept


def alone(asked: Sequence[query.Question]) -> list[query.Result]:
    """Each question by itself, one after the other."""
    with unplanned():
        return [query.run(*question) for question in asked]


def at_once(asked: Sequence[query.Question]) -> list[query.Result]:
    """Each question by itself, as many under way as the database has slots."""
    with unplanned():
        return planned(asked)


def planned(asked: Sequence[query.Question]) -> list[query.Result]:
    """All questions as one page."""
    outcomes = query.run_many(asked)
    failed = next((o for o in outcomes if not isinstance(o, query.Result)), None)
    if failed is not None:
        raise failed
    return [o for o in outcomes if isinstance(o, query.Result)]


def interleaved(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """How long each takes when nothing is kept: one after the other, round by round."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            forget()
            found[name].append(timed(work))
    return {name: Times(tuple(seconds)) for name, seconds in found.items()}
