"""A number that is approximate says so, and is computed exactly when it is asked again."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from dashapp.charts.base import Look
from dashapp.charts.colors import PALETTES
from dashapp.charts.pinning import Cell, Part
from dashapp.services import why
from dashapp.services.charts import Want
from dashapp.ui import cards
from dashapp.ui import why as dialog
from dashapp.viewer import Viewer
from models import Chart, db
from tests.services import market
from tests.services.metadata import person, user

MIDDLE = {
    "kind": "simple", "aggregate": "median", "column": "amount", "approximate": True,
    "label": "middle",
}  # fmt: skip
EXACT = statistics.median(float(n) for n in range(0, 48, 3))
NORTH = Cell(parts=(Part(column="region", value="North"),))
LOOK = Look(palette=PALETTES["dashapp"])


@pytest.fixture
def ann(app: Flask) -> Iterator[Viewer]:
    market.open_market()
    row = db.session.query(Chart).filter_by(name="By region").one()
    row.options = {**row.options, "metrics": [MIDDLE]}
    db.session.commit()
    yield person(user("ann").id)
    market.forget()


def texts(component: Any) -> str:
    """All that a component says."""
    if component is None or isinstance(component, str | int | float):
        return str(component or "")
    if isinstance(component, list | tuple):
        return " ".join(texts(part) for part in component)
    return texts(getattr(component, "children", None))


def test_an_approximate_number_is_told_with_its_error(ann: Viewer) -> None:
    told = why.explain(ann, market.reopened(ann), "regions", Want(), NORTH)
    assert told.result.errors == {"middle": 0.01}
    said = texts(dialog.explained(told, LOOK))
    assert "≈" in said
    assert "± 1 %" in said
    assert "Compute exactly" in said
    assert "Median of Amount, approximately" in said
    assert "≈ ± 1 %" in texts(cards.foot({"main": told.result}, "UTC"))


def test_computing_it_exactly_asks_for_the_exact_metric(ann: Viewer) -> None:
    opened = market.reopened(ann)
    again = why.again(ann, opened, "regions", Want(), NORTH)
    assert again.result.errors == {}
    assert again.now == {"region": "North", "middle": EXACT}
    assert again.changed == ("middle",)
    assert abs(again.before["middle"] - EXACT) <= 0.01 * EXACT
    said = texts(dialog.verdict(again, LOOK))
    assert "exactly" in said
    assert "± 1 %" in said
    assert "data changed" not in said
    kept = why.explain(ann, opened, "regions", Want(), NORTH)
    assert kept.result.errors == {"middle": 0.01}


def test_a_clicked_filter_is_answered_without_the_database(ann: Viewer) -> None:
    opened = market.reopened(ann)
    market.show(ann, opened, None, "regions")
    chosen = market.state([market.click("stores", "region", "North", "South")])
    with market.asked_of_warehouses() as asked:
        shown = market.table(market.show(ann, opened, chosen, "regions")["regions"])
    assert asked == []
    assert set(shown) == {"North", "South"}
