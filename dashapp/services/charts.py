"""What tiles show: their queries after all that is selected, answered and drawn."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from dashapp import permissions, query
from dashapp.charts.base import Drawing, Look
from dashapp.charts.colors import dressed
from dashapp.errors import AppError, Invalid, QueryTimeout, Unexpected, WarehouseDown
from dashapp.query.result import Result
from dashapp.services import narrowing, querylog
from dashapp.services.asking import (
    Asked,
    Want,
    ask,
    locked,
    look_of,
    page_id,
    query_id,
    zone_of,
)
from dashapp.services.dashboards import Opened
from dashapp.services.pictures import Pictures, picture_of
from dashapp.services.sifting import MAX_ROWS_OF_A_PAGE, RowsPage, sifted
from dashapp.services.waiting import let_go
from dashapp.specs import ColumnSpec, DatasetSpec, QuerySpec
from dashapp.viewer import Viewer

log = logging.getLogger(__name__)

__all__ = [
    "Answer", "Asked", "RowsPage", "Want", "answers", "ask", "asked", "cancel", "columns_of",
    "known", "leave", "locked", "look_of", "page_of", "rows_query", "statements", "zone_of",
]  # fmt: skip
ANY_AGE_S = 10**9
GUEST_REFRESH_S = 10  # Answers of that age are new enough for a guest who refreshes.
MOST_COLUMNS = 500  # Of underlying rows; a query takes no more.


@dataclass(frozen=True)
class Answer:
    """What a tile shows now: a drawing or an error, and how it came about.

    With both, the drawing is the last good one, of an age that is no longer wanted. `picture` names
    what is drawn; where somebody knows it already, `painted` is that instead of a drawing.
    """

    key: str
    shown: str
    drawing: Drawing | None = None
    error: AppError | None = None
    results: Mapping[str, Result] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    picture: str = ""
    painted: object | None = None

    @property
    def as_of(self) -> datetime | None:
        """When the oldest of its data was read (UTC)."""
        return min((r.as_of for r in self.results.values()), default=None)

    @property
    def version(self) -> query.DataVersion | None:
        """The version of its data; None where it shows none."""
        return next((r.version for r in self.results.values()), None)

    @property
    def is_late(self) -> bool:
        """Whether it is past its age, and a newer one is being asked for."""
        return any(result.late for result in self.results.values())


def answers(
    viewer: Viewer,
    opened: Opened,
    keys: Iterable[str],
    want: Want,
    shown: Mapping[str, str] | None = None,
    pictures: Pictures | None = None,
) -> dict[str, Answer]:
    """Answer tiles, those left out whose picture in the browser (`shown`) is still right.

    What `pictures` knows is not drawn again.

    Queries of all tiles run together: equal ones once, others at the same time. A tile that
    cannot be answered carries its error; the others are not disturbed.
    """
    narrowing.check(opened.layout, want.state, declared_only=viewer.is_guest)
    if viewer.is_guest and want.force:  # Anybody may be a guest: no way to keep a database busy.
        want = replace(want, force=False, max_age_s=GUEST_REFRESH_S)
    let_go()
    want = replace(want, action=want.action or query.once())
    asked, done = _asked(viewer, opened, keys, want, shown or {})
    jobs = [(a, name) for a in asked for name in a.specs]
    outcomes = _outcomes(
        [(a.source, a.specs[name], a.context) for a, name in jobs if a.source is not None]
    )
    by_tile: dict[str, dict[str, Result | AppError]] = {}
    for (a, name), outcome in zip(jobs, outcomes, strict=True):
        by_tile.setdefault(a.key, {})[name] = outcome
    querylog.record(
        viewer,
        [
            querylog.Entry(o, a.chart.dataset, a.chart.uuid, opened.uuid)
            for (a, _), o in zip(jobs, outcomes, strict=True)
        ],
    )
    look = look_of(viewer, opened)
    done |= {a.key: _drawn_or_late(a, by_tile.get(a.key, {}), look, pictures) for a in asked}
    return {key: _discreet(viewer, answer) for key, answer in done.items()}


def _outcomes(questions: list[query.Question]) -> list[Result | AppError]:
    """Results and errors in order; a bug that one question meets spares the others."""
    try:
        return query.run_many(questions)
    except Exception:
        log.exception("A question could not be answered; each is asked by itself")
        return [_alone(question) for question in questions]


def _alone(question: query.Question) -> Result | AppError:
    try:
        return query.run_many([question])[0]
    except Exception:
        incident = secrets.token_hex(4)
        log.exception("A question to %s failed, id %s", question[0].dataset.uuid, incident)
        return Unexpected(incident)


def _discreet(viewer: Viewer, answer: Answer) -> Answer:
    if answer.error is None:
        return answer
    return replace(answer, error=permissions.discreet(viewer, answer.error))


def _drawn_or_late(
    a: Asked, outcomes: Mapping[str, Result | AppError], look: Look, pictures: Pictures | None
) -> Answer:
    """The tile's answer; the last good one beside the error where its database cannot be asked."""
    error = next(
        (o for o in outcomes.values() if isinstance(o, WarehouseDown | QueryTimeout)), None
    )
    if error is None or a.source is None:
        return _drawn(a, outcomes, look, pictures)
    context = replace(a.context, ttl_s=ANY_AGE_S, force=False)
    late = {name: query.peek(a.source, spec, context) for name, spec in a.specs.items()}
    found = {name: result for name, result in late.items() if result is not None}
    if len(found) < len(late):
        return _drawn(a, outcomes, look)
    return replace(_drawn(a, found, look), shown="", error=error)


def _asked(
    viewer: Viewer, opened: Opened, keys: Iterable[str], want: Want, shown: Mapping[str, str]
) -> tuple[list[Asked], dict[str, Answer]]:
    asked, failed = [], {}
    now: dict[str, tuple[str, ...]] = {}
    missing = narrowing.missing_required(opened.layout, locked(viewer, want.state))
    for key in dict.fromkeys(keys):
        now[key] = ()
        try:
            if missing:
                _require_choice(opened, key, [f.key for f in missing])
            one = ask(viewer, opened, key, want)
        except AppError as error:
            failed[key] = Answer(key, shown="", error=error)
            continue
        except Exception:  # A bug of one kind must not take the page's other tiles with it.
            incident = secrets.token_hex(4)
            log.exception("Tile %s could not be asked, id %s", key[:100], incident)
            failed[key] = Answer(key, shown="", error=Unexpected(incident))
            continue
        now[key] = one.keys
        if want.force or want.max_age_s is not None or shown.get(key) != one.shown:
            asked.append(one)
    if want.page and want.sequence is not None:
        ids = {query_id(viewer, want.page, key): questions for key, questions in now.items()}
        query.supersede(page_id(viewer, want.page), ids, want.sequence)
    return asked, failed


def _require_choice(opened: Opened, key: str, missing: list[str]) -> None:
    tab, tile = opened.place(key)
    for chosen in opened.layout.filters:
        if chosen.key in missing and narrowing.in_scope(chosen, tab, tile):
            raise Invalid(f"Choose a value for “{chosen.title}” first.", required=chosen.key)


def known(
    viewer: Viewer,
    opened: Opened,
    keys: Iterable[str],
    want: Want,
    pictures: Pictures | None = None,
) -> dict[str, Answer]:
    """Tiles whose answers are all in the cache, drawn; no warehouse is asked for one."""
    let_go()
    want = replace(want, action=want.action or query.once())
    asked, _ = _asked(viewer, opened, keys, want, {})
    look, found = look_of(viewer, opened), {}
    for a in asked:
        results = {name: _peeked(a, spec) for name, spec in a.specs.items()}
        outcomes = {name: result for name, result in results.items() if result is not None}
        if len(outcomes) == len(results):
            found[a.key] = _drawn(a, outcomes, look, pictures)
    return found


def _peeked(a: Asked, spec: QuerySpec) -> Result | None:
    """What is kept; what goes wrong with it is told when the tile is asked."""
    try:
        return query.peek(a.source, spec, a.context) if a.source else None
    except AppError:
        return None
    except Exception:
        log.exception("A kept answer of chart %s cannot be used", a.chart.uuid)
        return None


def _drawn(
    a: Asked,
    outcomes: Mapping[str, Result | AppError],
    look: Look,
    pictures: Pictures | None = None,
) -> Answer:
    error = next((o for o in outcomes.values() if isinstance(o, AppError)), None)
    if error is not None:
        return Answer(a.key, shown="", error=error, applied=a.applied)
    results = {n: o for n, o in outcomes.items() if isinstance(o, Result)}
    picture = picture_of(a, results, look)
    painted = pictures(picture) if pictures else None
    if painted is not None:
        return _timed(a, Answer(a.key, a.shown, None, None, results, a.applied, picture, painted))
    tables = {name: result.table for name, result in results.items()}
    dataset = a.source.dataset if a.source else _NO_DATASET
    try:
        drawing = a.kind.figure(a.options, tables, dataset, dressed(look, a.options))
    except AppError as failure:
        return Answer(a.key, shown="", error=failure, results=results, applied=a.applied)
    except Exception:  # A bug of one kind must not take the page's other tiles with it.
        incident = secrets.token_hex(4)
        log.exception("Chart %s could not be drawn, id %s", a.chart.uuid, incident)
        return Answer(a.key, shown="", error=Unexpected(incident), applied=a.applied)
    return _timed(a, Answer(a.key, a.shown, drawing, None, results, a.applied, picture))


def _timed(a: Asked, answer: Answer) -> Answer:
    """The picture of an older answer is another one, so that the tile is asked again."""
    return replace(answer, shown=f"{a.shown}@{answer.as_of}") if answer.is_late else answer


_NO_DATASET = DatasetSpec(uuid=UUID(int=0), name="", database=UUID(int=0))


def rows_query(a: Asked, page: RowsPage) -> QuerySpec:
    """The underlying rows of a tile: the same rows, not grouped, all columns of the dataset."""
    if a.source is None:
        raise Invalid("This tile shows no data.")
    main, columns = a.main, a.source.dataset.columns
    return QuerySpec(
        dataset=main.dataset, columns=tuple(c.name for c in columns[:MOST_COLUMNS]),
        filters=main.filters + page.filters, where=main.where, time_column=main.time_column,
        time_range=main.time_range, order=page.order,
        limit=min(page.size, MAX_ROWS_OF_A_PAGE), offset=page.start,
    )  # fmt: skip


def page_of(
    viewer: Viewer, opened: Opened, key: str, want: Want, what: Literal["data", "rows"],
    page: RowsPage,
) -> Result:  # fmt: skip
    """One page of a tile's underlying rows, or of the rows of a paged table."""
    if what == "rows":
        permissions.require(viewer, "rows.view")
    narrowing.check(opened.layout, want.state, declared_only=viewer.is_guest)
    a = ask(viewer, opened, key, want)
    if a.source is None:
        raise Invalid("This tile shows no data.")
    let_go()
    if what == "rows":
        return query.run(a.source, rows_query(a, page), a.context)
    _require_searchable(a.main, page)
    if a.main.limit is None and not a.main.post:
        return query.run(a.source, _data_page(a.main, page), a.context)
    # The rows of a limited answer are those that the tile shows, however they are sorted.
    whole = query.run(a.source, a.main, a.context)
    return replace(whole, table=sifted(whole.table, page))


def columns_of(viewer: Viewer, opened: Opened, key: str) -> tuple[ColumnSpec, ...]:
    """The columns of a tile's underlying rows. Needs `rows.view`."""
    permissions.require(viewer, "rows.view")
    a = ask(viewer, opened, key, Want())
    if a.source is None:
        raise Invalid("This tile shows no data.")
    return a.source.dataset.columns[:MOST_COLUMNS]


def _require_searchable(main: QuerySpec, page: RowsPage) -> None:
    grouped = {d.name for d in main.dimensions} if main.is_grouped else set(main.columns)
    strange = [f.column for f in page.filters if f.column not in grouped]
    if strange:
        raise Invalid(f"Only columns that are not summed can be searched, not {strange[0]}.")


def _data_page(main: QuerySpec, page: RowsPage) -> QuerySpec:
    labels = {d.name: d.column for d in main.dimensions}
    extra = tuple(
        f.model_copy(update={"column": labels.get(f.column, f.column)}) for f in page.filters
    )
    return main.model_copy(
        update={
            "filters": main.filters + extra, "order": page.order or main.order,
            "limit": min(page.size, MAX_ROWS_OF_A_PAGE), "offset": page.start,
        }
    )  # fmt: skip


def asked(
    viewer: Viewer, opened: Opened, key: str, want: Want, what: Literal["data", "rows"]
) -> tuple[Asked, QuerySpec]:
    """For exports: a tile's questions and the one whose whole answer is written."""
    permissions.require(viewer, "export.run")
    if what == "rows":
        permissions.require(viewer, "rows.view")
    narrowing.check(opened.layout, want.state, declared_only=viewer.is_guest)
    a = ask(viewer, opened, key, want)
    if a.source is None:
        raise Invalid("This tile shows no data.")
    if what == "data":
        return a, a.main
    spec = rows_query(a, RowsPage()).model_copy(update={"limit": None, "offset": 0})
    return a, spec


def statements(viewer: Viewer, opened: Opened, key: str, want: Want) -> list[tuple[str, Result]]:
    """The SQL of a tile with its values, and how it was answered. Needs `sql.view`."""
    permissions.require(viewer, "sql.view")
    answer = answers(viewer, opened, [key], want)[key]
    if answer.error is not None:
        raise answer.error
    a = ask(viewer, opened, key, want)
    return [(name, _with_sql(a, name, result)) for name, result in answer.results.items()]


def _with_sql(a: Asked, name: str, result: Result) -> Result:
    """The result with the statement of its own question, before what it was answered by."""
    if a.source is None:
        return result
    own = query.sql_of(a.source, a.specs[name], a.context)
    if result.sql in ("", own):
        return replace(result, sql=own)
    return replace(result, sql=f"{own}\n\n-- Answered together with others by:\n{result.sql}")


def leave(viewer: Viewer, page: str) -> bool:
    """One's own page was closed: stop what it waits for, unless somebody else does too."""
    return query.leave(page_id(viewer, page))


def cancel(viewer: Viewer, page: str, key: str) -> bool:
    """Stop what a tile of one's own open page is waiting for."""
    return query.cancel(query_id(viewer, page, key))
