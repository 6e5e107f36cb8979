"""Keeps the tables that say what a dashboard's layout names in step with the layout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from models.base import Identified
from models.content import Chart, Dashboard
from models.sources import Dataset

T = TypeVar("T", bound=Identified)


def named_in(layout: dict[str, Any]) -> tuple[set[UUID], set[UUID]]:
    """The UUIDs of the charts in a layout's tiles, and of the datasets of its filters."""
    filters = layout.get("filters") or ()
    datasets = {f["dataset"] for f in filters if f.get("dataset")}
    datasets.update(key for f in filters for key in f.get("targets") or ())
    return set(map(_uuid, _charts(layout.get("tabs") or ()))), set(map(_uuid, datasets))


def _charts(tabs: Iterable[dict[str, Any]]) -> Iterable[Any]:
    for tab in tabs:
        for item in tab.get("items") or ():
            if item.get("chart"):
                yield item["chart"]
            yield from _charts(item.get("tabs") or ())


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


@event.listens_for(Session, "before_flush")
def _link(session: Session, _context: object, _instances: object) -> None:
    for row in (*session.new, *session.dirty):
        if isinstance(row, Dashboard) and sa.inspect(row).attrs.layout.history.has_changes():
            charts, datasets = named_in(row.layout or {})
            row.charts = _rows(session, Chart, charts)
            row.filter_datasets = _rows(session, Dataset, datasets)


def _rows(session: Session, model: type[T], wanted: set[UUID]) -> list[T]:
    """The rows of `model` with these UUIDs, stored or about to be."""
    fresh = [row for row in session.new if isinstance(row, model) and row.uuid in wanted]
    rest = wanted - {row.uuid for row in fresh}
    if not rest:
        return fresh
    with session.no_autoflush:
        return [*fresh, *session.scalars(sa.select(model).where(model.uuid.in_(rest)))]
