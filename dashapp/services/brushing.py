"""Dragging over a plot: what the other tiles show for any part of the brushed column.

`begin` asks one cube per question of every linked tile (`dashapp.services.cubes`), through the
same path as all questions: rules, cache, one query for all who wait. Small cubes go to the browser
with a picture in which every mark knows its cell (`dashapp.services.marking`); the others stay
here and answer `frame`. While one drags, no warehouse is asked.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from dashapp import query
from dashapp.charts.base import Drawing
from dashapp.charts.colors import dressed
from dashapp.charts.plotting import encode, floats, is_time, milliseconds
from dashapp.errors import AppError, Invalid
from dashapp.services import marking, narrowing, querylog
from dashapp.services.asking import Asked, Want, ask, locked, look_of
from dashapp.services.cubes import MOST_ROWS, Cube, Floats, Form, Unfit, cube, form
from dashapp.services.dashboards import Opened
from dashapp.services.waiting import let_go
from dashapp.specs import Click, ColumnSpec, Dimension, FilterState, Source, Spec
from dashapp.specs.filters import Key
from dashapp.specs.query import Grain, Label, Scalar
from dashapp.viewer import Viewer
from dashapp.warehouses import warehouse

MOST_KEPT = 128  # Cubes that a process keeps decoded.
KEPT_S = 300  # So long a drag may go on with its cubes, however fresh its tiles are wanted.


class Brushing(Spec):
    """Which column is brushed in which tile, and in what steps.

    With `members` the brushed places are their numbers in this list.
    """

    source: Key
    column: Label
    grain: Grain | None = None
    bin: float | None = Field(None, gt=0, allow_inf_nan=False)
    members: tuple[Scalar, ...] | None = Field(None, max_length=1000)

    @model_validator(mode="after")
    def _one_cut(self) -> Brushing:
        if self.grain and self.bin:
            raise ValueError("A brush has a grain or a bin, not both.")
        return self


@dataclass(frozen=True)
class Follow:
    """How a tile follows: drawn in the `browser`, asked for by `hop`, or `late`, when let go."""

    key: str
    way: Literal["browser", "hop", "late"]
    why: str = ""
    marked: marking.Marked | None = None


@dataclass(frozen=True)
class _Linked:
    """A tile that the brush reaches, with the cubes of its questions."""

    asked: Asked
    forms: Mapping[str, Form]
    why: str = ""


def begin(
    viewer: Viewer, opened: Opened, brushing: Brushing, state: FilterState, keys: Iterable[str]
) -> dict[str, Follow]:
    """Cubes for the linked ones among these tiles. Raises Invalid for what may not be brushed."""
    linked = _linked(viewer, opened, brushing, state, keys)
    jobs = [(tile, name) for tile in linked for name in tile.forms]
    let_go()
    outcomes = query.run_many([_question(tile, name) for tile, name in jobs])
    querylog.record(
        viewer,
        [
            querylog.Entry(o, tile.asked.chart.dataset, tile.asked.chart.uuid, opened.uuid)
            for (tile, _), o in zip(jobs, outcomes, strict=True)
        ],
    )
    answers: dict[tuple[str, str], query.Result | AppError] = {
        (tile.asked.key, name): o for (tile, name), o in zip(jobs, outcomes, strict=True)
    }
    found = {}
    for tile in linked:
        own = {name: answers[tile.asked.key, name] for name in tile.forms}
        found[tile.asked.key] = _follow(viewer, opened, brushing, tile, own)
    return found


def frame(
    viewer: Viewer, opened: Opened, brushing: Brushing, state: FilterState, keys: Iterable[str],
    low: float, high: float,
) -> dict[str, Drawing]:  # fmt: skip
    """What these tiles show for the places from `low` until `high`, from the cubes of `begin`.

    A tile whose cube is no longer kept is left out.
    """
    found = {}
    for tile in _linked(viewer, opened, brushing, state, keys):
        try:
            own = {name: _kept(viewer, brushing, tile, name) for name in tile.forms}
            cubes = {name: one for name, one in own.items() if one is not None}
            if len(cubes) == len(own) and not tile.why:
                found[tile.asked.key] = drawn(viewer, opened, tile.asked, cubes, low, high)
        except (Unfit, AppError):
            continue
    return found


def drawn(
    viewer: Viewer, opened: Opened, a: Asked, cubes: Mapping[str, Cube], low: float, high: float
) -> Drawing:
    """A tile for a part of the brushed column. Raises Unfit."""
    tables = {name: one.table(low, high) for name, one in cubes.items()}
    return _figure(viewer, opened, a)(tables)


def _figure(viewer: Viewer, opened: Opened, a: Asked) -> Callable[[dict[str, pa.Table]], Drawing]:
    if a.source is None:
        raise Unfit("there is no dataset")
    look, dataset = dressed(look_of(viewer, opened), a.options), a.source.dataset
    return lambda tables: a.kind.figure(a.options, tables, dataset, look)


def _linked(
    viewer: Viewer, opened: Opened, brushing: Brushing, state: FilterState, keys: Iterable[str]
) -> list[_Linked]:
    """The tiles that the brushed column reaches, asked without what the brush chose before."""
    click = _click(viewer, opened, brushing, state)
    others = tuple(c for c in state.clicks if c.source != brushing.source)
    bare = state.model_copy(update={"clicks": others})
    checked = bare.model_copy(update={"clicks": (*others[:49], click)})
    narrowing.check(opened.layout, checked, declared_only=viewer.is_guest)
    if not opened.layout.cross_filters:
        return []
    missing = {f.key for f in narrowing.missing_required(opened.layout, locked(viewer, bare))}
    found = []
    for key in dict.fromkeys(keys):
        tab, tile = opened.place(key)
        chart = opened.charts.get(tile.chart)
        source = opened.sources.get(chart.dataset) if chart and chart.dataset else None
        if source is None or not narrowing.clicked(opened.layout, click.source, tab, tile):
            continue
        column = narrowing.click_column(click, tile, source.dataset, opened.datasets)
        lacks = any(
            f.key in missing and narrowing.in_scope(f, tab, tile) for f in opened.layout.filters
        )
        if column is not None and not lacks:
            found.append(_forms(viewer, opened, key, bare, brushing, column, source))
    return found


def _click(viewer: Viewer, opened: Opened, brushing: Brushing, state: FilterState) -> Click:
    """The brush as a cross-filter, as far as one can tell before it ends.

    Raises Invalid for a column that the tile does not show in such steps: nobody drills down
    further than to what they see.
    """
    a = ask(viewer, opened, brushing.source, Want(state=state))
    column = a.source.dataset.column(brushing.column) if a.source else None
    shown = [
        d
        for spec in a.specs.values()
        for d in spec.dimensions
        if d.column == brushing.column
        and d.grain in (None, brushing.grain)
        and d.bin in (None, brushing.bin)
    ]
    if column is None or not column.filterable or not shown or a.source is None:
        raise Invalid("This tile cannot be brushed along that column.")
    return Click(
        source=brushing.source, dataset=a.source.dataset.uuid, column=brushing.column,
        values=(0,), grain=brushing.grain, bin=brushing.bin,
    )  # fmt: skip


def _forms(
    viewer: Viewer, opened: Opened, key: str, state: FilterState, brushing: Brushing,
    column: ColumnSpec, source: Source,
) -> _Linked:  # fmt: skip
    a = ask(viewer, opened, key, Want(state=state))
    cut = Dimension(column=column.name, grain=brushing.grain, bin=brushing.bin)
    dialect = warehouse(source.database.kind).sqlglot_dialect
    try:
        specs = {n: form(spec, cut, source.dataset, dialect) for n, spec in a.specs.items()}
    except Unfit as why:
        return _Linked(a, {}, str(why))
    return _Linked(a, specs)


def _question(tile: _Linked, name: str, least_age_s: int = 0) -> query.Question:
    a = tile.asked
    if a.source is None:
        raise Invalid("This tile shows no data.")
    age = None if a.context.ttl_s is None else max(a.context.ttl_s, least_age_s)
    context = replace(a.context, ttl_s=age, row_limit=MOST_ROWS, query_id=None)
    return a.source, tile.forms[name].question, context


def _follow(
    viewer: Viewer, opened: Opened, brushing: Brushing, tile: _Linked,
    answers: Mapping[str, query.Result | AppError],
) -> Follow:  # fmt: skip
    key = tile.asked.key
    if tile.why:
        return Follow(key, "late", tile.why)
    try:
        cubes = {n: _made(viewer, brushing, tile, n, answer) for n, answer in answers.items()}
        everything = drawn(viewer, opened, tile.asked, cubes, -np.inf, np.inf)
    except (Unfit, AppError) as why:
        return Follow(key, "late", str(why))
    try:
        figure = _figure(viewer, opened, tile.asked)
        return Follow(key, "browser", marked=marking.marked(cubes, everything, figure))
    except (Unfit, AppError) as why:
        return Follow(key, "hop", str(why))


def _made(
    viewer: Viewer, brushing: Brushing, tile: _Linked, name: str, answer: query.Result | AppError
) -> Cube:
    """The cube of an answer, remembered in this process. Raises Unfit."""
    if isinstance(answer, AppError):
        raise answer
    if answer.truncated:
        raise Unfit("there are too many groups")
    made = tile.forms[name]
    known = f"{answer.key}:{answer.as_of}:{viewer.zone}:{hash(brushing)}:{hash(made.spec)}"
    with _lock:
        if known in _cubes:
            _cubes.move_to_end(known)
            return _cubes[known]
    found = cube(made, answer.table, _places(viewer, brushing))
    with _lock:
        _cubes[known] = found
        while len(_cubes) > MOST_KEPT:
            _cubes.popitem(last=False)
    return found


_cubes: OrderedDict[str, Cube] = OrderedDict()
_lock = threading.Lock()


def _kept(viewer: Viewer, brushing: Brushing, tile: _Linked, name: str) -> Cube | None:
    answer = query.peek(*_question(tile, name, KEPT_S))
    return None if answer is None else _made(viewer, brushing, tile, name, answer)


def _places(viewer: Viewer, brushing: Brushing) -> Callable[[pa.ChunkedArray[Any]], Floats]:
    """Where values of the brushed column lie on its axis; not-a-number for nowhere."""

    def of(column: pa.ChunkedArray[Any]) -> Floats:
        values = column.combine_chunks()
        if brushing.members is not None:
            table = pa.table({"at": values})
            known = encode(table, "at")
            at = {member: float(i) for i, member in enumerate(brushing.members)}
            lut = np.array([at.get(m, np.nan) for m in known.members()] or [np.nan])
            return np.asarray(lut[known.codes], dtype=np.float64)
        if is_time(values):
            return milliseconds(values, viewer.zone)
        return floats(pa.table({"at": values}), "at")

    return of


def reset() -> None:
    """Forget all cubes of this process."""
    with _lock:
        _cubes.clear()
