"""Trips with empty cells on one engine or another, and a dashboard of many kinds to brush."""

from __future__ import annotations

import json
import random
import sqlite3
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import psycopg

from dashapp.charts.base import Plot
from dashapp.services import bundles
from dashapp.services.marking import array
from dashapp.settings import settings
from dashapp.specs.bundle import named
from dashapp.viewer import SYSTEM

TRIPS = named("trips")
TABLE = """create table trips (left_at timestamp, carrier text, origin text, distance double precision,
    delay double precision, late integer)"""
CHARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "weeks": ("line", {"metrics": ["delay"], "grain": "week"}),
    "days": ("line", {"metrics": ["trips", "delay"], "grain": "day"}),
    "stack": ("area", {"metrics": ["trips"], "grain": "month", "series": [{"column": "carrier"}]}),
    "bars": ("bar", {"x": {"column": "carrier"}, "metrics": ["trips", "miles"]}),
    "lying": ("bar", {"x": {"column": "origin"}, "metrics": ["share late"], "horizontal": True}),
    "spread": ("bar", {"x": {"column": "origin"}, "metrics": ["spread"]}),
    "ends": ("bar", {"x": {"column": "carrier"}, "metrics": ["longest", "shortest"]}),
    "distances": ("histogram", {"column": "distance", "bin": 100}),
    "map": (
        "heatmap",
        {"x": {"column": "carrier"}, "y": {"column": "origin"}, "metric": "delay"},
    ),
    "ring": ("pie", {"dimension": {"column": "origin"}, "metric": "trips"}),
    "total": ("big_number", {"metric": "share late"}),
    "trend": ("big_number_trend", {"metric": "miles", "grain": "month"}),
    "list": (
        "table",
        {"dimensions": [{"column": "carrier"}], "metrics": ["trips", "delay", "miles"]},
    ),
    "distinct": ("bar", {"x": {"column": "origin"}, "metrics": ["carriers"]}),
}


def _metric(name: str, aggregate: str, column: str | None = None) -> dict[str, Any]:
    of = {"column": column} if column else {}
    return {
        "name": name,
        "definition": {"kind": "simple", "aggregate": aggregate, "label": name, **of},
    }


def bundle(kind: str, url: str) -> dict[str, Any]:
    """The dashboard and all that it needs, as a bundle."""
    columns = [
        {"name": "left_at", "type": "time"}, {"name": "carrier"}, {"name": "origin"},
        {"name": "distance", "type": "number"}, {"name": "delay", "type": "number"},
        {"name": "late", "type": "integer"},
    ]  # fmt: skip
    ratio = {"kind": "ratio", "numerator": "late", "denominator": "trips", "label": "share late"}
    metrics = [
        _metric("trips", "count"), _metric("delay", "avg", "delay"),
        _metric("miles", "sum", "distance"), _metric("late", "sum", "late"),
        _metric("spread", "stddev", "delay"), _metric("longest", "max", "distance"),
        _metric("shortest", "min", "distance"), _metric("carriers", "count_distinct", "carrier"),
        {"name": "share late", "definition": ratio},
    ]  # fmt: skip
    return {
        "dashapp": 1,
        "databases": [{"uuid": "trips db", "name": "Trips", "kind": kind, "url": url}],
        "datasets": [{
            "uuid": "trips", "name": "Trips", "database": "trips db", "table": "trips",
            "time_column": "left_at", "columns": columns, "metrics": metrics,
        }],
        "charts": [
            {"uuid": f"trips {key}", "name": key, "kind": made, "dataset": "trips", "options": o}
            for key, (made, o) in CHARTS.items()
        ],
        "dashboards": [{
            "uuid": "trips board", "slug": "trips", "title": "Trips", "is_published": True,
            "layout": {
                "filters": [
                    {"key": "origin", "title": "Origin", "kind": "select", "dataset": "trips",
                     "column": "origin"},
                ],
                "tabs": [{"key": "all", "items": [
                    {"item": "tile", "key": key, "chart": f"trips {key}",
                     "x": 4 * (at % 3), "y": 30 * (at // 3), "w": 4, "h": 30}
                    for at, key in enumerate(CHARTS)
                ]}],
            },
        }],
    }  # fmt: skip


def rows(count: int = 900) -> list[tuple[Any, ...]]:
    """Trips of four months; about every twelfth cell is empty."""
    chance = random.Random(4)
    start = datetime(2024, 1, 1)  # noqa: DTZ001  # As databases keep it.

    def perhaps(value: Any) -> Any:
        return None if chance.random() < 0.08 else value

    return [
        (
            perhaps(start + timedelta(minutes=chance.randrange(120 * 24 * 60))),
            perhaps(chance.choice(["AA", "BB", "CC", "DD"])),
            perhaps(chance.choice(["EWR", "JFK", "LGA"])),
            perhaps(round(chance.uniform(0, 1500), 1)), perhaps(round(chance.gauss(10, 30), 2)),
            perhaps(int(chance.random() < 0.3)),
        )
        for _ in range(count)
    ]  # fmt: skip


def open_trips(kind: str, server_url: str = "") -> None:
    """Make the trips' warehouse and import their dashboard; `server_url` is PostgreSQL's."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    path, found = folder / f"trips.{kind}", rows()
    if kind == "sqlite":
        with sqlite3.connect(path) as lite:
            lite.execute(TABLE)
            texts = [(r[0] and f"{r[0]:%Y-%m-%d %H:%M:%S}", *r[1:]) for r in found]
            lite.executemany("insert into trips values (?, ?, ?, ?, ?, ?)", texts)
        lite.close()
    elif kind == "duckdb":
        with duckdb.connect(str(path)) as duck:
            duck.execute(TABLE)
            duck.executemany("insert into trips values (?, ?, ?, ?, ?, ?)", found)
    else:
        with psycopg.connect(server_url.replace("+psycopg", "")) as connection:
            connection.execute(TABLE)
            with connection.cursor() as cursor:
                cursor.executemany("insert into trips values (%s, %s, %s, %s, %s, %s)", found)
    url = server_url or f"{kind}:///{{warehouses}}/trips.{kind}"
    bundles.apply(SYSTEM, bundles.parse(json.dumps(bundle(kind, url))))


def alike(ours: Any, theirs: Any) -> bool:
    """Whether two drawings are equal, numbers up to 1e-9."""
    if isinstance(ours, Plot) and isinstance(theirs, Plot):
        return alike(ours.figure, theirs.figure)
    if is_dataclass(ours) and type(ours) is type(theirs):
        return alike(asdict(ours), asdict(theirs))  # type: ignore[arg-type]
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if "bdata" in ours and "bdata" in theirs:
            return bool(np.allclose(array(ours), array(theirs), 1e-9, 1e-9, equal_nan=True))
        return ours.keys() == theirs.keys() and all(alike(v, theirs[k]) for k, v in ours.items())
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(ours, float | int) and isinstance(theirs, float | int):
        return bool(np.isclose(ours, theirs, 1e-9, 1e-9, equal_nan=True))
    return bool(ours == theirs)
