"""Tables end where their chart says, however they are scrolled, searched and sorted (V3, D5, Q5)."""

from __future__ import annotations

import pytest

from dashapp.errors import AppError, Invalid
from dashapp.services import charts
from dashapp.services.charts import RowsPage, Want
from dashapp.services.dashboards import Opened
from dashapp.specs import Filter, Order
from dashapp.specs.bundle import named
from dashapp.viewer import Viewer
from models import Chart, db
from tests.services import market
from tests.services.market import asked_of_warehouses, state

LIMIT = 7


@pytest.fixture
def limited(ann: Viewer) -> Opened:
    """The market, whose list shows seven orders and whose pie the two cheapest products."""
    for name, more in (("market list", {"limit": LIMIT}), ("market products", {"limit": 2})):
        row = db.session.query(Chart).filter_by(uuid=named(name)).one()
        row.options = {**row.options, **more}
    db.session.commit()
    return market.reopened(ann)


def page(viewer: Viewer, opened: Opened, key: str = "list", **more: object) -> list[float]:
    """Amounts of a page of the list."""
    wanted = RowsPage(**more)  # type: ignore[arg-type]
    found = charts.page_of(viewer, opened, key, Want(), "data", wanted).table
    return list(found.column(found.column_names[-1]).to_pylist())


def test_scrolling_ends_at_the_charts_limit(ann: Viewer, limited: Opened) -> None:
    shown = page(ann, limited, size=1000)
    assert len(shown) == LIMIT
    assert page(ann, limited, start=5, size=100) == shown[5:]
    assert page(ann, limited, start=LIMIT, size=100) == []
    assert page(ann, limited, start=10_000_000, size=100) == []
    assert len(page(ann, limited, "products", size=100)) == 2


@pytest.mark.parametrize("by", ["amount", "city", "day", "product"])
def test_another_order_shows_the_same_rows(ann: Viewer, limited: Opened, by: str) -> None:
    shown = page(ann, limited, size=100)
    for descending in (False, True):
        again = page(ann, limited, size=100, order=(Order(by=by, descending=descending),))
        assert sorted(again) == sorted(shown)


SEARCHES = [
    Filter(column="amount", op=">", value=-1), Filter(column="amount", op="<=", value=1e9),
    Filter(column="city", op="contains", value=""), Filter(column="city", op="not contains", value="x"),
    Filter(column="amount", op="between", value=(0, 47)), Filter(column="city", op="is not null"),
]  # fmt: skip


@pytest.mark.parametrize("one", SEARCHES, ids=range(len(SEARCHES)))
def test_a_search_looks_in_the_rows_shown(ann: Viewer, limited: Opened, one: Filter) -> None:
    assert page(ann, limited, size=100, filters=(one,)) == page(ann, limited, size=100)


ALL = [
    Filter(column="city", op="contains", value="TH 1"), Filter(column="city", op="starts with", value="no"),
    Filter(column="city", op="ends with", value=" 0"), Filter(column="city", op="=", value="East 0"),
    Filter(column="city", op="!=", value="East 0"), Filter(column="product", op="is null"),
    Filter(column="product", op="!=", value="pear"), Filter(column="product", op="not contains", value="p"),
    Filter(column="amount", op="=", value=5), Filter(column="amount", op=">=", value=40.5),
    Filter(column="amount", op="between", value=(3, 9)), Filter(column="amount", op="contains", value="1"),
    Filter(column="city", op="contains", value="%"), Filter(column="city", op="contains", value="_"),
    Filter(column="city", op="contains", value="' OR 1=1--"), Filter(column="city", op="=", value=1),
]  # fmt: skip


@pytest.mark.parametrize("ann", ["sqlite", "duckdb"], indirect=True)
@pytest.mark.parametrize("one", ALL, ids=range(len(ALL)))
def test_searching_here_finds_what_searching_in_the_warehouse_finds(
    ann: Viewer, opened: Opened, one: Filter
) -> None:
    whole = page(ann, opened, size=1000, filters=(one,), order=(Order(by="amount"),))
    row = db.session.query(Chart).filter_by(uuid=named("market list")).one()
    row.options = {**row.options, "limit": 1000}
    db.session.commit()
    again = market.reopened(ann)
    assert page(ann, again, size=1000, filters=(one,), order=(Order(by="amount"),)) == whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": (Order(by="note"),)}, {"order": (Order(by="amount) desc --"),)},
        {"filters": (Filter(column="note", op="=", value="x"),)},
        {"filters": (Filter(column="amount", op="=", value="x"),)},
        {"filters": (Filter(column="amount", op="like", value="%"),)},
        {"filters": (Filter(column="amount", op="time range", value="2024"),)},
    ],
)  # fmt: skip
def test_what_a_table_does_not_show_is_no_way_to_sort_or_search(
    ann: Viewer, limited: Opened, wrong: dict[str, object]
) -> None:
    with pytest.raises(Invalid):
        page(ann, limited, size=10, **wrong)


def test_pages_of_a_limited_table_cost_one_query(ann: Viewer, limited: Opened) -> None:
    with asked_of_warehouses() as seen:
        for start in range(0, LIMIT, 2):
            page(ann, limited, start=start, size=2)
    assert len(seen) == 1


def test_filters_of_the_dashboard_narrow_limited_tables_too(ann: Viewer, limited: Opened) -> None:
    want = Want(state=state(region=["East"]))
    found = charts.page_of(ann, limited, "list", want, "data", RowsPage(size=100)).table
    assert set(found["region"].to_pylist()) == {"East"}


@pytest.mark.parametrize("key", ["never", "text", "", "list' --", "../list"])
def test_tiles_that_show_no_rows_have_no_pages(ann: Viewer, opened: Opened, key: str) -> None:
    for what in ("data", "rows"):
        with pytest.raises(AppError):
            charts.page_of(ann, opened, key, Want(), what, RowsPage())  # type: ignore[arg-type]
