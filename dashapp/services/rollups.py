"""Rollups of a dashboard: made when it is first used, published or warmed, for every later click.

They hold what its tiles ask, cut by what its filters and clicks may narrow. Where row-level rules
can be told from columns, those columns are cuts too, and one rollup of all rows serves everybody;
otherwise a rollup is of a viewer's own rows.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic

from dashapp import cache, query
from dashapp.errors import AppError
from dashapp.query import rollups
from dashapp.query.fetch import check_rules
from dashapp.query.lattice import Cut
from dashapp.query.rollups import Built
from dashapp.query.ruled import rule_atoms
from dashapp.query.subsume import dialect_of
from dashapp.services import narrowing
from dashapp.services.asking import Want, ask, zone_of
from dashapp.services.dashboards import Opened
from dashapp.settings import settings
from dashapp.specs import FilterState, FilterValue, Grain, QuerySpec, Source, Tile
from dashapp.viewer import Viewer

log = logging.getLogger(__name__)
MOST_BEGUN = 10_000
AGAIN_S = 300  # So long one call for the same rollups is enough.
GRAIN: Grain = "day"  # By which time filters cut.
Questions = list[tuple[Source, QuerySpec, frozenset[Cut]]]


def begin(viewer: Viewer, opened: Opened) -> bool:
    """Have the rollups of a dashboard made in the background, unless that was done lately.

    Says whether it begins. Anything that goes wrong is logged; pages do without.
    """
    if not settings().rollup_cells:
        return False
    name = f"rollups:{opened.uuid}:{opened.version}:{_rights(opened)}:{viewer.zone}:{viewer.locale}"
    with _lock:
        if _begun.get(name, -AGAIN_S) > monotonic() - AGAIN_S:
            return False
        if len(_begun) > MOST_BEGUN:
            _begun.clear()
        _begun[name] = monotonic()
    if cache.flags().claim(name, AGAIN_S, _process) != _process:
        return False
    _threads().submit(_tried, viewer, opened)
    return True


def build(viewer: Viewer, opened: Opened) -> list[Built]:
    """Make the rollups of a dashboard for a viewer's rights now; those that are there stay."""
    found: list[Built] = []
    for source, questions in _by_dataset(viewer, opened).items():
        context = query.Context(
            zone_of(viewer, source.dataset), datetime.now(UTC), locale=viewer.locale,
            priority="warming", action=query.once(),
        )  # fmt: skip
        found += _built(questions, context)
    return found


def _built(questions: Questions, context: query.Context) -> list[Built]:
    found: list[Built] = []
    plain = [(source, spec) for source, spec, _ in questions]
    for members in rollups.members_of(plain, context):
        by_spec = {spec: cuts for _, spec, cuts in questions}
        more = {need.key: by_spec.get(need.spec, frozenset()) for need, _ in members}
        found += rollups.build(members, more)
    return found


def _by_dataset(viewer: Viewer, opened: Opened) -> Mapping[Source, Questions]:
    """What the tiles ask when nothing is chosen, with the cuts by which each may be narrowed."""
    nothing = FilterState(values={f.key: FilterValue() for f in opened.layout.filters})
    found: dict[Source, Questions] = {}
    for tab, tile in opened.layout.tiles():
        try:
            asked = ask(viewer, opened, tile.key, Want(state=nothing))
        except AppError:
            continue
        if asked.source is None:
            continue
        source, ruled = _served(asked.source)
        for spec in asked.specs.values():
            bare = spec.model_copy(update={"post": (), "order": (), "limit": None})
            bare, cuts = _open(opened, tab, tile, source, bare)
            found.setdefault(source, []).append((source, bare, cuts | ruled))
    return found


def _served(source: Source) -> tuple[Source, frozenset[Cut]]:
    """Whose rows a rollup is of: all, cut by the columns of the rules, or the viewer's own."""
    if not source.rules:
        return source, frozenset()
    rules = rule_atoms(source, dialect_of(source))
    if rules is None:
        return source, frozenset()
    try:
        check_rules(source)
    except AppError:
        return source, frozenset()
    return source.model_copy(update={"rules": ()}), frozenset(Cut(a.column) for a in rules)


def _open(
    opened: Opened, tab: str, tile: Tile, source: Source, spec: QuerySpec
) -> tuple[QuerySpec, frozenset[Cut]]:
    """A question without what filters replace, and the cuts by which they narrow it."""
    cuts: set[Cut] = set()
    dataset = source.dataset
    for chosen in opened.layout.filters:
        if not narrowing.in_scope(chosen, tab, tile):
            continue
        column = narrowing.target_column(chosen, dataset, opened.datasets, spec.time_column)
        if column is None:
            continue
        if column.type in ("time", "date"):
            cuts.add(Cut(column.name, GRAIN))
        else:
            cuts.add(Cut(column.name))
        if chosen.kind == "time" and column.name == (spec.time_column or dataset.time_column):
            spec = spec.model_copy(update={"time_range": None})
    return spec, frozenset(cuts)


def _rights(opened: Opened) -> str:
    """Whose rows: equal for people who share rollups."""
    found = [_served(source)[0].rules for source in opened.sources.values()]
    return query.fingerprint(rule for rules in found for rule in rules)


def _tried(viewer: Viewer, opened: Opened) -> None:
    try:
        made = build(viewer, opened)
        log.info("Rollups of %s: %s", opened.slug, made)
    except AppError as error:
        log.warning("Rollups of %s could not be made: %s", opened.slug, error.message)
    except Exception:
        log.exception("Rollups of %s could not be made", opened.slug)


_begun: dict[str, float] = {}
_process = secrets.token_hex(8)
_pool: ThreadPoolExecutor | None = None
_lock = threading.Lock()


def _threads() -> ThreadPoolExecutor:
    """One thread: rollups wait for each other, and for everybody else."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(1, "dashapp-rollups")
        return _pool


def _forget() -> None:
    global _pool, _lock, _process, _begun
    _pool, _lock, _process, _begun = None, threading.Lock(), secrets.token_hex(8), {}


os.register_at_fork(after_in_child=_forget)
