"""From a logical question to SQL text with its values, per dialect."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr

from benchmarks.measure import Times, ms, ratio, repeat, table
from dashapp import warehouses
from dashapp.query.compile import statement
from dashapp.settings import settings, using
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    Dimension,
    Filter,
    MetricSpec,
    Order,
    QuerySpec,
    RatioMetric,
    RowRule,
    SeriesLimit,
    SimpleMetric,
    Source,
    SqlMetric,
)
from dashapp.warehouses import WAREHOUSES, Warehouse
from dashapp.warehouses.base import sql_and_values

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TIMES = 60
SALES, SHOP = UUID(int=1), UUID(int=2)
REVENUE = SimpleMetric(aggregate="sum", column="amount", label="revenue")
ORDERS = SimpleMetric(aggregate="count", label="orders")
BASKET = RatioMetric(numerator="revenue", denominator="orders", label="basket")
LARGE = SqlMetric(expression="sum(CASE WHEN amount > 100 THEN 1 ELSE 0 END)", label="large")
DATASET = DatasetSpec(
    uuid=SALES, name="sales", database=SHOP, table="sales", time_column="sold",
    zone="Europe/Berlin",
    columns=(
        ColumnSpec(name="sold", type="time"), ColumnSpec(name="country"),
        ColumnSpec(name="product"), ColumnSpec(name="amount", type="number"),
        ColumnSpec(name="first", expression="upper(substr(product, 1, 1))"),
    ),
    metrics=tuple(MetricSpec(name=m.label, definition=m) for m in (REVENUE, ORDERS, BASKET, LARGE)),
)  # fmt: skip
MONTH = Dimension(column="sold", grain="month")
PRODUCT = Dimension(column="product")
QUESTIONS = {
    "count of all rows": QuerySpec(dataset=SALES, metrics=("orders",)),
    "four metrics per month": QuerySpec(
        dataset=SALES, dimensions=(MONTH,), metrics=("revenue", "orders", "basket", "large"),
        time_range="last 12 months",
    ),
    "with filters on five columns": QuerySpec(
        dataset=SALES, dimensions=(MONTH,), metrics=("revenue",), time_range="last 90 days",
        filters=(
            Filter(column="country", op="in", value=("DE", "FR", None)),
            Filter(column="product", op="contains", value="tea"),
            Filter(column="amount", op="between", value=(1, 100)),
            Filter(column="first", op="!=", value="X"),
            Filter(column="sold", op="time range", value="current year"),
        ),
    ),
    "top ten and the others": QuerySpec(
        dataset=SALES, dimensions=(MONTH, PRODUCT), metrics=("revenue",),
        series=SeriesLimit(dimensions=("product",), limit=10),
    ),
    "a page of rows": QuerySpec(
        dataset=SALES, columns=tuple(c.name for c in DATASET.columns), limit=100, offset=300,
        order=(Order(by="sold", descending=True),),
    ),
}  # fmt: skip


def run() -> str:
    """A row per question, once more with a row-level rule; a column per dialect."""
    with using(settings().model_copy(update={"private_hosts": ("*",)})):
        pools = [pool(kind) for kind in WAREHOUSES]
    rows, least = [], 0.0
    for name, spec in QUESTIONS.items():
        found = [times(one, spec) for one in pools]
        least = least or min(t.median for t in found)
        ruled = times(pools[0], spec, RowRule(clause="country = 'DE'"))
        rows.append(
            [name, *(ms(t.median) for t in found), ms(ruled.median),
             ratio(max(t.median for t in found), least)]
        )  # fmt: skip
    head = ["median ms", *(one.title for one in pools)]
    return table([*head, f"{pools[0].title} with a row rule", "slowest to the least"], rows)


def pool(kind: str) -> Warehouse:
    """A warehouse of a kind; nothing is asked of it."""
    folder = settings().data_dir / "warehouses"
    url = {"sqlite": f"sqlite:///{folder}/weather.sqlite", "duckdb": f"duckdb:///{folder}/bench.db"}
    (folder / "bench.db").touch()
    server = f"{WAREHOUSES[kind].rule.driver}://reader:secret@127.0.0.1/shop"
    database = DatabaseSpec(
        uuid=UUID(int=100 + list(WAREHOUSES).index(kind)), name=kind, kind=kind,
        url=SecretStr(url.get(kind, server)), options={},
    )  # fmt: skip
    return warehouses.pool(database)


def times(warehouse: Warehouse, spec: QuerySpec, *rules: RowRule) -> Times:
    """How long a question takes to become SQL."""
    database = DatabaseSpec(
        uuid=SHOP, name="shop", kind=warehouse.kind, url=SecretStr("x://"), options={}
    )
    source = Source(dataset=DATASET, database=database, rules=rules)

    def compiled() -> None:
        made = statement(
            source, spec, warehouse.dialect, warehouse.sqlglot_dialect,
            zone="America/New_York", now=NOW, row_limit=50_000,
        )  # fmt: skip
        sql_and_values(made, warehouse.dialect)

    return repeat(compiled, TIMES)
