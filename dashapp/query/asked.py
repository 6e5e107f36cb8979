"""A bare question as the planner sees it: what it is about, and the measures of all it needs."""

from __future__ import annotations

from dataclasses import dataclass

from dashapp.query.atoms import Clock
from dashapp.query.measures import Measure, Stat, measure
from dashapp.query.plan import Need
from dashapp.query.subsume import Shape, dialect_of, tried_shape
from dashapp.specs import QuerySpec
from dashapp.specs.query import Metric


@dataclass(frozen=True)
class Asked:
    """A grouped query, its shape, and what its conditions, series limit and order measure.

    `having` follows the query's conditions; `ranking` is what its series limit ranks by; `sorting`
    those of orders by metrics that are not shown, by name. All measures add up.
    """

    spec: QuerySpec
    shape: Shape
    having: tuple[Measure, ...]
    ranking: Measure | None
    sorting: tuple[tuple[str, Measure], ...]
    row_limit: int

    @property
    def stats(self) -> frozenset[Stat]:
        """All statistics that the answer is made of."""
        others = [*self.having, *(m for _, m in self.sorting)]
        if self.ranking is not None:
            others.append(self.ranking)
        return self.shape.needs | {s for m in others for s in m.needs}


def asked(need: Need) -> Asked | None:
    """The question of a need; None where only a warehouse can answer it."""
    spec, source = need.spec, need.source
    clock = Clock(source.dataset, need.context.zone, need.context.now)
    shape = tried_shape(source, spec, clock)
    if shape is None or any(m is None for m in shape.measures):
        return None
    dialect = dialect_of(source)

    def taken(metric: Metric | None) -> Measure | None:
        return None if metric is None else measure(source.dataset, metric, dialect)

    having = [taken(h.metric) for h in spec.having]
    shown = {d.name for d in spec.dimensions} | {_name(m) for m in spec.metrics}
    sorting = [(o.by, taken(o.metric)) for o in spec.order if o.by not in shown]
    ranking = None
    if spec.series is not None:
        ranking = taken(
            spec.series.by if spec.series.by is not None else next(iter(spec.metrics), None)
        )
        if ranking is None:
            return None
    if any(m is None for m in having) or any(m is None for _, m in sorting):
        return None
    return Asked(
        spec, shape, tuple(m for m in having if m is not None), ranking,
        tuple((name, m) for name, m in sorting if m is not None), need.row_limit,
    )  # fmt: skip


def _name(metric: Metric) -> str:
    return metric if isinstance(metric, str) else metric.label
