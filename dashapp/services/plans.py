"""How a page is answered: which tiles together by which query, and what that saves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter

from dashapp import permissions, query
from dashapp.errors import AppError, Forbidden
from dashapp.query.pageplan import PagePlan, PageStep
from dashapp.query.plan import planned
from dashapp.services import narrowing
from dashapp.services.asking import Asked, Want, ask
from dashapp.services.dashboards import Opened
from dashapp.services.waiting import let_go
from dashapp.specs import FilterState
from dashapp.viewer import Viewer


def plan(
    viewer: Viewer,
    opened: Opened,
    state: FilterState,
    tab: str | None = None,
    *,
    measured: bool = False,
) -> PagePlan:
    """How the tiles of a tab (the first by default) are answered for a viewer now.

    With `measured` the warehouse is asked again, for all together and for each question by
    itself. Needs `sql.view` and the right to edit the dashboard.
    """
    permissions.require(viewer, "sql.view")
    if not opened.may_edit:
        raise Forbidden("Only those who may edit this dashboard see how its page is answered.")
    narrowing.check(opened.layout, state)
    found = list(_asked(viewer, opened, Want(state, force=measured), tab))
    let_go()
    questions = [
        (a.source, spec, a.context) for a in found if a.source for spec in a.specs.values()
    ]
    started = perf_counter()
    _, report = query.run_planned(questions)
    seconds = perf_counter() - started
    titles = _titles(found)
    steps = tuple(
        PageStep(
            step.how, tuple(dict.fromkeys(t for key in step.keys for t in titles.get(key, ()))),
            len(step.keys), step.sql, step.seconds, step.rows,
        )
        for step in report.steps
    )  # fmt: skip
    made = PagePlan(len(found), report.questions, report.queries, seconds, steps)
    return replace(made, alone_s=_alone(questions)) if measured else made


def _asked(viewer: Viewer, opened: Opened, want: Want, tab: str | None) -> Iterable[Asked]:
    shown = tab or opened.layout.tabs[0].key
    for home, tile in opened.layout.tiles():
        if home != shown:
            continue
        try:
            one = ask(viewer, opened, tile.key, want)
        except AppError:
            continue
        if one.source is not None:
            yield one


def _titles(found: Iterable[Asked]) -> dict[str, list[str]]:
    """The tiles' titles by the keys of the bare queries that they need."""
    titles: dict[str, list[str]] = {}
    for a in found:
        for spec in a.specs.values() if a.source else ():
            for need in planned(a.source, spec, a.context).needs if a.source else ():
                titles.setdefault(need.key, []).append(a.title)
    return titles


def _alone(questions: Iterable[query.Question]) -> float:
    """Seconds for all questions one by one, each asked of the warehouse."""
    started = perf_counter()
    for source, spec, context in questions:
        query.run_many([(source, spec, context)])
    return perf_counter() - started
