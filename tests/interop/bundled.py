"""The bundle of a dashboard with a chart of every type, as Superset would export it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, Final
from uuid import UUID, uuid5

import yaml

from tests.interop.types import CHARTS, LINKS, PLACES, PLAN, SALES, TREE, WORLD

NAMESPACE: Final = UUID("0e0a7a4e-4f4b-4d5a-8a55-2f0c9d3a1f11")
_PLACES: Final = """
SELECT order_number AS number, sales, quantity_ordered, deal_size, order_date,
       CASE WHEN order_number % 2 = 0 THEN 'FR-75' ELSE 'FR-13' END AS region,
       (order_number % 97) - 40.0 AS lat, (order_number % 211) - 100.0 AS lon,
       (order_number % 53) - 20.0 AS lat2, (order_number % 101) - 50.0 AS lon2,
       '[[' || (order_number % 211 - 100) || ',' || (order_number % 97 - 40) || '],['
            || (order_number % 101 - 50) || ',' || (order_number % 53 - 20) || ']]' AS path,
       '[[' || (order_number % 211 - 100) || ',' || (order_number % 97 - 40) || '],['
            || (order_number % 211 - 96) || ',' || (order_number % 97 - 40) || '],['
            || (order_number % 211 - 96) || ',' || (order_number % 97 - 36) || '],['
            || (order_number % 211 - 100) || ',' || (order_number % 97 - 40) || ']]' AS area,
       '{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": ['
            || (order_number % 211 - 100) || ',' || (order_number % 97 - 40) || ']}}' AS shape
FROM cleaned_sales_data WHERE order_line_number = 1
"""
_TREE: Final = """
SELECT '1' AS id, NULL AS parent, 'all' AS name UNION ALL
SELECT '2', '1', 'left' UNION ALL SELECT '3', '1', 'right' UNION ALL
SELECT '4', '2', 'leaf' UNION ALL SELECT '5', '2', 'bud'
"""
_PLAN: Final = """
SELECT 'order ' || order_number AS task, deal_size AS team, order_date AS starts, MAX(order_date) OVER () AS ends
FROM cleaned_sales_data WHERE order_line_number = 1 AND order_number < 10120
"""
_COLUMNS: Final[dict[str, tuple[str | None, str, dict[str, str]]]] = {
    SALES: (None, "cleaned_sales_data", {
        "order_date": "TIMESTAMP WITHOUT TIME ZONE", "sales": "DOUBLE PRECISION",
        "quantity_ordered": "BIGINT", "product_line": "VARCHAR(255)", "country": "VARCHAR(255)",
        "status": "VARCHAR(255)", "deal_size": "VARCHAR(255)", "territory": "VARCHAR(255)",
        "quarter": "BIGINT",
    }),
    PLACES: (_PLACES, "places", {
        "number": "BIGINT", "sales": "DOUBLE", "quantity_ordered": "BIGINT", "deal_size": "TEXT",
        "order_date": "TIMESTAMP", "region": "TEXT", "lat": "DOUBLE", "lon": "DOUBLE",
        "lat2": "DOUBLE", "lon2": "DOUBLE", "path": "TEXT", "area": "TEXT", "shape": "TEXT",
    }),
    LINKS: (None, "users_channels-uzooNNtSRO", {"channel_1": "TEXT", "channel_2": "TEXT", "cnt": "INT"}),
    TREE: (_TREE, "tree", {"id": "TEXT", "parent": "TEXT", "name": "TEXT"}),
    PLAN: (_PLAN, "plan", {"task": "TEXT", "team": "TEXT", "starts": "TIMESTAMP", "ends": "TIMESTAMP"}),
    WORLD: (None, "wb_health_population", {
        "country_code": "TEXT", "country_name": "TEXT", "year": "TIMESTAMP",
        "SP_POP_TOTL": "DOUBLE", "SP_RUR_TOTL": "DOUBLE",
    }),
}  # fmt: skip
_METRICS: Final = {
    WORLD: {"sum__SP_POP_TOTL": 'sum("SP_POP_TOTL")', "sum__SP_RUR_TOTL": 'sum("SP_RUR_TOTL")'},
}


def bundle() -> bytes:
    """The zip archive as Superset would export it."""
    files: dict[str, Any] = {
        "metadata.yaml": {"version": "1.0.0", "type": "Dashboard", "timestamp": "2026-11-22T00:00:00"},
        "databases/examples.yaml": {
            "database_name": "examples", "sqlalchemy_uri": "sqlite:///examples.db",
            "uuid": str(uuid5(NAMESPACE, "database")), "version": "1.0.0",
            "extra": {"allows_virtual_table_explore": True},
        },
    }  # fmt: skip
    for name in _COLUMNS:
        files[f"datasets/examples/{name}.yaml"] = _dataset(name)
    for number, (viz_type, (dataset, params)) in enumerate(CHARTS.items(), 1):
        if viz_type == "deck_multi":
            known = list(CHARTS)
            params = params | {"deck_slices": [known.index("deck_scatter") + 1]}
        files[f"charts/{viz_type}_{number}.yaml"] = {
            "slice_name": viz_type, "viz_type": viz_type, "cache_timeout": None,
            "params": params | {"viz_type": viz_type, "datasource": "1__table", "slice_id": number},
            "query_context": None, "uuid": str(uuid5(NAMESPACE, viz_type)), "version": "1.0.0",
            "dataset_uuid": str(uuid5(NAMESPACE, dataset)), "description": None,
        }  # fmt: skip
    files["dashboards/every_type_1.yaml"] = _dashboard()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            plain = json.loads(json.dumps(content))
            archive.writestr(f"dashboard_export_1/{path}", yaml.safe_dump(plain, sort_keys=False))
    return target.getvalue()


def _dataset(name: str) -> dict[str, Any]:
    sql, table, columns = _COLUMNS[name]
    times = [c for c, kind in columns.items() if kind.startswith("TIMESTAMP")]
    return {
        "table_name": table, "main_dttm_col": next(iter(times), None), "schema": None, "sql": sql,
        "uuid": str(uuid5(NAMESPACE, name)), "version": "1.0.0", "offset": 0, "cache_timeout": None,
        "database_uuid": str(uuid5(NAMESPACE, "database")), "params": None, "extra": None,
        "metrics": [
            {"metric_name": m, "expression": e, "verbose_name": None}
            for m, e in {"count": "COUNT(*)", **_METRICS.get(name, {})}.items()
        ],
        "columns": [
            {"column_name": c, "type": kind, "is_dttm": c in times, "groupby": True,
             "filterable": True, "expression": None}
            for c, kind in columns.items()
        ],
    }  # fmt: skip


def _dashboard() -> dict[str, Any]:
    """Three charts a row."""
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": "Every type"}},
    }
    known = list(CHARTS)
    for start in range(0, len(known), 3):
        row = f"ROW-{start}"
        chosen = known[start : start + 3]
        position["GRID_ID"]["children"].append(row)
        position[row] = {
            "id": row, "type": "ROW", "children": [f"CHART-{v}" for v in chosen],
            "meta": {"background": "BACKGROUND_TRANSPARENT"}, "parents": ["ROOT_ID", "GRID_ID"],
        }  # fmt: skip
        for viz_type in chosen:
            position[f"CHART-{viz_type}"] = {
                "id": f"CHART-{viz_type}", "type": "CHART", "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row],
                "meta": {"chartId": known.index(viz_type) + 1, "width": 4, "height": 50,
                         "sliceName": viz_type, "uuid": str(uuid5(NAMESPACE, viz_type))},
            }  # fmt: skip
    return {
        "dashboard_title": "Every type", "slug": "every-type", "published": True, "css": "",
        "uuid": str(uuid5(NAMESPACE, "dashboard")), "version": "1.0.0", "position": position,
        "metadata": {"cross_filters_enabled": True, "color_scheme": "supersetColors"},
    }  # fmt: skip
