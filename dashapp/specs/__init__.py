"""Frozen shapes that travel: JSON columns, REST, YAML, browser."""

from dashapp.specs.base import Spec
from dashapp.specs.chart import ChartSpec
from dashapp.specs.dataset import (
    ColumnSpec,
    ColumnType,
    DatabaseSpec,
    DatasetSpec,
    MetricSpec,
    RowRule,
    Source,
)
from dashapp.specs.filters import Click, FilterState, FilterValue
from dashapp.specs.layout import FilterSpec, Layout, Tab, Tile
from dashapp.specs.query import (
    Dimension,
    Filter,
    Grain,
    MetricFilter,
    Order,
    QuerySpec,
    RatioMetric,
    SeriesLimit,
    SimpleMetric,
    SqlFilter,
    SqlMetric,
    metric_name,
)

__all__ = [
    "ChartSpec",
    "Click",
    "ColumnSpec",
    "ColumnType",
    "DatabaseSpec",
    "DatasetSpec",
    "Dimension",
    "Filter",
    "FilterSpec",
    "FilterState",
    "FilterValue",
    "Grain",
    "Layout",
    "MetricFilter",
    "MetricSpec",
    "Order",
    "QuerySpec",
    "RatioMetric",
    "RowRule",
    "SeriesLimit",
    "SimpleMetric",
    "Source",
    "Spec",
    "SqlFilter",
    "SqlMetric",
    "Tab",
    "Tile",
    "metric_name",
]
