"""Readings of every minute, more than a screen can show, and a dashboard of lines over them."""

from __future__ import annotations

import json
import math
import sqlite3
from datetime import datetime, timedelta
from typing import Any, Final

from dashapp.services import bundles
from dashapp.settings import settings
from dashapp.viewer import SYSTEM

COUNT: Final = 20_000
PEAK, LOW = 12_345, 17_001  # Rows of the highest and the lowest reading.
EMPTY: Final = range(8_000, 8_500)  # Rows without a reading.
START: Final = datetime(2024, 1, 1)  # noqa: DTZ001  # As databases keep it.
CHARTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "line": ("line", {"metrics": ["level"], "grain": "minute", "fill": "null"}),
    "stack": (
        "area",
        {"metrics": ["level"], "grain": "minute", "series": [{"column": "side"}]},
    ),
    "hours": ("line", {"metrics": ["level"], "grain": "hour"}),
}


def value(row: int) -> float | None:
    """The reading of a row."""
    if row in EMPTY:
        return None
    known = {PEAK: 5_000.0, LOW: -5_000.0}
    return known.get(row, round(100 * math.sin(row / 900) + (row * 7919 % 101) / 10, 3))


def bundle() -> dict[str, Any]:
    """The dashboard and all that it needs, as a bundle."""
    level = {"kind": "simple", "aggregate": "avg", "label": "level", "column": "level"}
    return {
        "dashapp": 1,
        "databases": [{"uuid": "readings db", "name": "Readings", "kind": "sqlite",
                       "url": "sqlite:///{warehouses}/readings.sqlite"}],
        "datasets": [{
            "uuid": "readings", "name": "Readings", "database": "readings db",
            "table": "readings", "time_column": "read_at",
            "columns": [
                {"name": "read_at", "type": "time"}, {"name": "side"},
                {"name": "level", "type": "number"},
            ],
            "metrics": [{"name": "level", "definition": level}],
        }],
        "charts": [
            {"uuid": f"readings {key}", "name": key, "kind": made, "dataset": "readings",
             "options": options}
            for key, (made, options) in CHARTS.items()
        ],
        "dashboards": [{
            "uuid": "readings board", "slug": "readings", "title": "Readings",
            "is_published": True,
            "layout": {
                "filters": [
                    {"key": "side", "title": "Side", "kind": "select", "dataset": "readings",
                     "column": "side"},
                ],
                "tabs": [{"key": "all", "items": [
                    {"item": "tile", "key": key, "chart": f"readings {key}",
                     "x": 0, "y": 30 * at, "w": 12, "h": 30}
                    for at, key in enumerate(CHARTS)
                ]}],
            },
        }],
    }  # fmt: skip


def open_readings() -> None:
    """Make the readings' warehouse and import their dashboard."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / "readings.sqlite") as lite:
        lite.execute("create table readings (read_at timestamp, side text, level double precision)")
        lite.executemany(
            "insert into readings values (?, ?, ?)",
            [
                (f"{START + timedelta(minutes=i):%Y-%m-%d %H:%M:%S}", "ab"[i % 2], value(i))
                for i in range(COUNT)
            ],
        )
    lite.close()
    bundles.apply(SYSTEM, bundles.parse(json.dumps(bundle())))
