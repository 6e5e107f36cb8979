"""Datasets as Superset's bundles have them."""

from __future__ import annotations

from typing import Any, Final

from dashapp.services.superset import names
from dashapp.services.superset.dialects import week_start
from dashapp.services.superset.written import Out, expression
from dashapp.specs import ColumnSpec, ColumnType, MetricSpec
from dashapp.specs.bundle import BundleDataset
from dashapp.specs.dataset import DatasetSpec

TYPES: Final[dict[ColumnType, str | None]] = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE PRECISION", "boolean": "BOOLEAN",
    "time": "TIMESTAMP WITHOUT TIME ZONE", "date": "DATE", "other": "BLOB",
}  # fmt: skip


def dataset_document(dataset: BundleDataset, kind: str) -> tuple[dict[str, Any], list[str]]:
    """A dataset over a database of that kind, and what Superset has no words for."""
    fields = BundleDataset.model_fields
    out = Out(DatasetSpec(**{name: getattr(dataset, name) for name in fields}))
    if dataset.week_start != week_start(kind):
        day = week_start(kind).title()
        out.note(f"Its weeks start on {dataset.week_start.title()} here, in Superset on {day}.")
    if dataset.zone != "UTC":
        out.note(f"Its times are meant in {dataset.zone} here; Superset takes them as they are.")
    columns = [_column(c) for c in dataset.columns]
    return {
        "table_name": dataset.table or dataset.name, "main_dttm_col": dataset.time_column,
        "description": dataset.description, "default_endpoint": None, "offset": 0,
        "cache_timeout": dataset.ttl_s, "catalog": None, "schema": dataset.schema_name,
        "sql": dataset.sql, "params": None, "template_params": None,
        "filter_select_enabled": True, "fetch_values_predicate": None, "extra": None,
        "normalize_columns": False, "always_filter_main_dttm": False, "uuid": str(dataset.uuid),
        "metrics": [_metric(m, out) for m in dataset.metrics], "columns": columns,
        "version": "1.0.0", "database_uuid": str(dataset.database),
    }, out.notes  # fmt: skip


def _column(column: ColumnSpec) -> dict[str, Any]:
    declared = "TIMESTAMP WITH TIME ZONE" if column.zoned else TYPES[column.type]
    return {
        "column_name": column.name, "verbose_name": column.label,
        "is_dttm": column.type in ("time", "date"), "is_active": True, "type": declared,
        "advanced_data_type": None, "groupby": column.groupable, "filterable": column.filterable,
        "expression": column.expression, "description": column.description,
        "python_date_format": None, "extra": None,
    }  # fmt: skip


def _metric(metric: MetricSpec, out: Out) -> dict[str, Any]:
    money = {"symbol": metric.currency, "symbolPosition": "prefix"} if metric.currency else None
    return {
        "metric_name": metric.name, "verbose_name": metric.label, "metric_type": None,
        "expression": expression(metric.definition, out), "description": metric.description,
        "d3format": names.written_number(metric.format), "currency": money, "extra": None,
        "warning_text": None,
    }  # fmt: skip
