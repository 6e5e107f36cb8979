"""How an explained answer is told: its questions, columns and values in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa

from dashapp.charts import cells
from dashapp.charts.asks import dimension_title, metric_title
from dashapp.charts.base import Look
from dashapp.charts.cells import Cell
from dashapp.charts.explained import Why
from dashapp.charts.pinning import Key
from dashapp.charts.values import plain
from dashapp.specs import QuerySpec
from dashapp.specs.dataset import in_words
from dashapp.ui.texts import t

MOST_NAMED = 3  # Columns that name a question.
LONGEST = 300


def question(why: Why, spec: QuerySpec) -> str:
    """A question in a few words: "Flights by Month, Airline"."""
    metrics = [metric_title(metric, why.dataset) for metric in spec.metrics]
    columns = [_column(why, name) for name in spec.columns]
    names = [dimension_title(dimension, why.dataset) for dimension in spec.dimensions]
    what = ", ".join((metrics + columns)[:MOST_NAMED])
    return t("{what} by {names}", what=what, names=", ".join(names[:MOST_NAMED])) if names else what


def title(why: Why, name: str) -> str:
    """What people read over a column of the answer."""
    key = _key(why, name)
    if key is not None and key.dimension is not None:
        return dimension_title(key.dimension, why.dataset)
    metric = why.dataset.metric(name)
    if metric is not None:
        return metric.title
    own = next((d for d in why.spec.dimensions if d.name == name), None)
    return dimension_title(own, why.dataset) if own else in_words(name)


def cell_of(why: Why, name: str) -> Cell:
    """How the values of a column of the answer are told."""
    key = _key(why, name)
    if key is not None and key.dimension is not None:
        return cells.of_dimension(key.dimension, why.rows, why.dataset)
    kind: pa.DataType = why.rows.schema.field(name).type
    metric, holds = why.dataset.metric(name), cells.holds(kind)
    return Cell(
        holds=holds, format=cells.fitting(metric.format if metric else None, holds),
        currency=metric.currency if metric else None, grain=cells.finest_of(why.rows, name),
        empty=t("(empty)"),
    )  # fmt: skip


def shown(value: Any, cell: Cell, look: Look, zone: str) -> str:
    """A value as its column tells it; very long texts are cut."""
    text = cells.told(plain(value, zone), cell, look)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def packed(cell: Mapping[str, Any]) -> str:
    """What a button asks for, as an attribute that the script reads."""
    return orjson.dumps(dict(cell)).decode()


def _key(why: Why, name: str) -> Key | None:
    return next((k for k in why.keys if k.name == name), None)


def _column(why: Why, name: str) -> str:
    found = why.dataset.column(name)
    return found.title if found else in_words(name)
