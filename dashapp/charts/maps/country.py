"""The regions of one country, coloured by a metric."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, metric_title
from dashapp.charts.axes import CLEAR, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.maps import marks, shapes, view
from dashapp.charts.maps.countries import plain
from dashapp.charts.maps.layer import ScaleOptions, page
from dashapp.charts.maps.regions import Region, name_of, regions
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats, encode, floats, safe
from dashapp.charts.values import Plain
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

NO_VALUE: Final = "rgba(138,143,152,0.22)"
_EDGE: Final = "rgba(138,143,152,0.8)"
_NEAR: Final = 0.6  # Parts further away than this share of the country's size are left aside.


class CountryMap(ChartKind):
    """Regions of one country, coloured by a metric."""

    slug, title, family, icon = "country_map", "Country map", "maps", "map"
    description = "The regions of one country, coloured by a metric."
    needs_full_plotly = True

    class Options(ScaleOptions):
        """Which country, and what is drawn of its regions."""

        country: str = Field(
            "", max_length=100, title="Country",
            description='Name or ISO code; "france_regions" and the like for larger regions.',
            json_schema_extra=DATA | {"widget": "country"},
        )  # fmt: skip
        region: Dimension | None = Field(
            None, title="Region",
            description='Column with regions\' ISO 3166-2 codes, such as "DE-BY", or names.',
            json_schema_extra=DATA | {"widget": "dimension"},
        )  # fmt: skip
        metric: Metric | None = Field(
            None, title="Metric", description="What colours a region.",
            json_schema_extra=DATA | {"widget": "metric"},
        )  # fmt: skip
        islands: bool = Field(
            False, title="Far parts", description="Show parts that lie far from the rest too.",
            json_schema_extra=LOOK,
        )  # fmt: skip

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per region, largest first."""
        needs(options.country, "country", "Choose a country.")
        if options.region is None or options.metric is None:
            needs(options.region, "region", "Choose the column that names the regions.")
            needs(options.metric, "metric", "Choose the metric that colours the regions.")
            raise AssertionError
        name_of(options.country)
        largest = Order(by=metric_name(options.metric), descending=True)
        query = options.base_query(
            dataset, (options.region,), (options.metric,), order=options.order or (largest,)
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The country alone; regions without a value are grey."""
        if not options.country or options.region is None or options.metric is None:
            return Empty("not_configured", "Choose a country, a column of regions and a metric.")
        if not tables["main"].num_rows:
            return Empty("no_rows", NO_ROWS)
        name = name_of(options.country)
        found = _Regions(regions(name), tables, options.region, options.metric)
        if not found.at:
            return Empty("no_rows", "None of the rows is a region of this country.")
        title = metric_title(options.metric, dataset)
        written = style(options.metric, dataset, look, found.values, options.format)
        low, high = options.ends(found.values)
        traces = [found.rest(), found.colored(options, low, high, marks.color_bar(written))]
        traces[1]["hovertext"] = [
            f"<b>{safe(r.name)}</b> {safe(r.code)}<br>{safe(title)}: {safe(written.text(v))}"
            for r, v in zip(found.known, found.values.tolist(), strict=True)
        ]
        traces[1]["hovertemplate"] = "%{hovertext}<extra></extra>"
        below = {"geo": _below(options, name, found.all)}
        drawn = page(options, below, [t for t in traces if t["locations"]], look, heading=title)
        return Plot(drawn, (click_target(options.region),), found.told(title, written.text))


class _Regions:
    """The rows of an answer that are regions of the country; of two for one the first counts."""

    def __init__(
        self, found: tuple[Region, ...], tables: Tables, dimension: Dimension, metric: Metric
    ) -> None:
        table = tables["main"]
        self.all = found
        cells = encode(table, dimension.name)
        members = cells.members()
        by_name = _names(found)
        matched = [by_name.get(plain(str(m))) if m is not None else None for m in members]
        first: dict[str, int] = {}
        for row, code in enumerate(cells.codes.tolist()):
            if (region := matched[code]) is not None:
                first.setdefault(region.code, row)
        self.at = list(first.values())
        by_code = {r.code: r for r in found}
        self.known = [by_code[c] for c in first]
        self.members: list[Plain] = [members[c] for c in cells.codes[self.at].tolist()]
        self.values: Floats = floats(table, metric_name(metric))[self.at]
        self.unknown = sum(m is None for m in matched)

    def colored(
        self, options: CountryMap.Options, low: float, high: float, bar: dict[str, Any]
    ) -> dict[str, Any]:
        """Regions with a value."""
        return marks.areas(
            [shapes.feature(r.code, r.polygons) for r in self.known],
            self.values, options.colors(), low, high,
            bar=bar, opacity=0.95, edge=_EDGE, clicks=[[m] for m in self.members],
        )  # fmt: skip

    def rest(self) -> dict[str, Any]:
        """Regions of which nothing is known."""
        known = {r.code for r in self.known}
        left = [r for r in self.all if r.code not in known]
        trace = marks.areas(
            [shapes.feature(r.code, r.polygons) for r in left],
            np.zeros(len(left)), marks.plain_scale(NO_VALUE), 0, 1,
            opacity=1, edge=_EDGE, hover=[safe(r.name) for r in left],
        )  # fmt: skip
        return trace

    def told(self, title: str, written: Any) -> str:
        """How many regions, which are at the ends, and how many names are no region's."""
        told = f"{title} of {len(self.known)} of {len(self.all)} regions"
        if np.isfinite(self.values).any():
            top, low = int(np.nanargmax(self.values)), int(np.nanargmin(self.values))
            told += (
                f": highest {self.known[top].name} ({written(float(self.values[top]))}), "
                f"lowest {self.known[low].name} ({written(float(self.values[low]))})"
            )
        lost = f" {self.unknown} names are of no region on the map." if self.unknown else ""
        return f"{told}.{lost}"


def _names(found: tuple[Region, ...]) -> dict[str, Region]:
    """Regions by code, by the code without its country, and by name; codes win."""
    by_name = {plain(r.name): r for r in found}
    short = {plain(r.code.partition("-")[2]): r for r in found if "-" in r.code}
    return by_name | short | {plain(r.code): r for r in found}


def _below(options: CountryMap.Options, name: str, found: tuple[Region, ...]) -> dict[str, Any]:
    """The part of the world that the country takes, with nothing else on it."""
    bare: dict[str, Any] = {
        "bgcolor": CLEAR, "showframe": False, "showland": False, "showcoastlines": False,
        "showcountries": False, "showlakes": False, "showocean": False, "resolution": 110,
    }  # fmt: skip
    chosen = (options.latitude, options.longitude, options.zoom) != (None, None, None)
    if name == "usa" and not chosen and not options.islands:
        return bare | {"scope": "usa", "projection": {"type": "albers usa"}, "showsubunits": False}
    rings = [rings for region in found for rings in region.polygons]
    if not options.islands:
        rings = _near(rings)
    lon, lat = shapes.corners(rings)
    return options.view(lon, lat).geo() | bare if chosen else view.tight(lon, lat) | bare


def _near(found: list[shapes.Polygon]) -> list[shapes.Polygon]:
    """The largest part and everything that lies near it, and near that, and so on."""
    boxes = np.array([[f(a) for f in (np.min, np.max) for a in shapes.corners([p])] for p in found])
    sizes = np.array([abs(shapes.area(p[0])) for p in found])
    order = np.argsort(-sizes)
    box = boxes[order[0]].copy()
    kept = {int(order[0])}
    grown = True
    while grown:
        grown = False
        reach = _NEAR * max(box[2] - box[0], box[3] - box[1])
        for place in order.tolist():
            b = boxes[place]
            apart = max(b[0] - box[2], box[0] - b[2], b[1] - box[3], box[1] - b[3])
            if place not in kept and apart <= reach * min(
                1.0, 0.25 + sizes[place] / sizes[order[0]]
            ):
                kept.add(place)
                box = np.array([*np.minimum(box[:2], b[:2]), *np.maximum(box[2:], b[2:])])
                grown = True
    return [found[i] for i in sorted(kept)]
