"""Strategies: viewers who open pages of related questions, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

from dashapp.query import Context
from dashapp.specs import (
    Dimension,
    Filter,
    MetricFilter,
    Order,
    QuerySpec,
    RowRule,
    SeriesLimit,
    SimpleMetric,
    SqlFilter,
    SqlMetric,
    metric_name,
)
from dashapp.specs.post import (
    Compare,
    Contribution,
    Cumulative,
    Pivot,
    PostStep,
    Rank,
    Rename,
    Select,
    Sort,
)
from dashapp.specs.query import Grain, Metric
from tests.query.fuzz.choices import (
    ADDITIVE,
    BINS,
    COMPARISONS,
    GRAINS,
    LISTS,
    MEMBERS,
    NUMBERS,
    PATTERNS,
    RANGES,
    RELATIONS,
    RULES,
    SAVED,
    SEARCHES,
    SQL_METRICS,
    TEXTS,
    TIMES,
    USUAL,
    WHERES,
    ZONES,
)
from tests.query.fuzz.data import DATASET, EDGES, NOW

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Action:
    """What one click asks: questions of one viewer, at once or one after the other."""

    viewer: int
    context: Context
    questions: tuple[QuerySpec, ...]
    at_once: bool = True


@dataclass(frozen=True, repr=False)
class Case:
    """A dataset, viewers with their rules, and what they do in order from a cold cache.

    With `is_warm` there are rollups of what will be asked, made ahead.
    """

    dataset: dict[str, Any]
    viewers: tuple[tuple[RowRule, ...], ...]
    actions: tuple[Action, ...]
    is_warm: bool = False

    def __repr__(self) -> str:
        told = [f"{self.dataset}, rollups made ahead: {self.is_warm}"]
        for action in self.actions:
            rules = [rule.clause for rule in self.viewers[action.viewer]]
            context = action.context
            told.append(
                f"{context.zone}, at most {context.row_limit}, under {rules}, {action.at_once}"
            )
            told += [
                spec.model_dump_json(exclude_defaults=True, exclude={"dataset"})
                for spec in action.questions
            ]
        return "\n  ".join(told)


@dataclass(frozen=True)
class Page:
    """What the questions of one case have in common."""

    columns: tuple[str, ...]
    metrics: tuple[Metric, ...]
    filters: tuple[Filter, ...]
    ranges: tuple[str | None, ...]
    grains: tuple[Grain, ...]


@st.composite
def cases(draw: Draw) -> Case:
    """A dashboard and what its viewers do with it."""
    dataset = {
        **_one(draw, RELATIONS),
        "zone": _one(draw, ("UTC", "UTC", "UTC", "Europe/Berlin")),
        "week_start": _one(draw, ("monday", "monday", "sunday", "saturday")),
    }
    viewers = ((), *_some(draw, RULES, 0, 2)) if _rarely(draw, 2) else (_one(draw, RULES),)
    page = _page(draw)
    zones = _some(draw, ZONES, 1, 2)
    count = draw(st.integers(3, 8))
    actions = tuple(_action(draw, page, zones, viewers, n) for n in range(count))
    return Case(dataset, viewers, actions, is_warm=_rarely(draw, 4))


def _page(draw: Draw) -> Page:
    columns = _some(
        draw, (*TIMES, "ts", *TEXTS, "region", "qty", "price", "flag", "part", "odd"), 2, 4
    )
    made = metric if _rarely(draw, 4) else additive
    metrics = _distinct(made(draw) for _ in range(draw(st.integers(2, 6))))
    about = (*columns, _one(draw, ("region", "qty", "ts", "name", "price", "twice", "big", "id")))
    filters = tuple(_filter(draw, _one(draw, about)) for _ in range(draw(st.integers(1, 4))))
    ranges = (None, None, *_some(draw, RANGES, 0, 2))
    grains = (*_some(draw, USUAL, 1, 3), *_some(draw, GRAINS, 0, 1))
    return Page(columns, metrics, filters, ranges, grains)


def _action(
    draw: Draw, page: Page, zones: Sequence[str], viewers: Sequence[Any], number: int
) -> Action:
    shared = _some(draw, page.filters, 0, 2) if number else ()
    span = _one(draw, page.ranges) if number else None
    limit = _one(draw, (5, 12)) if _rarely(draw, 12) else None
    context = Context(zone=_one(draw, zones), now=NOW, row_limit=limit)
    questions = [
        _question(draw, page, shared, span, is_wide=not number and not n)
        for n in range(draw(st.integers(1, 6)))
    ]
    viewer = draw(st.integers(0, len(viewers) - 1))
    return Action(viewer, context, tuple(questions), at_once=not _rarely(draw, 3))


def _question(
    draw: Draw, page: Page, shared: tuple[Filter, ...], span: str | None, is_wide: bool
) -> QuerySpec:
    own = (_one(draw, page.filters),) if _rarely(draw, 4) else ()
    filters = tuple(dict.fromkeys((*shared, *own)))
    more: dict[str, Any] = {"filters": filters, "time_range": span}
    if _rarely(draw, 20):
        more["where"] = (SqlFilter(expression=_one(draw, WHERES)),)
    if span and _rarely(draw, 6):
        more["time_column"] = _one(draw, TIMES)
    if not is_wide and _rarely(draw, 15):
        return _raw(draw, page, more)
    columns = page.columns if is_wide else _some(draw, page.columns, 0, min(3, len(page.columns)))
    dimensions = tuple(_dimension(draw, page, name) for name in dict.fromkeys(columns))
    metrics = page.metrics if is_wide else _some(draw, page.metrics, 0 if dimensions else 1, 4)
    metrics = _distinct(m for m in metrics if metric_name(m) not in columns)
    if not dimensions and not metrics:
        metrics = ("n",)
    base = {"dataset": DATASET, "dimensions": dimensions, "metrics": metrics, **more}
    return QuerySpec(**base) if is_wide else QuerySpec(**base, **_shape(draw, page, dimensions, metrics, span))  # fmt: skip


def _shape(
    draw: Draw,
    page: Page,
    dimensions: tuple[Dimension, ...],
    metrics: tuple[Metric, ...],
    span: str | None,
) -> dict[str, Any]:
    """What happens to the groups: having, top members, order, a cut, steps."""
    more: dict[str, Any] = {}
    if _rarely(draw, 8):
        more["having"] = (_having(draw, _one(draw, page.metrics)),)
    texts = [d.name for d in dimensions if not d.grain and not d.bin]
    steady = [m for m in metrics if _is_steady(m)]
    if texts and steady and _rarely(draw, 6):
        more["series"] = SeriesLimit(
            dimensions=(_one(draw, texts),), limit=draw(st.integers(1, 3)), by=_one(draw, steady),
            descending=not _rarely(draw, 4), other=not _rarely(draw, 3),
        )  # fmt: skip
    if _rarely(draw, 2):
        more["order"] = tuple(_order(draw, page, dimensions, metrics) for _ in range(draw(st.integers(1, 2))))  # fmt: skip
    if _rarely(draw, 3):
        more["limit"] = draw(st.integers(1, 12))
        more["offset"] = _one(draw, (0, 0, 0, 1, 5))
    if _rarely(draw, 12):
        more["post"] = _steps(draw, dimensions, tuple(steady), span)
    return more


def _raw(draw: Draw, page: Page, more: dict[str, Any]) -> QuerySpec:
    columns = tuple(dict.fromkeys(("id", *page.columns)))
    order = (Order(by=_one(draw, columns), descending=_rarely(draw, 2)),)
    return QuerySpec(
        dataset=DATASET, columns=columns, order=order, limit=draw(st.integers(1, 20)), **more
    )


def _dimension(draw: Draw, page: Page, name: str) -> Dimension:
    if name in TIMES:
        grain = None if _rarely(draw, 8) else _one(draw, page.grains)
        return Dimension(column=name, grain=grain)
    if name in BINS and not _rarely(draw, 3):
        return Dimension(column=name, bin=_one(draw, BINS[name]))
    return Dimension(column=name, label=f"the {name}" if _rarely(draw, 10) else None)


def metric(draw: Draw) -> Metric:
    """A metric of any kind."""
    kind = draw(st.integers(0, 9))
    if kind < 3:
        return str(_one(draw, SAVED))
    if kind < 5:
        text = _one(draw, SQL_METRICS)
        return SqlMetric(expression=text, label=text)
    aggregate = _one(draw, ("count", "sum", "sum", "avg", "avg", "min", "max", "stddev", "count_distinct", "median"))  # fmt: skip
    everything = (*NUMBERS, *NUMBERS, "flag", *TEXTS, *TIMES)
    is_any = aggregate in ("count", "min", "max", "count_distinct") or _rarely(draw, 15)
    column = _one(draw, everything if is_any else (*NUMBERS, "flag"))
    if aggregate == "stddev" and column == "big":  # Too large for floats to tell them apart.
        column = "qty"
    return SimpleMetric(aggregate=aggregate, column=column, label=f"{aggregate} of {column}")


def additive(draw: Draw) -> Metric:
    """A metric that answers can be made of, most of the time."""
    kind = draw(st.integers(0, 12))
    if kind < 4:
        return str(_one(draw, SAVED))
    if kind < 6:
        text = _one(draw, ADDITIVE)
        return SqlMetric(expression=text, label=text)
    if kind == 12:
        return metric(draw)
    aggregate = _one(draw, ("count", "sum", "sum", "avg", "min", "max", "stddev", "count_distinct"))
    column = _one(draw, ("qty", "price", "part", "odd", "twice", "flag"))
    return SimpleMetric(aggregate=aggregate, column=column, label=f"{aggregate} of {column}")


def _is_steady(item: Metric) -> bool:
    """Whether sums of it are exact, so that equal ones are equal however they were added up."""
    if isinstance(item, SimpleMetric):
        return item.aggregate in ("count", "sum", "min", "max", "count_distinct") and item.column not in ("odd", "big", *TIMES, *TEXTS)  # fmt: skip
    return item in ("n", "revenue", "units", "flagged")


def _filter(draw: Draw, column: str) -> Filter:
    if column in TIMES:
        return _time_filter(draw, column)
    if _rarely(draw, 10):
        return Filter(column=column, op=_one(draw, ("is null", "is not null")))
    if column == "flag":
        return _flag_filter(draw)
    if column in TEXTS and _rarely(draw, 3):
        return Filter(column=column, op=_one(draw, SEARCHES), value=_one(draw, PATTERNS))
    width = None
    if column in BINS and _rarely(draw, 4):
        width = _one(draw, BINS[column])
    members = MEMBERS[column]
    kind = draw(st.integers(0, 3))
    if kind < 2:
        found = _some(draw, members, 0 if _rarely(draw, 8) else 1, 4)
        return Filter(column=column, op=_one(draw, ("in", "in", "not in")), value=found, bin=width)
    known = tuple(m for m in members if m is not None)
    if kind == 2:
        return Filter(column=column, op=_one(draw, COMPARISONS), value=_one(draw, known), bin=width)
    ends = (_one(draw, members), _one(draw, members))
    return Filter(column=column, op="between", value=ends, bin=width)


def _flag_filter(draw: Draw) -> Filter:
    if _rarely(draw, 2):
        return Filter(column="flag", op=_one(draw, ("is true", "is false")))
    value = _some(draw, MEMBERS["flag"], 1, 2)
    return Filter(column="flag", op=_one(draw, LISTS), value=value)


def _time_filter(draw: Draw, column: str) -> Filter:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return Filter(column=column, op=_one(draw, ("is null", "is not null")))
    if kind < 4:
        return Filter(column=column, op="time range", value=_one(draw, RANGES))
    grain = _one(draw, (None, *USUAL, *GRAINS))
    times = [t.isoformat() for t in EDGES] + ["2013-04-05", "2012-12-31", "2013-01-01"]
    if kind < 7:
        found = (*_some(draw, times, 1, 3), *((None,) if _rarely(draw, 4) else ()))
        return Filter(column=column, op=_one(draw, LISTS), value=found, grain=grain)
    if kind < 9:
        return Filter(
            column=column, op=_one(draw, COMPARISONS), value=_one(draw, times), grain=grain
        )
    ends = tuple(sorted(_some(draw, times, 2, 2)))
    return Filter(column=column, op="between", value=ends, grain=grain)


def _having(draw: Draw, item: Metric) -> MetricFilter:
    op = _one(draw, ("=", "!=", "<", "<=", ">", ">=", "between", "is null", "is not null"))
    if op.startswith("is"):
        return MetricFilter(metric=item, op=op)
    # Nothing that sums of tenths and thirds could come close to.
    ends: tuple[float, ...] = (-7.77, 0.777, 1, 3, 10.123, 40, 123.457)
    if op == "between":
        low, high = sorted(_some(draw, ends, 2, 2))
        return MetricFilter(metric=item, op=op, value=(low, high))
    return MetricFilter(metric=item, op=op, value=_one(draw, ends))


def _order(
    draw: Draw, page: Page, dimensions: tuple[Dimension, ...], metrics: tuple[Metric, ...]
) -> Order:
    descending = _rarely(draw, 2)
    if _rarely(draw, 5):
        hidden = _one(draw, page.metrics)
        return Order(by=metric_name(hidden), metric=hidden, descending=descending)
    shown = [d.name for d in dimensions] + [metric_name(m) for m in metrics]
    return Order(by=_one(draw, shown), descending=descending)


def _steps(
    draw: Draw, dimensions: tuple[Dimension, ...], metrics: tuple[Metric, ...], span: str | None
) -> tuple[PostStep, ...]:
    names = tuple(metric_name(m) for m in metrics)
    if not names:
        return ()
    times = [d.name for d in dimensions if d.grain]
    steps: list[PostStep] = [
        Contribution(metrics=names),
        Rank(metric=names[0]),
        Sort(by=((names[0], True),)),
        Rename(names=((names[0], "renamed"),)),
        Select(columns=names),
    ]
    if times:
        steps.append(Cumulative(time=times[0], metrics=names))
    if span and _is_closed(span):
        steps.append(Compare(time=times[0] if times else None, metrics=names, offset=_one(draw, ("1 year", "28 days", "previous period"))))  # fmt: skip
    if len(dimensions) == 2:
        first, second = (d.name for d in dimensions)
        steps.append(Pivot(index=(first,), columns=(second,), metrics=names))
    return (_one(draw, steps),)


def _is_closed(span: str) -> bool:
    return not span.startswith(" ") and not span.endswith(" ")


def _distinct(metrics: Any) -> tuple[Metric, ...]:
    """Metrics of different names."""
    return tuple({metric_name(m): m for m in metrics}.values())


def _one(draw: Draw, choices: Sequence[T]) -> T:
    found: T = choices[draw(st.integers(0, len(choices) - 1))]
    return found


def _some(draw: Draw, choices: Sequence[T], low: int, high: int) -> tuple[T, ...]:
    count = draw(st.integers(low, high)) if low < high else low
    found: dict[int, T] = {}
    for _ in range(count):
        at = draw(st.integers(0, len(choices) - 1))
        found.setdefault(at, choices[at])
    while len(found) < low:
        free = next(n for n in range(len(choices)) if n not in found)
        found[free] = choices[free]
    return tuple(found.values())


def _rarely(draw: Draw, times: int) -> bool:
    """True once in so many times."""
    return bool(draw(st.integers(0, times - 1)) == times - 1)
