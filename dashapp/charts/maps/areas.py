"""Areas on a map: polygons in a column, and GeoJSON features."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, metric_title
from dashapp.charts.base import Look
from dashapp.charts.colors import faded
from dashapp.charts.maps import marks, shapes
from dashapp.charts.maps.asking import placed
from dashapp.charts.maps.layer import Layer, MapKind, Rows, ScaleOptions, TooltipOptions
from dashapp.charts.maps.view import View
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import Floats, encode, safe, shorten
from dashapp.specs import DatasetSpec, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_AREAS: Final = 3_000
_TITLES: Final = ("name", "title", "label", "NAME")


class AreaOptions(TooltipOptions, ScaleOptions):
    """What areas look like."""

    fill_color: str | None = Field(
        None, pattern=r"^#[0-9a-fA-F]{6}$", title="Fill",
        description="Of areas that no metric colours.",
        json_schema_extra=LOOK | {"widget": "color"},
    )  # fmt: skip
    edge_color: str | None = Field(
        None, pattern=r"^#[0-9a-fA-F]{6}$", title="Edge", description="Colour of the edges.",
        json_schema_extra=LOOK | {"widget": "color"},
    )  # fmt: skip
    edge_width: float = Field(
        0.8, ge=0, le=20, title="Edge's width", description="In px.", json_schema_extra=LOOK
    )
    filled: bool = Field(
        True, title="Filled", description="Otherwise only edges.", json_schema_extra=LOOK
    )
    limit: int | None = Field(
        1000, ge=1, le=1_000_000, title="Most areas",
        description="The first ones are kept; at most 3,000 are drawn.",
        json_schema_extra=DATA,
    )  # fmt: skip

    def edge(self) -> str:
        """The colour of edges."""
        return self.edge_color or marks.EDGE


class MapPolygons(MapKind):
    """Areas in the cells of a column, coloured by a metric."""

    slug, title, icon = "map_polygons", "Map of areas", "pentagon"
    description = "Areas from a column that holds their corners, coloured by a metric."

    class Options(AreaOptions):
        """Which column holds the areas, and what colours them."""

        polygon: str | None = Field(
            None, min_length=1, max_length=250, title="Area",
            description="Column whose cells hold the corners.",
            json_schema_extra=DATA | {"widget": "column"},
        )  # fmt: skip
        polygon_written: shapes.Written = Field(
            "json", title="Written as",
            description="JSON [[longitude, latitude], …] or GeoJSON, encoded polyline, geohash.",
            json_schema_extra=DATA,
        )  # fmt: skip
        latitude_first: bool = Field(
            False, title="Latitude first", description="In JSON corners.", json_schema_extra=DATA
        )
        metric: Metric | None = Field(
            None, title="Metric", description="What colours an area.",
            json_schema_extra=DATA | {"widget": "metric"},
        )  # fmt: skip
        breaks: tuple[float, ...] = Field(
            (), max_length=50, title="Steps at",
            description="Values at which the colour changes; even steps or none by default.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        steps: int | None = Field(
            None, ge=2, le=50, title="Steps", description="Number of even steps of colour.",
            json_schema_extra=LOOK,
        )  # fmt: skip

    @classmethod
    def ask(cls, options: Options, dataset: DatasetSpec) -> QuerySpec:
        """One row per area."""
        needs(options.polygon, "polygon", "Choose the column that holds the areas.")
        metrics = () if options.metric is None else (options.metric,)
        order = options.order
        if options.metric is not None and not order:
            order = (Order(by=metric_name(options.metric), descending=True),)
        columns = (options.polygon or "",)
        return placed(options, dataset, columns, options.labels, metrics, order=order)

    @classmethod
    def layer(cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """An area per row that holds one; large ones under small ones."""
        cells = encode(table, options.polygon or "")
        read = [
            shapes.polygons(m, options.polygon_written, options.latitude_first)
            for m in cells.members()
        ]
        rows = [read[c] for c in cells.codes.tolist()]
        known = [i for i, found in enumerate(rows) if found]
        kept = _affordable([rows[i] for i in known], known)[:MOST_AREAS]
        size = {i: sum(abs(shapes.area(p[0])) for p in rows[i]) for i in kept}
        kept.sort(key=lambda i: -size[i])
        return _colored(
            options,
            table.take(pa.array(kept, pa.int64())),
            dataset,
            look,
            [rows[i] for i in kept],
            len(known),
        )


class MapGeojson(MapKind):
    """GeoJSON features in the cells of a column: points, lines and areas."""

    slug, title, icon = "map_geojson", "Map of GeoJSON", "braces"
    description = "Points, lines and areas from a column that holds GeoJSON."

    class Options(AreaOptions):
        """Which column holds the features."""

        geojson: str | None = Field(
            None, min_length=1, max_length=250, title="GeoJSON",
            description="Column whose cells hold features, collections or geometries.",
            json_schema_extra=DATA | {"widget": "column"},
        )  # fmt: skip
        diameter: float = Field(
            7, ge=1, le=100, title="Diameter", description="Of points, in px.",
            json_schema_extra=LOOK,
        )  # fmt: skip

    @classmethod
    def ask(cls, options: Options, dataset: DatasetSpec) -> QuerySpec:
        """One row per cell."""
        needs(options.geojson, "geojson", "Choose the column that holds GeoJSON.")
        return placed(options, dataset, (options.geojson or "",), options.labels, (), each=True)

    @classmethod
    def layer(cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """Areas under lines under points."""
        found = _Features(options, table.slice(0, MOST_AREAS), dataset, look)
        found.left_out += max(0, table.num_rows - MOST_AREAS)
        lon, lat = found.corners()
        return Layer(
            lon, lat, lambda view: found.traces(), found.told,
            tuple(click_target(d) for d in options.labels),
        )  # fmt: skip


class _Features:
    """The parts of all features, each with the row that it comes from."""

    def __init__(
        self, options: MapGeojson.Options, table: pa.Table, dataset: DatasetSpec, look: Look
    ) -> None:
        self.options, self.color = options, options.fill_color or look.palette[0]
        rows = Rows(table, dataset, look, options.format)
        for dimension in options.labels:
            rows.dimension(dimension)
        self.hover, self.clicks = rows.hover(), rows.clicks()
        self.parts: dict[str, list[tuple[int, str, shapes.Polygon]]] = {
            "polygon": [], "line": [], "point": []
        }  # fmt: skip
        left = shapes.MOST_POINTS
        self.left_out = 0  # Rows that were too many, or have a part that was too much.
        for row, cell in enumerate(table.column(options.geojson or "").to_pylist()):
            read = shapes.geojson(cell)
            title = _title(read) if read else ""
            for kind, rings in shapes.parts(read) if read else ():
                left -= sum(map(len, rings))
                if left > 0:
                    self.parts[kind].append((row, title, rings))
            self.left_out += left <= 0

    def corners(self) -> tuple[Floats, Floats]:
        """Where all parts lie."""
        every = [p for found in self.parts.values() for _, _, rings in found for p in rings[0]]
        both = np.array(every, dtype=np.float64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def traces(self) -> list[dict[str, Any]]:
        """One trace per kind of part."""
        options, edge = self.options, self.options.edge_color or self.color
        found = []
        if self.parts["polygon"]:
            filled = options.opacity * 0.55 if options.filled else 0.0
            features = [shapes.feature(str(i), [p[2]]) for i, p in enumerate(self.parts["polygon"])]
            found.append(
                marks.areas(
                    features, np.zeros(len(features)),
                    marks.plain_scale(faded(self.color, filled)), 0, 1, opacity=1, edge=edge,
                    edge_width=options.edge_width, **self._told("polygon"),
                )
            )  # fmt: skip
        if self.parts["line"]:
            paths = [tuple(np.array(p[2][0]).T) for p in self.parts["line"]]
            found.append(
                marks.lines(paths, edge, max(0.5, options.edge_width), **self._told("line"))
            )
        if self.parts["point"]:
            at = np.array([p[2][0][0] for p in self.parts["point"]])
            found.append(
                marks.points(
                    at[:, 0], at[:, 1], options.diameter, self.color, opacity=options.opacity,
                    **self._told("point"),
                )
            )  # fmt: skip
        return found

    def _told(self, kind: str) -> dict[str, Any]:
        rows = [(row, title) for row, title, _ in self.parts[kind]]
        texts = [
            "<br>".join(t for t in (f"<b>{safe(title)}</b>" if title else "", self.hover[row]) if t)
            for row, title in rows
        ]
        return {
            "hover": texts if any(texts) else (),
            "clicks": [self.clicks[row] for row, _ in rows] if self.clicks else (),
        }

    def told(self) -> str:
        """How many parts of each kind, and of how many rows not all could be drawn."""
        names = (("polygon", "areas"), ("line", "lines"), ("point", "points"))
        number = [f"{len(self.parts[k]):,} {name}" for k, name in names if self.parts[k]]
        rest = f" {self.left_out:,} rows are too much to draw." if self.left_out else ""
        return f"GeoJSON with {', '.join(number)}.{rest}"


def _title(found: dict[str, Any]) -> str:
    properties = found.get("properties")
    if not isinstance(properties, dict):
        return ""
    named = next((properties[k] for k in _TITLES if isinstance(properties.get(k), str)), "")
    return shorten(str(named), 60)


def _affordable(found: list[list[shapes.Polygon]], rows: list[int]) -> list[int]:
    """The first rows whose corners together can be drawn."""
    counts = np.cumsum([sum(len(r) for p in one for r in p) for one in found])
    return rows[: int(np.searchsorted(counts, shapes.MOST_POINTS, side="right"))]


def _colored(
    options: MapPolygons.Options,
    table: pa.Table,
    dataset: DatasetSpec,
    look: Look,
    found: list[list[shapes.Polygon]],
    all_of_them: int,
) -> Layer:
    rows = Rows(table, dataset, look, options.format)
    for dimension in options.labels:
        rows.dimension(dimension)
    values, bar, heading = np.zeros(len(found)), None, ""
    colors = marks.plain_scale(options.fill_color or look.palette[0])
    low, high = 0.0, 1.0
    if options.metric is not None:
        values, written = rows.metric(options.metric)
        heading, bar = metric_title(options.metric, dataset), marks.color_bar(written)
        low, high = options.ends(values)
        colors, low, high = _stepped(options, low, high)
    lon, lat = shapes.corners([p for one in found for p in one])
    features = [shapes.feature(str(i), one) for i, one in enumerate(found)]
    clicks = rows.clicks()

    def draw(view: View) -> list[dict[str, Any]]:
        return [
            marks.areas(
                features, values, colors, low, high, bar=bar, edge=options.edge(),
                opacity=options.opacity if options.filled else 0.02,
                edge_width=options.edge_width, clicks=clicks,
                hover=rows.hover() if options.labels or options.metric is not None else (),
            )
        ]  # fmt: skip

    number = (
        f"{len(found):,}" if len(found) == all_of_them else f"{len(found):,} of {all_of_them:,}"
    )
    told = f"{number} areas" + (f" coloured by {heading}" if heading else "") + "."
    targets = tuple(click_target(d) for d in options.labels)
    return Layer(lon, lat, draw, lambda: told, targets, heading)


def _stepped(
    options: MapPolygons.Options, low: float, high: float
) -> tuple[list[list[float | str]], float, float]:
    """The scale and its ends, cut into steps if that was chosen."""
    breaks = sorted(set(options.breaks))
    if not breaks and options.steps:
        breaks = np.linspace(low, high, options.steps + 1).tolist()
    if len(breaks) < 2:
        return options.colors(), low, high
    low, high = breaks[0], breaks[-1]
    smooth = options.colors()
    found: list[list[float | str]] = []
    for step, (start, stop) in enumerate(zip(breaks[:-1], breaks[1:], strict=True)):
        share = step / max(1, len(breaks) - 2)
        color = marks.between(smooth, share)
        found += [[(start - low) / (high - low), color], [(stop - low) / (high - low), color]]
    return found, low, high
