"""From a question to the bare queries that answer it, each with its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashapp.errors import Invalid
from dashapp.query.canonical import bounds_of, canonical
from dashapp.query.identity import ByIdentity
from dashapp.query.keys import fingerprint, key
from dashapp.query.timerange import Range, absolute, previous_period, resolve
from dashapp.query.versions import UNKNOWN, DataVersion, version_of
from dashapp.query.wishes import Asker
from dashapp.settings import settings
from dashapp.specs import QuerySpec, Source
from dashapp.specs.post import Compare
from dashapp.warehouses.turns import RANKS, Priority, Turn


@dataclass(frozen=True)
class Context:
    """How a question is asked.

    `zone` (IANA) and `now` (aware) give relative time ranges their meaning. `force` asks the
    warehouse whatever is kept. `query_id` is what `cancel` stops. `ttl_s` is the age at which an
    answer is asked again (by default the dataset's, the database's or the server's; 0: always),
    `row_limit` the most rows (by default the server's). Questions of one `action` are about one
    version of the data. None of what follows changes the answer:
    `person` and `priority` decide whose turn it is at the database, `page` and `sequence` when
    `leave` and `supersede` stop it. `may_be_late` takes an older answer, marked as such, where
    the database is slow or down.
    """

    zone: str
    now: datetime
    force: bool = False
    query_id: str | None = None
    ttl_s: int | None = None
    locale: str = "en"
    row_limit: int | None = None
    action: str | None = None
    person: str | None = None
    priority: Priority = "interactive"
    page: str | None = None
    sequence: int | None = None
    may_be_late: bool = False

    @property
    def turn(self) -> Turn:
        """Whose turn it is at the database."""
        return Turn(self.person, self.priority)


@dataclass(frozen=True)
class Need:
    """One bare query to a warehouse (no steps after it) and the key of its answer.

    A kept answer will do up to `max_age_s`; a new one is kept for `life_s` seconds, which is longer:
    it may be shown with its age while the warehouse cannot be asked. `askers` wait for it; a need
    that is made of others has theirs.
    """

    source: Source
    spec: QuerySpec
    context: Context
    key: str
    max_age_s: int
    life_s: int
    row_limit: int
    version: DataVersion = UNKNOWN
    askers: frozenset[Asker] = frozenset()
    is_rollup: bool = False  # Made for other questions to be answered from; in no order.


@dataclass(frozen=True)
class Plan:
    """A question as the bare queries it needs: its own, and one per distinct comparison."""

    spec: QuerySpec
    key: str
    main: Need
    earlier: Mapping[str, Need]
    bounds: Range

    @property
    def needs(self) -> list[Need]:
        """All bare queries, the question's own first."""
        return [self.main, *self.earlier.values()]


MOST_VALUES = 500  # In filters of a question that is remembered.
# Of questions that are asked again and again: sources and questions are shared and never change.
_rights: ByIdentity[str] = ByIdentity(2_000)
_bares: ByIdentity[QuerySpec] = ByIdentity(10_000)
_keys: ByIdentity[str] = ByIdentity(20_000)


def planned(source: Source, spec: QuerySpec, context: Context) -> Plan:
    """The bare queries of a question and its key. Raises Invalid if it makes no sense."""
    bare = _bare(spec)
    rights = _rights.get((source,), settings().key, lambda: fingerprint(source.rules))
    version = version_of(source, context.action, force=context.force)
    main = _need(source, bare, context, rights, version)
    bounds: Range = (None, None)
    if not spec.post:
        return Plan(spec, main.key, _asked(main, main.key), {}, bounds)
    if spec.time_range:
        bounds = resolve(spec.time_range, context.zone, context.now, source.dataset.week_start)
    compared = [step for step in spec.post if isinstance(step, Compare)]
    if bounds == (None, None) and any(step.time is None for step in compared):
        raise Invalid(
            "A comparison with an earlier period needs a time range.",
            {"time_range": "Choose one."},
        )
    offsets = dict.fromkeys(step.offset for step in compared)
    earlier = {
        offset: _need(source, _moved(bare, bounds, offset), context, rights, version)
        for offset in offsets
    }
    needs = (main.key, *(need.key for need in earlier.values()))

    def steps() -> str:
        content = {
            "needs": list(needs),
            "post": [step.model_dump(mode="json") for step in spec.post],
        }
        return _key("steps", content, source, context, rights, version)

    name = _keys.get((source, spec), (needs, *_asking(context, rights, version)), steps)
    asked = {offset: _asked(need, name) for offset, need in earlier.items()}
    return Plan(spec, name, _asked(main, name), asked, bounds)


def _bare(spec: QuerySpec) -> QuerySpec:
    """The question without the steps after it, the same object for the same question."""
    if not spec.post:
        return spec
    return _bares.get((spec,), None, lambda: spec.model_copy(update={"post": ()}))


def _asking(context: Context, rights: str, version: DataVersion) -> tuple[str | None, ...]:
    """What a key follows from beside the question itself."""
    return context.zone, context.locale, rights, version.token, settings().key


def _asked(need: Need, question: str) -> Need:
    """The need with who waits for it, for a question of that key."""
    context = need.context
    if context.query_id is None:
        return need
    asker = Asker(context.query_id, context.page, question, context.sequence)
    return replace(need, askers=frozenset({asker}))


def _moved(bare: QuerySpec, bounds: Range, offset: str) -> QuerySpec:
    """The same question an offset earlier, to all members: the top ones then were others."""
    then = absolute(previous_period(bounds, offset)) if bare.time_range else None
    changes = {"time_range": then, "series": None, "having": (), "limit": None, "offset": 0}
    return _bares.get((bare,), (offset, then), lambda: bare.model_copy(update=changes))


def _is_small(spec: QuerySpec) -> bool:
    """Whether thousands of such questions can be remembered."""
    return sum(len(f.value) for f in spec.filters if isinstance(f.value, tuple)) <= MOST_VALUES


def _need(
    source: Source, bare: QuerySpec, context: Context, rights: str, version: DataVersion
) -> Need:
    cap = context.row_limit or settings().row_limit

    def name() -> str:
        query = canonical(source, bare, context.zone, context.now)
        content = {"query": query, "row_limit": cap}
        return _key("answer", content, source, context, rights, version)

    times = bounds_of(source, bare, context.zone, context.now)
    kept_s = next(
        ttl
        for ttl in (source.dataset.ttl_s, source.database.ttl_s, settings().cache_ttl_s)
        if ttl is not None
    )
    age_s = kept_s if context.ttl_s is None else context.ttl_s
    return Need(
        source=source,
        spec=bare,
        context=context,
        key=(
            _keys.get((source, bare), (cap, times, *_asking(context, rights, version)), name)
            if _is_small(bare)
            else name()
        ),
        max_age_s=age_s,
        # Who wants it fresher than others asks more often, but leaves them what they may have.
        life_s=max(age_s, kept_s) + settings().cache_stale_s if age_s else 0,
        row_limit=cap,
        version=version,
    )


def rollup_need(source: Source, spec: QuerySpec, context: Context, most_cells: int) -> Need:
    """The need of a rollup of at most so many cells; one that has more comes back cut off."""
    version = version_of(source, context.action, force=context.force)
    limited = replace(context, row_limit=most_cells)
    made = _need(source, spec, limited, fingerprint(source.rules), version)
    return replace(made, key=f"rollup{made.key.removeprefix('answer')}", is_rollup=True)


def scope_of(source: Source, context: Context, version: DataVersion) -> str:
    """Names all answers that may be made of each other: of the same data, rules and clock."""
    asking = (context.zone, context.locale, version.token)

    def named() -> str:
        dataset = source.dataset
        columns = [[c.name, c.type, c.zoned, c.expression] for c in dataset.columns]
        metrics = [[m.name, m.definition.model_dump(mode="json")] for m in dataset.metrics]
        content = {"columns": columns, "metrics": metrics}
        return _key("scope", content, source, context, fingerprint(source.rules), version)

    return _scopes.get((source,), asking, named)


_scopes: ByIdentity[str] = ByIdentity(2000)


def _key(
    kind: str, content: Any, source: Source, context: Context, rights: str, version: DataVersion
) -> str:
    return key(
        kind, content, source=source, version=version.token, fingerprint=rights,
        zone=context.zone, locale=context.locale,
    )  # fmt: skip


def stricter(need: Need, other: Need | None) -> Need:
    """Of two equal queries the one that is harder to please."""
    if other is None:
        return need
    first, second = need.context, other.context
    return replace(
        other,
        max_age_s=min(need.max_age_s, other.max_age_s),
        life_s=max(need.life_s, other.life_s),
        context=replace(
            min(first, second, key=lambda context: RANKS[context.priority]),
            force=first.force or second.force,
        ),
        askers=need.askers | other.askers,
    )
