"""Questions of maps: rows that lie somewhere, grouped where something is measured."""

from __future__ import annotations

from dashapp.charts.asks import Asks
from dashapp.specs import DatasetSpec, Dimension, Filter, Order, QuerySpec
from dashapp.specs.query import Metric


def placed(
    options: Asks,
    dataset: DatasetSpec,
    columns: tuple[str, ...],
    told: tuple[Dimension, ...],
    metrics: tuple[Metric, ...],
    *,
    order: tuple[Order, ...] = (),
    whole: bool = True,
    each: bool = False,
) -> QuerySpec:
    """Places with values in all `columns` (`whole`), each once, and what is told of them.

    Where `each` row counts and nothing is measured, rows come as they are, unless a dimension is
    cut to a grain or bin.
    """
    order = order or options.order
    filters = tuple(Filter(column=c, op="is not null") for c in columns) if whole else ()
    if metrics or not each or any(d.grain or d.bin or d.label for d in told):
        named = {d.name for d in told}
        places = tuple(Dimension(column=c) for c in dict.fromkeys(columns) if c not in named)
        return options.base_query(dataset, (*places, *told), metrics, filters=filters, order=order)
    names = tuple(dict.fromkeys((*columns, *(d.column for d in told))))
    order = tuple(o for o in order if o.by in names)
    return options.base_query(dataset, columns=names, filters=filters, order=order)
