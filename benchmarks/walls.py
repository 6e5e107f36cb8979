"""Dashboards of 9, 20 and 40 tiles over the example flights, and the same as bare pages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import orjson
from plotly.io.json import to_json_plotly

from benchmarks import bare
from dashapp.charts.base import Drawing, Grid, Number, Plot
from dashapp.services import bundles, charts, dashboards
from dashapp.services.asking import Want
from dashapp.specs import FilterState, FilterValue
from dashapp.specs.bundle import Bundle
from dashapp.viewer import SYSTEM

SIZES: Final = (9, 20, 40)
FILTER: Final = "airport"
CHOICES: Final = ("Newark", "LaGuardia", "John F. Kennedy")
HEIGHT: Final = 34  # of a tile, in rows of eight pixels
ACROSS: Final = 3
METRICS: Final = ("flights", "departure_delay", "arrival_delay", "on_time_rate", "miles")
MEMBERS: Final = ("airline", "origin_name", "region", "weekday", "hour")


def charts_of(count: int) -> list[dict[str, Any]]:
    """So many different charts: lines, bars, areas, heat maps, numbers, a table in nine, …"""
    found: list[dict[str, Any]] = []
    for turn in range(count // 9 + 1):
        metric = METRICS[turn % len(METRICS)]
        member = MEMBERS[turn % len(MEMBERS)]
        other, day = MEMBERS[(turn + 1) % len(MEMBERS)], MEMBERS[turn % 4]
        found += [
            {"kind": "big_number_trend", "options": {"metric": metric, "grain": "week"}},
            {"kind": "line", "options": {"metrics": [metric], "grain": "day"}},
            {"kind": "bar", "options": {"x": {"column": member}, "metrics": [metric]}},
            {"kind": "heatmap", "options": {
                "x": {"column": "hour"}, "y": {"column": day}, "metric": metric}},
            {"kind": "area", "options": {
                "metrics": ["flights"], "series": [{"column": member}], "grain": "week"}},
            {"kind": "histogram", "options": {"column": "dep_delay", "bin": 5 + turn}},
            {"kind": "mixed", "options": {
                "x": {"column": other}, "bars": {"metrics": ["flights"]},
                "lines": {"metrics": [metric]}}},
            {"kind": "scatter", "options": {
                "points": [{"column": "dest"}], "x": "miles", "y": "departure_delay",
                "size": METRICS[turn % 2 * 4]}},
            {"kind": "table", "options": {
                "dimensions": [{"column": member}], "metrics": ["flights", metric][: 1 + turn]}},
        ]  # fmt: skip
    return found[:count]


def slug(count: int) -> str:
    """Names the dashboard of so many tiles."""
    return f"wall-{count}"


def make(count: int) -> None:
    """Import the dashboard. Needs an application context, and the examples."""
    made = charts_of(count)
    names = [f"{slug(count)} {at}" for at in range(count)]
    items = [
        {"item": "tile", "key": f"t{at}", "chart": name, "x": at % ACROSS * 4,
         "y": at // ACROSS * HEIGHT, "w": 4, "h": HEIGHT}
        for at, name in enumerate(names)
    ]  # fmt: skip
    airport = {"key": FILTER, "title": "Airport", "kind": "select", "dataset": "flights",
               "column": "origin_name"}  # fmt: skip
    bundle = {
        "dashapp": 1,
        "charts": [
            {"uuid": name, "name": name.capitalize(), "dataset": "flights", **chart}
            for name, chart in zip(names, made, strict=True)
        ],
        "dashboards": [{
            "uuid": slug(count), "slug": slug(count), "title": f"{count} tiles",
            "layout": {"filters": [airport], "tabs": [{"key": "all", "items": items}]},
        }],
    }  # fmt: skip
    bundles.apply(SYSTEM, Bundle.model_validate(bundle))


@dataclass(frozen=True)
class Wall:
    """A dashboard of `count` tiles; `figures` of them are drawn by Plotly."""

    count: int
    figures: int

    @property
    def slug(self) -> str:
        """Its address under /dashboards/ and among bare pages."""
        return slug(self.count)

    @property
    def window_px(self) -> int:
        """A window in which all tiles are in view."""
        return -(-self.count // ACROSS) * (HEIGHT * 8 + 20) + 400


def prepare(folder: Path) -> list[Wall]:
    """All dashboards, with their answers known, and as bare pages in `folder`."""
    return [_prepared(folder, count) for count in SIZES]


def _prepared(folder: Path, count: int) -> Wall:
    make(count)
    opened = dashboards.open(SYSTEM, slug(count))
    keys = [f"t{at}" for at in range(count)]
    found = {}
    for choice in ("", *CHOICES):
        values = {FILTER: FilterValue(values=(choice,))} if choice else {}
        answers = charts.answers(SYSTEM, opened, keys, Want(state=FilterState(values=values)))
        broken = {key: str(a.error) for key, a in answers.items() if a.error}
        if broken:
            raise RuntimeError(f"Tiles that cannot be drawn: {broken}")
        found[choice] = [_plain(answers[key].drawing) for key in keys]
        content = to_json_plotly(found[choice]).encode()
        bare.keep(folder, f"{slug(count)}-{choice}.json", content)
    bare.keep(folder, slug(count), bare.page(f"{count} tiles", found[""], HEIGHT * 8))
    return Wall(count, sum("data" in tile for tile in found[""]))


def _plain(drawing: Drawing | None) -> dict[str, Any]:
    """What a bare page draws of a tile: a figure, rows, a number with its trend."""
    if isinstance(drawing, Plot):
        return drawing.figure
    if isinstance(drawing, Number):
        return {"text": drawing.value, **(drawing.trend or {})}
    if isinstance(drawing, Grid):
        rows = list(islice(drawing.rows, 100))
        return {"rows": orjson.loads(to_json_plotly([list(row.values()) for row in rows]))}
    raise TypeError(f"A bare page does not draw {type(drawing).__name__}.")


def choices() -> cycle[str]:
    """Choices of the filter, one after the other."""
    return cycle(CHOICES)
